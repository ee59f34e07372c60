//! Entries on timelines: an event of the app where the app may send any, else a custom event of the account, else a note.
//!
//! An entry is stored as the note it would be, with the event it is instead ([`Entry`]): so the next way is always at hand. Which ways are open is
//! known by the scopes that were granted and by what HubSpot has refused: a way that it refused is left alone for a day, and what was to go
//! that way goes the next, unless the connection's settings name the way. An event carries the write's own id: sent twice it is there once, and a
//! conflict means that it is done. A note is settled as every note is.
//!
//! Owns which ways were refused and which custom events the account has (in `meta`).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::{
    engine::portal::{
        Effect, InFlight, Job, Portal, Turn,
        outbox::{
            Call, Ready, Write,
            actions::{Refusal, Tie},
            answers::{Done, Note},
        },
        refusals::backoff,
        streams::saved,
    },
    hubspot::{
        events::{self, Occurrence, VALUE_CHARS},
        rejection::{self, Class, Rejection},
    },
    store::{
        portal::outbox::{self as store, State},
        schema,
        sql::SqlError,
    },
    values::{
        http::{Outcome, Request, Response},
        ids::{ObjectType, RecordId},
        scopes,
        time::{DAY_MS, Timestamp},
    },
};

/// Where it lies in `meta` which ways were refused and what was defined.
const KEY: &str = "outbox_timeline";
/// How long a way that HubSpot refused is left alone: an app may be approved, an account change its tier.
const REFUSED_MS: i64 = DAY_MS;
/// How often an entry leaves before it fails for want of an answer: some three hours, as every write.
const ATTEMPTS: u32 = 20;
/// How often a custom event that HubSpot refuses has its definition made anew: somebody may have deleted it.
const DEFINED_ANEW: u32 = 2;
/// Stands for the property of a create, in a call that makes a definition.
const DEFINES: &str = "definition";
/// Characters of a title: a line.
pub const TITLE_CHARS: usize = 200;
/// Characters of a link: within what a value of a custom event may have.
pub const URL_CHARS: usize = VALUE_CHARS;

/// What it takes to write a note.
static NOTES: [&str; 1] = [scopes::of_writes(ObjectType::Notes)];

/// How an entry comes on a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// An event of the app.
    AppEvent,
    /// A custom event of the account.
    CustomEvent,
    /// A note.
    Note,
}

impl Way {
    /// All, the best first.
    pub const ALL: [Self; 3] = [Self::AppEvent, Self::CustomEvent, Self::Note];

    /// As in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AppEvent => "app_event",
            Self::CustomEvent => "custom_event",
            Self::Note => "note",
        }
    }

    /// The scopes without which it is closed.
    fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::AppEvent => &[scopes::APP_EVENTS],
            Self::CustomEvent => &[scopes::CUSTOM_EVENTS, scopes::CUSTOM_EVENT_DEFINITIONS],
            Self::Note => &NOTES,
        }
    }
}

/// The way that the connection's settings say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The best that is open.
    #[default]
    Best,
    /// This one or none.
    AppEvent,
    /// Likewise.
    CustomEvent,
    /// Likewise.
    Note,
}

impl Choice {
    /// All.
    pub const ALL: [Self; 4] = [Self::Best, Self::AppEvent, Self::CustomEvent, Self::Note];

    /// As in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Best => "best",
            Self::AppEvent => Way::AppEvent.as_str(),
            Self::CustomEvent => Way::CustomEvent.as_str(),
            Self::Note => Way::Note.as_str(),
        }
    }

    const fn way(self) -> Option<Way> {
        match self {
            Self::Best => None,
            Self::AppEvent => Some(Way::AppEvent),
            Self::CustomEvent => Some(Way::CustomEvent),
            Self::Note => Some(Way::Note),
        }
    }
}

/// What a note is instead of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// How it goes.
    pub way: Way,
    /// No other way will do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only: bool,
    /// The type of the record on whose timeline it is.
    pub object_type: ObjectType,
    /// Which record.
    pub record: RecordId,
    /// What people see first.
    pub title: String,
    /// More of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Where there is more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When: RFC 3339.
    pub at: String,
}

