//! One connection: its mirror, kept in step with HubSpot.
//!
//! Owns the state of the connection and its streams (in the database) and what is under way (in memory, lost with the
//! object). [`Portal::command`] and [`Portal::step`] take one event, make all writes inside, and return effects: records
//! first, cursor last. They never wait. Whoever calls them wraps each call in one transaction, and drops the `Portal`
//! when a call fails: it is then loaded again from what was committed.
//!
//! Everything may interleave: nothing here assumes that what was true when a request left is true when its answer comes.
//!
//! What a turn calls once is `inline(never)`: merged into one function, a page of a full read would have V8 compile, and compile
//! again for speed, all that a turn could ever do (a sixth of a first sync's processor time).

mod answers;
pub mod apply;
mod audit;
mod backfill;
pub mod beside;
pub mod blocks;
pub mod browse;
mod calls;
pub mod channels;
mod connecting;
mod credentials;
pub mod endpoints;
pub mod fields;
mod grant;
pub mod history;
mod keeping;
mod lifecycle;
pub mod links;
pub mod mappings;
pub mod matching;
pub mod messages;
pub mod outbox;
mod permits;
mod plan;
mod query;
pub mod reconcile;
mod refusals;
mod requests;
pub mod retention;
pub mod scores;
pub mod seats;
pub mod selection;
pub mod signals;
pub mod snapshot;
pub mod state;
pub mod storage;
mod streams;
pub mod ties;
pub mod trial;
pub mod types;
pub mod unreadable;
pub mod usage;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    engine::{
        actor::Actor,
        alert::Alert,
        limiter::{
            CALL_TIMEOUT_MS,
            messages::{Ask, Grant, Window},
        },
    },
    hubspot::{probe::Probe, usage::RateHeaders},
    store::{
        audit::Wanted,
        portal::{counts::Area, dirty, feed, links as store_links},
        schema,
        sql::{Sql, SqlError},
    },
    values::{
        config::Config,
        http::{Outcome, Request},
        ids::{ConnectionId, PortalId, RecordId, SeatId},
        json,
        time::{SECOND_MS, Timestamp},
    },
};
use beside::{Beside, Errand};
use blocks::Blocks;
use channels::Channels;
use connecting::CONNECTION_KEY;
use credentials::Tokens;
use endpoints::Endpoints;
use keeping::Keeping;
use lifecycle::Told;
use links::Linking;
use matching::index::Index;
use messages::{Answer, Command, State, Status, StreamStatus};
use outbox::Outbox;
use permits::Permits;
use reconcile::Level;
use retention::Retention;
use scores::Scores;
use seats::Seats;
use selection::Selection;
use signals::Signals;
use state::{Connection, Farewell, Stream};
use storage::Watch;
use trial::Trying;
use types::Further;
use usage::Counting;

/// How long one alarm works: under the half minute after which a platform may end it, over one limiter window.
pub const ALARM_MS: i64 = 30 * SECOND_MS;
/// Longest pause inside an alarm; a longer one ends it and sets the next.
const PAUSE_MS: i64 = 11 * SECOND_MS;

/// What one call to the engine may use.
pub struct Turn<'a> {
    /// The connection's database.
    pub sql: &'a dyn Sql,
    /// Now.
    pub now: Timestamp,
    /// The configuration.
    pub config: &'a Config,
    /// Fills a buffer with random bytes.
    pub random: &'a mut dyn FnMut(&mut [u8]),
}

/// What happened, other than a command.
#[derive(Debug)]
pub enum Event {
    /// The alarm went off: start what is due.
    Alarm,
    /// A pause asked for by [`Effect::WakeAt`] is over.
    Woke,
    /// A request came to its end.
    Answered {
        /// Which.
        call: u64,
        /// How.
        outcome: Outcome,
    },
    /// The limiter answered; `None`: it did not.
    Granted(Option<Grant>),
    /// The limiter answered an [`Effect::AskFor`]; `None`: it did not.
    GrantedFor {
        /// Which seat.
        seat: SeatId,
        /// What.
        grant: Option<Grant>,
    },
    /// A delivery came to its end.
    Delivered {
        /// Which.
        call: u64,
        /// How.
        outcome: Outcome,
    },
}

