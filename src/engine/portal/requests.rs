//! What people ask of a connection: read a type or a record once more, pause, resume.

use crate::{
    engine::portal::{
        Effect, Portal, Turn,
        messages::{Answer, State},
        state::Backfill,
    },
    store::{portal::dirty, sql::SqlError},
    values::ids::{ObjectType, RecordId},
};

impl Portal {
    /// The stream of a type, if it is kept in step.
    fn running(&self, kind: ObjectType) -> Option<usize> {
        let index = self.streams.iter().position(|running| running.saved.object_type == kind)?;
        (self.goes_on() && !self.stands_still(index)).then_some(index)
    }

    #[inline(never)]
    pub(super) fn resync(
        &mut self,
        turn: &Turn<'_>,
        kind: ObjectType,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        let Some(index) = self.running(kind) else { return Ok(Answer::Stopped) };
        let thorough = |backfill: &Backfill| backfill.thorough;
        if !self.streams[index].saved.backfill.as_ref().is_some_and(thorough) {
            self.read_thoroughly(turn, index)?;
        }
        effects.push(self.rouse(turn.now));
        Ok(Answer::Done)
    }

    #[inline(never)]
    pub(super) fn reread(
        &mut self,
        turn: &Turn<'_>,
        kind: ObjectType,
        id: RecordId,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        let Some(index) = self.running(kind) else { return Ok(Answer::Stopped) };
        let generation = self.tick(turn.now);
        dirty::mark(turn.sql, kind, &[id], generation, true, false)?;
        self.streams[index].marked = true;
        self.rouse_idle(turn.now, effects);
        Ok(Answer::Done)
    }

    /// Calls that are under way come to their end; nothing leaves but refreshes, so that resuming needs nobody's consent.
    #[inline(never)]
    pub(super) fn pause_by_person(&mut self, turn: &Turn<'_>) -> Result<Answer, SqlError> {
        let Some(connection) = &mut self.connection else { return Ok(Answer::NotConnected) };
        match connection.state {
            State::Active | State::Paused { .. } => {
                connection.state = State::PausedByPerson { since: turn.now };
                self.save_connection(turn)?;
                Ok(Answer::Done)
            }
            State::PausedByPerson { .. } => Ok(Answer::Done),
            State::NeedsReauthorisation | State::Disconnecting | State::Disconnected => Ok(Answer::Stopped),
        }
    }

    #[inline(never)]
    pub(super) fn resume(&mut self, turn: &Turn<'_>, effects: &mut Vec<Effect>) -> Result<Answer, SqlError> {
        let Some(connection) = &mut self.connection else { return Ok(Answer::NotConnected) };
        match connection.state {
            State::PausedByPerson { .. } => {
                connection.state = State::Active;
                self.save_connection(turn)?;
                effects.push(Effect::SetAlarm(turn.now));
                Ok(Answer::Done)
            }
            State::Active | State::Paused { .. } => Ok(Answer::Done),
            State::NeedsReauthorisation | State::Disconnecting | State::Disconnected => Ok(Answer::Stopped),
        }
    }
}