impl Entry {
    /// Whether a custom event holds it.
    fn is_short(&self) -> bool {
        self.body.as_ref().is_none_or(|body| body.chars().count() <= VALUE_CHARS)
    }

    /// As a note, whose text is HTML.
    fn html(&self) -> String {
        let plain = |text: &str| {
            text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
        };
        let title = Some(format!("<p><strong>{}</strong></p>", plain(&self.title)));
        let body = self.body.as_ref().map(|body| format!("<p>{}</p>", plain(body).replace('\n', "<br>")));
        let link = self.url.as_ref().map(|url| {
            let url = plain(url);
            format!("<p><a href=\"{url}\">{url}</a></p>")
        });
        [title, body, link].into_iter().flatten().collect()
    }
}

/// What is known of an account's ways, as saved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Timeline {
    refused: BTreeMap<Way, Timestamp>,
    defined: BTreeSet<ObjectType>,
}

impl Timeline {
    pub(super) fn load(turn: &Turn<'_>) -> Result<Self, SqlError> {
        saved(turn, KEY)
    }

    fn save(&self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let json = serde_json::to_string(self).map_err(|_| SqlError::Content("meta"))?;
        schema::set(turn.sql, KEY, &json)
    }
}

impl Portal {
    /// Why a way is closed; `None`: it may be open.
    fn closed(&self, now: Timestamp, way: Way) -> Option<String> {
        let connection = self.connection.as_ref()?;
        if way == Way::AppEvent && connection.app.is_token() {
            return Some("events of an app take an app: this connection has a token".to_owned());
        }
        let granted = &connection.scopes;
        let lacks = |scope: &&&str| !granted.is_empty() && !granted.iter().any(|own| own == **scope);
        if let Some(scope) = way.scopes().iter().find(lacks) {
            return Some(format!("the connection lacks the scope `{scope}`"));
        }
        let refused = self.outbox.timeline.refused.get(&way);
        refused.filter(|at| now.since_ms(**at) < REFUSED_MS).map(|_| {
            "HubSpot has refused it within the day: to this app, or to the account's tier".to_owned()
        })
    }

    /// The way that an entry goes, after one that it cannot go.
    fn way(&self, now: Timestamp, entry: &Entry, after: Option<Way>) -> Option<Way> {
        Way::ALL.into_iter().find(|way| {
            after.is_none_or(|after| *way > after)
                && (*way != Way::CustomEvent || entry.is_short())
                && self.closed(now, *way).is_none()
        })
    }

    /// Chooses the way of an entry: of the note that it would be, with what it is instead.
    pub(super) fn route_entry(&self, turn: &Turn<'_>, mut entry: Entry) -> Result<(Entry, String), Refusal> {
        entry.way = match self.outbox.settings.timeline.way() {
            None => self.way(turn.now, &entry, None).unwrap_or(Way::Note),
            Some(way) => {
                entry.only = true;
                if let Some(why) = self.closed(turn.now, way) {
                    let words = format!(
                        "The connection's settings want entries to be of the kind `{}`, and {why}.",
                        way.as_str()
                    );
                    return Err(Refusal::of_account("/action", words));
                }
                if way == Way::CustomEvent && !entry.is_short() {
                    let words = format!("A custom event holds {VALUE_CHARS} characters of text.");
                    return Err(Refusal::new("/body", words));
                }
                way
            }
        };
        let html = entry.html();
        Ok((entry, html))
    }

    /// The call that entries leave with, which may have to make their definition first; `None`: that is being made.
    pub(super) fn call_of_entries(&self, mut writes: Vec<Ready>) -> Option<Call> {
        let kind = writes.first()?.write.entry().and_then(|entry| {
            let undefined = !self.outbox.timeline.defined.contains(&entry.object_type);
            (entry.way == Way::CustomEvent && undefined).then_some(entry.object_type)
        });
        let Some(kind) = kind else { return Some(Call::Send { writes, key: None }) };
        let defines = |call: &Call| {
            call.entries().is_some_and(|(writes, key)| {
                let of_kind = writes[0].write.entry().is_some_and(|entry| entry.object_type == kind);
                of_kind && key == Some(DEFINES)
            })
        };
        if self.flies(|job| matches!(job, Job::Write(call) if defines(call))) {
            return None;
        }
        writes.truncate(1);
        Some(Call::Send { writes, key: Some(DEFINES.to_owned()) })
    }

