//! A night of scores: a million accounts of a host, everything first and then the 8 % that differ.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};
use hubspot_simulator::Switches;
use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        messages::{Answer, Command},
        scores::{
            Fields, Settings,
            commands::{AT_ONCE, Answer as Told, Command as Scores, NewAccount},
        },
    },
    values::score::Names,
};

use super::{
    Figure, ISOLATE_MB,
    connection::{Connection, ECHO, Spent},
};

/// One of so many accounts has another score the second night.
const ONE_IN: usize = 12;
/// One of eighteen of the simulator's companies has a name of its own below the same registered domain: they are no accounts.
const SHARED: &str = ".example.jp";
/// What the account's people granted.
const SCOPES: [&str; 8] = [
    "oauth",
    "crm.objects.contacts.read",
    "crm.schemas.contacts.read",
    "crm.objects.companies.read",
    "crm.schemas.companies.read",
    "crm.objects.companies.write",
    "crm.schemas.companies.write",
    "crm.import",
];
/// Rows that HubSpot works off in a second. It says minutes to hours for a large file: here one takes a minute.
const ROWS_PER_SECOND: u64 = 2_000;
/// Processor time of a full run an account, natively, and of its echo.
const MICROSECONDS: f64 = 250.0;

fn ask(connection: &mut Connection, command: Scores) -> Result<Value> {
    match connection.command(Command::Score(command))? {
        Answer::Score(Told::Json(text) | Told::Page { results: text, .. }) => {
            Ok(serde_json::from_str(&text)?)
        }
        other => bail!("{other:?}"),
    }
}

fn account(number: usize, domain: &str, score: u32) -> Result<NewAccount> {
    let scores = json!({
        "intent_score": score, "intent_strength": "Medium", "intent_trend": "Heating", "icp_fit_score": number % 100,
        "icp_fit_grade": "B",
    });
    let Value::Object(scores) = scores else { bail!("no object") };
    let id = format!("acct-{number}").parse().map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(NewAccount { id, domains: vec![domain.to_owned(), format!("alias-{number}.example.net")], scores })
}

/// The host sends those of its accounts that are wanted; each is one of these companies.
fn put(
    connection: &mut Connection,
    companies: &[(u64, String)],
    wanted: impl Fn(usize) -> bool,
    score: u32,
) -> Result<()> {
    let all: Vec<(usize, &str)> = companies
        .iter()
        .enumerate()
        .filter(|(at, _)| wanted(*at))
        .map(|(at, own)| (at, own.1.as_str()))
        .collect();
    for some in all.chunks(AT_ONCE) {
        let some = some.iter().map(|(at, domain)| account(*at, domain, score)).collect::<Result<_>>()?;
        ask(connection, Scores::Put(some))?;
    }
    Ok(())
}

/// A run that begins now; what everything took that the connection did from its begin to its end, and the run.
fn run_of(connection: &mut Connection, number: u64) -> Result<(Spent, Value)> {
    connection.take_spent();
    ask(connection, Scores::RunNow { full: false })?;
    connection.until(20, |own| Ok(!ask(own, Scores::Run(number as i64))?["ended_at"].is_null()))?;
    let spent = connection.take_spent();
    let run = ask(connection, Scores::Run(number as i64))?;
    ensure!(run["state"] == "done", "{run:#}");
    Ok((spent, run))
}

