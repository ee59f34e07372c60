//! A value of the host as the text that HubSpot is to be sent for a property, or why that property cannot have it (`hubspot-api.md` 4.4).
//!
//! Decided before HubSpot is asked, so that a value of the wrong type is an answer with a sentence and not a failed batch at night. What
//! HubSpot alone knows (a customer's own validation rules, whether a unique value is taken, who may write what) stays HubSpot's to say.
//!
//! | property | takes | is written |
//! |---|---|---|
//! | text | text, number, boolean | as it is, [`MAX_UNITS`] at most |
//! | telephone number | text, whole number | as it is |
//! | number | number, or a text that is one | plain decimals: no separators, no exponent |
//! | boolean | boolean, `true` and `false` in any case, or an option's label | `true`, `false` |
//! | one option | an option's value, or else the label of exactly one | its value |
//! | several options | a list of such, or one text with semicolons | `a;b`, in HubSpot's order, each once |
//! | owner | the number of a HubSpot owner | its digits |
//! | date | `2026-01-31`, or midnight UTC (RFC 3339, milliseconds) | `2026-01-31` |
//! | moment | RFC 3339, milliseconds, or a date: its midnight in UTC | RFC 3339 in UTC with milliseconds |
//!
//! `null` and the empty text clear a property, and so does an empty list where several options can be had. An option's *value* is compared
//! exactly and comes before any label; labels ignore case. Days are written as texts and not as milliseconds because that is what people
//! read in a log and in HubSpot's own answers.

mod options;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::values::{
    filter::{self, Kind, Number, reading},
    time::{DAY_MS, Timestamp},
};

/// Most of a text (`hubspot-api.md` 4.4: 65,536 characters). Counted in UTF-16 units, as Java counts: never more than HubSpot allows,
/// whichever way it counts.
pub const MAX_UNITS: usize = 65_536;
/// Most characters of a number: 17 digits that a double tells apart, behind 20 zeros and a point, and a sign.
const MAX_NUMBER: usize = 40;
/// HubSpot's property of a record's owner, and what other properties of owners refer to.
const OWNER: (&str, &str) = ("hubspot_owner_id", "OWNER");
/// Properties of which HubSpot keeps the text in lower case, or compares so.
const CASELESS: [&str; 2] = ["email", "domain"];

/// A property as it was last discovered; reads what the store keeps of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Definition {
    /// HubSpot's internal name.
    pub name: String,
    /// What people see.
    pub label: String,
    /// HubSpot's `type`.
    #[serde(rename = "type")]
    pub value_type: String,
    /// HubSpot's `fieldType`.
    pub field_type: String,
    /// HubSpot computes it.
    #[serde(default)]
    pub calculated: bool,
    /// HubSpot does not let anybody write it.
    #[serde(default)]
    pub read_only: bool,
    /// No two records may share a value.
    #[serde(default)]
    pub unique: bool,
    /// In HubSpot's order. Empty if they are not known (owners, stages, too many): then any option passes.
    #[serde(default)]
    pub options: Vec<Choice>,
    /// What its values name, if records of another kind (`OWNER`).
    #[serde(default)]
    pub referenced_object_type: Option<String>,
}

/// One option.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Choice {
    /// As records hold it.
    pub value: String,
    /// What people see.
    pub label: String,
}

/// What a property's values are, as far as writing goes: a property whose nature changes is another property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// A text.
    Text,
    /// A telephone number.
    Phone,
    /// A number.
    Number,
    /// Yes or no.
    Boolean,
    /// One of several options.
    Option,
    /// Any of several options.
    Options,
    /// A HubSpot owner.
    Owner,
    /// A day.
    Date,
    /// A moment.
    Datetime,
}

impl Nature {
    /// Every one of them.
    pub const ALL: [Self; 9] = [
        Self::Text,
        Self::Phone,
        Self::Number,
        Self::Boolean,
        Self::Option,
        Self::Options,
        Self::Owner,
        Self::Date,
        Self::Datetime,
    ];

