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

mod action_steps;
pub mod activations;
mod alarm;
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
pub mod deletions;
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
mod obey;
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
mod standing;
pub mod state;
pub mod storage;
mod streams;
pub mod ties;
pub mod trial;
pub mod types;
pub mod unreadable;
pub mod usage;
pub mod workflows;

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
use activations::Activations;
use beside::{Beside, Errand};
use blocks::Blocks;
use channels::Channels;
use connecting::CONNECTION_KEY;
use credentials::Tokens;
use endpoints::Endpoints;
use keeping::Keeping;
use lifecycle::Told;
use links::Linking;
use matching::{index::Index, phones::Phones};
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
use workflows::Workflows;

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
    Activate(activations::Call),
    Echo { ids: Vec<RecordId> },
    Deletion(deletions::Call),
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
    /// When a deletion is next to be looked for in HubSpot's archive, at the earliest; spares a look where none is.
    deletions_at: Timestamp,
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
    phones: Phones,
    trying: Trying,
    counting: Counting,
    seats: Seats,
    outbox: Outbox,
    scores: Scores,
    activations: Activations,
    signals: Signals,
    workflows: Workflows,
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
            phones: Phones::load(turn)?,
            trying: Trying::load(turn)?,
            counting: Counting::new(streams::counted(turn)?),
            seats: Seats::load(turn)?,
            outbox: Outbox::load(turn)?,
            scores: Scores::load(turn)?,
            activations: Activations::load(turn, feed::latest(turn.sql)?)?,
            signals: Signals::load(turn)?,
            workflows: Workflows::load(turn)?,
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

    /// Takes in what happened and plans what comes next.
    pub fn step(&mut self, turn: &mut Turn<'_>, event: Event) -> Result<Vec<Effect>, SqlError> {
        assert!(!std::mem::take(&mut self.panic_once), "a panic was asked for by the test switch");
        let mut effects = Vec::new();
        match event {
            Event::Alarm => {
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
                self.workflows.stir();
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
                        self.workflows.stir();
                    }
                    self.answered(turn, in_flight, &outcome, &mut effects)?;
                }
            }
            Event::Delivered { call, outcome } => self.delivered(turn, call, &outcome, &mut effects)?,
        }
        self.watch_storage(turn)?;
        self.follow_channels(turn)?;
        self.follow_activations(turn)?;
        self.follow_workflows(turn)?;
        self.tell_lifecycle(turn)?;
        self.plan(turn, &mut effects)?;
        Ok(effects)
    }

    /// The next value of the object's counter: never falls, follows the clock.
    fn tick(&mut self, now: Timestamp) -> i64 {
        self.clock = now.0.max(self.clock + 1);
        self.clock
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
            followed: self.followed_status(turn),
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
