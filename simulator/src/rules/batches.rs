use serde_json::{Value, json};

use super::{World, ids, sorted, text};
use crate::Switches;
use crate::switches::MergedId;

const BATCH: &str = "/crm/objects/2026-09/contacts/batch";

fn inputs(ids: &[String]) -> Value {
    json!({"inputs": ids.iter().map(|id| json!({"id": id})).collect::<Vec<_>>(), "properties": ["firstname"]})
}

#[test]
fn batch_read_shuffles_and_collapses_duplicates() {
    let mut world = World::seeded(100, Switches::default());
    let all = world.live_ids();
    let twice: Vec<String> = all[..40].iter().chain(&all[..40]).cloned().collect();
    let (status, body) = world.post(&format!("{BATCH}/read"), inputs(&twice));
    assert_eq!(status, 200);
    assert_ne!(ids(&body), all[..40]);
    assert_eq!(sorted(ids(&body)), all[..40]);
    assert_eq!(body["status"], "COMPLETE");
}

#[test]
fn batch_read_takes_100_inputs_and_50_with_history() {
    let mut world = World::seeded(101, Switches::default());
    let all = world.live_ids();
    assert_eq!(world.post(&format!("{BATCH}/read"), inputs(&all[..100])).0, 200);
    let (status, body) = world.post(&format!("{BATCH}/read"), inputs(&all));
    assert_eq!(status, 400);
    assert!(text(&body["message"]).contains("100"));
    let mut with_history = inputs(&all[..51]);
    with_history["propertiesWithHistory"] = json!(["email"]);
    let (status, body) = world.post(&format!("{BATCH}/read"), with_history);
    assert_eq!(status, 400);
    assert!(text(&body["message"]).contains("50"));
}

#[test]
fn ids_that_are_nobodys_come_in_one_error_of_a_207() {
    let mut world = World::seeded(3, Switches::default());
    let mut asked = world.live_ids();
    asked.extend(["999998".into(), "999999".into(), "999999".into()]);
    let (status, body) = world.post(&format!("{BATCH}/read"), inputs(&asked));
    assert_eq!((status, &body["numErrors"]), (207, &json!(1)));
    assert_eq!(ids(&body).len(), 3);
    assert_eq!(body["errors"][0]["category"], "OBJECT_NOT_FOUND");
    assert_eq!(body["errors"][0]["context"]["ids"], json!(["999998", "999999"]));
}

#[test]
fn batch_read_finds_by_email_and_archived_records_when_asked() {
    let mut world = World::new(Switches::default());
    let id = world.contact("ada@example.com", "Ada");
    let by_email = json!({"inputs": [{"id": "Ada@Example.com"}], "idProperty": "email", "properties": []});
    assert_eq!(ids(&world.post(&format!("{BATCH}/read"), by_email).1), [id.clone()]);
    world.call("DELETE", &format!("/crm/objects/2026-09/contacts/{id}"), None);
    assert_eq!(world.post(&format!("{BATCH}/read"), inputs(&[id.clone()])).0, 207);
    let (status, body) = world.post(&format!("{BATCH}/read?archived=true"), inputs(&[id.clone()]));
    assert_eq!((status, ids(&body)), (200, vec![id]));
}

#[test]
fn merged_away_ids_are_missing_from_batch_answers_but_lead_single_reads_to_the_result() {
    let mut world = World::new(Switches::default());
    let (a, b) = (world.contact("a@example.com", "A"), world.contact("b@example.com", "B"));
    let (status, merged) = world
        .post("/crm/objects/2026-09/contacts/merge", json!({"primaryObjectId": a, "objectIdToMerge": b}));
    assert_eq!(status, 200);
    let new = text(&merged["id"]);
    let (status, body) = world.post(&format!("{BATCH}/read"), inputs(&[a.clone(), new.clone()]));
    assert_eq!((status, ids(&body)), (200, vec![new.clone()]));
    assert!(body.get("errors").is_none());
    assert_eq!(world.get(&format!("/crm/objects/2026-09/contacts/{b}")).1["id"], json!(new));
    let update = json!({"inputs": [{"id": a, "properties": {"firstname": "C"}}]});
    assert_eq!(world.post(&format!("{BATCH}/update"), update).1["results"], json!([]));
    world.sim.switches.batch_read_merged = MergedId::Resolved;
    assert_eq!(ids(&world.post(&format!("{BATCH}/read"), inputs(&[a.clone()])).1), [new]);
    world.sim.switches.batch_read_merged = MergedId::NotFound;
    assert_eq!(world.post(&format!("{BATCH}/read"), inputs(&[a])).0, 207);
}

