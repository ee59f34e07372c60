//! Everything joined: engine, store, limiter, simulator, network and clock.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use hubspot_simulator::{
    Shape, Simulator, Switches,
    faults::{Fault, Rule},
    http as wire,
    webhooks::{Delivery, Subscription},
};
use serde_json::{Value, json};
use spoke::{
    engine::{
        limiter::{Limiter, Saved, messages::Ask},
        portal::{
            Effect, Event, Portal, Turn,
            messages::{Account, Answer, Command, Connect, Phase, State, Touch},
        },
    },
    hubspot::{oauth, webhooks},
    store::{portal, sql::SqlError},
    values::{
        config::Config,
        http::{Body, Method, Outcome, Request, Response},
        ids::{ConnectionId, ObjectType, PortalId, WorkspaceId},
        secret::Secret,
        time::Timestamp,
    },
};

use super::sql::FlakySql;

/// The account every life is about.
pub const PORTAL: u64 = 4_385_110;
const CLIENT_ID: &str = "11111111-2222-3333-4444-555555555555";
const CLIENT_SECRET: &str = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy";
const CALLBACK: &str = "https://spoke.example/oauth/callback";
const WEBHOOKS: &str = "https://spoke.example/webhooks/hubspot/main";
/// 2026-11-20T00:00:00Z.
pub const START_MS: u64 = 1_795_132_800_000;
const MINUTE: u64 = 60_000;
/// The client's own patience.
const TIMEOUT_MS: u64 = 30_000;

/// What kind of life.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Decides every random choice.
    pub seed: u64,
    /// Contacts at the start.
    pub contacts: u32,
    /// Minutes of edits and misfortunes.
    pub minutes: u64,
    /// Rounds of edits a minute.
    pub edits_per_minute: u32,
    /// One call in this many meets a fault; 0: none.
    pub fault_one_in: u32,
    /// Crashes a minute.
    pub crashes_per_minute: f64,
    /// One turn in this many has a statement that fails; 0: none.
    pub torn_one_in: u32,
    /// Whether HubSpot sends webhooks.
    pub webhooks: bool,
    /// Duplicated, reordered and late webhooks.
    pub webhook_faults: bool,
    /// Whether records are archived, restored, merged and erased (which needs webhooks to be seen in this order).
    pub deletions: bool,
    /// The account.
    pub shape: Shape,
    /// HubSpot's unconfirmed behaviours.
    pub switches: Switches,
    /// HubSpot calls one alarm may start.
    pub calls_per_alarm: u32,
    /// Network latency of one call, milliseconds, from and to.
    pub latency_ms: (u64, u64),
}

#[derive(Debug)]
enum What {
    /// A request reaches HubSpot.
    Depart { life: u32, call: u64, request: Request },
    /// Something reaches the engine.
    Arrive { life: u32, event: Event },
    /// A question reaches the limiter.
    Ask { life: u32, ask: Ask, answered: bool },
    /// The object's alarm, if it is still set to this moment.
    Alarm,
    /// The cron tick.
    Cron,
    /// People at work in HubSpot.
    Edit,
    /// The process is killed.
    Crash,
    /// HubSpot's webhooks reach us.
    Deliver { delivery: Delivery },
}

/// A world with one connection in it.
pub struct World {
    /// The plan it follows.
    pub plan: Plan,
    /// HubSpot.
    pub simulator: Simulator,
    /// The connection's database.
    pub sql: FlakySql,
    /// Lines the engine logged.
    pub log: Vec<String>,
    /// Milliseconds since 1970.
    pub now: u64,
    rng: fastrand::Rng,
    config: Config,
    engine: Option<Portal>,
    limiter: Option<Limiter>,
    limiter_saved: Option<Saved>,
    alarm_at: Option<u64>,
    /// Counts processes: what belongs to an earlier one is lost.
    life: u32,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    happenings: BTreeMap<(u64, u64), What>,
    number: u64,
    edits_until: u64,
}

