//! The queue's other end: pokes Portals, and finishes what a connect or disconnect left undone.
//!
//! One that fails is logged and left to the next tick; it never fails the others, and nothing is retried by the queue.

use futures_util::{StreamExt as _, stream};
use worker::{Env, MessageBatch, MessageExt as _};

use crate::{
    engine::{
        directory::messages::{Answer, Command, Poke, Refusal, Task},
        portal::messages::{Command as PortalCommand, State},
    },
    platform::{cron::Pokes, directory_object as directory, disconnect, fault::Fault, log, portals},
    values::time::Timestamp,
};

/// Takes one batch.
pub async fn consume(env: &Env, batch: &MessageBatch<Pokes>) {
    for message in batch.iter() {
        match message {
            Ok(message) => {
                stream::iter(&message.body().pokes)
                    .for_each_concurrent(portals::AT_ONCE, |poke| async move {
                        if let Err(fault) = poked(env, poke).await {
                            log::line(
                                "a connection could not be poked",
                                &[
                                    ("connection", poke.connection.as_str().into()),
                                    ("correlation_id", fault.correlation_id.into()),
                                ],
                            );
                        }
                    })
                    .await;
                message.ack();
            }
            // Of another build; the next tick brings what it named.
            Err(_) => log::line("a queue message is not understood", &[]),
        }
    }
}

async fn poked(env: &Env, poke: &Poke) -> Result<(), Fault> {
    match poke.task {
        Task::Poll => {
            portals::ask(env, &poke.object, &PortalCommand::Poke).await?;
        }
        Task::Settle => settle(env, poke).await?,
        Task::Disconnect { of, uninstall, revoke } => {
            disconnect::carry_on(env, &poke.connection, &poke.object, of, uninstall, revoke).await?;
        }
    }
    Ok(())
}

/// A connect was cut off between the Portal and the Directory: the Portal knows how far it came.
async fn settle(env: &Env, poke: &Poke) -> Result<(), Fault> {
    let connection = poke.connection.clone();
    let status = portals::status(env, &poke.object).await?;
    let held = status.and_then(|status| match status.state {
        State::Active | State::Paused { .. } | State::PausedByPerson { .. } | State::NeedsReauthorisation => {
            Some(status.connected_at)
        }
        State::Disconnecting | State::Disconnected => None,
    });
    let command = if held.is_some() {
        Command::ConfirmConnection { connection }
    } else {
        Command::AbandonConnection { connection }
    };
    let answer = directory::ask(env, &command).await?;
    if let (Some(of), Answer::Refused(Refusal::Disconnecting | Refusal::NotFound)) = (held, answer) {
        stop(env, &poke.object, of).await?;
    }
    Ok(())
}

/// Stops a Portal that the Directory has given up.
pub async fn stop(env: &Env, object: &str, of: Timestamp) -> Result<(), Fault> {
    let command = PortalCommand::Disconnect { of, uninstall: false, revoke: false };
    portals::ask(env, object, &command).await?;
    Ok(())
}
