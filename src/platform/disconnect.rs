//! A disconnect: settled at the Directory, carried out by the Portal, ended at the Directory. A tick carries on where
//! this was cut off.

use worker::Env;

use crate::{
    engine::{
        directory::messages::{Answer, Command, Connection, ConnectionState, Plan, Refusal},
        portal::messages::{Command as PortalCommand, State, Status},
    },
    platform::{directory_object as directory, fault::Fault, portals, routes},
    values::ids::{ConnectionId, WorkspaceId},
};

/// Begins it. From the answer on the connection is not routed and its sync stands still.
pub async fn begin(
    env: &Env,
    workspace: WorkspaceId,
    connection: ConnectionId,
) -> Result<Result<Plan, Refusal>, Fault> {
    let mut plan = match directory::ask(env, &Command::BeginDisconnect { workspace, connection }).await? {
        Answer::Plan(plan) => plan,
        Answer::Refused(refusal) => return Ok(Err(refusal)),
        _ => return Err(directory::unexpected()),
    };
    if plan.connection.state == ConnectionState::Disconnecting {
        routes::forget(env, &plan.connection.app, plan.connection.portal).await;
        let connection = &plan.connection;
        if carry_on(env, &connection.id, &connection.object, plan.uninstall, plan.revoke).await? {
            plan.connection.state = ConnectionState::Disconnected;
        }
    }
    Ok(Ok(plan))
}

/// Ends what is over already, where someone looks: between two ticks the Portal finishes without telling anyone.
pub async fn end_if_over(
    env: &Env,
    connection: &mut Connection,
    status: Option<&Status>,
) -> Result<(), Fault> {
    let over = status.is_none_or(|status| status.state == State::Disconnected);
    if connection.state == ConnectionState::Disconnecting && over {
        directory::ask(env, &Command::EndDisconnect { connection: connection.id.clone() }).await?;
        connection.state = ConnectionState::Disconnected;
    }
    Ok(())
}

/// Brings one that was begun a step further; says whether it has ended. Doing it twice does nothing twice.
pub async fn carry_on(
    env: &Env,
    connection: &ConnectionId,
    object: &str,
    uninstall: bool,
    revoke: bool,
) -> Result<bool, Fault> {
    let stands =
        |status: Option<_>| status.map(|status: crate::engine::portal::messages::Status| status.state);
    let state = match stands(portals::status(env, object).await?) {
        Some(State::Active | State::Paused { .. } | State::NeedsReauthorisation) => {
            portals::ask(env, object, &PortalCommand::Disconnect { uninstall, revoke }).await?;
            stands(portals::status(env, object).await?)
        }
        Some(State::Disconnecting) => {
            portals::ask(env, object, &PortalCommand::Poke).await?;
            return Ok(false);
        }
        state @ (Some(State::Disconnected) | None) => state,
    };
    if matches!(state, Some(State::Disconnected) | None) {
        directory::ask(env, &Command::EndDisconnect { connection: connection.clone() }).await?;
        return Ok(true);
    }
    Ok(false)
}
