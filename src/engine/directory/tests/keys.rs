//! API keys, and requests that are sent twice.

use super::*;

#[test]
fn a_key_works_until_it_is_revoked_or_expires() {
    let world = World::new();
    let workspace = world.workspace("Acme").id;
    let mint = |expires_at| {
        let command = Command::CreateKey {
            workspace: workspace.clone(),
            name: "ci".to_owned(),
            expires_at,
            permissions: Permissions::all(),
        };
        let Answer::KeyCreated { secret, .. } = world.ask(command) else { panic!("no key") };
        secret
    };
    let verify = |secret: &str| {
        let (key, hash) = api_key::parse(secret).unwrap();
        world.ask(Command::VerifyKey { key, hash })
    };
    let forever = mint(None);
    let short = mint(Some(Timestamp(world.now.get() + HOUR_MS)));
    let holder = Answer::KeyHolder { workspace: workspace.clone(), permissions: Permissions::all() };
    assert_eq!((verify(&forever), verify(&short)), (holder.clone(), holder.clone()));

    let (id, _) = api_key::parse(&forever).unwrap();
    let wrong = Command::VerifyKey { key: id.clone(), hash: hash("something else") };
    assert_eq!(world.ask(wrong), Answer::Refused(Refusal::BadKey));

    world.pass(HOUR_MS);
    assert_eq!(verify(&short), Answer::Refused(Refusal::BadKey));
    let Answer::Keys(keys) = world.ask(Command::Keys { workspace: workspace.clone() }) else { panic!() };
    assert!(keys.iter().all(|key| key.used_at.is_some()) && keys.len() == 2);

    let stranger = world.workspace("Other").id;
    let revoke = |workspace: &WorkspaceId| {
        world.ask(Command::RevokeKey { workspace: workspace.clone(), key: id.clone() })
    };
    assert_eq!(revoke(&stranger), REFUSED_NOT_FOUND);
    assert_eq!(verify(&forever), holder);
    assert_eq!(revoke(&workspace), Answer::Done);
    assert_eq!(verify(&forever), Answer::Refused(Refusal::BadKey));
    assert_eq!(revoke(&workspace), REFUSED_NOT_FOUND);
}

#[test]
fn a_key_has_the_permissions_it_was_made_with_and_an_old_one_all() {
    let world = World::new();
    let workspace = world.workspace("Acme").id;
    let permissions = Permissions::of(&[Permission::Read]);
    let (name, expires_at) = ("reads".to_owned(), None);
    let command = Command::CreateKey { workspace: workspace.clone(), name, expires_at, permissions };
    let Answer::KeyCreated { key, secret } = world.ask(command) else { panic!("no key") };
    let holder = || {
        let (id, hash) = api_key::parse(&secret).unwrap();
        match world.ask(Command::VerifyKey { key: id, hash }) {
            Answer::KeyHolder { permissions, .. } => permissions.names(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((holder(), key.permissions.names()), (vec!["read"], vec!["read"]));
    let Answer::Keys(listed) = world.ask(Command::Keys { workspace }) else { panic!("no list") };
    assert_eq!(listed[0].permissions.names(), ["read"]);
    world.sql.exec("UPDATE api_keys SET permissions = NULL", &[]).unwrap();
    assert_eq!(holder(), ["read", "write", "admin"], "made before there were permissions");
}

fn claim(world: &World, caller: &str, fingerprint: &str, repeats: bool) -> Claim {
    let (caller, fingerprint) = (caller.to_owned(), fingerprint.to_owned());
    match world.ask(Command::ClaimRequest { caller, key: "k".to_owned(), fingerprint, repeats }) {
        Answer::Claim(claim) => claim,
        other => panic!("{other:?}"),
    }
}

fn settle(world: &World, answer: Option<&str>) {
    let (caller, key) = ("root".to_owned(), "k".to_owned());
    let answer = answer.map(str::to_owned);
    assert_eq!(world.ask(Command::SettleRequest { caller, key, answer }), Answer::Done);
}

#[test]
fn of_requests_with_one_key_one_is_let_through_and_the_others_get_its_answer_for_a_day() {
    let world = World::new();
    assert_eq!(claim(&world, "root", "one", false), Claim::Granted);
    assert_eq!(claim(&world, "root", "one", false), Claim::Answering);
    assert_eq!(claim(&world, "root", "two", false), Claim::Another, "whether or not the first is answered");
    assert_eq!(claim(&world, "key_1", "two", false), Claim::Granted, "another caller's keys are others");
    settle(&world, Some("sealed"));
    settle(&world, Some("late"));
    world.pass(DAY_MS - 1);
    assert_eq!(claim(&world, "root", "one", false), Claim::Answered("sealed".to_owned()));
    assert_eq!(claim(&world, "root", "two", false), Claim::Another);
    world.pass(1);
    assert_eq!(claim(&world, "root", "two", false), Claim::Granted, "its day is over");
}

#[test]
fn a_request_without_effect_frees_its_key_and_one_without_an_end_only_where_it_may_be_repeated() {
    let world = World::new();
    assert_eq!(claim(&world, "root", "one", false), Claim::Granted);
    settle(&world, None);
    assert_eq!(claim(&world, "root", "two", false), Claim::Granted);
    world.pass(2 * MINUTE_MS);
    assert_eq!(claim(&world, "root", "two", false), Claim::Lost, "a second effect would be a second thing");
    assert_eq!(claim(&world, "root", "two", true), Claim::Granted);
    settle(&world, Some(""));
    assert_eq!(claim(&world, "root", "two", true), Claim::Lost, "its answer was too large to keep");
}

#[test]
fn a_callers_keys_are_bounded_and_forgotten_by_a_tick() {
    let world = World::new();
    let statement = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
        INSERT INTO requests (caller, key, fingerprint, began_at) SELECT 'root', 'n' || i, 'f', ?2 FROM n";
    let most = i64::from(KEYS_A_CALLER);
    world.sql.exec(statement, &[Param::Int(most), Param::Int(world.now.get())]).unwrap();
    assert_eq!(claim(&world, "root", "one", false), Claim::Full);
    assert_eq!(claim(&world, "key_1", "one", false), Claim::Granted);
    world.pass(DAY_MS);
    world.tick();
    assert_eq!(claim(&world, "root", "one", false), Claim::Granted);
    let left = int(&world.sql, "SELECT count(*) FROM requests", &[]).unwrap();
    assert_eq!(left, Some(1));
}
