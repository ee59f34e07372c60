//! The `Directory` Durable Object, one for the deployment, and how it is asked. Decides nothing; see
//! [`crate::engine::directory`].

use std::cell::Cell;

use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

use crate::{
    api::response,
    engine::{
        actor::Actor,
        directory::{
            self, Draw,
            messages::{Answer, Command, OBJECT_NAME},
        },
    },
    platform::{clock, config, fault::Fault, log, object, random, sql::ObjectSql},
    store::sql::SqlError,
    values::problem::Problem,
};

/// See the module.
#[durable_object(fetch)]
pub struct Directory {
    sql: ObjectSql,
    is_open: Cell<bool>,
    env: Env,
}

// Nothing is held between two statements but whether the tables are there; opening twice is harmless.
impl std::panic::UnwindSafe for Directory {}
impl std::panic::RefUnwindSafe for Directory {}

impl DurableObject for Directory {
    fn new(state: State, env: Env) -> Self {
        Self { sql: ObjectSql::new(state.storage()), is_open: Cell::new(false), env }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let actor = object::actor(&request);
        let command = object::command(&mut request).await?;
        match self.answer(&actor, command) {
            Ok(answer) => object::answer(&answer),
            Err(error) => {
                log::line("directory storage failed", &[("error", error.to_string().into())]);
                Response::error("storage", 500)
            }
        }
    }
}

impl Directory {
    fn answer(&self, actor: &Actor, command: Command) -> std::result::Result<Answer, SqlError> {
        if !self.is_open.get() {
            self.sql.transaction(|| directory::open(&self.sql))?;
            self.is_open.set(true);
        }
        // The front refuses what this deployment has not stamped before it asks; without a configuration it asks nothing.
        let stamp = |random| config::load(&self.env).map_or(random, |config| config.keyring.stamp(random));
        let draw = Draw { id: random::bytes(), secret: stamp(random::bytes()) };
        self.sql.transaction(|| directory::handle_by(&self.sql, clock::now(), draw, actor, command))
    }
}

/// Asks the one Directory, for Spoke itself.
pub async fn ask(env: &Env, command: &Command) -> std::result::Result<Answer, Fault> {
    ask_by(env, &Actor::Spoke, command).await
}

/// Asks the one Directory for somebody, of whom its audit log tells.
pub async fn ask_by(env: &Env, actor: &Actor, command: &Command) -> std::result::Result<Answer, Fault> {
    let stub = env.durable_object("DIRECTORY")?.get_by_name(OBJECT_NAME)?;
    Ok(object::ask_by(&stub, actor, command).await?)
}

/// An answer that the command asked does not promise: two builds side by side, or a bug.
pub fn unexpected() -> Fault {
    Fault::noticed("the directory answered something else", "unexpected answer")
}

/// The problem of an answer that is not the one hoped for.
pub fn refused(answer: Answer) -> Problem {
    match answer {
        Answer::Refused(refusal) => response::problem(&refusal),
        _ => unexpected().into(),
    }
}
