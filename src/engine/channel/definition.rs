//! A channel's definition as JSON: read with every fault and its place, checked against the fields there are, written back.
//!
//! ```json
//! {"name": "Warm leads", "object_type": "contacts", "filter": {"property": "lifecyclestage", …},
//!  "fields": [{"field": "first_name", "property": "firstname", "default": "there"}]}
//! ```
//! `"list": "123"` stands in the place of `filter` where a HubSpot list selects.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Channel, Mapping, Selection};
use crate::values::filter::{self, Code, Fault, Fields, Filter, Use};

/// Characters of a channel's and of a field's name.
pub const MAX_NAME: usize = 100;
/// Fields of a channel. At 100 values of 2,000 bytes a record has 200 KB; few have a tenth of that.
pub const MAX_FIELDS: usize = 100;
/// Characters of a default.
pub const MAX_DEFAULT: usize = 500;

impl Channel {
    /// Reads a definition. Paths of the faults are relative to it.
    pub fn parse(value: &Value) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let channel = read(value, &mut faults);
        channel.filter(|_| faults.is_empty()).ok_or(faults)
    }

    /// The definition as JSON.
    pub fn to_json(&self) -> Value {
        let fields = self.mappings.iter().map(|mapping| {
            let mut field = json!({ "field": mapping.field, "property": mapping.property });
            for (key, value) in [("of", &mapping.of), ("default", &mapping.default)] {
                if let Some(value) = value {
                    field[key] = json!(value);
                }
            }
            field
        });
        let mut channel = json!({
            "name": self.name, "object_type": self.object_type, "fields": fields.collect::<Vec<_>>(),
        });
        match &self.selection {
            Selection::List(list) => channel["list"] = json!(list.to_string()),
            Selection::Filter(filter) => channel["filter"] = json!(filter),
        }
        channel
    }

    /// Everything that is wrong with it for the fields there are; empty if it may be saved.
    pub fn check(&self, fields: &dyn Fields) -> Vec<Fault> {
        let mut faults = match &self.selection {
            Selection::List(_) => Vec::new(),
            Selection::Filter(filter) => within("/filter", filter.check(fields, Use::Selection)),
        };
        for (index, mapping) in self.mappings.iter().enumerate() {
            if fields.field(mapping.of.as_deref(), &mapping.property).is_none() {
                let owner = mapping.of.as_deref().map(|of| format!(" of {of}")).unwrap_or_default();
                let detail = format!(
                    "There is no field `{}`{owner} in HubSpot. Refresh the fields or choose another.",
                    mapping.property
                );
                faults.push(fault(&format!("/fields/{index}/property"), Code::UnknownField, detail));
            }
        }
        faults
    }
}

fn fault(path: &str, code: Code, detail: impl Into<String>) -> Fault {
    Fault { path: path.to_owned(), code, detail: detail.into() }
}

fn within(path: &str, faults: Vec<Fault>) -> Vec<Fault> {
    faults.into_iter().map(|fault| Fault { path: format!("{path}{}", fault.path), ..fault }).collect()
}

fn read(value: &Value, faults: &mut Vec<Fault>) -> Option<Channel> {
    let Value::Object(entries) = value else {
        faults.push(fault("", Code::Shape, "A channel is an object with a name, an object type and fields."));
        return None;
    };
    only(entries, "", &["name", "object_type", "list", "filter", "fields"], faults);
    let name = text(entries, "", "name", MAX_NAME, faults);
    let object_type = entries.get("object_type").and_then(Value::as_str).and_then(|kind| kind.parse().ok());
    if object_type.is_none() {
        let detail =
            "\"object_type\" is contacts, companies, deals, or another type that this connection mirrors.";
        faults.push(fault("/object_type", Code::Shape, detail));
    }
    let selection = selection(entries, faults);
    let mappings = mappings(entries, faults);
    Some(Channel { name: name?, object_type: object_type?, selection: selection?, mappings: mappings? })
}

fn selection(entries: &Map<String, Value>, faults: &mut Vec<Fault>) -> Option<Selection> {
    match (entries.get("list"), entries.get("filter")) {
        (Some(list), None) => {
            let list = list.as_str().and_then(|list| list.parse().ok());
            if list.is_none() {
                faults.push(fault("/list", Code::Shape, "\"list\" is the id of a HubSpot list, in quotes."));
            }
            list.map(Selection::List)
        }
        (None, Some(filter)) => match Filter::from_value(filter) {
            Ok(filter) => Some(Selection::Filter(filter)),
            Err(found) => {
                faults.extend(within("/filter", found));
                None
            }
        },
        (None, None) | (Some(_), Some(_)) => {
            faults.push(fault(
                "",
                Code::Shape,
                "A channel selects by \"list\" or by \"filter\": one of the two.",
            ));
            None
        }
    }
}

fn mappings(entries: &Map<String, Value>, faults: &mut Vec<Fault>) -> Option<Vec<Mapping>> {
    let Some(items) = entries.get("fields").and_then(Value::as_array).filter(|items| !items.is_empty())
    else {
        faults.push(fault("/fields", Code::Shape, "\"fields\" is a list of at least one field."));
        return None;
    };
    if items.len() > MAX_FIELDS {
        faults.push(fault("/fields", Code::Limit, format!("A channel has at most {MAX_FIELDS} fields.")));
        return None;
    }
    let mut names = BTreeSet::new();
    let mut mappings = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let path = format!("/fields/{index}");
        let Value::Object(entries) = item else {
            faults.push(fault(&path, Code::Shape, "A field is an object with \"field\" and \"property\"."));
            continue;
        };
        only(entries, &path, &["field", "of", "property", "default"], faults);
        let field = text(entries, &path, "field", MAX_NAME, faults);
        let property = text(entries, &path, "property", filter::MAX_NAME, faults);
        let mut optional = |key: &str, most: usize| {
            entries.contains_key(key).then(|| text(entries, &path, key, most, faults)).flatten()
        };
        let (of, default) = (optional("of", MAX_NAME), optional("default", MAX_DEFAULT));
        let (Some(field), Some(property)) = (field, property) else { continue };
        if !names.insert(field.clone()) {
            let detail = format!("The host's field `{field}` is mapped twice.");
            faults.push(fault(&format!("{path}/field"), Code::Impossible, detail));
        }
        mappings.push(Mapping { field, of, property, default });
    }
    Some(mappings)
}

/// Refuses other keys, so that a misspelt one is not silently without effect.
fn only(entries: &Map<String, Value>, path: &str, known: &[&str], faults: &mut Vec<Fault>) {
    if let Some(key) = entries.keys().find(|key| !known.contains(&key.as_str())) {
        let key: String = key.chars().take(40).collect();
        faults.push(fault(
            path,
            Code::Shape,
            format!("There is no \"{key}\" here, only {}.", known.join(", ")),
        ));
    }
}

/// A text of 1 to `most` characters without control characters.
fn text(
    entries: &Map<String, Value>,
    path: &str,
    key: &str,
    most: usize,
    faults: &mut Vec<Fault>,
) -> Option<String> {
    let fits =
        |text: &&str| (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    let text = entries.get(key).and_then(Value::as_str).filter(fits);
    if text.is_none() {
        let detail = format!("\"{key}\" is a text of 1 to {most} characters on one line.");
        faults.push(fault(&format!("{path}/{key}"), Code::Shape, detail));
    }
    text.map(str::to_owned)
}
