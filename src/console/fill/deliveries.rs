//! From endpoints as the API tells them to what the pages show, and from forms to what the API takes.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    console::{
        connection::ConnectionFrame,
        deliveries::{AttemptView, Choice, EndpointFormView, EndpointView, Standing},
        words::capitalised,
    },
    engine::portal::endpoints::endpoint::EVENTS,
    values::{
        json as own_json, receiver,
        time::{DAY_MS, HOUR_MS, Timestamp},
    },
};

/// One endpoint in the API's shape, as far as pages show it.
#[derive(Deserialize)]
struct Told<'a> {
    id: Cow<'a, str>,
    url: Cow<'a, str>,
    description: Cow<'a, str>,
    types: Vec<String>,
    events: Vec<String>,
    #[serde(default)]
    channel: Option<String>,
    state: Cow<'a, str>,
    reason: Option<String>,
    cursor: String,
    behind: String,
    #[serde(default)]
    handing_over: bool,
    message: Option<Message>,
    failures: u32,
    failing_since: Option<String>,
    next_attempt_at: Option<String>,
    last_attempt: Option<Attempt>,
    delivered_at: Option<String>,
    test: Option<Test>,
    previous_secret_until: Option<String>,
    created_at: String,
    #[serde(default)]
    secret: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    id: String,
}

#[derive(Deserialize)]
struct Attempt {
    at: String,
    status: Option<u16>,
    took_ms: i64,
    message: Option<String>,
}

#[derive(Deserialize)]
struct Test {
    asked_at: String,
    attempt: Option<Attempt>,
}

#[derive(Deserialize)]
struct All<'a> {
    #[serde(borrow)]
    results: Vec<Told<'a>>,
}

fn moment(text: &str) -> Option<i64> {
    Timestamp::parse_rfc3339(text).map(|at| at.0)
}

fn attempt(told: Attempt) -> AttemptView {
    let Attempt { at, status, took_ms, message } = told;
    AttemptView { at: moment(&at).unwrap_or_default(), status, took_ms, words: message }
}

/// What a kind of change is called.
fn event_words(name: &str) -> &str {
    match name {
        "created" => "New records",
        "updated" => "Changed values",
        "deleted" => "Deletions",
        "restored" => "Restored records",
        "merged" => "Merges",
        "erased" => "Erasures for privacy",
        "membership_added" => "Records that join a list",
        "membership_removed" => "Records that leave a list",
        "association_added" => "Associations that are made",
        "association_removed" => "Associations that end",
        "channel_entered" => "Records that enter the channel",
        "channel_updated" => "Changes of its mapped fields",
        "channel_left" => "Records that leave it",
        "lifecycle" => "What happens to the connection",
        other => other,
    }
}

/// The kinds of changes that an endpoint can have: of records, or of a channel.
fn kinds(of_channel: bool) -> impl Iterator<Item = &'static str> {
    EVENTS.into_iter().filter(move |name| *name == "lifecycle" || name.starts_with("channel_") == of_channel)
}

fn in_words(events: &[String]) -> String {
    capitalised(&events.iter().map(|name| event_words(name).to_lowercase()).collect::<Vec<_>>().join(", "))
}

fn wanted(types: &[String], events: &[String], channel: Option<&str>) -> String {
    if channel.is_some() {
        return if events.is_empty() { "Everything of one channel".to_owned() } else { in_words(events) };
    }

    let of = if types.is_empty() { "all types".to_owned() } else { types.join(", ") };
    let what = if events.is_empty() { "All changes".to_owned() } else { in_words(events) };
    format!("{what} of {of}")
}

