//! What a channel would come to, in words.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    console::{
        channel_form::PreviewView,
        channels::one_or_more,
        words::{count, number},
    },
    values::json,
};

/// What a preview comes to, in words; `None`: the text is not what the API tells.
pub fn preview(told: &str, object_type: &str) -> Option<PreviewView> {
    #[derive(Deserialize)]
    struct Told {
        matching: Option<u64>,
        looked_at: Option<u64>,
        of: u64,
        complete: bool,
        estimate: u64,
        examples: Vec<Example>,
        hubspot_calls: Calls,
    }
    #[derive(Deserialize)]
    struct Example {
        id: String,
        fields: Map<String, Value>,
    }
    #[derive(Deserialize)]
    struct Calls {
        once: u64,
        per_hour: u64,
    }
    let told: Told = json::parse(told).ok()?;
    let records = |n: u64| format!("{} {}", number(n), one_or_more(object_type, n));
    let by_list = told.hubspot_calls.per_hour > 0;
    let matching = match (by_list, told.complete) {
        (true, true) => format!("{} on the list now.", records(told.matching.unwrap_or(told.estimate))),
        (true, false) => format!("HubSpot counts {} on the list.", records(told.estimate)),
        (false, true) => format!("{} of {} now.", records(told.estimate), number(told.of)),
        (false, false) => format!(
            "About {} of {} now, estimated from {} of them.",
            records(told.estimate),
            number(told.of),
            number(told.looked_at.unwrap_or_default())
        ),
    };
    let calls = if by_list {
        let once = match told.hubspot_calls.once {
            0 => "The list is mirrored already".to_owned(),
            calls => format!("Reading the list takes {} to HubSpot once", count(calls, "call", "calls")),
        };
        format!(
            "{once}; keeping it in step takes about {} an hour: one with each check, together with all lists, and everybody once a day.",
            count(told.hubspot_calls.per_hour, "call", "calls")
        )
    } else {
        "No call to HubSpot: the filter reads the mirror.".to_owned()
    };
    let no_examples = if told.estimate > 0 {
        "Examples can be shown once the list has been read, which begins when the channel is made."
    } else {
        "Nothing matches at the moment. What matches later is handed over then."
    };
    let columns: Vec<String> =
        told.examples.first().map(|one| one.fields.keys().cloned().collect()).unwrap_or_default();
    let values = |one: &Example| {
        columns.iter().map(|name| one.fields.get(name).and_then(Value::as_str).map(str::to_owned)).collect()
    };
    Some(PreviewView {
        matching,
        calls,
        examples: told.examples.iter().map(|one| (one.id.clone(), values(one))).collect(),
        columns,
        no_examples: no_examples.to_owned(),
    })
}
