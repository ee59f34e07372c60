//! How a connection begins, what webhooks tell it while it lasts, and how it ends.

use super::{
    Portal, Turn, credentials,
    credentials::Tokens,
    messages::{Connect, State, Touch},
    state::{Connection, Farewell},
};
use crate::{
    store::{portal::dirty, schema, sql::SqlError},
    values::{ids::RecordId, secret::Secret, time::Timestamp},
};

/// Where the connection lies in `meta`.
pub(super) const CONNECTION_KEY: &str = "connection";

impl Portal {
    #[inline(never)]
    pub(super) fn connect(&mut self, turn: &mut Turn<'_>, connect: Connect) -> Result<(), SqlError> {
        let connection = Connection {
            id: connect.connection,
            workspace: connect.workspace,
            app: connect.app,
            user: connect.user,
            account: connect.account,
            scopes: connect.scopes,
            state: State::Active,
            connected_at: connect.at,
            trouble: None,
            farewell: None,
            failures: 0,
            retry_at: Timestamp::default(),
        };
        let (access, refresh) = (Secret::new(connect.access_token), Secret::new(connect.refresh_token));
        let tokens = Tokens::new(access, refresh, connect.expires_in_ms, turn.now);
        credentials::save(turn, &connection, &tokens)?;
        self.tokens = Some(tokens);
        self.token_number += 1;
        self.force_refresh = false;
        // Answers to calls of before belong to another authorisation and another full read.
        self.in_flight.clear();
        self.connection = Some(connection);
        self.save_connection(turn)?;
        for index in 0..self.streams.len() {
            self.begin_anew(turn, index)?;
        }
        self.beside.knows_account(turn.now);
        self.beside.begin_anew(turn)
    }

    /// Marks what a delivery touched, and erases at once what was deleted for privacy; says whether anything of it is ours to
    /// read. `None`: whoever sent it here does not know that this connection has ended.
    #[inline(never)]
    pub(super) fn mark_touched(
        &mut self,
        turn: &mut Turn<'_>,
        touches: &[Touch],
    ) -> Result<Option<bool>, SqlError> {
        let connected = self.connection.as_ref().is_some_and(|connection| {
            !matches!(connection.state, State::Disconnected | State::Disconnecting)
        });
        if self.connection.is_none() {
            return Ok(None);
        }
        let mut marked = false;
        for index in 0..self.streams.len() {
            let kind = self.streams[index].saved.object_type;
            let of_kind: Vec<&Touch> = touches.iter().filter(|touch| touch.object_type == kind).collect();
            if of_kind.is_empty() {
                continue;
            }
            let ids = |erased| -> Vec<RecordId> {
                of_kind.iter().filter(|touch| touch.erased == erased).map(|touch| touch.id).collect()
            };
            if connected {
                let merger = |touch: &&Touch| Some((touch.id, touch.merged_into?));
                let mergers: Vec<_> = of_kind.iter().filter_map(merger).collect();
                if !mergers.is_empty() {
                    self.note_mergers(turn, index, &mergers)?;
                }
                let generation = self.tick(turn.now);
                dirty::mark(turn.sql, kind, &ids(false), generation, true, false)?;
            }
            let erased = ids(true);
            if !erased.is_empty() {
                self.erase(turn, index, &erased, connected)?;
            }
            if connected {
                let running = &mut self.streams[index];
                running.saved.event_at = Some(turn.now);
                running.marked = true;
                marked = true;
            }
        }
        Ok(connected.then_some(marked))
    }

    /// Stops at once.
    #[inline(never)]
    pub(super) fn disconnect(
        &mut self,
        turn: &mut Turn<'_>,
        of: Timestamp,
        farewell: Farewell,
    ) -> Result<(), SqlError> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        if connection.state == State::Disconnected || connection.connected_at > of {
            return Ok(());
        }
        connection.state = State::Disconnecting;
        connection.farewell = Some(farewell);
        connection.failures = 0;
        connection.retry_at = turn.now;
        connection.trouble = None;
        for index in 0..self.streams.len() {
            self.streams[index].saved.backfill = None;
            self.streams[index].saved.poll = None;
            self.save_stream(turn, index)?;
        }
        if self.tokens.is_none() || !(farewell.uninstall || farewell.revoke) {
            return self.forget(turn);
        }
        self.save_connection(turn)
    }

    /// The last step of a disconnect: forgets the tokens.
    pub(super) fn forget(&mut self, turn: &mut Turn<'_>) -> Result<(), SqlError> {
        crate::store::portal::credentials::forget_all(turn.sql)?;
        self.tokens = None;
        if let Some(connection) = &mut self.connection {
            connection.state = State::Disconnected;
            connection.farewell = None;
        }
        self.save_connection(turn)
    }

    pub(super) fn save_connection(&self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let Some(connection) = &self.connection else { return Ok(()) };
        let json = serde_json::to_string(connection).map_err(|_| SqlError::Content("meta"))?;
        schema::set(turn.sql, CONNECTION_KEY, &json)
    }
}
