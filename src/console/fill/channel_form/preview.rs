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
        examples: Option<Vec<Example>>,
        examples_state: String,
        trouble: Option<String>,
        hubspot_calls: Calls,
    }
    #[derive(Deserialize)]
    struct Example {
        id: String,
        fields: Option<Map<String, Value>>,
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
                 While people keep leaving the list it takes up to {} an hour.",
                count(least, "call", "calls"),
                number(most)
            )
        }
        (true, Calls { .. }) => "What that costs is known once HubSpot has told of the list.".to_owned(),
    };
    let reading = told.examples_state == "reading";
    let no_examples = match told.trouble.map(|words| words.replace('`', "")) {
        None if reading => "Examples are being read from HubSpot…".to_owned(),
        Some(words) if reading => {
            format!("Examples are being read from HubSpot. At the moment that waits: {words}")
        }
        Some(words) => format!("There are no examples. {words}"),
        None => "Nothing matches at the moment. What matches later is handed over then.".to_owned(),
    };
    let examples = told.examples.unwrap_or_default();
    let columns: Vec<String> = examples
        .iter()
        .find_map(|one| one.fields.as_ref())
        .map(|fields| fields.keys().cloned().collect())
        .unwrap_or_default();
    let values = |fields: &Map<String, Value>| {
        columns.iter().map(|name| fields.get(name).and_then(Value::as_str).map(str::to_owned)).collect()
    };
    Some(PreviewView {
        matching,
        calls,
        examples: examples.iter().map(|one| (one.id.clone(), one.fields.as_ref().map(values))).collect(),
        columns,
        reading,
        no_examples,
    })
}
