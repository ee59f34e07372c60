//! From the fields as the API tells them to what the Fields page shows.

use std::borrow::Cow;

use serde::Deserialize;

use crate::{
    console::{
        connection::ConnectionFrame,
        connection_paths::FieldsQuery,
        fields::{FieldEvent, FieldLine, FieldsView, OPTIONS, PAGE},
    },
    values::{
        json,
        time::{MINUTE_MS, Timestamp},
    },
};

/// How long the page waits for an answer of HubSpot's before it stops saying so.
const PATIENCE_MS: i64 = 2 * MINUTE_MS;

/// `GET /v1/connections/{c}/fields/{type}`, as far as the page shows it.
#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    results: Vec<Field<'a>>,
    read_at: Option<&'a str>,
    #[serde(borrow)]
    history: Vec<Event<'a>>,
}

#[derive(Deserialize)]
struct Field<'a> {
    name: Cow<'a, str>,
    label: Cow<'a, str>,
    #[serde(rename = "type")]
    value_type: Cow<'a, str>,
    #[serde(rename = "field_type")]
    control: Cow<'a, str>,
    group: Cow<'a, str>,
    description: Cow<'a, str>,
    calculated: bool,
    hubspot_defined: bool,
    read_only: bool,
    unique: bool,
    hidden: bool,
    #[serde(borrow)]
    options: Vec<Choice<'a>>,
    #[serde(default)]
    options_left_out: bool,
    vanished_at: Option<&'a str>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    value: Cow<'a, str>,
    label: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Event<'a> {
    at: &'a str,
    name: Cow<'a, str>,
    kind: Cow<'a, str>,
    before: Option<Cow<'a, str>>,
    after: Option<Cow<'a, str>>,
}

fn moment(text: &str) -> Option<i64> {
    Timestamp::parse_rfc3339(text).map(|at| at.0)
}

/// What is mirrored of a type's fields.
pub struct Mirrored(Option<Vec<String>>);

impl Mirrored {
    /// As `GET …/fields/{type}/selection` tells it; everything where that cannot be read.
    pub fn read(told: &str) -> Self {
        #[derive(Deserialize)]
        struct Selection {
            fields: serde_json::Value,
            always: Vec<String>,
        }
        let chosen = json::parse::<Selection>(told).ok().and_then(|selection| {
            let names =
                selection.fields.as_array()?.iter().filter_map(|name| name.as_str().map(str::to_owned));
            Some(names.chain(selection.always).collect())
        });
        Self(chosen)
    }

    /// Whether a field is there and not mirrored.
    pub fn leaves_out(&self, name: &str) -> bool {
        self.0.as_ref().is_some_and(|names| !names.iter().any(|chosen| chosen == name))
    }
}

/// The page; `None`: the text is not what the API tells.
pub fn page(
    at: ConnectionFrame,
    object_type: &str,
    search: FieldsQuery,
    told: &str,
    mirrored: &Mirrored,
) -> Option<FieldsView> {
    let told: Told<'_> = json::parse(told).ok()?;
    let read_at = told.read_at.and_then(moment);
    let now_at = at.frame.now_at;
    let waits = |asked: i64| read_at.is_none_or(|read| read < asked) && now_at - asked < PATIENCE_MS;
    let refreshing = search.asked_at.is_some_and(waits);
    let total = told.results.iter().filter(|field| field.vanished_at.is_none()).count();
    let query = search.query.trim().to_lowercase();
    let mut matching: Vec<&Field<'_>> = told
        .results
        .iter()
        .filter(|field| shown(field, &search.show, mirrored) && matches(field, &query))
        .collect();
    // By what people see; names break ties.
    matching.sort_by_cached_key(|field| (field.label.to_lowercase(), field.name.clone()));
    let first = search.page.saturating_sub(1).min(matching.len().saturating_sub(1) / PAGE) * PAGE;
    let fields = matching.iter().skip(first).take(PAGE).map(|field| line(field, mirrored)).collect();
    let events = told.history.iter().map(event).collect();
    let (object_type, matching) = (object_type.to_owned(), matching.len());
    Some(FieldsView { at, object_type, search, read_at, refreshing, total, matching, fields, events })
}

