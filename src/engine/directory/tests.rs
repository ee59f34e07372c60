//! The Directory's decisions over a real database in memory.

mod entry;
mod keys;

use std::cell::Cell;

use super::{
    Draw, api_key, handle,
    messages::{
        Answer, Claim, Command, Connection, ConnectionState, OAuthStart, Permission, Permissions, Person,
        Plan, Poke, RecordConnection, Refusal, Role, Route, Session, Task, Workspace,
    },
    open,
};
use crate::{
    engine::directory::requests::KEYS_A_CALLER,
    store::{
        native::NativeSql,
        sql::{Param, Sql as _, int},
    },
    values::{
        crypto::sha256_hex,
        ids::{AppKey, ConnectionId, HubSpotUserId, PortalId, WorkspaceId},
        time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp},
    },
};

struct World {
    sql: NativeSql,
    now: Cell<i64>,
    draws: Cell<u64>,
}

fn hash(secret: &str) -> String {
    sha256_hex(secret.as_bytes())
}

fn app() -> AppKey {
    "main".parse().unwrap()
}

const REFUSED_NOT_FOUND: Answer = Answer::Refused(Refusal::NotFound);

impl World {
    fn new() -> Self {
        let sql = NativeSql::default();
        open(&sql).unwrap();
        Self { sql, now: Cell::new(1_800_000_000_000), draws: Cell::new(0) }
    }

    fn pass(&self, ms: i64) {
        self.now.set(self.now.get() + ms);
    }

    fn ask(&self, command: Command) -> Answer {
        let draw = self.draws.get() + 1;
        self.draws.set(draw);
        let (mut id, mut secret) = ([0; 12], [0; 32]);
        id[..8].copy_from_slice(&draw.to_be_bytes());
        secret[..8].copy_from_slice(&draw.to_be_bytes());
        self.sql
            .transaction(|| handle(&self.sql, Timestamp(self.now.get()), Draw { id, secret }, command))
            .unwrap()
    }

    fn workspace(&self, name: &str) -> Workspace {
        match self.ask(Command::CreateWorkspace { name: name.to_owned(), jurisdiction: None }) {
            Answer::Workspace(workspace) => workspace,
            other => panic!("{other:?}"),
        }
    }

    fn link(&self, workspace: &WorkspaceId, role: Role) -> String {
        let person = Person { user: "ada@example.com".to_owned(), role, return_url: None };
        match self.ask(Command::CreateLink { workspace: workspace.clone(), person, by: None }) {
            Answer::Secret { secret, .. } => secret,
            other => panic!("{other:?}"),
        }
    }

    fn session(&self, workspace: &WorkspaceId, role: Role) -> String {
        match self.ask(Command::OpenLink { hash: hash(&self.link(workspace, role)) }) {
            Answer::SessionMade { secret, .. } => secret,
            other => panic!("{other:?}"),
        }
    }

    fn start(&self, session: &str, workspace: &WorkspaceId, connection: Option<ConnectionId>) -> Answer {
        self.ask(Command::StartOAuth {
            session: hash(session),
            workspace: workspace.clone(),
            app: app(),
            connection,
        })
    }

    fn state(&self, session: &str, workspace: &WorkspaceId) -> String {
        match self.start(session, workspace, None) {
            Answer::Secret { secret, .. } => secret,
            other => panic!("{other:?}"),
        }
    }

    fn finish(&self, state: &str, sessions: &[&str]) -> Answer {
        let sessions = sessions.iter().map(|session| hash(session)).collect();
        self.ask(Command::FinishOAuth { state: hash(state), sessions })
    }

    fn record(&self, workspace: &WorkspaceId, portal: u64, user: Option<u64>) -> Answer {
        self.ask(Command::RecordConnection(Box::new(RecordConnection {
            workspace: workspace.clone(),
            app: app(),
            portal: PortalId(portal),
            portal_name: "Acme".to_owned(),
            name: None,
            user: user.map(HubSpotUserId),
            connected_by: "ada@example.com".to_owned(),
            object: format!("object-{}", self.draws.get()),
            expected: None,
        })))
    }

    /// A connection whose Portal has confirmed.
    fn connect(&self, workspace: &WorkspaceId, portal: u64, user: Option<u64>) -> Connection {
        let Answer::Recorded { connection, .. } = self.record(workspace, portal, user) else {
            panic!("not recorded")
        };
        assert_eq!(self.ask(Command::ConfirmConnection { connection: connection.id.clone() }), Answer::Done);
        self.get(&connection.id)
    }

