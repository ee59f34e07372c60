//! Who comes in, and what ends it: sessions that end with what made them, and guesses at the console.

use super::{World, hash, refusal};
use crate::{
    engine::{
        actor::Actor,
        directory::{
            Draw, handle_by,
            messages::{Answer, Command, Permissions, Person, Refusal, Role},
        },
    },
    values::{
        ids::{ApiKeyId, WorkspaceId},
        time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp},
    },
};

fn key(world: &World, workspace: &WorkspaceId, expires_at: Option<Timestamp>) -> ApiKeyId {
    let (name, permissions) = ("host".to_owned(), Permissions::all());
    let command = Command::CreateKey { workspace: workspace.clone(), name, expires_at, permissions };
    match world.ask(command) {
        Answer::KeyCreated { key, .. } => key.id,
        other => panic!("{other:?}"),
    }
}

fn link(world: &World, workspace: &WorkspaceId, user: &str, by: Option<&ApiKeyId>) -> Answer {
    let person = Person { user: user.to_owned(), role: Role::Administrator, return_url: None };
    world.ask(Command::CreateLink { workspace: workspace.clone(), person, by: by.cloned() })
}

fn link_of(world: &World, workspace: &WorkspaceId, user: &str, by: Option<&ApiKeyId>) -> String {
    match link(world, workspace, user, by) {
        Answer::Secret { secret, .. } => secret,
        other => panic!("{other:?}"),
    }
}

fn open(world: &World, link: &str) -> Answer {
    world.ask(Command::OpenLink { hash: hash(link) })
}

fn session_of(world: &World, workspace: &WorkspaceId, user: &str, by: Option<&ApiKeyId>) -> String {
    match open(world, &link_of(world, workspace, user, by)) {
        Answer::SessionMade { secret, .. } => secret,
        other => panic!("{other:?}"),
    }
}

fn alive(world: &World, session: &str) -> bool {
    matches!(world.ask(Command::Session { hash: hash(session) }), Answer::Session(_))
}

fn end(world: &World, workspace: &WorkspaceId, user: Option<&str>) -> Answer {
    world.ask(Command::EndSessions { workspace: workspace.clone(), user: user.map(str::to_owned) })
}

#[test]
fn what_a_key_made_ends_with_it_and_what_others_made_does_not() {
    let world = World::new();
    let workspace = world.workspace("Acme").id;
    let (leaked, other) = (key(&world, &workspace, None), key(&world, &workspace, None));
    let session = session_of(&world, &workspace, "mallory", Some(&leaked));
    let unopened = link_of(&world, &workspace, "mallory", Some(&leaked));
    let state = world.state(&session, &workspace);
    let kept =
        [session_of(&world, &workspace, "ada", Some(&other)), session_of(&world, &workspace, "grace", None)];
    assert_eq!(
        world.ask(Command::RevokeKey { workspace: workspace.clone(), key: leaked.clone() }),
        Answer::Done
    );
    assert!(!alive(&world, &session));
    assert_eq!(refusal(open(&world, &unopened)), Refusal::LinkUnknown);
    assert_eq!(
        refusal(world.finish(&state, &[&session])),
        Refusal::StateForeign,
        "an authorisation under way"
    );
    assert!(kept.iter().all(|session| alive(&world, session)));
    // What is asked for in the seconds in which the front believes it still.
    assert_eq!(refusal(link(&world, &workspace, "mallory", Some(&leaked))), Refusal::BadKey);
    let foreign = key(&world, &world.workspace("Other").id, None);
    assert_eq!(refusal(link(&world, &workspace, "mallory", Some(&foreign))), Refusal::BadKey);
}

#[test]
fn a_key_that_runs_out_makes_no_more_links_and_leaves_who_came_by_it() {
    let world = World::new();
    let workspace = world.workspace("Acme").id;
    let short = key(&world, &workspace, Some(Timestamp(world.now.get() + HOUR_MS)));
    let session = session_of(&world, &workspace, "ada", Some(&short));
    world.pass(HOUR_MS);
    assert_eq!(refusal(link(&world, &workspace, "ada", Some(&short))), Refusal::BadKey);
    assert!(alive(&world, &session));
}

