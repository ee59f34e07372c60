//! Custom objects: which types of record an account has defined itself (schemas API, SPEC `CRM/Schemas`, 2026-09). Only read here.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    hubspot::{Malformed, VERSION, json, objects},
    values::{http::Request, ids::ObjectType},
};

/// A custom object; as JSON also how it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// Its type.
    pub object_type: ObjectType,
    /// What its account calls it in APIs: unique there, and may be the same in another account.
    pub name: String,
    /// With the account's number: unique everywhere.
    pub fully_qualified_name: String,
    /// What people call several of them; the name if HubSpot sends nothing.
    pub label: String,
}

/// All of them, not paged: HubSpot allows an account a few dozen. Read with the scope for custom objects' records.
pub fn list() -> Request {
    objects::get(format!(
        "/crm-object-schemas/{VERSION}/schemas?includePropertyDefinitions=false&includeAssociationDefinitions=false&includeAuditMetadata=false"
    ))
}

/// Reads them. Archived ones, and what is no custom object, are left out.
pub fn parse(body: &[u8]) -> Result<Vec<Schema>, Malformed> {
    const EXPECTED: Malformed = Malformed("a list of custom objects");
    let value: Value = serde_json::from_slice(body).map_err(|_| EXPECTED)?;
    let results = value.get("results").and_then(Value::as_array).ok_or(EXPECTED)?;
    Ok(results.iter().filter(|entry| !json::flag(entry, "archived")).filter_map(schema).collect())
}

fn schema(entry: &Value) -> Option<Schema> {
    let object_type = json::text(entry, "objectTypeId").and_then(ObjectType::of_hubspot_id)?;
    let ObjectType::Custom(_) = object_type else { return None };
    let name = json::text(entry, "name").filter(|name| !name.is_empty())?;
    let label = entry.get("labels").and_then(|labels| json::text(labels, "plural"));
    Some(Schema {
        object_type,
        name: name.to_owned(),
        fully_qualified_name: json::text(entry, "fullyQualifiedName").unwrap_or(name).to_owned(),
        label: label.filter(|label| !label.trim().is_empty()).unwrap_or(name).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_objects_are_read_with_what_people_call_them() {
        let body = br#"{"results":[
            {"objectTypeId":"2-77","name":"cars","fullyQualifiedName":"p33_cars","labels":{"singular":"Car","plural":"Cars"}},
            {"objectTypeId":"2-78","name":"boats","labels":{"plural":" "}},
            {"objectTypeId":"2-79","name":"planes","archived":true},
            {"objectTypeId":"0-5","name":"tickets"},{"objectTypeId":"2-80"},7]}"#;
        let schema = |number, name: &str, full: &str, label: &str| Schema {
            object_type: ObjectType::Custom(number),
            name: name.to_owned(),
            fully_qualified_name: full.to_owned(),
            label: label.to_owned(),
        };
        let expected = [schema(77, "cars", "p33_cars", "Cars"), schema(78, "boats", "boats", "boats")];
        assert_eq!(parse(body).unwrap(), expected);
        assert!(parse(b"{}").is_err() && parse(b"[]").is_err() && parse(b"<html>").is_err());
    }
}