    /// As on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Phone => "phone",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Option => "option",
            Self::Options => "options",
            Self::Owner => "owner",
            Self::Date => "date",
            Self::Datetime => "datetime",
        }
    }

    /// In words: what a property of it is.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Phone => "a telephone number",
            Self::Number => "a number",
            Self::Boolean => "yes or no",
            Self::Option => "one option",
            Self::Options => "several options",
            Self::Owner => "a HubSpot owner",
            Self::Date => "a date",
            Self::Datetime => "a date and time",
        }
    }
}

impl Definition {
    /// What its values are; `None`: of a type that this build does not know, which it writes nothing to.
    pub fn nature(&self) -> Option<Nature> {
        Some(match (Kind::parse(&self.value_type)?, self.field_type.as_str()) {
            // HubSpot's `phone` is a string shown as a telephone number.
            (Kind::String, "phonenumber") | (Kind::PhoneNumber, _) => Nature::Phone,
            (Kind::String, _) => Nature::Text,
            (Kind::Number, _) => Nature::Number,
            (Kind::Bool, _) => Nature::Boolean,
            (Kind::Enumeration, "checkbox") => Nature::Options,
            (Kind::Enumeration, _) if self.names_owners() => Nature::Owner,
            (Kind::Enumeration, _) => Nature::Option,
            (Kind::Date, _) => Nature::Date,
            (Kind::Datetime, _) => Nature::Datetime,
        })
    }

    /// Whether its values are ids of owners.
    pub fn names_owners(&self) -> bool {
        self.name == OWNER.0 || self.referenced_object_type.as_deref() == Some(OWNER.1)
    }

    /// Whether anything can be written to it, whatever the value; else why not.
    pub fn writable(&self) -> Result<Nature, Refusal> {
        if self.calculated {
            return Err(self.refuse(Code::Calculated, "is calculated by HubSpot and cannot be written"));
        }
        if self.read_only {
            return Err(self.refuse(Code::ReadOnly, "is HubSpot's own and cannot be written"));
        }
        self.nature().ok_or_else(|| {
            let words = format!("is of HubSpot's type `{}`, which Spoke does not write", self.value_type);
            self.refuse(Code::UnsupportedType, &words)
        })
    }

    /// `The field "Industry" (industry) …`, as a sentence.
    fn refuse(&self, code: Code, what: &str) -> Refusal {
        Refusal { code, detail: format!("The field {} {what}.", self.called()) }
    }

    /// Both of its names.
    fn called(&self) -> String {
        let label: String = self.label.chars().take(60).collect();
        if label.is_empty() || label == self.name {
            format!("`{}`", self.name)
        } else {
            format!("\"{label}\" ({})", self.name)
        }
    }
}

/// Why a property cannot have a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What kind; stable on the wire.
    pub code: Code,
    /// A sentence for an administrator: what is wrong and what would be right. Never holds the value, which may be a person's.
    pub detail: String,
}

impl Refusal {
    /// There is no such property.
    pub fn unknown_field(name: &str) -> Self {
        let detail = format!("There is no field `{name}` in HubSpot. Refresh the fields or choose another.");
        Self { code: Code::UnknownField, detail }
    }
}