/// What the platform is to do. All effects of one call are started before the next event is handed in.
#[derive(Debug)]
pub enum Effect {
    /// Send a request; answer with [`Event::Answered`].
    Send {
        /// Its number.
        call: u64,
        /// What to send.
        request: Request,
    },
    /// Send a message to a receiver, which has [`endpoints::TIMEOUT_MS`]; answer with [`Event::Delivered`].
    Deliver {
        /// Its number.
        call: u64,
        /// What to send.
        post: Box<endpoints::message::Post>,
    },
    /// Ask the limiter; answer with [`Event::Granted`].
    Ask(Ask),
    /// Ask the limiter for a seat; answer with [`Event::GrantedFor`].
    AskFor {
        /// Which.
        seat: SeatId,
        /// What.
        ask: Ask,
    },
    /// Tell the limiter; nothing comes back.
    Tell(Ask),
    /// Come back with [`Event::Woke`] then.
    WakeAt(Timestamp),
    /// Set the object's one alarm.
    SetAlarm(Timestamp),
    /// Hand [`Event::Woke`] to the alarm that is at work: it waits for a receiver only, and there is something else to do.
    Nudge,
    /// A line for the log; never holds a secret or a person's data.
    Log(String),
    /// Something only the operator of the deployment can mend.
    Alert(Alert),
}

/// What a call is for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Job {
    Refresh,
    Uninstall,
    Revoke,
    Properties,
    Greatest,
    List { lane: u32 },
    Fetch { lane: u32, ids: Vec<RecordId> },
    Search,
    Read { ids: Vec<RecordId> },
    ReadOne { id: RecordId },
    Count { area: Area, lists: bool },
    Confirm { level: Level, ids: Vec<RecordId> },
    Sweep,
    Freshen { ids: Vec<RecordId> },
    Beside(Errand),
    Links(links::Call),
    Try(Probe),
    Seat(seats::Errand),
    Write(outbox::Call),
    Score(scores::Call),
    Echo { ids: Vec<RecordId> },
}

/// A call under way.
#[derive(Debug)]
struct InFlight {
    job: Job,
    stream: usize,
    /// The object's counter when it left.
    asked_at: i64,
    permit: Option<(Window, u64)>,
    /// The access token it left with, by count of refreshes.
    token_number: u32,
}

impl InFlight {
    /// What it is to find out beside the streams, if that is what it is for.
    fn errand(&self) -> Option<&Errand> {
        match &self.job {
            Job::Beside(errand) => Some(errand),
            _ => None,
        }
    }
}

/// A page of ids whose values are still being read.
#[derive(Debug)]
struct Fetching {
    ids: Vec<RecordId>,
    step: backfill::Step,
    records: u64,
}

/// What one alarm may still do.
#[derive(Debug)]
struct Shift {
    ends_at: Timestamp,
    calls_left: u32,
    deliveries_left: u32,
    pieces_left: u32,
}

/// One stream with what is known of it in memory.
#[derive(Debug)]
struct Running {
    saved: Stream,
    /// Names of the fields that are mirrored, in order.
    properties: Vec<String>,
    selection: Selection,
    /// Of the last answer about fields, so that one that says nothing new is not read again: most are some 300 KB.
    fields_digest: Option<u64>,
    /// The object's counter when a new field was last found; in memory, as the reads are that it outruns.
    field_at: i64,
    /// The object's counter when somebody asked for the fields: a read of them that left before is not what they asked for.
    fields_asked_at: i64,
    fetching: BTreeMap<u32, Fetching>,
    /// Ids that a read under way covers.
    reading: BTreeSet<RecordId>,
    /// Ids a batch read neither answered nor refused: read singly.
    vanished: BTreeSet<RecordId>,
    /// Dirty marks may be waiting; spares a look where nothing was marked.
    marked: bool,
    /// When there is a mark that has to wait till then, and no other.
    waits_until: Option<Timestamp>,
    /// A check has ended of which nothing is saved yet.
    unsaved: bool,
}

