//! Which types of record a connection mirrors besides contacts, companies and deals: tasks, calls, notes and custom objects, each
//! turned on and off by a person. Off is how it begins, and what is off costs no call.
//!
//! A type that is on is a stream like any other: full read, checks, webhooks of the generic family, reconcile, fields, feed and
//! snapshot. What is left out: associations, lists and pipelines of these types.
//!
//! Turning a type off takes its stream and everything kept of it away at once. The feed tells it with one change of the type,
//! *`type_off`*, in the place of a *deleted* for each record: whoever follows the feed then holds no record of the type. What was told
//! before stays told. Turned on again the type begins empty, and each record is *created* once more.
//!
//! Owns the row of each further type. Which custom objects there are is [`super::beside`]'s to read, when a person asks.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    engine::portal::{
        Effect, Portal, Running, Turn,
        beside::NO_STREAM,
        messages::State,
        selection::Selection,
        state::{Backfill, Stream},
        streams::{properties_key, selection_key},
    },
    hubspot::schemas::Schema,
    store::{
        portal::{
            feed::{self, Change},
            types as store,
        },
        sql::SqlError,
    },
    values::{
        ids::ObjectType,
        json, scopes,
        time::{MINUTE_MS, Timestamp},
    },
};

/// Most further types of a connection. Each costs a search every five minutes, so ten keep the search window, which lets four
/// calls through a second, busy for under three seconds of those 300; and, while nothing changes, some 290 checks, 24 counts, 24
/// looks at fields and 10 reads of a sample a day: 3,500 calls for ten types, of the 250,000 of the smallest account.
pub const MOST: usize = 10;
/// How long it is believed that a custom object that was not found does not exist.
const LOOKED_MS: i64 = MINUTE_MS;

/// What is kept of a further type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Further {
    #[serde(skip)]
    pub(super) object_type: Option<ObjectType>,
    /// What a custom object is called in HubSpot's APIs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// What people call its records.
    pub(super) label: String,
}

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// What can be mirrored and what is. Answers [`Answer::Json`] `{results, next_cursor, most, custom_objects}`.
    List,
    /// Reads which custom objects there are. Answers [`Answer::Ordered`].
    Refresh,
    /// Mirrors a type, by its name, or a custom object's number, name or fully qualified name. Answers [`Answer::Json`] of the type.
    On(String),
    /// No longer. Answers [`Answer::Off`], also where it was not mirrored.
    Off(String),
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// In the API's shape.
    Json(String),
    /// It will be done soon.
    Ordered,
    /// It is not mirrored.
    Off,
    /// It is not done.
    Refused(Refusal),
}

/// Why something is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The connection is not kept in step.
    Stopped,
    /// Any of these scopes is missing.
    NoScope(Vec<String>),
    /// Which custom objects there are is being read: ask again in some seconds.
    Looking,
    /// HubSpot has none of that name.
    Unknown,
    /// The connection has [`MOST`].
    Full,
    /// Every connection mirrors it.
    Always,
    /// These channels select records of the type, or workflows are for them.
    InUse(Vec<String>),
}

/// The further types as they were saved.
pub(super) fn load(turn: &Turn<'_>) -> Result<Vec<Further>, SqlError> {
    let read = |(kind, state): (ObjectType, String)| {
        let further: Further = json::parse(&state).map_err(|_| SqlError::Content("types"))?;
        Ok(Further { object_type: Some(kind), ..further })
    };
    store::all(turn.sql)?.into_iter().map(read).collect()
}

/// The words for a type of HubSpot's own.
fn label(kind: ObjectType) -> &'static str {
    match kind {
        ObjectType::Contacts => "Contacts",
        ObjectType::Companies => "Companies",
        ObjectType::Deals => "Deals",
        ObjectType::Tasks => "Tasks",
        ObjectType::Calls => "Calls",
        ObjectType::Notes => "Notes",
        ObjectType::Custom(_) => "Custom object",
    }
}

impl Portal {
    /// Whether records of a type are mirrored here.
    pub(super) fn mirrors(&self, kind: ObjectType) -> bool {
        self.streams.iter().any(|running| running.saved.object_type == kind)
    }

