//! Intent signals: each once, each decision explained, and what automations do in HubSpot done in order and once.

use std::collections::BTreeSet;

use hubspot_simulator::portal::PortalSettings;
use serde_json::{Value, json};
use spoke::{
    engine::{
        portal::{
            blocks::{Command as Privacy, Whom},
            messages::{Answer, Command},
            outbox::{
                Settings,
                actions::Name,
                commands::{Answer as Written, Command as Outbox},
            },
            retention::Wanted,
            signals::commands::{Answer as Told, Command as Signals, On, Received, Refusal},
        },
        signal::Signal,
    },
    values::{ids::ObjectType, time::Timestamp},
};

use super::{synced, tiny};
use crate::life::{PORTAL, Plan, World};

pub(super) fn plan() -> Plan {
    let more_scopes = vec![
        "crm.objects.contacts.write",
        "crm.objects.companies.write",
        "crm.objects.deals.write",
        "crm.lists.write",
        "crm.schemas.contacts.write",
        "crm.schemas.companies.write",
        "crm.schemas.deals.write",
    ];
    let settings = PortalSettings { hubspot_properties: Some(40), ..PortalSettings::default() };
    Plan {
        more_scopes,
        settings,
        companies: Some(4),
        deals: Some(2),
        owners: true,
        lists: Some(2),
        ..tiny(6)
    }
}

pub(super) fn ask(world: &mut World, command: Signals) -> Told {
    match world.command(Command::Signal(Box::new(command))) {
        Some(Answer::Signal(told)) => told,
        other => panic!("about no signal but {other:?}"),
    }
}

