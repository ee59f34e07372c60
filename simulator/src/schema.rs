//! The properties and groups of one object type in one account. Owns the custom ones; HubSpot's own are one shared
//! table. Values are not here, see [`crate::objects::record`].

pub(crate) mod company_properties;
pub(crate) mod deal_properties;
pub(crate) mod further_properties;
pub(crate) mod hubspot_defined;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::objects::kind::ObjectKind;

pub(crate) use hubspot_defined::{DEAL_STAGES, STAGES};

/// A property's number within its account; never reused. HubSpot's own come first, in order of name.
pub(crate) type Key = u16;

/// Most custom properties of one object type. Source: `hubspot-api.md` 5.
pub(crate) const CUSTOM_LIMIT: usize = 1000;

/// HubSpot's own key of a record's creation, unique where it has a value. Whether apps may set it is a switch
/// ([`crate::switches::CreationKey`]).
pub(crate) const CREATION_KEY: &str = "hs_unique_creation_key";

/// HubSpot's `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ValueType {
    String,
    Number,
    Date,
    Datetime,
    Enumeration,
    Bool,
    PhoneNumber,
}

/// Where a property's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Written by somebody.
    Stored,
    /// The record's id.
    Id,
    CreatedAt,
    ModifiedAt,
}

/// One choice of an enumeration, as on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Choice {
    pub label: String,
    pub value: String,
    pub display_order: i32,
    pub hidden: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// One property's definition.
#[derive(Debug, Clone)]
pub(crate) struct Property {
    pub name: String,
    pub label: String,
    pub value_type: ValueType,
    pub field_type: String,
    pub group: String,
    pub description: String,
    pub choices: Vec<Choice>,
    /// Choices come from elsewhere (owners, teams, task queues) and are not checked.
    pub external_choices: bool,
    pub calculated: bool,
    pub read_only: bool,
    pub hidden: bool,
    pub form_field: bool,
    pub hubspot_defined: bool,
    pub unique: bool,
    pub display_order: i32,
    pub created_at: u64,
    pub updated_at: u64,
    pub archived_at: Option<u64>,
    pub source: Source,
    /// `"name":`, as it stands in a record's JSON.
    pub head: Box<[u8]>,
}

/// A property group.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub label: String,
    pub display_order: i32,
    pub hubspot_defined: bool,
    pub archived: bool,
}

/// What HubSpot defines for one object type.
#[derive(Debug)]
pub(crate) struct Table {
    /// Written as [`hubspot_defined`] says.
    pub properties: &'static str,
    /// What an account has however few properties it was given.
    pub always: &'static [&'static str],
    /// Property groups: name, label.
    pub groups: &'static [(&'static str, &'static str)],
    /// What generated records leave alone.
    pub kept: &'static [&'static str],
}

/// HubSpot's own definitions of one type, shared by all accounts that have equally many of them.
pub(crate) struct Base {
    properties: Vec<Property>,
    by_name: FxHashMap<Box<str>, Key>,
    /// Their part of the property list's JSON, without brackets.
    json: Vec<u8>,
}

/// All properties of one object type in one account.
pub(crate) struct Schema {
    base: Arc<Base>,
    /// HubSpot's own that differ in this account.
    replaced: BTreeMap<Key, Property>,
    own: Vec<Property>,
    own_by_name: FxHashMap<String, Key>,
    pub groups: BTreeMap<String, Group>,
}

/// By place of the type, and count of properties.
type Bases = BTreeMap<(usize, Option<u32>), Arc<Base>>;

/// Each made once.
static BASES: Mutex<Bases> = Mutex::new(BTreeMap::new());

impl Base {
    /// All of a type's, or about `count`.
    fn shared(kind: &ObjectKind, count: Option<u32>) -> Arc<Self> {
        // Only whole bases are ever in the map, whatever a thread that panicked was at.
        let mut bases = BASES.lock().unwrap_or_else(PoisonError::into_inner);
        let all = Arc::clone(
            bases.entry((kind.place, None)).or_insert_with(|| Arc::new(Self::of(properties_of(kind)))),
        );
        match count {
            None => all,
            Some(few) => Arc::clone(
                bases
                    .entry((kind.place, count))
                    .or_insert_with(|| Arc::new(all.some(few as usize, kind.table.always))),
            ),
        }
    }

