//! One connection at work natively: the engine itself over SQLite in memory, against the simulator, whose time passes as fast as they work.
//! In workerd the same statements run on the same SQLite, and the rest is wasm.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use hubspot_simulator::{Simulator, Switches, http as wire};
use peak_alloc::PeakAlloc;
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use spoke::{
    engine::{
        limiter::{Limiter, messages::Ask},
        portal::{
            Effect, Event, Portal, Turn,
            messages::{Account, Answer, Command, Connect, Phase},
        },
    },
    store::{limiter, native::NativeSql, portal, sql::SqlError},
    values::{
        config::Config,
        http::{Method, Outcome, Request, Response},
        ids::{AppKey, ConnectionId, PortalId, WorkspaceId},
        time::Timestamp,
    },
};

/// The simulator's account.
pub(super) const PORTAL: u64 = 4_385_110;
/// 2026-11-20T00:00:00Z.
const START_MS: u64 = 1_795_132_800_000;
/// An answer takes so long.
const LATENCY_MS: u64 = 60;
const TOKEN: &str = "pat-na1-a-connection-alone";
/// How often the clock pokes a connection, and somebody looks how far it is.
const TICK_MS: u64 = 300_000;
const LOOK_MS: u64 = 30_000;

/// Counts what Rust holds. SQLite takes its memory from C: it is no part of this, as it is no part of an isolate.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

enum What {
    /// An event, and what the time is counted for that its turn takes.
    Arrive(&'static str, Event),
    Alarm,
    Ask(Ask, bool),
    Cron,
}

/// What a stretch of work took.
#[derive(Debug, Clone, Default)]
pub(super) struct Spent {
    /// Processor time of the engine and its database, all turns together.
    pub(super) cpu: Duration,
    /// Of the longest turn: nobody else is answered meanwhile.
    pub(super) longest: Duration,
    /// The most memory that a turn took, with what it was handed and what it handed out, bytes.
    pub(super) peak: usize,
    /// Bytes of the largest request.
    pub(super) largest: usize,
    /// Rows inserted, updated, deleted, without entries of indexes.
    pub(super) rows: u64,
    /// Bytes of imports and batch updates.
    pub(super) uploaded: u64,
    /// Calls by what they are for.
    pub(super) calls: BTreeMap<&'static str, u64>,
    /// Of [`Self::cpu`] what the answers to these calls took.
    pub(super) answered: BTreeMap<&'static str, Duration>,
    /// Calls that HubSpot answered with 429.
    pub(super) limited: u64,
    /// When the last batch update left, milliseconds since 1970.
    pub(super) updated_at: u64,
}

impl Spent {
    /// What an isolate holds at most of what was spent, bytes: what a turn takes, what stays between turns, and a request that leaves, which
    /// is copied into JavaScript's text, and that into the bytes which travel.
    pub(super) fn isolate(&self, held: usize) -> usize {
        self.peak + held + 2 * self.largest
    }

    /// How many calls were for these.
    pub(super) fn calls_for(&self, what: &[&str]) -> u64 {
        self.calls.iter().filter(|(own, _)| what.contains(own)).map(|(_, calls)| calls).sum()
    }
}

/// What reads what was written.
pub(super) const ECHO: &str = "reads of records";
/// Files of rows.
const IMPORTS: &str = "imports";
/// Batch updates.
pub(super) const UPDATES: &str = "batch updates";
/// Searches for what was modified.
pub(super) const CHECKS: &str = "checks for changes";
/// What is no answer.
const OWN: &str = "";

fn kind_of(request: &Request) -> &'static str {
    let path = request.path.as_str();
    match () {
        () if path.contains("/imports/") && path.contains("/errors") => "pages of what was refused",
        () if path.contains("/imports/") && request.method == Method::Post => IMPORTS,
        () if path.contains("/imports/") => "questions about imports",
        () if path.contains("/batch/update") => UPDATES,
        () if path.contains("/batch/read") => ECHO,
        () if path.contains("/search") => CHECKS,
        () => "others",
    }
}

