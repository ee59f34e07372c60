//! An audience of everybody: a million members who come in parts, their first sync, and a full replacement in which 1 % differ.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use hubspot_simulator::Switches;
use serde_json::Value;
use spoke::{
    engine::portal::{
        activations::commands::{AT_ONCE, Answer as Told, Command as Activate, NewActivation, NewAttribute},
        messages::{Answer, Command},
    },
    values::{
        attribute::{AttributeKind, MEMBER, NO_MEMBER, Unknown},
        ids::{ActivationId, AttributeId},
    },
};

use super::{
    Figure, ISOLATE_MB,
    connection::{CHECKS, Connection, ECHO, Spent, UPDATES},
};

/// One of so many members leaves, and as many others join.
const ONE_IN: usize = 100;
/// Contacts of one call.
const CALL: f64 = 100.0;
/// Calls of a first sync besides full ones: what is marked while another leaves fills the next in part.
const SPARE: f64 = 1.02;
/// Calls of the churn that are full but for these.
const CHURN_SPARE: f64 = 1.1;
/// Processor time of a member, natively, without what reads back what was written.
const MICROSECONDS: f64 = 45.0;
/// Rows of a member: the membership, a mark, the mark cleared, what is on its way.
const ROWS: f64 = 4.0;
/// How long is looked on afterwards, so that what was written is read.
const AFTERWARDS_MS: u64 = 3 * 3_600_000;
const SCOPES: [&str; 5] = [
    "oauth",
    "crm.objects.contacts.read",
    "crm.schemas.contacts.read",
    "crm.objects.contacts.write",
    "crm.schemas.contacts.write",
];
const AUDIENCE: &str = "vip";
const PROPERTY: &str = "spoke_aud_vip";

fn ask(connection: &mut Connection, command: Activate) -> Result<Value> {
    match connection.command(Command::Activation(Box::new(command)))? {
        Answer::Activation(Told::Json(text)) => Ok(serde_json::from_str(&text)?),
        other => bail!("{other:?}"),
    }
}

/// Addresses with their places.
type Numbered<'a> = Vec<(usize, &'a str)>;

fn id() -> Result<AttributeId> {
    AUDIENCE.parse().map_err(|error| anyhow::anyhow!("{error}"))
}

/// The host says who is a member, all of them, in parts; how many go.
fn replace(connection: &mut Connection, members: &[&str]) -> Result<u64> {
    let begun = ask(connection, Activate::BeginReplace { audiences: true, id: id()? })?;
    let round = begun["round"].as_i64().context("a round")?;
    for part in members.chunks(AT_ONCE) {
        let values = part.iter().map(|email| ((*email).to_owned(), Some(MEMBER.to_owned()))).collect();
        let put = Activate::PutValues { audiences: true, id: id()?, values, round: Some(round) };
        let kept = ask(connection, put)?;
        ensure!(kept["kept"] == part.len(), "{kept}");
    }
    let ended = ask(connection, Activate::EndReplace { audiences: true, id: id()?, round })?;
    ended["removing"].as_u64().context("how many go")
}

/// Nobody is to be written any more, and nobody is to go.
fn rests(connection: &mut Connection) -> Result<bool> {
    let audience = ask(connection, Activate::Attribute { audiences: true, id: id()? })?;
    Ok(audience["replacing"].is_null() && ask(connection, Activate::Settings)?["marks"] == 0)
}

/// HubSpot holds what the host said, of every contact.
fn right(connection: &Connection, wanted: &BTreeMap<&str, &str>) -> Result<()> {
    let emails: BTreeMap<u64, Option<String>> = connection.values("contacts", "email")?.into_iter().collect();
    let is_wrong = |(id, held): &(u64, Option<String>)| {
        let email = emails.get(id).and_then(Option::as_deref).unwrap_or_default();
        held.as_deref().unwrap_or_default() != wanted.get(email).copied().unwrap_or_default()
    };
    let wrong = connection.values("contacts", PROPERTY)?.iter().filter(|own| is_wrong(own)).count();
    ensure!(wrong == 0, "{wrong} of {} contacts hold something else", emails.len());
    Ok(())
}