fn config(plan: &Plan) -> Config {
    let apps =
        json!([{ "key": "main", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "kind": "account" }]);
    Config::parse(|name| {
        Some(match name {
            "PUBLIC_URL" => "https://spoke.example".to_owned(),
            "HUBSPOT_APPS" => apps.to_string(),
            "KEYRING" => "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned(),
            "ROOT_KEY" => "root-key-of-a-simulated-life-0123456789".to_owned(),
            "CONSOLE_PASSWORD" => "password of a simulated life".to_owned(),
            "CALLS_PER_ALARM" => plan.calls_per_alarm.to_string(),
            _ => return None,
        })
    })
    .expect("the configuration of a life is valid")
}

impl World {
    /// An account with contacts, an app with subscriptions, and a connection that has just been made.
    pub fn new(plan: Plan) -> Self {
        let mut world = Self {
            simulator: Simulator::new(plan.seed, plan.switches.clone()),
            sql: FlakySql::default(),
            log: Vec::new(),
            now: START_MS,
            rng: fastrand::Rng::with_seed(plan.seed),
            config: config(&plan),
            engine: None,
            limiter: None,
            limiter_saved: None,
            alarm_at: None,
            life: 0,
            queue: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            number: 0,
            edits_until: START_MS + plan.minutes * MINUTE,
            plan,
        };
        world.furnish();
        world.connect();
        world
    }