/// Kinds of [`Refusal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// HubSpot lists no such property.
    UnknownField,
    /// HubSpot computes it.
    Calculated,
    /// HubSpot lets nobody write it.
    ReadOnly,
    /// Of a type that this build does not know.
    UnsupportedType,
    /// Not a text.
    NotAText,
    /// Not a number.
    NotANumber,
    /// A number that HubSpot or whoever reads it would round.
    OutOfRange,
    /// Neither yes nor no.
    NotABoolean,
    /// Not a day.
    NotADate,
    /// Not a moment.
    NotADatetime,
    /// The property has no such option.
    NotAnOption,
    /// Several options for a property that has one at a time.
    OneOptionOnly,
    /// Not the number of an owner.
    NotAnOwner,
    /// Longer than HubSpot takes.
    TooLong,
    /// Only to several options something can be added.
    CannotAppend,
    /// The property is of another nature than it was.
    Retyped,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 16] = [
        Self::UnknownField,
        Self::Calculated,
        Self::ReadOnly,
        Self::UnsupportedType,
        Self::NotAText,
        Self::NotANumber,
        Self::OutOfRange,
        Self::NotABoolean,
        Self::NotADate,
        Self::NotADatetime,
        Self::NotAnOption,
        Self::OneOptionOnly,
        Self::NotAnOwner,
        Self::TooLong,
        Self::CannotAppend,
        Self::Retyped,
    ];

    /// As on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownField => "unknown_field",
            Self::Calculated => "calculated",
            Self::ReadOnly => "read_only",
            Self::UnsupportedType => "unsupported_type",
            Self::NotAText => "not_a_text",
            Self::NotANumber => "not_a_number",
            Self::OutOfRange => "out_of_range",
            Self::NotABoolean => "not_a_boolean",
            Self::NotADate => "not_a_date",
            Self::NotADatetime => "not_a_datetime",
            Self::NotAnOption => "not_an_option",
            Self::OneOptionOnly => "one_option_only",
            Self::NotAnOwner => "not_an_owner",
            Self::TooLong => "too_long",
            Self::CannotAppend => "cannot_append",
            Self::Retyped => "retyped",
        }
    }

    /// The kind of fault that a definition has which holds such a value.
    pub const fn as_fault(self) -> filter::Code {
        match self {
            Self::UnknownField => filter::Code::UnknownField,
            Self::Calculated | Self::ReadOnly => filter::Code::ReadOnly,
            Self::UnsupportedType
            | Self::NotAText
            | Self::NotANumber
            | Self::NotABoolean
            | Self::NotADate
            | Self::NotADatetime
            | Self::NotAnOwner
            | Self::Retyped => filter::Code::WrongType,
            Self::NotAnOption | Self::OneOptionOnly => filter::Code::UnknownOption,
            Self::OutOfRange | Self::TooLong => filter::Code::Limit,
            Self::CannotAppend => filter::Code::Never,
        }
    }
}

/// What becomes of what the property holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// It goes.
    Replace,
    /// It stays, and these options come to it: the form with a leading semicolon.
    Append,
}

/// The text to send for a value; the empty text clears the property.
pub fn write(definition: &Definition, value: &Value, manner: Manner) -> Result<String, Refusal> {
    let nature = definition.writable()?;
    let clears = match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty() && nature == Nature::Options,
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    };
    if manner == Manner::Append && (nature != Nature::Options || clears) {
        let words =
            if clears { "is given nothing to add" } else { "holds one value: nothing can be added to it" };
        return Err(definition.refuse(Code::CannotAppend, words));
    }
    if clears {
        return Ok(String::new());
    }
    let text = match nature {
        Nature::Text => text(value).ok_or_else(|| {
            let words = "is a text: it takes a text, a number or a boolean, and no list or object";
            definition.refuse(Code::NotAText, words)
        }),
        Nature::Phone => phone(value).ok_or_else(|| {
            let words = "is a telephone number: it takes a text, as +1 555 0100";
            definition.refuse(Code::NotAText, words)
        }),
        Nature::Number => number(definition, value),
        Nature::Boolean => boolean(definition, value),
        Nature::Option => options::one(definition, value),
        Nature::Options => options::several(definition, value, manner),
        Nature::Owner => owner(value).ok_or_else(|| {
            let words = "is a HubSpot owner: it takes the owner's number, which the list of owners tells";
            definition.refuse(Code::NotAnOwner, words)
        }),
        Nature::Date => day(value).ok_or_else(|| {
            let words = "is a date: write it as 2026-01-31, or as milliseconds at midnight UTC";
            definition.refuse(Code::NotADate, words)
        }),
        Nature::Datetime => moment(value).ok_or_else(|| {
            let words = "is a date and time: write it as 2026-01-31T15:30:00Z, or as milliseconds since 1970";
            definition.refuse(Code::NotADatetime, words)
        }),
    }?;
    if text.encode_utf16().count() > MAX_UNITS {
        return Err(definition.refuse(Code::TooLong, "takes 65,536 characters at most"));
    }
    Ok(text)
}

