use serde_json::{Value, json};

use super::{PORTAL, World, ids, text};
use crate::{Change, Switches};

const CONTACTS: &str = "/crm/objects/2026-09/contacts";

fn refusal(world: &mut World, properties: Value) -> String {
    let (status, body) = world.post(CONTACTS, json!({"properties": properties}));
    assert_eq!((status, &body["category"]), (400, &json!("VALIDATION_ERROR")), "{body}");
    assert!(text(&body["message"]).starts_with("Property values were not valid: [{"));
    text(&body["errors"][0]["code"])
}

#[test]
fn bad_values_are_refused_with_the_code_of_their_kind() {
    let mut world = World::new(Switches::default());
    for (name, value, code) in [
        ("no_such_thing", "x", "PROPERTY_DOESNT_EXIST"),
        ("hs_object_id", "1", "READ_ONLY_VALUE"),
        ("createdate", "1", "READ_ONLY_VALUE"),
        ("hs_email_domain", "x", "READ_ONLY_VALUE"),
        ("email", "not an address", "INVALID_EMAIL"),
        ("lifecyclestage", "Lead", "INVALID_OPTION"),
        ("closedate", "tomorrow", "INVALID_DATE"),
    ] {
        assert_eq!(refusal(&mut world, json!({"firstname": "A", name: value})), code, "{name}");
    }
    let (_, body) = world.post(CONTACTS, json!({"properties": {"nope": "1", "neither": "2"}}));
    assert_eq!(body["errors"].as_array().expect("errors").len(), 2, "one entry per bad property");
}

#[test]
fn a_contact_needs_a_name_or_an_email() {
    let mut world = World::new(Switches::default());
    let (status, _) = world.post(CONTACTS, json!({"properties": {"phone": "1"}}));
    assert_eq!(status, 400);
}

#[test]
fn a_taken_email_gets_409_with_the_id_in_the_text_in_any_case() {
    let mut world = World::new(Switches::default());
    let id = world.contact("ada@example.com", "Ada");
    let (status, body) = world.post(CONTACTS, json!({"properties": {"email": "ADA@Example.com"}}));
    assert_eq!((status, &body["category"]), (409, &json!("CONFLICT")));
    assert_eq!(body["message"], json!(format!("Contact already exists. Existing ID: {id}")));
    let other = world.contact("bob@example.com", "Bob");
    let change = Some(json!({"properties": {"email": "ada@example.com"}}));
    assert_eq!(world.call("PATCH", &format!("{CONTACTS}/{other}"), change).0, 409);
}

#[test]
fn an_additional_email_also_leads_to_its_contact_and_is_taken() {
    let mut world = World::new(Switches::default());
    let (a, b) = (world.contact("a@example.com", "A"), world.contact("b@example.com", "B"));
    let (_, merged) =
        world.post(&format!("{CONTACTS}/merge"), json!({"primaryObjectId": a, "objectIdToMerge": b}));
    let id = text(&merged["id"]);
    let (_, body) = world.get(&format!("{CONTACTS}/b%40example.com?idProperty=email"));
    assert_eq!(body["id"], json!(id));
    assert_eq!(world.post(CONTACTS, json!({"properties": {"email": "b@example.com"}})).0, 409);
}

#[test]
fn a_merge_makes_a_new_record_and_leaves_aliases() {
    let mut world = World::new(Switches::default());
    let (a, b) = (world.contact("a@example.com", "A"), world.contact("b@example.com", "B"));
    world.call(
        "PATCH",
        &format!("{CONTACTS}/{b}"),
        Some(json!({"properties": {"phone": "123", "firstname": "Bee"}})),
    );
    let (_, merged) =
        world.post(&format!("{CONTACTS}/merge"), json!({"primaryObjectId": a, "objectIdToMerge": b}));
    let id = text(&merged["id"]);
    assert!(id != a && id != b);
    let names = "properties=hs_merged_object_ids,hs_additional_emails,firstname,phone,email";
    let (_, body) = world.get(&format!("{CONTACTS}/{a}?{names}"));
    let properties = &body["properties"];
    assert_eq!(body["id"], json!(id));
    assert_eq!(properties["hs_merged_object_ids"], json!(format!("{a};{b}")));
    assert_eq!(properties["hs_additional_emails"], "b@example.com");
    assert_eq!((&properties["firstname"], &properties["phone"]), (&json!("A"), &json!("123")));
    assert_eq!(world.live_ids(), [id]);
    assert_eq!(ids(&world.get(&format!("{CONTACTS}?archived=true")).1).len(), 0);
}

