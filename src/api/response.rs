//! How answers look: JSON with ids as strings, moments in RFC 3339, and refusals as problems.

use serde_json::{Value, json};

use crate::{
    api::cursor,
    engine::{
        directory::messages::{ApiKey, Connection, ConnectionState, Plan, Refusal, Workspace},
        portal::{
            beside::{FollowedStatus, SourceStatus},
            links::standing::PairStatus,
            messages::{Phase, State, Status, StreamState, StreamStatus, Trouble},
            reconcile::{Finding, Reconcile},
            unreadable::Unreadable,
        },
    },
    values::{
        ids::{ConnectionId, WorkspaceId},
        problem::{Kind, Problem},
        time::Timestamp,
    },
};

fn moment(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| at.to_rfc3339().into())
}

/// One workspace.
pub fn workspace(workspace: &Workspace) -> Value {
    json!({
        "id": workspace.id,
        "name": workspace.name,
        "jurisdiction": workspace.jurisdiction,
        "created_at": workspace.created_at.to_rfc3339(),
    })
}

/// A page of workspaces.
pub fn workspaces<'a>(page: impl Iterator<Item = &'a Workspace>, next: Option<&WorkspaceId>) -> Value {
    json!({
        "results": page.map(workspace).collect::<Vec<_>>(),
        "next_cursor": next.map(|id| cursor::encode(cursor::Of::Workspaces, id.as_str())),
    })
}

/// A key as listed.
pub fn key(key: &ApiKey) -> Value {
    json!({
        "id": key.id,
        "name": key.name,
        "created_at": key.created_at.to_rfc3339(),
        "expires_at": moment(key.expires_at),
        "last_used_at": moment(key.used_at),
        "permissions": key.permissions.names(),
    })
}

/// A new key, with the secret that is shown this once.
pub fn key_created(created: &ApiKey, secret: &str) -> Value {
    let mut body = key(created);
    body["key"] = secret.into();
    body
}

/// A one-time link.
pub fn session(public_url: &str, secret: &str, expires_at: Timestamp) -> Value {
    json!({ "url": format!("{public_url}/s/{secret}"), "expires_at": expires_at.to_rfc3339() })
}

/// What ending sessions came to.
pub fn ended_sessions(sessions: u64, links: u64) -> Value {
    json!({ "sessions": sessions, "links": links })
}

/// A list that is never long enough for pages.
pub fn list(results: Vec<Value>) -> Value {
    json!({ "results": results, "next_cursor": null })
}

/// A connection as the Directory knows it.
pub fn connection(connection: &Connection) -> Value {
    json!({
        "id": connection.id,
        "workspace_id": connection.workspace,
        "app": connection.app,
        "portal_id": connection.portal.to_string(),
        "portal_name": connection.portal_name,
        "name": connection.name,
        "kind": if connection.app.is_token() { "token" } else { "oauth" },
        "hubspot_user_id": connection.user.map(|user| user.to_string()),
        "connected_by": connection.connected_by,
        "state": connection.state,
        "created_at": connection.created_at.to_rfc3339(),
        "connected_at": connection.connected_at.to_rfc3339(),
    })
}

/// A connection with what its Portal tells; `None`: it holds nothing.
pub fn connection_with_sync(of: &Connection, status: Option<&Status>) -> Value {
    let mut body = connection(of);
    if of.state == ConnectionState::Active
        && let Some(status) = status
    {
        body["state"] = state_name(status.state).into();
    }
    body["sync"] = status.map_or(Value::Null, sync);
    body
}

const fn state_name(state: State) -> &'static str {
    match state {
        State::Active => "active",
        State::Paused { .. } => "paused",
        State::PausedByPerson { .. } => "paused_by_person",
        State::NeedsReauthorisation => "needs_reauthorisation",
        State::Disconnecting => "disconnecting",
        State::Disconnected => "disconnected",
    }
}

fn sync(status: &Status) -> Value {
    let paused_until = match status.state {
        State::Paused { until } => Some(until),
        State::Active
        | State::PausedByPerson { .. }
        | State::NeedsReauthorisation
        | State::Disconnecting
        | State::Disconnected => None,
    };
    json!({
        "scopes": status.scopes,
        "webhooks": status.webhooks,
        "tier": status.tier,
        "paused_until": moment(paused_until),
        "streams": status.streams.iter().map(stream).collect::<Vec<_>>(),
        "beside": status.beside.iter().map(source).collect::<Vec<_>>(),
        "followed_lists": status.followed.as_ref().map(followed_lists),
        "associations": status.links.iter().map(pair).collect::<Vec<_>>(),
        "latest_change": status.latest_change.to_string(),
        "rows_written": status.rows_written,
        "stored_bytes": status.storage.bytes,
        "storage": {
            "bytes": status.storage.bytes,
            "limit_bytes": status.storage.limit,
            "level": status.storage.level.as_str(),
        },
        "trouble": status.trouble.as_ref().map(trouble),
    })
}