#[test]
fn who_was_deleted_for_privacy_is_neither_among_the_archived_nor_anywhere_else() {
    const ARCHIVED: &str = "/crm/objects/2026-09/contacts";
    let mut world = World::new(Switches { archive_shows_after_ms: 60_000, ..Switches::default() });
    let names = ["plain", "private", "both", "merged", "into", "here"];
    let made = names.map(|name| world.contact(&format!("{name}@example.com"), name));
    let number = |id: &String| id.parse::<u64>().expect("a number");
    let merged = world.portal(|portal, turn| {
        for id in [&made[0], &made[2]] {
            portal.archive_record(turn, "contacts", number(id)).expect("live");
        }
        for id in [&made[1], &made[2]] {
            portal.erase_record(turn, "contacts", number(id)).expect("there");
        }
        let merged =
            portal.merge_records(turn, "contacts", number(&made[3]), number(&made[4])).expect("live");
        portal.archive_record(turn, "contacts", merged).expect("live");
        merged.to_string()
    });
    let batch = |world: &mut World| world.post(&format!("{BATCH}/read?archived=true"), inputs(&made));
    let missing = |body: &Value| {
        sorted(serde_json::from_value(body["errors"][0]["context"]["ids"].clone()).expect("ids"))
    };
    let (status, early) = batch(&mut world);
    assert_eq!((status, ids(&early).len()), (207, 0), "the archive is late");
    assert_eq!(missing(&early), [&made[0], &made[1], &made[2], &made[5]].map(String::clone));
    world.now_ms += 60_000;
    let (_, body) = batch(&mut world);
    assert_eq!(
        (ids(&body), missing(&body)),
        (vec![made[0].clone()], [&made[1], &made[2], &made[5]].map(String::clone).to_vec())
    );
    let shown = world.get(&format!("{ARCHIVED}?archived=true")).1;
    assert_eq!(ids(&shown), [made[0].clone(), merged.clone()]);
    assert_eq!(world.get(&format!("{ARCHIVED}/{}?archived=true", made[3])).1["id"], json!(merged));
    assert_eq!(world.get(&format!("{ARCHIVED}/{}", made[3])).0, 404);
    // Somebody who became part of a record that is archived is answered by it, and by nobody among the living.
    world.sim.switches.batch_read_merged = MergedId::Resolved;
    let parts = inputs(&made[3..5]);
    assert_eq!(ids(&world.post(&format!("{BATCH}/read?archived=true"), parts.clone()).1), [merged]);
    assert_eq!(ids(&world.post(&format!("{BATCH}/read"), parts).1).len(), 0);
    // Nor is anybody who has been archived for too long.
    world.now_ms += 90 * 86_400_000;
    let (_, body) = batch(&mut world);
    assert_eq!(ids(&body).len(), 0);
}

#[test]
fn batch_create_is_all_or_nothing_without_trace_ids() {
    let mut world = World::new(Switches::default());
    let taken = world.contact("taken@example.com", "T");
    let rows = json!({"inputs": [
        {"properties": {"email": "new@example.com"}},
        {"properties": {"email": "taken@example.com"}},
    ]});
    let (status, body) = world.post(&format!("{BATCH}/create"), rows);
    assert_eq!(status, 409);
    assert_eq!(body["message"], json!(format!("Contact already exists. Existing ID: {taken}")));
    assert_eq!(world.live_ids().len(), 1);
}

#[test]
fn batch_create_with_trace_ids_does_what_it_can_and_names_the_rest() {
    let mut world = World::new(Switches::default());
    world.contact("taken@example.com", "T");
    let rows = json!({"inputs": [
        {"properties": {"email": "new@example.com"}, "objectWriteTraceId": "one"},
        {"properties": {"email": "taken@example.com"}, "objectWriteTraceId": "two"},
        {"properties": {"nonsense": "x"}, "objectWriteTraceId": "three"},
    ]});
    let (status, body) = world.post(&format!("{BATCH}/create"), rows);
    assert_eq!((status, &body["numErrors"]), (207, &json!(2)));
    assert_eq!(body["results"][0]["objectWriteTraceId"], "one");
    assert_eq!(body["errors"][0]["context"]["objectWriteTraceId"], json!(["two"]));
    assert_eq!(body["errors"][0]["category"], "CONFLICT");
    assert_eq!(body["errors"][1]["category"], "VALIDATION_ERROR");
    assert_eq!(world.live_ids().len(), 2);
}

#[test]
fn batch_update_names_missing_ids_and_refuses_the_same_id_twice() {
    let mut world = World::new(Switches::default());
    let id = world.contact("ada@example.com", "Ada");
    let rows = json!({"inputs": [
        {"id": id, "properties": {"firstname": "Augusta"}, "objectWriteTraceId": "t1"},
        {"id": "999999", "properties": {"firstname": "Nobody"}, "objectWriteTraceId": "t2"},
    ]});
    let (status, body) = world.post(&format!("{BATCH}/update"), rows);
    assert_eq!((status, ids(&body)), (207, vec![id.clone()]));
    assert_eq!(body["errors"][0]["context"], json!({"ids": ["999999"], "objectWriteTraceId": ["t2"]}));
    let twice = json!({"inputs": [
        {"id": id, "properties": {"firstname": "A"}},
        {"id": id, "properties": {"firstname": "B"}},
    ]});
    assert_eq!(world.post(&format!("{BATCH}/update"), twice).0, 400);
}

#[test]
fn batch_upsert_says_which_records_are_new() {
    let mut world = World::new(Switches::default());
    world.contact("old@example.com", "Old");
    let rows = json!({"inputs": [
        {"id": "old@example.com", "idProperty": "email", "properties": {"lastname": "Known"}},
        {"id": "new@example.com", "idProperty": "email", "properties": {"lastname": "Fresh"}},
    ]});
    let (status, body) = world.post(&format!("{BATCH}/upsert"), rows);
    assert_eq!(status, 200);
    for record in body["results"].as_array().expect("results") {
        assert_eq!(record["new"], json!(record["properties"]["email"] == "new@example.com"));
    }
}

#[test]
fn batch_archive_passes_over_unknown_ids() {
    let mut world = World::seeded(4, Switches::default());
    let all = world.live_ids();
    let body = json!({"inputs": [{"id": all[0]}, {"id": "999999"}, {"id": all[1]}]});
    assert_eq!(world.post(&format!("{BATCH}/archive"), body).0, 204);
    assert_eq!(world.live_ids(), all[2..]);
}
