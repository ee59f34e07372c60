//! What automations wait for: lists that cannot be asked for want of a field or of a scope, and steps that somebody has tried again.

use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        messages::{Answer, Command},
        outbox::commands::{Answer as Written, Command as Outbox},
        signals::commands::{Answer as Told, Command as Signals, Refusal},
    },
    values::ids::{ObjectType, QualifyingListId},
};

use super::{
    signals::{
        TASK, ask, automate, hot, json_of, make_list, over, plan, runs, send, signals, states, tasks, visit,
        with,
    },
    synced,
};
use crate::life::{APP, PORTAL, World};

fn plan_is_not_free() -> Value {
    json!({ "not": { "of": "contact", "property": "plan", "type": "string", "operator": "is", "value": "free" } })
}

/// An account whose contacts have a field more, of whom Ann has a value in it; a list of everybody who has another, and its automation.
fn with_plans() -> (World, QualifyingListId) {
    let mut world = synced(plan());
    super::make_field(&mut world, "plan", ("string", "text"), []);
    world.command(Command::RefreshFields);
    world.pass(3);
    world.contact("create", json!({ "properties": { "email": "ann@acme.example", "plan": "free" } }));
    world.pass(7);
    let list = make_list(&mut world, plan_is_not_free());
    automate(&mut world, &list, json!([{ "action": "create_task", "subject": TASK }]));
    (world, list.parse().unwrap())
}

const FIELD: &str = "/crm/properties/2026-09/contacts/plan";

pub(super) fn told_in_feed(world: &mut World, kind: &str) -> usize {
    let told = world.command(Command::Changes { after: 0, limit: 1_000, types: vec![] });
    let Some(Answer::Json(told)) = told else { panic!("{told:?}") };
    let told: Value = serde_json::from_str(&told).unwrap();
    told["changes"].as_array().unwrap().iter().filter(|change| change["kind"] == kind).count()
}

#[test]
fn signals_wait_for_a_list_whose_field_vanished_and_none_is_decided_without_its_value() {
    let (mut world, id) = with_plans();
    let other = make_list(&mut world, json!({ "and": [] }));
    let told = ask(&mut world, Signals::RemoveList(id.clone()));
    assert!(matches!(&told, Told::Refused(Refusal::InUse(names)) if names == &["Follow up"]), "{told:?}");
    world.by_tool("DELETE", FIELD, &Value::Null);
    world.command(Command::RefreshFields);
    world.pass(3);
    send(&mut world, visit("e1"));
    assert!(world.until(5, |world| signals(world)[0]["state"] == "held"), "{:#}", signals(&mut world)[0]);
    let of = signals(&mut world)[0]["decision"]["lists"].clone();
    assert!(of[0]["trouble"].as_str().is_some_and(|words| words.contains("no field `plan`")), "{of}");
    assert_eq!((&of[0]["held"], &of[0]["qualifies"]), (&json!(true), &json!(false)));
    assert_eq!(
        (&of[1]["list"], &of[1]["qualifies"], &of[1]["held"]),
        (&json!(other), &json!(true), &json!(false))
    );
    let list = json_of(ask(&mut world, Signals::List(id.clone())));
    assert!(list["trouble"].as_str().unwrap().contains("stands still") && list["waiting"] == 1, "{list:#}");
    let automation = json_of(ask(&mut world, Signals::Automations))["results"][0].clone();
    assert_eq!(automation["trouble"], list["trouble"]);
    assert_eq!((told_in_feed(&mut world, "qualifying_list_held"), runs(&mut world).len()), (1, 0));
    // It is back, and so is what it said, which is read before anything is decided by it.
    world.restart();
    super::make_field(&mut world, "plan", ("string", "text"), []);
    let ann = with(&world, ObjectType::Contacts, "email", "ann@acme.example").remove(0);
    world.contact("edit", json!({ "id": ann, "properties": { "plan": "free" } }));
    send(
        &mut world,
        json!({ "id": "e2", "name": "Pricing viewed", "visitor": { "email": "bob@acme.example" } }),
    );
    world.command(Command::RefreshFields);
    let decided = |world: &mut World| signals(world).iter().all(|signal| signal["state"] == "decided");
    assert!(world.until(90, decided), "{:#?}", signals(&mut world));
    let all = signals(&mut world);
    let qualifies = |at: usize| all[at]["decision"]["lists"][0]["qualifies"].clone();
    assert_eq!((qualifies(1), qualifies(0)), (json!(false), json!(true)), "{all:#?}");
    let list = json_of(ask(&mut world, Signals::List(id)));
    assert_eq!((&list["trouble"], &list["waiting"]), (&Value::Null, &json!(0)));
    let run = over(&mut world, 1);
    assert_eq!((run.len(), &run[0]["state"]), (1, &json!("done")), "{run:#?}");
    assert_eq!(told_in_feed(&mut world, "qualifying_list_resumed"), 1);
    world.verdict().unwrap();
}

