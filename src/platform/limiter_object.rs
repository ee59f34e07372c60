//! The `Limiter` Durable Object: one per HubSpot portal, named `portal:{portal id}`.
//!
//! Owns the windows of that portal in memory and one row of what must survive. Decides nothing; see [`limiter`].

use std::cell::RefCell;

use worker::{DurableObject, Env, ObjectNamespace, Request, Response, Result, State, Stub, durable_object};

use crate::{
    engine::limiter::{
        Limiter as Windows, Saved,
        messages::{Answer, Command},
    },
    platform::{clock, log, object, sql::ObjectSql},
    store::{schema, sql::SqlError},
    values::{ids::PortalId, json},
};

/// Where the saved windows lie in `meta`.
const KEY: &str = "limiter";

/// The object of a portal. Its name is storage: pinned by test.
pub fn stub(namespace: &ObjectNamespace, portal: PortalId) -> Result<Stub> {
    namespace.id_from_name(&format!("portal:{portal}"))?.get_stub()
}

/// See the module.
#[durable_object(fetch)]
pub struct Limiter {
    sql: ObjectSql,
    windows: RefCell<Option<Windows>>,
}

// State is taken out of its cell for each synchronous stretch; a panic loses it, and it is loaded again.
impl std::panic::UnwindSafe for Limiter {}
impl std::panic::RefUnwindSafe for Limiter {}

impl DurableObject for Limiter {
    fn new(state: State, _env: Env) -> Self {
        Self { sql: ObjectSql::new(state.storage()), windows: RefCell::new(None) }
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
        let mut windows = match self.windows.take() {
            Some(windows) => windows,
            None => {
                schema::open(&self.sql, &[])?;
                // Saved windows that cannot be read are those of another build: begin cautiously.
                let saved = schema::get(&self.sql, KEY)?.and_then(|json| json::parse::<Saved>(&json).ok());
                Windows::new(now, saved)
            }
        };
        let answer = match command {
            Command::Acquire(ask) => Answer::Granted(windows.acquire(now, ask)),
            Command::Gauges { app } => Answer::Gauges(windows.gauges(now, app)),
        };
        if let Some(saved) = windows.take_saved() {
            let json = serde_json::to_string(&saved).map_err(|_| SqlError::Content("limiter"))?;
            schema::set(&self.sql, KEY, &json)?;
        }
        self.windows.replace(Some(windows));
        Ok(answer)
    }
}