#[test]
fn the_host_ends_what_one_person_has_or_everybody_in_one_workspace() {
    let world = World::new();
    let (workspace, elsewhere) = (world.workspace("Acme").id, world.workspace("Other").id);
    let of = |user: &str| session_of(&world, &workspace, user, None);
    let (ada, again, grace) = (of("ada"), of("ada"), of("grace"));
    let unopened = link_of(&world, &workspace, "ada", None);
    let others = session_of(&world, &elsewhere, "ada", None);
    let none = Answer::Ended { sessions: 0, links: 0 };
    assert_eq!(end(&world, &workspace, Some("ad")), none, "another person");
    assert_eq!(end(&world, &workspace, Some("ada")), Answer::Ended { sessions: 2, links: 1 });
    assert!(!alive(&world, &ada) && !alive(&world, &again));
    assert!(alive(&world, &grace) && alive(&world, &others));
    assert_eq!(refusal(open(&world, &unopened)), Refusal::LinkUnknown);
    assert_eq!(end(&world, &workspace, Some("ada")), none);

    // Everybody; what is over by itself is not counted, and the operator is not one of the workspace's people.
    let operator = operator(&world);
    let entered = enter(&world, &operator, &workspace);
    link_of(&world, &workspace, "grace", None);
    world.pass(5 * MINUTE_MS);
    link_of(&world, &workspace, "grace", None);
    assert_eq!(end(&world, &workspace, None), Answer::Ended { sessions: 1, links: 1 });
    assert!(!alive(&world, &grace) && alive(&world, &others) && alive(&world, &entered));
    let nowhere = WorkspaceId::from_random([9; 12]);
    assert_eq!(refusal(end(&world, &nowhere, None)), Refusal::NotFound);
}

#[test]
fn who_ended_whose_sessions_is_written_down_once() {
    let world = World::new();
    let workspace = world.workspace("Acme").id;
    session_of(&world, &workspace, "ada", None);
    for user in [Some("ada".to_owned()), None] {
        let command = Command::EndSessions { workspace: workspace.clone(), user };
        let draw = Draw { id: [7; 12], secret: [7; 32] };
        handle_by(&world.sql, Timestamp(world.now.get()), draw, &Actor::Root, command).unwrap();
    }
    let (workspace, action) = (Some(workspace), "session.ended".to_owned());
    let Answer::Audit(told) = world.ask(Command::Audit { workspace, before: None, action, limit: 9 }) else {
        panic!("no entries")
    };
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let entries = told["results"].as_array().unwrap();
    assert_eq!(entries.len(), 1, "the second time nobody was there: {entries:?}");
    let details = serde_json::json!({ "for": "ada", "sessions": 1, "links": 0 });
    assert_eq!((&entries[0]["by"], &entries[0]["details"]), (&"the root key".into(), &details));
}

fn try_as(world: &World, client: &str, known: bool, correct: bool) -> Answer {
    world.ask(Command::SignIn { client: client.to_owned(), known, correct })
}

fn operator(world: &World) -> String {
    match try_as(world, "the operator", false, true) {
        Answer::SessionMade { secret, .. } => secret,
        other => panic!("{other:?}"),
    }
}

