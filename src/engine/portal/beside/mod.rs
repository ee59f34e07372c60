//! What an account has besides records: owners, pipelines, lists and who is on them, which custom objects there are, and the account's own
//! details, of which its offset from UTC changes twice a year. Each source is read as far as its scope is granted, in a chain of calls of which one is under way at a time, beside the streams and whatever they do.
//!
//! Owns when a source is read, what a refusal of it means, and how it stands; [`reference`] knows owners, pipelines and the names
//! of lists, [`segments`] the lists that are followed, [`glances`] some of who is on others. How a source stands lies in one row of `meta`; pages of a read under way
//! lie in memory, and are asked for again after a restart.

pub mod commands;
mod glances;
mod reference;
mod segments;

use serde::{Deserialize, Serialize};

use crate::{
    engine::portal::{
        Effect, InFlight, Portal, Running, Turn,
        messages::{StreamState, Trouble},
        refusals::{REFUSED_MS, TROUBLE_AFTER, backoff},
        state::Connection,
    },
    hubspot::{
        Malformed, account, lists, owners, pipelines,
        rejection::{self, Class, Rejection},
        schemas,
    },
    store::{schema, sql::SqlError},
    values::{
        http::{Outcome, Request, Response},
        ids::{ListId, ObjectType},
        json, scopes,
        secret::Secret,
        time::{HOUR_MS, Timestamp},
    },
};
use reference::Collected;
use segments::Segment;

pub(super) use glances::Glance;
pub(super) use segments::Listing;
pub use segments::{API, MOST_FOLLOWED, PAGES_AN_HOUR};

/// Place of a call that belongs to no stream.
pub(super) const NO_STREAM: usize = usize::MAX;
/// How often a source is read in full: owners two calls, pipelines and the account one, lists one for each 500.
pub(super) const EVERY_MS: i64 = HOUR_MS;
/// Where this lies in `meta`.
const KEY: &str = "beside";

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Who records belong to.
    Owners,
    /// Pipelines of deals, with their stages.
    Pipelines,
    /// Lists, and the members of those that are followed.
    Lists,
    /// Custom objects: read when a person asks.
    Schemas,
    /// The account itself. An hour is how long its days are wrong at most after its clocks were changed; a time-zone database would know
    /// at once, and be a tenth of the Worker.
    Account,
}

impl Source {
    /// Those that every connection reads, in the order of their urgency.
    pub const ALL: [Self; 3] = [Self::Owners, Self::Pipelines, Self::Lists];
    const EVERY: [Self; 5] = [Self::Owners, Self::Pipelines, Self::Lists, Self::Schemas, Self::Account];

    /// As in the API and in `reference`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owners => "owners",
            Self::Pipelines => "pipelines",
            Self::Lists => "lists",
            Self::Schemas => "schemas",
            Self::Account => "account",
        }
    }

    const fn scope(self) -> &'static str {
        match self {
            Self::Owners => scopes::OWNERS,
            Self::Pipelines => scopes::of_records(ObjectType::Deals),
            Self::Lists => scopes::LISTS,
            Self::Schemas => scopes::CUSTOM,
            Self::Account => scopes::ACCOUNT,
        }
    }
}

/// What one call is to find out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Errand {
    Owners {
        archived: bool,
        after: Option<String>,
    },
    Pipelines,
    Schemas,
    Account,
    /// The account's daily use, of a private app.
    Usage,
    /// What a token that nothing renews may do.
    Token,
    Lists {
        offset: u64,
    },
    /// How many are on each list that is followed.
    Sizes {
        ids: Vec<ListId>,
    },
    /// Whether there is such a list.
    Named {
        list: ListId,
    },
    /// Who joined.
    Joins {
        list: ListId,
        after: Option<String>,
    },
    /// Who is on it.
    Members {
        list: ListId,
        after: Option<String>,
    },
    /// Some of who is on it.
    Some {
        list: ListId,
    },
}

