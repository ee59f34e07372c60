//! `cargo xtask live`: what Spoke believes of HubSpot, held against a real account. Opt-in, never part of a test run in CI.
//!
//! Two parts: a contract run that only reads, with Spoke's own requests and Spoke's own readers of answers; and questions, each about a
//! switch of the simulator, sent without Spoke's client. With `--disposable` also those that need something to be made: some contacts, a
//! company, deals, a list, a field, imports and a custom event, under names nobody uses, that are removed again whatever came out. What was
//! found goes into a dated table, in which every switch stands, with the reason where none of this can settle it. No record's values, no
//! names of people and no token are printed or written.

pub mod beside;
mod bursts;
pub mod contract;
pub mod hubspot;
mod imports;
mod links;
mod lists;
mod occurrences;
mod properties;
pub mod questions;
pub mod reasons;
pub mod records;
mod wire;

use std::{fmt, fmt::Write as _, fs};

use anyhow::{Context as _, Result, bail};
use spoke::{
    hubspot::account,
    values::{http::Outcome, time::Timestamp},
};

use hubspot::{Account, HubSpot};

/// What one question came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is as Spoke believes.
    Holds,
    /// It is not.
    Differs,
    /// Nothing that this account holds could tell; why.
    Open,
}

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What was asked; a switch of the simulator by its name.
    pub asked: String,
    /// How it came out.
    pub verdict: Verdict,
    /// What was seen: statuses, counts, never values.
    pub seen: String,
}

impl Finding {
    /// A belief and whether it held.
    pub fn new(asked: &str, holds: bool, seen: impl Into<String>) -> Self {
        let verdict = if holds { Verdict::Holds } else { Verdict::Differs };
        Self { asked: asked.to_owned(), verdict, seen: seen.into() }
    }

    /// A question that stays open.
    pub fn open(asked: &str, why: impl Into<String>) -> Self {
        Self { asked: asked.to_owned(), verdict: Verdict::Open, seen: why.into() }
    }

    /// A switch: what it is here, what the simulator assumes.
    pub fn switch<T: PartialEq + fmt::Debug>(name: &str, found: &T, assumed: &T, seen: &str) -> Self {
        let asked = format!("switch `{name}`");
        Self::new(&asked, found == assumed, format!("{found:?} (assumed {assumed:?}); {seen}"))
    }

    /// A switch that is a time of which it is known between which two it lies, milliseconds.
    pub fn span(name: &str, (least, most): (u64, u64), assumed: u64, seen: &str) -> Self {
        let holds = (least..=most).contains(&assumed);
        let text = format!("{least} to {most} ms (assumed {assumed}); {seen}");
        Self::new(&format!("switch `{name}`"), holds, text)
    }

    /// A switch that stays open.
    pub fn open_switch(name: &str, why: impl Into<String>) -> Self {
        Self::open(&format!("switch `{name}`"), why)
    }

    /// Whether it is about a switch.
    pub fn is_of(&self, switch: &str) -> bool {
        self.asked.strip_prefix("switch `").and_then(|rest| rest.strip_suffix('`')) == Some(switch)
    }
}

/// Asks everything; in the order asked.
pub fn ask_all(hubspot: &mut dyn HubSpot, disposable: bool) -> Vec<Finding> {
    let mut found = contract::ask(hubspot);
    found.extend(beside::ask(hubspot));
    found.extend(questions::ask(hubspot));
    if disposable {
        found.extend(records::ask(hubspot));
    }
    reasons::complete(&mut found, disposable);
    found
}

/// The table as Markdown.
pub fn table(on: &str, account: u64, disposable: bool, found: &[Finding]) -> String {
    let mut text = format!(
        "# HubSpot on {on}\n\nAccount {account}, {}. `holds`: as Spoke and its simulator assume.\n\n| asked | | seen |\n|---|---|---|\n",
        if disposable { "read, and asked with disposable records" } else { "read only" }
    );
    for finding in found {
        let verdict = match finding.verdict {
            Verdict::Holds => "holds",
            Verdict::Differs => "**differs**",
            Verdict::Open => "open",
        };
        let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
        let (asked, seen) = (cell(&finding.asked), cell(&finding.seen));
        let _ = writeln!(text, "| {asked} | {verdict} | {seen} |");
    }
    text
}

/// Runs against a real account; whether everything held.
pub fn run(api: &str, token: &str, disposable: bool, out: &str) -> Result<bool> {
    let mut account = Account::new(api, token)?;
    let Outcome::Answered(answer) = account.send(account::details()) else {
        bail!("{api} does not answer");
    };
    if answer.status != 200 {
        bail!("HubSpot does not take the token: status {}", answer.status);
    }
    let details =
        account::parse_details(&answer.body).map_err(|_| anyhow::anyhow!("these are no account details"))?;
    let test = ["DEVELOPER_TEST", "SANDBOX", "APP_DEVELOPER"].contains(&details.account_type.as_str());
    if disposable && !test {
        bail!(
            "records are made and archived in test accounts only, and {} is of type {}: leave `--disposable` out",
            details.portal_id.0,
            details.account_type
        );
    }
    let found = ask_all(&mut account, disposable);
    let today = Timestamp(i64::try_from(account.now_ms()).unwrap_or_default()).to_rfc3339();
    let today = today.get(..10).unwrap_or_default();
    let text = table(today, details.portal_id.0, disposable, &found);
    let out = if out.is_empty() { format!("live-{today}.md") } else { out.to_owned() };
    fs::write(&out, &text).with_context(|| format!("`{out}` cannot be written"))?;
    println!("{text}");
    println!("written to {out}; {} calls", account.calls());
    Ok(found.iter().all(|finding| finding.verdict != Verdict::Differs))
}