#[test]
fn a_list_whose_field_is_of_another_type_goes_on_with_what_waited_once_it_is_edited() {
    let (mut world, id) = with_plans();
    let retyped = json!({ "type": "number", "fieldType": "number" });
    world.by_tool("PATCH", FIELD, &retyped);
    world.command(Command::RefreshFields);
    world.pass(3);
    send(&mut world, visit("e1"));
    assert!(world.until(5, |world| signals(world)[0]["state"] == "held"), "{:#}", signals(&mut world)[0]);
    world.pass(30);
    assert_eq!((runs(&mut world).len(), tasks(&world).len()), (0, 0));
    let list = json_of(ask(&mut world, Signals::List(id.clone())));
    assert!(list["trouble"].as_str().unwrap().contains("number"), "{list:#}");
    ask(&mut world, Signals::PutList(Some(id), json!({ "name": "Hot", "filter": hot() })));
    let run = over(&mut world, 1).remove(0);
    assert_eq!(run["state"], "done", "{run:#}");
    let signal = &signals(&mut world)[0];
    assert_eq!(
        (&signal["state"], &signal["decision"]["lists"][0]["qualifies"]),
        (&json!("decided"), &json!(true))
    );
}

#[test]
fn an_answer_without_a_field_holds_the_list_before_the_fields_are_read() {
    let (mut world, _) = with_plans();
    world.by_tool("DELETE", FIELD, &Value::Null);
    // Read again at once, long before the list of fields would be: the answer does not have the field.
    let ann = with(&world, ObjectType::Contacts, "email", "ann@acme.example").remove(0);
    super::rename(&mut world, &ann, "Ann");
    world.pass(6);
    send(&mut world, visit("e1"));
    assert!(world.until(5, |world| signals(world)[0]["state"] == "held"), "{:#}", signals(&mut world)[0]);
    world.pass(70);
    assert_eq!((runs(&mut world).len(), tasks(&world).len()), (0, 0));
}

#[test]
fn signals_wait_for_a_list_of_companies_that_may_not_be_read_any_more() {
    let mut world = synced(plan());
    let acme = json!({ "properties": { "domain": "acme.example", "name": "Bonn" } });
    let company = world.change(ObjectType::Companies, "create", acme);
    world.pass(7);
    let ulm =
        json!({ "of": "company", "property": "name", "type": "string", "operator": "is", "value": "Ulm" });
    let id: QualifyingListId = make_list(&mut world, json!({ "not": ulm.clone() })).parse().unwrap();
    automate(&mut world, id.as_str(), json!([{ "action": "create_task", "subject": TASK }]));
    let other = make_list(&mut world, hot());
    let removed = json!({ "app_id": APP, "portal_id": PORTAL, "removed": ["crm.objects.companies.read"] });
    world.control("POST", "grants/scopes", &removed);
    world.pass(6);
    // What people do meanwhile nobody sees.
    world.change(ObjectType::Companies, "edit", json!({ "id": company, "properties": { "name": "Ulm" } }));
    send(&mut world, visit("e1"));
    let mut elsewhere = visit("e2");
    elsewhere["account"] = json!({ "domain": "other.example", "fields": { "score": 20 } });
    send(&mut world, elsewhere);
    let held = |world: &mut World| signals(world).iter().all(|signal| signal["state"] == "held");
    assert!(world.until(5, held), "{:#?}", signals(&mut world));
    world.pass(30);
    assert_eq!((runs(&mut world).len(), tasks(&world).len()), (0, 0));
    let first = signals(&mut world)[1]["decision"]["lists"].clone();
    assert_eq!((&first[0]["held"], &first[0]["qualifies"]), (&json!(true), &json!(false)), "{first}");
    // One that reads nothing of companies is asked as ever.
    assert_eq!(
        (&first[1]["list"], &first[1]["qualifies"], &first[1]["held"]),
        (&json!(other), &json!(true), &json!(false))
    );
    let list = json_of(ask(&mut world, Signals::List(id.clone())));
    let words = list["trouble"].as_str().unwrap();
    assert!(
        words.contains("fields of companies") && words.contains("`crm.objects.companies.read`"),
        "{words}"
    );
    assert_eq!(list["waiting"], 2, "{list:#}");
    assert_eq!(told_in_feed(&mut world, "qualifying_list_held"), 1);
    // Nor can such a list be made, or be edited into one, while that is so.
    let again = json!({ "name": "Not of Ulm", "filter": { "not": ulm } });
    let told = ask(&mut world, Signals::PutList(Some(id.clone()), again));
    assert!(
        matches!(&told, Told::Refused(Refusal::Wrong(faults)) if faults[0].path == "/filter"),
        "{told:?}"
    );
    // Granted again, everything is read before anything is decided by it.
    world.restart();
    world.connect(0);
    assert!(world.backfill());
    let decided = |world: &mut World| signals(world).iter().all(|signal| signal["state"] == "decided");
    assert!(world.until(90, decided), "{:#?}", signals(&mut world));
    let all = signals(&mut world);
    let qualifies = |at: usize| all[at]["decision"]["lists"][0]["qualifies"].clone();
    assert_eq!((qualifies(1), qualifies(0)), (json!(false), json!(true)), "{all:#?}");
    let run = over(&mut world, 1);
    assert_eq!((run.len(), &run[0]["state"]), (1, &json!("done")), "{run:#?}");
    let list = json_of(ask(&mut world, Signals::List(id)));
    assert_eq!((&list["trouble"], &list["waiting"]), (&Value::Null, &json!(0)));
    assert_eq!(told_in_feed(&mut world, "qualifying_list_resumed"), 1);
    world.pass(10);
    world.verdict().unwrap();
}

