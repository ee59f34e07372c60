//! The fields that the editor of a filter proposes, and how they are called there.

use std::{borrow::Cow, collections::BTreeSet};

use serde::Deserialize;

use crate::{
    console::fill::fields::Mirrored,
    values::{
        filter::{self, Kind},
        json,
    },
};

/// The fields that a filter can read.
#[derive(Debug, Default)]
pub struct Catalog {
    pub(in crate::console::fill) known: Vec<Known>,
    pub(in crate::console::fill) left_out: usize,
    /// Whose fields there are, where they are of several: a field is called with its owner then. Of none, fields are those of one type.
    owners: &'static [Owner],
    /// A condition may ask what changed.
    pub(super) changes: bool,
}

/// Whose a field is: what stands before its name, what a filter calls it, and whether its fields are the host's, which nobody lists.
type Owner = (&'static str, Option<&'static str>, bool);

/// Whose the fields of a signal are.
const OF_SIGNALS: [Owner; 5] = [
    ("Signal", None, true),
    ("Account", Some("account"), true),
    ("Visitor", Some("visitor"), true),
    ("Company", Some("company"), false),
    ("Contact", Some("contact"), false),
];
/// Whose the fields of a workflow's run are.
const OF_WORKFLOWS: [Owner; 5] = [
    ("Record", None, false),
    ("Event", Some("event"), true),
    ("Contact", Some("contact"), false),
    ("Company", Some("company"), false),
    ("Deal", Some("deal"), false),
];
/// Whose the fields are that an audience is found by.
const OF_AUDIENCES: [Owner; 6] = [
    ("Contact", None, false),
    ("Company", Some("company"), false),
    ("Deal", Some("deal"), false),
    ("Signal", Some("signal"), true),
    ("Account", Some("account"), true),
    ("Visitor", Some("visitor"), true),
];
/// What every event may say of itself.
const OF_EVENTS: [&str; 6] = ["event", "at", "email", "phone", "domain", "id"];
/// What every signal may say of itself, its account and its visitor.
const USUAL: [(&str, &str); 9] = [
    ("Signal", "name"),
    ("Signal", "kind"),
    ("Signal", "at"),
    ("Account", "id"),
    ("Account", "domain"),
    ("Account", "name"),
    ("Visitor", "id"),
    ("Visitor", "email"),
    ("Visitor", "name"),
];

#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::console::fill) struct Known {
    pub(in crate::console::fill) name: String,
    /// What it belongs to, as a filter says it.
    #[serde(skip)]
    pub(super) of: Option<&'static str>,
    /// It is the host's: a condition says what its values are read as.
    #[serde(skip)]
    pub(super) is_free: bool,
    label: String,
    #[serde(rename = "type")]
    value_type: String,
    field_type: String,
    #[serde(default)]
    pub(super) options: Vec<Choice>,
    #[serde(default)]
    vanished_at: Option<String>,
    /// What it is called here: its label, and its name where others have the same.
    #[serde(skip)]
    pub(in crate::console::fill) words: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
}

impl Known {
    fn free(owner: &str, of: Option<&'static str>, name: &str) -> Self {
        let words = format!("{owner}: {name}");
        Self { name: name.to_owned(), of, is_free: true, words, ..Self::default() }
    }

    pub(super) fn kind(&self) -> Kind {
        let (value_type, field_type) = (self.value_type.as_str(), self.field_type.as_str());
        let field = filter::Field { label: "", value_type, field_type, options: Vec::new() };
        field.kind().unwrap_or(Kind::String)
    }
}

/// What a host says in signals and may be asked: what every signal may say, and what these do, as the API tells them.
fn said_by_signals(signals: &str, owners: &[Owner]) -> Vec<Known> {
    let mut names: BTreeSet<(&str, String)> = BTreeSet::new();
    let signals: Vec<serde_json::Value> = json::parse(signals).unwrap_or_default();
    for signal in &signals {
        for (owner, path) in
            [("Signal", "/fields"), ("Account", "/account/fields"), ("Visitor", "/visitor/fields")]
        {
            let fields = signal.pointer(path).and_then(serde_json::Value::as_object).into_iter().flatten();
            names.extend(fields.map(|(name, _)| (owner, name.clone())));
        }
    }
    let usual = USUAL.iter().map(|(owner, name)| (*owner, (*name).to_owned()));
    let said: Vec<(&str, String)> =
        usual.clone().chain(names.into_iter().filter(|one| !usual.clone().any(|own| own == *one))).collect();
    let mut known = Vec::new();
    for (owner, of, is_free) in owners.iter().copied() {
        if is_free {
            let own = said.iter().filter(|(whose, _)| *whose == owner);
            known.extend(own.map(|(_, name)| Known::free(owner, of, name)));
        }
    }
    known
}

impl Catalog {
    /// Of the fields that the API tells of, those that are mirrored.
    pub fn read(told: &str, mirrored: &Mirrored) -> Option<Self> {
        #[derive(Deserialize)]
        struct Told {
            results: Vec<Known>,
        }
        let mut known: Vec<Known> = json::parse::<Told>(told).ok()?.results;
        known.retain(|field| field.vanished_at.is_none());
        let all = known.len();
        known.retain(|field| !mirrored.leaves_out(&field.name));
        let left_out = all - known.len();
        known.sort_by_cached_key(|field| (field.label.to_lowercase(), field.name.clone()));
        let words = called(&known.iter().map(|field| (&*field.label, &*field.name)).collect::<Vec<_>>());
        for (field, words) in known.iter_mut().zip(words) {
            field.words = words;
        }
        Some(Self { known, left_out, ..Self::default() })
    }