impl Errand {
    pub(super) fn source(&self) -> Source {
        match self {
            Self::Owners { .. } => Source::Owners,
            Self::Pipelines => Source::Pipelines,
            Self::Schemas => Source::Schemas,
            Self::Account | Self::Usage | Self::Token => Source::Account,
            Self::Lists { .. }
            | Self::Sizes { .. }
            | Self::Named { .. }
            | Self::Joins { .. }
            | Self::Members { .. }
            | Self::Some { .. } => Source::Lists,
        }
    }

    /// Whether it belongs to a read of everything of its source.
    const fn is_a_page(&self) -> bool {
        match self {
            Self::Owners { .. } | Self::Pipelines | Self::Schemas | Self::Lists { .. } => true,
            Self::Account | Self::Usage | Self::Token => true,
            Self::Sizes { .. }
            | Self::Named { .. }
            | Self::Joins { .. }
            | Self::Members { .. }
            | Self::Some { .. } => false,
        }
    }

    /// The list it is about, if about one.
    fn list(&self) -> Option<ListId> {
        match self {
            Self::Named { list }
            | Self::Joins { list, .. }
            | Self::Members { list, .. }
            | Self::Some { list } => Some(*list),
            Self::Owners { .. } | Self::Pipelines | Self::Schemas => None,
            Self::Account | Self::Usage | Self::Token => None,
            Self::Lists { .. } | Self::Sizes { .. } => None,
        }
    }

    /// `token`: the one that [`Self::Token`] is about.
    pub(super) fn request(&self, token: &Secret<String>) -> Request {
        match self {
            Self::Owners { archived, after } => owners::list(*archived, after.as_deref()),
            Self::Pipelines => pipelines::list(ObjectType::Deals),
            Self::Schemas => schemas::list(),
            Self::Account => account::details(),
            Self::Usage => account::usage(),
            Self::Token => account::token_info(token),
            Self::Lists { offset } => lists::all(*offset),
            Self::Sizes { ids } => lists::some(ids),
            Self::Named { list } => lists::one(*list),
            Self::Joins { list, after } => lists::joins(*list, after.as_deref()),
            Self::Members { list, after } => lists::members(*list, after.as_deref()),
            Self::Some { list } => lists::some_members(*list),
        }
    }
}

/// How a source stands, as saved.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Standing {
    /// When it was last read in full.
    read_at: Option<Timestamp>,
    /// It is to be read whenever that was.
    due: bool,
    /// There was more than is kept.
    cut_short: bool,
    /// How many were found.
    count: u64,
    failures: u32,
    retry_at: Timestamp,
    /// The scopes any of which HubSpot asked for when it refused.
    refused: Vec<String>,
    trouble: Option<Trouble>,
}

impl Saved {
    fn of(&self, source: Source) -> &Standing {
        match source {
            Source::Owners | Source::Pipelines | Source::Lists => &self.sources[source as usize],
            Source::Schemas => &self.schemas,
            Source::Account => &self.account,
        }
    }

    fn every(&mut self) -> impl Iterator<Item = &mut Standing> {
        self.sources.iter_mut().chain([&mut self.schemas, &mut self.account])
    }
}

impl Standing {
    fn read_due(&self, now: Timestamp) -> bool {
        self.due || self.read_at.is_none_or(|at| now.since_ms(at) >= EVERY_MS)
    }
}

/// As saved.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Saved {
    /// In the order of [`Source::ALL`].
    sources: [Standing; 3],
    schemas: Standing,
    account: Standing,
    /// When the sizes of the lists that are followed were asked for last.
    polled_at: Timestamp,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Beside {
    saved: Saved,
    /// A poll of which nothing is saved yet.
    unsaved: bool,
    /// Reads under way, in the order of [`Source::EVERY`].
    collected: [Collected; 5],
    /// The object's counter when everything was asked for anew: a page that was asked for before belongs to no read that is under way.
    anew_at: i64,
    segments: Vec<Segment>,
    glances: Vec<glances::Asked>,
}

/// How a source stands, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceStatus {
    /// Which.
    pub source: Source,
    /// Whether it is read.
    pub state: StreamState,
    /// How many the last full read found.
    pub count: u64,
    /// When that ended.
    pub read_at: Option<Timestamp>,
    /// What goes wrong with it.
    pub trouble: Option<Trouble>,
}

