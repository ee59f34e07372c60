//! The `Portal` Durable Object: one per connection, addressed by a stored unique id.
//!
//! Owns the database of the connection and runs its engine: each event is one transaction, its effects are started before the
//! next event, their answers are new events. Calls to HubSpot leave from the alarm only; requests to the object write and
//! arm the alarm. Decides nothing.

use std::{cell::RefCell, rc::Rc, time::Duration};

use futures_util::{
    StreamExt as _,
    future::{Either, FutureExt as _, LocalBoxFuture, select},
    stream::FuturesUnordered,
};
use serde_json::Value;
use worker::{Delay, DurableObject, Env, Request, Response, Result, State, durable_object};

use crate::{
    engine::{
        alert::Alert,
        limiter::messages::{Answer as LimiterAnswer, Ask, Command as LimiterCommand, Grant},
        portal::{
            Effect, Event, Portal as Engine, Turn,
            messages::{Answer, Command},
        },
    },
    platform::{
        alerts, clock, config, deliver, fetch, limiter_object, log, nudge::Nudge, object, sql::ObjectSql,
    },
    store::{portal, sql::SqlError},
    values::{config::Config, http, ids::PortalId},
};

/// See the module.
#[durable_object]
pub struct Portal {
    state: State,
    env: Env,
    sql: ObjectSql,
    engine: RefCell<Option<Engine>>,
    nudge: Nudge,
}

// The engine is taken out of its cell for each synchronous stretch; a panic or a failed statement loses it, and it is
// loaded again from what was committed.
impl std::panic::UnwindSafe for Portal {}
impl std::panic::RefUnwindSafe for Portal {}

/// What an effect turns into; `None`: nothing for the engine.
type Pending<'a> = FuturesUnordered<LocalBoxFuture<'a, Event>>;

impl DurableObject for Portal {
    fn new(state: State, env: Env) -> Self {
        let sql = ObjectSql::new(state.storage());
        Self { state, env, sql, engine: RefCell::new(None), nudge: Nudge::default() }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let actor = object::actor(&request);
        let command: Command = object::command(&mut request).await?;
        let config = self.config()?;
        let (mut answer, effects) =
            match self.turn(&config, |engine, turn| engine.command_by(turn, &actor, command)) {
                Ok(done) => done,
                Err(error) => {
                    self.log("a command failed", &[("error", error.to_string().into())]);
                    return Response::error("storage", 500);
                }
            };
        // A command only writes and arms the alarm: what it left to do leaves from there.
        let mut none = Pending::new();
        for effect in effects {
            self.start(&config, effect, &mut none).await?;
        }
        if let Answer::Status(status) = &mut answer {
            status.rows_written = self.sql.rows_written();
        }
        object::answer(&answer)
    }

    async fn alarm(&self) -> Result<Response> {
        let config = self.config()?;
        // Alarms of one object never overlap: a shift that still stands belongs to a run that was cut off.
        if self.engine.borrow().as_ref().is_some_and(Engine::busy) {
            self.engine.replace(None);
        }
        let mut pending = Pending::new();
        let mut event = Event::Alarm;
        loop {
            let effects = match self.turn(&config, |engine, turn| engine.step(turn, event)) {
                Ok(effects) => effects,
                Err(error) => {
                    self.log("a turn failed and is repeated", &[("error", error.to_string().into())]);
                    self.alert(&config, Alert::TurnFailed);
                    return Err(error.to_string().into());
                }
            };
            for effect in effects {
                self.start(&config, effect, &mut pending).await?;
            }
            if !self.engine.borrow().as_ref().is_some_and(Engine::busy) {
                return Response::empty();
            }
            let nudged = std::pin::pin!(self.nudge.wait());
            event = match select(pending.next(), nudged).await {
                Either::Left((Some(next), _)) => next,
                // The engine waits for nothing that was started: end here, the next tick revives it.
                Either::Left((None, _)) => return Response::empty(),
                Either::Right(((), _)) => Event::Woke,
            };
        }
    }
}

impl Portal {
    fn config(&self) -> Result<Rc<Config>> {
        config::load(&self.env).map_err(|error| error.to_string().into())
    }

