//! What people and the host's servers ask of channels: made, shown, edited, paused, resumed, previewed, removed.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    CHANNELS_LIMIT, Mode, Running, Saved,
    fields::Discovered,
    preview,
    show::{Around, show},
    text,
};
use crate::{
    engine::{
        channel::{Channel, Selection},
        portal::{
            Effect, Portal, Turn,
            beside::{Glance, Listing, Source},
            messages,
        },
    },
    store::{
        portal::{channels as store, feed, reference},
        sql::SqlError,
    },
    values::{
        filter::{Code, Fault},
        ids::{ChannelId, ListId, ObjectType},
        time::HOUR_MS,
    },
};

const NO_LISTS: &str =
    "HubSpot does not let the connection read lists. Connect again and grant `crm.lists.read`.";

/// What its records are is not known either, so nothing is read of it.
const NOT_LISTED: &str = "HubSpot has told of no such list so far. Lists are read every hour, and at once when the fields are refreshed.";

/// What can be asked of a connection's channels.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Answers [`Answer::Json`] `{results, next_cursor}`, oldest first.
    List,
    /// Makes a channel of a definition and begins to scan. Answers [`Answer::Json`].
    Create(Value),
    /// What a definition would select now; its name may be missing. Answers [`Answer::Json`]. Of a list that nobody follows some members are
    /// read from HubSpot: until they are there `examples` is null, `examples_state` says why, and asking again goes on waiting.
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
        effects: &mut Vec<Effect>,
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
                self.make(turn, &channel, effects)
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
                let preview = match &channel.selection {
                    Selection::List(list) => {
                        let listed = listed(turn, *list)?;
                        let size = listed.as_ref().and_then(|entry| entry["size"].as_u64());
                        let trouble = self.trouble_of_list(*list);
                        let mirrored = match (self.listing(*list, channel.object_type), trouble) {
                            (_, words) if self.told_of_list(*list).is_none() => {
                                let refused =
                                    words.or_else(|| listed.is_none().then(|| NOT_LISTED.to_owned()));
                                preview::Mirrored::No(match refused {
                                    Some(words) => Glance::Refused(words),
                                    None => self.glance(turn.now, *list, effects),
                                })
                            }
                            (Listing::Known, _) => preview::Mirrored::Whole,
                            (Listing::Partial, words) => preview::Mirrored::Partly(words),
                            (Listing::Nobody, words) => {
                                let other = || format!("The list does not hold {}.", channel.object_type);
                                preview::Mirrored::Partly(Some(words.unwrap_or_else(other)))
                            }
                        };
                        let checks = (HOUR_MS / turn.config.work.check_every_ms.max(1)) as u64;
                        preview::of_list(turn.sql, &channel, *list, size, mirrored, checks)?
                    }
                    Selection::Filter(filter) => {
                        preview::of_filter(turn.sql, &channel, filter, total, context)?
                    }
                };
                Ok(Answer::Json(preview.to_string()))
            }
            Command::On(id, action) => match self.channels.position(&id) {
                Some(index) => self.channel_action(turn, index, action, effects),
                None => Ok(Answer::Refused(Refusal::NotFound)),
            },
        }
    }

    fn make(
        &mut self,
        turn: &mut Turn<'_>,
        channel: &Channel,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        let mut bytes = [0; 12];
        (turn.random)(&mut bytes);
        let id = ChannelId::from_random(bytes);
        if let Some(fault) = self.follow_for(turn, &channel.selection, &id, effects)? {
            return Ok(Answer::Refused(Refusal::Wrong(vec![fault])));
        }
        let latest = feed::latest(turn.sql)?;
        let saved = Saved {
            id,
            definition: channel.to_json(),
            mode: Mode::Active,
            scan: Some(super::Scan::BEGIN),
            begins_after: latest,
            created_at: turn.now,
            updated_at: turn.now,
            told_at: None,
            held: None,
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
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        if let Action::Update(given) = action {
            return self.edit(turn, index, given, effects);
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
                if let Selection::List(list) = running.channel.selection {
                    let id = running.saved.id.clone();
                    self.unfollow(turn, list, id.as_str())?;
                }
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
        effects: &mut Vec<Effect>,
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
        let (id, before) = {
            let running = &self.channels.all[index];
            (running.saved.id.clone(), running.channel.selection.clone())
        };
        if channel.selection != before {
            if let Some(fault) = self.follow_for(turn, &channel.selection, &id, effects)? {
                return Ok(Answer::Refused(Refusal::Wrong(vec![fault])));
            }
            if let Selection::List(list) = before {
                self.unfollow(turn, list, id.as_str())?;
            }
        }
        let running = &mut self.channels.all[index];
        if channel != running.channel {
            let told_alike = channel.selection == running.channel.selection
                && channel.mappings == running.channel.mappings;
            if !told_alike {
                running.scan_anew();
            }
            // Its fields are all there, or it would be refused. What those that came back have lost meanwhile is waited for.
            running.saved.held.take_if(|held| held.until.is_none());
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
            |path: &str, detail: String| Fault { path: path.to_owned(), code: Code::Unavailable, detail };
        if let Selection::List(list) = channel.selection
            && let Some(entry) = listed(turn, list)?
            && entry["object_type"] != *channel.object_type.name()
        {
            let detail = format!("The list does not hold {}.", channel.object_type);
            faults.push(fault("/list", detail));
        }
        let of_kind = self.streams.iter().find(|running| running.saved.object_type == channel.object_type);
        if of_kind.is_none() {
            let detail =
                format!("Records of {} are not mirrored. Turn the type on first.", channel.object_type);
            return Ok(Err(vec![fault("/object_type", detail)]));
        }
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

    /// Has the list that a channel selects by mirrored; what stands in the way, if something does.
    fn follow_for(
        &mut self,
        turn: &Turn<'_>,
        selection: &Selection,
        id: &ChannelId,
        effects: &mut Vec<Effect>,
    ) -> Result<Option<Fault>, SqlError> {
        let Selection::List(list) = selection else { return Ok(None) };
        let (code, detail) = match self.follow(turn, *list, id.as_str(), effects)? {
            messages::Answer::Done => return Ok(None),
            messages::Answer::TooMany(most) => (
                Code::Unavailable,
                format!("At most {most} lists are mirrored. Remove a channel by list first."),
            ),
            _ => (Code::Unavailable, NO_LISTS.to_owned()),
        };
        Ok(Some(Fault { path: "/list".to_owned(), code, detail }))
    }

    fn shown(&self, turn: &Turn<'_>, running: &Running) -> Result<Value, SqlError> {
        let (selects, trouble) = match &running.channel.selection {
            Selection::Filter(filter) => {
                (filter.describe(&Discovered::load(turn.sql, &running.channel)?), None)
            }
            Selection::List(list) => {
                let (name, _) = self.told_of_list(*list).unwrap_or_default();
                let known = match name {
                    // Followed, but not asked about yet.
                    "" => listed(turn, *list)?.and_then(|entry| entry["name"].as_str().map(str::to_owned)),
                    name => Some(name.to_owned()),
                };
                let selects = known.map_or_else(
                    || format!("List {list}"),
                    |name| format!("Everybody on the list \"{name}\""),
                );
                (selects, self.trouble_of_list(*list))
            }
        };
        let around = Around {
            members: store::count(turn.sql, running.number)?,
            of: self.live_records(running.channel.object_type),
            selects,
            waits_for_list: self.waits_for_list(running),
            trouble,
        };
        Ok(show(running, &around))
    }

    /// Why the members of a list are not known, or not as they are now.
    fn trouble_of_list(&self, list: ListId) -> Option<String> {
        if !self.may_read_lists() {
            return Some(NO_LISTS.to_owned());
        }
        self.told_of_list(list)?.1.map(|told| told.words.clone())
    }

    fn live_records(&self, kind: ObjectType) -> u64 {
        let of_kind = self.streams.iter().find(|running| running.saved.object_type == kind);
        of_kind.map_or(0, |running| running.saved.records)
    }
}

/// What HubSpot last told of a list.
pub(super) fn listed(turn: &Turn<'_>, list: ListId) -> Result<Option<Value>, SqlError> {
    let entry = reference::entry(turn.sql, Source::Lists.as_str(), &list.to_string())?;
    Ok(entry.and_then(|entry| crate::values::json::parse(&entry).ok()))
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
            faults.push(Fault { path: "/object_type".to_owned(), code: Code::Unavailable, detail });
        } else {
            entries.insert(name, value);
        }
    }
    faults
}