/// How the lists that are followed are checked, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowedStatus {
    /// How many.
    pub lists: u32,
    /// When their facts were last asked for; `None`: not yet since the last of them was followed.
    pub checked_at: Option<Timestamp>,
    /// When they are next.
    pub next_check_at: Option<Timestamp>,
    /// Calls of reading everybody on them, once a day.
    pub walk_calls: u64,
}

impl Beside {
    pub(super) fn load(turn: &Turn<'_>) -> Result<Self, SqlError> {
        let saved = schema::get(turn.sql, KEY)?
            .map(|json| json::parse(&json).map_err(|_| SqlError::Content("meta")))
            .transpose()?
            .unwrap_or_default();
        Ok(Self { saved, segments: segments::load(turn.sql)?, ..Self::default() })
    }

    fn standing(&mut self, source: Source) -> &mut Standing {
        match source {
            Source::Owners | Source::Pipelines | Source::Lists => &mut self.saved.sources[source as usize],
            Source::Schemas => &mut self.saved.schemas,
            Source::Account => &mut self.saved.account,
        }
    }

    /// The scopes any of which a source would need. Empty: it may be read.
    fn lacks(&self, source: Source, connection: &Connection) -> Vec<String> {
        if connection.scopes.iter().any(|scope| scope == source.scope()) {
            self.saved.of(source).refused.clone()
        } else {
            vec![source.scope().to_owned()]
        }
    }

    fn save(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        self.unsaved = false;
        let json = serde_json::to_string(&self.saved).map_err(|_| SqlError::Content("meta"))?;
        schema::set(turn.sql, KEY, &json)
    }

    /// Saves when the lists were polled, at the end of an alarm.
    pub(super) fn save_poll(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        if self.unsaved { self.save(turn) } else { Ok(()) }
    }

    /// Reads everything soon: a person asked, or the account was connected anew. `tick`: the object's counter.
    pub(super) fn begin_anew(&mut self, turn: &Turn<'_>, tick: i64) -> Result<(), SqlError> {
        self.collected = Default::default();
        self.anew_at = tick;
        self.saved.sources.iter_mut().for_each(|standing| standing.due = true);
        for standing in self.saved.every() {
            standing.failures = 0;
            standing.retry_at = Timestamp::default();
            standing.refused.clear();
            standing.trouble = None;
        }
        self.saved.polled_at = Timestamp::default();
        for segment in &mut self.segments {
            segment.encourage();
        }
        self.save(turn)
    }

    /// Whoever connects has just asked what the account is.
    pub(super) fn knows_account(&mut self, now: Timestamp) {
        self.saved.account.read_at = Some(now);
    }

    /// A refresh told these scopes.
    pub(super) fn take_scopes(&mut self, granted: &[String]) {
        let mut changed = false;
        for standing in self.saved.every() {
            if standing.refused.iter().any(|scope| granted.contains(scope)) {
                standing.refused.clear();
                standing.trouble = None;
                changed = true;
            }
        }
        self.unsaved |= changed;
    }
}

impl Portal {
    /// How each source stands.
    pub(super) fn beside_status(&self, connection: &Connection) -> Vec<SourceStatus> {
        Source::ALL.map(|source| self.source_status(source, connection)).into()
    }

    /// How one source stands.
    pub(super) fn source_status(&self, source: Source, connection: &Connection) -> SourceStatus {
        let standing = self.beside.saved.of(source);
        let scopes = self.lacks_for(source, connection);
        SourceStatus {
            source,
            state: if scopes.is_empty() { StreamState::Running } else { StreamState::NoScope { scopes } },
            count: standing.count,
            read_at: standing.read_at,
            trouble: standing.trouble.clone(),
        }
    }

    /// The scopes any of which a source would need. Empty: it may be read. Pipelines stand still with their records.
    fn lacks_for(&self, source: Source, connection: &Connection) -> Vec<String> {
        let own = self.beside.lacks(source, connection);
        let is_deals = |running: &&Running| running.saved.object_type == ObjectType::Deals;
        match (source, self.streams.iter().find(is_deals)) {
            (Source::Pipelines, Some(deals)) if own.is_empty() => deals.lacks(connection),
            (_, _) => own,
        }
    }

