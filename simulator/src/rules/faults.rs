use serde_json::json;

use super::World;
use crate::faults::Rule;
use crate::problem::Policy;
use crate::{Endpoint, Fault, Switches};

const LIST: &str = "/crm/objects/2026-09/contacts";

#[test]
fn every_fault_shows_as_hubspot_would_show_it_and_then_passes() {
    for (fault, status) in [
        (Fault::RateLimited { policy: Policy::TenSecondlyRolling }, 429),
        (Fault::RateLimited { policy: Policy::Daily }, 429),
        (Fault::RateLimited { policy: Policy::Secondly }, 429),
        (Fault::ExpiredToken, 401),
        (Fault::Locked, 423),
        (Fault::Moved { retry_after_s: 3600 }, 477),
        (Fault::Status { status: 502, after_commit: false }, 502),
    ] {
        let mut world = World::seeded(3, Switches::default());
        world.sim.faults.add(Rule::next(1, fault));
        let response = world.send("GET", LIST, None).expect("an answer");
        assert_eq!(response.status, status, "{fault:?}");
        assert_eq!(response.headers.iter().any(|(name, _)| name == "retry-after"), status == 477);
        assert_eq!(world.get(LIST).0, 200, "{fault:?} passes");
    }
}

#[test]
fn a_fault_before_commit_changes_nothing_and_one_after_commit_has_changed_everything() {
    for after_commit in [false, true] {
        for fault in [Fault::Status { status: 504, after_commit }, Fault::NoAnswer { after_commit }] {
            let mut world = World::new(Switches::default());
            world.sim.faults.add(Rule::next(1, fault).at(Endpoint::Create));
            let answer = world.send("POST", LIST, Some(json!({"properties": {"firstname": "A"}})));
            assert_eq!(answer.is_none(), matches!(fault, Fault::NoAnswer { .. }));
            assert_eq!(world.live_ids().len(), usize::from(after_commit), "{fault:?}");
        }
    }
}

