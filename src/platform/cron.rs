//! The tick: every connection with something to do goes into the queue, up to a hundred names a message.
//!
//! Two ticks in flight do no harm: a poke only arms an alarm that is not armed.

use serde::{Deserialize, Serialize};
use worker::Env;

use crate::{
    engine::directory::messages::{Answer, Command, Poke},
    platform::{directory_object as directory, fault::Fault, log},
};

/// Names of one message: 100 of 170 bytes are 17 KB of the queue's 128, and ten messages a page 170 KB of a batch's 256.
const NAMES: usize = 100;

/// One message of the queue.
#[derive(Debug, Serialize, Deserialize)]
pub struct Pokes {
    /// At most [`NAMES`].
    pub pokes: Vec<Poke>,
}

/// Runs a tick. What could not be queued is reached by the next.
pub async fn tick(env: &Env) {
    match queue(env).await {
        Ok(connections) => log::line("tick", &[("connections", connections.into())]),
        Err(fault) => log::line("a tick broke off", &[("correlation_id", fault.correlation_id.into())]),
    }
}

async fn queue(env: &Env) -> Result<u64, Fault> {
    let queue = env.queue("POKES")?;
    let mut after = None;
    let mut connections = 0;
    loop {
        let answer = directory::ask(env, &Command::Tick { after }).await?;
        let Answer::Tick { page, next } = answer else { return Err(directory::unexpected()) };
        connections += page.len() as u64;
        let messages: Vec<Pokes> = page.chunks(NAMES).map(|pokes| Pokes { pokes: pokes.to_vec() }).collect();
        if !messages.is_empty() {
            queue.send_batch(messages).await?;
        }
        if next.is_none() {
            return Ok(connections);
        }
        after = next;
    }
}