    /// What people call the records of a custom object.
    pub(super) fn label_of(&self, kind: ObjectType) -> Option<String> {
        let own = self.further.iter().find(|own| own.object_type == Some(kind) && own.name.is_some());
        own.map(|own| own.label.clone())
    }

    pub(super) fn types_command(
        &mut self,
        turn: &Turn<'_>,
        command: Command,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        match command {
            Command::List => self.listed(turn),
            Command::Refresh => self.look_up(turn, effects),
            Command::On(name) => self.turn_on(turn, &name, effects),
            Command::Off(name) => self.turn_off(turn, &name),
        }
    }

    /// Takes the names that people gave custom objects since they were turned on.
    pub(super) fn rename_further(&mut self, turn: &Turn<'_>, found: &[Schema]) -> Result<(), SqlError> {
        for schema in found {
            let of = |own: &&mut Further| own.object_type == Some(schema.object_type);
            let Some(own) = self.further.iter_mut().find(of) else { continue };
            own.name = Some(schema.name.clone());
            own.label.clone_from(&schema.label);
            let state = serde_json::to_string(own).map_err(|_| SqlError::Content("types"))?;
            store::put(turn.sql, schema.object_type, &state)?;
        }
        Ok(())
    }

    fn listed(&self, turn: &Turn<'_>) -> Result<Answer, SqlError> {
        let own = ObjectType::ALWAYS.into_iter().chain(ObjectType::FURTHER);
        let mut results: Vec<Value> = own.map(|kind| self.type_json(kind, None, label(kind))).collect();
        let known = Self::known_schemas(turn)?;
        // One that HubSpot does not list any more is there as long as it is mirrored.
        for further in &self.further {
            if let Some(kind @ ObjectType::Custom(_)) = further.object_type
                && !known.iter().any(|schema| schema.object_type == kind)
            {
                results.push(self.type_json(kind, further.name.as_deref(), &further.label));
            }
        }
        results.extend(
            known.iter().map(|schema| self.type_json(schema.object_type, Some(&schema.name), &schema.label)),
        );
        let (read_at, missing_scopes, trouble) = self.schemas_standing();
        let body = json!({
            "results": results,
            "next_cursor": null,
            "most": MOST,
            "custom_objects": {
                "read_at": read_at.map(Timestamp::to_rfc3339),
                "missing_scopes": missing_scopes,
                "trouble": trouble,
            },
        });
        Ok(Answer::Json(body.to_string()))
    }

    fn type_json(&self, kind: ObjectType, name: Option<&str>, label: &str) -> Value {
        let running = self.streams.iter().find(|running| running.saved.object_type == kind);
        let missing: Vec<String> = match (&self.connection, running) {
            (Some(connection), Some(running)) => running.lacks(connection),
            (Some(connection), None) => {
                scopes::lacking(kind, &connection.scopes).into_iter().map(str::to_owned).collect()
            }
            (None, _) => Vec::new(),
        };
        let mut shown = json!({
            "object_type": kind,
            "label": label,
            "always": kind.is_always(),
            "mirrored": running.is_some(),
            "missing_scopes": missing,
        });
        if let Some(name) = name {
            shown["name"] = name.into();
        }
        shown
    }

    /// Has the custom objects read, unless they just were.
    fn look_up(&mut self, turn: &Turn<'_>, effects: &mut Vec<Effect>) -> Result<Answer, SqlError> {
        if !self.goes_on() {
            return Ok(Answer::Refused(Refusal::Stopped));
        }
        let (_, missing_scopes, _) = self.schemas_standing();
        if !missing_scopes.is_empty() {
            return Ok(Answer::Refused(Refusal::NoScope(missing_scopes)));
        }
        self.read_schemas(turn)?;
        effects.push(self.rouse(turn.now));
        Ok(Answer::Ordered)
    }

