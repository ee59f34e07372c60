//! Property definitions: which fields a type has (`hubspot-api.md` 5).

use serde_json::Value;

use crate::{
    hubspot::{Fault, Issue, Malformed, VERSION, json},
    values::{
        http::{Body, Method, Request},
        ids::ObjectType,
    },
};

/// What a property's values are, by HubSpot's name. Values themselves stay HubSpot's strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueType {
    /// `string`.
    String,
    /// `number`.
    Number,
    /// `bool`.
    Bool,
    /// `enumeration`.
    Enumeration,
    /// `date`.
    Date,
    /// `datetime`.
    Datetime,
    /// `phone_number`.
    PhoneNumber,
    /// One this build does not know.
    Other(String),
}

impl ValueType {
    /// Reads HubSpot's name; never fails.
    pub fn parse(text: &str) -> Self {
        let known = [
            Self::String,
            Self::Number,
            Self::Bool,
            Self::Enumeration,
            Self::Date,
            Self::Datetime,
            Self::PhoneNumber,
        ];
        known.into_iter().find(|kind| kind.as_str() == text).unwrap_or_else(|| Self::Other(text.to_owned()))
    }

    /// HubSpot's name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Enumeration => "enumeration",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::PhoneNumber => "phone_number",
            Self::Other(text) => text,
        }
    }
}

/// One property's definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Internal name, unique in its type; never changes.
    pub name: String,
    /// What people see; the name if HubSpot sends none.
    pub label: String,
    /// What its values are.
    pub value_type: ValueType,
    /// How HubSpot shows it (`text`, `select`, …).
    pub field_type: String,
    /// Internal name of its group; empty if none.
    pub group: String,
    /// Help text; empty if none.
    pub description: String,
    /// Whether HubSpot computes it.
    pub calculated: bool,
    /// Whether every account has it.
    pub hubspot_defined: bool,
    /// Whether its value cannot be written by API.
    pub read_only: bool,
    /// Whether no two records may share a value.
    pub has_unique_value: bool,
    /// Whether HubSpot's own pages hide it.
    pub hidden: bool,
}

/// All property definitions of a type; not paged. Sensitive properties are not among them.
pub fn list(kind: ObjectType) -> Request {
    let path = format!("/crm/properties/{VERSION}/{}", kind.as_str());
    Request { method: Method::Get, path, bearer: None, body: Body::Empty }
}

/// Reads the definitions. Archived ones are left out.
pub fn parse(body: &[u8]) -> Result<(Vec<Property>, Vec<Issue>), Malformed> {
    const EXPECTED: Malformed = Malformed("a list of property definitions");
    let value: Value = serde_json::from_slice(body).map_err(|_| EXPECTED)?;
    let results = value.get("results").and_then(Value::as_array).ok_or(EXPECTED)?;
    let (mut properties, mut issues) = (Vec::with_capacity(results.len()), Vec::new());
    for (position, entry) in results.iter().enumerate() {
        let Some(name) = json::text(entry, "name").filter(|name| !name.is_empty()) else {
            let fault = if entry.is_object() { Fault::Name } else { Fault::Shape };
            issues.push(Issue { position, id: None, fault });
            continue;
        };
        if json::flag(entry, "archived") {
            continue;
        }
        let text = |field| json::text(entry, field).unwrap_or_default().to_owned();
        properties.push(Property {
            name: name.to_owned(),
            label: json::text(entry, "label").filter(|label| !label.is_empty()).unwrap_or(name).to_owned(),
            value_type: ValueType::parse(json::text(entry, "type").unwrap_or_default()),
            field_type: text("fieldType"),
            group: text("groupName"),
            description: text("description"),
            calculated: json::flag(entry, "calculated"),
            hubspot_defined: json::flag(entry, "hubspotDefined"),
            read_only: entry
                .get("modificationMetadata")
                .is_some_and(|meta| json::flag(meta, "readOnlyValue")),
            has_unique_value: json::flag(entry, "hasUniqueValue"),
            hidden: json::flag(entry, "hidden"),
        });
    }
    Ok((properties, issues))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_read_and_unknown_types_are_kept() {
        let body = br#"{"results":[
            {"name":"email","label":"Email","type":"string","fieldType":"text","groupName":"contactinformation",
             "hubspotDefined":true,"modificationMetadata":{"archivable":true,"readOnlyDefinition":true,"readOnlyValue":false}},
            {"name":"hs_object_id","label":"","type":"quantum","calculated":true,
             "modificationMetadata":{"readOnlyValue":true}},
            {"name":"old","archived":true},
            {"label":"nameless"}, 7]}"#;
        let (properties, issues) = parse(body).unwrap();
        let [email, id] = &properties[..] else { panic!("{properties:?}") };
        assert_eq!((email.name.as_str(), &email.value_type), ("email", &ValueType::String));
        assert!(email.hubspot_defined && !email.read_only && !email.calculated);
        assert_eq!(id.value_type, ValueType::Other("quantum".to_owned()));
        assert_eq!(id.label, "hs_object_id");
        assert!(id.read_only && id.calculated);
        assert_eq!(issues.iter().map(|issue| issue.fault).collect::<Vec<_>>(), [Fault::Name, Fault::Shape]);
        assert!(parse(b"<html>").is_err());
        assert!(parse(b"{}").is_err());
    }
}
