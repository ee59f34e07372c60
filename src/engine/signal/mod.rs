//! Intent signals: something that an account or a visitor of the host's did, which lists qualify, and what is done then.
//!
//! A *qualifying list* is a filter over the signal and what is known of whom it is about ([`Facts`]). An *automation* is of one list: steps in
//! an order, each any action of the outbox whose members may name facts (`{{account.domain}}`, see [`template`]). Parses, checks and fills
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
    engine::portal::matching::{Account as MatchedAccount, Person},
    values::{
        domain::Domain,
        filter::{Code, Fault},
        time::{DAY_MS, Timestamp},
    },
};

pub use automation::{Automation, MAX_COOL_DOWN_HOURS, MAX_STEPS, Per, Planned, STEP_BYTES};
pub(in crate::engine) use automation::{named, plan, written};
pub use facts::Facts;
pub use list::{List, of_subject};

/// Characters of the host's name for a signal, an account or a visitor, and of a domain or an address.
pub const ID_CHARS: usize = 200;
/// Characters of a signal's name.
pub const NAME_CHARS: usize = 200;
/// Aliases of an account: a tenth of what one request may match by, as these are kept.
pub const ALIASES: usize = 20;
/// Fields of a signal, an account or a visitor, each.
pub const FIELDS: usize = 100;
/// Characters of a field's name: what a filter can name.
pub const FIELD_CHARS: usize = crate::values::filter::MAX_NAME;
/// Characters of a field's value: longer than any address of a page.
pub const VALUE_CHARS: usize = 2_000;
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

pub(super) fn fault(path: &str, code: Code, detail: impl Into<String>) -> Fault {
    Fault { path: path.to_owned(), code, detail: detail.into() }
}

/// Reads objects member by member, and notes what is wrong with each.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) faults: Vec<Fault>,
}

/// What stands on one line, in 1 to `most` characters, without the spaces around it.
fn one_line(text: &str, most: usize) -> Option<String> {
    let trimmed = text.trim();
    let fits = (1..=most).contains(&trimmed.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| trimmed.to_owned())
}

impl Reader {
    pub(super) fn note(&mut self, path: &str, code: Code, detail: impl Into<String>) {
        self.faults.push(fault(path, code, detail));
    }

    /// The members; refuses others, so that a misspelt one is not silently without effect.
    pub(super) fn object<'a>(
        &mut self,
        value: &'a Value,
        path: &str,
        known: &[&str],
    ) -> Option<&'a Map<String, Value>> {
        let Some(entries) = value.as_object() else {
            self.note(path, Code::Shape, format!("This is an object with {}.", known.join(", ")));
            return None;
        };
        if let Some(key) = entries.keys().find(|key| !known.contains(&key.as_str())) {
            let key: String = key.chars().take(40).collect();
            self.note(path, Code::Shape, format!("There is no \"{key}\" here, only {}.", known.join(", ")));
        }
        Some(entries)
    }

    /// A text of 1 to `most` characters on one line; null and absence are none.
    pub(super) fn text(
        &mut self,
        entries: &Map<String, Value>,
        path: &str,
        key: &str,
        most: usize,
        needed: bool,
    ) -> Option<String> {
        match entries.get(key) {
            None | Some(Value::Null) if !needed => None,
            value => {
                let read = value.and_then(Value::as_str).and_then(|text| one_line(text, most));
                if read.is_some() {
                    return read;
                }
                let words = format!("\"{key}\" is a text of 1 to {most} characters on one line.");
                self.note(&format!("{path}/{key}"), Code::Shape, words);
                None
            }
        }
    }

    fn fields(&mut self, entries: &Map<String, Value>, path: &str) -> BTreeMap<String, String> {
        let path = format!("{path}/fields");
        let fields = match entries.get("fields") {
            None | Some(Value::Null) => return BTreeMap::new(),
            Some(Value::Object(fields)) => fields,
            Some(_) => {
                self.note(&path, Code::Shape, "\"fields\" is an object of values by your own names.");
                return BTreeMap::new();
            }
        };
        if fields.len() > FIELDS {
            self.note(&path, Code::Limit, format!("At most {FIELDS} fields."));
            return BTreeMap::new();
        }
        let mut all = BTreeMap::new();
        for (name, value) in fields {
            let own = || format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
            if !(1..=FIELD_CHARS).contains(&name.chars().count()) || name.chars().any(char::is_control) {
                self.note(&path, Code::Shape, format!("A field's name has 1 to {FIELD_CHARS} characters."));
                continue;
            }
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text.clone(),
                Value::Bool(_) | Value::Number(_) => value.to_string(),
                Value::Array(_) | Value::Object(_) => {
                    self.note(&own(), Code::Shape, "A value is a text, a number, a truth or null.");
                    continue;
                }
            };
            if text.chars().count() > VALUE_CHARS {
                self.note(&own(), Code::Limit, format!("A value has {VALUE_CHARS} characters at most."));
                continue;
            }
            all.insert(name.clone(), text);
        }
        all
    }

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
            fields: self.fields(entries, ""),
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
            fields: self.fields(entries, path),
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
        let email = self.text(entries, path, "email", ID_CHARS, false).map(|email| email.to_lowercase());
        let odd = |letter: char| letter.is_whitespace() || matches!(letter, ';' | '@');
        let part = |part: &str| !part.is_empty() && !part.contains(odd);
        if email.as_deref().is_some_and(|email| {
            !email.split_once('@').is_some_and(|(before, after)| part(before) && part(after))
        }) {
            self.note("/visitor/email", Code::Shape, "\"email\" is one e-mail address.");
        }
        let visitor = Visitor {
            id: self.text(entries, path, "id", ID_CHARS, false),
            email,
            name: self.text(entries, path, "name", NAME_CHARS, false),
            fields: self.fields(entries, path),
        };
        if visitor.id.is_none() && visitor.email.is_none() {
            self.note(path, Code::Shape, "A visitor has an \"id\", an \"email\", or both.");
        }
        visitor
    }
}
