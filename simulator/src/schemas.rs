//! Custom objects: what an account calls its own types of record (SPEC of the schemas API, 2026-09). Owns an account's
//! definitions; their properties are those of [`crate::schema`], their records lie beside all others.
//!
//! HubSpot numbers custom objects over all accounts. Here there are as many as [`CUSTOM`] has, the same numbers in every account.
//! HubSpot's API reads them; they are made and deleted by the control API, as people do in HubSpot's settings.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::http::{Request, Response};
use crate::objects::input::{Selectors, parse_bool};
use crate::objects::kind::{CUSTOM, ObjectKind};
use crate::portal::{Portal, Turn};
use crate::schema::{Property, Source, ValueType, head_of};
use crate::{Problem, time};

/// One custom object.
#[derive(Debug)]
struct Definition {
    kind: &'static ObjectKind,
    name: String,
    singular: String,
    plural: String,
    created_at: u64,
}

/// An account's custom objects.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    live: BTreeMap<usize, Definition>,
    /// How many there ever were: a number is not given twice.
    made: usize,
}

impl Portal {
    /// Defines a custom object with these own properties, all of them texts; its `objectTypeId`. `None`: the name is taken, or the
    /// simulator has no more of them.
    pub fn define_object(
        &mut self,
        now_ms: u64,
        name: &str,
        [singular, plural]: [&str; 2],
        properties: &[&str],
    ) -> Option<&'static str> {
        if self.custom.live.values().any(|own| own.name == name) {
            return None;
        }
        let kind = CUSTOM.get(self.custom.made)?;
        self.custom.made += 1;
        let definition = Definition {
            kind,
            name: name.to_owned(),
            singular: singular.to_owned(),
            plural: plural.to_owned(),
            created_at: now_ms,
        };
        self.custom.live.insert(kind.place, definition);
        let schema = &mut self.store_mut(kind).0.schema;
        for (place, name) in (0..).zip(properties) {
            schema.add(Property {
                head: head_of(name),
                name: (*name).to_owned(),
                label: (*name).to_owned(),
                value_type: ValueType::String,
                field_type: "text".into(),
                group: "custom_information".into(),
                description: String::new(),
                choices: Vec::new(),
                external_choices: false,
                calculated: false,
                read_only: false,
                hidden: false,
                form_field: true,
                hubspot_defined: false,
                unique: false,
                display_order: place,
                created_at: now_ms,
                updated_at: now_ms,
                archived_at: None,
                source: Source::Stored,
            });
        }
        Some(kind.type_id)
    }

    /// Deletes a custom object, which must have no live records. `false`: there is none, or it has some.
    pub fn delete_object(&mut self, object_type: &str) -> bool {
        let Ok(kind) = self.kind_of(object_type) else { return false };
        self.store(kind).live_count() == 0 && self.custom.live.remove(&kind.place).is_some()
    }

    /// A type of this account, by the name or id used in a path; custom objects by id only.
    pub(crate) fn kind_of(&self, object_type: &str) -> Result<&'static ObjectKind, Problem> {
        let kind = crate::portal::kind_named(object_type)?;
        self.defines(kind).then_some(kind).ok_or_else(|| unknown(object_type))
    }

    /// Whether this account has the type.
    pub(crate) fn defines(&self, kind: &ObjectKind) -> bool {
        !kind.is_custom() || self.custom.live.contains_key(&kind.place)
    }

    fn definition_json(&self, definition: &Definition, with_properties: bool) -> Value {
        let id = definition.kind.type_id;
        let properties = if with_properties {
            let listed = self.store(definition.kind).schema.list_json(false);
            serde_json::from_slice::<Value>(&listed)
                .map_or(Value::Null, |mut listed| listed["results"].take())
        } else {
            json!([])
        };
        json!({
            "id": id,
            "objectTypeId": id,
            "name": definition.name,
            "fullyQualifiedName": format!("p{}_{}", self.portal_id, definition.name),
            "labels": { "singular": definition.singular, "plural": definition.plural },
            "properties": properties,
            "associations": [],
            "requiredProperties": [],
            "searchableProperties": [],
            "secondaryDisplayProperties": [],
            "allowsSensitiveProperties": false,
            "archived": false,
            "createdAt": time::iso(definition.created_at),
            "updatedAt": time::iso(definition.created_at),
        })
    }
}

pub(crate) fn unknown(object_type: &str) -> Problem {
    Problem::validation(format!("Unable to infer object type from: {object_type}"))
}

/// Whether properties are asked for, as they are unless the query says no.
fn with_properties(request: &Request) -> Result<bool, Problem> {
    let mut wanted = true;
    for (name, value) in form_urlencoded::parse(request.query.as_bytes()) {
        if name == "includePropertyDefinitions" {
            wanted = parse_bool(&name, &value)?;
        }
    }
    Ok(wanted)
}

/// `GET /crm-object-schemas/2026-09/schemas`. Those that were deleted are not kept.
pub(crate) fn list(portal: &Portal, _turn: &Turn<'_>, request: &Request) -> Result<Response, Problem> {
    let allowed =
        ["archived", "includeAssociationDefinitions", "includeAuditMetadata", "includePropertyDefinitions"];
    let archived = Selectors::parse(request, &allowed)?.archived;
    let with_properties = with_properties(request)?;
    let all = portal.custom.live.values().filter(|_| !archived);
    let results: Vec<Value> = all.map(|own| portal.definition_json(own, with_properties)).collect();
    Ok(Response::json(200, &json!({ "results": results })))
}

/// `GET /crm-object-schemas/2026-09/schemas/{objectType}`: by id, by name or by fully qualified name.
pub(crate) fn read(portal: &Portal, object_type: &str, request: &Request) -> Result<Response, Problem> {
    let allowed = ["includeAssociationDefinitions", "includeAuditMetadata", "includePropertyDefinitions"];
    Selectors::parse(request, &allowed)?;
    let with_properties = with_properties(request)?;
    let prefix = format!("p{}_", portal.portal_id);
    let name = object_type.strip_prefix(&prefix).unwrap_or(object_type);
    let own = portal.custom.live.values().find(|own| own.name == name || own.kind.type_id == object_type);
    let own = own.ok_or_else(|| unknown(object_type))?;
    Ok(Response::json(200, &portal.definition_json(own, with_properties)))
}
