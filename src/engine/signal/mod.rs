//! Intent signals: something that an account or a visitor of the host's did, which lists qualify, and what is done then.
//!
//! A *qualifying list* is a filter over the signal and what is known of whom it is about ([`Facts`]). An *automation* is of one list: steps in
//! an order, each any action of the outbox whose members may name facts (`{{account.domain}}`, see [`crate::engine::action_step`]). Parses, checks and fills
//! in; what is decided, asked and remembered is [`crate::engine::portal::signals`]'s.

mod automation;
mod facts;
mod list;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    engine::{
        portal::matching::{Account as MatchedAccount, Person},
        reader::{Reader, fault, one_line},
    },
    values::{
        domain::Domain,
        filter::{Code, Fault},
        time::{DAY_MS, Timestamp},
    },
};

pub use super::reader::{FIELDS, VALUE_CHARS};
pub use automation::{Automation, MAX_COOL_DOWN_HOURS, MAX_STEPS, Per, VOCABULARY};
pub use facts::Facts;
pub use list::{List, of_subject};

/// Characters of the host's name for a signal, an account or a visitor, and of a domain or an address.
pub const ID_CHARS: usize = 200;
/// Characters of a signal's name.
pub const NAME_CHARS: usize = 200;
/// Aliases of an account: a tenth of what one request may match by, as these are kept.
pub const ALIASES: usize = 20;
/// Bytes of a signal as it is kept: 500,000 of the largest are 8 of ten gigabytes; most have half a kilobyte.
pub const SIGNAL_BYTES: usize = 16_384;
/// How far ahead of now a signal may be: clocks differ.
const AHEAD_MS: i64 = DAY_MS;

/// What somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Signal {
    /// The host's name for it: sent again, it changes nothing.
    pub key: String,
    /// What happened, as people read it.
    pub name: String,
    /// Which kind of thing that is, by the host's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Whose account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitor: Option<Visitor>,
    /// More of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
}

/// An account of the host's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Account {
    /// The host's name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its primary domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Its other domains.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// More of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
}

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Visitor {
    /// The host's name for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Their address, in lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What people call them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// More of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
}

impl Signal {
    /// Reads a signal as a host sends it. Paths of the faults are relative to it.
    pub fn parse(value: &Value, now: Timestamp) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader::default();
        let signal = reader.signal(value, now);
        let bytes = serde_json::to_string(&signal).map_or(usize::MAX, |text| text.len());
        if bytes > SIGNAL_BYTES && reader.faults.is_empty() {
            let words = format!("A signal has {SIGNAL_BYTES} bytes at most; this one has {bytes}.");
            reader.faults.push(fault("", Code::Limit, words));
        }
        if reader.faults.is_empty() { Ok(signal) } else { Err(reader.faults) }
    }

    /// The same where parts may be missing, to try something on it.
    pub fn parse_some(value: &Value, now: Timestamp) -> Result<Self, Vec<Fault>> {
        let mut value = value.clone();
        if let Some(entries) = value.as_object_mut() {
            entries.entry("id").or_insert_with(|| "example".into());
            entries.entry("name").or_insert_with(|| "Example".into());
            if !entries.contains_key("account") && !entries.contains_key("visitor") {
                entries.insert("visitor".to_owned(), serde_json::json!({ "id": "example" }));
            }
        }
        Self::parse(&value, now)
    }

    /// By what its account is matched; `None`: it has none.
    pub fn account_to_match(&self) -> Option<MatchedAccount> {
        let account = self.account.as_ref()?;
        Some(MatchedAccount { id: None, domain: account.domain.clone(), aliases: account.aliases.clone() })
            .filter(|account| account.domain.is_some() || !account.aliases.is_empty())
    }

    /// By what its visitor is matched; `None`: they have no address.
    pub fn person_to_match(&self) -> Option<Person> {
        self.email().map(|email| Person { id: None, email: email.to_owned() })
    }

    /// The visitor's address.
    pub fn email(&self) -> Option<&str> {
        self.visitor.as_ref()?.email.as_deref()
    }

    /// The account in a word that stays what it is, whatever HubSpot has of it.
    pub fn account_subject(&self) -> Option<String> {
        let account = self.account.as_ref()?;
        let domain = account.domain.as_ref().map(|text| {
            let domain = Domain::parse(text);
            domain.map_or_else(|_| text.to_lowercase(), |domain| domain.registrable().to_owned())
        });
        account
            .id
            .as_ref()
            .map(|id| format!("account/{id}"))
            .or_else(|| domain.map(|name| format!("domain/{name}")))
    }

    /// The visitor in such a word.
    pub fn visitor_subject(&self) -> Option<String> {
        let visitor = self.visitor.as_ref()?;
        visitor.email.as_deref().map(email_subject).or_else(|| visitor.id.as_deref().map(host_subject))
    }

    /// All of it by the names that filters, templates and mappings use: `signal`, `account`, `visitor`, each with its fields.
    pub fn data(&self) -> Map<String, Value> {
        fn with(fields: &BTreeMap<String, String>, own: &[(&str, Option<&str>)]) -> Value {
            let mut all: Map<String, Value> =
                fields.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
            for (name, value) in own {
                if let Some(value) = value {
                    all.insert((*name).to_owned(), (*value).into());
                }
            }
            Value::Object(all)
        }
        let at = self.at.to_rfc3339();
        let mut data = Map::new();
        let own = [
            ("id", Some(self.key.as_str())),
            ("name", Some(&self.name)),
            ("kind", self.kind.as_deref()),
            ("at", Some(&at)),
        ];
        data.insert("signal".to_owned(), with(&self.fields, &own));
        if let Some(account) = &self.account {
            let own = [
                ("id", account.id.as_deref()),
                ("domain", account.domain.as_deref()),
                ("name", account.name.as_deref()),
            ];
            data.insert("account".to_owned(), with(&account.fields, &own));
        }
        if let Some(visitor) = &self.visitor {
            let own = [
                ("id", visitor.id.as_deref()),
                ("email", visitor.email.as_deref()),
                ("name", visitor.name.as_deref()),
            ];
            data.insert("visitor".to_owned(), with(&visitor.fields, &own));
        }
        data
    }
}

