//! People at browsers: links, sessions, sign-in, and the OAuth state that ties a return from HubSpot to its start.

use crate::{
    engine::directory::{
        Draw, NOT_FOUND, connections,
        messages::{Answer, CONSOLE, OAuthStart, Person, Refusal, Role, Session},
    },
    store::{
        directory::{
            connections as rows,
            people::{self, Link, State, StoredSession},
            workspaces,
        },
        sql::{Sql, SqlError},
    },
    values::{
        crypto::{sha256_hex, token_from_random},
        ids::{AppKey, ConnectionId, WorkspaceId},
        time::{HOUR_MS, MINUTE_MS, Timestamp},
    },
};

/// Life of a one-time link: the host redirects to it at once.
const LINK_MS: i64 = 5 * MINUTE_MS;
/// Life of a session: a working day; the host makes a new link in a second.
const SESSION_MS: i64 = 8 * HOUR_MS;
/// Life of an OAuth state (design 1).
const STATE_MS: i64 = 10 * MINUTE_MS;

/// Failed sign-ins of one client in [`ATTEMPT_WINDOW_MS`] before it has to wait.
const ATTEMPTS_PER_CLIENT: u32 = 5;
/// Failed sign-ins of all clients together: 16 characters withstand this for ever, and the operator, who needs a
/// moment of quiet, is not shut out by one noisy stranger.
const ATTEMPTS_OF_ALL: u32 = 200;
/// Window of both.
const ATTEMPT_WINDOW_MS: i64 = 15 * MINUTE_MS;

pub(super) fn create_link(
    sql: &dyn Sql,
    now: Timestamp,
    draw: Draw,
    workspace: WorkspaceId,
    person: Person,
) -> Result<Answer, SqlError> {
    if workspaces::get(sql, &workspace)?.is_none() {
        return Ok(NOT_FOUND);
    }
    let secret = token_from_random(draw.secret);
    let expires_at = now.plus_ms(LINK_MS);
    let link = Link { workspace, person, expires_at, used_at: None };
    people::insert_link(sql, &sha256_hex(secret.expose().as_bytes()), &link)?;
    Ok(Answer::Secret { secret: secret.expose().clone(), expires_at })
}

pub(super) fn open_link(sql: &dyn Sql, now: Timestamp, draw: Draw, hash: &str) -> Result<Answer, SqlError> {
    let Some(link) = people::link(sql, hash)? else { return Ok(Answer::Refused(Refusal::LinkUnknown)) };
    if link.used_at.is_some() || link.expires_at <= now {
        return Ok(Answer::Refused(Refusal::LinkSpent));
    }
    people::spend_link(sql, hash, now)?;
    begin(sql, now, draw, Some(link.workspace), link.person)
}

/// The session of a cookie, if it is not over and its workspace still there.
pub(super) fn session(sql: &dyn Sql, now: Timestamp, hash: &str) -> Result<Option<Session>, SqlError> {
    let Some(stored) = people::session(sql, hash)?.filter(|stored| stored.expires_at > now) else {
        return Ok(None);
    };
    let workspace = match &stored.workspace {
        Some(id) => match workspaces::get(sql, id)? {
            Some(workspace) => Some(workspace),
            None => return Ok(None),
        },
        None => None,
    };
    Ok(Some(Session { workspace, person: stored.person, expires_at: stored.expires_at }))
}

/// A right password waits as long as a wrong one: otherwise the pause would tell which it was.
pub(super) fn sign_in(
    sql: &dyn Sql,
    now: Timestamp,
    draw: Draw,
    client: &str,
    correct: bool,
) -> Result<Answer, SqlError> {
    let since = now.minus_ms(ATTEMPT_WINDOW_MS);
    let own = people::nth_attempt(sql, Some(client), ATTEMPTS_PER_CLIENT, since)?;
    let all = people::nth_attempt(sql, None, ATTEMPTS_OF_ALL, since)?;
    if let Some(at) = own.max(all) {
        return Ok(Answer::Refused(Refusal::TooMany { wait_ms: at.since_ms(since).max(1) }));
    }
    if !correct {
        people::insert_attempt(sql, client, now)?;
        return Ok(Answer::Refused(Refusal::WrongPassword));
    }
    let operator = Person { user: "operator".to_owned(), role: Role::Administrator, return_url: None };
    begin(sql, now, draw, None, operator)
}