/// `whole`: the person may see the whole address.
fn view(told: Told<'_>, whole: bool) -> EndpointView {
    EndpointView {
        id: told.id.into_owned(),
        url: if whole { told.url.into_owned() } else { receiver::origin(&told.url).to_owned() },
        description: told.description.into_owned(),
        wanted: wanted(&told.types, &told.events, told.channel.as_deref()),
        standing: match told.state.as_ref() {
            "failing" => Standing::Failing,
            "paused" => Standing::Paused,
            "disabled" => Standing::Disabled,
            _ => Standing::Active,
        },
        reason: told.reason,
        behind: told.behind.parse().unwrap_or_default(),
        handing_over: told.handing_over,
        cursor: told.cursor,
        channel: told.channel,
        delivered_at: told.delivered_at.as_deref().and_then(moment),
        failing_since: told.failing_since.as_deref().and_then(moment),
        failures: told.failures,
        next_attempt_at: told.next_attempt_at.as_deref().and_then(moment),
        last_attempt: told.last_attempt.map(attempt),
        message: told.message.map(|message| message.id),
        test: told.test.map(|test| (moment(&test.asked_at).unwrap_or_default(), test.attempt.map(attempt))),
        previous_secret_until: told.previous_secret_until.as_deref().and_then(moment),
        created_at: moment(&told.created_at).unwrap_or_default(),
    }
}

/// All of them; `None`: the text is not what the API tells.
pub fn all(told: &str, whole: bool) -> Option<Vec<EndpointView>> {
    let all: All<'_> = own_json::parse(told).ok()?;
    Some(all.results.into_iter().map(|told| view(told, whole)).collect())
}

/// One, and its secret where one was just made.
pub fn one(told: &str, whole: bool) -> Option<(EndpointView, Option<String>)> {
    let mut told: Told<'_> = own_json::parse(told).ok()?;
    let secret = told.secret.take();
    Some((view(told, whole), secret))
}

fn choices(chosen: &[String], all: impl Iterator<Item = (String, String)>) -> Vec<Choice> {
    all.map(|(name, words)| Choice { chosen: chosen.is_empty() || chosen.contains(&name), name, words })
        .collect()
}

fn empty_form(
    at: ConnectionFrame,
    types: &[String],
    events: &[String],
    channel: Option<String>,
) -> EndpointFormView {
    let unknown = types.iter().filter(|name| !at.types.contains(name));
    let known: Vec<(String, String)> =
        at.types.iter().chain(unknown).map(|name| (name.clone(), capitalised(at.words(name)))).collect();
    let kinds = kinds(channel.is_some()).map(|name| (name.to_owned(), event_words(name).to_owned()));
    EndpointFormView {
        id: None,
        channel,
        url: String::new(),
        description: String::new(),
        types: choices(types, known.into_iter()),
        events: choices(events, kinds),
        from_start: false,
        error: None,
        at,
    }
}

/// The form for a new endpoint, of records or of a channel.
pub fn new(at: ConnectionFrame, channel: Option<String>) -> EndpointFormView {
    // What a channel has handed over by now was told to nobody: it is delivered first.
    let from_start = channel.is_some();
    EndpointFormView { from_start, ..empty_form(at, &[], &[], channel) }
}

/// The form for one that is there.
pub fn edit(at: ConnectionFrame, told: &str) -> Option<EndpointFormView> {
    let told: Told<'_> = own_json::parse(told).ok()?;
    Some(EndpointFormView {
        id: Some(told.id.clone().into_owned()),
        url: told.url.into_owned(),
        description: told.description.into_owned(),
        ..empty_form(at, &told.types, &told.events, told.channel)
    })
}

/// The form as it was sent, to be shown again with what was wrong.
pub fn again(
    at: ConnectionFrame,
    id: Option<String>,
    fields: &[(String, String)],
    error: String,
) -> EndpointFormView {
    let (types, events) = (ticked(fields, "types"), ticked(fields, "events"));
    let channel = Some(one_field(fields, "channel").to_owned()).filter(|id| !id.is_empty());
    let mut form = empty_form(at, &types, &events, channel);
    for (ticked, choices) in [(types, &mut form.types), (events, &mut form.events)] {
        for choice in choices {
            choice.chosen = ticked.contains(&choice.name);
        }
    }
    let text = |name| one_field(fields, name).to_owned();
    let from_start = one_field(fields, "from") == "start";
    EndpointFormView {
        id,
        url: text("url"),
        description: text("description"),
        from_start,
        error: Some(error),
        ..form
    }
}

fn one_field<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

fn ticked(fields: &[(String, String)], name: &str) -> Vec<String> {
    fields.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
}