    /// The first `count` of the order in which small accounts have them: those that records are nothing without, then
    /// the others spread over the alphabet.
    fn some(&self, count: usize, always: &[&str]) -> Self {
        let first = |property: &&Property| always.contains(&property.name.as_str());
        let (mut some, others): (Vec<&Property>, Vec<&Property>) = self.properties.iter().partition(first);
        let wanted = count.saturating_sub(some.len());
        let step = (others.len() / wanted.max(1)).max(1);
        some.extend(others.into_iter().step_by(step).take(wanted));
        Self::of(some.into_iter().cloned().collect())
    }

    fn of(mut properties: Vec<Property>) -> Self {
        properties.sort_by(|a, b| a.name.cmp(&b.name));
        let mut json = Vec::new();
        for property in &properties {
            if !json.is_empty() {
                json.push(b',');
            }
            property.write_json(&mut json);
        }
        let by_name = properties
            .iter()
            .enumerate()
            .map(|(key, property)| (property.name.as_str().into(), key as Key))
            .collect();
        Self { properties, by_name, json }
    }
}

fn properties_of(kind: &ObjectKind) -> Vec<Property> {
    let mut properties = Vec::new();
    for line in kind.table.properties.lines().filter(|line| !line.is_empty()) {
        let (head, names) = line.split_once(": ").expect("a table line has names");
        let head: Vec<&str> = head.split(' ').collect();
        let &[group, types, flags, set] = head.as_slice() else {
            panic!("a table line has four columns: {line}")
        };
        let (value_type, field_type) = types.split_once('/').expect("type/fieldType");
        for pattern in names.split(' ') {
            let spread = hubspot_defined::SPREADS.iter().find(|(mark, _)| pattern.contains(mark));
            let expanded = match spread {
                Some((mark, values)) => values.iter().map(|value| pattern.replace(mark, value)).collect(),
                None => vec![pattern.to_owned()],
            };
            properties.extend(
                expanded
                    .into_iter()
                    .map(|name| base_property(kind, name, group, value_type, field_type, flags, set)),
            );
        }
    }
    properties
}

fn base_property(
    kind: &ObjectKind,
    name: String,
    group: &str,
    value_type: &str,
    field_type: &str,
    flags: &str,
    set: &str,
) -> Property {
    let value_type = match value_type {
        "string" => ValueType::String,
        "number" => ValueType::Number,
        "date" => ValueType::Date,
        "datetime" => ValueType::Datetime,
        "enumeration" => ValueType::Enumeration,
        "bool" => ValueType::Bool,
        other => panic!("the table has an unknown type {other}"),
    };
    let values = hubspot_defined::OPTION_SETS
        .iter()
        .find(|(own, _)| *own == set)
        .map_or(&[][..], |(_, values)| values);
    let choices = (0..).zip(values).map(|(display_order, &value)| Choice {
        label: label_of(value),
        value: value.into(),
        display_order,
        hidden: false,
        description: None,
    });
    let source = match name.as_str() {
        "hs_object_id" => Source::Id,
        created if created == kind.created_property => Source::CreatedAt,
        modified if modified == kind.modified_property => Source::ModifiedAt,
        _ => Source::Stored,
    };
    let label = label_of(name.strip_prefix("hs_").unwrap_or(&name));
    Property {
        head: head_of(&name),
        description: format!("{label}, set by HubSpot or by people."),
        label,
        value_type,
        field_type: field_type.into(),
        group: group.into(),
        choices: choices.collect(),
        external_choices: matches!(set, "owner" | "team" | "queue"),
        calculated: flags.contains('c'),
        read_only: flags.contains(['c', 'r']),
        hidden: flags.contains('h'),
        form_field: flags.contains('f'),
        hubspot_defined: true,
        unique: name == CREATION_KEY,
        display_order: -1,
        // HubSpot's own properties show the day the account's schema was last migrated; any fixed day will do.
        created_at: 1_577_836_800_000,
        updated_at: 1_577_836_800_000,
        archived_at: None,
        source,
        name,
    }
}