/// Every call that writes, with what it sends; `{contact}` and its like are ids.
const WRITES: [(Endpoint, &str, &str, &str); 17] = [
    (Endpoint::Create, "POST", "/crm/objects/2026-09/companies", r#"{"properties":{"name":"N"}}"#),
    (
        Endpoint::Update,
        "PATCH",
        "/crm/objects/2026-09/contacts/{contact}",
        r#"{"properties":{"firstname":"N"}}"#,
    ),
    (Endpoint::Archive, "DELETE", "/crm/objects/2026-09/contacts/{other}", ""),
    (
        Endpoint::BatchCreate,
        "POST",
        "/crm/objects/2026-09/tasks/batch/create",
        r#"{"inputs":[{"properties":{"hs_timestamp":"2026-11-20T12:00:00Z"}}]}"#,
    ),
    (
        Endpoint::BatchUpdate,
        "POST",
        "/crm/objects/2026-09/contacts/batch/update",
        r#"{"inputs":[{"id":"{contact}","properties":{"lastname":"N"}}]}"#,
    ),
    (
        Endpoint::BatchUpsert,
        "POST",
        "/crm/objects/2026-09/contacts/batch/upsert",
        r#"{"inputs":[{"id":"n@example.com","idProperty":"email","properties":{}}]}"#,
    ),
    (
        Endpoint::BatchArchive,
        "POST",
        "/crm/objects/2026-09/contacts/batch/archive",
        r#"{"inputs":[{"id":"{third}"}]}"#,
    ),
    (
        Endpoint::PropertyCreate,
        "POST",
        "/crm/properties/2026-09/companies",
        r#"{"name":"n","label":"N","type":"string","fieldType":"text","groupName":"companyinformation"}"#,
    ),
    (
        Endpoint::GroupCreate,
        "POST",
        "/crm/properties/2026-09/companies/groups",
        r#"{"name":"g","label":"G"}"#,
    ),
    (Endpoint::PropertyUpdate, "PATCH", "/crm/properties/2026-09/companies/n", r#"{"label":"M"}"#),
    (Endpoint::ListMembersChange, "PUT", "/crm/lists/2026-09/{list}/memberships/add", r#"["{contact}"]"#),
    (Endpoint::ListMembersChange, "PUT", "/crm/lists/2026-09/{list}/memberships/remove", r#"["{contact}"]"#),
    (
        Endpoint::AssociationDefault,
        "PUT",
        "/crm/objects/2026-09/contacts/{contact}/associations/default/companies/{company}",
        "",
    ),
    (
        Endpoint::AssociationBatchArchive,
        "POST",
        "/crm/associations/2026-09/contacts/companies/batch/archive",
        r#"{"inputs":[{"from":{"id":"{contact}"},"to":[{"id":"{company}"}]}]}"#,
    ),
    (
        Endpoint::AssociationPut,
        "PUT",
        "/crm/objects/2026-09/contacts/{contact}/associations/companies/{company}",
        r#"[{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":1}]"#,
    ),
    (
        Endpoint::AssociationDelete,
        "DELETE",
        "/crm/objects/2026-09/contacts/{contact}/associations/companies/{company}",
        "",
    ),
    (
        Endpoint::AssociationBatchDefault,
        "POST",
        "/crm/associations/2026-09/contacts/companies/batch/associate/default",
        r#"{"inputs":[{"from":{"id":"{contact}"},"to":{"id":"{company}"}}]}"#,
    ),
];

/// Everything a write could have changed, as text.
fn everything(world: &mut World) -> String {
    let state = world.portal(|portal, _| {
        let mut out = Vec::new();
        for object_type in ["contacts", "companies", "tasks"] {
            portal.dump(object_type, 0, 1_000, &mut out);
        }
        let members: Vec<_> = portal.lists().flat_map(|list| list.members().map(|own| own.0)).collect();
        let links = portal.associations("contacts", "companies");
        format!("{} {members:?} {links:?}", String::from_utf8_lossy(&out))
    });
    let properties = world.get("/crm/properties/2026-09/companies").1;
    let groups = world.get("/crm/properties/2026-09/companies/groups").1;
    format!("{state} {properties} {groups}")
}

#[test]
fn an_answer_to_any_write_may_be_lost_before_or_after_it_was_done() {
    let faults = [
        Fault::Status { status: 502, after_commit: false },
        Fault::Status { status: 504, after_commit: false },
        Fault::NoAnswer { after_commit: false },
        Fault::Hollow { after_commit: false },
        Fault::Locked,
        Fault::Moved { retry_after_s: 60 },
        Fault::Status { status: 502, after_commit: true },
        Fault::Status { status: 504, after_commit: true },
        Fault::NoAnswer { after_commit: true },
        Fault::Hollow { after_commit: true },
        Fault::Truncated,
    ];
    for fault in faults {
        let after = matches!(
            fault,
            Fault::Status { after_commit: true, .. }
                | Fault::NoAnswer { after_commit: true }
                | Fault::Hollow { after_commit: true }
                | Fault::Truncated
        );
        let mut world = World::seeded(3, Switches::default());
        let contacts = world.live_ids();
        let (company, list) = world.portal(|portal, turn| {
            let company = portal.create_record(turn, "companies", &[("name", "Acme")]).expect("created");
            let list =
                portal.create_list(0, "L", "contacts", crate::lists::Processing::Manual).expect("made");
            (company.to_string(), list.to_string())
        });
        for (endpoint, method, path, body) in WRITES {
            let fill = |text: &str| {
                text.replace("{contact}", &contacts[0])
                    .replace("{other}", &contacts[1])
                    .replace("{third}", &contacts[2])
                    .replace("{company}", &company)
                    .replace("{list}", &list)
            };
            let body = (!body.is_empty()).then(|| serde_json::from_str(&fill(body)).expect("JSON"));
            let before = everything(&mut world);
            world.sim.faults.add(Rule::next(1, fault).of_writes());
            let struck = world.send(method, &fill(path), body.clone());
            assert!(struck.is_none_or(|answer| answer.status != 400), "{path} {fault:?}");
            assert_eq!(world.sim.faults.rules(), [], "{path} counts as a write");
            assert_eq!(everything(&mut world) != before, after, "{fault:?} at {endpoint:?}");
            if !after {
                let status = world.call(method, &fill(path), body).0;
                assert!((200..300).contains(&status), "{path}: {status}");
            }
        }
    }
}

#[test]
fn a_batch_may_be_half_done_when_its_answer_is_lost() {
    let mut world = World::seeded(4, Switches::default());
    let ids = world.live_ids();
    let lost = Fault::HalfDone { status: 504 };
    let inputs: Vec<_> = (0..4).map(|at| json!({"properties": {"name": format!("C{at}")}})).collect();
    world.sim.faults.add(Rule::next(1, lost));
    let path = "/crm/objects/2026-09/companies/batch/create";
    assert_eq!(world.post(path, json!({ "inputs": inputs })).0, 504);
    world.portal(|portal, _| assert_eq!(portal.live_count("companies"), 2));
    let list =
        world.portal(|portal, _| portal.create_list(0, "L", "contacts", crate::lists::Processing::Manual));
    let list = list.expect("made");
    world.sim.faults.add(Rule::next(1, lost));
    let path = format!("/crm/lists/2026-09/{list}/memberships/add");
    assert_eq!(world.call("PUT", &path, Some(json!(ids))).0, 504);
    world.portal(|portal, _| assert_eq!(portal.list(list).expect("a list").size(), 2));
    world.sim.faults.add(Rule::next(1, lost));
    let (status, _) = world.call("DELETE", &format!("{LIST}/{}", ids[0]), None);
    assert_eq!((status, world.live_ids().len()), (504, 4));
}

#[test]
fn a_write_may_be_done_after_its_answer_was_lost_and_somebody_looked() {
    for status in [504, 0] {
        let mut world = World::new(Switches::default());
        world.sim.faults.add(Rule::next(1, Fault::Late { status, after_ms: 5_000 }).of_writes());
        let new = json!({"properties": {"email": "ada@example.com"}});
        let answer = world.send("POST", LIST, Some(new.clone()));
        assert_eq!(answer.map(|answer| answer.status), (status > 0).then_some(status));
        let find = format!("{LIST}/ada@example.com?idProperty=email");
        assert_eq!(world.get(&find).0, 404, "not there yet");
        world.now_ms += 5_000;
        assert_eq!(world.get(&find).0, 200);
        assert_eq!(world.post(LIST, new.clone()).0, 409);
        assert_eq!(world.live_ids().len(), 1);
        world.sim.faults.add(Rule::next(1, Fault::Late { status, after_ms: 5_000 }).of_writes());
        let other = json!({"properties": {"email": "grace@example.com"}});
        world.send("POST", LIST, Some(other.clone()));
        assert_eq!(world.post(LIST, other).0, 201);
        world.now_ms += 5_000;
        world.sim.tick(world.now_ms);
        assert_eq!(world.live_ids().len(), 2, "the late one met the key of the other");
    }
}

#[test]
fn a_fault_of_a_record_strikes_writes_of_it_too() {
    let mut world = World::seeded(2, Switches::default());
    let ids: Vec<u64> = world.live_ids().iter().map(|id| id.parse().expect("a number")).collect();
    world.sim.faults.add(Rule::of_record(ids[0], Fault::Locked));
    let update = |id: u64| json!({"inputs": [{"id": id.to_string(), "properties": {"firstname": "N"}}]});
    let body = Some(json!({"properties": {"firstname": "N"}}));
    assert_eq!(world.call("PATCH", &format!("{LIST}/{}", ids[0]), body).0, 423);
    assert_eq!(world.post(&format!("{LIST}/batch/update"), update(ids[0])).0, 423);
    assert_eq!(world.post(&format!("{LIST}/batch/update"), update(ids[1])).0, 200);
}

#[test]
fn html_and_truncated_answers_are_no_json() {
    let mut world = World::seeded(3, Switches::default());
    for fault in [Fault::Html, Fault::Truncated] {
        world.sim.faults.add(Rule::next(1, fault));
        let response = world.send("GET", LIST, None).expect("an answer");
        assert_eq!(response.status, 200);
        assert!(serde_json::from_slice::<serde_json::Value>(&response.body).is_err());
    }
}

#[test]
fn faults_strike_their_endpoint_after_the_calls_they_let_pass_and_add_latency() {
    let mut world = World::seeded(3, Switches::default());
    world.sim.faults.add(Rule { skip: 2, ..Rule::next(1, Fault::Locked).at(Endpoint::List).of("contacts") });
    world.sim.faults.add(Rule::next(1, Fault::Html).at(Endpoint::List).of("deals"));
    world.sim.faults.add(Rule::next(9, Fault::Latency { ms: 150 }));
    let statuses: Vec<u16> = (0..4).map(|_| world.get(LIST).0).collect();
    assert_eq!(statuses, [200, 200, 423, 200]);
    assert_eq!(world.sim.delay_ms(), 150);
    assert_eq!(world.sim.counters.of(Endpoint::List), 4);
    assert_eq!(world.sim.counters.with_status(423), 1);
}

#[test]
fn a_fault_of_a_record_strikes_whatever_reads_it_by_id_and_nothing_else() {
    let mut world = World::seeded(3, Switches::default());
    let ids: Vec<u64> = world.live_ids().iter().map(|id| id.parse().expect("a number")).collect();
    world.sim.faults.add(Rule::of_record(ids[1], Fault::Status { status: 500, after_commit: false }));
    let batch = |ids: &[u64]| {
        let inputs: Vec<_> = ids.iter().map(|id| json!({ "id": id.to_string() })).collect();
        json!({ "inputs": inputs, "properties": [] })
    };
    let read = format!("{LIST}/batch/read");
    assert_eq!(world.post(&read, batch(&ids)).0, 500);
    assert_eq!(world.post(&read, batch(&[ids[0], ids[2]])).0, 200);
    assert_eq!(world.get(&format!("{LIST}/{}", ids[1])).0, 500);
    assert_eq!(world.get(&format!("{LIST}/{}", ids[2])).0, 200);
    assert_eq!(world.get(LIST).0, 200);
}

#[test]
fn a_chance_fault_strikes_about_as_often_as_asked() {
    let mut world = World::seeded(3, Switches::default());
    world.sim.faults.add(Rule::one_in(4, Fault::Locked));
    let struck = (0..400).filter(|_| world.get(LIST).0 == 423).count();
    assert!((60..140).contains(&struck), "{struck}");
}

#[test]
fn a_token_without_the_scope_gets_403_and_no_token_401() {
    let mut world = World::new(Switches::default());
    world.sim.add_private_token(super::PORTAL, "pat-na1-test", &["oauth"]);
    let (status, body) = world.get(LIST);
    assert_eq!((status, &body["category"]), (403, &json!("MISSING_SCOPES")));
    assert_eq!(body["errors"][0]["context"]["requiredGranularScopes"], json!(["crm.objects.contacts.read"]));
    let request = crate::http::Request { method: "GET".into(), path: LIST.into(), ..Default::default() };
    let response = world.sim.handle(world.now_ms, &request).expect("an answer");
    assert_eq!(response.status, 401);
}
