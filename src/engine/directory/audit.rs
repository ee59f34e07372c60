//! What of the commands to the Directory stands in its audit log: workspaces, keys, sessions, sign-ins, and which account was
//! authorised.

use serde_json::json;

use crate::{
    engine::{
        actor::Actor,
        audit::{self, DAYS, Deed},
        directory::messages::{Answer, Command, Refusal},
    },
    store::{
        audit as store,
        directory::counters,
        sql::{Sql, SqlError},
    },
    values::{
        ids::WorkspaceId,
        time::{DAY_MS, HOUR_MS, Timestamp},
    },
};

/// Refused sign-ins of an hour that are written down one by one; whoever tries more often is counted.
const REFUSED_AN_HOUR: u64 = 100;
/// Sign-ins that were refused.
pub const REFUSED: &str = "sign_ins_refused";
/// Sign-ins that succeeded.
pub const SIGNED_IN: &str = "sign_ins";
/// The action of a refused sign-in.
const SIGN_IN_REFUSED: &str = "operator.sign_in_refused";

/// Something that a command asks for, before it is known whether it was done.
pub(super) struct Asked {
    workspace: Option<WorkspaceId>,
    deed: Deed,
}

/// What a command would be in the log.
pub(super) fn asked(command: &Command) -> Option<Asked> {
    let (workspace, deed) = match command {
        Command::CreateWorkspace { name, .. } => {
            (None, Deed::on("workspace.created", "").with(json!({ "name": name })))
        }
        Command::CreateKey { workspace, name, expires_at, permissions, .. } => {
            let ends = expires_at.map(Timestamp::to_rfc3339);
            let details = json!({ "name": name, "expires_at": ends, "permissions": permissions });
            (Some(workspace), Deed::on("key.created", "").with(details))
        }
        Command::RevokeKey { workspace, key } => (Some(workspace), Deed::on("key.revoked", key)),
        Command::CreateLink { workspace, person, .. } => {
            let details = json!({ "for": person.user, "role": person.role.as_str() });
            (Some(workspace), Deed::on("session.link_made", "").with(details))
        }
        Command::EndSessions { workspace, user } => (
            Some(workspace),
            Deed::on("session.ended", "").with(json!({ "for": user.as_deref().unwrap_or("everybody") })),
        ),
        Command::OpenLink { .. } => (None, Deed::on("session.opened", "")),
        Command::SignIn { .. } => (None, Deed::on("operator.signed_in", "")),
        Command::EnterWorkspace { workspace, .. } => (Some(workspace), Deed::on("workspace.entered", "")),
        Command::RecordConnection(record) => {
            let details = json!({ "portal": record.portal, "app": record.app });
            (Some(&record.workspace), Deed::on("connection.authorised", "").with(details))
        }
        Command::Rename { workspace, connection, name } => {
            (Some(workspace), Deed::on("connection.renamed", connection).with(json!({ "name": name })))
        }
        Command::BeginDisconnect { workspace, connection } => {
            (Some(workspace), Deed::on("connection.disconnected", connection))
        }
        _ => return None,
    };
    Some(Asked { workspace: workspace.cloned(), deed })
}

/// Writes down what was done, or that a sign-in was refused.
pub(super) fn note(
    sql: &dyn Sql,
    now: Timestamp,
    actor: &Actor,
    asked: Asked,
    answer: &Answer,
) -> Result<(), SqlError> {
    let Asked { mut workspace, mut deed } = asked;
    let mut actor = actor.clone();
    let signs_in = deed.action == "operator.signed_in";
    match answer {
        Answer::Refused(refusal) if signs_in => {
            counters::add(sql, REFUSED, 1)?;
            let so_far = store::count_since(sql, SIGN_IN_REFUSED, now.minus_ms(HOUR_MS))?;
            if so_far >= REFUSED_AN_HOUR {
                return Ok(());
            }
            let why = if *refusal == Refusal::WrongPassword { "wrong_password" } else { "too_many" };
            deed = Deed::on(SIGN_IN_REFUSED, "").with(json!({ "why": why }));
            actor = Actor::Unknown;
        }
        Answer::SessionMade { .. } if signs_in => {
            counters::add(sql, SIGNED_IN, 1)?;
            actor = Actor::Operator;
        }
        Answer::SessionMade { session, .. } => {
            if deed.action == "session.opened" {
                actor = Actor::person(&session.person.user, session.person.role.as_str());
                workspace = session.workspace.as_ref().map(|workspace| workspace.id.clone());
            } else {
                actor = Actor::Operator;
            }
        }
        Answer::Workspace(made) => {
            deed.subject = made.id.to_string();
            workspace = Some(made.id.clone());
        }
        // Nobody was there any more: nothing was done.
        Answer::Ended { sessions: 0, links: 0 } => return Ok(()),
        Answer::Ended { sessions, links } => {
            deed.details["sessions"] = json!(sessions);
            deed.details["links"] = json!(links);
        }
        Answer::KeyCreated { key, .. } => deed.subject = key.id.to_string(),
        Answer::Recorded { connection, .. } => deed.subject = connection.id.to_string(),
        Answer::Done | Answer::Secret { .. } | Answer::Plan(_) => {}
        _ => return Ok(()),
    }
    audit::note(sql, now, workspace.as_ref(), &actor, &deed)
}