/// Whether a property that holds `mirrored` (empty: nothing) would hold the same after `new` is written: what differs in form alone is no
/// change worth a call.
pub fn same(definition: &Definition, mirrored: &str, new: &str) -> bool {
    if mirrored == new {
        return true;
    }
    if mirrored.is_empty() || new.is_empty() {
        return false;
    }
    match definition.nature() {
        Some(Nature::Number) => alike(reading::number, mirrored, new),
        Some(Nature::Boolean) => alike(reading::boolean, mirrored, new),
        Some(Nature::Date) => alike(reading::day, mirrored, new),
        Some(Nature::Datetime) => alike(reading::moment, mirrored, new),
        Some(Nature::Options) => {
            let held: BTreeSet<&str> = reading::options(mirrored).collect();
            let wanted: BTreeSet<&str> = reading::options(new).collect();
            if new.starts_with(';') { held.is_superset(&wanted) } else { held == wanted }
        }
        Some(Nature::Text) if CASELESS.contains(&definition.name.as_str()) => {
            reading::fold(mirrored.trim()) == reading::fold(new.trim())
        }
        // A box to tick is an enumeration of `true` and `false`.
        Some(Nature::Option) if definition.field_type == "booleancheckbox" => {
            alike(reading::boolean, mirrored, new)
        }
        Some(Nature::Text | Nature::Phone | Nature::Option | Nature::Owner) | None => false,
    }
}

/// Whether both can be read, as the same.
fn alike<T: PartialEq>(read: fn(&str) -> Option<T>, one: &str, other: &str) -> bool {
    read(one).is_some_and(|value| Some(value) == read(other))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) if number.is_f64() => decimals(Number::from_real(number.as_f64()?)?),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn phone(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.is_u64() => Some(number.to_string()),
        Value::Number(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn number(definition: &Definition, value: &Value) -> Result<String, Refusal> {
    let not_a_number = || {
        let words = "is a number: write it without separators, units or currency, as 1234.5";
        definition.refuse(Code::NotANumber, words)
    };
    let number = match value {
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Some(Number::Whole(whole)),
            // Whatever is beyond 64 bits is beyond what is written.
            None => number.as_f64().and_then(Number::from_real),
        },
        Value::String(text) => reading::number(text.trim()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    decimals(number.ok_or_else(not_a_number)?).ok_or_else(|| {
        let words = "takes numbers of 9,007,199,254,740,992 at most, and of 40 characters: HubSpot and other programs would round it";
        definition.refuse(Code::OutOfRange, words)
    })
}

/// A number in plain decimals; `None` if a double does not tell it from its neighbours, or it is too long.
fn decimals(number: Number) -> Option<String> {
    const EXACT: u64 = 1 << 53;
    let text = match number {
        Number::Whole(whole) if whole.unsigned_abs() <= EXACT => whole.to_string(),
        // One that is beyond has no fraction.
        Number::Real(real) if real.abs() < EXACT as f64 => real.to_string(),
        Number::Whole(_) | Number::Real(_) => return None,
    };
    (text.len() <= MAX_NUMBER).then_some(text)
}

fn boolean(definition: &Definition, value: &Value) -> Result<String, Refusal> {
    let flag = match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => reading::boolean(text.trim()).or_else(|| {
            // "Yes" and "No", or what the account's people call them.
            options::find(definition, text.trim()).and_then(reading::boolean)
        }),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    };
    flag.map(|flag| flag.to_string())
        .ok_or_else(|| definition.refuse(Code::NotABoolean, "is yes or no: it takes true or false"))
}

/// Digits, which HubSpot's ids are.
fn owner(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) if number.is_u64() => number.to_string(),
        Value::Number(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    is_id(&text).then_some(text)
}

/// Whether a text is an id of HubSpot's.
fn is_id(text: &str) -> bool {
    (1..=18).contains(&text.len()) && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A day, of a moment only where that is its midnight in UTC: the day of any other depends on who looks.
fn day(value: &Value) -> Option<String> {
    let day = match value {
        Value::String(text) => {
            reading::date(text.trim()).or_else(|| midnight(reading::timestamp(text.trim())?))
        }
        Value::Number(number) => midnight(reading::timestamp(&number.as_i64()?.to_string())?),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    day.map(reading::date_text)
}

fn midnight(ms: i64) -> Option<i64> {
    (ms.rem_euclid(DAY_MS) == 0).then(|| ms.div_euclid(DAY_MS))
}

fn moment(value: &Value) -> Option<String> {
    let ms = match value {
        Value::String(text) => reading::moment(text.trim()),
        Value::Number(number) => reading::moment(&number.as_i64()?.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    ms.map(|ms| Timestamp(ms).to_rfc3339())
}
