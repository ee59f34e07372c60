//! Everything joined: engine, store, limiter, simulator, network and clock.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use hubspot_simulator::{Rule, Simulator, webhooks::Delivery};
use serde_json::Value;
use spoke::{
    engine::{
        actor::Actor,
        alert::Alert,
        limiter::{
            Limiter,
            messages::{Ask, Grant},
        },
        portal::{
            Effect, Event, Portal, Turn,
            channels::commands::Action,
            endpoints::message::Post,
            messages::{Answer, Command, Phase, StreamState},
        },
    },
    store::{limiter, native::NativeSql, portal, sql::SqlError},
    values::{
        config::Config,
        http::{Outcome, Request},
        ids::{ActionId, ObjectType, SeatId},
        time::Timestamp,
    },
};

use super::{
    deeds::Deed,
    flows::Flows,
    plan::Plan,
    receivers::Receiver,
    said::Said,
    snapshot::Snapshot,
    sql::{self, FlakySql},
};

/// 2026-11-20T00:00:00Z.
pub const START_MS: u64 = 1_795_132_800_000;
/// In milliseconds.
pub const MINUTE: u64 = 60_000;
/// The client's own patience.
const TIMEOUT_MS: u64 = 30_000;
/// Minutes after the last edit after which a life is first looked at: a round of checks has passed.
const FIRST_LOOK: u64 = 7;
/// Minutes after the last edit after which people look after what failed and what nobody knows of: what HubSpot does late is done then,
/// and what they have done once more has its end at the first look.
const ATTENDED: u64 = 4;

#[derive(Debug)]
pub(super) enum What {
    /// A request reaches HubSpot.
    Depart { object: usize, life: u32, call: u64, request: Request },
    /// A delivery reaches its receiver.
    Post { object: usize, life: u32, call: u64, post: Box<Post> },
    /// Something reaches the engine.
    Arrive { object: usize, life: u32, event: Event },
    /// A question reaches the limiter.
    Ask { object: usize, life: u32, ask: Ask, back: Back },
    /// The object's alarm, if it is still set to this moment.
    Alarm { object: usize },
    /// The cron tick.
    Cron,
    /// People at work in HubSpot.
    Edit,
    /// The process is killed.
    Crash,
    /// HubSpot's webhooks reach us.
    Deliver { delivery: Delivery },
    /// The host says something of people.
    Say,
    /// The host sends an event.
    Flow,
    /// Nothing; but webhooks that are ready leave.
    Look,
}

/// Who waits for the limiter's answer.
#[derive(Debug)]
pub(super) enum Back {
    Nobody,
    Connection,
    Seat(SeatId),
}

/// A request that reached HubSpot.
#[derive(Debug, Clone)]
pub struct Call {
    /// When, milliseconds since 1970.
    pub at: u64,
    /// Method and path, without the query.
    pub name: String,
    /// HTTP status; 0: no answer.
    pub status: u16,
}

/// One connection: its database, and its object while the process lives.
#[derive(Default)]
pub struct Object {
    /// The connection's database.
    pub sql: FlakySql,
    engine: Option<Portal>,
    alarm_at: Option<u64>,
    /// Counts processes: what belongs to an earlier one is lost.
    life: u32,
    /// The process whose alarm handler ran last.
    runs_in: u32,
    /// When something last happened to it.
    pub(super) used_at: u64,
}

impl Object {
    /// What the platform does with an object to which nothing has happened for a while.
    fn idle(&mut self, now: u64, after_ms: u64) {
        let idle = now.saturating_sub(self.used_at) >= after_ms;
        if idle && self.engine.as_ref().is_some_and(|engine| !engine.busy()) {
            self.engine = None;
            self.life += 1;
        }
    }
}

