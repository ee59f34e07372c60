//! From what a Portal tells of types of records to what the page of them shows.

use serde::Deserialize;

use crate::{
    console::{
        connection::ConnectionFrame,
        types::{CustomObjects, TurnOffView, TypeLine, TypesView},
    },
    engine::portal::{
        messages::{Phase, Status},
        types::{MOST, Refusal},
    },
    values::{json, time::Timestamp},
};

/// As `engine::portal::types` tells it.
#[derive(Deserialize)]
struct Told {
    results: Vec<ToldType>,
    custom_objects: ToldCustom,
}

#[derive(Deserialize)]
struct ToldType {
    object_type: String,
    label: String,
    #[serde(default)]
    name: Option<String>,
    always: bool,
    mirrored: bool,
    missing_scopes: Vec<String>,
}

#[derive(Deserialize)]
struct ToldCustom {
    read_at: Option<String>,
    missing_scopes: Vec<String>,
    trouble: Option<String>,
}

/// The page; `None`: what was told is not what it should be. `asked_at`: when a person had HubSpot asked for custom objects,
/// milliseconds since 1970; the page waits for the answer. `check_every_ms`: as configured.
pub fn page(
    at: ConnectionFrame,
    told: &str,
    status: Option<&Status>,
    asked_at: Option<i64>,
    check_every_ms: i64,
) -> Option<TypesView> {
    let told: Told = json::parse(told).ok()?;
    let types: Vec<TypeLine> = told.results.into_iter().map(|line| read(line, status)).collect();
    let further = types.iter().filter(|line| line.mirrored && !line.always).count();
    let read_at = told.custom_objects.read_at.as_deref().and_then(Timestamp::parse_rfc3339).map(|at| at.0);
    let trouble = told.custom_objects.trouble;
    let unanswered = |asked: &i64| trouble.is_none() && read_at.is_none_or(|read| read < *asked);
    let looking_since = asked_at.filter(unanswered);
    let missing_scopes = told.custom_objects.missing_scopes;
    let custom_objects = CustomObjects { read_at, missing_scopes, looking_since, trouble };
    Some(TypesView {
        at,
        types,
        further: (further, MOST),
        custom_objects,
        every: super::spelt_cadence(check_every_ms),
    })
}

fn read(line: ToldType, status: Option<&Status>) -> TypeLine {
    let mut streams = status.iter().flat_map(|status| &status.streams);
    let stream = streams.find(|stream| *stream.object_type.name() == *line.object_type);
    let ToldType { object_type, label, name, always, mirrored, missing_scopes } = line;
    TypeLine {
        object_type,
        label,
        name,
        always,
        mirrored,
        records: stream.map_or(0, |stream| stream.records),
        reading: mirrored && stream.is_some_and(|stream| stream.phase == Phase::Backfill),
        missing_scopes,
    }
}

/// The page before a type is turned off; `None`: it is not one that is on and may be.
pub fn turn_off(view: TypesView, object_type: &str) -> Option<TurnOffView> {
    let can = |line: &TypeLine| line.object_type == object_type && line.mirrored && !line.always;
    let line = view.types.into_iter().find(can)?;
    Some(TurnOffView { at: view.at, object_type: line.object_type, label: line.label, records: line.records })
}

/// Why a switch did nothing, and what to do.
pub fn refusal(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Stopped => {
            "Nothing was done: the connection is not kept in step at the moment. The reason stands on the Sync page.".to_owned()
        }
        Refusal::NoScope(scopes) => format!(
            "Nothing was done: HubSpot has not granted {}. Reconnect the account and approve it.",
            scopes.join(" or ")
        ),
        Refusal::Looking => "Which custom objects the account has is being read. Try again in a few seconds.".to_owned(),
        Refusal::Unknown => "Nothing was done: HubSpot has no such type of records any more.".to_owned(),
        Refusal::Full => {
            format!("Nothing was done: {MOST} further types are on, and no more may be. Turn one off first.")
        }
        Refusal::Always => "Nothing was done: contacts, companies and deals are always mirrored.".to_owned(),
        Refusal::InUse(channels) => format!(
            "Nothing was done: records of this type are selected by the channels “{}”. Delete these first.",
            channels.join("”, “")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = r#"{"results": [
        {"object_type": "contacts", "label": "Contacts", "always": true, "mirrored": true, "missing_scopes": []},
        {"object_type": "2-7", "label": "Cars", "name": "cars", "always": false, "mirrored": true, "missing_scopes": []}
    ], "next_cursor": null, "most": 10, "custom_objects": {"read_at": "2026-09-01T00:00:00Z", "missing_scopes": [], "trouble": null}}"#;

    fn at() -> ConnectionFrame {
        crate::console::sample::connection_frame(&crate::console::sample::plain)
    }

    #[test]
    fn a_page_waits_for_custom_objects_until_they_were_read_after_it_asked() {
        let read_at = Timestamp::parse_rfc3339("2026-09-01T00:00:00Z").unwrap().0;
        for (asked_at, looking) in [(None, false), (Some(read_at - 1), false), (Some(read_at + 1), true)] {
            let view = page(at(), TOLD, None, asked_at, 1).expect("a page");
            assert_eq!(view.custom_objects.looking_since.is_some(), looking, "{asked_at:?}");
        }
    }

    #[test]
    fn only_what_is_on_and_not_always_can_be_turned_off() {
        let view = || page(at(), TOLD, None, None, 1).expect("a page");
        assert_eq!(view().further, (1, MOST));
        assert_eq!(turn_off(view(), "2-7").expect("a page").label, "Cars");
        assert!(turn_off(view(), "contacts").is_none());
        assert!(turn_off(view(), "tasks").is_none());
    }
}
