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
    /// The host's own fields can be named besides, which nobody lists: what has a prefix of [`OWNERS`].
    of_signals: bool,
}

/// Whose the fields of a signal are: what stands before the field's name, what a filter calls it, and whether its fields are the host's.
const OWNERS: [(&str, Option<&str>, bool); 5] = [
    ("Signal", None, true),
    ("Account", Some("account"), true),
    ("Visitor", Some("visitor"), true),
    ("Company", Some("company"), false),
    ("Contact", Some("contact"), false),
];
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
        Some(Self { known, left_out, of_signals: false })
    }

    /// What can be asked of signals: what these are known to say, and the fields of companies and contacts. `signals`: some, as the API tells
    /// them.
    pub fn of_signals(companies: Self, contacts: Self, signals: &str) -> Self {
        let mut names: BTreeSet<(&str, String)> = BTreeSet::new();
        let signals: Vec<serde_json::Value> = json::parse(signals).unwrap_or_default();
        for signal in &signals {
            for (owner, path) in
                [("Signal", "/fields"), ("Account", "/account/fields"), ("Visitor", "/visitor/fields")]
            {
                let fields =
                    signal.pointer(path).and_then(serde_json::Value::as_object).into_iter().flatten();
                names.extend(fields.map(|(name, _)| (owner, name.clone())));
            }
        }
        let usual = USUAL.iter().map(|(owner, name)| (*owner, (*name).to_owned()));
        let said: Vec<(&str, String)> = usual
            .clone()
            .chain(names.into_iter().filter(|one| !usual.clone().any(|own| own == *one)))
            .collect();
        let mut known = Vec::new();
        for (owner, of, is_free) in OWNERS {
            if is_free {
                let own = said.iter().filter(|(whose, _)| *whose == owner);
                known.extend(own.map(|(_, name)| Known::free(owner, of, name)));
            }
        }
        let left_out = companies.left_out + contacts.left_out;
        for (own, (owner, of, _)) in [companies, contacts].into_iter().zip(OWNERS.into_iter().skip(3)) {
            known.extend(own.known.into_iter().map(|field| Known {
                words: format!("{owner}: {}", field.words),
                of,
                ..field
            }));
        }
        Self { known, left_out, of_signals: true }
    }

    /// By its name or by what it is called here.
    pub(in crate::console::fill) fn find(&self, text: &str) -> Option<Cow<'_, Known>> {
        let text = text.trim();
        let is_named = |field: &&Known| !self.of_signals && field.name == text;
        let known = self.known.iter().find(is_named);
        let known = known.or_else(|| self.known.iter().find(|field| field.words.eq_ignore_ascii_case(text)));
        known.map(Cow::Borrowed).or_else(|| {
            let (owner, name) = text.split_once(':').filter(|_| self.of_signals)?;
            let named =
                |(own, _, is_free): &(&str, _, bool)| *is_free && own.eq_ignore_ascii_case(owner.trim());
            let (owner, of, _) = OWNERS.into_iter().find(named)?;
            Some(name.trim())
                .filter(|name| !name.is_empty())
                .map(|name| Cow::Owned(Known::free(owner, of, name)))
        })
    }

    /// What a filter calls so; `of` as it says it.
    pub(super) fn named(&self, of: Option<&str>, name: &str) -> Option<Cow<'_, Known>> {
        let known = self.known.iter().find(|field| field.of == of && field.name == name);
        known.map(Cow::Borrowed).or_else(|| {
            let named = |(_, own, is_free): &(_, Option<&str>, bool)| *is_free && *own == of;
            let (owner, of, _) = OWNERS.into_iter().find(named).filter(|_| self.of_signals)?;
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