/// `hs_lead_status` → `Hs lead status`.
fn label_of(name: &str) -> String {
    let mut label = name.replace('_', " ").to_lowercase();
    if let Some(first) = label.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    label
}

/// `"name":`
pub(crate) fn head_of(name: &str) -> Box<[u8]> {
    format!("\"{name}\":").into_bytes().into()
}

/// A property's read model on the wire.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    updated_at: String,
    created_at: String,
    name: &'a str,
    label: &'a str,
    r#type: ValueType,
    field_type: &'a str,
    description: &'a str,
    group_name: &'a str,
    options: &'a [Choice],
    #[serde(skip_serializing_if = "Option::is_none")]
    referenced_object_type: Option<&'static str>,
    display_order: i32,
    calculated: bool,
    external_options: bool,
    archived: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<String>,
    has_unique_value: bool,
    hidden: bool,
    hubspot_defined: bool,
    modification_metadata: Modification,
    form_field: bool,
    data_sensitivity: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Modification {
    archivable: bool,
    read_only_definition: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_only_options: Option<bool>,
    read_only_value: bool,
}

impl Property {
    /// Appends the read model.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        let wire = Wire {
            updated_at: crate::time::iso(self.updated_at),
            created_at: crate::time::iso(self.created_at),
            name: &self.name,
            label: &self.label,
            r#type: self.value_type,
            field_type: &self.field_type,
            description: &self.description,
            group_name: &self.group,
            options: &self.choices,
            // Task queues, of which a task stands in several, are no owners.
            referenced_object_type: (self.external_choices && self.field_type == "select").then_some("OWNER"),
            display_order: self.display_order,
            calculated: self.calculated,
            external_options: self.external_choices,
            archived: self.archived_at.is_some(),
            archived_at: self.archived_at.map(crate::time::iso),
            has_unique_value: self.unique,
            hidden: self.hidden,
            hubspot_defined: self.hubspot_defined,
            modification_metadata: Modification {
                archivable: !self.hubspot_defined,
                read_only_definition: self.hubspot_defined,
                read_only_options: (self.value_type == ValueType::Enumeration)
                    .then_some(self.hubspot_defined),
                read_only_value: self.read_only,
            },
            form_field: self.form_field,
            data_sensitivity: "non_sensitive",
        };
        serde_json::to_writer(out, &wire).expect("a Vec takes everything");
    }
}

impl Schema {
    /// HubSpot's own properties of a type, all of them or about `count`, and groups.
    pub fn of(kind: &ObjectKind, count: Option<u32>) -> Self {
        let group = |&(name, label): &(&str, &str)| {
            (
                name.to_owned(),
                Group { label: label.into(), display_order: -1, hubspot_defined: true, archived: false },
            )
        };
        Self {
            base: Base::shared(kind, count),
            replaced: BTreeMap::new(),
            own: Vec::new(),
            own_by_name: FxHashMap::default(),
            groups: kind.table.groups.iter().map(group).collect(),
        }
    }

    /// The key of a name, also of an archived property.
    pub fn key(&self, name: &str) -> Option<Key> {
        self.base.by_name.get(name).or_else(|| self.own_by_name.get(name)).copied()
    }

    /// The definition behind a key. Keys only come from this schema.
    pub fn property(&self, key: Key) -> &Property {
        if let Some(replaced) = self.replaced.get(&key) {
            return replaced;
        }
        let key = usize::from(key);
        let base = &self.base.properties;
        base.get(key).or_else(|| self.own.get(key - base.len())).expect("keys come from this schema")
    }

    /// Gives a property of HubSpot's own other options in this account.
    pub fn set_choices(&mut self, name: &str, choices: Vec<Choice>) {
        let Some(key) = self.key(name) else { return };
        let property = Property { choices, ..self.property(key).clone() };
        self.replaced.insert(key, property);
    }

