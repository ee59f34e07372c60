//! The fields and lists that the form of a channel proposes, and how they are called there.

use std::borrow::Cow;

use serde::Deserialize;

use crate::{
    console::{channel_form::ListLine, channels::one_or_more, fill::fields::Mirrored, words::number},
    values::{
        filter::{self, Kind},
        json,
    },
};

/// The fields of a type that channels can read.
#[derive(Debug, Default)]
pub struct Catalog {
    pub(super) known: Vec<Known>,
    pub(super) left_out: usize,
}

#[derive(Debug, Deserialize)]
pub(super) struct Known {
    pub(super) name: String,
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
    pub(super) words: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
}

impl Known {
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
        Some(Self { known, left_out })
    }

    /// By its name or by what it is called here.
    pub(super) fn find(&self, text: &str) -> Option<&Known> {
        let text = text.trim();
        let named = self.known.iter().find(|field| field.name == text);
        named.or_else(|| self.known.iter().find(|field| field.words.eq_ignore_ascii_case(text)))
    }

    /// What a field is called here; of an unknown one its name.
    pub(super) fn words<'a>(&'a self, name: &'a str) -> &'a str {
        self.find(name).map_or(name, |field| &field.words)
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
    fn field(&self, _of: Option<&str>, name: &str) -> Option<filter::Field<'_>> {
        let found = self.known.iter().find(|field| field.name == name)?;
        Some(filter::Field {
            label: &found.label,
            value_type: &found.value_type,
            field_type: &found.field_type,
            options: found.options.iter().map(|one| (one.value.as_str(), one.label.as_str())).collect(),
        })
    }
}

/// The lists of a type, as `GET …/lists` tells them; the chosen one first, then by name.
pub fn lists(told: &str, object_type: &str, chosen: &str) -> Vec<ListLine> {
    #[derive(Deserialize)]
    struct Told<'a> {
        #[serde(borrow)]
        results: Vec<List<'a>>,
    }
    #[derive(Deserialize)]
    struct List<'a> {
        id: Cow<'a, str>,
        name: Cow<'a, str>,
        object_type: Option<Cow<'a, str>>,
        processing_type: Cow<'a, str>,
        size: Option<u64>,
    }
    let mut lists = json::parse::<Told<'_>>(told).map(|told| told.results).unwrap_or_default();
    lists.retain(|list| list.object_type.as_deref() == Some(object_type));
    lists.sort_by_cached_key(|list| (list.id != chosen, list.name.to_lowercase()));
    let line = |list: List<'_>| {
        let size = list.size.map_or_else(
            || "size unknown".to_owned(),
            |size| format!("{} {}", number(size), one_or_more(object_type, size)),
        );
        let kind = match list.processing_type.as_ref() {
            "dynamic" => "changes by itself",
            "snapshot" => "filled once",
            _ => "filled by hand",
        };
        ListLine {
            id: list.id.into_owned(), name: list.name.into_owned(), words: format!("{size} · {kind}")
        }
    };
    lists.into_iter().map(line).collect()
}