    /// Has the custom objects read soon.
    pub(super) fn read_schemas(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let standing = &mut self.beside.saved.schemas;
        if standing.due {
            return Ok(());
        }
        standing.due = true;
        standing.retry_at = Timestamp::default();
        self.beside.save(turn)
    }

    /// When custom objects were read last, the scopes any of which that would need, and what goes wrong with it.
    pub(super) fn schemas_standing(&self) -> (Option<Timestamp>, Vec<String>, Option<String>) {
        let standing = &self.beside.saved.schemas;
        let lacks = self.connection.as_ref().map(|connection| self.beside.lacks(Source::Schemas, connection));
        let trouble = standing.trouble.as_ref().map(|trouble| trouble.words.clone());
        (standing.read_at, lacks.unwrap_or_default(), trouble)
    }

    /// What to find out next; else when to look again, where something waits.
    #[inline(never)]
    pub(super) fn next_errand(&self, turn: &Turn<'_>) -> (Option<Errand>, Option<Timestamp>) {
        let Some(connection) = &self.connection else { return (None, None) };
        let mut later: Option<Timestamp> = None;
        for source in Source::EVERY {
            if !self.lacks_for(source, connection).is_empty() || self.runs_errand(source) {
                continue;
            }
            let Some(errand) = self.errand_of(turn, source) else { continue };
            let retry_at = self.beside.saved.of(source).retry_at;
            if retry_at <= turn.now {
                return (Some(errand), None);
            }
            later = Some(later.map_or(retry_at, |earlier| earlier.min(retry_at)));
        }
        (None, later)
    }

    fn runs_errand(&self, source: Source) -> bool {
        self.in_flight.values().any(|flying| flying.errand().is_some_and(|errand| errand.source() == source))
    }

    fn errand_of(&self, turn: &Turn<'_>, source: Source) -> Option<Errand> {
        let reference = || {
            let standing = self.beside.saved.of(source);
            let due = if source == Source::Schemas { standing.due } else { standing.read_due(turn.now) };
            self.beside.collected[source as usize].next(source, due, turn.now)
        };
        match source {
            Source::Owners | Source::Pipelines | Source::Schemas | Source::Account => reference(),
            // Somebody waits for the first.
            Source::Lists => {
                self.next_of_glances(turn.now).or_else(|| self.next_of_segments(turn)).or_else(reference)
            }
        }
    }

    /// Takes in the end of an errand.
    #[inline(never)]
    pub(super) fn ran_errand(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        errand: &Errand,
        outcome: &Outcome,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        match rejection::classify(outcome, turn.now) {
            Ok(response) => match self.took_errand(turn, in_flight, errand, response)? {
                Ok(()) => {
                    let standing = self.beside.standing(errand.source());
                    if standing.failures > 0 || standing.trouble.is_some() {
                        (standing.failures, standing.trouble) = (0, None);
                        self.beside.save(turn)?;
                    }
                    self.connection_well(turn)
                }
                Err(Malformed(what)) => {
                    effects.push(Effect::Log(format!("HubSpot's answer is not {what}")));
                    self.refused_errand(turn, in_flight, errand, &Rejection::malformed(response), effects)
                }
            },
            Err(rejection) => self.refused_errand(turn, in_flight, errand, &rejection, effects),
        }
    }