#[test]
fn the_251st_merge_into_one_contact_gets_414() {
    let mut world = World::new(Switches::default());
    let mut id = world.contact("first@example.com", "F");
    let mut statuses = Vec::new();
    for n in 0..130 {
        let other = world.contact(&format!("c{n}@example.com"), "C");
        let body = json!({"primaryObjectId": id, "objectIdToMerge": other});
        let (status, answer) = world.post(&format!("{CONTACTS}/merge"), body);
        statuses.push(status);
        if status != 200 {
            break;
        }
        id = text(&answer["id"]);
    }
    assert_eq!(statuses.last(), Some(&414));
    assert!(statuses.len() > 100);
}

#[test]
fn privacy_deletion_leaves_nothing_and_bars_the_email() {
    let mut world = World::new(Switches::default());
    let id = world.contact("ada@example.com", "Ada");
    let body = json!({"objectId": "ada@example.com", "idProperty": "email"});
    assert_eq!(world.post(&format!("{CONTACTS}/gdpr-delete"), body.clone()).0, 204);
    assert_eq!(world.get(&format!("{CONTACTS}/{id}?archived=true")).0, 404);
    assert_eq!(refusal(&mut world, json!({"email": "ada@example.com"})), "INVALID_EMAIL");
    let unknown = json!({"objectId": "eve@example.com", "idProperty": "email"});
    assert_eq!(world.post(&format!("{CONTACTS}/gdpr-delete"), unknown).0, 204);
    assert_eq!(refusal(&mut world, json!({"email": "eve@example.com"})), "INVALID_EMAIL");
    assert_eq!(world.post(&format!("{CONTACTS}/gdpr-delete"), json!({"objectId": "999999"})).0, 404);
}

#[test]
fn values_are_kept_as_hubspot_writes_them() {
    let mut world = World::new(Switches::default());
    let body = json!({"properties": {
        "email": "Ada@Example.com", "closedate": "1767312000000", "hs_preferred_channels": "sms",
    }});
    let (_, body) = world.post(CONTACTS, body);
    assert_eq!(body["properties"]["email"], "ada@example.com");
    assert_eq!(body["properties"]["closedate"], "2026-01-02T00:00:00.000Z");
    let id = text(&body["id"]);
    let path = format!("{CONTACTS}/{id}");
    let (_, body) =
        world.call("PATCH", &path, Some(json!({"properties": {"hs_preferred_channels": ";email"}})));
    assert_eq!(body["properties"]["hs_preferred_channels"], "sms;email");
    let (_, body) = world.call("PATCH", &path, Some(json!({"properties": {"hs_preferred_channels": ""}})));
    assert_eq!(body["properties"]["hs_preferred_channels"], Value::Null, "an empty text clears");
}

#[test]
fn the_lifecycle_stage_only_moves_forward_unless_cleared() {
    let mut world = World::new(Switches::default());
    let id = world.contact("ada@example.com", "Ada");
    let path = format!("{CONTACTS}/{id}");
    let mut stage = |value: &str| {
        let (_, body) = world.call("PATCH", &path, Some(json!({"properties": {"lifecyclestage": value}})));
        body["properties"]["lifecyclestage"].clone()
    };
    assert_eq!(stage("customer"), "customer");
    assert_eq!(stage("lead"), "customer");
    assert_eq!(stage(""), Value::Null);
    assert_eq!(stage("lead"), "lead");
}

