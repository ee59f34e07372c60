//! Fields that a channel names and that are not what they were: until a person edits it, or the field is back, it decides nothing. So it is
//! with qualifying lists, whose part of this is [`crate::engine::portal::signals`]'s. A
//! condition on a field that has vanished would else be decided without its value, and a channel for *everybody but who said no* hand over
//! exactly those.
//!
//! Records lose the values of a field that is gone as they are read again, so one that is back is not believed at once: everything that was
//! read meanwhile is read once more, and only then the channel goes on, and decides everything anew.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Mode, Running, fields::Discovered};
use crate::{
    engine::portal::{Job, Portal, Turn, state::LOOKBACK_MS},
    store::{portal::dirty, sql::SqlError},
    values::{
        filter::Code,
        ids::ObjectType,
        time::{HOUR_MS, Timestamp},
    },
};

/// How often a channel is held for want of a field in HubSpot's answers, where the list of fields has it all the same.
const DOUBT_EVERY_MS: i64 = HOUR_MS;

/// What may stand still for want of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::portal) enum What {
    /// Whoever was handed over stays so, and nobody comes.
    Channel,
    /// Signals wait for it.
    List,
    /// Events wait for it.
    Workflow,
    /// Whoever is in it stays so, and nobody comes.
    Audience,
}

impl What {
    const fn name(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::List => "list",
            Self::Workflow => "workflow",
            Self::Audience => "audience",
        }
    }

    const fn means(self) -> &'static str {
        match self {
            Self::Channel | Self::Audience => "nobody enters or leaves it",
            Self::List => "signals wait until it can be asked",
            Self::Workflow => "events wait, what is under way too, and no change begins anything",
        }
    }
}

/// Why something decides nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// What is wrong and what to do, for people.
    pub words: String,
    /// When the fields were last known to be right.
    pub since: Timestamp,
    /// The fields are right again, and marks up to this one are to be read first.
    pub until: Option<i64>,
    /// Records could not be read meanwhile: the full read that finds what changed of them is to be over first.
    #[serde(default)]
    pub missed: bool,
}

impl Held {
    /// It names what is not there, or not what it was.
    pub(in crate::engine::portal) fn by(what: What, detail: &str, since: Timestamp) -> Self {
        let (name, means) = (what.name(), what.means());
        let words = format!(
            "This {name} stands still: {means}. {detail} It goes on by itself once the field is as it was, or once the {name} is edited."
        );
        Self { words, since, until: None, missed: false }
    }

    /// An answer does not have the field `missing`; whether it is gone is being asked.
    pub(in crate::engine::portal) fn by_doubt(what: What, missing: &str, since: Timestamp) -> Self {
        let words = format!(
            "This {} stands still: HubSpot's last answer does not have the field `{missing}`. The fields are being read again.",
            what.name()
        );
        Self { words, since, until: None, missed: false }
    }

    /// Records by which it decides may not be read: says why, and what to do.
    pub(in crate::engine::portal) fn barred(&mut self, what: What, detail: &str) {
        let (name, means) = (what.name(), what.means());
        self.words = format!(
            "This {name} stands still: {means}. {detail} It goes on by itself once the records are read again, or once the {name} is edited."
        );
    }

    /// Whether something that found a field missing at that time may be held for it once more.
    pub(in crate::engine::portal) fn doubts_again(before: Option<Timestamp>, now: Timestamp) -> bool {
        before.is_none_or(|at| now.since_ms(at) >= DOUBT_EVERY_MS)
    }
}

impl Running {
    /// Whether records are decided about as they change.
    pub(super) fn decides(&self) -> bool {
        self.saved.mode == Mode::Active && self.saved.held.is_none()
    }

    /// Whether a channel that is held need not be so any longer.
    pub(super) fn may_go_on(&self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        match self.saved.held.as_ref().and_then(|held| held.until) {
            Some(until) => Ok(!dirty::any_up_to(turn.sql, self.channel.object_type, until)?),
            None => Ok(false),
        }
    }
}

impl Portal {
    /// The fields of a type were read: holds the channels that they do not fit any more, and lets go those that they fit again.
    #[inline(never)]
    pub(in crate::engine::portal) fn fit_channels(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
    ) -> Result<(), SqlError> {
        let kind = self.streams[index].saved.object_type;
        let since = self.streams[index].saved.properties_at.unwrap_or(turn.now);
        for at in 0..self.channels.all.len() {
            let running = &self.channels.all[at];
            if running.channel.object_type != kind || running.saved.mode == Mode::Removed {
                continue;
            }
            let faults = running.channel.check(&Discovered::load(turn.sql, &running.channel)?);
            let fault = faults.iter().find(|one| matches!(one.code, Code::UnknownField | Code::WrongType));
            let (fault, before) = (fault.map(|one| one.detail.clone()), running.saved.held.clone());
            let held = self.fitted(turn, What::Channel, &[kind], (fault, before, since))?;
            let running = &mut self.channels.all[at];
            if running.saved.held != held {
                running.saved.held = held;
                running.save(turn)?;
            }
        }
        Ok(())
    }

