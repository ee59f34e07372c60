//! The Directory's decisions: who may come in, and which connections there are.
//!
//! [`handle`] takes one command, does all of its writes and answers; the caller wraps it in one transaction. Time and
//! random bytes are arguments. It knows nothing of how a connection fares: that is its Portal's.

pub mod alerts;
pub mod api_key;
pub mod audit;
mod connections;
pub mod messages;
mod people;
pub mod requests;
#[cfg(test)]
mod tests;

use crate::{
    engine::{
        actor::Actor,
        directory::messages::{
            Answer, ApiKey, Command, Health, Permissions, Refusal, WORKSPACES_LIMIT, Workspace,
        },
    },
    store::{
        audit::Wanted,
        directory::{self, connections as rows, counters, keys, workspaces},
        schema,
        sql::{Sql, SqlError},
    },
    values::{
        crypto::{constant_time_eq, sha256_hex},
        ids::{ApiKeyId, WorkspaceId},
        time::{MINUTE_MS, Timestamp},
    },
};

/// Keys a workspace may have at once: one per service and environment, with room to rotate them.
const KEYS_PER_WORKSPACE: u32 = 100;
/// How exact `used_at` of a key is: a write per five minutes and key instead of one per request.
const USED_AT_STEP_MS: i64 = 5 * MINUTE_MS;
/// Where `meta` keeps the newest tick's moment.
const TICKED_AT: &str = "ticked_at";

/// Random bytes for one command: an id and a secret.
#[derive(Clone)]
pub struct Draw {
    /// For an id.
    pub id: [u8; 12],
    /// For a secret.
    pub secret: [u8; 32],
}

/// Opens the database; once per start of the object.
pub fn open(sql: &dyn Sql) -> Result<(), SqlError> {
    directory::open(sql)
}

/// Does what is asked, and writes down who asked for it.
pub fn handle_by(
    sql: &dyn Sql,
    now: Timestamp,
    draw: Draw,
    actor: &Actor,
    command: Command,
) -> Result<Answer, SqlError> {
    let asked = audit::asked(&command);
    let answer = handle(sql, now, draw, command)?;
    if let Some(asked) = asked {
        audit::note(sql, now, actor, asked, &answer)?;
    }
    Ok(answer)
}

/// Does what is asked.
pub fn handle(sql: &dyn Sql, now: Timestamp, draw: Draw, command: Command) -> Result<Answer, SqlError> {
    match command {
        Command::CreateWorkspace { name, jurisdiction } => {
            let workspace =
                Workspace { id: WorkspaceId::from_random(draw.id), name, jurisdiction, created_at: now };
            workspaces::insert(sql, &workspace)?;
            Ok(Answer::Workspace(workspace))
        }
        Command::Workspace { workspace } => {
            Ok(workspaces::get(sql, &workspace)?.map_or(NOT_FOUND, Answer::Workspace))
        }
        Command::Workspaces { after, limit, query } => page(sql, after.as_ref(), limit, &query),

        Command::CreateKey { workspace, name, expires_at, permissions } => {
            create_key(sql, now, draw, &workspace, name, expires_at, permissions)
        }
        Command::Keys { workspace } => {
            if workspaces::get(sql, &workspace)?.is_none() {
                return Ok(NOT_FOUND);
            }
            Ok(Answer::Keys(keys::of_workspace(sql, &workspace)?))
        }
        Command::RevokeKey { workspace, key } => {
            if !keys::revoke(sql, &workspace, &key, now)? {
                return Ok(NOT_FOUND);
            }
            directory::people::delete_of_key(sql, &key)?;
            Ok(Answer::Done)
        }
        Command::CountRefused { keys, paced } => {
            for (name, by) in [(counters::KEYS_REFUSED, keys), (counters::STRANGERS_PACED, paced)] {
                if by > 0 {
                    counters::add(sql, name, by)?;
                }
            }
            Ok(Answer::Done)
        }
        Command::VerifyKey { key, hash } => verify_key(sql, now, &key, &hash),

        Command::ClaimRequest { caller, key, fingerprint, repeats } => {
            requests::claim(sql, now, &caller, &key, &fingerprint, repeats)
        }
        Command::SettleRequest { caller, key, answer } => {
            requests::settle(sql, &caller, &key, answer.as_deref())
        }

        Command::CreateLink { workspace, person, by } => {
            people::create_link(sql, now, draw, workspace, person, by)
        }
        Command::EndSessions { workspace, user } => {
            people::end_sessions(sql, now, &workspace, user.as_deref())
        }
        Command::OpenLink { hash } => people::open_link(sql, now, draw, &hash),
        Command::Session { hash } => {
            Ok(people::session(sql, now, &hash)?.map_or(Answer::Refused(Refusal::NoSession), Answer::Session))
        }
        Command::EndSession { hash } => {
            directory::people::delete_session(sql, &hash)?;
            Ok(Answer::Done)
        }
        Command::SignIn { client, known, correct } => {
            people::sign_in(sql, now, draw, &client, known, correct)
        }
        Command::EnterWorkspace { hash, workspace } => {
            people::enter_workspace(sql, now, draw, &hash, &workspace)
        }

        Command::StartOAuth { session, workspace, app, connection } => {
            people::start_oauth(sql, now, draw, session, workspace, app, connection)
        }
        Command::FinishOAuth { state, sessions } => people::finish_oauth(sql, now, &state, &sessions),
        Command::RecordConnection(record) => connections::record(sql, now, draw, *record),
        Command::ConfirmConnection { connection } => connections::confirm(sql, &connection),
        Command::AbandonConnection { connection } => connections::abandon(sql, &connection),
        Command::Connections { workspace } => {
            if workspaces::get(sql, &workspace)?.is_none() {
                return Ok(NOT_FOUND);
            }
            Ok(Answer::Connections(rows::of_workspace(sql, &workspace)?))
        }
        Command::Connection { connection } => {
            let found = rows::get(sql, &connection)?.filter(connections::is_shown);
            Ok(found.map_or(NOT_FOUND, Answer::Connection))
        }
        Command::Rename { workspace, connection, name } => {
            Ok(if rows::rename(sql, &workspace, &connection, &name)? { Answer::Done } else { NOT_FOUND })
        }
        Command::PlanDisconnect { workspace, connection } => {
            connections::plan_disconnect(sql, &workspace, &connection)
        }
        Command::BeginDisconnect { workspace, connection } => {
            connections::begin_disconnect(sql, &workspace, &connection)
        }
        Command::EndDisconnect { of, connection } => connections::end_disconnect(sql, of, &connection),

        Command::Routes { source, portals } => connections::routes(sql, &source, portals),
        Command::Keepers { source, portal } => connections::keepers(sql, &source, portal),
        Command::Tick { after } => {
            if after.is_none() {
                directory::clear_expired(sql, now)?;
                audit::purge(sql, now)?;
                counters::add(sql, counters::TICKS, 1)?;
                schema::set(sql, TICKED_AT, &now.0.to_string())?;
            }
            connections::tick(sql, now, after.as_ref())
        }
        Command::Health => health(sql, now),
        Command::Audit { workspace, before, action, limit } => {
            let wanted = Wanted { before, workspace: workspace.as_ref(), action: &action, limit };
            Ok(Answer::Audit(crate::engine::audit::page(sql, &wanted)?))
        }
        Command::Alert { alert, connection } => alerts::raise(sql, now, alert, connection.as_ref()),
        Command::AlertTold { alert } => alerts::told(sql, now, alert),
    }
}

