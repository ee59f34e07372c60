//! Whether a value fits its property, and how it is kept (`hubspot-api.md` 3.6, 4.4). Owns nothing.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::Problem;
use crate::objects::input::Sent;
use crate::objects::record::Values;
use crate::objects::rule::ValueRule;
use crate::objects::store::{Edit, Store};
use crate::portal::Turn;
use crate::schema::{CREATION_KEY, Key, Property, STAGES, ValueType};
use crate::switches::CreationKey;
use crate::time;

/// Longest text, characters. Source: `hubspot-api.md` 4.4.
const TEXT_LIMIT: usize = 65_536;

/// One value that does not fit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Invalid {
    pub name: String,
    pub code: &'static str,
    pub message: String,
}

/// Checked values, in order of key.
#[derive(Debug)]
pub(crate) struct Checked(Vec<(Key, Option<String>)>);

impl Checked {
    /// As edits of a record.
    pub fn edits(&self) -> Vec<Edit<'_>> {
        self.0.iter().map(|(key, value)| (*key, value.as_deref())).collect()
    }

    /// Adds a value that nobody sent, if the account has the property.
    pub fn add(&mut self, store: &Store, name: &str, value: &str) {
        let Some((key, _)) = store.schema.live(name) else { return };
        if let Err(at) = self.0.binary_search_by_key(&key, |(own, _)| *own) {
            self.0.insert(at, (key, Some(value.to_owned())));
        }
    }

    /// As the values of a new record.
    pub fn values(&self) -> Vec<(Key, &str)> {
        self.0.iter().filter_map(|(key, value)| Some((*key, value.as_deref()?))).collect()
    }
}

/// Checks all values sent for one record; every bad one is named. `current` are the record's values before.
pub(crate) fn check(
    store: &Store,
    portal_id: u64,
    turn: &Turn<'_>,
    current: Option<&Values>,
    sent: &Sent,
) -> Result<Checked, Problem> {
    let mut checked = Vec::with_capacity(sent.len());
    let mut invalid = Vec::new();
    for (name, text) in sent {
        let bad = |(code, message): (&'static str, String)| Invalid { name: name.clone(), code, message };
        let settled = |property: &Property| {
            property.hubspot_defined
                || turn.now_ms >= property.created_at + turn.switches.writes_know_property_after_ms
        };
        let Some((key, property)) = store.schema.live(name).filter(|own| settled(own.1)) else {
            invalid.push(bad(("PROPERTY_DOESNT_EXIST", format!("Property \"{name}\" does not exist"))));
            continue;
        };
        let is_key = name == CREATION_KEY && current.is_none();
        let may_set_key = is_key && turn.switches.creation_key == CreationKey::Writable;
        if (property.read_only || property.calculated) && !may_set_key {
            let message = format!("\"{name}\" is a read only property; its value cannot be set.");
            invalid.push(bad(("READ_ONLY_VALUE", message)));
            continue;
        }
        if text.is_empty() {
            checked.push((key, None));
            continue;
        }
        let now = current.and_then(|values| values.get(key));
        match normal(property, now, text) {
            Ok(Some(value)) if Some(key) == store.email_key() && store.is_blocked(&value) => {
                invalid.push(bad(("INVALID_EMAIL", "This email address was permanently deleted.".into())));
            }
            Ok(Some(value)) => {
                let mut rules = store.rules.get(&key).into_iter().flatten();
                match rules.find_map(|rule| rule.refusal(&value)) {
                    Some(refusal) => invalid.push(bad(refusal)),
                    None => checked.push((key, Some(value.into_owned()))),
                }
            }
            Ok(None) => {}
            Err(refusal) => invalid.push(bad(refusal)),
        }
    }
    invalid.extend(lacking(store, turn, current, sent));
    if !invalid.is_empty() {
        return Err(invalid_values(portal_id, &invalid));
    }
    checked.sort_unstable_by_key(|(key, _)| *key);
    Ok(Checked(checked))
}

/// Values that the customer's rules ask for and that the record would not have. Rules ask what a write touches, unless the
/// switch makes them look at what was wrong before.
fn lacking(store: &Store, turn: &Turn<'_>, current: Option<&Values>, sent: &Sent) -> Vec<Invalid> {
    let after = |name: &str| match sent.get(name) {
        Some(value) => value.clone(),
        None => {
            let key = store.schema.key(name);
            key.and_then(|key| current?.get(key)).unwrap_or_default().to_owned()
        }
    };
    let mut invalid = Vec::new();
    for (key, rule) in store.rules.iter().flat_map(|(key, rules)| rules.iter().map(move |rule| (key, rule))) {
        let name = &store.schema.property(*key).name;
        let asked = match rule {
            ValueRule::Required => current.is_none(),
            ValueRule::RequiredIf { property, value } => {
                let touched = sent.contains_key(property) || sent.contains_key(name);
                let looks = touched || current.is_none() || turn.switches.rules_look_at_old_values;
                looks && after(property) == *value
            }
            _ => false,
        };
        if asked && after(name).is_empty() {
            let message = format!("Required property \"{name}\" is missing.");
            invalid.push(Invalid { name: name.clone(), code: "REQUIRED_PROPERTY", message });
        }
    }
    invalid
}

/// The value as kept; `None` if it is silently ignored.
fn normal<'t>(
    property: &Property,
    current: Option<&str>,
    text: &'t str,
) -> Result<Option<Cow<'t, str>>, (&'static str, String)> {
    if text.chars().count() > TEXT_LIMIT {
        return Err(("VALUE_TOO_LONG", format!("Value is longer than {TEXT_LIMIT} characters.")));
    }
    match property.value_type {
        ValueType::Number => match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(text.trim().into())),
            _ => Err(("INVALID_LONG", format!("{text} was not a valid number."))),
        },
        ValueType::Bool => boolean(text),
        ValueType::Date => match time::parse(text) {
            Some(ms) if ms >= 0 && (ms as u64).is_multiple_of(time::DAY_MS) => {
                Ok(Some(time::iso_date(ms as u64).into()))
            }
            _ => Err(("INVALID_DATE", format!("{text} was not a valid date at midnight UTC."))),
        },
        ValueType::Datetime => match time::parse(text) {
            Some(ms) if ms >= 0 => Ok(Some(time::iso(ms as u64).into())),
            _ => Err(("INVALID_DATE", format!("{text} was not a valid date and time."))),
        },
        ValueType::Enumeration if property.external_choices => Ok(Some(text.into())),
        ValueType::Enumeration if property.field_type == "booleancheckbox" => boolean(text),
        ValueType::Enumeration if property.field_type == "checkbox" => several(property, current, text),
        ValueType::Enumeration => {
            one_of(property, text)?;
            let place = |stage: &str| STAGES.iter().position(|own| *own == stage);
            let backward =
                property.name == "lifecyclestage" && current.is_some_and(|now| place(text) < place(now));
            Ok((!backward).then_some(text.into()))
        }
        ValueType::String if property.name == "email" => email(text),
        ValueType::String | ValueType::PhoneNumber => Ok(Some(text.into())),
    }
}

