//! Field mappings: which HubSpot properties an action of the host fills, and with what.
//!
//! ```json
//! {"entries": [
//!   {"field": "name", "from": "account.name"},
//!   {"field": "numberofemployees", "from": "account.employees", "type": "number", "only_if_empty": true},
//!   {"field": "lead_source", "constant": "Acme", "drop_if_refused": true},
//!   {"field": "plan", "from": "plan", "default": "free"}
//! ]}
//! ```
//!
//! `from` is a path into what the host sends with the action, its parts parted by points. A value that is absent or null is no value: the
//! default stands in, and without one nothing is written, so that a host that does not know something never takes it from its customer.
//! The empty text clears ([`property_value`]).
//!
//! A mapping is checked against the fields there are when it is saved, so that what is wrong is a sentence then and not a failed batch at
//! night; and again whenever it is used: a field that has vanished, or is of another nature than it was when the mapping was saved, is
//! left out and said to be.

mod parse;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    filter,
    ids::{InvalidId, ObjectType},
    property_value::{self, Code, Definition, Manner, Nature, Refusal},
    score,
};

/// Entries of a mapping. A batch of 100 records of 200 properties of 100 bytes is the 2 MB that one call may well carry; HubSpot's own
/// contact has some 250 properties that can be written.
pub const MAX_ENTRIES: usize = 200;
/// Characters of a path: eight names of 24.
pub const MAX_PATH: usize = 200;
/// Names in a path.
pub const MAX_DEPTH: usize = 8;
/// Characters of a constant or default that is a text, and of each text of a list. A body of 64 KB holds 30 of them.
pub const MAX_TEXT: usize = 2_000;
/// Values of a constant or default that is a list; more options than people tick.
pub const MAX_VALUES: usize = 100;

/// What the host has done in HubSpot by a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Makes a company where there is none; one that is there stays as it is.
    ImportCompany,
    /// Makes a contact where there is none, likewise.
    ImportContact,
    /// Changes a company.
    UpdateCompany,
    /// Changes a contact.
    UpdateContact,
    /// Changes a deal.
    UpdateDeal,
    /// Makes a task.
    CreateTask,
    /// Makes a call.
    LogCall,
    /// Makes a note.
    AddNote,
    /// Writes an account's scores to its company, nightly.
    ScoreSnapshot,
}

impl Action {
    /// Every action, in the order in which pages show them.
    pub const ALL: [Self; 9] = [
        Self::ImportCompany,
        Self::ImportContact,
        Self::UpdateCompany,
        Self::UpdateContact,
        Self::UpdateDeal,
        Self::CreateTask,
        Self::LogCall,
        Self::AddNote,
        Self::ScoreSnapshot,
    ];

    /// As on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ImportCompany => "import_company",
            Self::ImportContact => "import_contact",
            Self::UpdateCompany => "update_company",
            Self::UpdateContact => "update_contact",
            Self::UpdateDeal => "update_deal",
            Self::CreateTask => "create_task",
            Self::LogCall => "log_call",
            Self::AddNote => "add_note",
            Self::ScoreSnapshot => "score_snapshot",
        }
    }

    /// The type of the records it writes.
    pub const fn object_type(self) -> ObjectType {
        match self {
            Self::ImportCompany | Self::UpdateCompany | Self::ScoreSnapshot => ObjectType::Companies,
            Self::ImportContact | Self::UpdateContact => ObjectType::Contacts,
            Self::UpdateDeal => ObjectType::Deals,
            Self::CreateTask => ObjectType::Tasks,
            Self::LogCall => ObjectType::Calls,
            Self::AddNote => ObjectType::Notes,
        }
    }

    /// Whether the record may have been there before, so that a property can have a value. An import then leaves all of them.
    pub const fn finds_records(self) -> bool {
        match self {
            Self::ImportCompany
            | Self::ImportContact
            | Self::UpdateCompany
            | Self::UpdateContact
            | Self::UpdateDeal
            | Self::ScoreSnapshot => true,
            Self::CreateTask | Self::LogCall | Self::AddNote => false,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Action {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Self::ALL.into_iter().find(|action| action.as_str() == text).ok_or(InvalidId("action"))
    }
}

/// What the host says its value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostType {
    /// A text.
    Text,
    /// A number.
    Number,
    /// Yes or no.
    Boolean,
    /// A day.
    Date,
    /// A moment.
    Datetime,
    /// Several texts.
    List,
}

impl HostType {
    /// Every one of them.
    pub const ALL: [Self; 6] =
        [Self::Text, Self::Number, Self::Boolean, Self::Date, Self::Datetime, Self::List];