/// One connection, and all that it talks to.
pub(super) struct Connection {
    pub(super) simulator: Simulator,
    /// Milliseconds since 1970.
    pub(super) now: u64,
    pub(super) spent: Spent,
    sql: NativeSql,
    engine: Option<Portal>,
    limiter_sql: NativeSql,
    limiter: Limiter,
    config: Config,
    alarm_at: Option<u64>,
    queue: BTreeMap<(u64, u64), What>,
    number: u64,
    random: u64,
}

/// This thread's processor time.
fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

fn config() -> Result<Config> {
    Config::parse(|name| {
        Some(
            match name {
                "PUBLIC_URL" => "https://spoke.example",
                "HUBSPOT_APPS" => {
                    r#"[{"key":"main","client_id":"11111111-2222-3333-4444-555555555555","client_secret":"yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy","kind":"account"}]"#
                }
                "KEYRING" => "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
                "ROOT_KEY" => "root-key-of-a-connection-alone-0123456789",
                "CONSOLE_PASSWORD" => "password of a connection alone",
                _ => return None,
            }
            .to_owned(),
        )
    })
    .map_err(|error| anyhow::anyhow!("{error}"))
}

impl Connection {
    /// A connection to an account of so many records of each type, everything of it read.
    pub(super) fn synced(switches: Switches, contacts: u32, companies: u32, scopes: &[&str]) -> Result<Self> {
        let limiter_sql = NativeSql::default();
        limiter::open(&limiter_sql)?;
        let limiter = Limiter::load(&limiter_sql, Timestamp(START_MS as i64))?;
        let sql = NativeSql::default();
        portal::open(&sql)?;
        let mut connection = Self {
            simulator: Simulator::new(7, switches),
            now: START_MS,
            spent: Spent::default(),
            sql,
            engine: None,
            limiter_sql,
            limiter,
            config: config()?,
            alarm_at: None,
            queue: BTreeMap::new(),
            number: 0,
            random: 0,
        };
        let shape = json!({ "properties_set": 3, "custom_properties": 0, "oddities": false });
        let settings = json!({
            "hubspot_properties": 20, "time_zone": "UTC", "utc_offset_minutes": 0, "tier": "enterprise",
        });
        connection.control("portals", &json!({
            "portal_id": PORTAL, "settings": settings, "shape": shape, "contacts": contacts, "companies": companies,
            "deals": 0,
        }))?;
        connection.control("private-tokens", &json!({ "portal_id": PORTAL, "token": TOKEN }))?;
        let connect = Connect {
            connection: ConnectionId::from_random([1; 12]),
            workspace: WorkspaceId::from_random([2; 12]),
            app: AppKey::token(),
            at: Timestamp(START_MS as i64),
            user: None,
            account: Account { portal: PortalId(PORTAL), name: None, ui_domain: None, utc_offset_ms: 0 },
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            access_token: TOKEN.to_owned(),
            renewal: None,
            private_app: None,
            webhook_secret: None,
        };
        connection.command(Command::Connect(Box::new(connect)))?;
        connection.at(START_MS + TICK_MS, What::Cron);
        connection.until(20, |own| {
            let Answer::Status(status) = own.command(Command::Status)? else { bail!("no status") };
            let read = |phase| phase == Phase::Incremental;
            Ok(!status.streams.is_empty() && status.streams.iter().all(|one| read(one.phase)))
        })?;
        Ok(connection)
    }

