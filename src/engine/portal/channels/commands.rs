//! What people and the host's servers ask of channels: made, shown, edited, paused, resumed, previewed, removed.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{CHANNELS_LIMIT, Mode, Running, Saved, fields::Discovered, preview, show::show, text};
use crate::{
    engine::{
        channel::{Channel, Selection},
        portal::{Portal, Turn},
    },
    store::{
        portal::{channels as store, feed},
        sql::SqlError,
    },
    values::{
        filter::{Code, Fault},
        ids::{ChannelId, ObjectType},
    },
};

/// What can be asked of a connection's channels.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Answers [`Answer::Json`] `{results, next_cursor}`, oldest first.
    List,
    /// Makes a channel of a definition and begins to scan. Answers [`Answer::Json`].
    Create(Value),
    /// What a definition would select now; its name may be missing. Answers [`Answer::Json`].
    Preview(Value),
    /// Does something to one channel.
    On(ChannelId, Action),
}

/// What can be asked of one channel. Answers [`Answer::Json`] unless it says otherwise.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing.
    Get,
    /// Changes the parts of the definition that are given. Records then enter, change and leave as the new one says.
    Update(Map<String, Value>),
    /// Tells nothing until it is resumed.
    Pause,
    /// Tells what all that happened meanwhile comes to.
    Resume,
    /// Forgets it; its host is told nothing. Answers [`Answer::Removed`].
    Remove,
}

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// One or all of them, in the API's shape.
    Json(String),
    /// It is gone.
    Removed,
    /// It is not done.
    Refused(Refusal),
}

/// Why something is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No such channel.
    NotFound,
    /// The connection has as many as it may have.
    Full,
    /// The definition may not be saved: everything that is wrong with it, and where.
    Wrong(Vec<Fault>),
}

impl Portal {
    /// Answers a command about channels. Whoever calls it sees to it that what is due then is done.
    pub(in crate::engine::portal) fn channel_command(
        &mut self,
        turn: &mut Turn<'_>,
        command: Command,
    ) -> Result<Answer, SqlError> {
        match command {
            Command::List => {
                let mut results = Vec::new();
                for running in self.channels.all.iter().filter(|running| running.saved.mode != Mode::Removed)
                {
                    results.push(self.shown(turn, running)?);
                }
                Ok(Answer::Json(json!({ "results": results, "next_cursor": null }).to_string()))
            }
            Command::Create(definition) => {
                if self.channels.all.len() >= CHANNELS_LIMIT {
                    return Ok(Answer::Refused(Refusal::Full));
                }
                let channel = match self.checked(turn, &definition)? {
                    Ok(channel) => channel,
                    Err(faults) => return Ok(Answer::Refused(Refusal::Wrong(faults))),
                };
                self.make(turn, &channel)
            }
            Command::Preview(mut definition) => {
                if let Some(entries) = definition.as_object_mut() {
                    entries.entry("name").or_insert_with(|| "Preview".into());
                }
                let channel = match self.checked(turn, &definition)? {
                    Ok(channel) => channel,
                    Err(faults) => return Ok(Answer::Refused(Refusal::Wrong(faults))),
                };
                let total = self.live_records(channel.object_type);
                let offset =
                    self.connection.as_ref().map_or(0, |connection| connection.account.utc_offset_ms);
                let context = crate::values::filter::Context { now: turn.now, utc_offset_ms: offset };
                Ok(Answer::Json(preview::preview(turn.sql, &channel, total, context)?.to_string()))
            }
            Command::On(id, action) => match self.channels.position(&id) {
                Some(index) => self.channel_action(turn, index, action),
                None => Ok(Answer::Refused(Refusal::NotFound)),
            },
        }
    }

    fn make(&mut self, turn: &mut Turn<'_>, channel: &Channel) -> Result<Answer, SqlError> {
        let mut bytes = [0; 12];
        (turn.random)(&mut bytes);
        let latest = feed::latest(turn.sql)?;
        let saved = Saved {
            id: ChannelId::from_random(bytes),
            definition: channel.to_json(),
            mode: Mode::Active,
            scan: Some(super::Scan::BEGIN),
            begins_after: latest,
            created_at: turn.now,
            updated_at: turn.now,
        };
        let number = store::add(turn.sql, &saved.id, &text(&saved)?)?;
        let running = Running::of(number, saved).ok_or(SqlError::Content("channels"))?;
        if self.channels.all.is_empty() {
            // Nobody has followed the feed so far; the scan sees what it told.
            self.channels.decided = latest;
        }
        let shown = self.shown(turn, &running)?;
        self.channels.all.push(running);
        Ok(Answer::Json(shown.to_string()))
    }