    /// Calls the simulator's control API.
    pub fn control(&mut self, method: &str, path: &str, body: &Value) -> Value {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = wire::Request {
            method: method.to_owned(),
            path: format!("/__control/{path}"),
            query: query.to_owned(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
        };
        let answer = self.simulator.handle(self.now, &request).expect("the control API answers");
        assert!(answer.status < 300, "{method} {path}: {}", String::from_utf8_lossy(&answer.body));
        serde_json::from_slice(&answer.body).unwrap_or(Value::Null)
    }

    fn furnish(&mut self) {
        let shape = serde_json::to_value(&self.plan.shape).unwrap();
        let contacts = self.plan.contacts;
        self.control(
            "POST",
            "portals",
            &json!({ "portal_id": PORTAL, "contacts": contacts, "shape": shape }),
        );
        let subscriptions = Subscription::contacts(&["firstname", "email", "lifecyclestage"]);
        let target = self.plan.webhooks.then_some(WEBHOOKS);
        let app = json!({
            "app_id": 77, "name": "Spoke", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
            "redirect_uris": [CALLBACK], "target_url": target, "subscriptions": subscriptions,
            "required_scopes": ["oauth", "crm.objects.contacts.read", "crm.schemas.contacts.read"],
        });
        self.control("POST", "apps", &app);
        self.control(
            "POST",
            "users",
            &json!({ "user_id": 9, "email": "admin@example.com", "portals": [PORTAL] }),
        );
        if self.plan.webhook_faults {
            let faults = json!({
                "duplicate_one_in": 4, "delay_max_ms": 40_000, "reorder": true, "forged_one_in": 5, "stale_one_in": 5,
                "same_event_id_one_in": 3,
            });
            self.control("PUT", "webhook-faults", &faults);
        }
    }

    /// What the front does at the callback: exchanges a code, and hands the connection to its object.
    fn connect(&mut self) {
        let app = self.config.apps[0].clone();
        let scopes = ["oauth", "crm.objects.contacts.read", "crm.schemas.contacts.read"];
        let code = self.simulator.approve(self.now, 77, PORTAL, 9, &scopes, CALLBACK);
        let outcome = self.send(&oauth::exchange(&app, &code, CALLBACK));
        let Outcome::Answered(answer) = outcome else { panic!("no answer to the exchange") };
        let tokens = oauth::parse_tokens(&answer.body).expect("the exchange succeeds");
        let connect = Connect {
            connection: ConnectionId::from_random([1; 12]),
            workspace: WorkspaceId::from_random([2; 12]),
            app: app.key,
            user: tokens.user_id,
            account: Account { portal: PortalId(PORTAL), name: None, ui_domain: None, utc_offset_ms: 0 },
            scopes: tokens.scopes,
            access_token: tokens.access.expose().clone(),
            refresh_token: tokens.refresh.expect("an exchange brings a refresh token").expose().clone(),
            expires_in_ms: tokens.expires_in_ms,
        };
        self.command(Command::Connect(Box::new(connect))).expect("connecting meets no fault");
        self.at(self.now + 5 * MINUTE, What::Cron);
        if self.plan.minutes > 0 {
            self.at(self.now + 1, What::Edit);
            if self.plan.crashes_per_minute > 0.0 {
                let wait = self.until_crash();
                self.at(self.now + wait, What::Crash);
            }
            self.set_faults();
        }
    }

    fn set_faults(&mut self) {
        if self.plan.fault_one_in == 0 {
            return;
        }
        use hubspot_simulator::problem::Policy;
        let faults = [
            Fault::RateLimited { policy: Policy::TenSecondlyRolling },
            Fault::RateLimited { policy: Policy::Secondly },
            Fault::RateLimited { policy: Policy::Daily },
            Fault::ExpiredToken,
            Fault::Locked,
            Fault::Moved { retry_after_s: 7 },
            Fault::Status { status: 500, after_commit: false },
            Fault::Status { status: 503, after_commit: false },
            Fault::Status { status: 502, after_commit: true },
            Fault::NoAnswer { after_commit: false },
            Fault::NoAnswer { after_commit: true },
            Fault::Html,
            Fault::Truncated,
        ];
        let each = self.plan.fault_one_in * faults.len() as u32;
        for fault in faults {
            self.simulator.faults.add(Rule::one_in(each, fault));
        }
    }

    fn until_crash(&mut self) -> u64 {
        (-(1.0 - self.rng.f64()).ln() / self.plan.crashes_per_minute * MINUTE as f64) as u64 + 1
    }

    fn at(&mut self, time: u64, what: What) {
        let key = (time.max(self.now), self.number);
        self.number += 1;
        self.queue.push(Reverse(key));
        self.happenings.insert(key, what);
    }

    /// One event of the engine: one transaction. `None`: a statement failed, nothing of it was kept, the object is gone.
    fn turn<T>(&mut self, body: impl FnOnce(&mut Portal, &mut Turn<'_>) -> Result<T, SqlError>) -> Option<T> {
        let torn = self.plan.torn_one_in > 0
            && (START_MS + 1..self.edits_until).contains(&self.now)
            && self.rng.u32(0..self.plan.torn_one_in) == 0;
        self.sql.fails_in.set(if torn { self.rng.u32(1..12) } else { 0 });
        let held = self.engine.take();
        let (sql, config, rng) = (&self.sql, &self.config, &mut self.rng);
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
        self.sql.fails_in.set(0);
        match result {
            Ok((engine, result)) => {
                self.engine = Some(engine);
                Some(result)
            }
            Err(error) => {
                assert!(error.to_string().contains("injected"), "{error}");
                self.life += 1;
                None
            }
        }
    }

    /// Hands a command to the object, as the front does.
    pub fn command(&mut self, command: Command) -> Option<Answer> {
        let (answer, effects) = self.turn(|engine, turn| engine.command(turn, command))?;
        self.start(effects);
        Some(answer)
    }

    fn event(&mut self, event: Event) {
        match self.turn(|engine, turn| engine.step(turn, event)) {
            Some(effects) => self.start(effects),
            // The platform runs a failed alarm again.
            None => self.set_alarm(self.now + 2_000),
        }
    }

    fn set_alarm(&mut self, at: u64) {
        let at = at.max(self.now);
        self.alarm_at = Some(at);
        self.at(at, What::Alarm);
    }

    fn start(&mut self, effects: Vec<Effect>) {
        let life = self.life;
        for effect in effects {
            match effect {
                Effect::Send { call, request } => {
                    let leaves = self.now + self.rng.u64(0..30);
                    self.at(leaves, What::Depart { life, call, request });
                }
                Effect::Ask(ask) => {
                    let reaches = self.now + self.rng.u64(0..8);
                    self.at(reaches, What::Ask { life, ask, answered: true });
                }
                Effect::Tell(ask) => {
                    let reaches = self.now + self.rng.u64(0..8);
                    self.at(reaches, What::Ask { life, ask, answered: false });
                }
                Effect::WakeAt(at) => self.at(at.0 as u64, What::Arrive { life, event: Event::Woke }),
                Effect::SetAlarm(at) => self.set_alarm(at.0 as u64),
                Effect::Log(line) => {
                    if std::env::var_os("SPOKE_SEED").is_some() {
                        eprintln!("{:>9} {line}", self.now - START_MS);
                    }
                    self.log.push(line);
                }
            }
        }
    }

    /// Sends a request to the simulator as the platform does.
    fn send(&mut self, request: &Request) -> Outcome {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let mut headers = vec![("host".to_owned(), "api.hubapi.com".to_owned())];
        if let Some(bearer) = &request.bearer {
            headers.push(("authorization".to_owned(), format!("Bearer {}", bearer.expose())));
        }
        let body = match &request.body {
            Body::Empty => Vec::new(),
            Body::Json(text) => {
                headers.push(("content-type".to_owned(), "application/json".to_owned()));
                text.clone().into_bytes()
            }
            Body::Form(text) => {
                headers.push(("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
                text.expose().clone().into_bytes()
            }
        };
        let sent = wire::Request {
            method: request.method.as_str().to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body,
        };
        match self.simulator.handle(self.now, &sent) {
            Some(answer) => Outcome::Answered(Response {
                status: answer.status,
                headers: answer.headers,
                body: answer.body,
            }),
            None => Outcome::Unanswered,
        }
    }

    /// Lets the next thing happen.
    fn happen(&mut self) {
        let Reverse(key) = self.queue.pop().expect("cron never ends");
        let what = self.happenings.remove(&key).expect("every key has its happening");
        self.now = key.0;
        match what {
            What::Depart { life, call, request } => {
                let outcome = self.send(&request);
                let latency = match outcome {
                    Outcome::Answered(_) => self.rng.u64(self.plan.latency_ms.0..=self.plan.latency_ms.1),
                    Outcome::Unanswered if self.rng.bool() => TIMEOUT_MS,
                    Outcome::Unanswered => self.rng.u64(0..500),
                };
                self.at(self.now + latency, What::Arrive { life, event: Event::Answered { call, outcome } });
            }
            What::Arrive { life, event } if life == self.life => self.event(event),
            What::Arrive { .. } => {}
            What::Ask { life, ask, answered } => {
                let now = Timestamp(self.now as i64);
                let saved = self.limiter_saved.clone();
                let limiter = self.limiter.get_or_insert_with(|| Limiter::new(now, saved));
                let grant = limiter.acquire(now, &ask);
                if let Some(saved) = limiter.take_saved() {
                    self.limiter_saved = Some(saved);
                }
                if answered {
                    let returns = self.now + self.rng.u64(0..8);
                    self.at(returns, What::Arrive { life, event: Event::Granted(Some(grant)) });
                }
            }
            What::Alarm => {
                if self.alarm_at == Some(self.now) {
                    self.alarm_at = None;
                    // Alarms of one object never overlap: a shift that still stands is of a run that was cut off.
                    if self.engine.as_ref().is_some_and(Portal::busy) {
                        self.life += 1;
                        self.engine = None;
                    }
                    self.event(Event::Alarm);
                }
            }
            What::Cron => {
                // Two ticks in flight never double the work.
                for _ in 0..self.rng.u32(1..=2) {
                    let _ = self.command(Command::Poke);
                }
                self.at(self.now + 5 * MINUTE, What::Cron);
            }
            What::Edit => self.edit(),
            What::Crash => {
                self.life += 1;
                self.engine = None;
                if self.rng.bool() {
                    self.limiter = None;
                }
                // A platform keeps alarms; a process that is killed on a developer's machine may lose them, and the next tick heals it.
                if self.rng.u32(0..4) == 0 {
                    self.alarm_at = None;
                } else if self.alarm_at.is_none() {
                    self.set_alarm(self.now + 1_000);
                }
                let next = self.now + self.until_crash();
                if next < self.edits_until {
                    self.at(next, What::Crash);
                }
            }
            What::Deliver { delivery } => self.deliver(&delivery),
        }
        self.simulator.tick(self.now);
        for delivery in self.simulator.take_deliveries(self.now) {
            let reaches = self.now + self.rng.u64(0..400);
            self.at(reaches, What::Deliver { delivery });
        }
    }

    fn edit(&mut self) {
        if self.now >= self.edits_until {
            return;
        }
        let now = self.now;
        let (deletions, choice) = (self.plan.deletions, self.rng.u32(0..12));
        let count = self.rng.u32(1..4);
        let bulk = self.rng.u32(1..40);
        if let Some((portal, mut turn)) = self.simulator.portal_turn(PORTAL, now) {
            match (deletions, choice) {
                (_, 0) => {
                    portal.bulk_edit(&mut turn, bulk);
                }
                (true, _) => {
                    portal.edit_random(&mut turn, count);
                }
                (false, _) => {
                    portal.bulk_edit(&mut turn, count);
                }
            }
        }
        let wait = MINUTE / u64::from(self.plan.edits_per_minute.max(1));
        let next = self.now + self.rng.u64(1..=wait * 2);
        self.at(next, What::Edit);
    }

    /// What the front does with a delivery: verifies, hands on what is ours, answers.
    fn deliver(&mut self, delivery: &Delivery) {
        let header = |name: &str| {
            delivery
                .headers
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_str())
        };
        let verified = webhooks::verify_v3(
            &Secret::new(CLIENT_SECRET.to_owned()),
            Method::Post,
            &delivery.url,
            &delivery.body,
            header("x-hubspot-request-timestamp"),
            header("x-hubspot-signature-v3"),
            Timestamp(self.now as i64),
        );
        if verified.is_err() {
            self.simulator.delivery_answered(delivery.id, self.now, Some(401));
            return;
        }
        let events =
            webhooks::parse_events(&delivery.body, webhooks::EVENTS_LIMIT).expect("deliveries parse");
        let touches: Vec<Touch> = events.iter().flat_map(|(_, event)| Touch::of(event)).collect();
        let durable = self.command(Command::Webhook { touches }).is_some();
        self.simulator.delivery_answered(delivery.id, self.now, Some(if durable { 200 } else { 503 }));
    }

    /// Lives through the plan, then lets everything settle, and says what is wrong.
    pub fn live(&mut self) -> Result<(), String> {
        while self.now < self.edits_until {
            self.happen();
        }
        self.simulator.faults.clear();
        // Stragglers of the index, retries of webhooks and the hourly trailing check: all within two hours and a half.
        let quiet_until = self.now + 150 * MINUTE;
        while self.now < quiet_until {
            self.happen();
        }
        self.verdict()
    }

    /// Until the first full read is over, or an hour has passed.
    pub fn backfill(&mut self) {
        let limit = self.now + 60 * MINUTE;
        while self.now < limit {
            self.happen();
            if let Some(Answer::Status(status)) = self.command(Command::Status)
                && status.streams.iter().all(|stream| stream.phase == Phase::Incremental)
            {
                return;
            }
        }
    }

    /// Lets `minutes` pass.
    pub fn pass(&mut self, minutes: u64) {
        let until = self.now + minutes * MINUTE;
        while self.now < until {
            self.happen();
        }
    }

    /// What of the promises does not hold.
    pub fn verdict(&mut self) -> Result<(), String> {
        let Some(Answer::Status(status)) = self.command(Command::Status) else {
            return Err("no status".to_owned());
        };
        if status.state != State::Active {
            return Err(format!("the connection is {:?}: {:?}", status.state, status.trouble));
        }
        let stream = &status.streams[0];
        if stream.phase != Phase::Incremental || stream.dirty > 0 {
            return Err(format!("stuck: {stream:?}"));
        }
        let mirror = self.mirror();
        let truth = self.truth();
        if mirror.len() != stream.records as usize {
            return Err(format!("counts {} records and holds {}", stream.records, mirror.len()));
        }
        differences(&mirror, &truth)?;
        self.feed_leads_to(&mirror)?;
        let own = self.own_429s();
        if own > 0 {
            return Err(format!("{own} refusals for limits that Spoke itself exceeded"));
        }
        match self.log.iter().find(|line| line.contains("na1-") || line.contains('@')) {
            Some(line) => Err(format!("a secret or an address in the log: {line}")),
            None => Ok(()),
        }
    }

    /// 429s that no fault injected.
    pub fn own_429s(&mut self) -> u64 {
        let counters = self.control("GET", "counters", &Value::Null);
        counters["limits"]["refused"]
            .as_array()
            .map_or(0, |refused| refused.iter().filter_map(|one| one["calls"].as_u64()).sum())
    }

    /// What the mirror holds, by id.
    pub fn mirror(&mut self) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        let mut after = None;
        loop {
            let command =
                Command::Records { object_type: ObjectType::Contacts, after, limit: 250, key: None };
            let Some(Answer::Json(page)) = self.command(command) else { panic!("no page of records") };
            let page: Value = serde_json::from_str(&page).unwrap();
            for record in page["results"].as_array().unwrap() {
                all.insert(record["id"].as_str().unwrap().to_owned(), record["properties"].clone());
            }
            match page["next_cursor"].as_str() {
                Some(next) => after = Some(next.parse().unwrap()),
                None => return all,
            }
        }
    }

    /// What HubSpot holds, by id.
    pub fn truth(&self) -> BTreeMap<String, Value> {
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        let (mut from, mut text) = (0, Vec::new());
        while let Some(next) = portal.dump("contacts", from, 1_000, &mut text) {
            from = next;
        }
        String::from_utf8(text)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|record| record["state"] == "live")
            .map(|record| (record["id"].as_str().unwrap().to_owned(), record["properties"].clone()))
            .collect()
    }

    /// Invariant 2: the feed from the beginning leads to what the mirror holds, without a gap or a repeated number.
    fn feed_leads_to(&mut self, mirror: &BTreeMap<String, Value>) -> Result<(), String> {
        let (mut ids, mut last) = (BTreeSet::new(), BTreeMap::new());
        let (mut after, mut expected) = (0, 1);
        loop {
            let command = Command::Changes { after, limit: 97, types: Vec::new() };
            let Some(Answer::Json(page)) = self.command(command) else { return Err("no changes".to_owned()) };
            let page: Value = serde_json::from_str(&page).unwrap();
            let changes = page["changes"].as_array().unwrap();
            for change in changes {
                let seq: u64 = change["seq"].as_str().unwrap().parse().unwrap();
                if seq != expected {
                    return Err(format!("the feed jumps from {} to {seq}", expected - 1));
                }
                expected += 1;
                let id = change["id"].as_str().unwrap().to_owned();
                let fits = match change["kind"].as_str().unwrap() {
                    "created" | "restored" => ids.insert(id),
                    "updated" => {
                        for (name, values) in change["changed"].as_object().into_iter().flatten() {
                            last.insert((id.clone(), name.clone()), values["new"].clone());
                        }
                        ids.contains(&id)
                    }
                    "deleted" | "merged" => {
                        last.retain(|(of, _), _| *of != id);
                        ids.remove(&id)
                    }
                    // Comes for a record that is gone already, too.
                    "erased" => {
                        last.retain(|(of, _), _| *of != id);
                        ids.remove(&id);
                        true
                    }
                    other => return Err(format!("a change of kind {other}")),
                };
                if !fits {
                    return Err(format!("{change} does not follow from what came before it"));
                }
            }
            after = page["next"].as_str().unwrap().parse().unwrap();
            if changes.is_empty() {
                break;
            }
        }
        if !ids.iter().eq(mirror.keys()) {
            return Err("the feed's records are not the mirror's".to_owned());
        }
        for ((id, name), value) in last {
            if mirror[&id].get(&name).unwrap_or(&Value::Null) != &value {
                return Err(format!("the feed ends with another {name} of {id} than the mirror"));
            }
        }
        Ok(())
    }
}

/// The first records that differ, in words.
pub fn differences(mirror: &BTreeMap<String, Value>, truth: &BTreeMap<String, Value>) -> Result<(), String> {
    let mut lines = Vec::new();
    for id in mirror.keys().chain(truth.keys()).collect::<BTreeSet<_>>() {
        match (mirror.get(id), truth.get(id)) {
            (Some(ours), Some(theirs)) if ours == theirs => {}
            (Some(ours), Some(theirs)) => {
                let names: BTreeSet<&String> = ours
                    .as_object()
                    .into_iter()
                    .chain(theirs.as_object())
                    .flat_map(|object| object.keys())
                    .filter(|name| ours.get(name.as_str()) != theirs.get(name.as_str()))
                    .collect();
                lines.push(format!("{id} differs in {names:?}"));
            }
            (Some(_), None) => lines.push(format!("{id} is in the mirror only")),
            (None, _) => lines.push(format!("{id} is missing from the mirror")),
        }
    }
    if lines.is_empty() {
        Ok(())
    } else {
        Err(format!("{} records: {}", lines.len(), lines[..lines.len().min(5)].join("; ")))
    }
}
