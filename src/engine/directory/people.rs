//! People at browsers: links, sessions, sign-in, and the OAuth state that ties a return from HubSpot to its start.

use crate::{
    engine::directory::{
        Draw, NOT_FOUND, connections,
        messages::{Answer, CONSOLE, OAuthStart, Person, Refusal, Role, Session},
    },
    store::{
        directory::{
            connections as rows, keys,
            people::{self, Link, State, StoredSession},
            workspaces,
        },
        sql::{Sql, SqlError},
    },
    values::{
        crypto::{sha256_hex, token_from_random},
        ids::{ApiKeyId, AppKey, ConnectionId, WorkspaceId},
        time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp},
    },
};

/// Life of a one-time link: the host redirects to it at once.
const LINK_MS: i64 = 5 * MINUTE_MS;
/// Life of a session: a working day; the host makes a new link in a second.
const SESSION_MS: i64 = 8 * HOUR_MS;
/// Life of an OAuth state (design 1).
const STATE_MS: i64 = 10 * MINUTE_MS;

/// Failed sign-ins of one client, a network or a known browser, in [`ATTEMPT_WINDOW_MS`] before it has to wait.
///
/// What guessers are left with: a network tries [`ATTEMPTS_A_DAY`] passwords a day. `n` networks together try 5 `n` in a quarter of an
/// hour until that is [`CROWD`], then `n` and at most [`ATTEMPTS_KEPT`]: 50 `n` a day, and never more than 96 × 20,000 = 1.9 million
/// (2^21), for which it takes 20,000 networks (of IPv6 sites of 48 bits). The shortest password that is taken has 16 characters: of
/// random ones 2^95 passwords, 2^73 days until half are tried; of four words of a list of 7,776, 2^51 and 2^29 days.
///
/// What attackers can shut out: nobody who has signed in from the same browser before, whatever they do. A browser that is new waits
/// only while its own network is among those that guess, or while 20,000 networks do at once.
const ATTEMPTS_PER_CLIENT: u32 = 5;
/// The same while there is a crowd, of networks only.
const ATTEMPTS_IN_A_CROWD: u32 = 1;
/// Failed sign-ins of one client a day.
const ATTEMPTS_A_DAY: u32 = 50;
/// Failed sign-ins of all together in the window that are a crowd: no operator types so much.
const CROWD: u32 = 200;
/// Failed sign-ins that are remembered, 200 bytes each with their indexes; as many within the window stop all but known browsers.
const ATTEMPTS_KEPT: u32 = 20_000;
/// See [`ATTEMPTS_PER_CLIENT`].
const ATTEMPT_WINDOW_MS: i64 = 15 * MINUTE_MS;

pub(super) fn create_link(
    sql: &dyn Sql,
    now: Timestamp,
    draw: Draw,
    workspace: WorkspaceId,
    person: Person,
    by: Option<ApiKeyId>,
) -> Result<Answer, SqlError> {
    if workspaces::get(sql, &workspace)?.is_none() {
        return Ok(NOT_FOUND);
    }
    // The front believes a key for seconds after it was revoked; what it makes then would outlive it for hours.
    let is_good =
        |key: keys::Stored| key.workspace == workspace && key.expires_at.is_none_or(|end| end > now);
    if let Some(key) = &by
        && !keys::get(sql, key)?.is_some_and(is_good)
    {
        return Ok(Answer::Refused(Refusal::BadKey));
    }
    let secret = token_from_random(draw.secret);
    let expires_at = now.plus_ms(LINK_MS);
    let link = Link { workspace, person, expires_at, used_at: None, made_by: by };
    people::insert_link(sql, &sha256_hex(secret.expose().as_bytes()), &link)?;
    Ok(Answer::Secret { secret: secret.expose().clone(), expires_at })
}

pub(super) fn open_link(sql: &dyn Sql, now: Timestamp, draw: Draw, hash: &str) -> Result<Answer, SqlError> {
    let Some(link) = people::link(sql, hash)? else { return Ok(Answer::Refused(Refusal::LinkUnknown)) };
    if link.used_at.is_some() || link.expires_at <= now {
        return Ok(Answer::Refused(Refusal::LinkSpent));
    }
    people::spend_link(sql, hash, now)?;
    let session = StoredSession {
        workspace: Some(link.workspace),
        person: link.person,
        expires_at: now.plus_ms(SESSION_MS),
        made_by: link.made_by,
        within: None,
    };
    begin(sql, now, draw, &session)
}

pub(super) fn end_sessions(
    sql: &dyn Sql,
    now: Timestamp,
    workspace: &WorkspaceId,
    user: Option<&str>,
) -> Result<Answer, SqlError> {
    if workspaces::get(sql, workspace)?.is_none() {
        return Ok(NOT_FOUND);
    }
    let (sessions, links) = people::delete_of_people(sql, workspace, user, now)?;
    Ok(Answer::Ended { sessions, links })
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
    known: bool,
    correct: bool,
) -> Result<Answer, SqlError> {
    // How long until fewer than `most` lie within `window_ms`.
    let wait = |client: Option<&str>, most: u32, window_ms: i64| -> Result<Option<i64>, SqlError> {
        let since = now.minus_ms(window_ms);
        Ok(people::nth_attempt(sql, client, most, since)?.map(|at| at.since_ms(since).max(1)))
    };
    let crowd = !known && wait(None, CROWD, ATTEMPT_WINDOW_MS)?.is_some();
    let most = if crowd { ATTEMPTS_IN_A_CROWD } else { ATTEMPTS_PER_CLIENT };
    let own = wait(Some(client), most, ATTEMPT_WINDOW_MS)?;
    let own = own.max(wait(Some(client), ATTEMPTS_A_DAY, DAY_MS)?);
    let all = if crowd { wait(None, ATTEMPTS_KEPT, ATTEMPT_WINDOW_MS)? } else { None };
    if let Some(wait_ms) = own.max(all) {
        return Ok(Answer::Refused(Refusal::TooMany { wait_ms }));
    }
    if !correct {
        people::insert_attempt(sql, client, now)?;
        people::keep_attempts(sql, ATTEMPTS_KEPT)?;
        return Ok(Answer::Refused(Refusal::WrongPassword));
    }
    let operator = Person { user: "operator".to_owned(), role: Role::Administrator, return_url: None };
    let session = StoredSession {
        workspace: None,
        person: operator,
        expires_at: now.plus_ms(SESSION_MS),
        made_by: None,
        within: None,
    };
    begin(sql, now, draw, &session)
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
    let session = StoredSession {
        workspace: Some(workspace.clone()),
        person,
        // Over with the console's at the latest.
        expires_at: operator.expires_at,
        made_by: None,
        within: Some(hash.to_owned()),
    };
    begin(sql, now, draw, &session)
}

fn begin(sql: &dyn Sql, now: Timestamp, draw: Draw, stored: &StoredSession) -> Result<Answer, SqlError> {
    let secret = token_from_random(draw.secret);
    let hash = sha256_hex(secret.expose().as_bytes());
    people::insert_session(sql, &hash, stored)?;
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
