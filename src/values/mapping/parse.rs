//! A mapping as JSON: read with every fault and its place, written back.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Entry, HostType, MAX_DEPTH, MAX_ENTRIES, MAX_PATH, MAX_TEXT, MAX_VALUES, Mapping, Source};
use crate::values::{
    filter::{Code, Fault, MAX_NAME},
    property_value::Nature,
};

const KEYS: [&str; 7] = ["field", "from", "type", "constant", "default", "only_if_empty", "drop_if_refused"];

impl Mapping {
    /// Reads a definition. Paths of the faults are relative to it.
    pub fn parse(value: &Value) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mapping = read(value, &mut faults);
        mapping.filter(|_| faults.is_empty()).ok_or(faults)
    }

    /// The definition as JSON.
    pub fn to_json(&self) -> Value {
        json!({ "entries": self.entries.iter().map(Entry::to_json).collect::<Vec<_>>() })
    }

    /// The same mapping, with what its fields were when it was saved, entry by entry.
    #[must_use]
    pub fn saved_with(mut self, natures: &[Option<Nature>]) -> Self {
        for (entry, nature) in self.entries.iter_mut().zip(natures) {
            entry.nature = *nature;
        }
        self
    }

    /// What its fields were when it was saved.
    pub fn natures(&self) -> Vec<Option<Nature>> {
        self.entries.iter().map(|entry| entry.nature).collect()
    }
}

impl Entry {
    /// One entry as JSON.
    pub fn to_json(&self) -> Value {
        let mut entry = json!({ "field": self.field });
        match &self.source {
            Source::Constant(value) => entry["constant"] = value.clone(),
            Source::Host { path, declared, default } => {
                entry["from"] = json!(path);
                if let Some(declared) = declared {
                    entry["type"] = json!(declared);
                }
                if let Some(default) = default {
                    entry["default"] = default.clone();
                }
            }
        }
        for (key, flag) in [("only_if_empty", self.only_if_empty), ("drop_if_refused", self.drop_if_refused)]
        {
            if flag {
                entry[key] = json!(true);
            }
        }
        entry
    }
}

fn fault(path: &str, code: Code, detail: impl Into<String>) -> Fault {
    Fault { path: path.to_owned(), code, detail: detail.into() }
}

fn read(value: &Value, faults: &mut Vec<Fault>) -> Option<Mapping> {
    let Value::Object(members) = value else {
        faults.push(fault("", Code::Shape, "A mapping is an object with \"entries\"."));
        return None;
    };
    only(members, "", &["entries"], faults);
    let entries = members.get("entries").and_then(Value::as_array);
    let Some(entries) = entries.filter(|entries| (1..=MAX_ENTRIES).contains(&entries.len())) else {
        let detail = format!("\"entries\" is a list of 1 to {MAX_ENTRIES} entries.");
        let code = if entries.is_some() { Code::Limit } else { Code::Shape };
        faults.push(fault("/entries", code, detail));
        return None;
    };
    let mut names = BTreeSet::new();
    let mut found = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let path = format!("/entries/{index}");
        let Some(entry) = self::entry(entry, &path, faults) else { continue };
        if !names.insert(entry.field.clone()) {
            let detail = format!("The field `{}` is filled twice.", entry.field);
            faults.push(fault(&format!("{path}/field"), Code::Impossible, detail));
        }
        found.push(entry);
    }
    Some(Mapping { entries: found })
}

fn entry(value: &Value, path: &str, faults: &mut Vec<Fault>) -> Option<Entry> {
    let Value::Object(members) = value else {
        let detail = "An entry is an object with \"field\" and either \"from\" or \"constant\".";
        faults.push(fault(path, Code::Shape, detail));
        return None;
    };
    only(members, path, &KEYS, faults);
    let is_name = |name: &&str| {
        (1..=MAX_NAME).contains(&name.chars().count())
            && !name.chars().any(|one| one.is_control() || one == ' ')
    };
    let field = members.get("field").and_then(Value::as_str).filter(is_name);
    if field.is_none() {
        let detail =
            format!("\"field\" is HubSpot's internal name of a field, of 1 to {MAX_NAME} characters.");
        faults.push(fault(&format!("{path}/field"), Code::Shape, detail));
    }
    let flag = |key: &str, faults: &mut Vec<Fault>| match members.get(key) {
        None => false,
        Some(Value::Bool(flag)) => *flag,
        Some(_) => {
            faults.push(fault(&format!("{path}/{key}"), Code::Shape, format!("\"{key}\" is true or false.")));
            false
        }
    };
    let only_if_empty = flag("only_if_empty", faults);
    let drop_if_refused = flag("drop_if_refused", faults);
    let source = source(members, path, faults);
    Some(Entry { field: field?.to_owned(), source: source?, nature: None, only_if_empty, drop_if_refused })
}

