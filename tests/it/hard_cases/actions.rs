//! What an action comes to: what it says itself and what a mapping gives it, what is known before, and who may claim.

use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        mappings::commands::{Answer as MappingAnswer, Command as MappingCommand},
        messages::{Answer, Command},
        outbox::commands::Asked,
    },
    values::{ids::ObjectType, mapping::Action},
};

use super::{
    ids,
    outbox::{act, action, asked, refusal, settled, take, with, writing},
    synced,
};
use crate::life::{PORTAL, World};

fn save(world: &mut World, action: Action, entries: Value) {
    let mapping = json!({ "entries": entries });
    let saved = world.command(Command::Mapping(MappingCommand::Put(action, mapping)));
    assert!(matches!(saved, Some(Answer::Mapping(MappingAnswer::Json(_)))), "not saved: {saved:?}");
}

fn update(id: &str, properties: Value) -> Value {
    json!({ "action": "update_record", "type": "contacts", "record": id, "properties": properties })
}

/// Has something done with what the host knows.
fn done_with(world: &mut World, body: Value, data: Value) -> Value {
    let Value::Object(data) = data else { panic!("no object") };
    let one = take(world, Asked { data, ..asked(body) });
    settled(world, &one)
}

#[test]
fn a_dry_run_says_of_which_fields_the_old_value_is_not_known() {
    let mut world = synced(writing(9));
    let id = ids(&world)[3].clone();
    world.contact("edit", json!({ "id": id, "properties": { "firstname": "Ulm", "phone": "+15550001" } }));
    world.choose(Some(&["firstname", "lastname"]), &[]);
    assert!(world.backfill());
    world.pass(6);
    let mut dry = |id: &str| {
        let body = update(id, json!({ "firstname": "Ann", "phone": "+15550002" }));
        let one = take(&mut world, Asked { dry_run: true, ..asked(body) });
        let told = action(&mut world, &one);
        let fields = &told["writes"][0]["fields"];
        ["firstname", "phone"].map(|name| (fields[name]["from"].clone(), fields[name]["from_known"].clone()))
    };
    let unknown = (Value::Null, json!(false));
    assert_eq!(dry(&id), [(json!("Ulm"), Value::Null), unknown.clone()]);
    // Nor is anything of a record that the mirror does not hold.
    assert_eq!(dry("999999999"), [unknown.clone(), unknown]);
}

#[test]
fn what_an_action_says_itself_is_refused_and_never_left_out() {
    let mut world = synced(writing(9));
    let id = ids(&world)[3].clone();
    let entry = |field: &str| json!({ "field": field, "from": field, "drop_if_refused": true });
    save(&mut world, Action::UpdateContact, json!([entry("firstname"), entry("lastname")]));
    let rule = json!({
        "portal_id": PORTAL, "object_type": "contacts", "property": "lastname", "rules": [{ "kind": "alpha" }],
    });
    world.control("PUT", "validation-rules", &rule);
    let data = json!({ "firstname": "Ann", "lastname": "Roe" });
    let failed = done_with(&mut world, update(&id, json!({ "lastname": "R2-D2" })), data);
    let write = &failed["writes"][0];
    assert_eq!((&failed["state"], &write["left_out"]), (&json!("failed"), &Value::Null), "{failed:#}");
    assert!(write["problem"]["detail"].as_str().unwrap().contains("lastname"), "{failed:#}");
    assert_eq!(with(&world, ObjectType::Contacts, "firstname", "Ann").len(), 0);
}

#[test]
fn what_an_action_says_itself_is_written_whatever_the_mapping_says_of_the_field() {
    let mut world = synced(writing(9));
    let id = ids(&world)[3].clone();
    world.contact("edit", json!({ "id": id, "properties": { "firstname": "Ulm" } }));
    world.pass(6);
    let entries = json!([{ "field": "firstname", "from": "firstname", "only_if_empty": true }]);
    save(&mut world, Action::UpdateContact, entries);
    let body = update(&id, json!({ "firstname": "Ann" }));
    let done = done_with(&mut world, body, json!({ "firstname": "Bea" }));
    assert_eq!((&done["state"], &done["not_filled"]), (&json!("done"), &Value::Null), "{done:#}");
    assert_eq!(with(&world, ObjectType::Contacts, "firstname", "Ann"), [id]);
    // A company is called like its domain only where nobody says otherwise.
    save(&mut world, Action::ImportCompany, json!([{ "field": "name", "from": "account.name" }]));
    let known = json!({ "account": { "name": "Zyx Inc" } });
    for (domain, name, called) in
        [("one.example", None, "Zyx Inc"), ("two.example", Some("Zyx Two"), "Zyx Two")]
    {
        let body = json!({ "action": "import_company", "domain": domain, "name": name });
        let done = done_with(&mut world, body, known.clone());
        assert_eq!(done["state"], "done", "{done:#}");
        let made = with(&world, ObjectType::Companies, "domain", domain);
        assert_eq!(with(&world, ObjectType::Companies, "name", called), made, "{domain}");
    }
}

#[test]
fn an_account_is_claimed_by_a_person_who_is_in_the_account() {
    let mut world = synced(writing(5));
    let company = world.truth_of(ObjectType::Companies).into_keys().next().unwrap();
    let put = |world: &mut World, owner: Value| {
        world.control("POST", "owners/put", &json!({ "owner": owner }))["id"].to_string()
    };
    let gone = put(&mut world, json!({ "email": "max@example.com", "first_name": "Max", "archived": true }));
    let queue = put(&mut world, json!({ "email": "desk@example.com", "first_name": "Desk", "queue": true }));
    // Of the address of somebody who left, and came back.
    let there = put(&mut world, json!({ "email": "max@example.com", "first_name": "Max" }));
    world.command(Command::RefreshFields);
    world.pass(1);
    let claim = |owner: Value| json!({ "action": "claim_account", "company": company, "owner": owner });
    for (owner, words) in [
        (json!({ "id": gone }), "has left"),
        (json!({ "id": "12345" }), "no such owner"),
        (json!({ "id": queue }), "queue"),
    ] {
        let (at, said) = refusal(&mut world, claim(owner));
        assert!(at == "/owner" && said.contains(words), "{at} {said}");
    }
    for owner in [json!({ "id": there }), json!({ "email": "Max@example.com" })] {
        let one = act(&mut world, claim(owner));
        assert_eq!(settled(&mut world, &one)["state"], "done");
        assert_eq!(world.truth_of(ObjectType::Companies)[&company]["hubspot_owner_id"], json!(there));
    }
}