/// One connection at work.
#[derive(Debug)]
pub struct Portal {
    connection: Option<Connection>,
    streams: Vec<Running>,
    /// The types besides those that every connection mirrors; their streams are behind the others.
    further: Vec<Further>,
    tokens: Option<Tokens>,
    /// There are tokens that no key of this deployment opens.
    locked: bool,
    /// Seals by older keys were looked for.
    resealed: bool,
    /// Counts refreshes, so that a 401 to an old token does not spend the new one.
    token_number: u32,
    /// The next refresh answers a 401, not age.
    force_refresh: bool,
    /// The token that a forced refresh brought: if HubSpot refuses it too, a person must connect again.
    forced_at_token: Option<u32>,
    /// What HubSpot told last of its limits, and when the limiter heard of it.
    heard: Option<(RateHeaders, Timestamp)>,
    clock: i64,
    shift: Option<Shift>,
    in_flight: BTreeMap<u64, InFlight>,
    next_call: u64,
    permits: Permits,
    wake_at: Option<Timestamp>,
    endpoints: Endpoints,
    beside: Beside,
    channels: Channels,
    links: Linking,
    told: Told,
    storage: Watch,
    keeping: Keeping,
    blocks: Blocks,
    retention: Retention,
    index: Index,
    trying: Trying,
    counting: Counting,
    seats: Seats,
    outbox: Outbox,
    scores: Scores,
    signals: Signals,
    panic_once: bool,
}

impl Portal {
    /// Loads a connection as it was saved, after [`crate::store::portal::open`].
    pub fn load(turn: &Turn<'_>) -> Result<Self, SqlError> {
        let connection: Option<Connection> = schema::get(turn.sql, CONNECTION_KEY)?
            .map(|json| json::parse(&json).map_err(|_| SqlError::Content("meta")))
            .transpose()?;
        let running = streams::load(turn)?;
        let clocks = running.iter().map(|running| running.saved.clock);
        let marks = dirty::latest_generation(turn.sql)?;
        let clock = clocks.fold(marks.max(store_links::latest_generation(turn.sql)?), i64::max);
        let id = connection.as_ref().map(|connection| &connection.id);
        let blocks = Blocks::load(turn, id)?;
        let mut portal = Self {
            connection,
            streams: running,
            further: types::load(turn)?,
            tokens: None,
            locked: false,
            resealed: false,
            token_number: 0,
            force_refresh: false,
            forced_at_token: None,
            heard: None,
            clock,
            shift: None,
            in_flight: BTreeMap::new(),
            next_call: 0,
            permits: Permits::default(),
            wake_at: None,
            endpoints: Endpoints::load(turn)?,
            beside: Beside::load(turn)?,
            channels: Channels::load(turn)?,
            links: Linking::load(turn)?,
            told: Told::default(),
            storage: Watch::load(turn)?,
            keeping: Keeping::load(turn)?,
            blocks,
            retention: Retention::load(turn)?,
            index: Index::load(turn)?,
            trying: Trying::load(turn)?,
            counting: Counting::new(streams::counted(turn)?),
            seats: Seats::load(turn)?,
            outbox: Outbox::load(turn)?,
            scores: Scores::load(turn)?,
            signals: Signals::load(turn)?,
            panic_once: false,
        };
        portal.unlock(turn)?;
        portal.told = Told::load(turn, &portal)?;
        Ok(portal)
    }

    /// Whether calls, questions or pauses are under way that a running alarm waits for.
    pub fn busy(&self) -> bool {
        self.shift.is_some()
    }

    /// The account, once connected: names its limiter.
    pub fn portal_id(&self) -> Option<PortalId> {
        self.connection.as_ref().map(|connection| connection.account.portal)
    }

    /// The connection, once connected.
    pub fn connection_id(&self) -> Option<ConnectionId> {
        self.connection.as_ref().map(|connection| connection.id.clone())
    }

    /// Answers a command of Spoke's own; see [`Portal::command_by`].
    pub fn command(
        &mut self,
        turn: &mut Turn<'_>,
        command: Command,
    ) -> Result<(Answer, Vec<Effect>), SqlError> {
        self.command_by(turn, &Actor::Spoke, command)
    }