pub(super) fn enter_workspace(
    sql: &dyn Sql,
    now: Timestamp,
    draw: Draw,
    hash: &str,
    workspace: &WorkspaceId,
) -> Result<Answer, SqlError> {
    let Some(operator) = session(sql, now, hash)? else { return Ok(Answer::Refused(Refusal::NoSession)) };
    if operator.workspace.is_some() {
        return Ok(Answer::Refused(Refusal::NotAllowed));
    }
    if workspaces::get(sql, workspace)?.is_none() {
        return Ok(NOT_FOUND);
    }
    // A way back that no host can give: theirs are whole addresses.
    let person = Person { return_url: Some(CONSOLE.to_owned()), ..operator.person };
    begin(sql, now, draw, Some(workspace.clone()), person)
}

fn begin(
    sql: &dyn Sql,
    now: Timestamp,
    draw: Draw,
    workspace: Option<WorkspaceId>,
    person: Person,
) -> Result<Answer, SqlError> {
    let secret = token_from_random(draw.secret);
    let hash = sha256_hex(secret.expose().as_bytes());
    let stored = StoredSession { workspace, person, expires_at: now.plus_ms(SESSION_MS) };
    people::insert_session(sql, &hash, &stored)?;
    Ok(match session(sql, now, &hash)? {
        Some(session) => Answer::SessionMade { secret: secret.expose().clone(), session },
        None => NOT_FOUND,
    })
}

pub(super) fn start_oauth(
    sql: &dyn Sql,
    now: Timestamp,
    draw: Draw,
    session_hash: String,
    workspace: WorkspaceId,
    app: AppKey,
    connection: Option<ConnectionId>,
) -> Result<Answer, SqlError> {
    let Some(session) = session(sql, now, &session_hash)? else {
        return Ok(Answer::Refused(Refusal::NoSession));
    };
    if !administers(&session, &workspace) {
        return Ok(Answer::Refused(Refusal::NotAllowed));
    }
    if let Some(id) = &connection {
        let known = rows::get(sql, id)?.filter(connections::is_shown);
        if known.is_none_or(|known| known.workspace != workspace || known.app != app) {
            return Ok(NOT_FOUND);
        }
    }
    let secret = token_from_random(draw.secret);
    let expires_at = now.plus_ms(STATE_MS);
    let state = State { session: session_hash, workspace, app, connection, expires_at };
    people::insert_state(sql, &sha256_hex(secret.expose().as_bytes()), &state)?;
    Ok(Answer::Secret { secret: secret.expose().clone(), expires_at })
}

pub(super) fn finish_oauth(
    sql: &dyn Sql,
    now: Timestamp,
    state_hash: &str,
    sessions: &[String],
) -> Result<Answer, SqlError> {
    let refused = |refusal| Ok(Answer::Refused(refusal));
    // Used up first: whoever brings it, nobody brings it again.
    let Some(state) = people::take_state(sql, state_hash)? else { return refused(Refusal::StateUnknown) };
    if state.expires_at <= now {
        return refused(Refusal::StateExpired);
    }
    if !sessions.contains(&state.session) {
        return refused(Refusal::StateForeign);
    }
    let Some(session) = session(sql, now, &state.session)? else { return refused(Refusal::StateForeign) };
    let workspace = match &session.workspace {
        Some(workspace) if administers(&session, &state.workspace) => workspace.clone(),
        _ => return refused(Refusal::StateForeign),
    };
    let connection = match &state.connection {
        Some(id) => match rows::get(sql, id)? {
            Some(connection) => Some(connection),
            None => return refused(Refusal::NotFound),
        },
        None => None,
    };
    Ok(Answer::OAuth(Box::new(OAuthStart { session, workspace, app: state.app, connection })))
}

fn administers(session: &Session, workspace: &WorkspaceId) -> bool {
    session.person.role == Role::Administrator
        && session.workspace.as_ref().is_some_and(|own| own.id == *workspace)
}