#[test]
fn signals_wait_for_a_list_that_asks_whether_there_is_a_company_while_nobody_can_look() {
    let mut world = synced(plan());
    let acme = json!({ "properties": { "domain": "acme.example", "name": "Acme" } });
    world.change(ObjectType::Companies, "create", acme);
    world.pass(7);
    let nobody =
        json!({ "of": "company", "property": "hs_object_id", "type": "number", "operator": "unknown" });
    let id: QualifyingListId = make_list(&mut world, nobody.clone()).parse().unwrap();
    automate(&mut world, id.as_str(), json!([{ "action": "create_task", "subject": TASK, "about": [] }]));
    let removed = json!({ "app_id": APP, "portal_id": PORTAL, "removed": ["crm.objects.companies.read"] });
    world.control("POST", "grants/scopes", &removed);
    world.pass(6);
    send(&mut world, visit("e1"));
    assert!(world.until(5, |world| signals(world)[0]["state"] == "held"), "{:#}", signals(&mut world)[0]);
    world.pass(30);
    assert_eq!((runs(&mut world).len(), tasks(&world).len()), (0, 0));
    let list = json_of(ask(&mut world, Signals::List(id)));
    let words = list["trouble"].as_str().unwrap();
    assert!(
        words.contains("whether there are records of companies")
            && words.contains("`crm.objects.companies.read`"),
        "{words}"
    );
    let told = ask(&mut world, Signals::PutList(None, json!({ "name": "New", "filter": nobody })));
    assert!(
        matches!(&told, Told::Refused(Refusal::Wrong(faults)) if faults[0].path == "/filter"),
        "{told:?}"
    );
    // Granted again: the company is there, and so the signal is of no list of those that are not.
    world.restart();
    world.connect(0);
    assert!(world.backfill());
    let decided = |world: &mut World| signals(world)[0]["state"] == "decided";
    assert!(world.until(90, decided), "{:#}", signals(&mut world)[0]);
    assert_eq!(signals(&mut world)[0]["decision"]["lists"][0]["qualifies"], false);
    assert_eq!((runs(&mut world).len(), tasks(&world).len()), (0, 0));
    assert_eq!(told_in_feed(&mut world, "qualifying_list_resumed"), 1);
}

#[test]
fn runs_are_gone_through_page_by_page_each_once() {
    let mut world = synced(plan());
    let list = make_list(&mut world, hot());
    automate(&mut world, &list, json!([{ "action": "create_task", "subject": TASK, "about": [] }]));
    for number in 0..7 {
        send(&mut world, visit(&format!("e{number}")));
    }
    over(&mut world, 7);
    let (mut pages, mut before) = (Vec::new(), None);
    loop {
        let command = Signals::Runs { automation: None, signal: None, before, limit: 3 };
        let Told::Page { results, next } = ask(&mut world, command) else { panic!("no page") };
        let page: Vec<Value> = serde_json::from_str(&results).unwrap();
        pages.push(page.iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>());
        before = next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);
    let all: Vec<String> =
        runs(&mut world).iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(pages.concat(), all);
}

fn action_of(run: &Value, step: usize) -> spoke::values::ids::ActionId {
    run["steps"][step]["action_id"].as_str().unwrap().parse().unwrap()
}

