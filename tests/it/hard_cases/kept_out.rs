//! Whom somebody had erased: nothing of them stays anywhere, and they stay away whatever brings them back, until they are let in.

use hubspot_simulator::{Switches, portal::PortalSettings};
use serde_json::{Value, json};
use spoke::{
    engine::{
        actor::Actor,
        portal::{
            beside::commands::Command as Beside,
            blocks::{Command as Privacy, Whom},
            messages::{Answer, Command, State},
        },
    },
    store::sql::Sql,
    values::ids::{ListId, ObjectType},
};

use super::{checked, ids, rename, synced, tiny, under_way};
use crate::life::{Plan, World};

/// What only this person has; searched for in every byte that is kept.
const CANARIES: [&str; 4] = ["canaryfirst", "canaryelder", "+15550199", "canary@example"];
const EMAIL: &str = "canary@example.com";

fn plan() -> Plan {
    let switches = Switches { access_token_life_s: 7_200, ..Switches::default() };
    Plan { webhooks: true, switches, companies: Some(5), lists: Some(1), ..tiny(30) }
}

/// Makes a contact somebody who is easily found.
fn dress(world: &mut World, id: &str) {
    rename(world, id, "Canaryelder");
    world.pass(6);
    let values = json!({ "firstname": "Canaryfirst", "phone": "+15550199", "email": EMAIL });
    world.contact("edit", json!({ "id": id, "properties": values }));
    world.pass(6);
    for canary in CANARIES {
        assert!(everything(world).contains(canary), "{canary}");
    }
}

/// Every row of every table of the first connection, in lower case.
fn everything(world: &World) -> String {
    let sql = &world.objects[0].sql.inner;
    let tables = sql.exec("SELECT name FROM sqlite_master WHERE type = 'table'", &[]).unwrap();
    let mut all = String::new();
    for table in tables {
        let rows = sql.exec(&format!("SELECT * FROM {}", table[0].text().unwrap()), &[]).unwrap();
        all.push_str(&format!("{rows:?}").to_lowercase());
    }
    all
}

/// What the feed has stored that names a contact by its id, whatever it tells.
fn changes_naming(world: &World, id: &str) -> Vec<Value> {
    let sql = &world.objects[0].sql.inner;
    let rows = sql.exec("SELECT object_type, changes FROM feed", &[]).unwrap();
    let id: u64 = id.parse().unwrap();
    let mut naming = Vec::new();
    for row in rows {
        let own = row[0].text() == Some("contacts");
        let changes: Vec<Value> = serde_json::from_str(row[1].text().unwrap()).unwrap();
        naming.extend(changes.into_iter().filter(|change| {
            let names = |field: &str| change[field] == id;
            let among = change["ids"].as_array().is_some_and(|ids| ids.contains(&json!(id)));
            let other = change["to_type"] == "contacts" && names("to");
            other || (own && (names("id") || names("into") || among))
        }));
    }
    naming
}

fn nowhere(world: &World) {
    let held = everything(world);
    for canary in CANARIES {
        assert!(!held.contains(canary), "{canary} is still held");
    }
}

fn by_email(email: &str) -> Whom {
    Whom::Email(email.to_owned())
}

fn by_id(id: &str) -> Whom {
    Whom::Record { object_type: ObjectType::Contacts, id: id.parse().unwrap() }
}

fn erase(world: &mut World, whom: Whom) -> Value {
    let command = Command::Privacy(Privacy::Erase { whom });
    match world.command_by(&Actor::Root, command) {
        Some(Answer::Json(text)) => serde_json::from_str(&text).unwrap(),
        other => panic!("not erased but {other:?}"),
    }
}

/// Erases somebody and tells the verdict.
fn erase_known(world: &mut World, whom: Whom, names: &[&str]) -> Value {
    let answer = erase(world, whom);
    world.kept_out.extend(names.iter().map(|name| (*name).to_owned()));
    answer
}

