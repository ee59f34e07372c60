//! Field mappings: saved once they are right, kept through everything, and never used on fields that are not what they were.

use std::collections::BTreeMap;

use hubspot_simulator::portal::PortalSettings;
use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        mappings::{
            self,
            commands::{Answer as MappingAnswer, Command as MappingCommand, Refusal},
        },
        messages::{Answer, Command},
        retention::Wanted,
    },
    values::{
        ids::ObjectType,
        mapping::{Action, Filled, Why},
    },
};

use super::{ids, make_field, synced, tiny};
use crate::life::{Plan, World};

const FIELD: &str = "/crm/properties/2026-09/contacts/plan";
const ACTION: Action = Action::UpdateContact;

fn ask(world: &mut World, command: MappingCommand) -> Result<Value, Refusal> {
    match world.command(Command::Mapping(command)) {
        Some(Answer::Mapping(MappingAnswer::Json(text))) => Ok(serde_json::from_str(&text).unwrap()),
        Some(Answer::Mapping(MappingAnswer::Removed)) => Ok(Value::Null),
        Some(Answer::Mapping(MappingAnswer::Refused(refusal))) => Err(refusal),
        other => panic!("{other:?}"),
    }
}

fn save(world: &mut World, action: Action, entries: Value) -> Result<Value, Refusal> {
    ask(world, MappingCommand::Put(action, json!({ "entries": entries })))
}

fn shown(world: &mut World) -> Value {
    ask(world, MappingCommand::Get(ACTION)).unwrap()
}

