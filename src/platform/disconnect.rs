//! A disconnect: settled at the Directory, carried out by the Portal, ended at the Directory. A tick carries on where
//! this was cut off.

use std::time::Duration;

use worker::{Delay, Env};

use crate::{
    engine::{
        actor::Actor,
        directory::messages::{Answer, Command, Connection, ConnectionState, Plan, Refusal},
        portal::messages::{Answer as PortalAnswer, Command as PortalCommand, State, Status},
    },
    platform::{directory_object as directory, fault::Fault, portals, routes},
    values::{
        ids::{ConnectionId, WorkspaceId},
        time::Timestamp,
    },
};

/// Begins it. From the answer on the connection is not routed and its sync stands still.
pub async fn begin(
    env: &Env,
    actor: &Actor,
    workspace: WorkspaceId,
    connection: ConnectionId,
) -> Result<Result<Plan, Refusal>, Fault> {
    let mut plan =
        match directory::ask_by(env, actor, &Command::BeginDisconnect { workspace, connection }).await? {
            Answer::Plan(plan) => plan,
            Answer::Refused(refusal) => return Ok(Err(refusal)),
            _ => return Err(directory::unexpected()),
        };
    if plan.connection.state == ConnectionState::Disconnecting {
        routes::forget(env, &plan.connection.app, plan.connection.portal).await;
        let connection = &plan.connection;
        let ended = carry_on(
            env,
            &connection.id,
            &connection.object,
            connection.connected_at,
            plan.uninstall,
            plan.revoke,
        );
        if ended.await? {
            plan.connection.state = ConnectionState::Disconnected;
        }
    }
    Ok(Ok(plan))
}

/// Has everything deleted that was read, now or as soon as the disconnect is over; `false`: the connection goes on.
pub async fn delete_data(env: &Env, actor: &Actor, object: &str) -> Result<bool, Fault> {
    match portals::ask_by(env, object, actor, &PortalCommand::DeleteData).await? {
        // One that holds nothing has nothing to delete.
        PortalAnswer::Done | PortalAnswer::NotConnected => Ok(true),
        PortalAnswer::Stopped => Ok(false),
        _ => Err(directory::unexpected()),
    }
}

/// Waits a little for the Portal's farewell to HubSpot, two calls as a rule: until it has ended, the account cannot be
/// connected again, and a person who means to would be refused.
pub async fn see_off(env: &Env, plan: &Plan) -> Result<(), Fault> {
    /// 3 s in all; what takes longer is ended where someone looks.
    const LOOKS: u32 = 10;
    const PAUSE: Duration = Duration::from_millis(300);
    let mut connection = plan.connection.clone();
    for _ in 0..LOOKS {
        let status = portals::status(env, &connection.object).await?;
        end_if_over(env, &mut connection, status.as_ref()).await?;
        if connection.state == ConnectionState::Disconnected {
            break;
        }
        Delay::from(PAUSE).await;
    }
    Ok(())
}

/// Ends what is over already, where someone looks: between two ticks the Portal finishes without telling anyone.
pub async fn end_if_over(
    env: &Env,
    connection: &mut Connection,
    status: Option<&Status>,
) -> Result<(), Fault> {
    let over = status.is_none_or(|status| status.state == State::Disconnected);
    if connection.state == ConnectionState::Disconnecting && over {
        let end = Command::EndDisconnect { of: connection.connected_at, connection: connection.id.clone() };
        directory::ask(env, &end).await?;
        connection.state = ConnectionState::Disconnected;
    }
    Ok(())
}

/// Brings one that was begun a step further; says whether it has ended. Doing it twice does nothing twice, and doing it
/// after the account was connected anew does nothing to the new authorisation.
pub async fn carry_on(
    env: &Env,
    connection: &ConnectionId,
    object: &str,
    of: Timestamp,
    uninstall: bool,
    revoke: bool,
) -> Result<bool, Fault> {
    let stands =
        |status: Option<_>| status.map(|status: crate::engine::portal::messages::Status| status.state);
    let state = match stands(portals::status(env, object).await?) {
        Some(
            State::Active | State::Paused { .. } | State::PausedByPerson { .. } | State::NeedsReauthorisation,
        ) => {
            portals::ask(env, object, &PortalCommand::Disconnect { of, uninstall, revoke }).await?;
            stands(portals::status(env, object).await?)
        }
        Some(State::Disconnecting) => {
            portals::ask(env, object, &PortalCommand::Poke).await?;
            return Ok(false);
        }
        state @ (Some(State::Disconnected) | None) => state,
    };
    if matches!(state, Some(State::Disconnected) | None) {
        directory::ask(env, &Command::EndDisconnect { of, connection: connection.clone() }).await?;
        return Ok(true);
    }
    Ok(false)
}