fn lift(world: &mut World, answer: &Value) {
    let id = answer["block"]["id"].as_str().unwrap().parse().unwrap();
    assert!(matches!(world.command(Command::Privacy(Privacy::Lift { id })), Some(Answer::Done)));
    world.kept_out.clear();
}

fn blocks(world: &mut World) -> Value {
    let command = Command::Privacy(Privacy::Blocks { after: None, limit: 100 });
    let Some(Answer::Json(text)) = world.command(command) else { panic!("no blocks") };
    serde_json::from_str(&text).unwrap()
}

fn resync(world: &mut World) {
    world.command(Command::Resync { object_type: ObjectType::Contacts });
    assert!(world.backfill());
}

/// With one person dressed up, on a list that is followed and linked to a company.
fn furnished() -> (World, String) {
    let mut world = synced(plan());
    let id = ids(&world)[4].clone();
    let company = world.truth_of(ObjectType::Companies).keys().next().unwrap().clone();
    let ends = json!({ "from_type": "contacts", "from": id, "to_type": "companies", "to": company });
    world.control("POST", "associations/add", &ends);
    dress(&mut world, &id);
    assert!(world.until(10, |world| world.members(0, 1).len() == 30));
    (world, id)
}

/// Something that could bring the contact with that id back.
type Brings = fn(&mut World, &str);

#[test]
fn nothing_of_an_erased_person_is_left_in_any_table_and_the_answer_says_what_went() {
    let (mut world, id) = furnished();
    let answer = erase_known(&mut world, by_email(" Canary@Example.com"), &[&id, EMAIL]);
    assert_eq!(world.record(&id), None, "at once");
    let erased = &answer["erased"];
    assert_eq!((&erased["records"], &erased["lists"]), (&json!(1), &json!(1)), "{answer}");
    assert!(erased["associations"].as_u64().unwrap() >= 1, "{answer}");
    world.pass(1);
    nowhere(&world);
    let naming = changes_naming(&world, &id);
    assert_eq!(naming.len(), 1, "{naming:?}");
    assert_eq!((&naming[0]["k"], &naming[0]["id"]), (&json!("e"), &json!(id.parse::<u64>().unwrap())));
    assert!(!everything(&world).contains(&spoke::values::crypto::sha256_hex(EMAIL.as_bytes())[..32]));
    let all = blocks(&mut world);
    assert_eq!(
        (&all["results"][0]["named_by"], &all["results"][0]["by"]["kind"]),
        (&json!("email"), &json!("root"))
    );
    assert_eq!(all["results"][0]["id"], answer["block"]["id"]);
    // Asked again it is the same block.
    assert_eq!(erase(&mut world, by_email(EMAIL))["block"], answer["block"]);
    assert_eq!(blocks(&mut world)["results"].as_array().unwrap().len(), 1);
    world.pass(30);
    world.verdict().unwrap();
    world.verdict_beside().unwrap();
}

#[test]
fn events_checks_full_reads_reconcile_and_connecting_again_do_not_bring_anybody_back() {
    let (mut world, id) = furnished();
    erase_known(&mut world, by_id(&id), &[&id, EMAIL]);
    world.pass(1);
    let brings: [(&str, Brings); 6] = [
        ("an event", |world, id| {
            rename(world, id, "Canaryfirst");
            world.pass(2);
        }),
        ("a check", |world, id| {
            world.contact("edit", json!({ "id": id, "properties": { "lastname": "Canaryfirst" } }));
            checked(world);
        }),
        ("a read on request", |world, id| {
            let id = id.parse().unwrap();
            world.command(Command::Reread { object_type: ObjectType::Contacts, id });
            world.pass(2);
        }),
        ("a full read", |world, _| resync(world)),
        ("connecting again", |world, _| {
            world.farewell(true, true);
            world.pass(2);
            assert_eq!(world.status().state, State::Disconnected);
            world.connect(0);
            assert!(world.backfill());
        }),
        ("reconcile", |world, _| world.pass(26 * 60)),
    ];
    for (what, bring) in brings {
        bring(&mut world, &id);
        world.restart();
        world.pass(6);
        assert_eq!(world.record(&id), None, "{what}");
        nowhere(&world);
    }
    assert!(!world.members(0, 1).contains(&id.parse().unwrap()));
    world.verdict().unwrap();
    world.verdict_beside().unwrap();
    assert_eq!(world.status().streams[0].reconcile.found, 0);
}