const NOT_FOUND: Answer = Answer::Refused(Refusal::NotFound);

fn page(sql: &dyn Sql, after: Option<&WorkspaceId>, limit: u32, query: &str) -> Result<Answer, SqlError> {
    let limit = limit.clamp(1, WORKSPACES_LIMIT);
    let mut found = workspaces::page(sql, after, limit + 1, query.trim())?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = if more { found.last().map(|workspace| workspace.id.clone()) } else { None };
    let mut page = Vec::with_capacity(found.len());
    for workspace in found {
        let connections = rows::of_workspace(sql, &workspace.id)?;
        page.push((workspace, connections));
    }
    Ok(Answer::Workspaces { page, next })
}

fn create_key(
    sql: &dyn Sql,
    now: Timestamp,
    draw: Draw,
    workspace: &WorkspaceId,
    name: String,
    expires_at: Option<Timestamp>,
    permissions: Permissions,
) -> Result<Answer, SqlError> {
    if workspaces::get(sql, workspace)?.is_none() {
        return Ok(NOT_FOUND);
    }
    if keys::count(sql, workspace)? >= u64::from(KEYS_PER_WORKSPACE) {
        return Ok(Answer::Refused(Refusal::Full { most: KEYS_PER_WORKSPACE }));
    }
    let id = ApiKeyId::from_random(draw.id);
    let secret = api_key::mint(&id, draw.secret);
    let key = ApiKey { id, name, created_at: now, expires_at, used_at: None, permissions };
    keys::insert(sql, workspace, &key, &sha256_hex(secret.expose().as_bytes()))?;
    Ok(Answer::KeyCreated { key, secret: secret.expose().clone() })
}

/// Found by its public id, then compared once in constant time: neither step tells how much of a guess was right.
fn verify_key(sql: &dyn Sql, now: Timestamp, id: &ApiKeyId, hash: &str) -> Result<Answer, SqlError> {
    let Some(stored) = keys::get(sql, id)? else { return Ok(Answer::Refused(Refusal::BadKey)) };
    let right = constant_time_eq(stored.hash.as_bytes(), hash.as_bytes());
    if !right || stored.expires_at.is_some_and(|end| end <= now) {
        return Ok(Answer::Refused(Refusal::BadKey));
    }
    if stored.used_at.is_none_or(|used_at| now.since_ms(used_at) >= USED_AT_STEP_MS) {
        keys::touch(sql, id, now)?;
    }
    Ok(Answer::KeyHolder { workspace: stored.workspace, permissions: stored.permissions })
}

fn health(sql: &dyn Sql, now: Timestamp) -> Result<Answer, SqlError> {
    let (connections, active) = rows::count(sql)?;
    let ticked_at = schema::get(sql, TICKED_AT)?.and_then(|text| text.parse().ok()).map(Timestamp);
    Ok(Answer::Health(Health {
        workspaces: workspaces::count(sql)?,
        connections,
        active,
        ticked_at,
        counters: counters::all(sql)?,
        alerts: alerts::standing(sql, now)?,
    }))
}