    fn control(&mut self, path: &str, body: &Value) -> Result<()> {
        let request = wire::Request {
            method: "POST".to_owned(),
            path: format!("/__control/{path}"),
            query: String::new(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_string().into_bytes(),
        };
        let answer = self.simulator.handle(self.now, &request).context("no answer")?;
        ensure!(answer.status < 300, "{path}: {}", String::from_utf8_lossy(&answer.body));
        Ok(())
    }

    /// Hands a command to the connection's object, as the front does.
    pub(super) fn command(&mut self, command: Command) -> Result<Answer> {
        let (answer, effects) = self.turn(0, |engine, turn| engine.command(turn, command))?;
        self.start(effects);
        Ok(answer)
    }

    /// Works until something holds, which is looked at twice a minute and counts for nothing; an error where it takes longer.
    pub(super) fn until(
        &mut self,
        hours: u64,
        mut holds: impl FnMut(&mut Self) -> Result<bool>,
    ) -> Result<()> {
        let limit = self.now + hours * 3_600_000;
        let mut looks_at = 0;
        loop {
            if self.now >= looks_at {
                looks_at = self.now + LOOK_MS;
                let (spent, rows) = (self.spent.clone(), self.sql.rows_written());
                let held = holds(self)?;
                let looked = self.sql.rows_written() - rows;
                self.spent = Spent { rows: spent.rows + looked, ..spent };
                if held {
                    return Ok(());
                }
            }
            ensure!(self.now < limit, "it takes longer than {hours} hours");
            self.happen()?;
        }
    }

    /// What has been spent since it was asked last.
    pub(super) fn take_spent(&mut self) -> Spent {
        let rows = self.sql.rows_written();
        let next = Spent { rows, ..Spent::default() };
        let spent = std::mem::replace(&mut self.spent, next);
        Spent { rows: rows - spent.rows, ..spent }
    }

    /// What the object holds between two turns, bytes: it is put away for it, as the platform does.
    pub(super) fn held(&mut self) -> usize {
        let before = MEMORY.current_usage();
        self.engine = None;
        before.saturating_sub(MEMORY.current_usage())
    }

    /// All values of a property of the simulator's records of a type, in the order of their ids.
    pub(super) fn values(&self, kind: &str, name: &str) -> Result<Vec<(u64, Option<String>)>> {
        const AT_ONCE: usize = 1_000;
        let portal = self.simulator.portal(PORTAL).context("no account")?;
        let (mut from, mut text, mut all) = (Some(0), Vec::new(), Vec::new());
        while let Some(next) = from {
            from = portal.dump(kind, next, AT_ONCE, &mut text);
            for line in std::str::from_utf8(&text)?.lines() {
                let record: Value = serde_json::from_str(line)?;
                let id = record["id"].as_str().context("no id")?.parse()?;
                all.push((id, record["properties"][name].as_str().map(str::to_owned)));
            }
            text.clear();
        }
        Ok(all)
    }

    fn turn<T>(
        &mut self,
        handed: usize,
        body: impl FnOnce(&mut Portal, &mut Turn<'_>) -> Result<T, SqlError>,
    ) -> Result<T> {
        let Self { sql, engine, config, now, random, .. } = self;
        let before = MEMORY.current_usage().saturating_sub(handed);
        MEMORY.reset_peak_usage();
        let started = cpu();
        let result = sql.transaction(|| {
            // Every number another, always the same ones.
            let mut random = |bytes: &mut [u8]| {
                for piece in bytes.chunks_mut(8) {
                    *random += 1;
                    let own = random.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
                    piece.copy_from_slice(&own[..piece.len()]);
                }
            };
            let mut turn = Turn { sql, now: Timestamp(*now as i64), config, random: &mut random };
            let own = match engine {
                Some(own) => own,
                None => engine.insert(Portal::load(&turn)?),
            };
            body(own, &mut turn)
        })?;
        let took = cpu().saturating_sub(started);
        let spent = &mut self.spent;
        spent.cpu += took;
        spent.longest = spent.longest.max(took);
        spent.peak = spent.peak.max(MEMORY.peak_usage().saturating_sub(before));
        Ok(result)
    }

    fn at(&mut self, time: u64, what: What) {
        self.number += 1;
        self.queue.insert((time.max(self.now), self.number), what);
    }

    fn start(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send { call, request } => {
                    let outcome = self.send(&request);
                    let answer = Event::Answered { call, outcome };
                    self.at(self.now + LATENCY_MS, What::Arrive(kind_of(&request), answer));
                }
                Effect::Ask(ask) => self.at(self.now + 4, What::Ask(ask, true)),
                Effect::Tell(ask) => self.at(self.now + 4, What::Ask(ask, false)),
                Effect::WakeAt(at) => self.at(at.0 as u64, What::Arrive(OWN, Event::Woke)),
                Effect::Nudge => self.at(self.now, What::Arrive(OWN, Event::Woke)),
                Effect::SetAlarm(at) => {
                    let at = (at.0 as u64).max(self.now);
                    self.alarm_at = Some(at);
                    self.at(at, What::Alarm);
                }
                Effect::Deliver { .. } | Effect::AskFor { .. } | Effect::Alert(_) | Effect::Log(_) => {}
            }
        }
    }