/// Paths and codes of what is wrong with a mapping that is refused.
fn wrong(refused: Result<Value, Refusal>) -> Vec<(String, &'static str)> {
    match refused {
        Err(Refusal::Wrong(faults)) => {
            faults.into_iter().map(|fault| (fault.path, fault.code.as_str())).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn make_plan(world: &mut World) {
    let options = [("free", "Free", false), ("pro", "Professional", false)];
    make_field(world, "plan", ("enumeration", "select"), options);
}

fn refresh(world: &mut World) {
    world.command(Command::RefreshFields);
    world.pass(1);
}

fn with_plan() -> World {
    with_plan_in(tiny(20))
}

fn with_plan_in(plan: Plan) -> World {
    let mut world = synced(plan);
    make_plan(&mut world);
    refresh(&mut world);
    world
}

/// What would be written to a contact now, as the outbox asks: of the database and the mirror.
fn filled(world: &mut World, host: &Value, contact: &str) -> Filled {
    let held = world.record(contact).unwrap()["properties"].clone();
    let sql = &world.objects[0].sql.inner;
    let mapping = mappings::load(sql, ACTION).unwrap().expect("it was saved");
    let names: Vec<&str> = mapping.entries.iter().map(|entry| entry.field.as_str()).collect();
    let fields = mappings::definitions(sql, ObjectType::Contacts, Some(&names)).unwrap();
    mapping.fill(host.as_object().unwrap(), |name| held[name].as_str(), |name| fields.get(name))
}

fn pairs(filled: &Filled) -> BTreeMap<&str, &str> {
    filled.properties.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
}

#[test]
fn a_mapping_survives_eviction_edits_and_the_data_it_was_checked_against() {
    let mut world = with_plan();
    let entries = json!([{ "field": "plan", "from": "account.plan", "default": "Professional" }]);
    let saved = save(&mut world, ACTION, entries.clone()).unwrap();
    assert_eq!((&saved["state"], &saved["object_type"]), (&json!("ready"), &json!("contacts")));
    assert_eq!(
        (&saved["entries"][0]["label"], &saved["entries"][0]["property_type"]),
        (&json!("plan"), &json!("option"))
    );
    world.restart();
    assert_eq!(shown(&mut world), saved);
    world.pass(2);
    let again = save(&mut world, ACTION, entries).unwrap();
    assert_eq!(again["created_at"], saved["created_at"]);
    assert_ne!(again["updated_at"], saved["updated_at"]);
    save(&mut world, Action::LogCall, json!([{ "field": "hs_call_title", "from": "title" }])).unwrap();
    let all = ask(&mut world, MappingCommand::List).unwrap();
    let actions: Vec<&Value> = all["results"].as_array().unwrap().iter().map(|one| &one["action"]).collect();
    assert_eq!(actions, [&json!("update_contact"), &json!("log_call")]);
    // What was read goes; what people have set stays, and is not called broken for want of fields that nobody knows.
    world.farewell(true, true);
    world.pass(5);
    world.command(Command::DeleteData);
    world.pass(5);
    assert_eq!(shown(&mut world)["state"], "unchecked");
    let answer = world.command(Command::Mapping(MappingCommand::Put(
        ACTION,
        json!({ "entries": [{ "field": "plan", "from": "a" }] }),
    )));
    assert!(
        matches!(answer, Some(Answer::Mapping(MappingAnswer::Refused(Refusal::NotDiscovered)))),
        "{answer:?}"
    );
    assert_eq!(ask(&mut world, MappingCommand::Remove(ACTION)), Ok(Value::Null));
    assert_eq!(ask(&mut world, MappingCommand::Get(ACTION)), Err(Refusal::NotFound));
    assert_eq!(ask(&mut world, MappingCommand::Remove(ACTION)), Err(Refusal::NotFound));
}

#[test]
fn a_mapping_is_refused_with_the_place_of_each_fault_and_the_one_before_stays() {
    let mut world = with_plan();
    let before = save(&mut world, ACTION, json!([{ "field": "plan", "constant": "pro" }])).unwrap();
    let faults = wrong(save(
        &mut world,
        ACTION,
        json!([
            { "field": "plan", "from": "plan", "default": "gold" },
            { "field": "no_such_field", "from": "x" },
            { "field": "hs_object_id", "from": "id" },
        ]),
    ));
    assert_eq!(
        faults,
        [
            ("/entries/0/default".to_owned(), "unknown_option"),
            ("/entries/1/field".to_owned(), "unknown_field"),
            ("/entries/2/field".to_owned(), "read_only"),
        ]
    );
    let faults = wrong(save(&mut world, ACTION, json!([{ "field": "plan" }])));
    assert_eq!(faults, [("/entries/0".to_owned(), "shape")]);
    assert_eq!(shown(&mut world), before);
    let audit = Command::Audit { before: None, action: "mapping.".to_owned(), limit: 10 };
    let Some(Answer::Json(page)) = world.command(audit) else { panic!("no entries") };
    let page: Value = serde_json::from_str(&page).unwrap();
    assert_eq!(page["results"].as_array().unwrap().len(), 1, "what is refused was not done: {page}");
    assert_eq!(
        (&page["results"][0]["action"], &page["results"][0]["subject"], &page["results"][0]["details"]),
        (&json!("mapping.set"), &json!("update_contact"), &json!({ "entries": 1 }))
    );
}

#[test]
fn a_field_that_vanishes_or_is_retyped_breaks_its_entry_and_no_other() {
    let mut world = with_plan();
    let contact = ids(&world)[3].clone();
    let entries = json!([{ "field": "plan", "from": "plan" }, { "field": "firstname", "from": "name" }]);
    save(&mut world, ACTION, entries.clone()).unwrap();
    let host = json!({ "plan": "Professional", "name": "Ada" });
    assert_eq!(pairs(&filled(&mut world, &host, &contact)), [("firstname", "Ada"), ("plan", "pro")].into());

    world.by_tool("DELETE", FIELD, &Value::Null);
    refresh(&mut world);
    let broken = shown(&mut world);
    assert_eq!(
        (&broken["state"], &broken["entries"][0]["trouble"]["code"]),
        (&json!("broken"), &json!("unknown_field"))
    );
    assert_eq!(broken["entries"][1]["trouble"], Value::Null);
    let left = filled(&mut world, &host, &contact);
    assert_eq!(pairs(&left), [("firstname", "Ada")].into());
    assert!(matches!(&left.left[..], [(name, Why::Refused(_))] if name == "plan"), "{:?}", left.left);

    make_plan(&mut world);
    refresh(&mut world);
    assert_eq!(shown(&mut world)["state"], "ready", "it is back as it was");

    world.by_tool("PATCH", FIELD, &json!({ "type": "string", "fieldType": "text", "options": [] }));
    refresh(&mut world);
    world.restart();
    let broken = shown(&mut world);
    assert_eq!(
        (&broken["state"], &broken["entries"][0]["trouble"]["code"]),
        (&json!("broken"), &json!("retyped"))
    );
    let detail = broken["entries"][0]["trouble"]["detail"].as_str().unwrap();
    assert!(detail.contains("was one option") && detail.contains("is a text"), "{detail}");
    assert_eq!(pairs(&filled(&mut world, &host, &contact)), [("firstname", "Ada")].into());

    assert_eq!(save(&mut world, ACTION, entries).unwrap()["state"], "ready", "saved again it is meant so");
    assert_eq!(pairs(&filled(&mut world, &host, &contact))["plan"], "Professional");
}

#[test]
fn an_option_that_goes_breaks_the_constant_that_names_it() {
    let mut world = with_plan();
    save(&mut world, ACTION, json!([{ "field": "plan", "constant": "pro" }])).unwrap();
    let options = json!([{ "label": "Free", "value": "free", "displayOrder": 0, "hidden": false }]);
    world.by_tool("PATCH", FIELD, &json!({ "options": options }));
    refresh(&mut world);
    let broken = shown(&mut world);
    assert_eq!(
        (&broken["state"], &broken["entries"][0]["trouble"]["code"]),
        (&json!("broken"), &json!("not_an_option"))
    );
    let contact = ids(&world)[0].clone();
    assert_eq!(filled(&mut world, &json!({}), &contact).properties, []);
}

#[test]
fn only_empty_fields_are_filled_by_what_the_mirror_holds() {
    let mut world = with_plan();
    let (full, empty) = (ids(&world)[0].clone(), ids(&world)[1].clone());
    world.contact("edit", json!({ "id": full, "properties": { "plan": "free" } }));
    world.pass(6);
    save(
        &mut world,
        ACTION,
        json!([{ "field": "plan", "from": "plan", "only_if_empty": true, "drop_if_refused": true }]),
    )
    .unwrap();
    let host = json!({ "plan": "pro" });
    let kept = filled(&mut world, &host, &full);
    assert_eq!((kept.properties, kept.left), (vec![], vec![("plan".to_owned(), Why::NotEmpty)]));
    let written = filled(&mut world, &host, &empty);
    assert_eq!(written.properties, [("plan".to_owned(), "pro".to_owned())]);
    assert!(written.droppable.contains("plan"));
}

#[test]
fn constants_and_defaults_of_each_type_are_written_as_hubspot_takes_them() {
    let mut world = synced(tiny(10));
    for (name, types) in [
        ("a_text", ("string", "text")),
        ("a_number", ("number", "number")),
        ("a_day", ("date", "date")),
        ("a_moment", ("datetime", "date")),
        ("a_phone", ("string", "phonenumber")),
    ] {
        make_field(&mut world, name, types, []);
    }
    let yes_or_no = [("true", "Yes", false), ("false", "No", false)];
    make_field(&mut world, "a_flag", ("bool", "booleancheckbox"), yes_or_no);
    let colours = [("red", "Red", false), ("blue", "Blue", false)];
    make_field(&mut world, "a_choice", ("enumeration", "radio"), colours);
    make_field(&mut world, "some_choices", ("enumeration", "checkbox"), colours);
    refresh(&mut world);
    let expected = [
        ("a_text", json!("Acme"), "Acme"),
        ("a_number", json!(12.50), "12.5"),
        ("a_day", json!("2026-01-31"), "2026-01-31"),
        ("a_moment", json!("2026-01-31T12:00:00+02:00"), "2026-01-31T10:00:00.000Z"),
        ("a_phone", json!("+1 555 0100"), "+1 555 0100"),
        ("a_flag", json!("yes"), "true"),
        ("a_choice", json!("BLUE"), "blue"),
        ("some_choices", json!(["blue", "red"]), "red;blue"),
    ];
    let contact = ids(&world)[0].clone();
    for key in ["constant", "default"] {
        let entries: Vec<Value> = expected
            .iter()
            .map(|(name, value, _)| match key {
                "constant" => json!({ "field": name, "constant": value }),
                _ => json!({ "field": name, "from": "absent", "default": value }),
            })
            .collect();
        save(&mut world, ACTION, json!(entries)).unwrap();
        let filled = filled(&mut world, &json!({}), &contact);
        assert_eq!(pairs(&filled), expected.iter().map(|(name, _, text)| (*name, *text)).collect(), "{key}");
        // HubSpot itself takes what is written.
        let values: BTreeMap<_, _> = filled.properties.iter().cloned().collect();
        world.by_tool(
            "PATCH",
            &format!("/crm/objects/2026-09/contacts/{contact}"),
            &json!({ "properties": values }),
        );
    }
    world.pass(6);
    let held = world.record(&contact).unwrap()["properties"].clone();
    assert_eq!(
        (&held["a_choice"], &held["some_choices"], &held["a_flag"]),
        (&json!("blue"), &json!("red;blue"), &json!("true"))
    );
}

#[test]
fn what_a_mapping_fills_stays_mirrored_under_the_minimum_and_under_any_choice() {
    let mut world = with_plan_in(Plan { settings: PortalSettings::default(), ..tiny(20) });
    save(&mut world, ACTION, json!([{ "field": "plan", "from": "plan", "only_if_empty": true }])).unwrap();
    let contact = ids(&world)[2].clone();
    world.contact("edit", json!({ "id": contact, "properties": { "plan": "free", "city": "Kiel" } }));
    world.pass(6);
    let keeps = |world: &mut World| {
        assert!(world.backfill());
        world.pass(6);
        assert_eq!(world.record(&contact).unwrap()["properties"]["plan"], "free");
        let left = filled(world, &json!({ "plan": "pro" }), &contact).left;
        assert_eq!(left, [("plan".to_owned(), Why::NotEmpty)]);
    };
    world.choose(Some(&["firstname"]), &[]);
    keeps(&mut world);
    world.choose(None, &[]);
    assert!(world.backfill());
    let wanted = Wanted { minimum: Some(true), ..Wanted::default() };
    assert!(matches!(world.command(Command::SetRetention(wanted)), Some(Answer::Json(_))));
    keeps(&mut world);
    assert_eq!(world.record(&contact).unwrap()["properties"]["city"], Value::Null, "the minimum is kept");
    // Of what is not mirrored nobody knows whether it is empty.
    let entries = json!([{ "field": "plan", "from": "plan" }, { "field": "city", "from": "city", "only_if_empty": true }]);
    let faults = wrong(save(&mut world, ACTION, entries));
    assert_eq!(faults, [("/entries/1/only_if_empty".to_owned(), "unavailable")]);
    save(&mut world, ACTION, json!([{ "field": "city", "from": "city" }])).unwrap();
}

#[test]
fn tasks_calls_and_notes_are_mapped_without_being_mirrored() {
    let mut world = synced(tiny(10));
    let entries = json!([
        { "field": "hs_task_subject", "from": "subject", "type": "text" },
        { "field": "hs_timestamp", "from": "due", "type": "datetime" },
        { "field": "hubspot_owner_id", "from": "owner" },
    ]);
    assert_eq!(save(&mut world, Action::CreateTask, entries).unwrap()["state"], "ready");
    let faults = wrong(save(&mut world, Action::CreateTask, json!([{ "field": "own_field", "from": "x" }])));
    assert_eq!(faults, [("/entries/0/field".to_owned(), "unknown_field")]);
    let faults = wrong(save(
        &mut world,
        Action::LogCall,
        json!([{ "field": "hs_call_direction", "constant": "SIDEWAYS" }]),
    ));
    assert_eq!(faults, [("/entries/0/constant".to_owned(), "unknown_option")]);
}

#[test]
fn a_mapping_of_a_type_that_is_mirrored_is_checked_against_its_own_fields() {
    let mut world = World::new(Plan { further: vec!["tasks"], ..tiny(10) });
    world.turn_on("tasks");
    assert!(world.backfill());
    let faults = wrong(save(
        &mut world,
        Action::CreateTask,
        json!([{ "field": "hs_task_priority", "constant": "URGENTISH" }]),
    ));
    assert_eq!(faults, [("/entries/0/constant".to_owned(), "unknown_option")]);
    save(&mut world, Action::CreateTask, json!([{ "field": "hs_task_priority", "constant": "high" }]))
        .unwrap();
}

#[test]
fn mappings_of_one_connection_are_none_of_another() {
    let mut world = with_plan();
    save(&mut world, ACTION, json!([{ "field": "plan", "constant": "pro" }])).unwrap();
    world.add_connection();
    world.connect(1);
    world.pass(5);
    let answer = world.command_to(1, Command::Mapping(MappingCommand::Get(ACTION)));
    assert!(matches!(answer, Some(Answer::Mapping(MappingAnswer::Refused(Refusal::NotFound)))), "{answer:?}");
}