pub(super) fn measure(accounts: u32) -> Result<Vec<Figure>> {
    let switches = Switches { import_rows_per_second: ROWS_PER_SECOND, ..Switches::default() };
    let mut connection = Connection::synced(switches, 0, accounts / 6 * 7, &SCOPES)?;
    let names =
        Names { prefix: "koala".to_owned(), label: "Koala".to_owned(), group: "koala_scores".to_owned() };
    // Begun by hand: by the clock two nights would be a day of checks apart.
    ask(&mut connection, Scores::Set(Settings { on: false, hour: 0, fields: Fields::Managed, names }))?;
    ask(&mut connection, Scores::Create)?;
    connection.until(1, |own| Ok(ask(own, Scores::Settings)?["ready"] == true))?;
    let named = |(id, domain): (u64, Option<String>)| Some((id, domain?));
    let companies: Vec<(u64, String)> = connection
        .values("companies", "domain")?
        .into_iter()
        .filter_map(named)
        .filter(|(_, domain)| !domain.ends_with(SHARED))
        .take(accounts as usize)
        .collect();
    ensure!(companies.len() == accounts as usize, "{} companies have a domain", companies.len());
    let mut figures = Vec::new();
    connection.take_spent();
    put(&mut connection, &companies, |_| true, 7)?;
    let taken = connection.take_spent();
    let plain = |what: String, value: f64, unit| Figure::plain("night", what, value, unit);
    figures.push(plain(
        "processor time of an account that the host sends".to_owned(),
        taken.cpu.as_secs_f64() * 1e6 / f64::from(accounts),
        "µs",
    ));
    let files = u64::from(accounts).div_ceil(100_000) as f64;
    let (spent, run) = run_of(&mut connection, 1)?;
    figures.extend(told("full", &spent, &run, files, &mut connection));
    right(&connection, &companies, |_| 7)?;
    put(&mut connection, &companies, |at| at % ONE_IN == 0, 8)?;
    let (spent, run) = run_of(&mut connection, 2)?;
    figures.extend(told("delta", &spent, &run, 1.0, &mut connection));
    right(&connection, &companies, |at| if at % ONE_IN == 0 { 8 } else { 7 })?;
    Ok(figures)
}

/// HubSpot holds what the host said, of every account.
fn right(connection: &Connection, companies: &[(u64, String)], score: impl Fn(usize) -> u32) -> Result<()> {
    let held: BTreeMap<u64, Option<String>> =
        connection.values("companies", "koala_intent_score")?.into_iter().collect();
    let is_wrong = |(at, (id, _)): &(usize, &(u64, String))| {
        let held = held.get(id).and_then(Option::as_deref);
        held != Some(score(*at).to_string().as_str())
    };
    let wrong = companies.iter().enumerate().filter(is_wrong).count();
    ensure!(wrong == 0, "{wrong} of {} companies hold something else", companies.len());
    Ok(())
}

fn told(name: &str, spent: &Spent, run: &Value, files: f64, connection: &mut Connection) -> Vec<Figure> {
    let figure =
        |what: &str, value: f64, unit| Figure::plain("night", format!("{name}: {what}"), value, unit);
    let count = |what: &str| run["counts"][what].as_f64().unwrap_or_default();
    let seen = count("accounts").max(1.0);
    let megabytes = |bytes: usize| bytes as f64 / 1e6;
    let held = connection.held();
    let isolate = spent.isolate(held);
    let mut figures = vec![
        figure("accounts gone over", seen, ""),
        figure("of them no company of their own", count("unmatched") + count("doubles") + count("unfit"), ""),
        figure("rows sent", count("sent"), ""),
        figure("rows refused", count("failed"), "").at_most(0.0).exactly_counted(),
        figure("files", run["files"].as_array().map_or(0, Vec::len) as f64, "")
            .at_most(files)
            .exactly_counted(),
        figure("uploaded", spent.uploaded as f64 / 1e6, "MB"),
        figure("processor time", spent.cpu.as_secs_f64(), "s"),
        figure("the same an account", spent.cpu.as_secs_f64() * 1e6 / seen, "µs").at_most(MICROSECONDS),
        figure("processor time of the longest turn", spent.longest.as_secs_f64() * 1e3, "ms"),
        figure("memory that a turn took at most", megabytes(spent.peak), "MB"),
        figure("memory held between turns", megabytes(held), "MB"),
        figure("both, and twice the largest request in JavaScript", megabytes(isolate), "MB")
            .at_most(ISOLATE_MB)
            .exactly_counted(),
        figure("rows written to the database an account", spent.rows as f64 / seen, ""),
        figure(
            "from its begin to its end",
            run["duration_ms"].as_f64().unwrap_or_default() / 60_000.0,
            "min",
        ),
        figure(
            "calls besides the echo",
            (spent.calls.values().sum::<u64>() - spent.calls_for(&[ECHO])) as f64,
            "",
        ),
    ];
    figures.extend(spent.calls.iter().map(|(what, calls)| figure(what, *calls as f64, "calls")));
    figures
}
