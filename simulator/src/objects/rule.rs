//! A customer's own validation rules for the values of a property (`hubspot-api.md` 1.2, 3.6). Owns nothing; the rules
//! are an account's. They hold for every write, whoever makes it.

use serde::{Deserialize, Serialize};

/// One rule. Of the codes HubSpot documents `INVALID_ALPHA` alone; the others are made alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum ValueRule {
    /// Letters only.
    Alpha,
    /// Digits only.
    Numeric,
    /// Letters and digits only.
    Alphanumeric,
    /// Characters, at most.
    MaxLength { characters: usize },
    /// A regular expression that the whole value fits.
    Regex { pattern: String },
    /// New records need a value.
    Required,
    /// Records need a value while another property has this one (HubSpot's conditional property logic).
    RequiredIf { property: String, value: String },
}

impl ValueRule {
    /// Code and message for a value that breaks the rule.
    pub(crate) fn refusal(&self, value: &str) -> Option<(&'static str, String)> {
        let only = |good: fn(char) -> bool| value.chars().all(good);
        match self {
            Self::Alpha if !only(char::is_alphabetic) => {
                Some(("INVALID_ALPHA", format!("{value} may only contain letters.")))
            }
            Self::Numeric if !only(|own| own.is_ascii_digit()) => {
                Some(("INVALID_NUMERIC", format!("{value} may only contain digits.")))
            }
            Self::Alphanumeric if !only(char::is_alphanumeric) => {
                Some(("INVALID_ALPHANUMERIC", format!("{value} may only contain letters and digits.")))
            }
            Self::MaxLength { characters } if value.chars().count() > *characters => {
                Some(("INVALID_MAX_LENGTH", format!("{value} is longer than {characters} characters.")))
            }
            Self::Regex { pattern } if !whole(pattern).is_some_and(|own| own.is_match(value)) => {
                Some(("INVALID_REGEX", format!("{value} does not fit the expression {pattern}.")))
            }
            Self::Alpha
            | Self::Numeric
            | Self::Alphanumeric
            | Self::MaxLength { .. }
            | Self::Regex { .. }
            | Self::Required
            | Self::RequiredIf { .. } => None,
        }
    }

    /// Why it cannot be a rule.
    pub(crate) fn flaw(&self) -> Option<String> {
        match self {
            Self::Regex { pattern } if whole(pattern).is_none() => {
                Some(format!("{pattern} is not a regular expression"))
            }
            _ => None,
        }
    }
}

fn whole(pattern: &str) -> Option<regex_lite::Regex> {
    regex_lite::Regex::new(&format!("^(?:{pattern})$")).ok()
}