    /// As on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::List => "list",
        }
    }

    /// Whether values of it are what a property of that nature takes, all of them or the most part. A text that is meant for a number or a
    /// day is declared as what it holds.
    pub const fn suits(self, nature: Nature) -> bool {
        match nature {
            Nature::Text => !matches!(self, Self::List),
            Nature::Phone => matches!(self, Self::Text | Self::Number),
            Nature::Number => matches!(self, Self::Number),
            Nature::Boolean => matches!(self, Self::Boolean),
            Nature::Option => matches!(self, Self::Text | Self::Number | Self::Boolean),
            Nature::Options => matches!(self, Self::Text | Self::List),
            Nature::Owner => matches!(self, Self::Text | Self::Number),
            Nature::Date => matches!(self, Self::Date),
            Nature::Datetime => matches!(self, Self::Date | Self::Datetime),
        }
    }
}

/// The fields that an action fills. Made by [`Mapping::parse`], which holds the limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    /// In the order given; no two fill one field.
    pub entries: Vec<Entry>,
}

/// How one field is filled.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// HubSpot's internal name of the property.
    pub field: String,
    /// With what.
    pub source: Source,
    /// What the field was when the mapping was saved; `None`: it has not been saved.
    pub nature: Option<Nature>,
    /// A field that has a value keeps it.
    pub only_if_empty: bool,
    /// The record is written without this field where HubSpot, or a rule of the customer's, refuses it.
    pub drop_if_refused: bool,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// From what the host sends.
    Host {
        /// Its path, parts parted by points.
        path: String,
        /// What the host says it is.
        declared: Option<HostType>,
        /// What stands in for a value that is absent or null.
        default: Option<Value>,
    },
    /// Always this.
    Constant(Value),
}

/// What becomes of what the host sent with an action.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filled {
    /// What is to be written, in the mapping's order: names and HubSpot's texts; empty: the property is cleared.
    pub properties: Vec<(String, String)>,
    /// The fields that are not, and why.
    pub left: Vec<(String, Why)>,
    /// Of those to be written, the ones that the record may be written without.
    pub droppable: BTreeSet<String>,
}

/// Why a field is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The host sent nothing for it, and there is no default.
    Absent,
    /// It has a value, and is filled only where it has none.
    NotEmpty,
    /// It is filled only where it has no value, and nobody here knows whether it has one.
    Unknown,
    /// It cannot have what the host sent, or cannot be written at all.
    Refused(Refusal),
}

impl Entry {
    /// Why it is not to be used, whatever the host sends; `field` is the definition as it was last discovered.
    pub fn trouble(&self, field: Option<&Definition>) -> Option<Refusal> {
        self.writes_to(field).err().or_else(|| {
            let values = match &self.source {
                Source::Constant(value) => Some(value),
                Source::Host { default, .. } => default.as_ref(),
            };
            values.and_then(|value| property_value::write(field?, value, Manner::Replace).err())
        })
    }

    /// The same of an action: scores ask more of a field than that it can be written.
    pub fn trouble_in(&self, action: Action, field: Option<&Definition>) -> Option<Refusal> {
        let unfit = |known| score::unfit(self, known).map(|(_, refusal)| refusal);
        let of_scores = || field.filter(|_| action == Action::ScoreSnapshot).and_then(unfit);
        self.trouble(field).or_else(of_scores)
    }

    /// The definition of its field, if that can be written and is what it was.
    fn writes_to<'a>(&self, field: Option<&'a Definition>) -> Result<&'a Definition, Refusal> {
        let field = field.ok_or_else(|| Refusal::unknown_field(&self.field))?;
        let nature = field.writable()?;
        match self.nature {
            Some(saved) if saved != nature => {
                let detail = format!(
                    "The field `{}` was {} when the mapping was saved, and is {} in HubSpot. Save the mapping again if what the host sends fits it.",
                    self.field,
                    saved.words(),
                    nature.words()
                );
                Err(Refusal { code: Code::Retyped, detail })
            }
            Some(_) | None => Ok(field),
        }
    }

    fn fill(
        &self,
        host: &Map<String, Value>,
        (current, known): (Option<&str>, bool),
        field: Option<&Definition>,
    ) -> Result<String, Why> {
        let field = self.writes_to(field).map_err(Why::Refused)?;
        if self.only_if_empty && current.is_some_and(|held| !held.is_empty()) {
            return Err(Why::NotEmpty);
        }
        let value = match &self.source {
            Source::Constant(value) => Some(value),
            Source::Host { path, default, .. } => {
                at(host, path).filter(|value| !value.is_null()).or(default.as_ref())
            }
        };
        let value = value.ok_or(Why::Absent)?;
        let text = property_value::write(field, value, Manner::Replace).map_err(Why::Refused)?;
        // What is empty need not be cleared.
        if text.is_empty() && self.only_if_empty {
            return Err(Why::Absent);
        }
        if self.only_if_empty && !known { Err(Why::Unknown) } else { Ok(text) }
    }
}