fn source(members: &Map<String, Value>, path: &str, faults: &mut Vec<Fault>) -> Option<Source> {
    match (members.get("from"), members.get("constant")) {
        (Some(from), None) => {
            let text = from.as_str().filter(|text| is_path(text));
            if text.is_none() {
                let detail = format!(
                    "\"from\" is a name of the host's, or up to {MAX_DEPTH} parted by points, as \"account.plan\": {MAX_PATH} characters at most."
                );
                faults.push(fault(&format!("{path}/from"), Code::Shape, detail));
            }
            let declared = members.get("type").map(|value| declared(value, path, faults));
            let default = members.get("default").map(|value| own(value, path, "default", faults));
            Some(Source::Host {
                path: text?.to_owned(),
                declared: declared.flatten(),
                default: default.flatten(),
            })
        }
        (None, Some(constant)) => {
            for key in ["type", "default"].iter().filter(|key| members.contains_key(**key)) {
                let detail = format!("A constant is always there: \"{key}\" has no meaning beside it.");
                faults.push(fault(&format!("{path}/{key}"), Code::Shape, detail));
            }
            own(constant, path, "constant", faults).map(Source::Constant)
        }
        (Some(_), Some(_)) | (None, None) => {
            faults.push(fault(path, Code::Shape, "An entry has either \"from\" or \"constant\"."));
            None
        }
    }
}

fn is_path(text: &str) -> bool {
    let parts = text.split('.');
    text.chars().count() <= MAX_PATH
        && !text.chars().any(char::is_control)
        && parts.clone().count() <= MAX_DEPTH
        && parts.into_iter().all(|part| !part.trim().is_empty())
}

fn declared(value: &Value, path: &str, faults: &mut Vec<Fault>) -> Option<HostType> {
    let found = HostType::ALL.into_iter().find(|kind| value.as_str() == Some(kind.as_str()));
    if found.is_none() {
        let names = HostType::ALL.map(HostType::as_str).join(", ");
        faults.push(fault(&format!("{path}/type"), Code::Shape, format!("\"type\" is one of {names}.")));
    }
    found
}

/// A value that the definition itself holds: never nothing, for what clears a field is the host's to send.
fn own(value: &Value, path: &str, key: &str, faults: &mut Vec<Fault>) -> Option<Value> {
    let scalar = |value: &Value| match value {
        Value::String(text) => (1..=MAX_TEXT).contains(&text.chars().count()),
        Value::Bool(_) | Value::Number(_) => true,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    };
    let good = match value {
        Value::Array(items) => (1..=MAX_VALUES).contains(&items.len()) && items.iter().all(scalar),
        other => scalar(other),
    };
    if !good {
        let detail = format!(
            "\"{key}\" is a text of 1 to {MAX_TEXT} characters, a number, true or false, or a list of 1 to {MAX_VALUES} such."
        );
        faults.push(fault(&format!("{path}/{key}"), Code::Shape, detail));
    }
    good.then(|| value.clone())
}

/// Refuses other keys, so that a misspelt one is not silently without effect.
fn only(members: &Map<String, Value>, path: &str, known: &[&str], faults: &mut Vec<Fault>) {
    if let Some(key) = members.keys().find(|key| !known.contains(&key.as_str())) {
        let key: String = key.chars().take(40).collect();
        let detail = format!("There is no \"{key}\" here, only {}.", known.join(", "));
        faults.push(fault(path, Code::Shape, detail));
    }
}