fn reconcile(of: &Reconcile) -> Value {
    let finding = |finding: &Finding| {
        json!({
            "done_at": moment(finding.done_at),
            "due_at": finding.due_at.to_rfc3339(),
            "calls": finding.calls,
            "found": finding.found,
            "calculated": finding.calculated,
            "cut_short": finding.cut_short,
        })
    };
    json!({
        "found": of.found,
        "read_at": moment(of.read_at),
        "counts": finding(&of.counts),
        "sweep": finding(&of.sweep),
        "sample": finding(&of.sample),
    })
}

fn stream(stream: &StreamStatus) -> Value {
    let backfill = match stream.phase {
        Phase::Backfill => json!({ "read": stream.read, "expected": stream.expected }),
        Phase::Incremental => Value::Null,
    };
    let (state, missing_scopes) = stream_state(&stream.state);
    json!({
        "object_type": stream.object_type,
        "label": stream.label,
        "state": state,
        "missing_scopes": missing_scopes,
        "phase": stream.phase,
        "records": stream.records,
        "backfill": backfill,
        "checked_at": moment(stream.checked_at),
        "next_check_at": moment(stream.next_check_at),
        "trailing_at": moment(stream.trailing_at),
        "next_trailing_at": moment(stream.next_trailing_at),
        "changed_at": moment(stream.changed_at),
        "event_at": moment(stream.event_at),
        "waiting": stream.dirty,
        "unreadable": stream.unreadable.iter().map(unreadable).collect::<Vec<_>>(),
        "fields_read_at": moment(stream.fields_read_at),
        "keep_fresh": stream.kept_fresh.map(|kept| {
            json!({
                "fields": kept.fields,
                "read_at": moment(kept.read_at),
                "percent": kept.percent,
                "calls": kept.calls,
            })
        }),
        "reconcile": reconcile(&stream.reconcile),
        "trouble": stream.trouble.as_ref().map(trouble),
    })
}

fn unreadable(record: &Unreadable) -> Value {
    let mut body = trouble(&record.trouble);
    body["id"] = json!(record.id.to_string());
    body["next_try_at"] = json!(moment(record.again_at));
    body
}

fn followed_lists(followed: &FollowedStatus) -> Value {
    json!({
        "lists": followed.lists,
        "checked_at": moment(followed.checked_at),
        "next_check_at": moment(followed.next_check_at),
        "daily_calls": followed.walk_calls,
    })
}

fn source(source: &SourceStatus) -> Value {
    let (state, missing_scopes) = stream_state(&source.state);
    json!({
        "source": source.source,
        "state": state,
        "missing_scopes": missing_scopes,
        "count": source.count,
        "read_at": moment(source.read_at),
        "trouble": source.trouble.as_ref().map(trouble),
    })
}

fn pair(pair: &PairStatus) -> Value {
    json!({
        "types": pair.types,
        "read_at": moment(pair.read_at),
        "due_at": moment(pair.due_at),
        "percent": pair.percent,
        "calls": pair.calls,
        "trouble": pair.trouble.as_ref().map(trouble),
    })
}

fn stream_state(state: &StreamState) -> (&'static str, Value) {
    match state {
        StreamState::Running => ("running", Value::Null),
        StreamState::NoScope { scopes } => ("no_scope", json!(scopes)),
    }
}

fn trouble(trouble: &Trouble) -> Value {
    let kind = Some(&trouble.kind).filter(|kind| !kind.is_empty());
    json!({
        "type": kind.map(|kind| format!("/problems/{kind}")),
        "message": trouble.words,
        "at": trouble.at.to_rfc3339(),
        "correlation_id": trouble.correlation_id,
    })
}

/// What a disconnect does.
pub fn plan(plan: &Plan) -> Value {
    let mut body = connection(&plan.connection);
    body["disconnect"] = json!({ "stops": true, "revokes": plan.revoke, "uninstalls": plan.uninstall });
    body
}

/// Names shown of a list of any length.
const NAMES_SHOWN: usize = 10;