#[test]
fn an_answer_that_was_under_way_does_not_bring_them_back() {
    for end_of_name in ["contacts", "contacts/batch/read"] {
        let settings = PortalSettings { hubspot_properties: Some(13), ..PortalSettings::default() };
        let wide = end_of_name.ends_with("read");
        let mut plan = Plan { settings, ..tiny(0) };
        if wide {
            plan.settings.hubspot_properties = Some(400);
        }
        let (mut world, id) = under_way(plan, end_of_name);
        erase_known(&mut world, by_id(&id), &[&id]);
        world.release();
        assert!(world.backfill());
        assert_eq!(world.record(&id), None, "{end_of_name}");
        world.pass(10);
        world.verdict().unwrap();
    }
}

#[test]
fn whoever_gets_a_kept_out_address_later_is_erased_and_stays_out_when_it_changes() {
    let (mut world, id) = furnished();
    erase_known(&mut world, by_email(EMAIL), &[&id, EMAIL]);
    world.contact("archive", json!({ "id": id }));
    world.pass(6);
    // Made anew with the address; and another record that gets it.
    let again =
        world.contact("create", json!({ "properties": { "email": EMAIL, "firstname": "Canaryfirst" } }));
    world.kept_out.insert(again.clone());
    world.pass(6);
    assert_eq!(world.record(&again), None);
    world.contact("archive", json!({ "id": again }));
    let other = ids(&world)[7].clone();
    rename(&mut world, &other, "Canaryelder");
    world.pass(6);
    assert!(world.record(&other).is_some());
    world.contact("edit", json!({ "id": other, "properties": { "email": EMAIL } }));
    world.kept_out.insert(other.clone());
    world.pass(6);
    assert_eq!(world.record(&other), None);
    nowhere(&world);
    // Another address does not let them in.
    world.contact("edit", json!({ "id": other, "properties": { "email": "harmless@example.com" } }));
    world.pass(6);
    resync(&mut world);
    assert_eq!(world.record(&other), None);
    nowhere(&world);
    world.pass(30);
    world.verdict().unwrap();
}

#[test]
fn a_second_address_that_the_mirror_holds_is_found_by_going_over_it() {
    let mut world = synced(tiny(1_200));
    let all = ids(&world);
    let emails = [(&all[1_100], "First@example.org"), (&all[1_150], "Second@example.org")];
    for (id, email) in emails {
        let values = json!({ "email": email, "firstname": "Canaryfirst" });
        world.contact("edit", json!({ "id": id, "properties": values }));
    }
    world.pass(6);
    let id = world.contact("merge", json!({ "primary": all[1_100], "other": all[1_150] }));
    world.pass(12);
    let record = world.record(&id).unwrap();
    assert!(
        record["properties"]["hs_additional_emails"].as_str().unwrap().to_lowercase().contains("second@")
    );
    let held = export(&mut world, by_email("second@EXAMPLE.org"));
    let named = held["records"].as_array().unwrap().iter().find(|record| record["id"] == id.as_str());
    assert_eq!(named.unwrap()["record"]["properties"]["firstname"], json!("Canaryfirst"));
    assert_eq!(held["further_addresses_searched"], json!(true));
    assert!(world.record(&id).is_some());
    let answer = erase_known(&mut world, by_email("second@EXAMPLE.org"), &[&id]);
    assert_eq!((&answer["erased"]["records"], &answer["searching"]), (&json!(0), &json!(true)));
    world.pass(1);
    assert_eq!(world.record(&id), None);
    assert!(!everything(&world).contains("canaryfirst"));
    world.pass(6);
    world.verdict().unwrap();
}