    /// Answers a command, and writes down who did what.
    pub fn command_by(
        &mut self,
        turn: &mut Turn<'_>,
        actor: &Actor,
        command: Command,
    ) -> Result<(Answer, Vec<Effect>), SqlError> {
        let deed = audit::deed(&command);
        let (answer, effects) = self.obey(turn, actor, command)?;
        if let Some(deed) = deed {
            self.note(turn, actor, deed, &answer)?;
        }
        Ok((answer, effects))
    }

    fn obey(
        &mut self,
        turn: &mut Turn<'_>,
        actor: &Actor,
        command: Command,
    ) -> Result<(Answer, Vec<Effect>), SqlError> {
        let mut effects = Vec::new();
        if command.about().is_some_and(|kind| !self.mirrors(kind)) {
            return Ok((Answer::TypeOff, effects));
        }
        let answer = match command {
            Command::Connect(connect) => {
                self.connect(turn, *connect)?;
                effects.push(self.rouse(turn.now));
                Answer::Done
            }
            Command::Poke => {
                self.prune(turn)?;
                self.reseal(turn)?;
                if (!self.works(turn.now) || self.lingers()) && self.work_due(turn)? {
                    effects.push(self.rouse(turn.now));
                }
                Answer::Done
            }
            Command::Webhook { touches } => self.webhook(turn, &touches, &mut effects)?,
            Command::Status => self.status(turn)?,
            Command::Records { object_type, after, limit, key } => {
                query::records(turn.sql, object_type, after, limit, key.as_deref())?
            }
            Command::Look(look) => Answer::Looked(browse::look(turn.sql, look, keeping::horizon(turn))?),
            Command::Associations { object_type, id, to_type, after, limit } => {
                links::show::of_record(turn.sql, object_type, id, to_type, after, limit)?
            }
            Command::Record { object_type, id } => query::record(turn.sql, object_type, id)?,
            Command::Changes { after, limit, types } => query::changes(turn, after, limit, &types)?,
            Command::ChannelRecords { channel, after, limit } => {
                channels::told::page(turn.sql, &channel, after, limit)?
            }
            Command::Snapshot { types, from, limit } if self.connection.is_some() => {
                Answer::Snapshot(Box::new(snapshot::page(turn.sql, &types, from, limit)?))
            }
            Command::Snapshot { .. } => Answer::NotConnected,
            Command::Fields { object_type } => {
                let of_type = |running: &&Running| running.saved.object_type == object_type;
                let stream = self.streams.iter().find(of_type);
                fields::told(turn.sql, object_type, stream.and_then(|running| running.saved.properties_at))?
            }
            Command::Selection { object_type } => self.selection(turn, object_type)?,
            Command::Select { object_type, selection } => {
                self.select(turn, object_type, selection, &mut effects)?
            }
            Command::RefreshFields => self.refresh_fields(turn, &mut effects)?,
            Command::Resync { object_type } => self.resync(turn, object_type, &mut effects)?,
            Command::Reread { object_type, id } => self.reread(turn, object_type, id, &mut effects)?,
            Command::Beside(command) => self.beside_command(turn, &command, &mut effects)?,
            Command::Types(_) if self.connection.is_none() => Answer::NotConnected,
            Command::Types(command) => {
                let answer = Answer::Types(self.types_command(turn, command, &mut effects)?);
                self.keep_minimum(turn)?;
                self.rouse_for_deliveries(turn, &mut effects)?;
                answer
            }
            Command::Pause => self.pause_by_person(turn)?,
            Command::Resume => self.resume(turn, &mut effects)?,
            Command::Disconnect { of, uninstall, revoke } => {
                self.disconnect(turn, of, Farewell { uninstall, revoke })?;
                effects.push(self.rouse(turn.now));
                Answer::Done
            }
            Command::OwnWebhook(delivery) => self.own_webhook(turn, &delivery, &mut effects)?,
            Command::Test => {
                let begun = self.test(turn)?;
                if begun && (!self.works(turn.now) || self.lingers()) {
                    effects.push(self.rouse(turn.now));
                }
                if begun { Answer::Done } else { Answer::Stopped }
            }
            Command::Trial => Answer::Trial(self.trial()),
            Command::Usage => Answer::Usage(self.usage(turn)?),
            Command::SetTier(tier) => self.set_tier(turn, tier)?,
            Command::DeleteData => self.delete_data(turn)?,
            Command::PanicOnce => {
                self.panic_once = true;
                effects.push(Effect::SetAlarm(turn.now));
                Answer::Done
            }
            Command::Privacy(command) => self.blocks_command(turn, actor, command, &mut effects)?,
            Command::Retention => self.retention(),
            Command::SetRetention(wanted) => self.set_retention(turn, &wanted, &mut effects)?,
            Command::Audit { before, action, limit } => {
                let wanted = Wanted { before, workspace: None, action: &action, limit };
                Answer::Json(crate::engine::audit::page(turn.sql, &wanted)?)
            }
            Command::Endpoint(command) => match self.connection.clone() {
                Some(connection) => {
                    let answer = self.endpoint_command(turn, &connection, command)?;
                    self.rouse_for_deliveries(turn, &mut effects)?;
                    Answer::Endpoint(answer)
                }
                None => Answer::NotConnected,
            },
            Command::Match(command) => self.match_command(turn, &command)?,
            Command::Seat(command) => Answer::Seat(self.seat_command(turn, actor, *command, &mut effects)?),
            Command::Outbox(_) if self.connection.is_none() => Answer::NotConnected,
            Command::Outbox(command) => {
                Answer::Outbox(self.outbox_command(turn, actor, command, &mut effects)?)
            }
            Command::Channel(_) if self.connection.is_none() => Answer::NotConnected,
            Command::Channel(command) => {
                let answer = self.channel_command(turn, command, &mut effects)?;
                let due = self.channels_due_at(turn)?.is_some_and(|at| at <= turn.now);
                if due && (!self.works(turn.now) || self.lingers()) {
                    effects.push(self.rouse(turn.now));
                }
                Answer::Channel(answer)
            }
            Command::Signal(_) if self.connection.is_none() => Answer::NotConnected,
            Command::Signal(command) => {
                let answer = self.signal_command(turn, *command, &mut effects)?;
                self.signals.stir();
                let due = self.signals_due_at(turn)?.is_some_and(|at| at <= turn.now);
                if due && (!self.works(turn.now) || self.lingers()) {
                    effects.push(self.rouse(turn.now));
                }
                Answer::Signal(answer)
            }
            Command::Mapping(_) if self.connection.is_none() => Answer::NotConnected,
            Command::Mapping(command) => Answer::Mapping(self.mapping_command(turn, command)?),
            Command::Score(_) if self.connection.is_none() => Answer::NotConnected,
            Command::Score(command) => Answer::Score(self.score_command(turn, command, &mut effects)?),
        };
        if self.follow_channels(turn)? | self.tell_lifecycle(turn)? {
            self.rouse_for_deliveries(turn, &mut effects)?;
        }
        Ok((answer, effects))
    }

