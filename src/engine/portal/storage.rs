//! What a connection does as its storage fills: at 80 % it warns, at 90 % it mirrors only what Spoke itself and channels need of
//! each record, until a person chooses (`design.md` 2). The feed is then held to its limit at once.
//!
//! Owns how full the object was when it was looked at last (in `meta`) and what a narrowed stream keeps (in the stream). It deletes
//! no record: the full read that follows writes every record anew, smaller, and so makes room.

use serde::{Deserialize, Serialize};

use crate::{
    engine::portal::{
        Portal, Running, Turn,
        keeping::horizon,
        messages::Trouble,
        selection::always,
        streams::{properties_key, saved},
    },
    store::{portal::feed, schema, sql::SqlError},
    values::time::{SECOND_MS, Timestamp},
};

/// Where the state lies in `meta`.
const KEY: &str = "storage";
/// How often it is looked at. The fastest first read writes 3 MB a second (19 pages of 100 records of 1.6 KB): 30 MB of the
/// gigabyte between narrowing and nothing.
const EVERY_MS: i64 = 10 * SECOND_MS;
/// From this part of the limit on a person is told.
const FILLING_PERCENT: i64 = 80;
/// From this part on streams are narrowed.
const FULL_PERCENT: i64 = 90;
/// A level is left this far below where it began: one that wavers is told once.
const SLACK_PERCENT: i64 = 5;

/// How full it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Below 80 %.
    #[default]
    Roomy,
    /// From 80 % on.
    Filling,
    /// From 90 % on.
    Full,
}

impl Level {
    /// As in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Roomy => "roomy",
            Self::Filling => "filling",
            Self::Full => "full",
        }
    }
}

/// What a connection takes of what it may.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Storage {
    /// Bytes the object takes on disk, without what is free for new rows.
    pub bytes: i64,
    /// Bytes it may take.
    pub limit: i64,
    /// How full that is.
    pub level: Level,
}

/// What was seen last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    level: Level,
    since: Timestamp,
}

/// What is known of storage in memory.
#[derive(Debug, Default)]
pub struct Watch {
    seen: Seen,
    looked_at: Timestamp,
}

impl Watch {
    /// As it was saved.
    pub(super) fn load(turn: &Turn<'_>) -> Result<Self, SqlError> {
        Ok(Self { seen: saved(turn, KEY)?, looked_at: Timestamp::default() })
    }

    /// How full it was when it was looked at last.
    pub(super) const fn level(&self) -> Level {
        self.seen.level
    }
}

/// How full so many bytes are, after it was at a level before.
fn level(bytes: i64, limit: i64, before: Level) -> Level {
    let percent = bytes.saturating_mul(100) / limit.max(1);
    let reached = |level, at| percent >= if before >= level { at - SLACK_PERCENT } else { at };
    if reached(Level::Full, FULL_PERCENT) {
        Level::Full
    } else if reached(Level::Filling, FILLING_PERCENT) {
        Level::Filling
    } else {
        Level::Roomy
    }
}

/// Bytes as people read them.
fn size(bytes: i64) -> String {
    const MB: i64 = 1 << 20;
    if bytes < 1_000 * MB {
        format!("{} MB", (bytes + MB / 2) / MB)
    } else {
        format!("{:.1} GB", bytes as f64 / (1_000 * MB) as f64)
    }
}

impl Running {
    /// Of the fields there are, those that are mirrored: what is chosen, or what is kept while storage is short.
    pub(super) fn mirrored_of(&self, names: Vec<String>) -> Vec<String> {
        let kind = self.saved.object_type;
        let Some(kept) = &self.saved.narrowed_to else { return self.selection.of(kind, names) };
        let needed = |name: &String| kept.contains(name) || always(kind).contains(&name.as_str());
        names.into_iter().filter(needed).collect()
    }
}