    fn channel_action(
        &mut self,
        turn: &mut Turn<'_>,
        index: usize,
        action: Action,
    ) -> Result<Answer, SqlError> {
        if let Action::Update(given) = action {
            return self.edit(turn, index, given);
        }
        let running = &mut self.channels.all[index];
        match action {
            Action::Get | Action::Update(_) => {}
            Action::Pause => {
                running.saved.mode = Mode::Paused;
                running.save(turn)?;
            }
            Action::Resume => {
                if running.saved.mode == Mode::Paused {
                    running.saved.mode = Mode::Active;
                    running.scan_anew();
                    running.save(turn)?;
                }
            }
            Action::Remove => {
                running.saved.mode = Mode::Removed;
                running.saved.scan = None;
                running.save(turn)?;
                return Ok(Answer::Removed);
            }
        }
        let shown = self.shown(turn, &self.channels.all[index])?;
        Ok(Answer::Json(shown.to_string()))
    }

    /// Changes the parts of a definition that are given.
    fn edit(
        &mut self,
        turn: &mut Turn<'_>,
        index: usize,
        given: Map<String, Value>,
    ) -> Result<Answer, SqlError> {
        let mut definition = self.channels.all[index].saved.definition.clone();
        let mut faults = merge(&mut definition, given);
        let channel = match self.checked(turn, &definition)? {
            Ok(channel) if faults.is_empty() => channel,
            Ok(_) => return Ok(Answer::Refused(Refusal::Wrong(faults))),
            Err(more) => {
                faults.extend(more);
                return Ok(Answer::Refused(Refusal::Wrong(faults)));
            }
        };
        let running = &mut self.channels.all[index];
        if channel != running.channel {
            let told_alike = channel.selection == running.channel.selection
                && channel.mappings == running.channel.mappings;
            if !told_alike {
                running.scan_anew();
            }
            running.saved.definition = channel.to_json();
            running.saved.updated_at = turn.now;
            running.channel = channel;
            running.save(turn)?;
        }
        let shown = self.shown(turn, &self.channels.all[index])?;
        Ok(Answer::Json(shown.to_string()))
    }

    /// The channel that a definition means, or everything that is wrong with it.
    fn checked(&self, turn: &Turn<'_>, definition: &Value) -> Result<Result<Channel, Vec<Fault>>, SqlError> {
        let channel = match Channel::parse(definition) {
            Ok(channel) => channel,
            Err(faults) => return Ok(Err(faults)),
        };
        let mut faults = channel.check(&Discovered::load(turn.sql, &channel)?);
        let fault =
            |path: &str, detail: String| Fault { path: path.to_owned(), code: Code::Impossible, detail };
        if let Selection::List(_) = channel.selection {
            let detail = "Lists are not mirrored by this release. Select by \"filter\".".to_owned();
            faults.push(fault("/list", detail));
        }
        let of_kind = self.streams.iter().find(|running| running.saved.object_type == channel.object_type);
        let mirrored = of_kind.map_or(&[][..], |running| &running.properties);
        if faults.is_empty() {
            let left_out = channel.properties().into_iter().filter(|(of, name)| {
                of.is_none() && mirrored.binary_search_by(|own| own.as_str().cmp(name)).is_err()
            });
            faults.extend(left_out.map(|(_, name)| {
                let detail = format!(
                    "The field `{name}` is not mirrored. Choose it among the fields of the type first."
                );
                fault("", detail)
            }));
        }
        Ok(if faults.is_empty() { Ok(channel) } else { Err(faults) })
    }

    fn shown(&self, turn: &Turn<'_>, running: &Running) -> Result<Value, SqlError> {
        let members = store::count(turn.sql, running.number)?;
        Ok(show(running, members, self.live_records(running.channel.object_type)))
    }

    fn live_records(&self, kind: ObjectType) -> u64 {
        let of_kind = self.streams.iter().find(|running| running.saved.object_type == kind);
        of_kind.map_or(0, |running| running.saved.records)
    }
}

/// Puts what is given in the place of what is there; what a channel's records are never changes.
fn merge(definition: &mut Value, given: Map<String, Value>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let Some(entries) = definition.as_object_mut() else { return faults };
    // A channel selects by one of the two.
    for (one, other) in [("filter", "list"), ("list", "filter")] {
        if given.contains_key(one) && !given.contains_key(other) {
            entries.remove(other);
        }
    }
    for (name, value) in given {
        if name == "object_type" && entries.get(&name) != Some(&value) {
            let detail = "A channel's \"object_type\" stays as it is. Make another channel.".to_owned();
            faults.push(Fault { path: "/object_type".to_owned(), code: Code::Impossible, detail });
        } else {
            entries.insert(name, value);
        }
    }
    faults
}