#[test]
fn an_unchanged_value_is_no_modification() {
    let mut world = World::new(Switches::default());
    let id = world.contact("ada@example.com", "Ada");
    let path = format!("{CONTACTS}/{id}");
    let before = text(&world.get(&path).1["updatedAt"]);
    let (_, body) = world.call("PATCH", &path, Some(json!({"properties": {"firstname": "Ada"}})));
    assert_eq!(body["updatedAt"], json!(before));
    let (_, body) = world.call("PATCH", &path, Some(json!({"properties": {"firstname": "Eve"}})));
    assert_ne!(body["updatedAt"], json!(before));
}

#[test]
fn what_is_no_json_or_has_unknown_members_or_another_type_is_refused() {
    let mut world = World::new(Switches::default());
    assert_eq!(world.post(CONTACTS, json!({"properties": {}, "extra": 1})).0, 400);
    assert_eq!(world.post(CONTACTS, json!({"properties": {"firstname": 5}})).0, 400);
    let types = json!([{"to": {"id": "1"}, "types": []}]);
    assert_eq!(world.post(CONTACTS, json!({"properties": {"firstname": "A"}, "associations": types})).0, 400);
}

#[test]
fn every_change_of_a_watched_portal_is_told_and_none_of_others() {
    let mut world = World::new(Switches { merge_sends_deletions: true, ..Switches::default() });
    let told = |world: &mut World, act: &mut dyn FnMut(&mut crate::Portal, &mut crate::portal::Turn<'_>)| {
        world.now_ms += 1;
        let now_ms = world.now_ms;
        world.portal(|portal, turn| act(portal, turn));
        let mut changes = Vec::new();
        while let Some(event) = world.sim.changes.take() {
            assert_eq!((event.portal_id, event.object_type_id, event.occurred_at), (PORTAL, "0-1", now_ms));
            changes.push((event.object_id, event.change));
        }
        changes
    };
    let mut ids = Vec::new();
    let unwatched = told(&mut world, &mut |portal, turn| {
        ids.push(portal.create_record(turn, "contacts", &[("email", "a@example.com")]).expect("created"));
    });
    assert_eq!(unwatched.len(), 0);
    world.sim.changes.watch(PORTAL, true);
    let created = told(&mut world, &mut |portal, turn| {
        ids.push(portal.create_record(turn, "contacts", &[("email", "b@example.com")]).expect("created"));
    });
    assert_eq!(created[0], (ids[1], Change::Creation));
    let email = Change::PropertyChange { name: "email".into(), value: "b@example.com".into() };
    assert!(created.contains(&(ids[1], email)));
    let edited = told(&mut world, &mut |portal, turn| {
        portal
            .edit_record(turn, "contacts", ids[0], &[("phone", "1"), ("email", "a@example.com")])
            .expect("edited");
    });
    assert_eq!(edited, [(ids[0], Change::PropertyChange { name: "phone".into(), value: "1".into() })]);
    let archived = told(&mut world, &mut |portal, turn| {
        portal.archive_record(turn, "contacts", ids[0]).expect("archived");
        portal.restore_record(turn, "contacts", ids[0]).expect("restored");
    });
    assert_eq!(archived, [(ids[0], Change::Deletion), (ids[0], Change::Restore)]);
    let mut new = 0;
    let merged = told(&mut world, &mut |portal, turn| {
        new = portal.merge_records(turn, "contacts", ids[0], ids[1]).expect("merged");
    });
    let merge = Change::Merge { primary: ids[0], merged: vec![ids[1]], properties_moved: 0 };
    assert_eq!(merged, [(new, merge), (ids[0], Change::Deletion), (ids[1], Change::Deletion)]);
    let erased =
        told(&mut world, &mut |portal, turn| portal.erase_record(turn, "contacts", new).expect("erased"));
    assert_eq!(erased, [(new, Change::PrivacyDeletion), (new, Change::Deletion)]);
}
