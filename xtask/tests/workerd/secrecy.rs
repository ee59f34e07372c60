//! No secret and no person's data in any log: each world is examined when it ends, and a last trial tells.

use std::fs;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result};
use libtest_mimic::Trial;
use xtask::heard;
use xtask::world::World;

use crate::{by_token, disk};

/// What worlds left in their logs that must not be there, and how many were examined.
static FOUND: Mutex<(u32, Vec<String>)> = Mutex::new((0, Vec::new()));

/// Secrets that trials were given: keys, cookies, states.
static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Contacts whose data are looked for, per account.
const CONTACTS: u32 = 300;

/// Properties whose values are looked for, where they are long enough to stand for themselves.
const PERSONAL: [&str; 6] = ["email", "phone", "mobilephone", "lastname", "address", "hs_additional_emails"];
const LONG_ENOUGH: usize = 9;

/// Notes a secret that must never be seen in a log.
pub fn told(secret: &str) {
    TOLD.lock().unwrap_or_else(PoisonError::into_inner).push(secret.to_owned());
}

/// Looks through all that a world wrote.
pub fn examine(world: &World) {
    let mut found =
        look(world).unwrap_or_else(|error| vec![format!("a world could not be examined: {error:#}")]);
    let mut all = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    all.0 += 1;
    all.1.append(&mut found);
}

fn look(world: &World) -> Result<Vec<String>> {
    let mut secrets: Vec<(&str, String)> = world.own_secrets();
    let tokens = world.simulator.get("tokens")?;
    let tokens = tokens["tokens"].as_array().context("the simulator names no tokens")?;
    let tokens: Vec<String> = tokens.iter().filter_map(|token| Some(token.as_str()?.to_owned())).collect();
    secrets.extend(tokens.iter().map(|token| ("code or token", token.clone())));
    let told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    secrets.extend(told.iter().map(|secret| ("key, cookie or state", secret.clone())));
    let mut personal = vec![("address of a signed-in person", "ada@example.com".to_owned())];
    for portal in &world.simulator.started.portals {
        let (contacts, _) = world.simulator.of(*portal).dump("contacts", 0, CONTACTS)?;
        for contact in &contacts {
            let values =
                PERSONAL.iter().filter_map(|name| Some((*name, contact["properties"][name].as_str()?)));
            let long = values.filter(|(_, value)| value.len() >= LONG_ENOUGH);
            personal.extend(long.map(|(name, value)| (name, value.to_owned())));
        }
    }
    let mut found = Vec::new();
    let logs = std::iter::once(world.worker_log()).chain(world.wrangler_logs()?);
    for log in logs {
        let text = fs::read_to_string(&log).context("a log cannot be read")?;
        // wrangler's own lines name addresses of requests and no more: secrets in none, and of a person the e-mail address where that is
        // the resource's name.
        let names_a_person = |line: &str| {
            line.starts_with("[wrangler:info]")
                && ["/members/", "/values/"].iter().any(|of| line.contains(of))
        };
        let lines = |value: &str, personal: bool| {
            let there = text.contains(value).then(|| text.lines());
            let mut there = there.into_iter().flatten();
            there.find(|line| line.contains(value) && !(personal && names_a_person(line))).map(str::to_owned)
        };
        let all = secrets.iter().map(|own| (own, false)).chain(personal.iter().map(|own| (own, true)));
        for ((what, value), personal) in all {
            if let Some(line) = lines(value, personal) {
                let line: String = line.replace(value.as_str(), "•••").chars().take(200).collect();
                found.push(format!("{what} in: {line}"));
            }
        }
    }
    // Nothing that the Worker was given leaves it again: not in an answer, on a page or in a delivery.
    let given =
        world.own_secrets().into_iter().chain(tokens.iter().map(|token| ("code or token", token.clone())));
    for (what, secret) in given.chain([("secret of a customer's own app", by_token::SECRET.to_owned())]) {
        if heard::heard(&secret) {
            found.push(format!("{what} in an answer, on a page or in a delivery"));
        }
    }
    // At rest, tokens are sealed.
    for class in ["Directory", "Portal", "Limiter"] {
        let Ok(bytes) = disk::bytes(world, class) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        let tokens = tokens.iter().filter(|token| text.contains(token.as_str()));
        found.extend(tokens.map(|_| format!("a token in plain text in the database of {class}")));
    }
    Ok(found)
}

pub fn trials() -> Vec<Trial> {
    vec![Trial::test("no secret and no person's data stands in any log of these worlds", || {
        let all = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
        eprintln!("{} worlds were examined, {} words of theirs heard", all.0, heard::words());
        let mut found = all.1.clone();
        found.sort();
        found.dedup();
        if found.is_empty() { Ok(()) } else { Err(found.join("\n").into()) }
    })]
}