    /// A custom property, to change it.
    pub fn own_mut(&mut self, key: Key) -> Option<&mut Property> {
        self.own.get_mut(usize::from(key).checked_sub(self.base.properties.len())?)
    }

    /// A property in use (not archived) by name.
    pub fn live(&self, name: &str) -> Option<(Key, &Property)> {
        let key = self.key(name)?;
        let property = self.property(key);
        property.archived_at.is_none().then_some((key, property))
    }

    /// Adds a custom property; the name must be new.
    pub fn add(&mut self, property: Property) -> Key {
        let key = (self.base.properties.len() + self.own.len()) as Key;
        self.own_by_name.insert(property.name.clone(), key);
        self.own.push(property);
        key
    }

    /// Every property with its key, archived ones too; HubSpot's own first.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &Property)> {
        let all = (0..).zip(self.base.properties.iter().chain(&self.own));
        all.map(|(key, property)| (key, self.replaced.get(&key).unwrap_or(property)))
    }

    /// Custom properties in use.
    pub fn own_count(&self) -> usize {
        self.own.iter().filter(|property| property.archived_at.is_none()).count()
    }

    /// The answer of the property list: live or archived ones.
    pub fn list_json(&self, archived: bool) -> Vec<u8> {
        let mut out = b"{\"results\":[".to_vec();
        let start = out.len();
        let as_usual = self.replaced.is_empty() && !archived;
        if as_usual {
            out.extend_from_slice(&self.base.json);
        }
        let all = self.iter().skip(if as_usual { self.base.properties.len() } else { 0 });
        for (_, property) in all.filter(|(_, property)| property.archived_at.is_some() == archived) {
            if out.len() > start {
                out.push(b',');
            }
            property.write_json(&mut out);
        }
        out.extend_from_slice(b"]}");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::kind::{COMPANIES, CONTACTS, DEALS, KINDS};

    #[test]
    fn hubspot_defines_about_400_contact_properties_of_which_about_50_are_calculated() {
        let schema = Schema::of(&CONTACTS, None);
        let count = schema.iter().count();
        let calculated = schema.iter().filter(|(_, property)| property.calculated).count();
        assert!((390..=410).contains(&count), "{count}");
        assert!((45..=60).contains(&calculated), "{calculated}");
        for kind in [&COMPANIES, &DEALS] {
            let count = Schema::of(kind, None).iter().count();
            assert!((130..=200).contains(&count), "{count} {}", kind.name);
        }
    }

    #[test]
    fn a_small_account_has_as_many_as_it_was_given_and_those_that_records_need() {
        for kind in KINDS {
            let all = Schema::of(kind, None).iter().count();
            for (count, expected) in [(0, kind.table.always.len()), (30, 30), (100, 100)] {
                let expected = expected.min(all);
                let schema = Schema::of(kind, Some(count));
                assert_eq!(schema.iter().count(), expected, "{}", kind.name);
                for name in kind.default_properties {
                    assert!(schema.live(name).is_some(), "{name}");
                }
                let listed = serde_json::from_slice::<serde_json::Value>(&schema.list_json(false)).unwrap();
                assert_eq!(listed["results"].as_array().unwrap().len(), expected);
            }
        }
    }

    #[test]
    fn every_property_belongs_to_a_group_and_every_enumeration_has_choices() {
        for kind in KINDS {
            let schema = Schema::of(kind, None);
            for (key, property) in schema.iter() {
                assert!(schema.groups.contains_key(&property.group), "{}", property.name);
                assert_eq!(schema.key(&property.name), Some(key), "{} stands twice", property.name);
                if property.value_type == ValueType::Enumeration {
                    assert!(property.external_choices || !property.choices.is_empty(), "{}", property.name);
                }
            }
            for name in kind.default_properties.iter().chain(kind.table.always).chain(kind.table.kept) {
                assert!(schema.live(name).is_some(), "{name}");
            }
        }
    }
}