    /// What can be asked of signals: what these are known to say, and the fields of companies and contacts. `signals`: some, as the API tells
    /// them.
    pub fn of_signals(companies: Self, contacts: Self, signals: &str) -> Self {
        let mut known = said_by_signals(signals, &OF_SIGNALS);
        let left_out = companies.left_out + contacts.left_out;
        for (own, owner) in [companies, contacts].into_iter().zip(OF_SIGNALS.into_iter().skip(3)) {
            known.extend(own.owned_by(owner));
        }
        Self { known, left_out, owners: &OF_SIGNALS, changes: false }
    }

    /// What an audience can be found by: fields of contacts, companies and deals, in this order, and what these signals are known to say.
    pub fn of_audiences(records: [Self; 3], signals: &str) -> Self {
        let left_out = records.iter().map(|own| own.left_out).sum();
        let mut known = Vec::new();
        for (own, owner) in records.into_iter().zip(OF_AUDIENCES) {
            known.extend(own.owned_by(owner));
        }
        known.extend(said_by_signals(signals, &OF_AUDIENCES));
        Self { known, left_out, owners: &OF_AUDIENCES, changes: false }
    }

    /// What can be asked in a workflow: fields of the record itself, and of the contact, company and deal, in this order. The host's event says
    /// what it likes: `facts` are known of some. `changes`: a condition may ask what changed.
    pub fn of_workflows(record: Self, others: [Self; 3], facts: &[String], changes: bool) -> Self {
        let [own, event, rest @ ..] = OF_WORKFLOWS;
        let left_out = record.left_out;
        let mut known = record.owned_by(own);
        let facts = facts.iter().map(String::as_str).filter(|fact| !OF_EVENTS.contains(fact));
        known.extend(OF_EVENTS.into_iter().chain(facts).map(|name| Known::free(event.0, event.1, name)));
        for (own, owner) in others.into_iter().zip(rest) {
            known.extend(own.owned_by(owner));
        }
        Self { known, left_out, owners: &OF_WORKFLOWS, changes }
    }

    /// Its fields, called with whose they are.
    fn owned_by(self, (owner, of, _): Owner) -> Vec<Known> {
        let own = |field: Known| Known { words: format!("{owner}: {}", field.words), of, ..field };
        self.known.into_iter().map(own).collect()
    }

    /// What stands before the fields that are the host's.
    fn free_owner(&self, is: &dyn Fn(&Owner) -> bool) -> Option<Owner> {
        self.owners.iter().copied().find(|owner| owner.2 && is(owner))
    }

    /// By its name or by what it is called here.
    pub(in crate::console::fill) fn find(&self, text: &str) -> Option<Cow<'_, Known>> {
        let text = text.trim();
        let is_named = |field: &&Known| self.owners.is_empty() && field.name == text;
        let known = self.known.iter().find(is_named);
        let known = known.or_else(|| self.known.iter().find(|field| field.words.eq_ignore_ascii_case(text)));
        known.map(Cow::Borrowed).or_else(|| {
            let (owner, name) = text.split_once(':')?;
            let (owner, of, _) = self.free_owner(&|(own, ..)| own.eq_ignore_ascii_case(owner.trim()))?;
            Some(name.trim())
                .filter(|name| !name.is_empty())
                .map(|name| Cow::Owned(Known::free(owner, of, name)))
        })
    }

    /// What a filter calls so; `of` as it says it.
    pub(super) fn named(&self, of: Option<&str>, name: &str) -> Option<Cow<'_, Known>> {
        let known = self.known.iter().find(|field| field.of == of && field.name == name);
        known.map(Cow::Borrowed).or_else(|| {
            let (owner, of, _) = self.free_owner(&|(_, own, _)| *own == of)?;
            Some(Cow::Owned(Known::free(owner, of, name)))
        })
    }

    /// What a field is called here; of an unknown one what was typed.
    pub(in crate::console::fill) fn words(&self, name: &str) -> String {
        self.find(name).map_or_else(|| name.to_owned(), |field| field.words.clone())
    }

    /// Fields that are proposed: words, and what tells them apart.
    pub fn proposed(&self) -> Vec<(String, String)> {
        self.known.iter().map(|field| (field.words.clone(), field.name.clone())).collect()
    }
}

/// What fields are called, given labels and names in the order of labels: each by its label, and its name where others have the same.
pub fn called(fields: &[(&str, &str)]) -> Vec<String> {
    let labels: Vec<String> = fields.iter().map(|(label, _)| label.to_lowercase()).collect();
    let one = |(place, (label, name)): (usize, &(&str, &str))| {
        let like = |other: Option<&String>| other == Some(&labels[place]);
        let alone = !like(labels.get(place + 1)) && !like(place.checked_sub(1).and_then(|at| labels.get(at)));
        match label.trim() {
            "" => (*name).to_owned(),
            label if alone => label.to_owned(),
            label => format!("{label} ({name})"),
        }
    };
    fields.iter().enumerate().map(one).collect()
}

impl filter::Fields for Catalog {
    fn field(&self, of: Option<&str>, name: &str) -> Option<filter::Field<'_>> {
        let found = self.known.iter().find(|field| field.of == of && field.name == name && !field.is_free)?;
        Some(filter::Field {
            label: &found.label,
            value_type: &found.value_type,
            field_type: &found.field_type,
            options: found.options.iter().map(|one| (one.value.as_str(), one.label.as_str())).collect(),
        })
    }
}
