//! Privacy in the API: one person erased and kept out, exported, let in again; what is kept and how long; who did what.

use serde::Deserialize;

use crate::{
    api::request::{LOOKUP_CHARS, Query},
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

/// Names of the query parameters that name a person.
pub const NAMES: [&str; 3] = ["email", "object_type", "id"];

/// `POST /v1/connections/{c}/prospects/erase`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erase {
    email: Option<String>,
    object_type: Option<String>,
    id: Option<String>,
}

/// `PATCH /v1/connections/{c}/retention`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetRetention {
    minimum: Option<bool>,
    call_details_days: Option<u32>,
    audit_days: Option<u32>,
}

fn invalid(words: impl Into<String>) -> Problem {
    Problem::new(Kind::InvalidRequest, words)
}

/// Somebody, by an address alone or by a record's type and id.
pub fn whom(email: Option<&str>, object_type: Option<&str>, id: Option<&str>) -> Result<Whom, Problem> {
    match (email, object_type, id) {
        (Some(email), None, None) => {
            let right = email.chars().count() <= LOOKUP_CHARS
                && email.trim().contains('@')
                && !email.contains(|letter: char| letter.is_control() || letter == ';');
            let wrong =
                || invalid(format!("`email` is to be one address of at most {LOOKUP_CHARS} characters."));
            right.then(|| Whom::Email(email.trim().to_owned())).ok_or_else(wrong)
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

impl Erase {
    /// Who is to be erased.
    pub fn whom(&self) -> Result<Whom, Problem> {
        whom(self.email.as_deref(), self.object_type.as_deref(), self.id.as_deref())
    }
}

/// Whom a query names.
pub fn named(query: &Query<'_>) -> Result<Whom, Problem> {
    whom(query.get("email"), query.get("object_type"), query.get("id"))
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
        let Self { minimum, call_details_days, audit_days } = *self;
        if call_details_days.is_some_and(|days| !(1..=MOST_DAYS).contains(&days)) {
            return Err(invalid(format!("`call_details_days` is to be from 1 to {MOST_DAYS}.")));
        }
        if audit_days.is_some_and(|days| !(FEWEST_AUDIT_DAYS..=MOST_DAYS).contains(&days)) {
            return Err(invalid(format!("`audit_days` is to be from {FEWEST_AUDIT_DAYS} to {MOST_DAYS}.")));
        }
        Ok(Wanted { minimum, call_details_days, audit_days })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::request::body;

    #[test]
    fn a_person_is_named_in_one_way() {
        let of = |text: &str| body::<Erase>(text.as_bytes()).and_then(|erase| erase.whom());
        assert_eq!(of(r#"{"email":" a@b.c "}"#), Ok(Whom::Email("a@b.c".to_owned())));
        let record = Whom::Record { object_type: ObjectType::Contacts, id: RecordId(512) };
        assert_eq!(of(r#"{"object_type":"contacts","id":"512"}"#), Ok(record));
        for wrong in [
            "{}",
            r#"{"email":"nobody"}"#,
            r#"{"email":"a@b.c;d@e.f"}"#,
            r#"{"id":"512"}"#,
            r#"{"object_type":"people","id":"512"}"#,
            r#"{"email":"a@b.c","object_type":"contacts","id":"512"}"#,
            r#"{"mail":"a@b.c"}"#,
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn days_have_bounds() {
        let of = |text: &str| body::<SetRetention>(text.as_bytes()).and_then(|set| set.wanted());
        assert_eq!(of("{}"), Ok(Wanted::default()));
        assert!(of(r#"{"call_details_days":1,"audit_days":30,"minimum":true}"#).is_ok());
        for wrong in [r#"{"call_details_days":0}"#, r#"{"audit_days":29}"#, r#"{"audit_days":3651}"#] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
