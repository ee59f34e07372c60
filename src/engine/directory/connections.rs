//! Connections: named when an account is authorised, counted as holders of grants, ended by the holder rules.
//!
//! What a connect or disconnect changes is in two objects, which no transaction spans. Both therefore begin here, are
//! confirmed here, and are finished by a tick where the front died in between.

use crate::{
    engine::directory::{
        Draw, NOT_FOUND,
        messages::{
            Answer, Connection, ConnectionState, Plan, Poke, RecordConnection, Refusal, Route, TICK_LIMIT,
            Task,
        },
    },
    store::{
        directory::{
            connections::{self as rows, Pending},
            counters, workspaces,
        },
        sql::{Sql, SqlError},
    },
    values::{
        ids::{AppKey, ConnectionId, PortalId, WorkspaceId},
        time::{MINUTE_MS, Timestamp},
    },
};

/// Connections a workspace may have: HubSpot accounts of one customer, with much room.
const CONNECTIONS_PER_WORKSPACE: u32 = 100;
/// After that an unconfirmed connect was interrupted: the front has 30 s for each call it makes.
const SETTLE_MS: i64 = 2 * MINUTE_MS;

/// Whether anyone but the connect under way knows it.
pub(super) fn is_shown(connection: &Connection) -> bool {
    connection.state != ConnectionState::Connecting
}

pub(super) fn record(
    sql: &dyn Sql,
    now: Timestamp,
    draw: Draw,
    record: RecordConnection,
) -> Result<Answer, SqlError> {
    let refused = |refusal| Ok(Answer::Refused(refusal));
    if workspaces::get(sql, &record.workspace)?.is_none() {
        return Ok(NOT_FOUND);
    }
    if let Some(id) = &record.expected {
        let same = |known: &Connection| known.workspace == record.workspace && known.app == record.app;
        let Some(expected) = rows::get(sql, id)?.filter(same) else {
            return Ok(NOT_FOUND);
        };
        if expected.portal != record.portal {
            return refused(Refusal::OtherPortal { expected: expected.portal });
        }
    }
    // An uninstall under way would take the new authorisation with it.
    let others = rows::of_portal(sql, &record.app, record.portal)?;
    if others.iter().any(|other| other.state == ConnectionState::Disconnecting) {
        return refused(Refusal::Disconnecting);
    }
    let known = rows::find(sql, &record.workspace, &record.app, record.portal)?;
    let is_known = known.as_ref().is_some_and(is_shown);
    let connection = if let Some(mut connection) = known {
        if let Some(name) = record.name.filter(|name| !name.is_empty()) {
            rows::rename(sql, &connection.workspace, &connection.id, &name)?;
            connection.name = name;
        }
        connection
    } else {
        if rows::count_of(sql, &record.workspace)? >= u64::from(CONNECTIONS_PER_WORKSPACE) {
            return refused(Refusal::Full { most: CONNECTIONS_PER_WORKSPACE });
        }
        let connection = Connection {
            id: ConnectionId::from_random(draw.id),
            workspace: record.workspace,
            app: record.app,
            portal: record.portal,
            portal_name: record.portal_name.clone(),
            name: record.name.clone().unwrap_or_default(),
            user: record.user,
            connected_by: record.connected_by.clone(),
            object: record.object,
            state: ConnectionState::Connecting,
            created_at: now,
            connected_at: now,
        };
        rows::insert(sql, &connection)?;
        connection
    };
    // Each authorisation is younger than the one before, whatever the clock says.
    let at = if is_known { now.max(connection.connected_at.plus_ms(1)) } else { now };
    let pending =
        Pending { portal_name: record.portal_name, user: record.user, connected_by: record.connected_by, at };
    rows::set_pending(sql, &connection.id, &pending, now.plus_ms(SETTLE_MS))?;
    Ok(Answer::Recorded { connection, known: is_known, at })
}

/// Also what a tick says of an interrupted connect whose Portal holds credentials. Where a disconnect came in between,
/// it wins, and the caller must tell the Portal.
pub(super) fn confirm(sql: &dyn Sql, id: &ConnectionId) -> Result<Answer, SqlError> {
    let Some(connection) = rows::get(sql, id)? else { return Ok(NOT_FOUND) };
    if let Some(pending) = rows::pending(sql, id)? {
        rows::confirm(sql, id, &pending)?;
    } else if connection.state != ConnectionState::Active {
        return Ok(Answer::Refused(Refusal::Disconnecting));
    }
    Ok(Answer::Done)
}

pub(super) fn abandon(sql: &dyn Sql, id: &ConnectionId) -> Result<Answer, SqlError> {
    match rows::get(sql, id)? {
        Some(connection) if connection.state == ConnectionState::Connecting => rows::delete(sql, id)?,
        Some(_) => rows::clear_pending(sql, id)?,
        None => {}
    }
    Ok(Answer::Done)
}

pub(super) fn plan_disconnect(
    sql: &dyn Sql,
    workspace: &WorkspaceId,
    id: &ConnectionId,
) -> Result<Answer, SqlError> {
    let Some(connection) = own(sql, workspace, id)? else { return Ok(NOT_FOUND) };
    Ok(Answer::Plan(plan(sql, connection)?))
}