    /// Takes in what happened and plans what comes next.
    pub fn step(&mut self, turn: &mut Turn<'_>, event: Event) -> Result<Vec<Effect>, SqlError> {
        let mut effects = Vec::new();
        match event {
            Event::Alarm => {
                assert!(!std::mem::take(&mut self.panic_once), "a panic was asked for by the test switch");
                if self.shift.is_none() {
                    let calls = turn.config.work.calls_per_alarm;
                    let deliveries_left = self.endpoints.share(calls);
                    let calls_left = calls.saturating_sub(deliveries_left).max(1);
                    let ends_at = turn.now.plus_ms(ALARM_MS);
                    let pieces_left = keeping::PIECES;
                    self.shift = Some(Shift { ends_at, calls_left, deliveries_left, pieces_left });
                }
                self.prune(turn)?;
                self.signals.stir();
                if self.locked {
                    effects.push(Effect::Alert(Alert::KeyMissing));
                }
            }
            Event::Woke => {
                if self.wake_at.is_some_and(|at| at <= turn.now) {
                    self.wake_at = None;
                }
            }
            Event::Granted(Some(grant)) => self.granted(turn, &grant)?,
            Event::GrantedFor { seat, grant } => {
                self.seat_granted(turn, &seat, grant.as_ref(), &mut effects)?;
            }
            Event::Granted(None) => self.permits.failed(turn.now.plus_ms(SECOND_MS)),
            Event::Answered { call, outcome } => {
                if let Some(in_flight) = self.in_flight.remove(&call) {
                    if matches!(in_flight.job, Job::Write(_)) {
                        self.signals.stir();
                    }
                    self.answered(turn, in_flight, &outcome, &mut effects)?;
                }
            }
            Event::Delivered { call, outcome } => self.delivered(turn, call, &outcome, &mut effects)?,
        }
        self.watch_storage(turn)?;
        self.follow_channels(turn)?;
        self.tell_lifecycle(turn)?;
        self.plan(turn, &mut effects)?;
        Ok(effects)
    }