/// A world with a connection in it, or several of one account.
pub struct World {
    /// The plan it follows.
    pub plan: Plan,
    /// HubSpot.
    pub simulator: Simulator,
    /// The connections.
    pub objects: Vec<Object>,
    /// The account's limiter, while its process lives.
    pub limiter: Option<Limiter>,
    /// Lines the engine logged.
    pub log: Vec<String>,
    /// What the operator was told.
    pub alerts: Vec<Alert>,
    /// Requests that reached HubSpot, in order.
    pub calls: Vec<Call>,
    /// Files among them: content type and body.
    pub uploads: Vec<(String, String)>,
    /// The host's servers, by URL.
    pub receivers: BTreeMap<String, Receiver>,
    /// Milliseconds since 1970.
    pub now: u64,
    /// Fields that were chosen of a type; others have all.
    pub chosen: BTreeMap<ObjectType, BTreeSet<String>>,
    /// Who is kept out of the mirrors: ids of contacts, and addresses in lower case.
    pub kept_out: BTreeSet<String>,
    /// What was asked to be written.
    pub written: Vec<ActionId>,
    pub(super) asked_for: usize,
    /// What of it was asked for by hand, each with what became of it.
    pub(super) deeds: Vec<Deed>,
    /// Actions that have a mapping of last names.
    pub(super) mapped: BTreeSet<&'static str>,
    pub(super) signals_sent: usize,
    pub(super) scored: usize,
    /// What the host scored each account last.
    pub(super) scores: BTreeMap<usize, usize>,
    pub(super) flows: Flows,
    pub(super) said: Said,
    pub(super) rng: fastrand::Rng,
    pub(super) edits_until: u64,
    pub(super) config: Config,
    limiter_sql: NativeSql,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    happenings: BTreeMap<(u64, u64), What>,
    number: u64,
    /// Ends of names of calls whose answers are held back, how many of each, and those answers.
    holds: Vec<(&'static str, usize)>,
    held: Vec<What>,
}

impl World {
    /// An account with contacts, an app with subscriptions, and a connection that has just been made.
    pub fn new(plan: Plan) -> Self {
        let mut world = Self {
            simulator: Simulator::new(plan.seed, plan.switches.clone()),
            objects: Vec::new(),
            limiter: None,
            log: Vec::new(),
            alerts: Vec::new(),
            calls: Vec::new(),
            uploads: Vec::new(),
            receivers: BTreeMap::new(),
            now: START_MS,
            chosen: BTreeMap::new(),
            kept_out: BTreeSet::new(),
            written: Vec::new(),
            asked_for: 0,
            deeds: Vec::new(),
            mapped: BTreeSet::new(),
            signals_sent: 0,
            scored: 0,
            scores: BTreeMap::new(),
            flows: Flows::default(),
            said: Said::default(),
            rng: fastrand::Rng::with_seed(plan.seed),
            edits_until: START_MS + plan.minutes * MINUTE,
            config: plan.config(),
            limiter_sql: sql::limiter(),
            queue: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            number: 0,
            holds: Vec::new(),
            held: Vec::new(),
            plan,
        };
        world.furnish();
        world.add_connection();
        world.at(world.now + 5 * MINUTE, What::Cron);
        if world.plan.minutes > 0 {
            world.at(world.now + 1, What::Edit);
            if world.plan.crashes_per_minute > 0.0 {
                let wait = world.until_crash();
                world.at(world.now + wait, What::Crash);
            }
            world.set_faults();
        }
        world
    }

    /// Connects the account once more, for another workspace.
    pub fn add_connection(&mut self) {
        self.objects.push(Object::default());
        self.connect(self.objects.len() - 1);
    }

    /// The operator deploys another setting; processes that run keep what they have opened.
    pub fn set(&mut self, name: &'static str, value: &str) {
        self.plan.variables.retain(|(known, _)| *known != name);
        self.plan.variables.push((name, value.to_owned()));
        self.config = self.plan.config();
    }

    /// Grants whose tokens the limiter keeps.
    pub fn grants_kept(&self) -> usize {
        limiter::grants(&self.limiter_sql).expect("the table is there").len()
    }

    fn until_crash(&mut self) -> u64 {
        (-(1.0 - self.rng.f64()).ln() / self.plan.crashes_per_minute * MINUTE as f64) as u64 + 1
    }

    pub(super) fn at(&mut self, time: u64, what: What) {
        let key = (time.max(self.now), self.number);
        self.number += 1;
        self.queue.push(Reverse(key));
        self.happenings.insert(key, what);
    }