    /// One event: one transaction.
    fn turn<T>(
        &self,
        config: &Config,
        body: impl FnOnce(&mut Engine, &mut Turn<'_>) -> std::result::Result<T, SqlError>,
    ) -> std::result::Result<T, SqlError> {
        let held = self.engine.take();
        let (engine, result) = self.sql.transaction(|| {
            let mut random = |bytes: &mut [u8]| {
                getrandom::fill(bytes)
                    .expect("workerd's crypto.getRandomValues serves requests of this size");
            };
            let mut turn = Turn { sql: &self.sql, now: clock::now(), config, random: &mut random };
            let mut engine = match held {
                Some(engine) => engine,
                None => {
                    portal::open(&self.sql)?;
                    Engine::load(&turn)?
                }
            };
            let result = body(&mut engine, &mut turn)?;
            Ok::<_, SqlError>((engine, result))
        })?;
        self.engine.replace(Some(engine));
        Ok(result)
    }

    /// Starts one effect; what answers goes to `pending`.
    async fn start<'a>(
        &'a self,
        config: &Rc<Config>,
        effect: Effect,
        pending: &mut Pending<'a>,
    ) -> Result<()> {
        match effect {
            Effect::Send { call, request } => {
                pending.push(Self::send(Rc::clone(config), call, request).boxed_local());
            }
            Effect::Deliver { call, post } => {
                let sent = async move { Event::Delivered { call, outcome: deliver::send(&post).await } };
                pending.push(sent.boxed_local());
            }
            Effect::Nudge => self.nudge.ring(),
            Effect::Ask(ask) => {
                pending.push(async move { Event::Granted(self.ask(ask).await) }.boxed_local());
            }
            Effect::AskFor { seat, ask } => {
                let asked = async move { Event::GrantedFor { grant: self.ask(ask).await, seat } };
                pending.push(asked.boxed_local());
            }
            Effect::Tell(ask) => {
                let (env, portal) = (self.env.clone(), self.portal_id());
                self.state.wait_until(async move {
                    // What is not told counts as used until it runs out: nothing to repair.
                    let _ = ask_limiter(&env, portal, ask).await;
                });
            }
            Effect::WakeAt(at) => {
                let wait = at.since_ms(clock::now()).max(0) as u64;
                pending.push(Delay::from(Duration::from_millis(wait)).map(|()| Event::Woke).boxed_local());
            }
            Effect::SetAlarm(at) => {
                self.state.storage().set_alarm(at.since_ms(clock::now()).max(0)).await?;
            }
            Effect::Log(message) => self.log(&message, &[]),
            Effect::Alert(alert) => self.alert(config, alert),
        }
        Ok(())
    }

    async fn send(config: Rc<Config>, call: u64, request: http::Request) -> Event {
        let outcome = fetch::send(&config.hubspot_api_url, &request).await;
        Event::Answered { call, outcome }
    }

    async fn ask(&self, ask: Ask) -> Option<Grant> {
        match ask_limiter(&self.env, self.portal_id(), ask).await {
            Ok(grant) => grant,
            Err(error) => {
                self.log("the limiter did not answer", &[("error", error.into())]);
                None
            }
        }
    }

    fn alert(&self, config: &Rc<Config>, alert: Alert) {
        let (env, config) = (self.env.clone(), Rc::clone(config));
        let connection = self.engine.borrow().as_ref().and_then(Engine::connection_id);
        self.state.wait_until(async move { alerts::raise(&env, &config, alert, connection).await });
    }

    fn portal_id(&self) -> Option<PortalId> {
        self.engine.borrow().as_ref().and_then(Engine::portal_id)
    }

    fn log(&self, message: &str, fields: &[(&str, Value)]) {
        let mut all = vec![("object", Value::from("portal"))];
        all.extend(self.portal_id().map(|portal| ("portal.id", Value::from(portal.0))));
        all.extend_from_slice(fields);
        log::line(message, &all);
    }
}

async fn ask_limiter(
    env: &Env,
    portal: Option<PortalId>,
    ask: Ask,
) -> std::result::Result<Option<Grant>, String> {
    let Some(portal) = portal else { return Ok(None) };
    let namespace = env.durable_object("LIMITER").map_err(|error| error.to_string())?;
    let stub = limiter_object::stub(&namespace, portal).map_err(|error| error.to_string())?;
    match object::ask(&stub, &LimiterCommand::Acquire(ask)).await {
        Ok(LimiterAnswer::Granted(grant)) => Ok(Some(grant)),
        Ok(LimiterAnswer::Gauges(_)) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}
