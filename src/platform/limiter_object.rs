//! The `Limiter` Durable Object: one per HubSpot portal, named `portal:{portal id}`.
//!
//! Owns the windows of that portal in memory, and the rows of what must survive. Decides nothing; see [`engine`].

use std::cell::RefCell;

use worker::{DurableObject, Env, ObjectNamespace, Request, Response, Result, State, Stub, durable_object};

use crate::{
    engine::limiter::{
        self as engine,
        messages::{Answer, Command},
    },
    platform::{clock, log, object, sql::ObjectSql},
    store::sql::SqlError,
    values::ids::PortalId,
};

/// The object of a portal. Its name is storage: pinned by test.
pub fn stub(namespace: &ObjectNamespace, portal: PortalId) -> Result<Stub> {
    namespace.id_from_name(&format!("portal:{portal}"))?.get_stub()
}

/// See the module.
#[durable_object(fetch)]
pub struct Limiter {
    sql: ObjectSql,
    limiter: RefCell<Option<engine::Limiter>>,
}

// State is taken out of its cell for each synchronous stretch; a panic loses it, and it is loaded again.
impl std::panic::UnwindSafe for Limiter {}
impl std::panic::RefUnwindSafe for Limiter {}

impl DurableObject for Limiter {
    fn new(state: State, _env: Env) -> Self {
        Self { sql: ObjectSql::new(state.storage()), limiter: RefCell::new(None) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let command = object::command(&mut request).await?;
        match self.answer(&command) {
            Ok(answer) => object::answer(&answer),
            Err(error) => {
                log::line("limiter storage failed", &[("error", error.to_string().into())]);
                Response::error("storage", 500)
            }
        }
    }
}

impl Limiter {
    fn answer(&self, command: &Command) -> std::result::Result<Answer, SqlError> {
        let now = clock::now();
        let mut limiter = match self.limiter.take() {
            Some(limiter) => limiter,
            None => engine::Limiter::load(&self.sql, now)?,
        };
        let answer = match command {
            Command::Acquire(ask) => Answer::Granted(limiter.acquire(now, ask)),
            Command::Gauges { app } => Answer::Gauges(limiter.gauges(now, app)),
        };
        limiter.save(&self.sql)?;
        self.limiter.replace(Some(limiter));
        Ok(answer)
    }
}