    /// What a call of entries asks.
    pub(super) fn entries_request(&self, writes: &[Ready], key: Option<&str>) -> Option<Request> {
        let first = writes.first()?.write.entry()?;
        let kind = first.object_type;
        if key == Some(DEFINES) {
            return events::define(kind);
        }
        let all: Vec<Occurrence<'_>> = writes
            .iter()
            .filter_map(|ready| {
                let entry = ready.write.entry()?;
                let values = [Some(entry.title.as_str()), entry.body.as_deref(), entry.url.as_deref()];
                Some(Occurrence { id: ready.key(), record: entry.record, at: &entry.at, values })
            })
            .collect();
        Some(match first.way {
            Way::AppEvent => events::send_app(events::name_of(kind)?, &all),
            Way::CustomEvent => {
                let portal = self.connection.as_ref()?.account.portal;
                events::send_custom(&events::custom_name(portal, kind)?, &all)
            }
            Way::Note => return None,
        })
    }

    /// A call of entries came to its end.
    #[inline(never)]
    pub(in crate::engine::portal) fn entered(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        (writes, key): (&[Ready], Option<&str>),
        outcome: &Outcome,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        self.outbox.stir();
        let defines = key == Some(DEFINES);
        let Some(entry) = writes.first().and_then(|ready| ready.write.entry()).cloned() else {
            return Err(SqlError::Content("outbox"));
        };
        let rejection = match rejection::classify(outcome, turn.now) {
            // A success says nothing but itself, so a page of something between, or half of an answer, is told by its form alone.
            Ok(response) if !is_answer(response) => Rejection::malformed(response),
            Ok(_) if defines => {
                self.defined(turn, writes, entry.object_type)?;
                return self.connection_well(turn);
            }
            Ok(_) => {
                for ready in writes {
                    self.written(turn, ready, None, Done::Written)?;
                }
                return self.connection_well(turn);
            }
            Err(rejection) => rejection,
        };
        effects.push(Effect::Log(format!("{rejection}")));
        if self.hindered(turn, in_flight, &rejection, effects)? {
            return store::stay(turn.sql, &super::numbers(writes), turn.now);
        }
        match &rejection.class {
            Class::Conflict { .. } if defines => self.defined(turn, writes, entry.object_type),
            // It was there under its own id.
            Class::Conflict { .. } if writes.len() == 1 => {
                self.written(turn, &writes[0], None, Done::Arrived)
            }
            Class::Forbidden { .. } | Class::WrongTokenKind | Class::Gone => {
                self.way_closed(turn, writes, entry.way, &rejection)
            }
            Class::Transient { .. }
            | Class::Unreachable
            | Class::Throttled { .. }
            | Class::Parked { .. }
            | Class::Locked
            | Class::Expired
            | Class::Unauthorized
            | Class::Unknown => {
                // Together, as they left.
                let pause = backoff(writes[0].entry.attempts.max(1), turn.random);
                for ready in writes {
                    Self::entry_waits(turn, ready, turn.now.plus_ms(pause), &rejection)?;
                }
                Ok(())
            }
            Class::Conflict { .. } | Class::Rule { .. } | Class::Rejected { .. } | Class::TooLong
                if writes.len() > 1 =>
            {
                // One of them was refused, or is there: in halves until it stands alone.
                let (lower, upper) = writes.split_at(writes.len() / 2);
                for half in [lower, upper] {
                    let batch = format!("{}#{}", half[0].write.batch(), half[0].entry.number);
                    store::rebatch(turn.sql, &super::numbers(half), &batch)?;
                    store::put_back(turn.sql, &super::numbers(half), State::Waiting, turn.now, None)?;
                }
                Ok(())
            }
            // The account has as many definitions as may be, or takes none.
            _ if defines => self.way_closed(turn, writes, entry.way, &rejection),
            Class::Rejected { .. }
                if entry.way == Way::CustomEvent && writes[0].entry.attempts <= DEFINED_ANEW =>
            {
                self.outbox.timeline.defined.remove(&entry.object_type);
                self.outbox.timeline.save(turn)?;
                store::put_back(turn.sql, &[writes[0].entry.number], State::Waiting, turn.now, None)
            }
            Class::Conflict { .. } | Class::Rule { .. } | Class::Rejected { .. } | Class::TooLong => {
                Self::settle(turn, &writes[0], State::Failed, None, &note_of(&rejection))
            }
        }
    }