#[test]
fn a_person_of_two_merged_records_is_erased_in_both_and_a_later_merger_erases_what_it_makes() {
    let (mut world, id) = furnished();
    let all = ids(&world);
    rename(&mut world, &all[0], "Canaryelder");
    world.pass(6);
    let merged = world.contact("merge", json!({ "primary": id, "other": all[0] }));
    world.pass(6);
    // Named by the one that became part of it.
    erase_known(&mut world, by_id(&all[0]), &[&id, &all[0], &merged, EMAIL]);
    world.pass(2);
    assert_eq!(world.record(&merged), None);
    nowhere(&world);
    // HubSpot's people merge the record that is kept out with one that is not.
    rename(&mut world, &all[1], "Canaryelder");
    world.pass(6);
    let third = world.contact("merge", json!({ "primary": all[1], "other": merged }));
    world.kept_out.insert(third.clone());
    world.pass(12);
    assert_eq!((world.record(&third), world.record(&all[1])), (None, None));
    nowhere(&world);
    world.pass(70);
    world.verdict().unwrap();
    assert_eq!(world.status().streams[0].reconcile.found, 0);
}

#[test]
fn whoever_is_let_in_is_read_again_with_their_places_and_links() {
    let (mut world, id) = furnished();
    let answer = erase_known(&mut world, by_id(&id), &[&id, EMAIL]);
    world.pass(20);
    world.restart();
    assert!(world.dump_of("erased").contains(&id));
    lift(&mut world, &answer);
    assert_eq!(blocks(&mut world)["results"], json!([]));
    assert_eq!(world.dump_of("erased"), "", "a later event is not taken for one of somebody erased");
    assert!(world.until(6, |world| world.record(&id).is_some()));
    assert!(world.until(10, |world| world.members(0, 1).len() == 30));
    world.pass(12);
    world.verdict().unwrap();
    world.verdict_beside().unwrap();
    let again =
        Command::Privacy(Privacy::Lift { id: answer["block"]["id"].as_str().unwrap().parse().unwrap() });
    assert!(matches!(world.command(again), Some(Answer::Missing)));
}

#[test]
fn somebody_who_is_in_no_mirror_yet_stays_out_when_they_come_and_comes_once_let_in() {
    let mut world = synced(tiny(30));
    let answer = erase_known(&mut world, by_email(EMAIL), &[EMAIL]);
    assert_eq!(answer["erased"]["records"], json!(0));
    let id = world.contact("create", json!({ "properties": { "email": "CANARY@example.com" } }));
    world.kept_out.insert(id.clone());
    world.pass(6);
    resync(&mut world);
    assert_eq!(world.record(&id), None);
    world.verdict().unwrap();
    lift(&mut world, &answer);
    assert!(world.until(6, |world| world.record(&id).is_some()));
    world.pass(6);
    world.verdict().unwrap();
}

fn export(world: &mut World, whom: Whom) -> Value {
    match world.command(Command::Privacy(Privacy::Export { whom })) {
        Some(Answer::Json(text)) => serde_json::from_str(&text).unwrap(),
        other => panic!("nothing is exported but {other:?}"),
    }
}