fn shown(field: &Field<'_>, show: &str, mirrored: &Mirrored) -> bool {
    let gone = field.vanished_at.is_some();
    match show {
        "own" => !gone && !field.hubspot_defined,
        "calculated" => !gone && field.calculated,
        "unique" => !gone && field.unique,
        "left-out" => !gone && mirrored.leaves_out(&field.name),
        "gone" => gone,
        _ => !gone,
    }
}

fn matches(field: &Field<'_>, query: &str) -> bool {
    [&field.name, &field.label, &field.group].iter().any(|text| text.to_lowercase().contains(query))
}

fn line(field: &Field<'_>, mirrored: &Mirrored) -> FieldLine {
    let marks = [
        (!field.hubspot_defined, "Own"),
        (field.calculated, "Calculated"),
        (field.read_only, "Read-only"),
        (field.unique, "Unique"),
        (field.hidden, "Hidden"),
        (mirrored.leaves_out(&field.name), "Not mirrored"),
    ];
    let options = field.options.iter().take(OPTIONS);
    FieldLine {
        name: field.name.clone().into_owned(),
        label: field.label.clone().into_owned(),
        type_words: type_words(&field.value_type, &field.control).to_owned(),
        shape: format!("{}/{}", field.value_type, field.control),
        group: field.group.clone().into_owned(),
        description: field.description.clone().into_owned(),
        marks: marks.into_iter().filter(|(holds, _)| *holds).map(|(_, words)| words).collect(),
        options: options
            .map(|choice| (choice.value.clone().into_owned(), choice.label.clone().into_owned()))
            .collect(),
        options_count: field.options.len(),
        options_left_out: field.options_left_out,
        vanished_at: field.vanished_at.and_then(moment),
    }
}

/// HubSpot's types as its own pages call them.
pub(super) fn type_words<'a>(value_type: &'a str, field_type: &str) -> &'a str {
    match (value_type, field_type) {
        ("string", "textarea") => "Multi-line text",
        ("string", "html") => "Rich text",
        ("string", "file") => "File",
        ("string", _) => "Text",
        ("number", _) => "Number",
        ("bool", _) | ("enumeration", "booleancheckbox") => "Yes or no",
        ("enumeration", "checkbox") => "Several of a list",
        ("enumeration", _) => "One of a list",
        ("date", _) => "Date",
        ("datetime", _) => "Date and time",
        ("phone_number", _) => "Phone number",
        (other, _) => other,
    }
}