    fn get(&self, id: &ConnectionId) -> Connection {
        match self.ask(Command::Connection { connection: id.clone() }) {
            Answer::Connection(connection) => connection,
            other => panic!("{other:?}"),
        }
    }

    fn disconnect(&self, connection: &Connection) -> Plan {
        let (workspace, id) = (connection.workspace.clone(), connection.id.clone());
        match self.ask(Command::BeginDisconnect { workspace, connection: id }) {
            Answer::Plan(plan) => plan,
            other => panic!("{other:?}"),
        }
    }

    fn tick(&self) -> Vec<Poke> {
        match self.ask(Command::Tick { after: None }) {
            Answer::Tick { page, next: None } => page,
            other => panic!("{other:?}"),
        }
    }

    fn routes(&self, portal: u64) -> Vec<Route> {
        match self.ask(Command::Routes { source: app(), portals: vec![(PortalId(portal), 1)] }) {
            Answer::Routes(mut routes) => routes.remove(0).1,
            other => panic!("{other:?}"),
        }
    }
}

fn refusal(answer: Answer) -> Refusal {
    match answer {
        Answer::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_secret_is_stored_as_it_is() {
    let world = World::new();
    let workspace = world.workspace("Acme").id;
    let link = world.link(&workspace, Role::Administrator);
    let session = world.session(&workspace, Role::Administrator);
    let state = world.state(&session, &workspace);
    let command = Command::CreateKey {
        workspace,
        name: "ci".to_owned(),
        expires_at: None,
        permissions: Permissions::all(),
    };
    let Answer::KeyCreated { secret, .. } = world.ask(command) else { panic!("no key") };
    let tables = ["workspaces", "connections", "api_keys", "links", "sessions", "oauth_states", "meta"];
    let rows = tables.map(|table| world.sql.exec(&format!("SELECT * FROM {table}"), &[]).unwrap());
    let stored = format!("{rows:?}");
    for secret in [link, session, state, secret] {
        assert!(!stored.contains(&secret) && stored.contains(&hash(&secret)));
    }
}

#[test]
fn a_link_opens_once_and_for_five_minutes() {
    let world = World::new();
    let workspace = world.workspace("Acme").id;
    let link = world.link(&workspace, Role::Viewer);
    let open = |link: &str| world.ask(Command::OpenLink { hash: hash(link) });
    let Answer::SessionMade { secret, session } = open(&link) else { panic!("no session") };
    assert_eq!(
        (session.person.role, session.workspace.map(|w| w.id)),
        (Role::Viewer, Some(workspace.clone()))
    );
    assert!(matches!(world.ask(Command::Session { hash: hash(&secret) }), Answer::Session(_)));
    assert_eq!(refusal(open(&link)), Refusal::LinkSpent);
    assert_eq!(refusal(open("never made")), Refusal::LinkUnknown);

    let late = world.link(&workspace, Role::Viewer);
    world.pass(5 * MINUTE_MS);
    assert_eq!(refusal(open(&late)), Refusal::LinkSpent);
    // Cleared from the table a day later.
    world.pass(DAY_MS);
    world.tick();
    assert_eq!(refusal(open(&late)), Refusal::LinkUnknown);
}

#[test]
fn a_session_ends_by_sign_out_and_by_time() {
    let world = World::new();
    let workspace = world.workspace("Acme").id;
    let (first, second) =
        (world.session(&workspace, Role::Administrator), world.session(&workspace, Role::Administrator));
    let alive = |session: &str| {
        matches!(world.ask(Command::Session { hash: hash(session) }), Answer::Session(Session { .. }))
    };
    world.ask(Command::EndSession { hash: hash(&first) });
    assert!(!alive(&first) && alive(&second));
    world.pass(8 * HOUR_MS);
    assert!(!alive(&second));
}

#[test]
fn a_state_is_good_once_in_the_browser_that_began() {
    let world = World::new();
    let workspace = world.workspace("Acme").id;
    let other_workspace = world.workspace("Other").id;
    let session = world.session(&workspace, Role::Administrator);
    let foreign = world.session(&workspace, Role::Administrator);
    let elsewhere = world.session(&other_workspace, Role::Administrator);

    let state = world.state(&session, &workspace);
    let Answer::OAuth(start) = world.finish(&state, &[&elsewhere, &session]) else { panic!("not begun") };
    let OAuthStart { workspace: target, app: through, connection, .. } = *start;
    assert_eq!((target.id, through, connection), (workspace.clone(), app(), None));
    assert_eq!(refusal(world.finish(&state, &[&session])), Refusal::StateUnknown);

    // Another browser, even of the same person, and a browser without a session; each uses the state up.
    for sessions in [vec![foreign.as_str(), elsewhere.as_str()], vec![]] {
        let state = world.state(&session, &workspace);
        assert_eq!(refusal(world.finish(&state, &sessions)), Refusal::StateForeign);
        assert_eq!(refusal(world.finish(&state, &[&session])), Refusal::StateUnknown);
    }

    let late = world.state(&session, &workspace);
    world.pass(10 * MINUTE_MS);
    assert_eq!(refusal(world.finish(&late, &[&session])), Refusal::StateExpired);

    let signed_out = world.state(&session, &workspace);
    world.ask(Command::EndSession { hash: hash(&session) });
    assert_eq!(refusal(world.finish(&signed_out, &[&session])), Refusal::StateForeign);
}

#[test]
fn only_administrators_of_the_workspace_begin_an_authorisation() {
    let world = World::new();
    let (workspace, other) = (world.workspace("Acme").id, world.workspace("Other").id);
    let viewer = world.session(&workspace, Role::Viewer);
    let administrator = world.session(&workspace, Role::Administrator);
    assert_eq!(refusal(world.start(&viewer, &workspace, None)), Refusal::NotAllowed);
    assert_eq!(refusal(world.start(&administrator, &other, None)), Refusal::NotAllowed);
    assert_eq!(refusal(world.start("nobody", &workspace, None)), Refusal::NoSession);
    let of_other = world.connect(&other, 1, None);
    assert_eq!(refusal(world.start(&administrator, &workspace, Some(of_other.id))), Refusal::NotFound);
    let own = world.connect(&workspace, 1, None);
    assert!(matches!(world.start(&administrator, &workspace, Some(own.id)), Answer::Secret { .. }));
}

#[test]
fn a_new_connection_is_shown_and_routed_only_when_its_portal_confirms() {
    let world = World::new();
    let workspace = world.workspace("Acme").id;
    let Answer::Recorded { connection, known: false, .. } = world.record(&workspace, 7, Some(1)) else {
        panic!("not recorded")
    };
    let show = || world.ask(Command::Connections { workspace: workspace.clone() });
    assert_eq!(show(), Answer::Connections(vec![]));
    assert_eq!(world.ask(Command::Connection { connection: connection.id.clone() }), REFUSED_NOT_FOUND);
    assert_eq!(world.routes(7), []);
    world.ask(Command::ConfirmConnection { connection: connection.id.clone() });
    assert_eq!(world.routes(7), [Route { object: connection.object.clone() }]);
    assert!(matches!(show(), Answer::Connections(all) if all.len() == 1));

    let Answer::Recorded { connection, .. } = world.record(&workspace, 8, Some(1)) else { panic!() };
    world.ask(Command::AbandonConnection { connection: connection.id.clone() });
    assert!(matches!(show(), Answer::Connections(all) if all.len() == 1));
    assert_eq!(
        refusal(world.ask(Command::ConfirmConnection { connection: connection.id })),
        Refusal::NotFound
    );
}

#[test]
fn the_same_account_again_keeps_its_connection_and_object() {
    let world = World::new();
    let workspace = world.workspace("Acme").id;
    let first = world.connect(&workspace, 7, Some(1));
    world.pass(HOUR_MS);
    let Answer::Recorded { connection, known: true, .. } = world.record(&workspace, 7, Some(2)) else {
        panic!("not known")
    };
    assert_eq!((&connection.id, &connection.object), (&first.id, &first.object));
    // Until its Portal confirms, everything is as it was; a failed attempt changes nothing.
    assert_eq!(world.get(&first.id), first);
    world.ask(Command::AbandonConnection { connection: first.id.clone() });
    assert_eq!(world.get(&first.id), first);
    let again = world.connect(&workspace, 7, Some(2));
    assert_eq!(again.user, Some(HubSpotUserId(2)));
    assert_eq!(again.created_at, first.created_at);
    assert_eq!(again.connected_at.since_ms(first.connected_at), HOUR_MS);

    let elsewhere = world.workspace("Other").id;
    assert_ne!(world.connect(&elsewhere, 7, Some(1)).object, first.object);
    assert_eq!(world.routes(7).len(), 2);
}

#[test]
fn authorising_anew_with_another_account_is_refused() {
    let world = World::new();
    let workspace = world.workspace("Acme").id;
    let connection = world.connect(&workspace, 7, Some(1));
    let answer = world.ask(Command::RecordConnection(Box::new(RecordConnection {
        workspace: workspace.clone(),
        app: app(),
        portal: PortalId(8),
        portal_name: String::new(),
        name: None,
        user: None,
        connected_by: String::new(),
        object: "new".to_owned(),
        expected: Some(connection.id),
    })));
    assert_eq!(refusal(answer), Refusal::OtherPortal { expected: PortalId(7) });
    assert_eq!(world.routes(8), []);
}

/// Who else holds the same app in the same account, and what disconnecting then does: (uninstall, revoke).
#[test]
fn holder_rules_in_every_combination() {
    type Case<'a> = (Option<u64>, &'a [Option<u64>], (bool, bool));
    let (mine, theirs) = (Some(1), Some(2));
    let cases: [Case<'_>; 9] = [
        (mine, &[], (true, true)),
        (None, &[], (true, true)),
        (mine, &[mine], (false, false)),
        (mine, &[theirs], (false, true)),
        (mine, &[theirs, mine], (false, false)),
        (mine, &[theirs, theirs], (false, true)),
        // An unknown person may be anyone: nothing is revoked that might be shared.
        (mine, &[None], (false, false)),
        (None, &[theirs], (false, false)),
        (None, &[None], (false, false)),
    ];
    for (user, others, expected) in cases {
        let world = World::new();
        let own = world.connect(&world.workspace("Acme").id, 7, user);
        for (index, other) in others.iter().enumerate() {
            world.connect(&world.workspace(&format!("Other {index}")).id, 7, *other);
        }
        // Neither another account nor another app counts.
        world.connect(&world.workspace("Unrelated").id, 8, user);
        let (workspace, id) = (own.workspace.clone(), own.id.clone());
        let asked = world.ask(Command::PlanDisconnect { workspace, connection: id });
        let Answer::Plan(planned) = asked else { panic!("no plan") };
        assert_eq!((planned.uninstall, planned.revoke), expected, "{user:?} beside {others:?}");
        let begun = world.disconnect(&own);
        assert_eq!((begun.uninstall, begun.revoke), expected);
    }
}

#[test]
fn of_two_holders_who_leave_together_only_the_second_uninstalls() {
    let world = World::new();
    let first = world.connect(&world.workspace("Acme").id, 7, Some(1));
    let second = world.connect(&world.workspace("Other").id, 7, Some(1));
    let plans = [world.disconnect(&first), world.disconnect(&second)];
    assert_eq!(plans.map(|plan| (plan.uninstall, plan.revoke)), [(false, false), (true, true)]);
}

#[test]
fn a_disconnect_is_settled_once_and_carried_on_by_ticks() {
    let world = World::new();
    let workspace = world.workspace("Acme").id;
    let connection = world.connect(&workspace, 7, Some(1));
    let plan = world.disconnect(&connection);
    assert_eq!(plan.connection.state, ConnectionState::Disconnecting);
    assert_eq!(world.routes(7), []);
    // What has begun stays as it was settled, whoever comes meanwhile.
    assert_eq!(refusal(world.record(&world.workspace("Other").id, 7, Some(1))), Refusal::Disconnecting);
    assert!(world.disconnect(&connection).uninstall);
    let of = connection.connected_at;
    let task = Task::Disconnect { of, uninstall: true, revoke: true };
    let poke = Poke { connection: connection.id.clone(), object: connection.object.clone(), task };
    assert_eq!(world.tick(), [poke]);
    let end = Command::EndDisconnect { of, connection: connection.id.clone() };
    assert_eq!(world.ask(end.clone()), Answer::Done);
    assert_eq!(world.tick(), []);
    assert_eq!(world.get(&connection.id).state, ConnectionState::Disconnected);
    assert!(!world.disconnect(&connection).uninstall);
    // And back again, as the same connection.
    let again = world.connect(&workspace, 7, Some(1));
    assert_eq!(again.object, connection.object);
    assert!(again.connected_at > of, "an authorisation cannot be told from the one before");
    // What is told late of the first ends nothing of the second.
    world.disconnect(&again);
    world.ask(end);
    assert_eq!(world.get(&connection.id).state, ConnectionState::Disconnecting);
}

#[test]
fn a_stranger_cannot_plan_or_begin_a_disconnect() {
    let world = World::new();
    let connection = world.connect(&world.workspace("Acme").id, 7, Some(1));
    let stranger = world.workspace("Other").id;
    for command in [
        Command::PlanDisconnect { workspace: stranger.clone(), connection: connection.id.clone() },
        Command::BeginDisconnect { workspace: stranger, connection: connection.id.clone() },
    ] {
        assert_eq!(world.ask(command), REFUSED_NOT_FOUND);
    }
    assert_eq!(world.get(&connection.id).state, ConnectionState::Active);
}

#[test]
fn an_interrupted_connect_is_settled_by_a_tick_after_two_minutes() {
    let world = World::new();
    let workspace = world.workspace("Acme").id;
    let Answer::Recorded { connection, .. } = world.record(&workspace, 7, Some(1)) else { panic!() };
    assert_eq!(world.tick(), []);
    world.pass(2 * MINUTE_MS);
    let tasks: Vec<_> = world.tick().into_iter().map(|poke| (poke.connection, poke.task)).collect();
    assert_eq!(tasks, [(connection.id.clone(), Task::Settle)]);
    world.ask(Command::ConfirmConnection { connection: connection.id.clone() });
    let tasks: Vec<_> = world.tick().into_iter().map(|poke| (poke.connection, poke.task)).collect();
    assert_eq!(tasks, [(connection.id, Task::Poll)]);
}

#[test]
fn a_disconnect_wins_over_a_reconnect_that_has_not_confirmed() {
    let world = World::new();
    let workspace = world.workspace("Acme").id;
    let connection = world.connect(&workspace, 7, Some(1));
    let Answer::Recorded { at, .. } = world.record(&workspace, 7, Some(1)) else { panic!() };
    // The Portal may hold the new credentials already: the disconnect is of them.
    assert_eq!(world.disconnect(&connection).connection.connected_at, at);
    let confirmed = world.ask(Command::ConfirmConnection { connection: connection.id });
    assert_eq!(refusal(confirmed), Refusal::Disconnecting);
}

#[test]
fn a_tick_reaches_every_connection_page_by_page() {
    let world = World::new();
    let mut workspace = world.workspace("0").id;
    for portal in 0..1_100 {
        if portal % 100 == 0 {
            workspace = world.workspace(&portal.to_string()).id;
        }
        world.connect(&workspace, portal, None);
    }
    assert_eq!(refusal(world.record(&workspace, 2_000, None)), Refusal::Full { most: 100 });
    let Answer::Tick { page: first, next } = world.ask(Command::Tick { after: None }) else { panic!() };
    let Answer::Tick { page: second, next: None } = world.ask(Command::Tick { after: next }) else {
        panic!()
    };
    assert_eq!((first.len(), second.len()), (1_000, 100));
    let ids: std::collections::BTreeSet<_> =
        first.iter().chain(&second).map(|poke| &poke.connection).collect();
    assert_eq!(ids.len(), 1_100);
}

#[test]
fn events_of_unknown_portals_are_counted() {
    let world = World::new();
    world.connect(&world.workspace("Acme").id, 7, None);
    let portals = vec![(PortalId(7), 3), (PortalId(8), 2), (PortalId(9), 5)];
    let Answer::Routes(routes) = world.ask(Command::Routes { source: app(), portals }) else { panic!() };
    assert_eq!(routes.iter().map(|(_, routes)| routes.len()).collect::<Vec<_>>(), [1, 0, 0]);
    let other = Command::Routes { source: "other".parse().unwrap(), portals: vec![(PortalId(7), 1)] };
    world.ask(other);
    world.tick();
    let Answer::Health(health) = world.ask(Command::Health) else { panic!() };
    assert_eq!(health.counters, [("events_without_route".to_owned(), 8), ("ticks".to_owned(), 1)]);
    assert_eq!((health.workspaces, health.connections, health.active), (1, 1, 1));
    assert_eq!(health.ticked_at, Some(Timestamp(world.now.get())));
}

#[test]
fn whoever_keeps_something_of_an_account_is_known_after_its_routes_are_gone() {
    let world = World::new();
    let keepers =
        |source: AppKey, portal| match world.ask(Command::Keepers { source, portal: PortalId(portal) }) {
            Answer::Routes(routes) => routes.into_iter().flat_map(|(_, routes)| routes).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
    let route = |connection: &Connection| Route { object: connection.object.clone() };
    let ended = world.connect(&world.workspace("Ended").id, 7, Some(1));
    let ending = world.connect(&world.workspace("Ending").id, 7, Some(1));
    let follows = world.connect(&world.workspace("Follows").id, 7, Some(1));
    world.connect(&world.workspace("Elsewhere").id, 8, Some(1));
    let of = world.disconnect(&ended).connection.connected_at;
    world.ask(Command::EndDisconnect { of, connection: ended.id.clone() });
    world.disconnect(&ending);
    assert_eq!(world.routes(7), [route(&follows)]);
    let mut known = keepers(app(), 7);
    let mut all = [&ended, &ending, &follows].map(route);
    known.sort_by(|one, other| one.object.cmp(&other.object));
    all.sort_by(|one, other| one.object.cmp(&other.object));
    assert_eq!(known, all);
    assert_eq!(keepers("other".parse().unwrap(), 7), []);
}

#[test]
fn sign_in_pauses_a_client_after_five_failures_even_if_the_sixth_is_right() {
    let world = World::new();
    let sign_in = |client: &str, correct| {
        world.ask(Command::SignIn { client: client.to_owned(), known: false, correct })
    };
    for _ in 0..5 {
        assert_eq!(refusal(sign_in("a", false)), Refusal::WrongPassword);
        world.pass(1_000);
    }
    let Refusal::TooMany { wait_ms } = refusal(sign_in("a", true)) else { panic!("let in") };
    let Answer::SessionMade { session, .. } = sign_in("b", true) else {
        panic!("another client has to wait")
    };
    assert_eq!(session.workspace, None);
    world.pass(wait_ms);
    assert!(matches!(sign_in("a", true), Answer::SessionMade { .. }));
}

#[test]
fn only_the_operator_enters_other_workspaces() {
    let world = World::new();
    let workspace = world.workspace("Acme").id;
    let Answer::SessionMade { secret: operator, .. } =
        world.ask(Command::SignIn { client: "a".to_owned(), known: false, correct: true })
    else {
        panic!("no session")
    };
    let enter = |session: &str| {
        world.ask(Command::EnterWorkspace { hash: hash(session), workspace: workspace.clone() })
    };
    let Answer::SessionMade { session, .. } = enter(&operator) else { panic!("operator is refused") };
    assert_eq!(session.workspace.map(|workspace| workspace.name).as_deref(), Some("Acme"));
    assert_eq!(session.person.return_url.as_deref(), Some("/console"));
    let administrator = world.session(&workspace, Role::Administrator);
    assert_eq!(refusal(enter(&administrator)), Refusal::NotAllowed);
    // The console's session opens no workspace by itself.
    assert_eq!(refusal(world.start(&operator, &workspace, None)), Refusal::NotAllowed);
}

#[test]
fn workspaces_are_paged_and_found_by_name_id_and_portal() {
    let world = World::new();
    let all: Vec<_> = ["Acme", "Bolt", "Core", "acme two"].iter().map(|name| world.workspace(name)).collect();
    world.connect(&all[2].id, 4711, None);
    let find = |query: &str, after: Option<WorkspaceId>, limit| match world.ask(Command::Workspaces {
        after,
        limit,
        query: query.to_owned(),
    }) {
        Answer::Workspaces { page, next } => {
            (page.into_iter().map(|(workspace, _)| workspace.name).collect::<Vec<_>>(), next)
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(find("ACME", None, 10).0, ["Acme", "acme two"]);
    assert_eq!(find("4711", None, 10).0, ["Core"]);
    assert_eq!(find(all[1].id.as_str(), None, 10).0, ["Bolt"]);
    let (first, next) = find("", None, 3);
    assert_eq!(first, ["Acme", "Bolt", "Core"]);
    assert_eq!(find("", next, 3), (vec!["acme two".to_owned()], None));
}
