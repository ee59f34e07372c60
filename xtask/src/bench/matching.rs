//! 100,000 of a host's accounts matched against 200,000 companies, by the engine itself over SQLite in memory: in workerd the same
//! statements run on the same SQLite, and the rest is wasm.

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use spoke::{
    engine::portal::matching::{self, Account},
    store::{
        native::NativeSql,
        portal::{self, keys, lookup, records},
    },
    values::{
        ids::{ObjectType, RecordId},
        time::Timestamp,
    },
};

use super::Figure;

const COMPANIES: u64 = 200_000;
const ACCOUNTS: u64 = 100_000;
/// As many as one turn takes of a run over all accounts.
const AT_ONCE: u64 = 500;
/// Values of a company besides those that matching reads, about 25 bytes each.
const OTHERS: u64 = 30;
/// Processor time of an account, natively.
const MICROSECONDS: f64 = 100.0;
/// What matching may take of an isolate's 128 MB beside what holds the connection.
const MEGABYTES: f64 = 32.0;

/// The name of company or account `number`; one of ten companies has the name of another.
fn name(number: u64) -> String {
    let number = if number % 10 == 9 { number - 5 } else { number };
    let end = ["com", "de", "co.uk", "io", "com.br"][(number % 5) as usize];
    format!("company-{number}.{end}")
}

/// What a company is called in HubSpot: plain, with `www`, below it, or by its website.
fn properties(number: u64) -> BTreeMap<String, String> {
    let own = name(number);
    let mut values: BTreeMap<String, String> = (0..OTHERS)
        .map(|field| (format!("field_{field:02}"), format!("value {number} of {field}")))
        .collect();
    let mut set = |name: &str, value: String| drop(values.insert(name.to_owned(), value));
    match number % 8 {
        0 => set("website", format!("https://www.{own}/en/about?utm_source=x")),
        1 => set("domain", format!("www.{own}")),
        2 => set("domain", format!("eu.{own}")),
        _ => set("domain", own),
    }
    if number % 10 == 3 {
        set("hs_additional_domains", format!("get-{};{number}.example.org", name(number)));
    }
    set("name", format!("Company {number}"));
    set("num_associated_deals", (number % 7).to_string());
    set("num_associated_contacts", (number % 31).to_string());
    values
}

fn fill(sql: &NativeSql) -> Result<()> {
    portal::open(sql)?;
    let kind = ObjectType::Companies;
    records::drop_indexes(sql, kind)?;
    for first in (1..=COMPANIES).step_by(100) {
        sql.transaction(|| {
            let page: Vec<_> = (first..first + 100).map(|number| (number, properties(number))).collect();
            let texts: Vec<String> = page.iter().map(|(_, values)| json!(values).to_string()).collect();
            let (mut writes, mut further) = (Vec::new(), Vec::new());
            for ((number, values), text) in page.iter().zip(&texts) {
                let keys = keys::of(kind, |name| values.get(name).map(String::as_str));
                let (id, at) = (RecordId(*number), Timestamp(*number as i64));
                further.extend((!keys.further.is_empty()).then_some((id, keys.further)));
                writes.push(records::Write {
                    id,
                    created_at: at,
                    updated_at: at,
                    key: keys.first,
                    properties: text,
                });
            }
            records::put(sql, kind, &writes, 1)?;
            lookup::put_further(sql, kind, &[], &further)
        })?;
    }
    Ok(keys::build_key_index(sql, kind)?)
}

/// A host's account: every other one is a company, by its name or an alias, and one of twenty has a mail provider's domain.
fn account(number: u64) -> Account {
    let of = number * 2 % COMPANIES + 1;
    let stranger = |what: &str| format!("{what}-{number}.example.net");
    let (domain, alias) = match number % 20 {
        0 => ("gmail.com".to_owned(), stranger("x")),
        rest if rest % 2 == 0 => (name(of), stranger("x")),
        1..=9 => (stranger("x"), format!("https://www.{}/", name(of))),
        _ => (stranger("x"), stranger("y")),
    };
    Account {
        id: Some(number.to_string()),
        domain: Some(domain),
        aliases: vec![alias, stranger("z"), stranger("w")],
    }
}

/// This process's processor time in seconds, and the most memory it held so far in bytes (`proc_pid_stat(5)`).
fn used() -> Result<(f64, f64)> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit_once(") ").context("no such file")?.1.split(' ').collect();
    let ticks = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak")?;
    let kilobytes: f64 = peak.trim().trim_end_matches(" kB").parse()?;
    Ok((ticks / rustix::param::clock_ticks_per_second() as f64, kilobytes * 1024.0))
}

pub(super) fn measure() -> Result<Vec<Figure>> {
    let sql = NativeSql::default();
    fill(&sql)?;
    // From here on the peak is that of matching (`proc_pid_clear_refs(5)`).
    fs::write("/proc/self/clear_refs", "5")?;
    let (cpu, peak) = used()?;
    let started = Instant::now();
    let (mut matched, mut asked) = (0, 0);
    for first in (0..ACCOUNTS).step_by(AT_ONCE as usize) {
        let accounts: Vec<Account> = (first..first + AT_ONCE).map(account).collect();
        let found = matching::companies(&sql, &accounts)?;
        asked += found.len();
        matched += found.iter().filter(|found| found.chosen().is_some()).count();
    }
    let seconds = started.elapsed().as_secs_f64();
    let (cpu_after, peak_after) = used()?;
    ensure!(asked as u64 == ACCOUNTS && matched > asked / 2, "{matched} of {asked} matched");
    let figure = |name: String, value: f64, unit| Figure::plain("match", name, value, unit);
    Ok(vec![
        figure(format!("{ACCOUNTS} accounts of four names each against {COMPANIES} companies"), seconds, "s"),
        figure(
            "processor time an account, natively".to_owned(),
            (cpu_after - cpu) * 1e6 / ACCOUNTS as f64,
            "µs",
        )
        .at_most(MICROSECONDS),
        figure("memory taken for it".to_owned(), (peak_after - peak) / 1e6, "MB").at_most(MEGABYTES),
        figure("of them matched".to_owned(), matched as f64 * 100.0 / ACCOUNTS as f64, "%"),
    ])
}