    #[inline(never)]
    fn took_errand(
        &mut self,
        turn: &Turn<'_>,
        in_flight: &InFlight,
        errand: &Errand,
        response: &Response,
    ) -> Result<Result<(), Malformed>, SqlError> {
        let (body, source) = (&response.body, errand.source());
        if errand.is_a_page() && in_flight.asked_at < self.beside.anew_at {
            return Ok(Ok(()));
        }
        if *errand == source.first() {
            self.beside.collected[source as usize] = Collected::default();
        }
        let taken = match errand {
            Errand::Owners { archived, .. } => {
                owners::parse(body).map(|page| self.took_owners(turn, *archived, page))
            }
            Errand::Pipelines => pipelines::parse(body).map(|found| self.took_pipelines(turn, &found)),
            Errand::Schemas => schemas::parse(body).map(|found| self.took_schemas(turn, &found)),
            Errand::Account => account::parse_details(body).map(|found| self.took_account(turn, found)),
            Errand::Usage => account::parse_usage(body).map(|found| {
                self.took_usage(turn, found);
                Ok(())
            }),
            Errand::Token => account::parse_token_info(body).map(|found| self.took_token(turn, found)),
            Errand::Lists { offset } => lists::parse(body).map(|page| self.took_lists(turn, *offset, &page)),
            Errand::Sizes { ids } => lists::parse(body).map(|page| self.took_sizes(turn, ids, &page)),
            Errand::Named { list } => {
                lists::parse_one(body).map(|found| self.took_named(turn, *list, &found))
            }
            Errand::Joins { list, after } => {
                let asked_at = in_flight.asked_at;
                lists::parse_members(body, after.is_none())
                    .map(|page| self.took_joins(turn, *list, after.as_deref(), asked_at, &page))
            }
            Errand::Members { list, after } => {
                let asked_at = in_flight.asked_at;
                lists::parse_members(body, after.is_none())
                    .map(|page| self.took_members(turn, *list, after.as_deref(), asked_at, &page))
            }
            Errand::Some { list } => lists::parse_members(body, true).map(|page| {
                self.took_glance(turn.now, *list, page);
                Ok(())
            }),
        };
        match taken {
            Ok(written) => written.map(Ok),
            Err(malformed) => Ok(Err(malformed)),
        }
    }

    /// A refusal, by its class: of one list, of a source, or of the whole connection.
    fn refused_errand(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        errand: &Errand,
        rejection: &Rejection,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        effects.push(Effect::Log(format!("{rejection}")));
        let source = errand.source();
        // What they tell is good to know, and nothing waits for it: asked for again in an hour.
        if matches!(errand, Errand::Usage | Errand::Token) && rejection.is_about_the_request() {
            self.after_account(turn, Some(errand));
            return Ok(());
        }
        if self.hindered(turn, in_flight, rejection, effects)? {
            return Ok(());
        }
        let mut wait_until = turn.now;
        match &rejection.class {
            Class::Gone => {
                if let Some(list) = errand.list() {
                    return self.list_is_gone(turn, list);
                }
            }
            Class::Forbidden { scopes } if !scopes.is_empty() => {
                let standing = self.beside.standing(source);
                standing.refused.clone_from(scopes);
                standing.trouble = Some(trouble(turn, rejection));
                self.beside.collected[source as usize] = Collected::default();
                return self.beside.save(turn);
            }
            Class::Forbidden { .. }
            | Class::WrongTokenKind
            | Class::Conflict { .. }
            | Class::Rule { .. }
            | Class::Rejected { .. } => {
                let until = turn.now.plus_ms(REFUSED_MS);
                if let Some(list) = errand.list() {
                    return self.list_is_refused(turn, list, until, trouble(turn, rejection));
                }
                wait_until = until;
            }
            Class::Transient { retry_at } => wait_until = retry_at.unwrap_or(turn.now),
            Class::Expired
            | Class::Unauthorized
            | Class::Parked { .. }
            | Class::Throttled { .. }
            | Class::Unreachable
            | Class::TooLong
            | Class::Locked
            | Class::Unknown => {}
        }
        let standing = self.beside.standing(source);
        standing.failures += 1;
        let failures = standing.failures;
        standing.retry_at = wait_until.max(turn.now.plus_ms(backoff(failures, turn.random)));
        if failures >= TROUBLE_AFTER || wait_until.since_ms(turn.now) >= REFUSED_MS {
            standing.trouble = Some(trouble(turn, rejection));
        }
        self.beside.save(turn)
    }
}

fn trouble(turn: &Turn<'_>, rejection: &Rejection) -> Trouble {
    Trouble::of(rejection, turn.now)
}
