//! What requests ask for: query strings and JSON bodies, read strictly. Owns nothing.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use crate::associations::write::Inline;
use crate::http::Request;
use crate::switches::OverLimit;
use crate::{Problem, Switches};

/// Most inputs of a batch, and of a batch read with history. Source: `hubspot-api.md` 4.2.
const BATCH_LIMIT: usize = 100;
const HISTORY_BATCH_LIMIT: usize = 50;

/// Property values as sent. HubSpot also takes bare numbers and booleans; the documented form is text, others are refused.
pub(crate) type Sent = BTreeMap<String, String>;

/// The query of a list or read.
#[derive(Debug, Default)]
pub(crate) struct Selectors {
    pub limit: Option<String>,
    pub after: Option<String>,
    pub properties: Vec<String>,
    pub archived: bool,
    pub id_property: Option<String>,
    /// Of owners.
    pub email: Option<String>,
}

impl Selectors {
    /// Reads the parameters in `allowed`; anything else is refused.
    pub fn parse(request: &Request, allowed: &[&str]) -> Result<Self, Problem> {
        let mut selectors = Self::default();
        for (name, value) in form_urlencoded::parse(request.query.as_bytes()) {
            if !allowed.contains(&name.as_ref()) {
                return Err(Problem::validation(format!("Unknown query parameter: {name}")));
            }
            let list = |value: &str| -> Vec<String> {
                value.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
            };
            match name.as_ref() {
                "limit" => selectors.limit = Some(value.into_owned()),
                "after" => selectors.after = Some(value.into_owned()).filter(|after| !after.is_empty()),
                "properties" => selectors.properties.extend(list(&value)),
                "archived" => selectors.archived = parse_bool(&name, &value)?,
                "email" => selectors.email = Some(value.into_owned()).filter(|email| !email.is_empty()),
                "idProperty" => selectors.id_property = Some(value.into_owned()),
                // HubSpot takes these; what they would show is not modelled.
                "associations" if list(&value).is_empty() => {}
                "associations" => return Err(not_modelled("associations")),
                "propertiesWithHistory" if list(&value).is_empty() => {}
                "propertiesWithHistory" => return Err(not_modelled("propertiesWithHistory")),
                _ => {}
            }
        }
        Ok(selectors)
    }

    /// The page size: 10 unless given, at most `maximum`.
    pub fn page_size(&self, switches: &Switches, maximum: usize) -> Result<usize, Problem> {
        let Some(text) = &self.limit else { return Ok(10) };
        let limit: usize =
            text.parse().map_err(|_| Problem::validation(format!("Invalid integer for limit: {text}")))?;
        page_size(limit, switches, maximum)
    }
}

/// A limit within `1..=maximum`; above it is refused or clamped.
pub(crate) fn page_size(limit: usize, switches: &Switches, maximum: usize) -> Result<usize, Problem> {
    if limit == 0 {
        return Err(Problem::validation("limit must be at least 1"));
    }
    if limit > maximum && switches.over_limit == OverLimit::Refused {
        return Err(Problem::validation(format!("limit must be at most {maximum}. {limit} was given.")));
    }
    Ok(limit.min(maximum))
}

/// `true` or `false`.
pub(crate) fn parse_bool(name: &str, value: &str) -> Result<bool, Problem> {
    value.parse().map_err(|_| Problem::validation(format!("Invalid boolean for {name}: {value}")))
}

/// HubSpot would answer; the simulator does not know how.
pub(crate) fn not_modelled(what: &str) -> Problem {
    Problem::validation(format!("The simulator does not model {what}"))
}

/// The body as JSON; unknown members are refused.
pub(crate) fn json<'a, T: Deserialize<'a>>(request: &'a Request) -> Result<T, Problem> {
    serde_json::from_slice(&request.body).map_err(|error| {
        Problem::validation(format!(
            "Invalid input JSON on line {}, column {}: {error}",
            error.line(),
            error.column()
        ))
    })
}

/// `{"inputs":[…]}` and nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inputs<T> {
    pub inputs: Vec<T>,
}

/// An input that is an id.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdInput<'a> {
    #[serde(borrow)]
    pub id: Cow<'a, str>,
}

/// The body of a batch read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct BatchRead<'a> {
    #[serde(borrow)]
    pub inputs: Vec<IdInput<'a>>,
    #[serde(default, borrow)]
    pub properties: Vec<Cow<'a, str>>,
    #[serde(default, borrow)]
    pub properties_with_history: Vec<Cow<'a, str>>,
    #[serde(default)]
    pub id_property: Option<String>,
}

impl BatchRead<'_> {
    /// 50 with history, 100 without.
    pub fn check_size(&self) -> Result<(), Problem> {
        if !self.properties_with_history.is_empty() {
            if self.inputs.len() > HISTORY_BATCH_LIMIT {
                return Err(Problem::validation(format!(
                    "The maximum number of inputs supported in a batch request for property histories is \
                     {HISTORY_BATCH_LIMIT}. There were {} inputs in the request.",
                    self.inputs.len()
                )));
            }
            return Err(not_modelled("propertiesWithHistory"));
        }
        check_batch_size(self.inputs.len())
    }
}

/// At most 100 inputs.
pub(crate) fn check_batch_size(count: usize) -> Result<(), Problem> {
    if count > BATCH_LIMIT {
        return Err(Problem::validation(format!(
            "The maximum number of inputs supported in a batch is {BATCH_LIMIT}. There were {count} inputs in the request."
        )));
    }
    Ok(())
}

/// One record to create.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct CreateInput {
    pub properties: Sent,
    #[serde(default)]
    pub associations: Vec<Inline>,
    #[serde(default)]
    pub object_write_trace_id: Option<String>,
}

/// One record to change.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct UpdateInput {
    pub id: String,
    pub properties: Sent,
    #[serde(default)]
    pub id_property: Option<String>,
    #[serde(default)]
    pub object_write_trace_id: Option<String>,
}
