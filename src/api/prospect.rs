//! Privacy in the API: one person erased and kept out, exported, let in again; what is kept and how long; who did what.

use serde::{Deserialize, Deserializer};

use crate::{
    api::request::{LOOKUP_CHARS, Query, Whole},
    engine::portal::{
        blocks::Whom,
        retention::{FEWEST_AUDIT_DAYS, MOST_DAYS, Wanted},
    },
    values::{
        ids::{ObjectType, RecordId},
        problem::{Kind, Problem},
    },
};

/// Characters of the beginning of an action that entries are wanted of.
pub const ACTION_CHARS: usize = 60;

/// `POST /v1/connections/{c}/prospects/erase`, `POST …/export`. In a body, so that no address stands in a URL.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    #[serde(default, deserialize_with = "not_null")]
    email: Option<String>,
    #[serde(default, deserialize_with = "not_null")]
    object_type: Option<String>,
    #[serde(default, deserialize_with = "not_null")]
    id: Option<String>,
}

/// `PATCH /v1/connections/{c}/retention`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetRetention {
    #[serde(default, deserialize_with = "not_null")]
    minimum: Option<bool>,
    #[serde(default, deserialize_with = "not_null")]
    call_details_days: Option<Whole>,
    #[serde(default, deserialize_with = "not_null")]
    audit_days: Option<Whole>,
    #[serde(default, deserialize_with = "not_null")]
    signal_days: Option<Whole>,
}

/// What is there is no null: what is to stay is left out.
fn not_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn invalid(words: impl Into<String>) -> Problem {
    Problem::new(Kind::InvalidRequest, words)
}

/// Whether it may be one address: something, `@`, something, of which none ends an address in HubSpot's lists of them.
fn is_address(email: &str) -> bool {
    let odd = |letter: char| letter.is_whitespace() || letter.is_control() || matches!(letter, ';' | '@');
    let part = |part: &str| !part.is_empty() && !part.contains(odd);
    email.chars().count() <= LOOKUP_CHARS
        && email.split_once('@').is_some_and(|(before, after)| part(before) && part(after))
}

/// Somebody, by an address alone or by a record's type and id.
pub fn whom(email: Option<&str>, object_type: Option<&str>, id: Option<&str>) -> Result<Whom, Problem> {
    match (email, object_type, id) {
        (Some(email), None, None) => {
            let wrong =
                || invalid(format!("`email` is to be one address of at most {LOOKUP_CHARS} characters."));
            is_address(email).then(|| Whom::Email(email.to_owned())).ok_or_else(wrong)
        }
        (None, Some(object_type), Some(id)) => {
            let kind: Option<ObjectType> = object_type.parse().ok();
            let id: Option<RecordId> = id.parse().ok();
            let (Some(object_type), Some(id)) = (kind, id) else {
                return Err(invalid(
                    "`object_type` is to be a type such as `contacts`, and `id` HubSpot's number.",
                ));
            };
            Ok(Whom::Record { object_type, id })
        }
        _ => Err(invalid("Name the person by `email` alone, or by `object_type` and `id`.")),
    }
}

impl Person {
    /// Who that is.
    pub fn whom(&self) -> Result<Whom, Problem> {
        whom(self.email.as_deref(), self.object_type.as_deref(), self.id.as_deref())
    }
}

/// What actions of the audit log are to begin with.
pub fn action(query: &Query<'_>) -> Result<String, Problem> {
    let action = query.get("action").unwrap_or_default();
    let plain = |letter: char| letter.is_ascii_lowercase() || matches!(letter, '_' | '.');
    if action.len() > ACTION_CHARS || !action.chars().all(plain) {
        return Err(invalid("`action` is to be the beginning of an action, such as `endpoint.`."));
    }
    Ok(action.to_owned())
}

impl SetRetention {
    /// What is to be set.
    pub fn wanted(&self) -> Result<Wanted, Problem> {
        let minimum = self.minimum;
        let [call_details_days, audit_days, signal_days] =
            [self.call_details_days, self.audit_days, self.signal_days].map(|days| days.map(|days| days.0));
        if call_details_days.is_some_and(|days| !(1..=MOST_DAYS).contains(&days)) {
            return Err(invalid(format!("`call_details_days` is to be from 1 to {MOST_DAYS}.")));
        }
        if signal_days.is_some_and(|days| !(1..=MOST_DAYS).contains(&days)) {
            return Err(invalid(format!("`signal_days` is to be from 1 to {MOST_DAYS}.")));
        }
        if audit_days.is_some_and(|days| !(FEWEST_AUDIT_DAYS..=MOST_DAYS).contains(&days)) {
            return Err(invalid(format!("`audit_days` is to be from {FEWEST_AUDIT_DAYS} to {MOST_DAYS}.")));
        }
        Ok(Wanted { minimum, call_details_days, audit_days, signal_days })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::request::body;

    #[test]
    fn a_person_is_named_in_one_way() {
        let of = |text: &str| body::<Person>(text.as_bytes()).and_then(|person| person.whom());
        assert_eq!(of(r#"{"email":"a@b.c"}"#), Ok(Whom::Email("a@b.c".to_owned())));
        let record = Whom::Record { object_type: ObjectType::Contacts, id: RecordId(512) };
        assert_eq!(of(r#"{"object_type":"contacts","id":"512"}"#), Ok(record));
        for wrong in [
            "{}",
            r#"{"email":"nobody"}"#,
            r#"{"email":"a@b.c;d@e.f"}"#,
            r#"{"email":" a@b.c"}"#,
            r#"{"email":"a@b@c"}"#,
            r#"{"email":"@b.c"}"#,
            r#"{"id":"512"}"#,
            r#"{"object_type":"people","id":"512"}"#,
            r#"{"email":"a@b.c","object_type":"contacts","id":"512"}"#,
            r#"{"mail":"a@b.c"}"#,
            r#"{"email":"a@b.c","id":null}"#,
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn days_have_bounds() {
        let of = |text: &str| body::<SetRetention>(text.as_bytes()).and_then(|set| set.wanted());
        assert_eq!(of("{}"), Ok(Wanted::default()));
        let set = of(r#"{"call_details_days":1,"audit_days":30.0,"minimum":true}"#).unwrap();
        assert_eq!(
            set,
            Wanted {
                minimum: Some(true),
                call_details_days: Some(1),
                audit_days: Some(30),
                signal_days: None
            }
        );
        for wrong in [
            r#"{"call_details_days":0}"#,
            r#"{"audit_days":29}"#,
            r#"{"audit_days":3651}"#,
            r#"{"audit_days":30.5}"#,
            r#"{"audit_days":-30}"#,
            r#"{"audit_days":1e300}"#,
            r#"{"minimum":null}"#,
            r#"{"audit_days":null}"#,
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