/// The API's body of a form; what is wrong with it where the API could not say it.
pub fn body(fields: &[(String, String)], oldest: Option<u64>) -> Result<Value, String> {
    // All ticked means all, also those that come later.
    let narrowed = |name: &str, most: usize, words: &str| {
        let ticked = ticked(fields, name);
        match ticked.len() {
            0 => Err(format!("Choose {words}: with none, nothing would be delivered.")),
            all if all >= most => Ok(Vec::new()),
            _ => Ok(ticked),
        }
    };
    let of_channel = !one_field(fields, "channel").is_empty();
    // A channel has one type of its own.
    let types = if of_channel {
        Vec::new()
    } else {
        let offered = one_field(fields, "offered").parse().unwrap_or(usize::MAX);
        narrowed("types", offered, "at least one type of record")?
    };
    let events = narrowed("events", kinds(of_channel).count(), "at least one kind of change")?;
    let mut body = json!({
        "url": one_field(fields, "url").trim(),
        "description": one_field(fields, "description"),
        "types": types,
        "events": events,
    });
    if of_channel {
        body["channel"] = one_field(fields, "channel").into();
    }
    if let Some(oldest) = oldest {
        body["after"] = oldest.to_string().into();
    }
    Ok(body)
}

/// A refusal of the API in words for a page.
pub fn refusal(detail: &str) -> String {
    detail.replace("`url`", "The address").replace("`after`", "The number").replace('`', "")
}

/// Since when a replay is asked for; `None`: everything.
pub fn since(name: &str, now: Timestamp) -> Option<Timestamp> {
    match name {
        "now" => Some(now),
        "hour" => Some(now.minus_ms(HOUR_MS)),
        "day" => Some(now.minus_ms(DAY_MS)),
        "week" => Some(now.minus_ms(7 * DAY_MS)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        console::sample,
        engine::portal::endpoints::endpoint::{Endpoint, Wanted},
        values::ids::{EndpointId, ObjectType},
    };

    fn told(secret: Option<&str>) -> String {
        let wanted = Wanted { types: vec![ObjectType::Deals], events: vec!["created".into()], channel: None };
        let url = "https://example.com/hook?key=hidden".to_owned();
        let id = EndpointId::from_random([1; 12]);
        let endpoint = Endpoint::new(id, url, "Ours".to_owned(), wanted, 7, Timestamp(5));
        crate::engine::portal::endpoints::show::one(&endpoint, 9, secret)
    }

    #[test]
    fn an_endpoint_is_read_as_the_portal_tells_it() {
        let (view, secret) = one(&told(Some("whsec_x")), true).unwrap();
        assert_eq!((view.behind, view.created_at, view.standing), (2, 5, Standing::Active));
        assert_eq!((view.wanted.as_str(), secret.as_deref()), ("New records of deals", Some("whsec_x")));
        let (view, secret) = one(&told(None), false).unwrap();
        assert_eq!((view.url.as_str(), secret), ("https://example.com", None));
    }

    fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_form_becomes_what_the_api_takes_and_all_ticked_means_all() {
        let mut sent = vec![("url", " https://x "), ("offered", "3"), ("types", "deals")];
        sent.extend(kinds(false).map(|name| ("events", name)));
        let body = body(&fields(&sent), Some(3)).unwrap();
        assert_eq!((&body["url"], &body["types"]), (&json!("https://x"), &json!(["deals"])));
        assert_eq!((&body["events"], &body["after"]), (&json!([]), &json!("3")));
        assert!(super::body(&fields(&[("url", "https://x"), ("types", "deals")]), None).is_err());
    }

    #[test]
    fn a_form_that_is_refused_keeps_what_was_typed_and_ticked() {
        let at = sample::connection_frame(&sample::plain);
        let sent = fields(&[("url", "http://x"), ("types", "deals"), ("from", "start")]);
        let form = again(at.clone(), None, &sent, "No.".into());
        let ticked: Vec<_> =
            form.types.iter().filter(|choice| choice.chosen).map(|choice| choice.name.as_str()).collect();
        assert_eq!((form.url.as_str(), ticked, form.from_start), ("http://x", vec!["deals"], true));
        assert!(form.events.iter().all(|choice| !choice.chosen));
        let form = edit(at, &told(None)).unwrap();
        assert_eq!(form.types.iter().filter(|choice| choice.chosen).count(), 1);
        assert_eq!(refusal("`url` must begin with `https://`."), "The address must begin with https://.");
    }
}