pub(super) fn measure(members: u32) -> Result<Vec<Figure>> {
    let churned = members as usize / ONE_IN;
    let mut connection = Connection::synced(Switches::default(), members + churned as u32, 0, &SCOPES)?;
    let emails: Vec<String> = connection
        .values("contacts", "email")?
        .into_iter()
        .filter_map(|(_, email)| Some(email?.to_lowercase()))
        .collect();
    ensure!(emails.len() == members as usize + churned, "{} contacts have an address", emails.len());
    let (first, joining) = emails.split_at(members as usize);
    let first: Vec<&str> = first.iter().map(String::as_str).collect();
    let new = NewAttribute {
        name: "VIP".to_owned(),
        description: String::new(),
        kind: AttributeKind::Audience,
        options: vec![],
        computed: None,
    };
    let mut figures = Vec::new();
    let each = f64::from(members);
    let plain = |what: &str, value: f64, unit| Figure::plain("activations", what, value, unit);

    ask(&mut connection, Activate::PutAttribute { audiences: true, id: id()?, new })?;
    connection.take_spent();
    replace(&mut connection, &first)?;
    let taken = connection.take_spent();
    figures.extend([
        plain("members who come in parts of 1,000", each, ""),
        plain("processor time of a member who comes", taken.cpu.as_secs_f64() * 1e6 / each, "µs"),
        plain("rows written to the database of one", taken.rows as f64 / each, ""),
    ]);

    let activation = NewActivation {
        name: "Bench".to_owned(),
        description: String::new(),
        audiences: vec![id()?],
        attributes: vec![],
        unknown: Unknown::Skip,
    };
    let began = connection.now;
    let made = ask(&mut connection, Activate::AddActivation(activation))?;
    let own: ActivationId =
        made["id"].as_str().and_then(|id| id.parse().ok()).context("an activation's id")?;
    connection
        .until(40, |world| Ok(ask(world, Activate::Activation(own.clone()))?["sync"]["state"] == "done"))?;
    let spent = connection.take_spent();
    let minutes = spent.updated_at.saturating_sub(began) as f64 / 60_000.0;
    let sync = ask(&mut connection, Activate::Activation(own))?["sync"].clone();
    ensure!(sync["written"] == members && sync["refused"] == 0, "{sync:#}");
    figures.extend(told("first sync", &spent, each, &mut connection));
    figures.extend([
        plain("first sync: batch updates", spent.calls_for(&[UPDATES]) as f64, "calls")
            .at_most(each / CALL * SPARE)
            .exactly_counted(),
        plain("first sync: from its begin to its last batch update", minutes, "min"),
    ]);
    let mut wanted: BTreeMap<&str, &str> = first.iter().map(|email| (*email, MEMBER)).collect();
    right(&connection, &wanted)?;
    connection.take_spent();
    let spent = afterwards(&mut connection)?;
    figures.extend([
        plain(
            "three hours after it: calls that read who was written",
            spent.calls_for(&[ECHO]) as f64,
            "calls",
        ),
        plain("three hours after it: checks that list them", spent.calls_for(&[CHECKS]) as f64, "calls"),
        plain("three hours after it: processor time a member", spent.cpu.as_secs_f64() * 1e6 / each, "µs"),
        plain("three hours after it: rows written to the database a member", spent.rows as f64 / each, ""),
        plain("three hours after it: 429s", spent.limited as f64, "").at_most(0.0).exactly_counted(),
        plain("three hours after it: batch updates", spent.calls_for(&[UPDATES]) as f64, "calls")
            .at_most(0.0)
            .exactly_counted(),
    ]);

    let (leaving, mut staying): (Numbered<'_>, Numbered<'_>) =
        first.iter().copied().enumerate().partition(|(place, _)| place % ONE_IN == 0);
    staying.extend(joining.iter().map(|email| (0, email.as_str())));
    let staying: Vec<&str> = staying.into_iter().map(|(_, email)| email).collect();
    let began = connection.now;
    connection.take_spent();
    let removing = replace(&mut connection, &staying)?;
    ensure!(removing as usize == leaving.len(), "{removing} go");
    let replaced = connection.spent.cpu;
    connection.until(4, rests)?;
    let spent = connection.take_spent();
    let seconds = spent.updated_at.saturating_sub(began) as f64 / 1_000.0;
    let changes = (leaving.len() + joining.len()) as f64;
    figures.extend(told("1 % churn", &spent, each, &mut connection));
    figures.extend([
        plain("1 % churn: contacts that differ", changes, ""),
        plain("1 % churn: batch updates", spent.calls_for(&[UPDATES]) as f64, "calls")
            .at_most((changes / CALL * CHURN_SPARE).ceil())
            .exactly_counted(),
        plain("1 % churn: processor time a member that is sent", replaced.as_secs_f64() * 1e6 / each, "µs"),
        plain(
            "1 % churn: the rest, a contact that differs",
            spent.cpu.saturating_sub(replaced).as_secs_f64() * 1e6 / changes,
            "µs",
        ),
        plain("1 % churn: from its end to its last batch update", seconds, "s"),
    ]);
    wanted.extend(leaving.iter().map(|(_, email)| (*email, NO_MEMBER)));
    wanted.extend(joining.iter().map(|email| (email.as_str(), MEMBER)));
    right(&connection, &wanted)?;
    Ok(figures)
}

/// What is done after a sync, while what it wrote is read.
fn afterwards(connection: &mut Connection) -> Result<Spent> {
    let ends = connection.now + AFTERWARDS_MS;
    connection.until(4, |own| Ok(own.now >= ends))?;
    Ok(connection.take_spent())
}

fn told(name: &str, spent: &Spent, each: f64, connection: &mut Connection) -> Vec<Figure> {
    let figure =
        |what: &str, value: f64, unit| Figure::plain("activations", format!("{name}: {what}"), value, unit);
    let held = connection.held();
    let reading: std::time::Duration =
        [ECHO, CHECKS].iter().filter_map(|kind| spent.answered.get(kind)).sum();
    let own = spent.cpu.saturating_sub(reading).as_secs_f64() * 1e6 / each;
    let mut figures = vec![
        figure("429s", spent.limited as f64, "").at_most(0.0).exactly_counted(),
        figure("processor time a member, natively", own, "µs").at_most(MICROSECONDS),
        figure("and to read what was written", reading.as_secs_f64() * 1e6 / each, "µs"),
        figure("processor time of the longest turn", spent.longest.as_secs_f64() * 1e3, "ms"),
        figure("memory that a turn took at most", spent.peak as f64 / 1e6, "MB"),
        figure("memory held between turns", held as f64 / 1e6, "MB"),
        figure("both, and twice the largest request in JavaScript", spent.isolate(held) as f64 / 1e6, "MB")
            .at_most(ISOLATE_MB)
            .exactly_counted(),
        figure("rows written to the database a member", spent.rows as f64 / each, "").at_most(ROWS),
    ];
    let others = spent.calls.iter().filter(|(what, _)| **what != UPDATES);
    figures.extend(others.map(|(what, calls)| figure(what, *calls as f64, "calls")));
    figures
}