fn of_outbox(world: &mut World, command: Outbox) -> Value {
    match world.command(Command::Outbox(command)) {
        Some(Answer::Outbox(Written::Action(text))) => serde_json::from_str(&text).unwrap(),
        other => panic!("no action but {other:?}"),
    }
}

fn until_over(world: &mut World) -> Value {
    assert!(world.until(120, |world| runs(world)[0]["state"] != "open"), "{:#}", runs(world)[0]);
    runs(world).remove(0)
}

#[test]
fn a_run_follows_a_step_that_is_tried_again_and_does_what_had_to_be_left_out() {
    for evicted in [false, true] {
        let mut world = synced(plan());
        let rule = |kinds: &Value| json!({ "portal_id": PORTAL, "object_type": "companies", "property": "name", "rules": kinds });
        world.control("PUT", "validation-rules", &rule(&json!([{ "kind": "alpha" }])));
        let list = make_list(&mut world, hot());
        let steps = json!([
            { "action": "import_company", "properties": { "name": "Acme 3000" } },
            { "action": "create_task", "subject": TASK, "about": [] },
            { "action": "update_record", "type": "companies", "properties": { "name": "Acme" } },
        ]);
        automate(&mut world, &list, steps);
        send(&mut world, visit("e1"));
        let run = over(&mut world, 1).remove(0);
        assert_eq!(run["state"], "failed", "{run:#}");
        assert_eq!(states(&run), ["failed", "done", "skipped"], "{run:#}");
        // Tried again before the account's people have changed their rule: it fails again, and the run says so.
        let told = of_outbox(&mut world, Outbox::Retry(action_of(&run, 0)));
        assert_eq!(told["state"], "waiting");
        let open = runs(&mut world).remove(0);
        assert_eq!(
            (&open["state"], states(&open)),
            (&json!("open"), vec!["asked", "done", "waits"]),
            "{open:#}"
        );
        let run = until_over(&mut world);
        assert_eq!(
            (&run["state"], states(&run)),
            (&json!("failed"), vec!["failed", "done", "skipped"]),
            "{run:#}"
        );
        world.control("PUT", "validation-rules", &rule(&json!([])));
        of_outbox(&mut world, Outbox::Retry(action_of(&run, 0)));
        if evicted {
            world.restart();
        }
        let run = until_over(&mut world);
        assert_eq!((&run["state"], states(&run)), (&json!("done"), vec!["done"; 3]), "{run:#}");
        let before = run["steps"][0]["before"].as_array().unwrap();
        assert_eq!(before.len(), 2, "{run:#}");
        assert_eq!(before[0]["state"], "failed");
        assert!(before[0]["words"].as_str().is_some_and(|words| words.contains("name")), "{run:#}");
        assert_eq!(run["steps"][2]["before"][0]["state"], "skipped");
        let companies = with(&world, ObjectType::Companies, "domain", "acme.example");
        assert_eq!(companies.len(), 1);
        assert_eq!(run["company"]["record_id"], companies[0].as_str());
        assert_eq!(world.truth_of(ObjectType::Companies)[&companies[0]]["name"], "Acme");
        assert_eq!(tasks(&world).len(), 1, "what was done is not done again");
        // One that is done is left as it is.
        of_outbox(&mut world, Outbox::Retry(action_of(&run, 0)));
        assert_eq!(runs(&mut world)[0], run);
    }
}

#[test]
fn a_run_that_waited_a_week_in_vain_follows_what_a_person_makes_of_its_step() {
    let mut world = synced(plan());
    let list = make_list(&mut world, hot());
    automate(&mut world, &list, json!([{ "action": "create_task", "subject": TASK, "about": [] }]));
    world.command(Command::Pause);
    send(&mut world, visit("e1"));
    world.pass(10);
    assert_eq!(states(&runs(&mut world)[0]), ["asked"]);
    world.pass(8 * 24 * 60);
    let run = runs(&mut world).remove(0);
    assert_eq!((&run["state"], states(&run)), (&json!("failed"), vec!["waiting"]), "{run:#}");
    assert!(run["steps"][0]["words"].as_str().unwrap().contains("After a week"), "{run:#}");
    of_outbox(&mut world, Outbox::Cancel(action_of(&run, 0)));
    let run = until_over(&mut world);
    assert_eq!(states(&run), ["cancelled"], "{run:#}");
    assert_eq!(run["steps"][0]["before"][0]["state"], "waiting");
    world.command(Command::Resume);
    world.pass(10);
    assert_eq!(tasks(&world).len(), 0);
}