    /// One event of the engine: one transaction. `None`: a statement failed, nothing of it was kept, the object is gone.
    fn turn<T>(
        &mut self,
        object: usize,
        body: impl FnOnce(&mut Portal, &mut Turn<'_>) -> Result<T, SqlError>,
    ) -> Option<T> {
        let torn = self.plan.torn_one_in > 0
            && (START_MS + 1..self.edits_until).contains(&self.now)
            && self.rng.u32(0..self.plan.torn_one_in) == 0;
        let Self { objects, config, rng, .. } = self;
        objects[object].idle(self.now, self.plan.idle_ms);
        let Object { sql, engine, life, used_at, .. } = &mut objects[object];
        *used_at = self.now;
        sql.fails_in.set(if torn { rng.u32(1..12) } else { 0 });
        let held = engine.take();
        let sql = &*sql;
        let now = Timestamp(self.now as i64);
        let result = sql.inner.transaction(|| {
            let mut random = |bytes: &mut [u8]| rng.fill(bytes);
            let mut turn = Turn { sql, now, config, random: &mut random };
            let mut engine = match held {
                Some(engine) => engine,
                None => {
                    portal::open(sql)?;
                    Portal::load(&turn)?
                }
            };
            let result = body(&mut engine, &mut turn)?;
            Ok::<_, SqlError>((engine, result))
        });
        sql.fails_in.set(0);
        match result {
            Ok((loaded, result)) => {
                *engine = Some(loaded);
                Some(result)
            }
            Err(error) => {
                assert!(error.to_string().contains("injected"), "{error}");
                *life += 1;
                None
            }
        }
    }

    /// Hands a command to the first connection's object, as the front does.
    pub fn command(&mut self, command: Command) -> Option<Answer> {
        self.command_to(0, command)
    }

    /// The same, again where the turn was torn: somebody who was told of a failure asks once more.
    pub fn insist(&mut self, command: impl Fn() -> Command) -> Answer {
        for _ in 0..50 {
            match self.command(command()) {
                Some(answer) => return answer,
                None => self.pass_ms(10),
            }
        }
        panic!("no turn is whole")
    }

    /// The same, for somebody.
    pub fn command_by(&mut self, actor: &Actor, command: Command) -> Option<Answer> {
        let (answer, effects) = self.turn(0, |engine, turn| engine.command_by(turn, actor, command))?;
        self.start(0, effects);
        Some(answer)
    }

    /// Hands a command to a connection's object.
    pub fn command_to(&mut self, object: usize, command: Command) -> Option<Answer> {
        let (answer, effects) = self.turn(object, |engine, turn| engine.command(turn, command))?;
        self.start(object, effects);
        Some(answer)
    }

    fn event(&mut self, object: usize, event: Event) {
        match self.turn(object, |engine, turn| engine.step(turn, event)) {
            Some(effects) => self.start(object, effects),
            // The platform runs a failed alarm again.
            None => self.set_alarm(object, self.now + 2_000),
        }
    }

    fn set_alarm(&mut self, object: usize, at: u64) {
        let at = at.max(self.now);
        self.objects[object].alarm_at = Some(at);
        self.at(at, What::Alarm { object });
    }

    fn start(&mut self, object: usize, effects: Vec<Effect>) {
        let life = self.objects[object].life;
        for effect in effects {
            match effect {
                Effect::Send { call, request } => {
                    let leaves = self.now + self.rng.u64(0..30);
                    self.at(leaves, What::Depart { object, life, call, request });
                }
                Effect::Deliver { call, post } => {
                    let leaves = self.now + self.rng.u64(0..30);
                    self.at(leaves, What::Post { object, life, call, post });
                }
                Effect::Nudge => {
                    self.at(self.now, What::Arrive { object, life, event: Event::Woke });
                }
                Effect::Ask(ask) => {
                    let reaches = self.now + self.rng.u64(0..8);
                    self.at(reaches, What::Ask { object, life, ask, back: Back::Connection });
                }
                Effect::AskFor { seat, ask } => {
                    let reaches = self.now + self.rng.u64(0..8);
                    self.at(reaches, What::Ask { object, life, ask, back: Back::Seat(seat) });
                }
                Effect::Tell(ask) => {
                    let reaches = self.now + self.rng.u64(0..8);
                    self.at(reaches, What::Ask { object, life, ask, back: Back::Nobody });
                }
                Effect::WakeAt(at) => {
                    self.at(at.0 as u64, What::Arrive { object, life, event: Event::Woke });
                }
                Effect::SetAlarm(at) => self.set_alarm(object, at.0 as u64),
                Effect::Alert(alert) => self.alerts.push(alert),
                Effect::Log(line) => {
                    if std::env::var_os("SPOKE_SEED").is_some() {
                        eprintln!("{:>9} {line}", self.now - START_MS);
                    }
                    self.log.push(line);
                }
            }
        }
    }

    /// Lets the next thing happen.
    fn happen(&mut self) {
        let Reverse(key) = self.queue.pop().expect("cron never ends");
        let what = self.happenings.remove(&key).expect("every key has its happening");
        self.now = key.0;
        match what {
            What::Depart { object, life, call, request } => self.depart(object, life, call, &request),
            What::Post { object, life, call, post } => {
                let (outcome, took) = self.post(&post);
                let event = Event::Delivered { call, outcome };
                self.at(self.now + took, What::Arrive { object, life, event });
            }
            What::Arrive { object, life, event } if life == self.objects[object].life => {
                self.event(object, event);
            }
            What::Arrive { .. } => {}
            What::Ask { object, life, ask, back } => {
                let grant = Some(self.ask_limiter(&ask));
                let event = match back {
                    Back::Nobody => None,
                    Back::Connection => Some(Event::Granted(grant)),
                    Back::Seat(seat) => Some(Event::GrantedFor { seat, grant }),
                };
                if let Some(event) = event {
                    let returns = self.now + self.rng.u64(0..8);
                    self.at(returns, What::Arrive { object, life, event });
                }
            }
            What::Alarm { object } => {
                // One that was put away meanwhile is made anew by its alarm, whose run it is then.
                self.objects[object].idle(self.now, self.plan.idle_ms);
                let Object { engine, alarm_at, life, runs_in, .. } = &mut self.objects[object];
                if *alarm_at == Some(self.now) {
                    let busy = engine.as_ref().is_some_and(Portal::busy);
                    if busy && runs_in == life {
                        // Alarms of one object never overlap: the next waits for the end of the one that runs, which is not before
                        // something else happens.
                        let other = self.queue.peek().map_or(0, |Reverse((at, _))| at + 1);
                        self.set_alarm(object, other.max(self.now + 5));
                    } else {
                        if busy {
                            // As the platform does with what a run left that was cut off: what it waited for never comes.
                            *engine = None;
                            *life += 1;
                        }
                        (*alarm_at, *runs_in) = (None, *life);
                        self.event(object, Event::Alarm);
                    }
                }
            }
            What::Cron => {
                for object in 0..self.objects.len() {
                    // Two ticks in flight never double the work.
                    for _ in 0..self.rng.u32(1..=2) {
                        let _ = self.command_to(object, Command::Poke);
                    }
                }
                self.at(self.now + 5 * MINUTE, What::Cron);
            }
            What::Edit => self.edit(),
            What::Say => self.say(),
            What::Flow => self.flow(),
            What::Crash => self.crash(),
            What::Deliver { delivery } => self.deliver(&delivery),
            What::Look => {}
        }
        self.look();
    }

    /// Asks the account's limiter.
    pub(super) fn ask_limiter(&mut self, ask: &Ask) -> Grant {
        let now = Timestamp(self.now as i64);
        let sql = &self.limiter_sql;
        let load = || Limiter::load(sql, now).expect("what a limiter saves it can read");
        let limiter = self.limiter.get_or_insert_with(load);
        let grant = limiter.acquire(now, ask);
        limiter.save(sql).expect("an open database takes rows");
        grant
    }

    /// Lets HubSpot's index catch up, and its webhooks leave.
    fn look(&mut self) {
        self.simulator.tick(self.now);
        for delivery in self.simulator.take_deliveries(self.now) {
            let reaches = self.now + self.rng.u64(0..400);
            self.at(reaches, What::Deliver { delivery });
        }
    }

    fn depart(&mut self, object: usize, life: u32, call: u64, request: &Request) {
        let outcome = self.send(request);
        let dawdles = self.plan.dawdles_one_in;
        let latency = match outcome {
            Outcome::Answered(_) if dawdles > 0 && self.rng.u32(0..dawdles) == 0 => {
                self.rng.u64(10_000..TIMEOUT_MS)
            }
            Outcome::Answered(_) => self.rng.u64(self.plan.latency_ms.0..=self.plan.latency_ms.1),
            Outcome::Unanswered if self.rng.bool() => TIMEOUT_MS,
            Outcome::Unanswered => self.rng.u64(0..500),
        };
        let arrival = What::Arrive { object, life, event: Event::Answered { call, outcome } };
        let name = &self.calls.last().expect("it was just sent").name;
        let hold = self.holds.iter_mut().find(|(end, left)| *left > 0 && name.ends_with(*end));
        if let Some((_, left)) = hold {
            *left -= 1;
            self.held.push(arrival);
        } else {
            self.at(self.now + latency, arrival);
        }
    }

    fn crash(&mut self) {
        let forgets_limiter = self.rng.bool();
        if forgets_limiter {
            self.limiter = None;
        }
        for object in 0..self.objects.len() {
            let Object { engine, life, alarm_at, .. } = &mut self.objects[object];
            *life += 1;
            *engine = None;
            // A platform keeps alarms; a process that is killed on a developer's machine may lose them, and the next tick heals it.
            if self.rng.u32(0..4) == 0 {
                *alarm_at = None;
            } else if alarm_at.is_none() {
                self.set_alarm(object, self.now + 1_000);
            }
        }
        let next = self.now + self.until_crash();
        if next < self.edits_until {
            self.at(next, What::Crash);
        }
    }

    /// Holds back the answers to the next `count` calls whose name ends so: HubSpot has worked, the answer is under way.
    pub fn hold(&mut self, end_of_name: &'static str, count: usize) {
        self.holds.push((end_of_name, count));
    }

    /// The body of an answer that is held back.
    pub fn held_body(&self, number: usize) -> Value {
        match &self.held[number] {
            What::Arrive { event: Event::Answered { outcome: Outcome::Answered(response), .. }, .. } => {
                serde_json::from_slice(&response.body).unwrap()
            }
            other => panic!("no answer: {other:?}"),
        }
    }

    /// How many answers are held back.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Lets every answer that is held back arrive, in the order of departure, and holds none from now on.
    pub fn release(&mut self) {
        self.holds.clear();
        for arrival in std::mem::take(&mut self.held) {
            self.at(self.now, arrival);
        }
    }

    /// The alarm handler that runs is cut off, and nothing else: what it waited for is lost, the object stays in memory.
    pub fn cut_off(&mut self) {
        self.objects.iter_mut().for_each(|object| object.life += 1);
    }

    /// The process is killed and starts again; alarms are kept.
    pub fn restart(&mut self) {
        for object in 0..self.objects.len() {
            let Object { engine, life, alarm_at, .. } = &mut self.objects[object];
            *life += 1;
            *engine = None;
            if alarm_at.is_none() {
                self.set_alarm(object, self.now + 1_000);
            }
        }
    }

    /// From now on, for so many minutes, one turn in so many has a statement that fails.
    pub fn tear(&mut self, one_in: u32, minutes: u64) {
        self.plan.torn_one_in = one_in;
        self.edits_until = self.now + minutes * MINUTE;
    }

    /// Deploys with another value of a variable.
    pub fn deploy(&mut self, variable: &'static str, value: String) {
        self.plan.variables.retain(|(name, _)| *name != variable);
        self.plan.variables.push((variable, value));
        self.config = self.plan.config();
        self.restart();
    }

    /// Lives through the plan, then lets everything settle, and says what is wrong.
    pub fn live(&mut self) -> Result<(), String> {
        let half = self.now + (self.edits_until - self.now) / 2;
        self.ask_for_all();
        self.automate();
        self.turn_scores_on();
        self.activate();
        self.begin_flows();
        self.make_rule();
        self.write_some();
        while self.now < half {
            self.happen();
        }
        // Pages so small that the account is edited between them.
        let snapshot = self.snapshot(0, 7, |world, _| (0..3).for_each(|_| world.happen()));
        if self.plan.selects {
            self.choose_some();
        }
        if self.plan.erases {
            self.erase_somebody();
            self.note_kept_out();
        }
        if self.plan.turns_off {
            self.turn_off(self.plan.further[0]);
        }
        self.write_some();
        self.poison();
        self.pause_said();
        self.befall_flows();
        let channel = self.open_channel();
        // Half of the channels are paused for a while.
        let pauses = channel.as_ref().filter(|_| self.plan.seed % 4 < 2);
        let quarter = self.now + self.edits_until.saturating_sub(self.now) / 2;
        while self.now < quarter {
            self.happen();
        }
        if let Some(channel) = pauses {
            self.turn_channel(channel, Action::Pause);
        }
        self.resume_said();
        self.restore_flows();
        self.ask_for_all();
        self.write_some();
        if let Some(loss) = self.plan.loses {
            self.lose(loss);
        }
        while self.now < self.edits_until {
            self.happen();
        }
        if !self.plan.told_of_all() && self.plan.links {
            self.edit_all();
        }
        self.simulator.faults.clear();
        self.simulator.switches.import_unknown_error_one_in = 0;
        if self.plan.loses.is_some() {
            self.connect(0);
        }
        self.turn_all_on();
        if let Some(channel) = pauses {
            self.turn_channel(channel, Action::Resume);
        }
        let quiet_from = self.now;
        if self.plan.acts || self.plan.said {
            while self.now < quiet_from + ATTENDED * MINUTE {
                self.happen();
            }
            self.attend();
            self.mend_said();
            self.mend_flows();
        }
        let by_size_alone = !self.plan.switches.list_search_tells_times;
        // What is right once the last has been told stays right in an account at rest: one life in 28 is watched for that,
        // the others end as soon as all is right.
        let watched = self.plan.seed.is_multiple_of(28) || by_size_alone;
        // Scores are compared with what the mirror holds in the end.
        let early = self.plan.late_minutes + FIRST_LOOK;
        let first = if watched || self.plan.scores { self.plan.told_within() } else { early };
        let mut next = quiet_from + first * MINUTE;
        while self.now < next {
            self.happen();
        }
        self.send_scores_at_last()?;
        let told = self.now.max(quiet_from + self.plan.told_within() * MINUTE);
        let settled = told + (self.plan.settles_within() - self.plan.told_within()) * MINUTE;
        while self.now < settled {
            if !watched && self.all_is_right(&snapshot, channel.is_some()).is_ok() {
                return Ok(());
            }
            next = settled.min(self.now + 10 * MINUTE);
            while self.now < next {
                self.happen();
            }
        }
        if by_size_alone {
            // Who came and who went leave a size as it was: only the day's walk shows them.
            self.pass(25 * 60);
        }
        self.all_is_right(&snapshot, channel.is_some())
    }

    fn poison(&mut self) {
        let Some(fault) = self.plan.poison else { return };
        let ids: Vec<String> = self.truth().into_keys().collect();
        if let Some(id) = ids.get(self.plan.seed as usize % ids.len().max(1)) {
            self.simulator.faults.add(Rule::of_record(id.parse().expect("an id is a number"), fault));
        }
    }

    fn all_is_right(&mut self, snapshot: &Snapshot, channel: bool) -> Result<(), String> {
        // A life has one connection.
        let held = self.verdict_of(0)?;
        self.verdict_beside()?;
        self.leads_to(snapshot.clone(), &held)?;
        self.erased_are_nowhere()?;
        self.nobody_else_is_erased(&held.changes)?;
        self.signals_are_right()?;
        self.scores_are_right()?;
        self.said_is_right()?;
        self.flows_are_right()?;
        self.writes_are_right()?;
        if channel { self.channel_is_right() } else { Ok(()) }
    }

    /// Until every first full read is over; says whether that was within an hour.
    pub fn backfill(&mut self) -> bool {
        self.until(60, |world| {
            (0..world.objects.len()).all(|object| {
                let Some(Answer::Status(status)) = world.command_to(object, Command::Status) else {
                    return false;
                };
                let mut running = status.streams.iter().filter(|one| one.state == StreamState::Running);
                running.all(|stream| stream.phase == Phase::Incremental)
            })
        })
    }

    /// Until something holds; says whether it did within `minutes`.
    pub fn until(&mut self, minutes: u64, mut holds: impl FnMut(&mut Self) -> bool) -> bool {
        let limit = self.now + minutes * MINUTE;
        while !holds(self) {
            if self.now >= limit {
                return false;
            }
            self.happen_before(limit);
        }
        true
    }

    /// Lets `minutes` pass.
    pub fn pass(&mut self, minutes: u64) {
        self.pass_ms(minutes * MINUTE);
    }

    /// Lets milliseconds pass.
    pub fn pass_ms(&mut self, ms: u64) {
        let until = self.now + ms;
        while self.now < until {
            self.happen_before(until);
        }
    }

    /// Lets the next thing happen, or nothing until then.
    fn happen_before(&mut self, limit: u64) {
        if self.queue.peek().is_some_and(|Reverse((at, _))| *at <= limit) {
            self.happen();
        } else {
            self.now = limit;
            self.look();
        }
    }
}