fn boolean(text: &str) -> Result<Option<Cow<'_, str>>, (&'static str, String)> {
    match text {
        "true" | "false" => Ok(Some(text.into())),
        _ => Err(("INVALID_OPTION", format!("{text} was not one of the allowed options: [true, false]"))),
    }
}

fn one_of(property: &Property, text: &str) -> Result<(), (&'static str, String)> {
    if property.choices.iter().any(|choice| choice.value == text) {
        return Ok(());
    }
    let labels: Vec<&str> = property.choices.iter().map(|choice| choice.value.as_str()).collect();
    Err(("INVALID_OPTION", format!("{text} was not one of the allowed options: [{}]", labels.join(", "))))
}

/// `a;b` replaces, `;c` appends.
fn several<'t>(
    property: &Property,
    current: Option<&str>,
    text: &'t str,
) -> Result<Option<Cow<'t, str>>, (&'static str, String)> {
    for value in text.split(';').filter(|value| !value.is_empty()) {
        one_of(property, value)?;
    }
    let Some(added) = text.strip_prefix(';') else { return Ok(Some(text.into())) };
    let mut values: Vec<&str> =
        current.unwrap_or_default().split(';').filter(|value| !value.is_empty()).collect();
    for value in added.split(';') {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    Ok(Some(values.join(";").into()))
}

/// Kept in lower case. Deliberately coarse: one `@`, a dot behind it, no spaces.
fn email(text: &str) -> Result<Option<Cow<'_, str>>, (&'static str, String)> {
    let good = text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && domain.split('.').count() > 1
            && domain.split('.').all(|label| !label.is_empty())
            && !domain.contains('@')
            && !text.contains(char::is_whitespace)
    });
    if good {
        Ok(Some(text.to_lowercase().into()))
    } else {
        Err(("INVALID_EMAIL", format!("Email address {text} is invalid")))
    }
}

/// 400 with one bad value.
pub(crate) fn refused_value(portal_id: u64, name: &str, code: &'static str, message: String) -> Problem {
    invalid_values(portal_id, &[Invalid { name: name.to_owned(), code, message }])
}

/// 400 with every bad value, in HubSpot's double form: as JSON inside the message and as `errors`.
fn invalid_values(portal_id: u64, invalid: &[Invalid]) -> Problem {
    let inner: Vec<Value> = invalid
        .iter()
        .map(|Invalid { name, code, message }| {
            json!({
                "isValid": false, "message": message, "error": code, "name": name,
                "localizedErrorMessage": message, "portalId": portal_id,
            })
        })
        .collect();
    let errors: Vec<Value> = invalid
        .iter()
        .map(|Invalid { name, code, message }| {
            json!({"message": message, "code": code, "context": {"propertyName": [name]}})
        })
        .collect();
    Problem::validation(format!("Property values were not valid: {}", Value::from(inner)))
        .with("errors", Value::from(errors))
}
