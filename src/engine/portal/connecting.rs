//! How a connection begins, what webhooks tell it while it lasts, and how it ends.

use super::{
    Effect, Job, Portal, Turn, credentials,
    credentials::Tokens,
    messages::{Answer, Connect, OwnWebhook, Renewal, State, Touch},
    state::{Connection, Farewell},
};
use crate::{
    engine::{delivery, limiter::messages::News},
    hubspot::webhooks::{self, EVENTS_LIMIT},
    store::{
        portal::{
            dirty, erasures,
            feed::{self, Change, Lifecycle},
            wipe,
        },
        schema,
        sql::SqlError,
    },
    values::{
        http::Method,
        ids::RecordId,
        planted::{Bug, planted},
        secret::Secret,
        tier::Tier,
        time::Timestamp,
    },
};

/// What the feed says when everything that was read is gone.
const DATA_DELETED: &str = "A person had everything deleted that was read from this HubSpot account. Delete what you hold of it, too.";

/// Where the connection lies in `meta`.
pub(super) const CONNECTION_KEY: &str = "connection";

impl Portal {
    #[inline(never)]
    pub(super) fn connect(&mut self, turn: &mut Turn<'_>, connect: Connect) -> Result<(), SqlError> {
        if self.is_exchanged(&connect) {
            return self.exchange(turn, connect);
        }
        let before = self.connection.as_ref();
        let own_webhooks = connect.webhook_secret.is_some() || before.is_some_and(|known| known.own_webhooks);
        let connection = Connection {
            private_app: connect.private_app,
            own_webhooks: own_webhooks && connect.app.is_token(),
            tier: before.and_then(|known| known.tier),
            delete_data: false,
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
            refresh_refused: false,
        };
        let tokens = tokens(connect.access_token, connect.renewal, turn.now);
        credentials::save(turn, &connection, &tokens)?;
        if let Some(secret) = connect.webhook_secret {
            credentials::save_webhook_secret(turn, &connection, &Secret::new(secret))?;
        }
        self.force_refresh = false;
        // Answers to calls of before belong to another authorisation and another full read.
        self.in_flight.retain(|_, flying| matches!(flying.job, Job::Seat(_) | Job::Write(_)));
        self.connection = Some(connection);
        self.hold(turn, tokens)?;
        self.save_connection(turn)?;
        for index in 0..self.streams.len() {
            self.begin_anew(turn, index)?;
        }
        self.beside.knows_account(turn.now);
        let tick = self.tick(turn.now);
        self.beside.begin_anew(turn, tick)
    }

    /// Whether another token of the same account takes the place of one that still works: then nothing begins anew.
    fn is_exchanged(&self, connect: &Connect) -> bool {
        let works = |state: State| match state {
            State::Active | State::Paused { .. } | State::PausedByPerson { .. } => true,
            State::NeedsReauthorisation | State::Disconnecting | State::Disconnected => false,
        };
        self.connection.as_ref().is_some_and(|known| {
            connect.renewal.is_none()
                && known.app.is_token()
                && known.account.portal == connect.account.portal
                && works(known.state)
        })
    }

    fn exchange(&mut self, turn: &mut Turn<'_>, connect: Connect) -> Result<(), SqlError> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        connection.private_app = connect.private_app;
        connection.account = connect.account;
        connection.connected_at = connect.at;
        connection.own_webhooks |= connect.webhook_secret.is_some();
        // Told as an event of its own it would look like a connection made anew.
        self.told.is_connected_at(turn, connect.at)?;
        let connection = connection.clone();
        let tokens = tokens(connect.access_token, connect.renewal, turn.now);
        credentials::save(turn, &connection, &tokens)?;
        if let Some(secret) = connect.webhook_secret {
            credentials::save_webhook_secret(turn, &connection, &Secret::new(secret))?;
        }
        self.hold(turn, tokens)?;
        self.take_scopes(turn, connect.scopes)?;
        for index in 0..self.streams.len() {
            let running = &mut self.streams[index];
            running.saved.fields_due = true;
            running.fields_digest = None;
            running.saved.retry_at = Timestamp::default();
            self.save_stream(turn, index)?;
        }
        let tick = self.tick(turn.now);
        self.beside.begin_anew(turn, tick)?;
        self.save_connection(turn)
    }

    /// Has what a delivery touched read soon.
    pub(super) fn webhook(
        &mut self,
        turn: &mut Turn<'_>,
        touches: &[Touch],
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        if self.shift.is_some() && planted(Bug::BusyDropsWebhooks) {
            return Ok(Answer::Done);
        }
        let marked = self.mark_touched(turn, touches)?;
        let due = (marked == Some(true) && self.goes_on()) || self.keeping.erasing();
        if due {
            self.rouse_idle(turn.now, effects);
        }
        Ok(marked.map_or(Answer::NotConnected, |_| Answer::Done))
    }