fn event(event: &Event<'_>) -> FieldEvent {
    let words = |shape: &Option<Cow<'_, str>>| {
        let shape = shape.as_deref().unwrap_or_default();
        let (value_type, field_type) = shape.split_once('/').unwrap_or((shape, ""));
        format!("{} ({shape})", type_words(value_type, field_type).to_lowercase())
    };
    let words = match event.kind.as_ref() {
        "appeared" => format!("appeared: {}", words(&event.after)),
        "vanished" => "vanished from HubSpot; its values are kept as they were last read".to_owned(),
        "retyped" => format!("changed its type from {} to {}", words(&event.before), words(&event.after)),
        other => other.to_owned(),
    };
    FieldEvent { at: moment(event.at).unwrap_or_default(), name: event.name.clone().into_owned(), words }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::sample;

    const TOLD: &str = r#"{"object_type":"deals","read_at":"1970-01-01T00:01:00.000Z","results":[
        {"name":"amount","label":"Amount","type":"number","field_type":"number","group":"dealinformation","description":"",
         "calculated":false,"hubspot_defined":true,"read_only":false,"unique":false,"hidden":false,"options":[],
         "appeared_at":"1970-01-01T00:00:00.000Z","vanished_at":null},
        {"name":"tier","label":"A \"tier\"","type":"enumeration","field_type":"select","group":"own_group","description":"x",
         "calculated":true,"hubspot_defined":false,"read_only":true,"unique":false,"hidden":false,
         "options":[{"value":"g","label":"Gold"}],"appeared_at":"1970-01-01T00:00:00.000Z","vanished_at":null},
        {"name":"old","label":"Old","type":"string","field_type":"text","group":"own_group","description":"",
         "calculated":false,"hubspot_defined":false,"read_only":false,"unique":true,"hidden":false,"options":[],
         "appeared_at":"1970-01-01T00:00:00.000Z","vanished_at":"1970-01-01T00:00:30.000Z"}],
        "history":[{"at":"1970-01-01T00:00:30.000Z","name":"old","kind":"vanished","before":null,"after":null},
                   {"at":"1970-01-01T00:00:20.000Z","name":"tier","kind":"retyped","before":"string/text","after":"enumeration/select"}]}"#;

    fn shown(query: &str, show: &str) -> FieldsView {
        let search = FieldsQuery { query: query.into(), show: show.into(), ..FieldsQuery::default() };
        page(sample::connection_frame(&sample::plain), "deals", search, TOLD, &Mirrored(None)).unwrap()
    }

    fn names(view: &FieldsView) -> Vec<&str> {
        view.fields.iter().map(|field| field.name.as_str()).collect()
    }

    #[test]
    fn fields_are_found_by_name_label_and_group_and_narrowed_by_kind() {
        assert_eq!(names(&shown("", "")), ["tier", "amount"]);
        assert_eq!(names(&shown(" AMOU ", "")), ["amount"]);
        assert_eq!(names(&shown("own_group", "")), ["tier"]);
        assert_eq!(names(&shown("", "own")), ["tier"]);
        assert_eq!(names(&shown("", "gone")), ["old"]);
        assert_eq!((shown("nothing", "").matching, shown("nothing", "").total), (0, 2));
        assert_eq!(shown("", "own").fields[0].marks, ["Own", "Calculated", "Read-only"]);
    }

    #[test]
    fn a_page_beyond_the_last_shows_the_last() {
        let search = FieldsQuery { page: 9, ..FieldsQuery::default() };
        let view =
            page(sample::connection_frame(&sample::plain), "deals", search, TOLD, &Mirrored(None)).unwrap();
        assert_eq!(names(&view), ["tier", "amount"]);
    }

    #[test]
    fn the_page_waits_until_the_fields_were_read_after_it_was_asked() {
        let waits = |asked_at, now_at| {
            let mut at = sample::connection_frame(&sample::plain);
            at.frame.now_at = now_at;
            let search = FieldsQuery { asked_at: Some(asked_at), ..FieldsQuery::default() };
            page(at, "deals", search, TOLD, &Mirrored(None)).unwrap().refreshing
        };
        assert!(waits(60_001, 60_002));
        assert!(!waits(59_999, 60_002));
        assert!(!waits(60_001, 60_001 + PATIENCE_MS), "whoever comes back later is not told to wait");
    }

    #[test]
    fn what_is_not_mirrored_says_so() {
        let mirrored = Mirrored::read(r#"{"fields":["tier"],"always":["createdate"]}"#);
        let search = FieldsQuery { show: "left-out".into(), ..FieldsQuery::default() };
        let view = page(sample::connection_frame(&sample::plain), "deals", search, TOLD, &mirrored).unwrap();
        assert_eq!((names(&view), view.fields[0].marks.as_slice()), (vec!["amount"], &["Not mirrored"][..]));
        assert!(!Mirrored::read(r#"{"fields":"all","always":[]}"#).leaves_out("amount"));
    }

    #[test]
    fn what_happened_is_told_in_words() {
        let events = shown("", "").events;
        assert!(events[0].words.starts_with("vanished"));
        assert_eq!(
            events[1].words,
            "changed its type from text (string/text) to one of a list (enumeration/select)"
        );
    }
}
