//! Which company a host's account is, and which contact somebody is: from the mirror alone, so that a million accounts cost HubSpot no
//! call.
//!
//! An account is known by a domain and its aliases. Each company counts by its `domain`, by its `website` while it has none, and by its
//! `hs_additional_domains`; two names are of one company where their registrable domains are the same ([`Domain`]). Of several companies
//! the choice is, in this order: one whose name is the same host (`eu.acme.com` is rather itself than `acme.com`; where the account
//! names `acme.com`, as hosts do, that is no matter), the most deals, the most contacts, the latest modified date, the smallest id, so
//! that the choice stays what it is. It does not depend on the order of aliases, nor on companies that are worse.
//!
//! A contact counts by its `email` and its `hs_additional_emails`, in any case.
//!
//! Whoever became part of another record is that record, also while HubSpot's event alone says so. Whoever is kept out
//! ([`super::blocks`]) is nobody.
//!
//! [`companies`] and [`contacts`] are what a run over all accounts of a host calls with some of them at a time; what they take they
//! hold in memory, with some kilobytes for each record that matches. [`index`] owns whether what they look in is complete; `phones` finds
//! contacts by telephone number for who asks so.

mod choice;
pub mod index;
pub(in crate::engine::portal) mod phones;

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::{
    engine::portal::{Portal, Turn, messages::Answer, query},
    hubspot::objects::Properties,
    store::{
        portal::{
            keys::{self, Key},
            lookup::{self, Holder, Holders},
            records,
        },
        sql::{Sql, SqlError},
    },
    values::{
        domain::{Domain, Unusable},
        ids::{ObjectType, RecordId},
        time::Timestamp,
    },
};
pub use choice::{Candidate, Decided, Match, Matched, WhyNot};

/// Most accounts or people of one request: with a domain and three aliases of 30 characters each they are 250 × 220 = 55 KB, within the
/// 64 KB of a body; the answer, some 1.5 KB each, stays under 400 KB.
pub const ACCOUNTS: usize = 250;
/// Most aliases of an account: each is a lookup of some microseconds, and no company has more domains that anybody keeps up.
pub const ALIASES: usize = 100;
/// Longest host's own id that is handed back, in characters.
pub const ID_CHARS: usize = 200;
/// Characters that are told of a value of HubSpot's: addresses of pages can run to thousands.
const VALUE_CHARS: usize = 200;
/// Records that merges lead over at most (`hubspot-api.md` 4.5).
const CHAIN: usize = 250;

/// An account of the host's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Account {
    /// The host's own id, handed back as it is.
    pub id: Option<String>,
    /// Its primary domain, as the host has it: a domain, a page's address, a mailbox.
    pub domain: Option<String>,
    /// Its other domains.
    pub aliases: Vec<String>,
}

/// Somebody whom the host knows by an address.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Person {
    /// The host's own id, handed back as it is.
    pub id: Option<String>,
    /// Their address.
    pub email: String,
}

/// What the object can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Which companies these accounts are. Answers [`Answer::Json`] `{results}`, in the order of the accounts, or
    /// [`Answer::NotConnected`].
    Companies {
        /// At most [`ACCOUNTS`].
        accounts: Vec<Account>,
    },
    /// Which contacts these people are. Answers likewise, or [`Answer::Stopped`] where the key does not open by which those are recognised
    /// who are kept out.
    Contacts {
        /// At most [`ACCOUNTS`].
        people: Vec<Person>,
    },
}

/// A name as it is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    /// As it was given, or stands in HubSpot.
    text: String,
    /// All of it that counts: a host, an address.
    whole: String,
    /// What has to be equal: what was registered, an address.
    compared: String,
}

impl Name {
    fn of(kind: ObjectType, text: &str) -> Result<Self, Unusable> {
        let (whole, compared) = if kind == ObjectType::Companies {
            let domain = Domain::parse(text)?;
            (domain.host().to_owned(), domain.registrable().to_owned())
        } else {
            let address = text.trim().to_lowercase();
            let part = |part: &str| {
                !part.is_empty()
                    && !part.contains(|odd: char| odd.is_whitespace() || matches!(odd, ';' | '@'))
            };
            if !address.split_once('@').is_some_and(|(before, after)| part(before) && part(after)) {
                return Err(if address.is_empty() { Unusable::Empty } else { Unusable::NotAnAddress });
            }
            (address.clone(), address)
        };
        let text: String = text.trim().chars().take(VALUE_CHARS).collect();
        Ok(Self { text, whole, compared })
    }
}

/// What somebody asked for.
#[derive(Debug, Default)]
struct Asked {
    id: Option<String>,
    /// What can be compared; each once, in an order of their own.
    names: Vec<Name>,
    ignored: Vec<(String, Unusable)>,
}