#[test]
fn what_is_held_about_a_person_is_one_document_that_says_afterwards_that_nothing_is() {
    let (mut world, id) = furnished();
    let held = export(&mut world, by_email(EMAIL));
    let record = &held["records"][0];
    assert_eq!(record["record"]["properties"]["phone"], json!("+15550199"));
    assert_eq!(record["lists"][0]["id"], json!("1"));
    assert_eq!(record["associations"]["companies"].as_array().unwrap().len(), 1);
    let history = record["history"].to_string();
    assert!(history.contains("Canaryelder") && history.contains("association_added"), "{history}");
    assert_eq!((&held["blocks"], &record["history_goes_on"]), (&json!([]), &json!(false)));
    let answer = erase_known(&mut world, by_id(&id), &[&id, EMAIL]);
    world.pass(2);
    for whom in [by_email(EMAIL), by_id(&id)] {
        let held = export(&mut world, whom);
        assert_eq!(held["blocks"][0]["id"], answer["block"]["id"]);
        assert_eq!(held["audit"][0]["action"], json!("person.erased"));
        let text = held.to_string().to_lowercase();
        assert!(CANARIES.iter().all(|canary| !text.contains(canary)), "{text}");
    }
    let nobody = export(&mut world, by_email("nobody@example.com"));
    assert_eq!((&nobody["records"], &nobody["blocks"]), (&json!([]), &json!([])));
}

#[test]
fn counts_leave_them_out_and_cost_no_more_calls_for_it() {
    let mut world = synced(tiny(3_000));
    let all = ids(&world);
    for id in [&all[5], &all[900], &all[2_100]] {
        erase_known(&mut world, by_id(id), &[id]);
    }
    world.pass(70);
    let counted = |world: &mut World| world.status().streams[0].reconcile.counts;
    let calls = counted(&mut world).calls;
    assert!((1..=10).contains(&calls), "{calls} calls");
    // Edited where nobody tells of it, and then taken away: a check sees the one, nothing the other.
    world.contact("edit", json!({ "id": all[5], "properties": { "firstname": "Edited" } }));
    world.pass(70);
    assert!((1..=10).contains(&counted(&mut world).calls), "{:?}", counted(&mut world));
    world.contact("archive", json!({ "id": all[900] }));
    world.pass(70);
    let looked = counted(&mut world);
    assert_eq!((looked.found, looked.cut_short), (0, false));
    world.verdict().unwrap();
}

#[test]
fn a_company_whose_contact_is_kept_out_is_not_read_again_and_again() {
    let (mut world, id) = furnished();
    erase_known(&mut world, by_id(&id), &[&id, EMAIL]);
    world.pass(20);
    for restarted in [false, true] {
        if restarted {
            world.restart();
            world.pass(70);
        }
        let from = world.calls.len();
        world.pass(30);
        let reads = world.counted(from, "companies/batch/read");
        assert!(reads <= 2, "{reads} reads of companies, restarted: {restarted}");
        let lists = world.counted(from, "/memberships") + world.counted(from, "/memberships/join-order");
        assert_eq!(lists, 0, "the list is not read again, restarted: {restarted}");
    }
    world.verdict().unwrap();
    // A list that is read from the start leaves them out as well.
    world.command(Command::Beside(Beside::Unfollow { list: ListId(1) }));
    world.command(Command::Beside(Beside::Follow { list: ListId(1) }));
    assert!(world.until(10, |world| world.members(0, 1).len() == 29));
    world.pass(10);
    world.verdict_beside().unwrap();
}

#[test]
fn nothing_is_read_where_those_who_are_to_be_kept_out_would_not_be_recognised() {
    let (mut world, id) = furnished();
    erase_known(&mut world, by_id(&id), &[&id, EMAIL]);
    world.pass(2);
    let other = "k2:HxwdHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";
    world.set("KEYRING", other);
    world.restart();
    world.connect(0);
    let from = world.calls.len();
    world.pass(20);
    assert_eq!(world.counted(from, "contacts"), 0);
    assert!(world.status().trouble.unwrap().words.contains("`KEYRING`"));
    world.set("KEYRING", &format!("{other},k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="));
    world.restart();
    world.connect(0);
    assert!(world.backfill());
    world.pass(6);
    assert_eq!(world.record(&id), None);
    nowhere(&world);
    // Sealed anew: the older key may be dropped.
    world.set("KEYRING", other);
    world.restart();
    world.pass(6);
    assert_eq!(world.status().trouble, None);
    world.verdict().unwrap();
}
