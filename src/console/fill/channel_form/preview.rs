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
        of: Option<u64>,
        complete: bool,
        estimate: Option<u64>,
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
        once: Option<u64>,
        per_hour: Option<u64>,
        per_hour_most: Option<u64>,
    }
    let told: Told = json::parse(told).ok()?;
    let records = |n: u64| format!("{} {}", number(n), one_or_more(object_type, n));
    let by_list = told.hubspot_calls.per_hour != Some(0);
    let (estimate, of) = (told.estimate.unwrap_or_default(), told.of.unwrap_or_default());
    let matching = match (by_list, told.complete) {
        (true, true) => format!("{} on the list now.", records(told.matching.unwrap_or(estimate))),
        (true, false) if told.estimate.is_none() => {
            "It is not known how many are on the list: HubSpot has told of no such list so far.".to_owned()
        }
        (true, false) => match told.looked_at {
            Some(read) => {
                format!("HubSpot counts {} on the list; {} are read so far.", records(estimate), number(read))
            }
            None => format!("HubSpot counts {} on the list.", records(estimate)),
        },
        (false, true) => format!("{} of {} now.", records(estimate), number(of)),
        (false, false) => format!(
            "About {} of {} now, estimated from {} of them.",
            records(estimate),
            number(of),
            number(told.looked_at.unwrap_or_default())
        ),
    };
    let calls = match (by_list, told.hubspot_calls) {
        (false, _) => "No call to HubSpot: the filter reads the mirror.".to_owned(),
        (true, Calls { once, per_hour: Some(least), per_hour_most: Some(most) }) => {
            let once = match once.unwrap_or_default() {
                0 => "The list is mirrored already".to_owned(),
                calls => format!("Reading the list takes {} to HubSpot once", count(calls, "call", "calls")),
            };
            format!(
                "{once}; keeping it in step takes about {} an hour: one with each check, together with all lists, and everybody once a day. \
                 While people keep leaving the list it takes up to {}.",
                count(least, "call", "calls"),
                number(most)
            )
        }
        (true, Calls { .. }) => "What that costs is known once HubSpot has told of the list.".to_owned(),
    };
    let no_examples = if estimate > 0 || told.estimate.is_none() {
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