    /// What holds something of records of these types whose fields were read: with the fault that was found, what held it before, and when
    /// the fields were last known to be right.
    pub(in crate::engine::portal) fn fitted(
        &mut self,
        turn: &Turn<'_>,
        what: What,
        kinds: &[ObjectType],
        (fault, before, since): (Option<String>, Option<Held>, Timestamp),
    ) -> Result<Option<Held>, SqlError> {
        Ok(match (fault, before) {
            (Some(detail), before) => {
                let since = before.map_or(since, |held| held.since.min(since));
                Some(Held::by(what, &detail, since))
            }
            (None, Some(held)) if held.until.is_none() => {
                let tick = self.tick(turn.now);
                for running in self.streams.iter_mut().filter(|one| kinds.contains(&one.saved.object_type)) {
                    let since = held.since.minus_ms(LOOKBACK_MS);
                    dirty::mark_seen_since(turn.sql, running.saved.object_type, since, tick)?;
                    running.marked = true;
                }
                let words = format!(
                    "This {} goes on once the records that were read without one of its fields are read again.",
                    what.name()
                );
                Some(Held { words, until: Some(tick), ..held })
            }
            (None, held) => held,
        })
    }

    /// HubSpot leaves a field out of an answer that it does not have (it says `null` of one without a value): the fields are read again
    /// before anything is decided without it, an hour before that would be their turn.
    #[inline(never)]
    pub(in crate::engine::portal) fn doubt_fields(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
        job: &Job,
        asked_at: i64,
        body: &[u8],
    ) -> Result<(), SqlError> {
        let Some(stream) = self.streams.get(index) else { return Ok(()) };
        let tells_values = match job {
            Job::Read { .. } | Job::Fetch { .. } | Job::Freshen { .. } | Job::Confirm { .. } => true,
            Job::Echo { .. } => true,
            Job::List { .. } | Job::ReadOne { .. } => !stream.saved.wide,
            _ => false,
        };
        let kind = stream.saved.object_type;
        let concerns = |running: &Running| running.channel.object_type == kind && running.decides();
        let others = self.signals.decided_by(kind).chain(self.workflows.decided_by(kind));
        let others = others.chain(self.activations.decided_by(kind));
        let others: BTreeSet<String> = others.collect();
        let some = self.channels.all.iter().any(concerns) || !others.is_empty();
        if !tells_values || asked_at <= stream.field_at || !some {
            return Ok(());
        }
        let has = |name: &str| {
            let key = format!("\"{name}\":");
            body.windows(key.len()).any(|window| window == key.as_bytes())
        };
        if !has("properties") || !has("createdAt") {
            return Ok(());
        }
        let reads = self.channels.reads(kind).into_iter().map(str::to_owned).chain(others);
        let missing: BTreeSet<String> = reads.filter(|name| !has(name)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let since = stream.saved.properties_at.unwrap_or(turn.now);
        let mut doubted = false;
        for running in self.channels.all.iter_mut().filter(|running| concerns(running)) {
            let asked = running.channel.properties();
            let missing = asked.iter().find(|(of, name)| of.is_none() && missing.contains(*name));
            let again = Held::doubts_again(running.doubted_at, turn.now);
            let Some((_, name)) = missing.filter(|_| again) else { continue };
            running.doubted_at = Some(turn.now);
            running.saved.held = Some(Held::by_doubt(What::Channel, name, since));
            running.save(turn)?;
            doubted = true;
        }
        doubted |= self.doubt_lists(turn, kind, &missing, since)?;
        doubted |= self.doubt_audiences(turn, kind, &missing, since)?;
        if doubted | self.doubt_workflows(turn, kind, &missing, since)? {
            self.streams[index].fields_asked_at = self.tick(turn.now);
            self.streams[index].saved.fields_due = true;
            self.save_stream(turn, index)?;
        }
        Ok(())
    }

    /// Lets a channel go on whose records are as they should be; says whether there was one.
    pub(super) fn let_go(&mut self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        for at in 0..self.channels.all.len() {
            if self.channels.all[at].may_go_on(turn)? {
                let running = &mut self.channels.all[at];
                running.saved.held = None;
                running.scan_anew();
                running.save(turn)?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl super::Channels {
    /// Channels of a type that stand still: id, name and why.
    pub(in crate::engine::portal) fn standing_still(
        &self,
    ) -> impl Iterator<Item = (&crate::values::ids::ChannelId, &str, &str, ObjectType)> {
        let there = self.all.iter().filter(|running| running.saved.mode != Mode::Removed);
        there.filter_map(|running| {
            let held = running.saved.held.as_ref()?;
            Some((
                &running.saved.id,
                running.channel.name.as_str(),
                held.words.as_str(),
                running.channel.object_type,
            ))
        })
    }
}