    /// Whether an alarm is at work. One that should long have ended was cut off: whoever finds it sets the next.
    fn works(&self, now: Timestamp) -> bool {
        self.shift.as_ref().is_some_and(|shift| now < shift.ends_at.plus_ms(2 * CALL_TIMEOUT_MS))
    }

    /// Whether the alarm at work does nothing but wait for receivers.
    fn lingers(&self) -> bool {
        self.shift.is_some() && self.at_rest() && self.endpoints.under_way() > 0
    }

    /// Whether nothing of HubSpot's or the limiter's is under way or waited for.
    fn at_rest(&self) -> bool {
        self.in_flight.is_empty() && !self.permits.asking() && !self.seats.asking() && self.wake_at.is_none()
    }

    /// What makes an alarm look at what is due now.
    fn rouse(&self, now: Timestamp) -> Effect {
        if self.works(now) && self.lingers() { Effect::Nudge } else { Effect::SetAlarm(now) }
    }

    fn rouse_for_deliveries(&self, turn: &Turn<'_>, effects: &mut Vec<Effect>) -> Result<(), SqlError> {
        if (!self.works(turn.now) || self.lingers())
            && self.delivery_due_at(turn)?.is_some_and(|at| at <= turn.now)
        {
            effects.push(self.rouse(turn.now));
        }
        Ok(())
    }

    /// The next value of the object's counter: never falls, follows the clock.
    fn tick(&mut self, now: Timestamp) -> i64 {
        self.clock = now.0.max(self.clock + 1);
        self.clock
    }

    /// Whether an alarm would find something to do now.
    #[inline(never)]
    fn work_due(&self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        let due = |at: Option<Timestamp>| at.is_some_and(|at| at <= turn.now);
        if due(self.delivery_due_at(turn)?)
            || due(self.channels_due_at(turn)?)
            || due(self.keeping_due_at(turn)?)
            || due(self.seats.due_at())
            || due(self.outbox.by_seats_due_at())
            || due(self.blocks_due_at(turn.now))
            || due(self.retention_due_at(turn.now))
            || due(self.index_due_at(turn.now))
            || due(self.signals_due_at(turn)?)
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
        if due(self.outbox_due_at(turn)?) || due(self.scores_due_at(turn)?) {
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

    #[inline(never)]
    fn status(&self, turn: &Turn<'_>) -> Result<Answer, SqlError> {
        let Some(connection) = &self.connection else { return Ok(Answer::NotConnected) };
        let mut streams = Vec::new();
        for running in &self.streams {
            let label = self.label_of(running.saved.object_type);
            streams.push(StreamStatus { label, ..running.status(turn, connection)? });
        }
        let of_stream = streams.iter().find_map(|stream: &StreamStatus| stream.trouble.clone());
        Ok(Answer::Status(Box::new(Status {
            state: connection.state,
            account: connection.account.clone(),
            app: connection.app.clone(),
            windows: connection.windows(),
            scopes: connection.scopes.clone(),
            webhooks: !connection.app.is_token() || connection.own_webhooks,
            tier: connection.tier,
            connected_at: connection.connected_at,
            streams,
            beside: self.beside_status(connection),
            links: self.links_status(),
            latest_change: feed::latest(turn.sql)?,
            storage: self.storage(turn),
            rows_written: 0,
            trouble: self
                .locked_trouble(turn.now)
                .or_else(|| connection.trouble.clone())
                .or(of_stream)
                .or_else(|| self.storage_trouble(turn)),
        })))
    }
}
