//! What is known of a run's record and of what belongs to it, by the words that filters and templates use.

use std::collections::BTreeMap;

use crate::{
    engine::action_step::{Known, Vocabulary},
    values::{
        filter::Values,
        ids::{ObjectType, RecordId},
        time::Timestamp,
    },
};

/// What a condition's `of` may be, besides `event` and nothing.
pub(super) const SUBJECTS: [&str; 3] = ["contact", "company", "deal"];

/// What the steps of a workflow may name, and mean where they do not say. `record` is the type of its trigger's records.
pub const fn vocabulary(record: ObjectType) -> Vocabulary {
    Vocabulary {
        happening: "event",
        hosts: &[],
        records: &[
            ("contact", ObjectType::Contacts),
            ("company", ObjectType::Companies),
            ("deal", ObjectType::Deals),
        ],
        record: Some(record),
        domain: "{{event.domain}}",
        company_name: None,
        email: "{{event.email}}",
        is_company: "There is such a company:",
        is_contact: "There is such a contact:",
    }
}

/// The type of HubSpot's records that a condition's `of` stands for in a workflow of such records; `None`: it is the event's.
pub fn of_subject(of: Option<&str>, record: ObjectType) -> Option<ObjectType> {
    match of {
        None => Some(record),
        Some("contact") => Some(ObjectType::Contacts),
        Some("company") => Some(ObjectType::Companies),
        Some("deal") => Some(ObjectType::Deals),
        Some(_) => None,
    }
}

type Texts = BTreeMap<String, String>;

/// A run's event, its record and what belongs to that.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    event: Texts,
    /// The record itself, where it is no contact, company or deal, and those, by their word.
    records: BTreeMap<&'static str, Texts>,
    /// The word of the record itself.
    own: &'static str,
    /// When the run was begun: the event's moment, where there is one.
    pub at: Timestamp,
}

impl Facts {
    /// Of a run of records of that type, with nothing known of any. `event`: [`super::Event::named`].
    pub fn new(record: ObjectType, event: Texts, at: Timestamp) -> Self {
        Self { event, own: word(record), at, records: BTreeMap::new() }
    }

    /// Adds a record and what is known of it: the run's own, or the contact, company or deal that belongs to it. Of a type that is none of
    /// these only the run's own has a word. It is called by its id also where nothing else is known.
    pub fn set(&mut self, kind: ObjectType, id: RecordId, mut values: Texts) {
        values.insert("hs_object_id".to_owned(), id.to_string());
        self.records.insert(word(kind), values);
    }

    /// Whether there is a record of a type.
    pub fn has(&self, kind: ObjectType) -> bool {
        self.records.contains_key(word(kind))
    }

    fn of(&self, of: &str) -> Option<&Texts> {
        match of {
            "event" => Some(&self.event),
            "record" => self.records.get(self.own),
            _ => self.records.get(of).filter(|_| SUBJECTS.contains(&of)),
        }
    }
}

/// Under what a record of a type is kept.
const fn word(kind: ObjectType) -> &'static str {
    match kind {
        ObjectType::Contacts => "contact",
        ObjectType::Companies => "company",
        ObjectType::Deals => "deal",
        ObjectType::Tasks | ObjectType::Calls | ObjectType::Notes | ObjectType::Custom(_) => "",
    }
}

impl Values for Facts {
    fn value(&self, of: Option<&str>, property: &str) -> Option<&str> {
        self.of(of.unwrap_or("record"))?.get(property).map(String::as_str)
    }
}

impl Known for Facts {
    fn fact(&self, word: &str, name: &str) -> Option<&str> {
        let name = if name == "id" && word != "event" { "hs_object_id" } else { name };
        self.value(Some(word), name).filter(|value| !value.is_empty())
    }

    fn at(&self) -> Timestamp {
        self.at
    }
}