impl Portal {
    /// What it takes, and may.
    pub(super) fn storage(&self, turn: &Turn<'_>) -> Storage {
        let (bytes, limit) = (turn.sql.database_bytes(), turn.config.work.storage_bytes);
        Storage { bytes, limit, level: level(bytes, limit, self.storage.level()) }
    }

    /// Looks how full it is, and narrows the streams where that is too full. Part of every turn; most look at a clock only.
    #[inline(never)]
    pub(super) fn watch_storage(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        if turn.now.since_ms(self.storage.looked_at) < EVERY_MS || !self.goes_on() {
            return Ok(());
        }
        self.storage.looked_at = turn.now;
        let now = self.storage(turn).level;
        if now != self.storage.seen.level {
            self.storage.seen = Seen { level: now, since: turn.now };
            let json = serde_json::to_string(&self.storage.seen).map_err(|_| SqlError::Content("meta"))?;
            schema::set(turn.sql, KEY, &json)?;
        }
        if now >= Level::Filling {
            // A narrowed stream tells of every record what it no longer holds: more than the hourly pruning lets the feed keep.
            feed::prune(turn.sql, horizon(turn), turn.config.work.feed_bytes)?;
        }
        if now == Level::Full {
            for index in 0..self.streams.len() {
                self.narrow(turn, index)?;
            }
        }
        Ok(())
    }

    fn narrow(&mut self, turn: &Turn<'_>, index: usize) -> Result<(), SqlError> {
        if self.streams[index].saved.narrowed_to.is_some() {
            return Ok(());
        }
        let kept = self.needed(turn, self.streams[index].saved.object_type)?;
        let running = &mut self.streams[index];
        running.saved.narrowed_to = Some(kept);
        let kind = running.saved.object_type;
        let mirrored = running.mirrored_of(running.properties.clone());
        if mirrored.len() == running.properties.len() {
            // There is nothing it could do without; a person may still choose more.
            running.saved.narrowed_to = None;
            return Ok(());
        }
        let json = serde_json::to_string(&mirrored).map_err(|_| SqlError::Content("meta"))?;
        schema::set(turn.sql, &properties_key(kind), &json)?;
        running.properties = mirrored;
        self.read_thoroughly(turn, index)
    }

    /// What a person is to know of it.
    pub(super) fn storage_trouble(&self, turn: &Turn<'_>) -> Option<Trouble> {
        let Storage { bytes, limit, level } = self.storage(turn);
        let narrowed: Vec<String> = self
            .streams
            .iter()
            .filter(|running| running.saved.narrowed_to.is_some())
            .map(|running| running.saved.object_type.to_string())
            .collect();
        let takes = format!("The mirror takes {} of the {} it may", size(bytes), size(limit));
        let words = if !narrowed.is_empty() {
            format!(
                "{takes}, and storage ran out: of {} only the fields are mirrored that Spoke itself, channels and mappings need. \
                 Choose which fields to mirror (Fields), and they are read again.",
                narrowed.join(", ")
            )
        } else if level >= Level::Filling {
            format!(
                "{takes}. At {FULL_PERCENT} % only the fields are mirrored that Spoke itself and channels need: choose fewer fields \
                 (Fields) before then."
            )
        } else {
            return None;
        };
        Some(Trouble::other(words, self.storage.seen.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_begins_at_its_part_of_the_limit_and_ends_below_it() {
        let of = |bytes, before| level(bytes, 1_000, before);
        assert_eq!(
            [799, 800, 899, 900].map(|bytes| of(bytes, Level::Roomy)),
            [Level::Roomy, Level::Filling, Level::Filling, Level::Full]
        );
        assert_eq!([849, 850].map(|bytes| of(bytes, Level::Full)), [Level::Filling, Level::Full]);
        assert_eq!([749, 750].map(|bytes| of(bytes, Level::Filling)), [Level::Roomy, Level::Filling]);
    }

    #[test]
    fn sizes_are_read_by_people() {
        assert_eq!([size(3 << 20), size(8_400 << 20)], ["3 MB", "8.4 GB"]);
    }
}
