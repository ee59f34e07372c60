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