/// A visitor of this address, in a word.
pub fn email_subject(email: &str) -> String {
    format!("email/{email}")
}

/// A visitor whom the host calls so and of whom no address is known, in a word.
pub fn host_subject(id: &str) -> String {
    format!("visitor/{id}")
}

impl Reader {
    fn signal(&mut self, value: &Value, now: Timestamp) -> Signal {
        let known = ["id", "name", "kind", "at", "account", "visitor", "fields"];
        let Some(entries) = self.object(value, "", &known) else { return Signal::default() };
        let at = match entries.get("at") {
            None | Some(Value::Null) => now,
            Some(at) => match at.as_str().and_then(Timestamp::parse_rfc3339) {
                Some(at) if at <= now.plus_ms(AHEAD_MS) => at,
                Some(_) => {
                    self.note("/at", Code::Impossible, "\"at\" lies more than a day ahead.");
                    now
                }
                None => {
                    let words = "\"at\" is a moment as 2026-11-20T09:30:00Z (RFC 3339).";
                    self.note("/at", Code::Shape, words);
                    now
                }
            },
        };
        let part = |key: &str| entries.get(key).filter(|value| !value.is_null());
        let account = part("account").map(|value| self.account(value));
        let visitor = part("visitor").map(|value| self.visitor(value));
        if account.is_none() && visitor.is_none() {
            self.note("", Code::Shape, "A signal is about an \"account\", a \"visitor\", or both.");
        }
        Signal {
            key: self.text(entries, "", "id", ID_CHARS, true).unwrap_or_default(),
            name: self.text(entries, "", "name", NAME_CHARS, true).unwrap_or_default(),
            kind: self.text(entries, "", "kind", NAME_CHARS, false),
            at,
            account,
            visitor,
            fields: self.fields(entries, "", "fields"),
        }
    }

    fn account(&mut self, value: &Value) -> Account {
        let path = "/account";
        let known = ["id", "domain", "aliases", "name", "fields"];
        let Some(entries) = self.object(value, path, &known) else { return Account::default() };
        let mut aliases = Vec::new();
        match entries.get("aliases") {
            None | Some(Value::Null) => {}
            Some(Value::Array(items)) if items.len() <= ALIASES => {
                for item in items {
                    match item.as_str().and_then(|text| one_line(text, ID_CHARS)) {
                        Some(alias) => aliases.push(alias),
                        None => self.note("/account/aliases", Code::Shape, "An alias is a domain."),
                    }
                }
            }
            Some(_) => {
                let words = format!("\"aliases\" is a list of at most {ALIASES} domains.");
                self.note("/account/aliases", Code::Shape, words);
            }
        }
        let account = Account {
            id: self.text(entries, path, "id", ID_CHARS, false),
            domain: self.text(entries, path, "domain", ID_CHARS, false),
            aliases,
            name: self.text(entries, path, "name", NAME_CHARS, false),
            fields: self.fields(entries, path, "fields"),
        };
        if account.id.is_none() && account.domain.is_none() {
            self.note(path, Code::Shape, "An account has an \"id\", a \"domain\", or both.");
        }
        account
    }

    fn visitor(&mut self, value: &Value) -> Visitor {
        let path = "/visitor";
        let Some(entries) = self.object(value, path, &["id", "email", "name", "fields"]) else {
            return Visitor::default();
        };
        let visitor = Visitor {
            id: self.text(entries, path, "id", ID_CHARS, false),
            email: self.email(entries, path, "email"),
            name: self.text(entries, path, "name", NAME_CHARS, false),
            fields: self.fields(entries, path, "fields"),
        };
        if visitor.id.is_none() && visitor.email.is_none() {
            self.note(path, Code::Shape, "A visitor has an \"id\", an \"email\", or both.");
        }
        visitor
    }
}
