//! The alarm: whether one is at work, whether it would find something to do, and what makes it look.

use super::{CALL_TIMEOUT_MS, Effect, Portal, State, Turn};
use crate::{
    store::{portal::dirty, sql::SqlError},
    values::time::Timestamp,
};

impl Portal {
    /// Whether an alarm is at work. One that should long have ended was cut off: whoever finds it sets the next.
    pub(super) fn works(&self, now: Timestamp) -> bool {
        self.shift.as_ref().is_some_and(|shift| now < shift.ends_at.plus_ms(2 * CALL_TIMEOUT_MS))
    }

    /// Whether the alarm at work does nothing but wait for receivers.
    fn lingers(&self) -> bool {
        self.shift.is_some() && self.at_rest() && self.endpoints.under_way() > 0
    }

    /// Whether nothing of HubSpot's or the limiter's is under way or waited for.
    pub(super) fn at_rest(&self) -> bool {
        self.in_flight.is_empty() && !self.permits.asking() && !self.seats.asking() && self.wake_at.is_none()
    }

    /// What makes an alarm look at what is due now.
    pub(super) fn rouse(&self, now: Timestamp) -> Effect {
        if self.works(now) && self.lingers() { Effect::Nudge } else { Effect::SetAlarm(now) }
    }

    /// Whether an alarm at work comes to what is due by itself.
    pub(super) fn attends(&self, now: Timestamp) -> bool {
        self.works(now) && !self.lingers()
    }

    /// Rouses it unless it comes to what is due by itself.
    pub(super) fn rouse_idle(&self, now: Timestamp, effects: &mut Vec<Effect>) {
        if !self.attends(now) {
            effects.push(self.rouse(now));
        }
    }

    pub(super) fn rouse_for_deliveries(
        &self,
        turn: &Turn<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        if !self.attends(turn.now) && self.delivery_due_at(turn)?.is_some_and(|at| at <= turn.now) {
            effects.push(self.rouse(turn.now));
        }
        Ok(())
    }

    /// Whether an alarm would find something to do now.
    #[inline(never)]
    pub(super) fn work_due(&self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        let due = |at: Option<Timestamp>| at.is_some_and(|at| at <= turn.now);
        if due(self.delivery_due_at(turn)?)
            || due(self.channels_due_at(turn)?)
            || due(self.keeping_due_at(turn)?)
            || due(self.seats.due_at())
            || due(self.outbox.by_seats_due_at())
            || due(self.blocks_due_at(turn.now))
            || due(self.retention_due_at(turn.now))
            || due(self.index_due_at(turn.now))
            || due(self.phones_due_at(turn.now))
            || due(self.signals_due_at(turn)?)
            || due(self.workflows_due_at(turn)?)
            || due(self.audiences_due_at(turn)?)
        {
            return Ok(true);
        }
        let Some(connection) = &self.connection else { return Ok(false) };
        let waits = |at: Timestamp| at > turn.now;
        match connection.state {
            State::Disconnected | State::NeedsReauthorisation => return Ok(false),
            State::Disconnecting => return Ok(!waits(connection.retry_at)),
            State::Paused { .. } | State::PausedByPerson { .. } | State::Active
                if !waits(connection.retry_at)
                    && self.tokens.as_ref().is_some_and(|tokens| tokens.stale(turn.now)) =>
            {
                return Ok(true);
            }
            State::Paused { .. } | State::PausedByPerson { .. } | State::Active if self.tries() => {
                return Ok(true);
            }
            State::Paused { until } if waits(until) => return Ok(false),
            State::PausedByPerson { .. } => return Ok(false),
            State::Paused { .. } | State::Active => {}
        }
        if due(self.outbox_due_at(turn)?)
            || due(self.scores_due_at(turn)?)
            || due(self.activations_due_at(turn)?)
        {
            return Ok(true);
        }
        if self.next_errand(turn).0.is_some() || self.links_due(turn)? {
            return Ok(true);
        }
        for (index, running) in self.streams.iter().enumerate() {
            let stream = &running.saved;
            if waits(stream.retry_at) || self.stands_still(index) {
                continue;
            }
            if stream.backfill.is_some()
                || stream.fields_due
                || stream.reconcile.checking.is_some()
                || stream.poll_due(turn.now, turn.config.work.check_every_ms)
            {
                return Ok(true);
            }
            if dirty::due(turn.sql, stream.object_type, turn.now)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