impl Asked {
    fn of<'a>(kind: ObjectType, id: Option<&String>, texts: impl Iterator<Item = &'a str>) -> Self {
        let mut asked = Self { id: id.cloned(), ..Self::default() };
        for text in texts {
            match Name::of(kind, text) {
                Ok(name) => asked.names.push(name),
                Err(why) => asked.ignored.push((text.chars().take(VALUE_CHARS).collect(), why)),
            }
        }
        asked.names.sort_unstable();
        asked.names.dedup();
        asked.ignored.sort_unstable();
        asked.ignored.dedup();
        asked
    }

    fn of_account(account: &Account) -> Self {
        let domain = account.domain.iter().chain(&account.aliases).map(String::as_str);
        Self::of(ObjectType::Companies, account.id.as_ref(), domain)
    }

    fn of_person(person: &Person) -> Self {
        Self::of(ObjectType::Contacts, person.id.as_ref(), std::iter::once(person.email.as_str()))
    }
}

/// What of a record matters here.
#[derive(Debug, Clone)]
struct Known {
    id: RecordId,
    merged_into: Option<RecordId>,
    updated_at: Timestamp,
    label: Option<String>,
    deals: u64,
    contacts: u64,
    names: Vec<(&'static str, Name)>,
    kept_out: bool,
}

/// Whether a contact is kept out.
type KeptOut<'a> = &'a dyn Fn(RecordId, &Properties<'_>) -> bool;

/// Which companies accounts are, in their order. Reads the mirror as it is: whether its index is complete is [`index`]'s to say.
pub fn companies(sql: &dyn Sql, accounts: &[Account]) -> Result<Vec<Match>, SqlError> {
    let asked: Vec<Asked> = accounts.iter().map(Asked::of_account).collect();
    answered(sql, ObjectType::Companies, asked, &|_, _| false)
}

/// Which contacts people are, in their order; nobody is one of whom `kept_out` says so.
pub fn contacts(sql: &dyn Sql, people: &[Person], kept_out: KeptOut<'_>) -> Result<Vec<Match>, SqlError> {
    let asked: Vec<Asked> = people.iter().map(Asked::of_person).collect();
    answered(sql, ObjectType::Contacts, asked, kept_out)
}

fn key(name: &Name) -> Key {
    Key::of(&name.compared)
}

/// Looks up as many as a statement takes at a time.
fn answered(
    sql: &dyn Sql,
    kind: ObjectType,
    asked: Vec<Asked>,
    kept_out: KeptOut<'_>,
) -> Result<Vec<Match>, SqlError> {
    let (mut all, mut some, mut wanted) = (Vec::with_capacity(asked.len()), Vec::new(), 0);
    let mut rest = asked.into_iter().peekable();
    while let Some(next) = rest.next() {
        wanted += next.names.len();
        some.push(next);
        if rest.peek().is_none_or(|next| wanted + next.names.len() > lookup::KEYS) {
            let of_these = std::mem::take(&mut some);
            at_once(sql, kind, of_these, kept_out, &mut all)?;
            wanted = 0;
        }
    }
    Ok(all)
}

fn at_once(
    sql: &dyn Sql,
    kind: ObjectType,
    asked: Vec<Asked>,
    kept_out: KeptOut<'_>,
    all: &mut Vec<Match>,
) -> Result<(), SqlError> {
    let mut wanted: Vec<Key> = asked.iter().flat_map(|asked| &asked.names).map(key).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let found = if wanted.is_empty() { Vec::new() } else { lookup::holders(sql, kind, &wanted)? };
    let mut known: HashMap<RecordId, Known> = HashMap::new();
    for holder in found.iter().flat_map(|holders| &holders.held) {
        known.entry(holder.id).or_insert_with(|| known_of(kind, holder, kept_out));
    }
    let became = follow_merges(sql, kind, &mut known, kept_out)?;
    let holders: HashMap<Key, Holders> = wanted.into_iter().zip(found).collect();
    for asked in asked {
        let (mut candidates, mut left_out) = (BTreeMap::new(), 0);
        for name in &asked.names {
            let Some(holders) = holders.get(&key(name)) else { continue };
            left_out += holders.left_out;
            for holder in &holders.held {
                let (Some(record), Some(target)) =
                    (known.get(&holder.id), known.get(became.get(&holder.id).unwrap_or(&holder.id)))
                else {
                    continue;
                };
                // Two names can have one key: it is the names that count.
                let same = record.names.iter().filter(|(_, own)| own.compared == name.compared);
                let matched: Vec<Matched> =
                    same.map(|(field, own)| Matched::of(kind, name, field, own)).collect();
                if matched.is_empty() || record.kept_out || target.kept_out {
                    continue;
                }
                let via = (record.id != target.id).then_some(record.id);
                let candidate = candidates.entry(target.id).or_insert_with(|| Candidate::of(target));
                candidate.add(matched, via);
            }
        }
        all.push(Match::of(asked, candidates.into_values().collect(), left_out));
    }
    Ok(())
}

fn known_of(kind: ObjectType, holder: &Holder, kept_out: KeptOut<'_>) -> Known {
    // What cannot be read has no names, and is found by none.
    let properties = Properties::parse(&holder.properties).unwrap_or_default();
    let value = |name: &str| properties.get(name);
    let number =
        |name: &str| value(name).and_then(|text| text.parse::<f64>().ok()).map_or(0, |number| number as u64);
    let further = keys::further_property(kind).unwrap_or_default();
    let texts = keys::first_name(kind, value)
        .into_iter()
        .chain(keys::further_names(kind, value).map(|text| (further, text)));
    let names = texts.filter_map(|(field, text)| Some((field, Name::of(kind, text).ok()?))).collect();
    let label = if kind == ObjectType::Companies {
        value("name").map(str::to_owned)
    } else {
        let parts: Vec<&str> = ["firstname", "lastname"].into_iter().filter_map(value).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    Known {
        id: holder.id,
        merged_into: holder.merged_into,
        updated_at: holder.updated_at,
        label: label.map(|label| label.chars().take(VALUE_CHARS).collect()),
        deals: number("num_associated_deals"),
        contacts: number("num_associated_contacts"),
        names,
        kept_out: kept_out(holder.id, &properties),
    }
}

/// What those became that are said to be part of others and still count as live; what they became is known afterwards.
fn follow_merges(
    sql: &dyn Sql,
    kind: ObjectType,
    known: &mut HashMap<RecordId, Known>,
    kept_out: KeptOut<'_>,
) -> Result<HashMap<RecordId, RecordId>, SqlError> {
    let mut became = HashMap::new();
    let merged: Vec<(RecordId, RecordId)> =
        known.values().filter_map(|record| Some((record.id, record.merged_into?))).collect();
    for (from, mut into) in merged {
        for _ in 0..CHAIN {
            let Some(target) = query::resolve(sql, kind, into)?.filter(|target| *target != from) else {
                break;
            };
            if let std::collections::hash_map::Entry::Vacant(place) = known.entry(target) {
                let stored = records::by_ids(sql, kind, &[target])?.into_iter().next();
                let Some((stored, properties)) = stored.and_then(|mut stored| {
                    let properties = stored.properties.take()?;
                    Some((stored, properties))
                }) else {
                    break;
                };
                let holder = Holder {
                    id: stored.id,
                    merged_into: stored.merged_into,
                    updated_at: stored.updated_at,
                    properties,
                };
                place.insert(known_of(kind, &holder, kept_out));
            }
            became.insert(from, target);
            match known.get(&target).and_then(|record| record.merged_into) {
                Some(next) => into = next,
                None => break,
            }
        }
    }
    Ok(became)
}

impl Portal {
    /// Answers a command.
    #[inline(never)]
    pub(super) fn match_command(&self, turn: &Turn<'_>, command: &Command) -> Result<Answer, SqlError> {
        if self.connection.is_none() {
            return Ok(Answer::NotConnected);
        }
        let (kind, results) = match command {
            Command::Companies { accounts } => {
                let kind = ObjectType::Companies;
                (
                    kind,
                    match self.not_ready(turn, kind)? {
                        Some(why) => {
                            accounts.iter().map(|of| Match::none(Asked::of_account(of), why)).collect()
                        }
                        None => companies(turn.sql, accounts)?,
                    },
                )
            }
            Command::Contacts { .. } if self.blocks.locked() => return Ok(Answer::Stopped),
            Command::Contacts { people } => {
                let kind = ObjectType::Contacts;
                let kept_out =
                    |id: RecordId, properties: &Properties<'_>| self.blocks.keeps_out(kind, id, properties);
                (
                    kind,
                    match self.not_ready(turn, kind)? {
                        Some(why) => people.iter().map(|of| Match::none(Asked::of_person(of), why)).collect(),
                        None => contacts(turn.sql, people, &kept_out)?,
                    },
                )
            }
        };
        let results: Vec<serde_json::Value> = results.iter().map(|found: &Match| found.json(kind)).collect();
        Ok(Answer::Json(serde_json::json!({ "results": results }).to_string()))
    }
}

#[cfg(test)]
mod tests;