fn some(names: &[String]) -> String {
    let shown = names.iter().take(NAMES_SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMES_SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Field names that HubSpot does not list.
pub fn unknown_fields(names: &[String]) -> Problem {
    let detail = format!(
        "HubSpot lists no such fields of this type: {}. Nothing was changed. If they are new, `POST …/fields/refresh` reads the list again.",
        some(names)
    );
    Problem::new(Kind::Conflict, detail)
}

/// Fields to be kept fresh that are not mirrored at all.
pub fn not_mirrored(names: &[String]) -> Problem {
    let detail = format!(
        "Only what is mirrored can be kept fresh, and these are not among `fields`: {}. Nothing was changed.",
        some(names)
    );
    Problem::new(Kind::Conflict, detail)
}

/// Fields to be mirrored for which there is no room.
pub fn storage_full() -> Problem {
    Problem::new(
        Kind::Conflict,
        "The connection's storage is full, so no field can be added. Choose fewer fields than are mirrored now, and add others when \
         `GET /v1/connections/{c}` tells of room.",
    )
}

/// A place in the feed that is no longer kept.
pub fn beyond_horizon(connection: &ConnectionId, oldest: u64) -> Problem {
    let detail = format!(
        "Changes up to {oldest} are no longer kept. Take a snapshot (`GET /v1/connections/{connection}/snapshot`), then go on with \
         `after` its `seq`. Members of lists that are followed are read anew from the lists' own pages."
    );
    Problem::new(Kind::BeyondHorizon, detail)
}

/// A refusal of the Directory, in words.
pub fn problem(refusal: &Refusal) -> Problem {
    let (kind, detail) = match refusal {
        Refusal::NotFound => {
            (Kind::NotFound, "There is no such thing, or your key may not see it.".to_owned())
        }
        Refusal::BadKey => (
            Kind::Unauthenticated,
            "The API key is unknown, revoked or expired. Send a valid one as `Authorization: Bearer …`."
                .to_owned(),
        ),
        Refusal::NoSession => {
            (Kind::Unauthenticated, "The session is over. Open the page again from your product.".to_owned())
        }
        Refusal::NotAllowed => {
            (Kind::Forbidden, "Only an administrator of the workspace may do this.".to_owned())
        }
        Refusal::LinkSpent | Refusal::LinkUnknown => {
            (Kind::NotFound, "This link has been used or has expired. Make a new one.".to_owned())
        }
        Refusal::WrongPassword => (Kind::Unauthenticated, "The password is not right.".to_owned()),
        Refusal::TooMany { .. } => (
            Kind::RateLimited,
            format!("Too many attempts from your network. Try again in {} seconds.", refusal.wait_s()),
        ),
        Refusal::StateUnknown | Refusal::StateExpired | Refusal::StateForeign => (
            Kind::Conflict,
            "This authorisation was not begun in this browser, or its ten minutes are over.".to_owned(),
        ),
        Refusal::OtherPortal { expected } => {
            (Kind::Conflict, format!("The connection belongs to HubSpot account {expected}."))
        }
        Refusal::Disconnecting => (
            Kind::Conflict,
            "The same HubSpot account is being disconnected at this moment. Try again in a few minutes."
                .to_owned(),
        ),
        Refusal::Full { most } => (
            Kind::Conflict,
            format!("The workspace has {most} of these, and may have no more. Remove one first."),
        ),
    };
    let problem = Problem::new(kind, detail);
    match refusal.wait_s() {
        0 => problem,
        seconds => problem.retry_after(seconds),
    }
}

#[cfg(test)]
pub(in crate::api) mod tests {
    use super::*;
    use crate::{
        engine::portal::{
            messages::Account,
            storage::{Level, Storage},
        },
        values::ids::{ObjectType, PortalId, RecordId},
    };

    /// A connection with ids beyond 2^53.
    pub(in crate::api) fn sample() -> Connection {
        Connection {
            id: ConnectionId::from_random([1; 12]),
            workspace: WorkspaceId::from_random([2; 12]),
            app: "main".parse().unwrap(),
            portal: PortalId(9_007_199_254_740_993),
            portal_name: "Acme".to_owned(),
            name: String::new(),
            user: None,
            connected_by: "ada@example.com".to_owned(),
            object: "0123456789abcdef".to_owned(),
            state: ConnectionState::Active,
            created_at: Timestamp(0),
            connected_at: Timestamp(0),
        }
    }

    /// A status with something in most places.
    pub(in crate::api) fn status() -> Status {
        Status {
            state: State::Paused { until: Timestamp(60_000) },
            account: Account { portal: PortalId(1), name: None, ui_domain: None, utc_offset_ms: 0 },
            app: "main".parse().unwrap(),
            windows: "main".parse().unwrap(),
            scopes: vec!["oauth".to_owned()],
            webhooks: true,
            tier: None,
            connected_at: Timestamp(0),
            streams: vec![StreamStatus {
                object_type: ObjectType::Contacts,
                label: None,
                state: StreamState::NoScope { scopes: vec!["crm.objects.contacts.read".to_owned()] },
                phase: Phase::Backfill,
                records: 100,
                read: 100,
                expected: Some(200),
                checked_at: None,
                next_check_at: None,
                trailing_at: Some(Timestamp(0)),
                next_trailing_at: None,
                changed_at: Some(Timestamp(0)),
                event_at: None,
                dirty: 3,
                unreadable: vec![Unreadable {
                    id: RecordId(9_007_199_254_740_993),
                    trouble: Trouble {
                        kind: String::new(),
                        words: "Status 500.".to_owned(),
                        at: Timestamp(0),
                        correlation_id: None,
                    },
                    again_at: Some(Timestamp(60_000)),
                }],
                reconcile: Reconcile::default(),
                fields_read_at: None,
                kept_fresh: None,
                trouble: None,
            }],
            beside: Vec::new(),
            followed: Some(FollowedStatus {
                lists: 2,
                checked_at: Some(Timestamp(0)),
                next_check_at: None,
                walk_calls: 7,
            }),
            links: Vec::new(),
            latest_change: 100,
            storage: Storage { bytes: 4096, limit: 10_000 << 20, level: Level::Roomy },
            rows_written: 0,
            trouble: None,
        }
    }

    #[test]
    fn a_connection_shows_its_portals_state_and_never_its_object() {
        let status = status();
        let body = connection_with_sync(&sample(), Some(&status));
        assert_eq!(body["state"], "paused");
        assert_eq!(body["portal_id"], "9007199254740993");
        assert_eq!(body["sync"]["paused_until"], "1970-01-01T00:01:00.000Z");
        assert_eq!(body["sync"]["streams"][0]["backfill"]["expected"], 200);
        let stream = &body["sync"]["streams"][0];
        assert_eq!(
            (&stream["state"], &stream["missing_scopes"][0]),
            (&json!("no_scope"), &json!("crm.objects.contacts.read"))
        );
        let record = json!({
            "id": "9007199254740993", "message": "Status 500.", "at": "1970-01-01T00:00:00.000Z",
            "correlation_id": null, "next_try_at": "1970-01-01T00:01:00.000Z", "type": null,
        });
        let epoch = json!("1970-01-01T00:00:00.000Z");
        assert_eq!((&stream["trailing_at"], &stream["next_trailing_at"]), (&epoch, &Value::Null));
        let lists = json!({ "lists": 2, "checked_at": epoch, "next_check_at": null, "daily_calls": 7 });
        assert_eq!(body["sync"]["followed_lists"], lists);
        assert_eq!((&stream["waiting"], &stream["unreadable"]), (&json!(3), &json!([record])));
        assert!(!body.to_string().contains(&sample().object));
        // What the Directory has ended is ended, whatever the Portal still says.
        let ended = Connection { state: ConnectionState::Disconnecting, ..sample() };
        assert_eq!(connection_with_sync(&ended, Some(&status))["state"], "disconnecting");
        assert_eq!(connection_with_sync(&sample(), None)["sync"], Value::Null);
    }

    #[test]
    fn every_refusal_has_words_that_say_what_to_do() {
        let refusals = [
            Refusal::NotFound,
            Refusal::BadKey,
            Refusal::NoSession,
            Refusal::NotAllowed,
            Refusal::LinkSpent,
            Refusal::LinkUnknown,
            Refusal::WrongPassword,
            Refusal::TooMany { wait_ms: 1 },
            Refusal::StateUnknown,
            Refusal::StateExpired,
            Refusal::StateForeign,
            Refusal::OtherPortal { expected: PortalId(7) },
            Refusal::Disconnecting,
            Refusal::Full { most: 100 },
        ];
        for refusal in refusals {
            let problem = problem(&refusal);
            assert!(problem.status() >= 400 && problem.detail.ends_with('.'), "{refusal:?}");
        }
    }
}