    fn defined(&mut self, turn: &Turn<'_>, writes: &[Ready], kind: ObjectType) -> Result<(), SqlError> {
        self.outbox.timeline.defined.insert(kind);
        self.outbox.timeline.save(turn)?;
        store::put_back(turn.sql, &super::numbers(writes), State::Waiting, turn.now, None)
    }

    /// A way is closed to this app or account: what was to go it goes the next, unless no other will do.
    fn way_closed(
        &mut self,
        turn: &Turn<'_>,
        writes: &[Ready],
        way: Way,
        rejection: &Rejection,
    ) -> Result<(), SqlError> {
        self.outbox.timeline.refused.insert(way, turn.now);
        self.outbox.timeline.save(turn)?;
        for ready in writes {
            let Some(entry) = ready.write.entry() else { continue };
            match self.way(turn.now, entry, Some(way)).filter(|_| !entry.only) {
                Some(next) => {
                    let mut write = ready.write.clone();
                    write.go(next);
                    let content = serde_json::to_string(&write).map_err(|_| SqlError::Content("outbox"))?;
                    let (batch, target) = (write.batch(), write.target(&ready.key()));
                    let content = store::Rewritten { batch, target, content };
                    store::rewrite(turn.sql, ready.entry.number, &content, None)?;
                    store::put_back(turn.sql, &[ready.entry.number], State::Waiting, turn.now, None)?;
                }
                None => Self::settle(turn, ready, State::Failed, None, &note_of(rejection))?,
            }
        }
        Ok(())
    }

    /// An entry leaves again, under the same id: to send it twice comes to the same.
    fn entry_waits(
        turn: &Turn<'_>,
        ready: &Ready,
        due_at: Timestamp,
        rejection: &Rejection,
    ) -> Result<(), SqlError> {
        if ready.entry.attempts + 1 >= ATTEMPTS {
            return Self::settle(turn, ready, State::Failed, None, &note_of(rejection));
        }
        store::put_back(turn.sql, &[ready.entry.number], State::Waiting, due_at, None)
    }
}

/// What is asked for on whose timeline; `None`: such records have none here.
pub(super) fn entry_of(
    about: Tie,
    (title, body, url): (&str, Option<&String>, Option<&String>),
    at: String,
) -> Option<Entry> {
    events::name_of(about.object_type)?;
    let (body, url) = (body.cloned(), url.cloned());
    let (object_type, record, title) = (about.object_type, about.id, title.to_owned());
    Some(Entry { way: Way::Note, only: false, object_type, record, title, body, url, at })
}

impl Write {
    /// The event that it is instead of a note; `None`: it is what it says.
    pub(super) fn entry(&self) -> Option<&Entry> {
        match self {
            Self::Create { entry: Some(entry), .. } if entry.way != Way::Note => Some(entry),
            _ => None,
        }
    }

    fn go(&mut self, way: Way) {
        if let Self::Create { entry: Some(entry), .. } = self {
            entry.way = way;
        }
    }
}

/// HubSpot answers in JSON, or with nothing at all.
fn is_answer(response: &Response) -> bool {
    response.body.is_empty() || serde_json::from_slice::<IgnoredAny>(&response.body).is_ok()
}

fn note_of(rejection: &Rejection) -> Note {
    Note {
        kind: rejection.failure().name().to_owned(),
        words: rejection.words(),
        correlation_id: rejection.correlation_id.clone(),
        ..Note::default()
    }
}
