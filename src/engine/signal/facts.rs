//! What is known of a signal and of whom it is about, by the names that filters and templates use.

use std::collections::BTreeMap;

use super::Signal;
use crate::{
    engine::action_step::Known,
    values::{filter::Values, ids::RecordId, time::Timestamp},
};

/// A signal with the records it was matched with.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    own: BTreeMap<String, String>,
    account: BTreeMap<String, String>,
    visitor: BTreeMap<String, String>,
    company: BTreeMap<String, String>,
    contact: BTreeMap<String, String>,
    /// When the signal happened.
    pub at: Timestamp,
}

fn texts(value: Option<&serde_json::Value>) -> BTreeMap<String, String> {
    let entries = value.and_then(serde_json::Value::as_object).into_iter().flatten();
    entries.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

impl Facts {
    /// Of a signal, with nothing of HubSpot's.
    pub fn of(signal: &Signal) -> Self {
        let data = signal.data();
        Self {
            own: texts(data.get("signal")),
            account: texts(data.get("account")),
            visitor: texts(data.get("visitor")),
            at: signal.at,
            ..Self::default()
        }
    }

    /// Adds the company and what is known of it; it is called by its id also where nothing else is known.
    pub fn set_company(&mut self, id: RecordId, values: BTreeMap<String, String>) {
        self.company = values;
        self.company.insert("hs_object_id".to_owned(), id.to_string());
    }

    /// The same of the contact.
    pub fn set_contact(&mut self, id: RecordId, values: BTreeMap<String, String>) {
        self.contact = values;
        self.contact.insert("hs_object_id".to_owned(), id.to_string());
    }
}

impl Known for Facts {
    fn fact(&self, of: &str, name: &str) -> Option<&str> {
        match (of, name) {
            ("signal", _) => self.value(None, name),
            ("company" | "contact", "id") => self.value(Some(of), "hs_object_id"),
            ("account" | "visitor" | "company" | "contact", _) => self.value(Some(of), name),
            _ => None,
        }
        .filter(|value| !value.is_empty())
    }

    fn at(&self) -> Timestamp {
        self.at
    }
}

impl Values for Facts {
    fn value(&self, of: Option<&str>, property: &str) -> Option<&str> {
        let values = match of {
            None => &self.own,
            Some("account") => &self.account,
            Some("visitor") => &self.visitor,
            Some("company") => &self.company,
            Some("contact") => &self.contact,
            Some(_) => return None,
        };
        values.get(property).map(String::as_str)
    }
}