/// Takes entries away whose time is over; once a tick.
pub(super) fn purge(sql: &dyn Sql, now: Timestamp) -> Result<(), SqlError> {
    store::purge_before(sql, now.minus_ms(i64::from(DAYS) * DAY_MS))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::{
        engine::directory::{
            Draw, handle_by,
            messages::{Person, Role},
            open,
        },
        store::native::NativeSql,
        values::crypto::sha256_hex,
    };

    fn ask(sql: &NativeSql, now: i64, actor: &Actor, command: Command) -> Answer {
        let (mut id, mut secret) = ([0; 12], [0; 32]);
        id[..8].copy_from_slice(&now.to_be_bytes());
        secret[..8].copy_from_slice(&now.to_be_bytes());
        handle_by(sql, Timestamp(now), Draw { id, secret }, actor, command).unwrap()
    }

    fn entries(sql: &NativeSql, workspace: Option<WorkspaceId>) -> Vec<Value> {
        let command = Command::Audit { workspace, before: None, action: String::new(), limit: 200 };
        let Answer::Audit(json) = ask(sql, 1 << 40, &Actor::Spoke, command) else { panic!("no entries") };
        let page: Value = serde_json::from_str(&json).unwrap();
        let mut all = page["results"].as_array().unwrap().clone();
        all.reverse();
        all
    }

    fn actions(entries: &[Value]) -> Vec<&str> {
        entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect()
    }

    #[test]
    fn who_makes_and_opens_what_is_written_down_by_workspace_without_secrets() {
        let sql = NativeSql::default();
        open(&sql).unwrap();
        let make = |name: &str| Command::CreateWorkspace { name: name.to_owned(), jurisdiction: None };
        let Answer::Workspace(own) = ask(&sql, 1, &Actor::Root, make("Own")) else { panic!("no workspace") };
        ask(&sql, 2, &Actor::Operator, make("Other"));
        let workspace = own.id.clone();
        let person = Person { user: "Zoë".to_owned(), role: Role::Viewer, return_url: None };
        let link = Command::CreateLink { workspace: workspace.clone(), person, by: None };
        let Answer::Secret { secret, .. } = ask(&sql, 3, &Actor::Root, link) else { panic!("no link") };
        let open_it = Command::OpenLink { hash: sha256_hex(secret.as_bytes()) };
        ask(&sql, 4, &Actor::Spoke, open_it.clone());
        // A second time it is refused, which changes nothing.
        ask(&sql, 5, &Actor::Spoke, open_it);
        let all = entries(&sql, Some(workspace));
        assert_eq!(actions(&all), ["workspace.created", "session.link_made", "session.opened"]);
        assert_eq!((&all[0]["by"], &all[2]["by"]), (&json!("the root key"), &json!("Zoë (viewer)")));
        assert_eq!(entries(&sql, None).len(), 4, "the operator sees all");
        assert!(!format!("{all:?}").contains(&secret));
    }

    #[test]
    fn sign_ins_are_written_down_and_refused_ones_counted_however_many_there_are() {
        let sql = NativeSql::default();
        open(&sql).unwrap();
        let tries = 3 * REFUSED_AN_HOUR as i64;
        for at in 0..tries {
            let client = format!("client {}", at % 40);
            ask(
                &sql,
                HOUR_MS * 100 + at,
                &Actor::Spoke,
                Command::SignIn { client, known: false, correct: false },
            );
        }
        let later = HOUR_MS * 200;
        let client = "the operator".to_owned();
        ask(&sql, later, &Actor::Spoke, Command::SignIn { client, known: false, correct: true });
        let all = entries(&sql, None);
        assert_eq!(all.len() as u64, REFUSED_AN_HOUR + 1);
        assert_eq!(all[0]["by"], "somebody unknown");
        let last = &all[all.len() - 1];
        assert_eq!((&last["action"], &last["by"]), (&json!("operator.signed_in"), &json!("the operator")));
        let counted = counters::all(&sql).unwrap();
        assert!(counted.contains(&(REFUSED.to_owned(), tries as u64)), "{counted:?}");
        ask(&sql, later + i64::from(DAYS + 1) * DAY_MS, &Actor::Spoke, Command::Tick { after: None });
        assert_eq!(entries(&sql, None), Vec::<Value>::new());
    }
}