    fn turn_on(
        &mut self,
        turn: &Turn<'_>,
        name: &str,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        let Some(connection) = &self.connection else { return Ok(Answer::Refused(Refusal::Stopped)) };
        match connection.state {
            State::Active | State::Paused { .. } | State::PausedByPerson { .. } => {}
            State::NeedsReauthorisation | State::Disconnecting | State::Disconnected => {
                return Ok(Answer::Refused(Refusal::Stopped));
            }
        }
        let (kind, further) = match name.parse() {
            Ok(kind) if ObjectType::FURTHER.contains(&kind) || kind.is_always() => {
                (kind, Further { object_type: Some(kind), name: None, label: label(kind).to_owned() })
            }
            _ => match Self::known_schemas(turn)?.into_iter().find(|schema| named(schema, name)) {
                Some(Schema { object_type, name, label, .. }) => {
                    (object_type, Further { object_type: Some(object_type), name: Some(name), label })
                }
                None => {
                    let (read_at, _, _) = self.schemas_standing();
                    if read_at.is_some_and(|at| turn.now.since_ms(at) < LOOKED_MS) {
                        return Ok(Answer::Refused(Refusal::Unknown));
                    }
                    return Ok(match self.look_up(turn, effects)? {
                        Answer::Ordered => Answer::Refused(Refusal::Looking),
                        refused => refused,
                    });
                }
            },
        };
        let shown = |portal: &Self, further: &Further| {
            Answer::Json(portal.type_json(kind, further.name.as_deref(), &further.label).to_string())
        };
        if self.mirrors(kind) {
            return Ok(shown(self, &further));
        }
        if let Some(scope) = scopes::lacking(kind, &connection.scopes) {
            return Ok(Answer::Refused(Refusal::NoScope(vec![scope.to_owned()])));
        }
        if self.further.len() >= MOST {
            return Ok(Answer::Refused(Refusal::Full));
        }
        let state = serde_json::to_string(&further).map_err(|_| SqlError::Content("types"))?;
        store::put(turn.sql, kind, &state)?;
        // Later than anything the type may have left behind.
        self.tick(turn.now);
        let stream = Stream { backfill: Some(Backfill::new(turn.now)), ..Stream::new(kind) };
        self.streams.push(Running::new(stream, Vec::new(), Selection::default()));
        self.further.push(further.clone());
        self.save_stream(turn, self.streams.len() - 1)?;
        if self.goes_on() {
            effects.push(self.rouse(turn.now));
        }
        Ok(shown(self, &further))
    }

    fn turn_off(&mut self, turn: &Turn<'_>, name: &str) -> Result<Answer, SqlError> {
        let kind = match name.parse::<ObjectType>() {
            Ok(kind) => Some(kind),
            Err(_) => {
                let known = Self::known_schemas(turn)?;
                let own = self.further.iter().find(|own| own.name.as_deref() == Some(name));
                own.and_then(|own| own.object_type).or_else(|| {
                    known.iter().find(|schema| named(schema, name)).map(|schema| schema.object_type)
                })
            }
        };
        let Some(kind) = kind else { return Ok(Answer::Refused(Refusal::Unknown)) };
        if kind.is_always() {
            return Ok(Answer::Refused(Refusal::Always));
        }
        let Some(index) = self.streams.iter().position(|running| running.saved.object_type == kind) else {
            return Ok(Answer::Off);
        };
        let mut users = self.channels.of_type(kind);
        users.extend(self.workflows.of_type(kind));
        if !users.is_empty() {
            return Ok(Answer::Refused(Refusal::InUse(users)));
        }
        // Answers to its calls under way have nowhere to go any more; the streams behind it move up.
        self.in_flight.retain(|_, flying| flying.stream != index || !flying.job.is_of_stream());
        for flying in self.in_flight.values_mut() {
            if flying.stream > index && flying.stream != NO_STREAM {
                flying.stream -= 1;
            }
        }
        self.unfollow_type(turn, kind)?;
        self.streams.remove(index);
        self.further.retain(|own| own.object_type != Some(kind));
        store::remove(turn.sql, kind, &[properties_key(kind), selection_key(kind)])?;
        self.type_goes(turn, kind)?;
        if let Some(connection) = &self.connection {
            let off = Change::TypeOff { id: connection.id.clone() };
            feed::append(turn.sql, turn.now, kind, vec![off])?;
        }
        Ok(Answer::Off)
    }
}

/// Whether a custom object is meant.
fn named(schema: &Schema, name: &str) -> bool {
    schema.name == name || schema.fully_qualified_name == name || *schema.object_type.name() == *name
}
