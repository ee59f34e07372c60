//! Who is erased: nothing of them is written, and what was to be is forgotten.

use hubspot_simulator::{
    faults::{Fault, Rule},
    route::Endpoint,
};
use serde_json::json;
use spoke::{
    engine::portal::{
        blocks::{Command as Privacy, Whom},
        messages::Command,
        outbox::commands::Asked,
    },
    values::ids::ObjectType,
};

use super::{
    ids,
    outbox::{act, asked, fault, refusal, settled, take, task, with, writing},
    synced,
};
use crate::life::World;

#[test]
fn nothing_of_an_erased_person_is_kept_or_written() {
    let mut world = synced(writing(9));
    let id = ids(&world)[2].clone();
    let update = json!({ "action": "update_record", "type": "contacts", "record": id, "properties": { "firstname": "Canary" } });
    let one = act(&mut world, update.clone());
    settled(&mut world, &one);
    let about = act(&mut world, task("Canary", &id));
    settled(&mut world, &about);
    world.pass(6);
    world.command(Command::Pause);
    act(
        &mut world,
        json!({ "action": "update_record", "type": "contacts", "record": id, "properties": { "firstname": "Canarytwo" } }),
    );
    let whom = Whom::Record { object_type: ObjectType::Contacts, id: id.parse().unwrap() };
    world.command(Command::Privacy(Privacy::Erase { whom }));
    world.command(Command::Resume);
    world.pass(10);
    let kept = ["actions", "outbox", "echoes"].map(|table| world.dump_of(table)).join("\n").to_lowercase();
    assert!(!kept.contains("canary"), "{kept}");
    assert_eq!(with(&world, ObjectType::Contacts, "firstname", "Canarytwo").len(), 0);
    let (at, words) = refusal(&mut world, update);
    assert!(at == "/record" && words.contains("not in HubSpot any more"), "{at} {words}");
}

#[test]
fn whoever_is_erased_before_anybody_has_read_them_is_kept_out_by_the_address_they_were_made_with() {
    let mut world = synced(writing(5));
    let body = json!({ "action": "import_contact", "email": "canary@acme.example" });
    fault(&mut world, Rule::one_in(1, Fault::Locked).at(Endpoint::BatchRead).of("contacts"));
    let made = act(&mut world, body.clone());
    let done = settled(&mut world, &made);
    let id = done["writes"][0]["result"].as_str().unwrap().to_owned();
    assert!(world.record(&id).is_none(), "it is not read yet");
    let whom = Whom::Record { object_type: ObjectType::Contacts, id: id.parse().unwrap() };
    world.command(Command::Privacy(Privacy::Erase { whom }));
    world.simulator.faults.clear();
    // Who made it twice in HubSpot has it there under another id.
    world.contact("archive", json!({ "id": id }));
    world.contact("create", json!({ "properties": { "email": "canary@acme.example" } }));
    world.pass(20);
    assert!(!world.mirror().values().any(|values| values["email"] == "canary@acme.example"));
    assert_eq!(refusal(&mut world, body).0, "/email");
}

#[test]
fn nobody_who_was_erased_by_their_address_is_made_in_hubspot_afterwards() {
    let mut world = synced(writing(9));
    world.command(Command::Pause);
    let import = json!({ "action": "import_contact", "email": "Canary@Acme.example", "properties": { "firstname": "Canary" }, "company": { "domain": "acme.example" } });
    let key = Some("import-canary@acme.example".to_owned());
    take(&mut world, Asked { key, why: Some("Canary signed up".to_owned()), ..asked(import.clone()) });
    let dry = json!({ "action": "import_contact", "email": "canary@acme.example" });
    take(&mut world, Asked { dry_run: true, ..asked(dry) });
    let other = act(&mut world, json!({ "action": "import_contact", "email": "other@beta.example" }));
    let kept = |world: &World| {
        ["actions", "outbox", "echoes"].map(|table| world.dump_of(table)).join("\n").to_lowercase()
    };
    assert!(kept(&world).contains("canary"));
    let whom = Whom::Email(" canary@ACME.example".to_owned());
    world.command(Command::Privacy(Privacy::Erase { whom }));
    assert!(!kept(&world).contains("canary"), "{}", kept(&world));
    world.command(Command::Resume);
    assert_eq!(settled(&mut world, &other)["state"], "done");
    world.pass(10);
    assert!(!kept(&world).contains("canary"), "{}", kept(&world));
    assert_eq!(with(&world, ObjectType::Contacts, "email", "canary@acme.example").len(), 0);
    assert_eq!(with(&world, ObjectType::Companies, "domain", "acme.example").len(), 0, "nor their company");
    let (at, words) = refusal(&mut world, import);
    assert!(at == "/email" && words.contains("kept out"), "{at} {words}");
}

#[test]
fn whoever_was_made_as_they_were_erased_leaves_nothing_of_what_made_them() {
    let mut world = synced(writing(9));
    // The key of companies is known: the next leaves at once.
    let another = act(&mut world, json!({ "action": "import_company", "domain": "another.example" }));
    settled(&mut world, &another);
    world.hold("/contacts/batch/create", 1);
    let import = json!({ "action": "import_contact", "email": "canary@acme.example", "company": { "domain": "acme.example" } });
    act(&mut world, import);
    let made = |world: &World| with(world, ObjectType::Companies, "domain", "acme.example").len();
    assert!(world.until(5, |world| world.held() == 1 && made(world) == 1));
    let whom = Whom::Email("canary@acme.example".to_owned());
    world.command(Command::Privacy(Privacy::Erase { whom }));
    world.release();
    world.pass(10);
    let kept = ["actions", "outbox", "echoes"].map(|table| world.dump_of(table)).join("\n").to_lowercase();
    assert!(!kept.contains("canary"), "{kept}");
    assert!(kept.contains("acme.example"), "the company had left before: {kept}");
}

#[test]
fn an_address_that_is_found_out_later_to_be_of_somebody_erased_is_not_sent() {
    let mut world = synced(writing(9));
    let all = ids(&world);
    for (id, email) in [(&all[1], "first@example.org"), (&all[2], "second@example.org")] {
        world.contact("edit", json!({ "id": id, "properties": { "email": email } }));
    }
    world.pass(6);
    let id = world.contact("merge", json!({ "primary": all[1], "other": all[2] }));
    world.pass(12);
    assert!(world.record(&id).is_some());
    world.command(Command::Pause);
    let one = act(&mut world, json!({ "action": "import_contact", "email": "first@example.org" }));
    let whom = Whom::Email("second@example.org".to_owned());
    world.command(Command::Privacy(Privacy::Erase { whom }));
    assert!(world.until(6, |world| world.record(&id).is_none()), "found by going over the mirror");
    let before = world.calls.len();
    world.command(Command::Resume);
    let one = settled(&mut world, &one);
    assert_eq!(one["state"], "failed", "{one}");
    assert!(one["writes"][0]["problem"]["detail"].as_str().unwrap().contains("kept out"), "{one}");
    assert_eq!(world.counted(before, "/contacts/batch/create"), 0);
}