pub(super) fn begin_disconnect(
    sql: &dyn Sql,
    workspace: &WorkspaceId,
    id: &ConnectionId,
) -> Result<Answer, SqlError> {
    let Some(connection) = own(sql, workspace, id)? else { return Ok(NOT_FOUND) };
    let mut plan = plan(sql, connection)?;
    if plan.connection.state == ConnectionState::Active {
        // Of an authorisation that has not confirmed, the Portal may hold the credentials already: they go too.
        if let Some(pending) = rows::pending(sql, id)? {
            plan.connection.connected_at = pending.at;
        }
        rows::begin_disconnect(sql, id, plan.connection.connected_at, plan.uninstall, plan.revoke)?;
        plan.connection.state = ConnectionState::Disconnecting;
    }
    Ok(Answer::Plan(plan))
}

pub(super) fn end_disconnect(sql: &dyn Sql, of: Timestamp, id: &ConnectionId) -> Result<Answer, SqlError> {
    if rows::get(sql, id)?
        .is_some_and(|known| known.state == ConnectionState::Disconnecting && known.connected_at == of)
    {
        rows::set_state(sql, id, ConnectionState::Disconnected)?;
    }
    Ok(Answer::Done)
}

fn own(sql: &dyn Sql, workspace: &WorkspaceId, id: &ConnectionId) -> Result<Option<Connection>, SqlError> {
    let found = rows::get(sql, id)?;
    Ok(found.filter(|connection| connection.workspace == *workspace && is_shown(connection)))
}

/// The holder rules (design 2): the app is uninstalled only with its last holder in the account, the grant revoked
/// only with its last holder. A holder whose HubSpot user is unknown may hold anyone's grant.
fn plan(sql: &dyn Sql, connection: Connection) -> Result<Plan, SqlError> {
    match connection.state {
        ConnectionState::Disconnecting => {
            let (uninstall, revoke) = rows::disconnect_of(sql, &connection.id)?;
            return Ok(Plan { connection, uninstall, revoke });
        }
        ConnectionState::Disconnected => return Ok(Plan { connection, uninstall: false, revoke: false }),
        ConnectionState::Active | ConnectionState::Connecting => {}
    }
    let mut others = rows::of_portal(sql, &connection.app, connection.portal)?;
    others.retain(|other| {
        other.id != connection.id
            && matches!(other.state, ConnectionState::Active | ConnectionState::Connecting)
    });
    let shares_grant = |other: &Connection| {
        other.user.is_none() || connection.user.is_none() || other.user == connection.user
    };
    // A token is the customer's own: neither it nor its app is ours to end.
    let ours = !connection.app.is_token();
    let revoke = ours && !others.iter().any(shares_grant);
    Ok(Plan { uninstall: ours && others.is_empty(), revoke, connection })
}

pub(super) fn routes(
    sql: &dyn Sql,
    source: &AppKey,
    portals: Vec<(PortalId, u32)>,
) -> Result<Answer, SqlError> {
    let mut routes = Vec::with_capacity(portals.len());
    let mut dropped = 0;
    for (portal, events) in portals {
        let followers: Vec<Route> = rows::of_portal(sql, source, portal)?
            .into_iter()
            .filter(|connection| connection.state == ConnectionState::Active)
            .map(|connection| Route { object: connection.object })
            .collect();
        if followers.is_empty() {
            dropped += u64::from(events);
        }
        routes.push((portal, followers));
    }
    if dropped > 0 {
        counters::add(sql, counters::EVENTS_WITHOUT_ROUTE, dropped)?;
    }
    Ok(Answer::Routes(routes))
}

/// Connections in every state: also one that is over keeps what was mirrored, and one that is being made may hold it already.
pub(super) fn keepers(sql: &dyn Sql, source: &AppKey, portal: PortalId) -> Result<Answer, SqlError> {
    let all = rows::of_portal(sql, source, portal)?;
    let routes = all.into_iter().map(|connection| Route { object: connection.object }).collect();
    Ok(Answer::Routes(vec![(portal, routes)]))
}

pub(super) fn tick(sql: &dyn Sql, now: Timestamp, after: Option<&ConnectionId>) -> Result<Answer, SqlError> {
    let mut due = rows::due(sql, after, TICK_LIMIT + 1, now)?;
    let more = due.len() > TICK_LIMIT as usize;
    due.truncate(TICK_LIMIT as usize);
    let next = if more { due.last().map(|due| due.id.clone()) } else { None };
    let page = due
        .into_iter()
        .map(|due| {
            let task = if due.state == ConnectionState::Disconnecting {
                Task::Disconnect {
                    of: due.connected_at,
                    uninstall: due.disconnect.0,
                    revoke: due.disconnect.1,
                }
            } else if due.settle {
                Task::Settle
            } else {
                Task::Poll
            };
            Poke { connection: due.id, object: due.object, task }
        })
        .collect();
    Ok(Answer::Tick { page, next })
}