    fn send(&mut self, request: &Request) -> Outcome {
        let (kind, body) = (kind_of(request), request.body.text().as_bytes());
        *self.spent.calls.entry(kind).or_default() += 1;
        self.spent.largest = self.spent.largest.max(body.len());
        if kind == UPDATES {
            self.spent.updated_at = self.now;
        }
        if [IMPORTS, UPDATES].contains(&kind) {
            self.spent.uploaded += body.len() as u64;
        }
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let mut headers: Vec<(String, String)> = request
            .bearer
            .iter()
            .map(|bearer| ("authorization".to_owned(), format!("Bearer {}", bearer.expose())))
            .collect();
        headers.extend(request.body.content_type().map(|own| ("content-type".to_owned(), own.into_owned())));
        let sent = wire::Request {
            method: request.method.as_str().to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: body.to_vec(),
        };
        match self.simulator.handle(self.now, &sent) {
            Some(answer) => {
                self.spent.limited += u64::from(answer.status == 429);
                Outcome::Answered(Response {
                    status: answer.status,
                    headers: answer.headers,
                    body: answer.body,
                })
            }
            None => Outcome::Unanswered,
        }
    }

    fn happen(&mut self) -> Result<()> {
        let ((at, _), what) = self.queue.pop_first().context("nothing happens any more")?;
        self.now = at;
        self.simulator.tick(at);
        match what {
            What::Arrive(kind, event) => {
                let handed = match &event {
                    Event::Answered { outcome: Outcome::Answered(response), .. } => response.body.capacity(),
                    _ => 0,
                };
                let before = self.spent.cpu;
                let effects = self.turn(handed, |engine, turn| engine.step(turn, event))?;
                *self.spent.answered.entry(kind).or_default() += self.spent.cpu.saturating_sub(before);
                self.start(effects);
            }
            // Alarms of one object never overlap: the next waits for the end of the one that runs.
            What::Alarm if self.alarm_at == Some(at) && self.engine.as_ref().is_some_and(Portal::busy) => {
                self.alarm_at = Some(at + 5);
                self.at(at + 5, What::Alarm);
            }
            What::Alarm if self.alarm_at == Some(at) => {
                self.alarm_at = None;
                let effects = self.turn(0, |engine, turn| engine.step(turn, Event::Alarm))?;
                self.start(effects);
            }
            What::Alarm => {}
            What::Ask(ask, waits) => {
                let grant = self.limiter.acquire(Timestamp(at as i64), &ask);
                self.limiter.save(&self.limiter_sql)?;
                if waits {
                    self.at(at + 4, What::Arrive(OWN, Event::Granted(Some(grant))));
                }
            }
            What::Cron => {
                self.command(Command::Poke)?;
                self.at(at + TICK_MS, What::Cron);
            }
        }
        Ok(())
    }
}
