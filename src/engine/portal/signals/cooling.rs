//! Cool-downs: an automation that acted for an account or a visitor does not for some time, whether or not the run is still kept.
//!
//! Counted from [`acts`], which a run writes as it begins, so that of two signals at once one begins; what came to nothing is taken back. They
//! are kept as long as the cool-down of the automation as it is now, and at least as long as runs are: a cool-down that somebody lengthens
//! counts from the same as what the page of runs shows.

use crate::{
    engine::portal::{Portal, Turn},
    store::{portal::signals::acts, schema, sql::SqlError},
    values::time::{HOUR_MS, Timestamp},
};

use super::RunningAutomation;

/// Most acts that are kept: 2,700 a day for a year. Each takes some 200 bytes with what finds it again, of the longest names 900: 200 MB, and
/// under one of ten gigabytes. Of more the oldest go.
const KEPT: i64 = 1_000_000;
/// Acts that are looked at at once, each hour: some milliseconds. What most accounts keep is looked at whole; of the most that may be kept an
/// act goes eight days late.
const LOOKED_AT: u32 = 5_000;
/// Where it lies in `meta` how far they are looked at.
const PLACE: &str = "acts_place";

impl RunningAutomation {
    /// Until when a cool-down lasts that began then.
    fn cool_until(&self, acted: Timestamp) -> Timestamp {
        acted.plus_ms(i64::from(self.automation.cool_down_hours) * HOUR_MS)
    }
}

impl Portal {
    /// Why an automation does not act now for whom it acted a short time ago.
    pub(super) fn cools(
        turn: &Turn<'_>,
        running: &RunningAutomation,
        subject: &str,
        record: Option<&str>,
    ) -> Result<Option<String>, SqlError> {
        let acted = acts::last_at(turn.sql, running.number, subject, record)?;
        let until = acted.map(|at| (at, running.cool_until(at)));
        Ok(until.filter(|(_, until)| *until > turn.now).map(|(at, until)| {
            format!(
                "The automation acted for the same at {}, and does not again before {}.",
                at.to_rfc3339(),
                until.to_rfc3339()
            )
        }))
    }

    /// Until when an act is kept; of an automation that nobody here can read, whose words are a newer release's, as long as there is room.
    fn kept_until(&self, automation: i64, acted: Timestamp) -> Option<Timestamp> {
        let own = self.signals.automations.iter().find(|own| own.number == automation)?;
        Some(own.cool_until(acted).max(acted.plus_ms(self.signal_ms())))
    }

    /// Forgets some of those from which nothing is counted any more.
    pub(super) fn forget_acts(&self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let place = schema::get(turn.sql, PLACE)?.and_then(|text| text.parse().ok()).unwrap_or(0);
        let is_over = |automation, at| self.kept_until(automation, at).is_some_and(|until| until <= turn.now);
        let next = acts::forget(turn.sql, &is_over, (KEPT, LOOKED_AT), place)?;
        if next == place { Ok(()) } else { schema::set(turn.sql, PLACE, &next.to_string()) }
    }

    /// When the first of them is to be forgotten.
    pub(in crate::engine::portal) fn first_act_over_at(
        &self,
        turn: &Turn<'_>,
    ) -> Result<Option<Timestamp>, SqlError> {
        let oldest = acts::oldest(turn.sql)?.into_iter();
        Ok(oldest.filter_map(|(automation, at)| self.kept_until(automation, at)).min())
    }
}