    /// A delivery by the customer's own app: the secret lies here and nowhere else, so it is verified here. What it tells of other
    /// accounts is not taken.
    pub(super) fn own_webhook(
        &mut self,
        turn: &mut Turn<'_>,
        delivery: &OwnWebhook,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        let Some(connection) = self.connection.clone() else { return Ok(Answer::NotConnected) };
        let Some(secret) = credentials::webhook_secret(turn, &connection)? else {
            return Ok(Answer::NotSigned);
        };
        let body = delivery.body.as_bytes();
        let (timestamp, signature) = (delivery.timestamp.as_deref(), delivery.signature.as_deref());
        let verified =
            webhooks::verify_v3(&secret, Method::Post, &delivery.uri, body, timestamp, signature, turn.now);
        let events = webhooks::parse_events(body, EVENTS_LIMIT);
        let (Ok(()), Ok(events)) = (verified, events) else { return Ok(Answer::NotSigned) };
        match delivery::group(events).remove(&connection.account.portal) {
            Some(touches) => self.webhook(turn, &touches, effects),
            None => Ok(Answer::Done),
        }
    }

    /// What a person says the account's tier is.
    pub(super) fn set_tier(&mut self, turn: &Turn<'_>, tier: Option<Tier>) -> Result<Answer, SqlError> {
        let Some(connection) = &mut self.connection else { return Ok(Answer::NotConnected) };
        connection.tier = tier;
        self.permits.learn(News::Tier(tier));
        self.save_connection(turn)?;
        Ok(Answer::Done)
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
                // HubSpot tells of one several times.
                let told = erasures::remembered(turn.sql, kind, &erased)?;
                let news = erased.iter().filter(|id| !told.contains(id)).count();
                if news > 0 {
                    Self::note_erased(turn, news)?;
                }
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
        self.end_seats(turn)?;
        if self.tokens.is_none() || !(farewell.uninstall || farewell.revoke) {
            return self.forget(turn);
        }
        self.save_connection(turn)
    }

    /// The last step of a disconnect: forgets the tokens.
    pub(super) fn forget(&mut self, turn: &mut Turn<'_>) -> Result<(), SqlError> {
        crate::store::portal::credentials::forget_all(turn.sql)?;
        self.tokens = None;
        self.locked = self.blocks.locked();
        let revoke = |connection: &Connection| connection.farewell.is_some_and(|farewell| farewell.revoke);
        if self.connection.as_ref().is_some_and(revoke) {
            self.end_grant();
        }
        if let Some(connection) = &mut self.connection {
            connection.state = State::Disconnected;
            connection.farewell = None;
        }
        self.save_connection(turn)?;
        if self.connection.as_ref().is_some_and(|connection| connection.delete_data) {
            return self.wipe(turn);
        }
        Ok(())
    }

    /// A person wants nothing kept of what was read.
    pub(super) fn delete_data(&mut self, turn: &Turn<'_>) -> Result<Answer, SqlError> {
        let Some(connection) = &mut self.connection else { return Ok(Answer::NotConnected) };
        match connection.state {
            State::Disconnected => self.wipe(turn)?,
            State::Disconnecting => {
                connection.delete_data = true;
                self.save_connection(turn)?;
            }
            State::Active
            | State::Paused { .. }
            | State::PausedByPerson { .. }
            | State::NeedsReauthorisation => return Ok(Answer::Stopped),
        }
        Ok(Answer::Done)
    }

    /// Empties what was read, and begins with what is left. Readers of the feed are told, and must take a snapshot anew.
    fn wipe(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        // What happened before is told before it goes.
        self.tell_lifecycle(turn)?;
        self.scores_wiped(turn)?;
        self.activations_wiped(turn)?;
        self.workflows_wiped(turn)?;
        wipe::wipe(turn.sql)?;
        if let Some(connection) = &mut self.connection {
            connection.delete_data = false;
            connection.trouble = None;
            let deleted = Change::Lifecycle {
                id: connection.id.clone(),
                event: Lifecycle::DataDeleted,
                about: None,
                words: Some(DATA_DELETED.to_owned()),
            };
            feed::append_lifecycle(turn.sql, turn.now, vec![deleted])?;
        }
        self.save_connection(turn)?;
        // Numbers and permits of before belong to nothing any more.
        let permits = std::mem::take(&mut self.permits);
        *self = Self { permits, ..Self::load(turn)? };
        Ok(())
    }

    pub(super) fn save_connection(&self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let Some(connection) = &self.connection else { return Ok(()) };
        let json = serde_json::to_string(connection).map_err(|_| SqlError::Content("meta"))?;
        schema::set(turn.sql, CONNECTION_KEY, &json)
    }
}

fn tokens(access: String, renewal: Option<Renewal>, now: Timestamp) -> Tokens {
    let access = Secret::new(access);
    match renewal {
        Some(Renewal { refresh_token, expires_in_ms }) => {
            Tokens::new(access, Secret::new(refresh_token), expires_in_ms, now)
        }
        None => Tokens::fixed(access),
    }
}
