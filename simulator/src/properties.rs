//! The properties API: definitions and groups (`hubspot-api.md` 5). Owns nothing; definitions live in
//! [`crate::schema`].

use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::{Request, Response};
use crate::objects::input::{self, Inputs, check_batch_size, parse_bool};
use crate::objects::kind::ObjectKind;
use crate::objects::list::batch_answer;
use crate::objects::store::Store;
use crate::portal::{Portal, Turn};
use crate::schema::{CUSTOM_LIMIT, Choice, Group, Property, Source, ValueType, head_of};
use crate::switches::PropertyCreation;
use crate::{Endpoint, Problem};

/// Longest name. Unconfirmed for CRM properties, see `hubspot-api.md` 5.
const NAME_LIMIT: usize = 100;
/// Most unique properties of one object type. Source: same.
const UNIQUE_LIMIT: usize = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct New {
    name: String,
    label: String,
    r#type: ValueType,
    field_type: String,
    group_name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    options: Vec<Choice>,
    #[serde(default = "after_all")]
    display_order: i32,
    #[serde(default)]
    has_unique_value: bool,
    #[serde(default)]
    hidden: bool,
    #[serde(default)]
    form_field: bool,
    #[serde(default)]
    external_options: bool,
    #[serde(default)]
    data_sensitivity: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Update {
    label: Option<String>,
    r#type: Option<ValueType>,
    field_type: Option<String>,
    group_name: Option<String>,
    description: Option<String>,
    options: Option<Vec<Choice>>,
    display_order: Option<i32>,
    hidden: Option<bool>,
    form_field: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct BatchRead {
    inputs: Vec<Name>,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    data_sensitivity: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct NewGroup {
    name: String,
    label: String,
    #[serde(default = "after_all")]
    display_order: i32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct GroupUpdate {
    label: Option<String>,
    display_order: Option<i32>,
}

fn after_all() -> i32 {
    -1
}

/// Answers every endpoint of the properties API.
pub(crate) fn handle(
    portal: &mut Portal,
    turn: &Turn<'_>,
    kind: &ObjectKind,
    endpoint: Endpoint,
    name: &str,
    request: &Request,
) -> Result<Response, Problem> {
    use Endpoint as E;
    let now_ms = turn.now_ms;
    let archived = archived(request)?;
    let (store, _) = portal.store_mut(kind);
    match endpoint {
        E::PropertyList | E::PropertyRead | E::PropertyBatchRead | E::GroupList | E::GroupRead => {}
        _ => turn.allow_property_settings()?,
    }
    if matches!(endpoint, E::PropertyCreate | E::PropertyBatchCreate | E::GroupCreate) {
        match turn.switches.property_creation {
            PropertyCreation::Allowed => {}
            PropertyCreation::Forbidden => return Err(Problem::no_permission("create properties")),
            PropertyCreation::Exhausted => return Err(no_more_properties(0)),
        }
    }
    let archives = matches!(endpoint, E::PropertyArchive | E::PropertyBatchArchive);
    if archives && turn.switches.properties_in_use {
        return Err(Problem::validation("The property is used and cannot be archived.".to_owned()));
    }
    match endpoint {
        E::PropertyList if turn.viewer.is_none() => Ok(ok(200, store.schema.list_json(archived))),
        E::PropertyList => {
            let all = store.schema.iter().map(|(_, own)| own);
            let shown =
                all.filter(|own| own.archived_at.is_some() == archived && turn.defines(kind, &own.name));
            let results = joined(&shown.collect::<Vec<_>>());
            Ok(ok(200, [b"{\"results\":".as_slice(), &results, b"}"].concat()))
        }
        E::PropertyRead => {
            let fits = |own: &Property| own.name == name && own.archived_at.is_some() == archived;
            let (_, property) = store
                .schema
                .iter()
                .find(|(_, property)| fits(property) && turn.defines(kind, name))
                .ok_or_else(|| unknown_property(name))?;
            Ok(one(200, property))
        }
        E::PropertyCreate => {
            let new: New = input::json(request)?;
            let name = create(store, now_ms, new)?;
            Ok(one(201, live(store, &name)?))
        }
        E::PropertyUpdate => {
            let update: Update = input::json(request)?;
            change(store, now_ms, name, update)?;
            Ok(one(200, live(store, name)?))
        }
        E::PropertyArchive => {
            archive(store, now_ms, name)?;
            Ok(Response { status: 204, ..Response::default() })
        }
        E::PropertyBatchRead => {
            let batch: BatchRead = input::json(request)?;
            check_batch_size(batch.inputs.len())?;
            check_sensitivity(batch.data_sensitivity.as_deref())?;
            let wanted = |name: &str| {
                store
                    .schema
                    .iter()
                    .find(|(_, own)| own.name == name && own.archived_at.is_some() == batch.archived)
                    .filter(|_| turn.defines(kind, name))
            };
            let (mut found, mut errors) = (Vec::new(), Vec::new());
            for Name { name } in &batch.inputs {
                match wanted(name) {
                    Some((_, property)) => found.push(property),
                    None => errors.push(Value::Object(unknown_property(name).body)),
                }
            }
            Ok(batch_answer(200, now_ms, &joined(&found), errors))
        }
        E::PropertyBatchCreate => {
            let batch: Inputs<New> = input::json(request)?;
            check_batch_size(batch.inputs.len())?;
            let (mut names, mut errors) = (Vec::new(), Vec::new());
            for new in batch.inputs {
                match create(store, now_ms, new) {
                    Ok(name) => names.push(name),
                    Err(problem) => errors.push(Value::Object(problem.body)),
                }
            }
            let found: Vec<&Property> = names
                .iter()
                .filter_map(|name| store.schema.live(name))
                .map(|(_, property)| property)
                .collect();
            Ok(batch_answer(200, now_ms, &joined(&found), errors))
        }
        E::PropertyBatchArchive => {
            let batch: Inputs<Name> = input::json(request)?;
            check_batch_size(batch.inputs.len())?;
            for Name { name } in &batch.inputs {
                archive(store, now_ms, name)?;
            }
            Ok(Response { status: 204, ..Response::default() })
        }
        _ => groups(store, endpoint, name, request),
    }
}

/// Only `archived` means something here; the other parameters are taken with the values that change nothing.
fn archived(request: &Request) -> Result<bool, Problem> {
    let mut archived = false;
    for (name, value) in form_urlencoded::parse(request.query.as_bytes()) {
        match name.as_ref() {
            "archived" => archived = parse_bool(&name, &value)?,
            "dataSensitivity" => check_sensitivity(Some(&value))?,
            "locale" | "properties" => return Err(input::not_modelled(&name)),
            _ => return Err(Problem::validation(format!("Unknown query parameter: {name}"))),
        }
    }
    Ok(archived)
}

fn check_sensitivity(value: Option<&str>) -> Result<(), Problem> {
    match value {
        None | Some("non_sensitive") => Ok(()),
        Some(_) => Err(input::not_modelled("sensitive properties")),
    }
}

fn ok(status: u16, body: Vec<u8>) -> Response {
    Response { status, body, ..Response::default() }
}

fn one(status: u16, property: &Property) -> Response {
    let mut body = Vec::new();
    property.write_json(&mut body);
    ok(status, body)
}

fn joined(properties: &[&Property]) -> Vec<u8> {
    let mut out = b"[".to_vec();
    for property in properties {
        if out.len() > 1 {
            out.push(b',');
        }
        property.write_json(&mut out);
    }
    out.push(b']');
    out
}

fn live<'s>(store: &'s Store, name: &str) -> Result<&'s Property, Problem> {
    store.schema.live(name).map(|(_, property)| property).ok_or_else(|| unknown_property(name))
}

fn unknown_property(name: &str) -> Problem {
    Problem::category(404, "OBJECT_NOT_FOUND", format!("Property {name} does not exist"))
        .with("subCategory", "Properties.PROPERTY_NOT_FOUND".into())
        .with("context", json!({"propertyName": [name]}))
}

fn no_more_properties(limit: usize) -> Problem {
    Problem::validation(format!("The limit of {limit} custom properties is reached."))
}

/// Which field types a type may have. Source: `hubspot-api.md` 5.
fn fits(value_type: ValueType, field_type: &str) -> bool {
    let allowed: &[&str] = match value_type {
        ValueType::Bool => &["booleancheckbox", "calculation_equation"],
        ValueType::Enumeration => &["booleancheckbox", "checkbox", "radio", "select", "calculation_equation"],
        ValueType::Date | ValueType::Datetime => &["date"],
        ValueType::String => &["file", "text", "textarea", "html", "phonenumber", "calculation_equation"],
        ValueType::Number => &["number", "calculation_equation"],
        ValueType::PhoneNumber => &["phonenumber"],
    };
    allowed.contains(&field_type)
}

fn check_name(name: &str) -> Result<(), Problem> {
    let mut characters = name.chars();
    let good = characters.next().is_some_and(|first| first.is_ascii_lowercase())
        && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && name.len() <= NAME_LIMIT
        && !name.starts_with("hs_");
    if good { Ok(()) } else { Err(Problem::validation(format!("Property name {name} is not valid"))) }
}

fn check_choices(value_type: ValueType, field_type: &str, choices: &[Choice]) -> Result<(), Problem> {
    if value_type == ValueType::Enumeration && choices.is_empty() {
        return Err(Problem::validation("An enumeration needs options."));
    }
    let repeated = choices
        .iter()
        .enumerate()
        .any(|(at, choice)| choices.iter().take(at).any(|other| other.value == choice.value));
    if repeated {
        return Err(Problem::validation("Property option values must be unique."));
    }
    if !fits(value_type, field_type) {
        return Err(Problem::validation(format!("Field type {field_type} does not fit this type.")));
    }
    Ok(())
}

/// Creates a property, or brings an archived one of the same name back.
fn create(store: &mut Store, now_ms: u64, new: New) -> Result<String, Problem> {
    check_name(&new.name)?;
    check_choices(new.r#type, &new.field_type, &new.options)?;
    check_sensitivity(new.data_sensitivity.as_deref())?;
    if new.external_options {
        return Err(input::not_modelled("externalOptions"));
    }
    if store.schema.groups.get(&new.group_name).is_none_or(|group| group.archived) {
        return Err(Problem::validation(format!("Property group {} does not exist", new.group_name)));
    }
    if let Some(key) = store.schema.key(&new.name) {
        let Some(own) = store.schema.own_mut(key).filter(|own| own.archived_at.is_some()) else {
            let message = format!("A property named '{}' already exists.", new.name);
            return Err(Problem::category(409, "CONFLICT", message));
        };
        own.archived_at = None;
        own.updated_at = now_ms;
        return Ok(new.name);
    }
    if store.schema.own_count() >= CUSTOM_LIMIT {
        return Err(no_more_properties(CUSTOM_LIMIT));
    }
    let own_unique = |property: &Property| property.unique && !property.hubspot_defined;
    let unique_count = store.schema.iter().filter(|(_, property)| own_unique(property)).count();
    if new.has_unique_value && unique_count >= UNIQUE_LIMIT {
        return Err(Problem::validation(format!(
            "The limit of {UNIQUE_LIMIT} unique properties is reached."
        )));
    }
    let name = new.name.clone();
    let key = store.schema.add(Property {
        head: head_of(&new.name),
        name: new.name,
        label: new.label,
        value_type: new.r#type,
        field_type: new.field_type,
        group: new.group_name,
        description: new.description,
        choices: new.options,
        external_choices: false,
        calculated: false,
        read_only: false,
        hidden: new.hidden,
        form_field: new.form_field,
        hubspot_defined: false,
        unique: new.has_unique_value,
        display_order: new.display_order,
        created_at: now_ms,
        updated_at: now_ms,
        archived_at: None,
        source: Source::Stored,
    });
    if new.has_unique_value {
        store.make_unique(key);
    }
    Ok(name)
}

fn change(store: &mut Store, now_ms: u64, name: &str, update: Update) -> Result<(), Problem> {
    let (key, property) = store.schema.live(name).ok_or_else(|| unknown_property(name))?;
    if property.hubspot_defined {
        return Err(Problem::validation(format!(
            "Property {name} is defined by HubSpot and cannot be changed."
        )));
    }
    if update.field_type.is_some() && update.r#type.is_none() {
        return Err(Problem::validation("Changing fieldType needs type as well."));
    }
    let value_type = update.r#type.unwrap_or(property.value_type);
    let field_type = update.field_type.as_deref().unwrap_or(&property.field_type);
    check_choices(value_type, field_type, update.options.as_deref().unwrap_or(&property.choices))?;
    if let Some(group) = &update.group_name
        && store.schema.groups.get(group).is_none_or(|group| group.archived)
    {
        return Err(Problem::validation(format!("Property group {group} does not exist")));
    }
    let Some(own) = store.schema.own_mut(key) else { return Err(unknown_property(name)) };
    own.value_type = value_type;
    own.updated_at = now_ms;
    put(&mut own.label, update.label);
    put(&mut own.field_type, update.field_type);
    put(&mut own.group, update.group_name);
    put(&mut own.description, update.description);
    put(&mut own.choices, update.options);
    put(&mut own.display_order, update.display_order);
    put(&mut own.hidden, update.hidden);
    put(&mut own.form_field, update.form_field);
    Ok(())
}

fn put<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn archive(store: &mut Store, now_ms: u64, name: &str) -> Result<(), Problem> {
    let (key, _) = store.schema.live(name).ok_or_else(|| unknown_property(name))?;
    let own = store.schema.own_mut(key).ok_or_else(|| {
        Problem::validation(format!("Property {name} is defined by HubSpot and cannot be archived."))
    })?;
    own.archived_at = Some(now_ms);
    Ok(())
}

fn group_json(name: &str, group: &Group) -> Value {
    json!({"name": name, "label": group.label, "displayOrder": group.display_order, "archived": group.archived})
}

fn groups(store: &mut Store, endpoint: Endpoint, name: &str, request: &Request) -> Result<Response, Problem> {
    let unknown =
        || Problem::category(404, "OBJECT_NOT_FOUND", format!("Property group {name} does not exist"));
    let groups = &mut store.schema.groups;
    let answer = |status, value: Value| Ok(ok(status, value.to_string().into_bytes()));
    match endpoint {
        Endpoint::GroupList => {
            let live = groups.iter().filter(|(_, group)| !group.archived);
            let results: Vec<Value> = live.map(|(name, group)| group_json(name, group)).collect();
            answer(200, json!({"results": results}))
        }
        Endpoint::GroupCreate => {
            let new: NewGroup = input::json(request)?;
            check_name(&new.name)?;
            if groups.get(&new.name).is_some_and(|group| !group.archived) {
                let message = format!("A property group named '{}' already exists.", new.name);
                return Err(Problem::category(409, "CONFLICT", message));
            }
            let group = Group {
                label: new.label,
                display_order: new.display_order,
                hubspot_defined: false,
                archived: false,
            };
            let body = group_json(&new.name, &group);
            groups.insert(new.name, group);
            answer(201, body)
        }
        Endpoint::GroupRead => {
            let group = groups.get(name).filter(|group| !group.archived).ok_or_else(unknown)?;
            answer(200, group_json(name, group))
        }
        Endpoint::GroupUpdate => {
            let update: GroupUpdate = input::json(request)?;
            let group = groups.get_mut(name).filter(|group| !group.archived).ok_or_else(unknown)?;
            put(&mut group.label, update.label);
            put(&mut group.display_order, update.display_order);
            answer(200, group_json(name, group))
        }
        Endpoint::GroupArchive => {
            let used = store.schema.iter().any(|(_, own)| own.group == name && own.archived_at.is_none());
            let group =
                store.schema.groups.get_mut(name).filter(|group| !group.archived).ok_or_else(unknown)?;
            if group.hubspot_defined || used {
                return Err(Problem::validation(format!(
                    "Property group {name} is in use and cannot be archived."
                )));
            }
            group.archived = true;
            Ok(Response { status: 204, ..Response::default() })
        }
        _ => Err(Problem::unknown_route()),
    }
}