pub(super) fn json_of(told: Told) -> Value {
    match told {
        Told::Json(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("not told but {other:?}"),
    }
}

fn read(world: &World, value: Value) -> Signal {
    Signal::parse(&value, Timestamp(world.now as i64)).unwrap()
}

fn send_all(world: &mut World, all: Vec<Value>) -> Vec<Received> {
    let signals = all.into_iter().map(|value| read(world, value)).collect();
    match ask(world, Signals::Receive(signals)) {
        Told::Received(received) => received,
        other => panic!("not received but {other:?}"),
    }
}

pub(super) fn send(world: &mut World, value: Value) -> Received {
    send_all(world, vec![value]).remove(0)
}

/// A visit of somebody of a company that HubSpot does not have.
pub(super) fn visit(key: &str) -> Value {
    json!({
        "id": key, "name": "Pricing viewed",
        "account": { "id": "a1", "domain": "acme.example", "name": "Acme", "fields": { "score": 90 } },
        "visitor": { "id": "v1", "email": "ann@acme.example", "name": "Ann" },
        "fields": { "views": 3 },
    })
}

pub(super) fn make_list(world: &mut World, filter: Value) -> String {
    let made = json_of(ask(world, Signals::PutList(None, json!({ "name": "Hot", "filter": filter }))));
    made["id"].as_str().unwrap().to_owned()
}

pub(super) fn hot() -> Value {
    json!({ "of": "account", "property": "score", "type": "number", "operator": "at_least", "value": 80 })
}

pub(super) fn automate(world: &mut World, list: &str, steps: Value) -> Value {
    let definition = json!({ "name": "Follow up", "list": list, "steps": steps });
    json_of(ask(world, Signals::PutAutomation(None, definition)))
}

fn follow_up() -> Value {
    json!([
        { "action": "import_company" },
        { "action": "import_contact" },
        { "action": "create_task", "subject": "Call {{account.name}} about {{signal.name}}" },
    ])
}

fn page(told: Told) -> Vec<Value> {
    match told {
        Told::Page { results, .. } => serde_json::from_str(&results).unwrap(),
        other => panic!("no page but {other:?}"),
    }
}

/// Runs, the newest first.
pub(super) fn runs(world: &mut World) -> Vec<Value> {
    page(ask(world, Signals::Runs { automation: None, signal: None, before: None, limit: 50 }))
}

pub(super) fn signals(world: &mut World) -> Vec<Value> {
    page(ask(world, Signals::Signals { before: None, limit: 50 }))
}

/// Until so many runs are over.
pub(super) fn over(world: &mut World, count: usize) -> Vec<Value> {
    let ended = |world: &mut World| runs(world).iter().filter(|run| run["state"] != "open").count();
    let done = world.until(120, |world| ended(world) >= count);
    let runs = runs(world);
    assert!(done, "{runs:#?}\n{:?}", world.calls.last());
    runs
}

pub(super) fn states(run: &Value) -> Vec<&str> {
    run["steps"].as_array().unwrap().iter().map(|step| step["state"].as_str().unwrap()).collect()
}

pub(super) fn with(world: &World, kind: ObjectType, name: &str, value: &str) -> Vec<String> {
    world.truth_of(kind).into_iter().filter(|(_, values)| values[name] == value).map(|(id, _)| id).collect()
}

fn linked(world: &World, from_type: &str, to_type: &str, id: &str) -> Vec<String> {
    let portal = world.simulator.portal(PORTAL).expect("the account exists");
    let all = portal.associations(from_type, to_type);
    all.iter().filter(|link| link.from.to_string() == id).map(|link| link.to.to_string()).collect()
}

pub(super) const TASK: &str = "Call Acme about Pricing viewed";

pub(super) fn tasks(world: &World) -> Vec<String> {
    with(world, ObjectType::Tasks, "hs_task_subject", TASK)
}

#[test]
fn an_account_that_hubspot_does_not_have_is_imported_with_its_visitor_and_a_task_in_this_order() {
    let mut world = synced(plan());
    let list = make_list(&mut world, hot());
    automate(&mut world, &list, follow_up());
    assert!(matches!(send(&mut world, visit("e1")), Received::New(_)));
    let run = over(&mut world, 1).remove(0);
    assert_eq!(
        (run["state"].as_str(), states(&run)),
        (Some("done"), vec!["done", "done", "done"]),
        "{run:#}"
    );
    let companies = with(&world, ObjectType::Companies, "domain", "acme.example");
    let contacts = with(&world, ObjectType::Contacts, "email", "ann@acme.example");
    let made = tasks(&world);
    assert_eq!((companies.len(), contacts.len(), made.len()), (1, 1, 1));
    assert_eq!(
        linked(&world, "contacts", "companies", &contacts[0]),
        companies,
        "the contact is the company's"
    );
    assert_eq!(linked(&world, "tasks", "contacts", &made[0]), contacts);
    assert_eq!(linked(&world, "tasks", "companies", &made[0]), companies);
    // The run says why: the list's condition with the value it saw, whom it was about, what each step made.
    assert_eq!(run["conditions"][0]["condition"], "account's score is at least 80");
    assert_eq!(
        (&run["conditions"][0]["value"], &run["conditions"][0]["holds"]),
        (&json!("90"), &json!(true))
    );
    assert_eq!(run["company"]["record_id"], companies[0].as_str());
    let reasons = run["company"]["reasons"].as_array().unwrap();
    assert!(reasons[0].as_str().unwrap().contains("No company has such a domain"), "{reasons:?}");
    assert!(reasons[1].as_str().unwrap().contains("Step 1"), "{reasons:?}");
    assert_eq!(run["steps"][0]["record"], format!("companies/{}", companies[0]));
    // What was asked for stands in the outbox, with the same reason.
    let id = run["steps"][0]["action_id"].as_str().unwrap().parse().unwrap();
    let Some(Answer::Outbox(Written::Action(text))) = world.command(Command::Outbox(Outbox::Get(id))) else {
        panic!("no action")
    };
    assert!(text.contains("Automation \\\"Follow up\\\", of list \\\"Hot\\\""), "{text}");
    world.pass(10);
    world.verdict().unwrap();
}

#[test]
fn a_signal_that_is_sent_again_is_a_duplicate_and_does_nothing() {
    let mut world = synced(plan());
    let list = make_list(&mut world, hot());
    automate(&mut world, &list, follow_up());
    let received = send_all(&mut world, vec![visit("e1"), visit("e1")]);
    let [Received::New(one), Received::Duplicate(other)] = &received[..] else { panic!("{received:?}") };
    assert_eq!(one, other);
    over(&mut world, 1);
    world.restart();
    assert_eq!(send(&mut world, visit("e1")), Received::Duplicate(one.clone()));
    world.pass(10);
    assert_eq!((runs(&mut world).len(), signals(&mut world).len(), tasks(&world).len()), (1, 1, 1));
}

#[test]
fn a_cool_down_holds_for_the_account_by_whatever_name_and_ends() {
    let mut world = synced(plan());
    let list = make_list(&mut world, hot());
    automate(
        &mut world,
        &list,
        json!([{ "action": "import_company" }, { "action": "create_task", "subject": TASK }]),
    );
    send(&mut world, visit("e1"));
    over(&mut world, 1);
    world.pass(10);
    // Two at once, of which one comes without the host's name for the account: it is the same company by now.
    let mut nameless = visit("e2");
    nameless["account"] = json!({ "domain": "www.acme.example", "fields": { "score": 85 } });
    send_all(&mut world, vec![nameless, visit("e3")]);
    let told = over(&mut world, 3);
    for run in &told[..2] {
        assert_eq!(run["state"], "skipped", "{run:#}");
        assert!(run["why"].as_str().unwrap().contains("does not again before 2026-11-2"), "{run:#}");
    }
    assert_eq!(tasks(&world).len(), 1);
    world.pass(25 * 60);
    send(&mut world, visit("e4"));
    let told = over(&mut world, 4);
    assert_eq!(states(&told[0]), ["skipped", "done"], "it is there already: {:#}", told[0]);
    assert_eq!(tasks(&world).len(), 2);
}

#[test]
fn a_list_that_no_longer_qualifies_says_which_condition_did_not_hold() {
    let mut world = synced(plan());
    let company = world.change(
        ObjectType::Companies,
        "create",
        json!({ "properties": { "domain": "acme.example", "name": "Ulm" } }),
    );
    world.pass(7);
    let city =
        json!({ "of": "company", "property": "name", "type": "string", "operator": "is", "value": "Ulm" });
    let list = make_list(&mut world, json!({ "and": [hot(), city] }));
    automate(&mut world, &list, json!([{ "action": "create_task", "subject": TASK }]));
    send(&mut world, visit("e1"));
    over(&mut world, 1);
    world.change(ObjectType::Companies, "edit", json!({ "id": company, "properties": { "name": "Bonn" } }));
    world.pass(26 * 60);
    send(&mut world, visit("e2"));
    assert!(world.until(5, |world| signals(world)[0]["state"] == "decided"));
    let told = &signals(&mut world)[0]["decision"];
    assert_eq!(told["company"]["record_id"], company.as_str());
    let of = &told["lists"][0];
    assert_eq!(of["qualifies"], false);
    let [seen] = &of["conditions"].as_array().unwrap()[..] else { panic!("{of:#}") };
    assert_eq!(
        (&seen["path"], &seen["value"], &seen["holds"]),
        (&json!("/and/1"), &json!("Bonn"), &json!(false))
    );
    assert!(seen["condition"].as_str().unwrap().ends_with(" is \"Ulm\""), "{seen}");
    assert_eq!((runs(&mut world).len(), tasks(&world).len()), (1, 1));
}

#[test]
fn an_action_that_is_switched_off_and_one_that_is_refused_stop_none_of_the_others() {
    let mut world = synced(plan());
    let off = Settings { off: [Name::ImportCompany].into(), ..Settings::default() };
    world.command(Command::Outbox(Outbox::Set(off)));
    let list = make_list(&mut world, hot());
    let steps = json!([
        { "action": "import_company" },
        { "action": "claim_account", "owner": { "email": "nobody@example.com" } },
        { "action": "import_contact", "owner": { "email": "nobody@example.com" } },
        { "action": "create_task", "subject": TASK, "about": [] },
    ]);
    automate(&mut world, &list, steps);
    send(&mut world, visit("e1"));
    let run = over(&mut world, 1).remove(0);
    assert_eq!(
        (run["state"].as_str(), states(&run)),
        (Some("failed"), vec!["off", "skipped", "refused", "done"])
    );
    let words = |step: usize| run["steps"][step]["words"].as_str().unwrap().to_owned();
    assert!(words(0).contains("administrator"), "{}", words(0));
    assert!(words(1).contains("{{company.id}}"), "{}", words(1));
    assert!(words(2).contains("no such owner"), "{}", words(2));
    assert_eq!(
        (with(&world, ObjectType::Companies, "domain", "acme.example").len(), tasks(&world).len()),
        (0, 1)
    );
}

#[test]
fn what_a_rule_of_the_account_refuses_is_told_in_the_run_and_what_depends_on_it_is_left_out() {
    let mut world = synced(plan());
    let rule = json!({
        "portal_id": PORTAL, "object_type": "contacts", "property": "lastname", "rules": [{ "kind": "alpha" }],
    });
    world.control("PUT", "validation-rules", &rule);
    let list = make_list(&mut world, hot());
    let steps = json!([
        { "action": "import_contact", "properties": { "lastname": "R2-D2" } },
        { "action": "add_to_list", "list": "1" },
        { "action": "add_note", "body": "{{signal.name}}" },
    ]);
    automate(&mut world, &list, steps);
    send(&mut world, visit("e1"));
    let run = over(&mut world, 1).remove(0);
    assert_eq!(run["state"], "failed", "{run:#}");
    assert_eq!(states(&run)[..2], ["failed", "skipped"], "{run:#}");
    assert!(run["steps"][0]["words"].as_str().is_some_and(|words| words.contains("lastname")), "{run:#}");
    assert_eq!(with(&world, ObjectType::Contacts, "email", "ann@acme.example").len(), 0);
}

#[test]
fn an_eviction_or_a_torn_turn_in_the_middle_of_a_run_does_nothing_twice() {
    for fails_in in [0, 3, 9, 17, 30, 55, 80, 120] {
        let mut world = synced(plan());
        let list = make_list(&mut world, hot());
        automate(&mut world, &list, follow_up());
        world.objects[0].sql.fails_in.set(fails_in);
        // The host sends again what was not answered.
        let answered = |world: &mut World| {
            let signals = vec![read(world, visit("e1"))];
            world.command(Command::Signal(Box::new(Signals::Receive(signals)))).is_some()
        };
        assert!(answered(&mut world) || answered(&mut world));
        let mut seen = BTreeSet::new();
        let ended = world.until(90, |world| {
            let Some(Answer::Signal(told)) = world.command(Command::Signal(Box::new(Signals::Runs {
                automation: None,
                signal: None,
                before: None,
                limit: 9,
            }))) else {
                return false;
            };
            let run = page(told).pop().unwrap_or_default();
            let steps = run["steps"].as_array().map_or(0, Vec::len);
            // As each step begins, the object is evicted once.
            if seen.insert(steps) {
                world.restart();
            }
            run["state"] == "done"
        });
        assert!(ended, "{fails_in}: {:#?}", runs(&mut world));
        world.pass(5);
        let companies = with(&world, ObjectType::Companies, "domain", "acme.example").len();
        let contacts = with(&world, ObjectType::Contacts, "email", "ann@acme.example").len();
        assert_eq!((companies, contacts, tasks(&world).len()), (1, 1, 1), "{fails_in}");
    }
}

#[test]
fn nothing_of_an_erased_person_stays_in_signals_and_nothing_new_of_them_comes() {
    let mut world = synced(plan());
    let list = make_list(&mut world, hot());
    automate(&mut world, &list, follow_up());
    send(&mut world, visit("e1"));
    over(&mut world, 1);
    world.pass(10);
    // Known by the host's name for them alone.
    let mut nameless = visit("e2");
    nameless["visitor"] = json!({ "id": "v1", "name": "Ann" });
    send(&mut world, nameless);
    send(&mut world, json!({ "id": "e3", "name": "Else", "account": { "domain": "other.example" } }));
    over(&mut world, 2);
    let whom = Whom::Email("Ann@acme.example".to_owned());
    let export = Command::Privacy(Privacy::Export { whom: whom.clone() });
    let Some(Answer::Json(text)) = world.command(export) else { panic!("no export") };
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((told["signals"].as_array().unwrap().len(), &told["signals_besides"]), (2, &json!(0)));
    assert_eq!(told["signals"][0]["runs"][0]["steps"].as_array().unwrap().len(), 3);
    let Some(Answer::Json(text)) = world.command(Command::Privacy(Privacy::Erase { whom })) else {
        panic!("not erased")
    };
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(told["erased"]["signals"], 2, "{told}");
    world.pass(10);
    let tables = ["signals", "automation_runs", "acts", "actions", "outbox", "echoes"];
    let kept = tables.map(|table| world.dump_of(table)).join("\n").to_lowercase();
    assert!(!kept.contains("ann@") && !kept.contains("\"v1\""), "{kept}");
    assert_eq!(signals(&mut world).len(), 1, "what others did stays");
    assert_eq!(send(&mut world, visit("e4")), Received::KeptOut);
    assert_eq!(signals(&mut world).len(), 1);
}

#[test]
fn a_person_who_is_erased_while_a_run_is_under_way_is_written_no_more() {
    let mut world = synced(plan());
    let list = make_list(&mut world, hot());
    automate(&mut world, &list, follow_up());
    world.hold("/companies/batch/create", 1);
    send(&mut world, visit("e1"));
    assert!(world.until(30, |world| world.held() == 1));
    let whom = Whom::Email("ann@acme.example".to_owned());
    world.command(Command::Privacy(Privacy::Erase { whom }));
    world.release();
    world.pass(30);
    assert_eq!((runs(&mut world).len(), tasks(&world).len()), (0, 0));
    assert_eq!(with(&world, ObjectType::Contacts, "email", "ann@acme.example").len(), 0);
}

#[test]
fn a_thousand_signals_of_a_hundred_accounts_are_a_hundred_companies() {
    let mut world = synced(plan());
    let list = make_list(&mut world, hot());
    automate(&mut world, &list, json!([{ "action": "import_company" }]));
    let signal = |n: usize| {
        let account = json!({ "domain": format!("c{}.example", n % 100), "fields": { "score": 95 } });
        json!({ "id": format!("e{n}"), "name": "Visit", "account": account })
    };
    let before = world.calls.len();
    let received = send_all(&mut world, (0..1_000).map(signal).collect());
    assert!(received.iter().all(|one| matches!(one, Received::New(_))));
    let counted = |world: &mut World| json_of(ask(world, Signals::Automations))["results"][0]["runs"].clone();
    assert!(
        world.until(60, |world| counted(world)["done"] == 100 && counted(world)["skipped"] == 900),
        "{}",
        counted(&mut world)
    );
    assert!(world.counted(before, "/companies/batch/create") <= 20);
    for n in [0, 99] {
        assert_eq!(with(&world, ObjectType::Companies, "domain", &format!("c{n}.example")).len(), 1);
    }
}

#[test]
fn a_filter_over_an_account_that_hubspot_does_not_have_sees_no_values() {
    let mut world = synced(plan());
    let none =
        json!({ "of": "company", "property": "hs_object_id", "type": "number", "operator": "unknown" });
    let elsewhere = json!({ "of": "company", "property": "name", "type": "string", "operator": "is_not", "value": "Ulm" });
    let ulm =
        json!({ "of": "company", "property": "name", "type": "string", "operator": "is", "value": "Ulm" });
    for (filter, holds) in [(none, true), (elsewhere, true), (ulm, false)] {
        let on = On { signal: Some(visit("e1")), ..On::default() };
        let told = json_of(ask(&mut world, Signals::TryList { filter: filter.clone(), on }));
        assert_eq!(told["qualifies"], holds, "{filter}: {told:#}");
        assert_eq!(told["company"]["record_id"], Value::Null);
    }
    // The host's account alone is enough to be asked; a field of HubSpot's must be there.
    let wrong = json!({ "of": "company", "property": "no_such", "type": "string", "operator": "known" });
    let definition = json!({ "name": "Hot", "filter": wrong });
    let Told::Refused(Refusal::Wrong(faults)) = ask(&mut world, Signals::PutList(None, definition)) else {
        panic!("saved")
    };
    assert_eq!(faults[0].path, "/filter/property");
}

#[test]
fn a_visitor_is_imported_alone_by_whoever_may_read_no_companies() {
    let mut world = synced(Plan { companies: None, ..plan() });
    let list = make_list(&mut world, hot());
    automate(&mut world, &list, follow_up());
    send(&mut world, visit("e1"));
    let run = over(&mut world, 1).remove(0);
    assert_eq!(states(&run), ["skipped", "done", "done"], "{run:#}");
    assert_eq!(with(&world, ObjectType::Contacts, "email", "ann@acme.example").len(), 1);
    assert_eq!(world.truth_of(ObjectType::Companies).len(), 0);
}

#[test]
fn a_try_says_what_would_be_done_and_does_nothing() {
    let mut world = synced(plan());
    let list = make_list(&mut world, hot());
    let before = world.calls.len();
    let definition = json!({ "name": "Follow up", "list": list, "steps": follow_up() });
    let on = On { signal: Some(visit("e1")), ..On::default() };
    let told = json_of(ask(&mut world, Signals::TryAutomation { definition: definition.clone(), on }));
    assert_eq!(told["qualifies"], true);
    let state = |step: usize| told["steps"][step]["state"].as_str().unwrap();
    assert_eq!(
        (state(0), state(1), state(2)),
        ("would_be_asked", "would_be_asked", "would_be_asked"),
        "{told:#}"
    );
    assert_eq!(told["steps"][0]["would"]["writes"][0]["fields"]["domain"]["to"], "acme.example");
    let company = world.truth_of(ObjectType::Companies).keys().next().unwrap().parse().unwrap();
    let on = On { signal: Some(visit("e1")), company: Some(company), ..On::default() };
    let told = json_of(ask(&mut world, Signals::TryAutomation { definition, on }));
    assert_eq!(told["steps"][0]["state"], "skipped", "the company is there: {told:#}");
    world.pass(10);
    assert_eq!(world.counted(before, "/batch/create"), 0);
    assert_eq!((runs(&mut world).len(), signals(&mut world).len()), (0, 0));
}

#[test]
fn a_paused_automation_does_nothing_and_goes_on_where_it_was() {
    let mut world = synced(plan());
    let list = make_list(&mut world, hot());
    let automation = automate(&mut world, &list, follow_up());
    let id: spoke::values::ids::AutomationId = automation["id"].as_str().unwrap().parse().unwrap();
    world.hold("/companies/batch/create", 1);
    send(&mut world, visit("e1"));
    assert!(world.until(30, |world| world.held() == 1));
    ask(&mut world, Signals::Enable(id.clone(), false));
    world.release();
    world.pass(60);
    assert_eq!(runs(&mut world)[0]["state"], "open", "its first step is done, the second waits");
    assert_eq!(
        (with(&world, ObjectType::Contacts, "email", "ann@acme.example").len(), tasks(&world).len()),
        (0, 0)
    );
    let mut other = visit("e2");
    other["account"] = json!({ "domain": "other.example", "fields": { "score": 99 } });
    send(&mut world, other);
    let told = over(&mut world, 1);
    assert!(told[0]["why"].as_str().unwrap().contains("paused"), "{:#}", told[0]);
    ask(&mut world, Signals::Enable(id, true));
    over(&mut world, 2);
    assert_eq!(tasks(&world).len(), 1);
}

#[test]
fn signals_go_when_their_time_is_over_and_with_everything_that_was_read() {
    let mut world = synced(plan());
    let list = make_list(&mut world, hot());
    automate(&mut world, &list, json!([{ "action": "create_task", "subject": TASK }]));
    send(&mut world, visit("e1"));
    over(&mut world, 1);
    world.command(Command::SetRetention(Wanted { signal_days: Some(2), ..Wanted::default() }));
    world.pass(47 * 60);
    assert_eq!(signals(&mut world).len(), 1);
    world.pass(3 * 60);
    assert_eq!((signals(&mut world).len(), runs(&mut world).len()), (0, 0));
    send(&mut world, visit("e2"));
    over(&mut world, 1);
    world.farewell(true, true);
    world.pass(5);
    let again = vec![read(&world, visit("e3"))];
    let refused = ask(&mut world, Signals::Receive(again));
    assert!(matches!(refused, Told::Refused(Refusal::Stopped)), "{refused:?}");
    world.command(Command::DeleteData);
    world.pass(5);
    assert_eq!((signals(&mut world).len(), runs(&mut world).len()), (0, 0));
    assert_eq!(json_of(ask(&mut world, Signals::Automations))["results"].as_array().unwrap().len(), 1);
}