impl Mapping {
    /// What is to be written of what the host sent. `current` tells what the record holds, as far as the mirror knows, and `field` the
    /// definition of a field that HubSpot lists. What fails its type check is reported and never written.
    pub fn fill<'a, 'b>(
        &self,
        host: &Map<String, Value>,
        current: impl Fn(&str) -> Option<&'a str>,
        field: impl Fn(&str) -> Option<&'b Definition>,
    ) -> Filled {
        self.fill_known(host, current, |_| true, field)
    }

    /// The same where the mirror does not hold all of the record: `known` says of a field whether one without a value has none in HubSpot
    /// either. What is filled only where it is empty is left as it is if that is not so.
    pub fn fill_known<'a, 'b>(
        &self,
        host: &Map<String, Value>,
        current: impl Fn(&str) -> Option<&'a str>,
        known: impl Fn(&str) -> bool,
        field: impl Fn(&str) -> Option<&'b Definition>,
    ) -> Filled {
        let mut filled = Filled::default();
        for entry in &self.entries {
            let name = entry.field.as_str();
            match entry.fill(host, (current(name), known(name)), field(name)) {
                Ok(text) => {
                    if entry.drop_if_refused {
                        filled.droppable.insert(entry.field.clone());
                    }
                    filled.properties.push((entry.field.clone(), text));
                }
                Err(why) => filled.left.push((entry.field.clone(), why)),
            }
        }
        filled
    }

    /// Everything that is wrong with it for an action and the fields there are, in the order written; empty if it may be saved. `mirrored`
    /// says of a field whether the mirror holds its values, which `only_if_empty` asks for.
    pub fn check<'a>(
        &self,
        action: Action,
        field: impl Fn(&str) -> Option<&'a Definition>,
        mirrored: impl Fn(&str) -> bool,
    ) -> Vec<filter::Fault> {
        let mut faults = Vec::new();
        for (index, entry) in self.entries.iter().enumerate() {
            let mut fault = |key: &str, code, detail: String| {
                faults.push(filter::Fault { path: format!("/entries/{index}/{key}"), code, detail });
            };
            let known = match entry.writes_to(field(&entry.field)) {
                Ok(known) => known,
                Err(refusal) => {
                    fault("field", refusal.code.as_fault(), refusal.detail);
                    continue;
                }
            };
            if let Some(refusal) = entry.trouble(Some(known)) {
                let key = if matches!(entry.source, Source::Constant(_)) { "constant" } else { "default" };
                fault(key, refusal.code.as_fault(), refusal.detail);
            }
            if action == Action::ScoreSnapshot
                && let Some((key, refusal)) = score::unfit(entry, known)
            {
                fault(key, refusal.code.as_fault(), refusal.detail);
            }
            let own = match &entry.source {
                Source::Constant(_) => Some("constant"),
                Source::Host { default, .. } => default.as_ref().map(|_| "default"),
            };
            if let Some(key) = own.filter(|_| known.unique) {
                let detail =
                    format!("No two records may share a value of `{}`: take it from the host.", entry.field);
                fault(key, filter::Code::Never, detail);
            }
            if let (Source::Host { declared: Some(declared), .. }, Some(nature)) =
                (&entry.source, known.nature())
                && !declared.suits(nature)
            {
                let detail = format!(
                    "`{}` is {} in HubSpot, and does not take what is declared as \"{}\".",
                    entry.field,
                    nature.words(),
                    declared.as_str()
                );
                fault("type", filter::Code::WrongType, detail);
            }
            if entry.only_if_empty && !action.finds_records() {
                let detail = "What is made new has no values yet: \"only_if_empty\" has no meaning here.";
                fault("only_if_empty", filter::Code::Never, detail.to_owned());
            } else if entry.only_if_empty && !mirrored(&entry.field) {
                let detail = format!(
                    "The field `{}` is not mirrored, so nobody knows whether it is empty. Choose it among the fields of the type first.",
                    entry.field
                );
                fault("only_if_empty", filter::Code::Unavailable, detail);
            }
        }
        faults
    }

    /// Remembers what the fields are, with which later ones are compared.
    pub fn settle<'a>(&mut self, field: impl Fn(&str) -> Option<&'a Definition>) {
        for entry in &mut self.entries {
            entry.nature = field(&entry.field).and_then(Definition::nature);
        }
    }
}

/// The value at a path.
fn at<'a>(host: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let mut parts = path.split('.');
    let mut value = host.get(parts.next()?)?;
    for part in parts {
        value = value.as_object()?.get(part)?;
    }
    Some(value)
}
