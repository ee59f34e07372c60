//! From channels as the API tells them to what the pages show.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    console::{
        channels::{ChannelView, Standing},
        deliveries::{EndpointView, Standing as Delivering},
    },
    values::{json, time::Timestamp},
};

#[derive(Deserialize)]
struct Entry {
    id: String,
    name: String,
    object_type: String,
    selects: String,
    state: String,
    trouble: Option<String>,
    scan: Option<Scan>,
    members: u64,
    told_at: Option<String>,
    created_at: String,
    updated_at: String,
    fields: Vec<Mapping>,
}

#[derive(Deserialize)]
struct Scan {
    read: u64,
    of: u64,
}

#[derive(Deserialize)]
struct Mapping {
    field: String,
    property: String,
    #[serde(default)]
    default: Option<String>,
}

/// What the API adds to a definition.
const ADDED: [&str; 11] = [
    "id",
    "state",
    "scan",
    "members",
    "selects",
    "trouble",
    "told_at",
    "begins_after",
    "created_at",
    "updated_at",
    "name",
];

fn moment(text: &str) -> Option<i64> {
    Timestamp::parse_rfc3339(text).map(|at| at.0)
}

/// All of them; `None`: the text is not what the API tells.
pub fn all(told: &str, endpoints: &[EndpointView]) -> Option<Vec<ChannelView>> {
    let all: Value = json::parse(told).ok()?;
    all["results"].as_array()?.iter().map(|one| view(one, endpoints)).collect()
}

/// One.
pub fn one(told: &str, endpoints: &[EndpointView]) -> Option<ChannelView> {
    view(&json::parse(told).ok()?, endpoints)
}

fn view(value: &Value, endpoints: &[EndpointView]) -> Option<ChannelView> {
    let told: Entry = json::parse(&value.to_string()).ok()?;
    let standing = match (told.state.as_str(), told.scan) {
        ("paused", _) => Standing::Paused,
        ("reading_list", _) => Standing::ReadingList,
        ("held", _) => Standing::Held,
        (_, Some(scan)) => Standing::Scanning(scan.read, scan.of),
        _ => Standing::Active,
    };
    let own = endpoints.iter().filter(|endpoint| endpoint.channel.as_ref() == Some(&told.id));
    let works = |endpoint: &EndpointView| matches!(endpoint.standing, Delivering::Active);
    Some(ChannelView {
        endpoints: own.map(|endpoint| (endpoint.id.clone(), endpoint.url.clone(), works(endpoint))).collect(),
        id: told.id,
        name: told.name,
        object_type: told.object_type,
        selects: told.selects,
        standing,
        trouble: told.trouble.map(|words| words.replace('`', "")),
        members: told.members,
        told_at: told.told_at.as_deref().and_then(moment),
        created_at: moment(&told.created_at).unwrap_or_default(),
        updated_at: moment(&told.updated_at).unwrap_or_default(),
        fields: told.fields.into_iter().map(|own| (own.field, own.property, own.default)).collect(),
        definition: definition(value),
    })
}

/// What a person would send to make the same channel, over several lines.
fn definition(told: &Value) -> String {
    let mut definition = told.clone();
    if let Some(entries) = definition.as_object_mut() {
        entries.retain(|name, _| name == "name" || !ADDED.contains(&name.as_str()));
    }
    format!("{definition:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_read_as_the_portal_tells_it() {
        let told = r#"{"results":[{"id":"ch_a","name":"Leads","object_type":"contacts","selects":"Every record","state":"scanning",
            "trouble":null,"scan":{"read":500,"of":900},"members":7,"told_at":null,"begins_after":"4","filter":{"and":[]},
            "created_at":"1970-01-01T00:00:05.000Z","updated_at":"1970-01-01T00:00:06.000Z",
            "fields":[{"field":"mail","property":"email"},{"field":"name","property":"firstname","default":"there"}]}],"next_cursor":null}"#;
        let [view] = all(told, &[]).unwrap().try_into().unwrap();
        assert_eq!((view.standing, view.members, view.created_at), (Standing::Scanning(500, 900), 7, 5_000));
        assert_eq!(view.fields[1], ("name".to_owned(), "firstname".to_owned(), Some("there".to_owned())));
        let again: Value = serde_json::from_str(&view.definition).unwrap();
        let keys: Vec<&String> = again.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["fields", "filter", "name", "object_type"]);
        assert!(all("{}", &[]).is_none());
    }
}