fn enter(world: &World, operator: &str, workspace: &WorkspaceId) -> String {
    match world.ask(Command::EnterWorkspace { hash: hash(operator), workspace: workspace.clone() }) {
        Answer::SessionMade { secret, .. } => secret,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_the_operator_opened_ends_with_the_consoles_session() {
    let world = World::new();
    let (first, second) = (world.workspace("Acme").id, world.workspace("Other").id);
    let (leaves, stays) = (operator(&world), operator(&world));
    let entered = [enter(&world, &leaves, &first), enter(&world, &leaves, &second)];
    let other = enter(&world, &stays, &first);
    let person = world.session(&first, Role::Viewer);
    world.ask(Command::EndSession { hash: hash(&leaves) });
    assert!(entered.iter().all(|session| !alive(&world, session)));
    assert!(alive(&world, &other) && alive(&world, &person) && alive(&world, &stays));
    // By time as well, however late it was entered.
    world.pass(8 * HOUR_MS - MINUTE_MS);
    let late = enter(&world, &stays, &first);
    assert!(alive(&world, &late));
    world.pass(MINUTE_MS);
    assert!(!alive(&world, &stays) && !alive(&world, &late));
}

#[test]
fn guesses_from_many_networks_slow_networks_and_stop_nobody_who_is_known() {
    let world = World::new();
    let wrong = |client: &str| refusal(try_as(&world, client, false, false));
    for nth in 0..400 {
        let expected = Refusal::WrongPassword;
        assert_eq!(wrong(&format!("stranger {nth}")), expected, "each has one");
    }
    // A crowd: one attempt each.
    assert!(matches!(wrong("stranger 399"), Refusal::TooMany { .. }));
    // The operator at a new browser, and mistyping once at the known one.
    assert!(matches!(try_as(&world, "a new network", false, true), Answer::SessionMade { .. }));
    assert_eq!(refusal(try_as(&world, "known browser", true, false)), Refusal::WrongPassword);
    assert!(matches!(try_as(&world, "known browser", true, true), Answer::SessionMade { .. }));
    // Known browsers guess no faster than networks.
    for _ in 0..4 {
        assert_eq!(refusal(try_as(&world, "known browser", true, false)), Refusal::WrongPassword);
    }
    assert!(matches!(refusal(try_as(&world, "known browser", true, true)), Refusal::TooMany { .. }));
    world.pass(15 * MINUTE_MS);
    assert!(matches!(try_as(&world, "stranger 399", false, true), Answer::SessionMade { .. }));
}

#[test]
fn twenty_thousand_networks_at_once_stop_new_browsers_and_known_ones_pass() {
    let world = World::new();
    let statement = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        INSERT INTO attempts (client, at) SELECT 'n' || i, ?1 + i / 100 FROM n";
    let at = [crate::store::sql::Param::Int(world.now.get())];
    crate::store::sql::Sql::exec(&world.sql, statement, &at).unwrap();
    world.pass(MINUTE_MS);
    assert!(matches!(refusal(try_as(&world, "new", false, true)), Refusal::TooMany { .. }));
    assert!(matches!(try_as(&world, "known", true, true), Answer::SessionMade { .. }));
    // What is remembered stays bounded.
    for nth in 0..4 {
        try_as(&world, &format!("known {nth}"), true, false);
    }
    let kept = crate::store::sql::int(&world.sql, "SELECT count(*) FROM attempts", &[]).unwrap();
    assert!(kept.is_some_and(|kept| (19_900..=20_100).contains(&kept)), "{kept:?}");
    world.pass(15 * MINUTE_MS);
    assert!(matches!(try_as(&world, "new", false, true), Answer::SessionMade { .. }));
}

#[test]
fn a_network_guesses_fifty_times_a_day() {
    let world = World::new();
    let begun = world.now.get();
    let mut guesses = 0;
    while world.now.get() < begun + DAY_MS {
        match refusal(try_as(&world, "a", false, false)) {
            Refusal::WrongPassword => guesses += 1,
            Refusal::TooMany { wait_ms } => world.pass(wait_ms),
            other => panic!("{other:?}"),
        }
    }
    assert!((50..=55).contains(&guesses), "{guesses}");
}

#[test]
fn what_was_refused_in_front_is_counted() {
    let world = World::new();
    for (keys, paced) in [(3, 1), (0, 0), (4, 0)] {
        assert_eq!(world.ask(Command::CountRefused { keys, paced }), Answer::Done);
    }
    let Answer::Health(health) = world.ask(Command::Health) else { panic!("no health") };
    let counted = [("api_keys_refused".to_owned(), 7), ("strangers_paced".to_owned(), 1)];
    assert_eq!(health.counters, counted);
}
