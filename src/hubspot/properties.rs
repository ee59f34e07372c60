//! Property definitions: which fields a type has (`hubspot-api.md` 5).

use serde::Serialize;
use serde_json::Value;

use crate::{
    hubspot::{Fault, Issue, Malformed, VERSION, json, objects::post},
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

/// Most bytes of one property's options that are kept: a few thousand. A longer list is left out, and said to be.
pub const OPTIONS_BYTES: usize = 300_000;

/// One of the values an enumeration may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The value, as records hold it.
    pub value: String,
    /// What people see.
    pub label: String,
    /// Whether HubSpot's own pages hide it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

/// One property's definition; as JSON in the API's shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Property {
    /// Internal name, unique in its type; never changes.
    pub name: String,
    /// What people see; the name if HubSpot sends none.
    pub label: String,
    /// What its values are.
    #[serde(rename = "type", serialize_with = "by_name")]
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
    #[serde(rename = "unique")]
    pub has_unique_value: bool,
    /// Whether HubSpot's own pages hide it.
    pub hidden: bool,
    /// What an enumeration may be, in HubSpot's order; empty for other types.
    pub options: Vec<Choice>,
    /// The options were more than [`OPTIONS_BYTES`] and are left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub options_left_out: bool,
    /// What its values name, if records of another kind: `OWNER`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referenced_object_type: Option<String>,
}

fn by_name<S: serde::Serializer>(value_type: &ValueType, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(value_type.as_str())
}

impl Property {
    /// Its type and how HubSpot shows it, which together say how to treat its values: `enumeration/select`.
    pub fn shape(&self) -> String {
        format!("{}/{}", self.value_type.as_str(), self.field_type)
    }
}

/// The options of a definition; `None` if they are too many to be kept.
fn options(entry: &Value) -> Option<Vec<Choice>> {
    let mut bytes = 0;
    let mut choices = Vec::new();
    for option in entry.get("options").and_then(Value::as_array).into_iter().flatten() {
        let Some(value) = json::text(option, "value") else { continue };
        let label = json::text(option, "label").unwrap_or(value);
        bytes += value.len() + label.len();
        choices.push(Choice {
            value: value.to_owned(),
            label: label.to_owned(),
            hidden: json::flag(option, "hidden"),
        });
    }
    (bytes <= OPTIONS_BYTES).then_some(choices)
}

/// All property definitions of a type; not paged. Sensitive properties are not among them.
pub fn list(kind: ObjectType) -> Request {
    let path = format!("/crm/properties/{VERSION}/{kind}");
    Request { method: Method::Get, path, bearer: None, body: Body::Empty }
}

/// `POST /crm/properties/…/{type}/groups`. Of a name that exists already HubSpot says so with a 409.
pub fn create_group(kind: ObjectType, name: &str, label: &str) -> Request {
    let body = serde_json::json!({ "name": name, "label": label });
    post(format!("/crm/properties/{VERSION}/{kind}/groups"), &body)
}

/// `POST /crm/properties/…/{type}`, likewise.
pub fn create(kind: ObjectType, definition: &Value) -> Request {
    post(format!("/crm/properties/{VERSION}/{kind}"), definition)
}

/// `PATCH /crm/properties/…/{type}/groups/{name}`: another label.
pub fn rename_group(kind: ObjectType, name: &str, label: &str) -> Request {
    patch(format!("/crm/properties/{VERSION}/{kind}/groups/{name}"), &serde_json::json!({ "label": label }))
}

/// `PATCH /crm/properties/…/{type}/{name}`: what is named changes, the rest stays. Options are replaced whole.
pub fn update(kind: ObjectType, name: &str, changes: &Value) -> Request {
    patch(format!("/crm/properties/{VERSION}/{kind}/{name}"), changes)
}

/// `DELETE /crm/properties/…/{type}/{name}`: archives it. A property that HubSpot's own tools use is refused.
pub fn archive(kind: ObjectType, name: &str) -> Request {
    let path = format!("/crm/properties/{VERSION}/{kind}/{name}");
    Request { method: Method::Delete, path, bearer: None, body: Body::Empty }
}

fn patch(path: String, body: &Value) -> Request {
    Request { method: Method::Patch, path, bearer: None, body: Body::Json(body.to_string()) }
}

/// Reads the answer to making or changing a property or a group: a page that stands in its place has made nothing.
pub fn parse_defined(body: &[u8]) -> Result<(), Malformed> {
    const EXPECTED: Malformed = Malformed("the definition of a property or a group");
    let value: Value = serde_json::from_slice(body).map_err(|_| EXPECTED)?;
    json::text(&value, "name").map(drop).ok_or(EXPECTED)
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
        let options = options(entry);
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
            options_left_out: options.is_none(),
            options: options.unwrap_or_default(),
            referenced_object_type: json::text(entry, "referencedObjectType").map(str::to_owned),
        });
    }
    Ok((properties, issues))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_no_definition() {
        assert_eq!(parse_defined(br#"{"name":"vip","label":"VIP"}"#), Ok(()));
        for body in ["", "<html></html>", r#"{"name":"vi"#, "{}", "[]"] {
            assert!(parse_defined(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn endless_options_are_left_out_and_said_to_be() {
        let options: Vec<Value> = (0..OPTIONS_BYTES / 40)
            .map(|number| serde_json::json!({ "value": format!("{number:040}") }))
            .collect();
        let body = serde_json::json!({ "results": [{ "name": "many", "options": options }] }).to_string();
        let (properties, _) = parse(body.as_bytes()).unwrap();
        assert!(properties[0].options.is_empty() && properties[0].options_left_out);
    }

    #[test]
    fn definitions_are_read_and_unknown_types_are_kept() {
        let body = br#"{"results":[
            {"name":"email","label":"Email","type":"string","fieldType":"text","groupName":"contactinformation",
             "hubspotDefined":true,"modificationMetadata":{"archivable":true,"readOnlyDefinition":true,"readOnlyValue":false}},
            {"name":"hs_object_id","label":"","type":"quantum","calculated":true,
             "modificationMetadata":{"readOnlyValue":true}},
            {"name":"stage","type":"enumeration","fieldType":"select","hasUniqueValue":false,
             "options":[{"label":"Won","value":"won","hidden":false},{"value":"lost","hidden":true},{"label":"None"}]},
            {"name":"old","archived":true},
            {"label":"nameless"}, 7]}"#;
        let (properties, issues) = parse(body).unwrap();
        let [email, id, stage] = &properties[..] else { panic!("{properties:?}") };
        assert_eq!((email.name.as_str(), &email.value_type), ("email", &ValueType::String));
        assert!(email.hubspot_defined && !email.read_only && !email.calculated);
        assert_eq!(id.value_type, ValueType::Other("quantum".to_owned()));
        assert_eq!(id.label, "hs_object_id");
        assert!(id.read_only && id.calculated);
        assert_eq!(issues.iter().map(|issue| issue.fault).collect::<Vec<_>>(), [Fault::Name, Fault::Shape]);
        let json = serde_json::to_value(stage).unwrap();
        assert_eq!((&json["type"], stage.shape().as_str()), (&"enumeration".into(), "enumeration/select"));
        assert_eq!(
            json["options"],
            serde_json::json!([{ "value": "won", "label": "Won" }, { "value": "lost", "label": "lost", "hidden": true }])
        );
        assert!(parse(b"<html>").is_err());
        assert!(parse(b"{}").is_err());
    }
}
