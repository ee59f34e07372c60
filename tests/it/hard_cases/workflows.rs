//! Workflows: who goes in and why not, each step once and in order, waits that survive everything, and routes answered at once.

mod lasting;

use std::collections::BTreeSet;

use hubspot_simulator::portal::ClocksChange;
use serde_json::{Value, json};
use spoke::{
    engine::{
        portal::{
            blocks::{Command as Privacy, Whom},
            messages::{Answer, Command},
            outbox::commands::{Asked, Command as Outbox},
            workflows::commands::{Answer as Told, Command as Workflows, On, Received, Refusal},
        },
        workflow::{Event, templates},
    },
    values::{
        ids::{ObjectType, RunId, WorkflowId},
        time::Timestamp,
    },
};

use super::{
    automations::told_in_feed,
    signals::{plan as signal_plan, with},
    synced,
};
use crate::life::{
    PORTAL, Plan, World,
    world::{MINUTE, START_MS},
};

const HOUR: u64 = 60;
const DAY: u64 = 24 * HOUR;

/// Webhooks tell of every change at once.
fn plan() -> Plan {
    Plan { webhooks: true, ..signal_plan() }
}

fn ask(world: &mut World, command: Workflows) -> Told {
    match world.command(Command::Workflow(Box::new(command))) {
        Some(Answer::Workflow(told)) => told,
        other => panic!("about no workflow but {other:?}"),
    }
}

fn json_of(told: Told) -> Value {
    match told {
        Told::Json(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("not told but {other:?}"),
    }
}

/// A workflow that is enabled.
fn enabled(world: &mut World, definition: Value) -> WorkflowId {
    let made = json_of(ask(world, Workflows::Add(definition)));
    assert_eq!((&made["state"], &made["version"]), (&json!("draft"), &json!(1)));
    let id: WorkflowId = made["id"].as_str().unwrap().parse().unwrap();
    let made = json_of(ask(world, Workflows::Enable(id.clone())));
    assert_eq!((&made["state"], &made["trouble"]), (&json!("enabled"), &Value::Null), "{made:#}");
    id
}

fn template(key: &str) -> Value {
    templates().into_iter().find(|own| own.key == key).unwrap().definition
}

fn event(world: &World, value: &Value) -> Event {
    Event::parse(value, Timestamp(world.now as i64)).unwrap()
}

fn send(world: &mut World, value: Value) -> Received {
    let event = event(world, &value);
    match ask(world, Workflows::Event(event)) {
        Told::Received(received) => received[0],
        other => panic!("not received but {other:?}"),
    }
}

/// Runs, the newest first.
fn runs(world: &mut World) -> Vec<Value> {
    match ask(world, Workflows::Runs { workflow: None, before: None, limit: 50 }) {
        Told::Page { results, .. } => serde_json::from_str(&results).unwrap(),
        other => panic!("no page but {other:?}"),
    }
}

/// Until so many runs are over.
fn over(world: &mut World, count: usize) -> Vec<Value> {
    let ended = |world: &mut World| runs(world).iter().filter(|run| run["state"] != "open").count();
    let done = world.until(120, |world| ended(world) >= count);
    let runs = runs(world);
    assert!(done, "{runs:#?}\n{:?}", world.calls.last());
    runs
}

fn states(run: &Value) -> Vec<&str> {
    run["steps"].as_array().unwrap().iter().map(|step| step["state"].as_str().unwrap()).collect()
}

fn run_id(run: &Value) -> RunId {
    run["id"].as_str().unwrap().parse().unwrap()
}

fn task(id: &str, subject: &str) -> Value {
    json!({ "id": id, "do": "create_task", "subject": subject })
}

fn tasks(world: &World, subject: &str) -> usize {
    with(world, ObjectType::Tasks, "hs_task_subject", subject).len()
}

/// For contacts, when the host says so.
fn on_event(event: &str, steps: Value) -> Value {
    json!({
        "name": "Follow up", "trigger": { "on": "event", "event": event, "record": "contacts" },
        "enrolment": { "again": "every_time" }, "steps": steps,
    })
}

fn ann(world: &mut World) -> String {
    let properties = json!({ "email": "ann@acme.example", "firstname": "Ann", "phone": "+49 (0)30 1234567" });
    let id = world.contact("create", json!({ "properties": properties }));
    assert!(world.until(20, |world| world.record(&id).is_some()));
    id
}

fn of_ann(id: &str, event: &str) -> Value {
    json!({ "id": id, "event": event, "email": "ann@acme.example" })
}

fn deal_of(world: &mut World, contact: &str, name: &str, stage: &str) -> String {
    let properties = json!({ "dealname": name, "dealstage": stage });
    let deal = world.change(ObjectType::Deals, "create", json!({ "properties": properties }));
    let ends = json!({ "from_type": "deals", "from": deal, "to_type": "contacts", "to": contact });
    world.control("POST", "associations/add", &ends);
    world.pass(15);
    deal
}

fn edit(world: &mut World, id: &str, properties: Value) {
    world.contact("edit", json!({ "id": id, "properties": properties }));
}

#[test]
fn the_first_event_of_somebody_unknown_makes_their_contact_and_a_second_one_does_not() {
    for (key, word) in
        [("contact-from-conversation", "conversation_started"), ("contact-from-form", "form_submitted")]
    {
        let mut world = synced(plan());
        enabled(&mut world, template(key));
        let first = json!({
            "id": "e1", "event": word, "email": "Ann@acme.example",
            "facts": { "firstname": "Ann", "lastname": "Lee" },
        });
        assert_eq!(send(&mut world, first.clone()), Received::New);
        assert_eq!(send(&mut world, first), Received::Duplicate);
        let run = over(&mut world, 1).remove(0);
        assert_eq!((&run["state"], states(&run)), (&json!("done"), vec!["done"]), "{run:#}");
        let made = with(&world, ObjectType::Contacts, "email", "ann@acme.example");
        assert_eq!(made.len(), 1);
        let truth = &world.truth_of(ObjectType::Contacts)[&made[0]];
        assert_eq!((&truth["firstname"], &truth["lastname"]), (&json!("Ann"), &json!("Lee")));
        assert_eq!(run["contact"]["record_id"], made[0].as_str());
        let seen = run["conditions"].as_array().unwrap();
        assert_eq!(
            (seen.len(), &seen[0]["holds"], &seen[0]["value"]),
            (2, &json!(true), &json!("ann@acme.example"))
        );
        world.pass(10);
        send(&mut world, json!({ "id": "e2", "event": word, "email": "ann@acme.example" }));
        let run = over(&mut world, 2).remove(0);
        assert_eq!((&run["state"], states(&run).len()), (&json!("skipped"), 0), "{run:#}");
        assert!(run["why"].as_str().unwrap().contains("conditions"), "{run:#}");
        let seen = run["conditions"].as_array().unwrap();
        assert_eq!(seen[1]["holds"], json!(false), "{run:#}");
        assert_eq!(with(&world, ObjectType::Contacts, "email", "ann@acme.example").len(), 1);
        world.verdict().unwrap();
    }
}

#[test]
fn a_conversation_that_is_resolved_moves_the_open_deal_that_changed_last_and_no_other() {
    let mut world = synced(plan());
    let contact = ann(&mut world);
    let lost = deal_of(&mut world, &contact, "Lost", "closedlost");
    let old = deal_of(&mut world, &contact, "Old", "appointmentscheduled");
    let open = deal_of(&mut world, &contact, "Open", "appointmentscheduled");
    world.change(
        ObjectType::Deals,
        "edit",
        json!({ "id": lost, "properties": { "dealname": "Lost at last" } }),
    );
    world.pass(15);
    enabled(&mut world, template("deal-stage"));
    send(&mut world, of_ann("e1", "conversation_resolved"));
    let run = over(&mut world, 1).remove(0);
    assert_eq!((&run["state"], states(&run)), (&json!("done"), vec!["done"]), "{run:#}");
    assert_eq!(run["deal"]["record_id"], open.as_str(), "{run:#}");
    let stages = |world: &World| {
        let all = world.truth_of(ObjectType::Deals);
        [&lost, &old, &open].map(|id| all[id]["dealstage"].as_str().unwrap().to_owned())
    };
    assert_eq!(stages(&world), ["closedlost", "appointmentscheduled", "closedwon"]);
    // Somebody of whom there is no deal: nothing is moved, and it is said why.
    send(&mut world, json!({ "id": "e2", "event": "conversation_resolved", "email": "bob@acme.example" }));
    let run = over(&mut world, 2).remove(0);
    assert_eq!(run["state"], "skipped", "{run:#}");
    assert_eq!(run["conditions"][0]["holds"], json!(false));
    assert_eq!(stages(&world)[1], "appointmentscheduled");
}

fn route(world: &mut World, value: Value) -> Value {
    let event = event(world, &value);
    json_of(ask(world, Workflows::Route(event)))
}

#[test]
fn a_call_is_routed_at_once_by_a_field_of_whoever_has_the_number() {
    let mut world = synced(plan());
    let contact = ann(&mut world);
    let call = |phone: &str| json!({ "id": "c1", "event": "incoming_call", "phone": phone });
    let none = route(&mut world, call("030 1234567"));
    assert_eq!(
        (&none["route"], &none["because"][0]["words"]),
        (&Value::Null, &json!("No workflow is for the event \"incoming_call\"."))
    );
    let id = enabled(&mut world, template("smart-routing"));
    world.pass(2);
    let none = route(&mut world, call("030 1234567"));
    assert_eq!((&none["route"], &none["contact"]), (&Value::Null, &json!(contact)), "{none:#}");
    edit(&mut world, &contact, json!({ "lifecyclestage": "customer" }));
    world.pass(10);
    let before = world.calls.len();
    for number in ["030 1234567", "+49301234567", "0049 30 123 45 67"] {
        let told = route(&mut world, call(number));
        assert_eq!(
            (&told["route"], &told["label"]),
            (&json!("senior_support"), &json!("Senior support")),
            "{told:#}"
        );
        assert_eq!((&told["workflow"], &told["version"]), (&json!(id), &json!(1)));
        let seen = &told["because"][0]["steps"][0]["conditions"][0];
        assert_eq!((&seen["value"], &seen["holds"]), (&json!("customer"), &json!(true)), "{told:#}");
    }
    let stranger = route(&mut world, call("+49 30 7654321"));
    assert_eq!((&stranger["route"], &stranger["contact"]), (&Value::Null, &Value::Null), "{stranger:#}");
    assert_eq!(world.calls.len(), before, "the mirror alone is asked");
    let logged = runs(&mut world);
    assert_eq!(logged.iter().filter(|run| run["state"] == "routed").count(), 3, "{logged:#?}");
    assert_eq!(logged[0]["state"], "not_routed");
    // A number that another contact has too is nobody's; one that has changed is found by the new one alone.
    let bob = world
        .contact("create", json!({ "properties": { "email": "bob@acme.example", "phone": "030/1234567" } }));
    assert!(world.until(20, |world| world.record(&bob).is_some()));
    let shared = route(&mut world, call("030 1234567"));
    assert_eq!(shared["contact"], Value::Null, "{shared:#}");
    edit(&mut world, &contact, json!({ "phone": "+49 89 5555555" }));
    world.pass(10);
    assert_eq!(route(&mut world, call("089 5555555"))["contact"], json!(contact));
    assert_eq!(route(&mut world, call("030 1234567"))["contact"], json!(bob));
    world.restart();
    assert_eq!(route(&mut world, call("089 5555555"))["route"], "senior_support");
    ask(&mut world, Workflows::Pause(id));
    let paused = route(&mut world, call("089 5555555"));
    assert!(paused["because"][0]["words"].as_str().unwrap().contains("paused"), "{paused:#}");
}

#[test]
fn a_conversation_that_has_ended_is_an_entry_on_the_contacts_timeline() {
    let mut world = synced(plan());
    let contact = ann(&mut world);
    enabled(&mut world, template("activity-log"));
    let ended = json!({
        "id": "e1", "event": "conversation_ended", "object_type": "contacts", "record_id": contact,
        "facts": { "summary": "Asked about prices", "url": "https://host.example/c/1" },
    });
    send(&mut world, ended);
    let run = over(&mut world, 1).remove(0);
    assert_eq!((&run["state"], states(&run)), (&json!("done"), vec!["done"]), "{run:#}");
    let notes = world.truth_of(ObjectType::Notes);
    let note = notes
        .values()
        .find(|note| note["hs_note_body"].as_str().unwrap_or_default().contains("Asked about prices"));
    assert!(note.is_some(), "{notes:#?}");
}

fn again(enrolment: Value) -> Value {
    let mut definition = on_event("ping", json!([task("call", "Call Ann")]));
    definition["enrolment"] = enrolment;
    definition
}

#[test]
fn a_record_goes_once_or_every_time_or_when_something_holds() {
    let customer =
        json!({ "property": "lifecyclestage", "type": "enumeration", "operator": "is", "value": "customer" });
    for (enrolment, expected) in [
        (json!({ "again": "once" }), [1, 1, 1]),
        (json!({ "again": "every_time" }), [1, 2, 3]),
        (json!({ "again": "when", "when": customer }), [1, 1, 2]),
    ] {
        let mut world = synced(plan());
        let contact = ann(&mut world);
        enabled(&mut world, again(enrolment.clone()));
        for (number, expected) in expected.into_iter().enumerate() {
            if number == 2 {
                edit(&mut world, &contact, json!({ "lifecyclestage": "customer" }));
                world.pass(10);
            }
            send(&mut world, of_ann(&format!("e{number}"), "ping"));
            let told = over(&mut world, number + 1);
            assert_eq!(tasks(&world, "Call Ann"), expected, "{enrolment}: {told:#?}");
            if number == 1 {
                world.restart();
            }
        }
        assert!(
            runs(&mut world)
                .iter()
                .all(|run| run["state"] == "done" || run["why"].as_str().unwrap().contains("been through"))
        );
    }
}

#[test]
fn who_is_under_way_does_not_go_in_again_by_whatever_name() {
    let mut world = synced(plan());
    let steps = json!([
        { "id": "make", "do": "import_contact" },
        { "id": "pause", "wait": { "count": 2, "unit": "hours" } },
        task("call", "Call Ann"),
    ]);
    let id = enabled(&mut world, on_event("ping", steps));
    send(&mut world, of_ann("e1", "ping"));
    send(&mut world, of_ann("e2", "ping"));
    over(&mut world, 1);
    world.pass(15);
    let contact = with(&world, ObjectType::Contacts, "email", "ann@acme.example").remove(0);
    send(&mut world, json!({ "id": "e3", "event": "ping", "object_type": "contacts", "record_id": contact }));
    let told = over(&mut world, 2);
    let waiting = told.iter().find(|run| run["state"] == "open").unwrap();
    for run in told.iter().filter(|run| run["state"] == "skipped") {
        assert!(run["why"].as_str().unwrap().contains("under way already"), "{run:#}");
        assert!(run["why"].as_str().unwrap().contains(waiting["id"].as_str().unwrap()), "{run:#}");
    }
    assert_eq!(waiting["contact"]["record_id"], json!(contact), "{waiting:#}");
    // Another version may have one of its own.
    let steps = json!([task("call", "Call her now")]);
    json_of(ask(&mut world, Workflows::Edit(id, on_event("ping", steps))));
    send(&mut world, of_ann("e4", "ping"));
    over(&mut world, 3);
    assert_eq!((tasks(&world, "Call Ann"), tasks(&world, "Call her now")), (0, 1));
    world.pass(2 * HOUR);
    over(&mut world, 4);
    assert_eq!((tasks(&world, "Call Ann"), tasks(&world, "Call her now")), (1, 1));
}

/// Nothing can be decided for a while: each turn has a statement that fails.
fn torn_for_a_while(world: &mut World) {
    world.tear(1, 1);
    world.pass_ms(500);
    world.tear(0, 0);
}

#[test]
fn an_event_is_left_out_for_the_pause_that_it_came_in_and_for_no_other() {
    let mut world = synced(plan());
    ann(&mut world);
    let id = enabled(&mut world, on_event("ping", json!([task("call", "Call Ann")])));
    // It came before the pause, and is decided about in it.
    send(&mut world, of_ann("before", "ping"));
    torn_for_a_while(&mut world);
    json_of(ask(&mut world, Workflows::Pause(id.clone())));
    world.pass(10);
    let waiting = runs(&mut world);
    assert_eq!((waiting.len(), &waiting[0]["state"], &waiting[0]["steps"]), (1, &json!("open"), &json!([])));
    assert_eq!(tasks(&world, "Call Ann"), 0);
    json_of(ask(&mut world, Workflows::Enable(id.clone())));
    let told = over(&mut world, 1);
    assert_eq!((&told[0]["state"], tasks(&world, "Call Ann")), (&json!("done"), 1), "{told:#?}");
    // It came in the pause, and is decided about after it.
    json_of(ask(&mut world, Workflows::Pause(id.clone())));
    send(&mut world, of_ann("meanwhile", "ping"));
    torn_for_a_while(&mut world);
    json_of(ask(&mut world, Workflows::Enable(id)));
    let told = over(&mut world, 2);
    assert_eq!((&told[0]["state"], tasks(&world, "Call Ann")), (&json!("skipped"), 1), "{told:#?}");
    assert!(told[0]["why"].as_str().unwrap().contains("paused"), "{told:#?}");
}

#[test]
fn a_wait_goes_on_at_its_moment_whatever_restarts_meanwhile() {
    for restarts in [false, true] {
        let mut world = synced(plan());
        ann(&mut world);
        let steps = json!([
            task("first", "First"),
            { "id": "pause", "wait": { "count": 2, "unit": "days" } },
            task("second", "Second"),
        ]);
        enabled(&mut world, on_event("ping", steps));
        send(&mut world, of_ann("e1", "ping"));
        assert!(
            world.until(30, |world| runs(world).first().is_some_and(|run| states(run) == ["done", "waits"]))
        );
        let until = runs(&mut world)[0]["goes_on_at"].as_str().unwrap().to_owned();
        let until = Timestamp::parse_rfc3339(&until).unwrap().0 as u64;
        for _ in 0..47 {
            world.pass(HOUR);
            if restarts {
                world.restart();
            }
        }
        assert_eq!((tasks(&world, "First"), tasks(&world, "Second")), (1, 0));
        let run = over(&mut world, 1).remove(0);
        assert_eq!(states(&run), ["done", "waited", "done"], "{run:#}");
        assert!(world.now >= until && world.now < until + 5 * 60_000);
        assert_eq!((tasks(&world, "First"), tasks(&world, "Second")), (1, 1));
    }
}

fn waits_for_customer() -> Value {
    on_event(
        "ping",
        json!([
            {
                "id": "closed",
                "wait_until": { "property": "lifecyclestage", "type": "enumeration", "operator": "is", "value": "customer" },
                "at_most": { "count": 7, "unit": "days" },
                "else": [task("remind", "Remind Ann")],
            },
            task("after", "Go on with Ann"),
        ]),
    )
}

#[test]
fn what_waits_for_something_goes_on_as_it_comes_about() {
    let mut world = synced(plan());
    let contact = ann(&mut world);
    enabled(&mut world, waits_for_customer());
    send(&mut world, of_ann("e1", "ping"));
    assert!(world.until(30, |world| runs(world).first().is_some_and(|run| states(run) == ["waits"])));
    edit(&mut world, &contact, json!({ "firstname": "Anna" }));
    world.pass(10);
    let run = runs(&mut world).remove(0);
    assert_eq!(states(&run), ["waits"]);
    assert_eq!(run["steps"][0]["conditions"][0]["holds"], json!(false), "{run:#}");
    world.restart();
    edit(&mut world, &contact, json!({ "lifecyclestage": "customer" }));
    let run = over(&mut world, 1).remove(0);
    assert_eq!((&run["state"], states(&run)), (&json!("done"), vec!["came_about", "done"]), "{run:#}");
    assert_eq!(run["steps"][0]["conditions"][0]["value"], "customer");
    assert_eq!((tasks(&world, "Remind Ann"), tasks(&world, "Go on with Ann")), (0, 1));
}

#[test]
fn what_does_not_come_about_in_time_goes_the_other_way() {
    let mut world = synced(plan());
    ann(&mut world);
    enabled(&mut world, waits_for_customer());
    send(&mut world, of_ann("e1", "ping"));
    world.pass(7 * DAY - HOUR);
    assert_eq!(states(&runs(&mut world)[0]), ["waits"]);
    world.restart();
    world.pass(2 * HOUR);
    let run = over(&mut world, 1).remove(0);
    assert_eq!(states(&run), ["too_late", "done", "done"], "{run:#}");
    assert_eq!((tasks(&world, "Remind Ann"), tasks(&world, "Go on with Ann")), (1, 1));
}

#[test]
fn a_deal_that_reaches_a_stage_begins_what_is_to_be_done_then_each_time_once() {
    let mut world = synced(plan());
    let contact = ann(&mut world);
    let deal = deal_of(&mut world, &contact, "Big", "appointmentscheduled");
    let won = json!({ "property": "dealstage", "type": "enumeration", "operator": "changed_to", "value": "closedwon" });
    let definition = json!({
        "name": "Won", "conditions": won,
        "trigger": { "on": "change", "record": "deals", "kinds": ["updated"], "properties": ["dealstage"] },
        "enrolment": { "again": "every_time" },
        "steps": [
            { "id": "who", "if": { "of": "contact", "property": "email", "type": "string", "operator": "known" },
              "then": [task("thank", "Thank {{contact.firstname}}")], "else": [task("nobody", "Find somebody")] },
        ],
    });
    enabled(&mut world, definition);
    let move_to = |world: &mut World, stage: &str| {
        world.change(ObjectType::Deals, "edit", json!({ "id": deal, "properties": { "dealstage": stage } }));
        world.pass(15);
    };
    world.change(ObjectType::Deals, "edit", json!({ "id": deal, "properties": { "dealname": "Bigger" } }));
    move_to(&mut world, "qualifiedtobuy");
    assert_eq!(runs(&mut world).len(), 0, "of a change that is none of its own nothing is kept");
    move_to(&mut world, "closedwon");
    let run = over(&mut world, 1).remove(0);
    assert_eq!((&run["state"], states(&run)), (&json!("done"), vec!["then", "done"]), "{run:#}");
    assert_eq!((&run["contact"]["record_id"], &run["deal"]["record_id"]), (&json!(contact), &json!(deal)));
    move_to(&mut world, "qualifiedtobuy");
    move_to(&mut world, "closedwon");
    over(&mut world, 2);
    assert_eq!((tasks(&world, "Thank Ann"), tasks(&world, "Find somebody")), (2, 0));
    world.verdict().unwrap();
}

#[test]
fn what_is_made_begins_a_workflow_and_what_is_only_read_anew_does_not() {
    let mut world = synced(plan());
    let definition = json!({
        "name": "New", "trigger": { "on": "change", "record": "contacts", "kinds": ["created"] },
        "enrolment": { "again": "every_time" }, "steps": [task("welcome", "Welcome")],
    });
    enabled(&mut world, definition);
    ann(&mut world);
    over(&mut world, 1);
    assert_eq!(tasks(&world, "Welcome"), 1);
    // Erased from the mirror alone and read again they are as old as they were.
    world.farewell(false, false);
    world.pass(5);
    world.command(Command::DeleteData);
    world.connect(0);
    assert!(world.backfill());
    world.pass(10);
    assert_eq!(tasks(&world, "Welcome"), 1, "{:#?}", runs(&mut world));
}

#[test]
fn a_schedule_takes_everybody_whom_its_conditions_hold_of_once_a_day() {
    let mut world = synced(plan());
    let contact = ann(&mut world);
    let definition = json!({
        "name": "Daily", "trigger": { "on": "schedule", "record": "contacts", "every": "day", "hour": 2 },
        "conditions": { "property": "email", "type": "string", "operator": "is", "value": "ann@acme.example" },
        "enrolment": { "again": "every_time" }, "steps": [task("call", "Call Ann")],
    });
    let id = enabled(&mut world, definition);
    world.restart();
    world.pass(2 * HOUR);
    let first = tasks(&world, "Call Ann");
    world.pass(DAY);
    world.restart();
    world.pass(DAY);
    assert_eq!(tasks(&world, "Call Ann"), first + 2, "{:#?}", runs(&mut world));
    assert_eq!(runs(&mut world)[0]["contact"]["record_id"], json!(contact));
    ask(&mut world, Workflows::Pause(id));
    world.pass(2 * DAY);
    assert_eq!(tasks(&world, "Call Ann"), first + 2);
}

#[test]
fn a_clock_that_is_put_forward_or_back_adds_no_hour_and_takes_none_away() {
    for (before, after) in [(0, 60), (60, 0)] {
        let mut plan = plan();
        plan.settings.utc_offset_minutes = before;
        let change = ClocksChange { at_ms: START_MS + 150 * MINUTE, utc_offset_minutes: after };
        plan.settings.clocks_change = Some(change);
        let mut world = synced(plan);
        ann(&mut world);
        let definition = json!({
            "name": "Hourly", "trigger": { "on": "schedule", "record": "contacts", "every": "hour" },
            "conditions": { "property": "email", "type": "string", "operator": "is", "value": "ann@acme.example" },
            "enrolment": { "again": "every_time" }, "steps": [task("call", "Call Ann")],
        });
        enabled(&mut world, definition);
        let hours = |world: &World| ((world.now - START_MS) / (HOUR * MINUTE)) as usize;
        let first = hours(&world);
        for _ in 0..6 {
            world.pass(HOUR);
            let told = runs(&mut world);
            assert_eq!(told.len(), hours(&world) - first, "{before} to {after} minutes: {told:#?}");
        }
    }
}

#[test]
fn a_paused_workflow_does_nothing_and_goes_on_where_it_was() {
    let mut world = synced(plan());
    ann(&mut world);
    let steps = json!([
        task("first", "First"),
        { "id": "pause", "wait": { "count": 1, "unit": "hours" } },
        task("second", "Second"),
    ]);
    let id = enabled(&mut world, on_event("ping", steps));
    send(&mut world, of_ann("e1", "ping"));
    assert!(world.until(30, |world| runs(world).first().is_some_and(|run| states(run) == ["done", "waits"])));
    ask(&mut world, Workflows::Pause(id.clone()));
    world.pass(3 * HOUR);
    send(&mut world, json!({ "id": "e2", "event": "ping", "email": "bob@acme.example" }));
    let told = over(&mut world, 1);
    assert!(told[0]["why"].as_str().unwrap().contains("paused"), "{:#}", told[0]);
    assert_eq!((states(&told[1]), tasks(&world, "Second")), (vec!["done", "waits"], 0));
    ask(&mut world, Workflows::Enable(id));
    over(&mut world, 2);
    assert_eq!((tasks(&world, "First"), tasks(&world, "Second")), (1, 1));
}

#[test]
fn a_run_goes_by_the_version_it_began_with_and_an_old_version_can_be_had_back() {
    let mut world = synced(plan());
    ann(&mut world);
    let steps = |subject: &str| json!([{ "id": "pause", "wait": { "count": 1, "unit": "hours" } }, task("call", subject)]);
    let id = enabled(&mut world, on_event("ping", steps("One")));
    send(&mut world, of_ann("e1", "ping"));
    assert!(world.until(30, |world| runs(world).first().is_some_and(|run| states(run) == ["waits"])));
    let edited = json_of(ask(&mut world, Workflows::Edit(id.clone(), on_event("ping", steps("Two")))));
    assert_eq!((&edited["version"], &edited["state"]), (&json!(2), &json!("enabled")));
    world.restart();
    send(&mut world, of_ann("e2", "ping"));
    over(&mut world, 2);
    assert_eq!((tasks(&world, "One"), tasks(&world, "Two")), (1, 1));
    let back = json_of(ask(&mut world, Workflows::RollBack(id.clone(), 1)));
    assert_eq!(back["version"], json!(3), "a version is never changed");
    assert_eq!(back["definition"]["steps"][1]["subject"], "One");
    send(&mut world, of_ann("e3", "ping"));
    over(&mut world, 3);
    assert_eq!((tasks(&world, "One"), tasks(&world, "Two")), (2, 1));
    let versions = json_of(ask(&mut world, Workflows::Versions(id.clone())));
    let numbers: Vec<_> = versions["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["version"].clone(), one["current"].clone()))
        .collect();
    assert_eq!(numbers, [(json!(3), json!(true)), (json!(2), json!(false)), (json!(1), json!(false))]);
    let refused = ask(&mut world, Workflows::RollBack(id, 9));
    assert!(matches!(refused, Told::Refused(Refusal::NotFound)), "{refused:?}");
}

#[test]
fn a_run_stops_where_a_step_is_refused_and_goes_on_from_there_when_it_is_tried_again() {
    for evicted in [false, true] {
        let mut world = synced(plan());
        let rule = |kinds: &Value| json!({ "portal_id": PORTAL, "object_type": "contacts", "property": "lastname", "rules": kinds });
        world.control("PUT", "validation-rules", &rule(&json!([{ "kind": "alpha" }])));
        let steps = json!([
            task("before", "Before"),
            { "id": "make", "do": "import_contact", "properties": { "lastname": "R2-D2" } },
            task("after", "After"),
        ]);
        enabled(&mut world, on_event("ping", steps));
        send(&mut world, of_ann("e1", "ping"));
        let run = over(&mut world, 1).remove(0);
        assert_eq!((&run["state"], states(&run)), (&json!("failed"), vec!["done", "failed"]), "{run:#}");
        assert_eq!((&run["stands_at"], &run["steps"][1]["step"]), (&json!("make"), &json!("make")));
        assert!(run["steps"][1]["words"].as_str().unwrap().contains("lastname"), "{run:#}");
        assert_eq!((tasks(&world, "Before"), tasks(&world, "After")), (1, 0));
        // Tried again in vain: it says so, and stands where it stood.
        json_of(ask(&mut world, Workflows::Retry(run_id(&run))));
        let run = over(&mut world, 1).remove(0);
        assert_eq!(states(&run), ["done", "failed"], "{run:#}");
        world.control("PUT", "validation-rules", &rule(&json!([])));
        let told = json_of(ask(&mut world, Workflows::Retry(run_id(&run))));
        assert_eq!((&told["state"], states(&told)), (&json!("open"), vec!["done", "asked"]), "{told:#}");
        if evicted {
            world.restart();
        }
        let run = over(&mut world, 1).remove(0);
        assert_eq!((&run["state"], states(&run)), (&json!("done"), vec!["done", "done", "done"]), "{run:#}");
        assert_eq!(run["steps"][1]["before"].as_array().unwrap().len(), 2, "{run:#}");
        assert_eq!((tasks(&world, "Before"), tasks(&world, "After")), (1, 1));
        assert_eq!(with(&world, ObjectType::Contacts, "email", "ann@acme.example").len(), 1);
        let again = ask(&mut world, Workflows::Retry(run_id(&run)));
        assert!(matches!(again, Told::Refused(Refusal::NotNow(_))), "{again:?}");
    }
}

#[test]
fn what_is_refused_before_it_leaves_is_told_where_it_happened_and_asked_anew() {
    let mut world = synced(plan());
    let contact = ann(&mut world);
    let steps =
        json!([{ "id": "move", "do": "update_deal", "deal": "{{deal.id}}", "stage": "{{event.stage}}" }]);
    enabled(&mut world, on_event("ping", steps));
    deal_of(&mut world, &contact, "Open", "appointmentscheduled");
    let mut ping = of_ann("e1", "ping");
    ping["facts"] = json!({ "stage": "No such stage" });
    send(&mut world, ping);
    let run = over(&mut world, 1).remove(0);
    assert_eq!((&run["state"], states(&run)), (&json!("failed"), vec!["refused"]), "{run:#}");
    assert!(run["steps"][0]["words"].as_str().unwrap().contains("no such stage"), "{run:#}");
    json_of(ask(&mut world, Workflows::Retry(run_id(&run))));
    let run = over(&mut world, 1).remove(0);
    assert_eq!(states(&run), ["refused"]);
    assert_eq!(run["steps"][0]["before"].as_array().unwrap().len(), 1, "{run:#}");
}

#[test]
fn a_run_that_is_cancelled_takes_no_further_step() {
    let mut world = synced(plan());
    ann(&mut world);
    let steps = json!([{ "id": "pause", "wait": { "count": 1, "unit": "hours" } }, task("call", "Call Ann")]);
    enabled(&mut world, on_event("ping", steps));
    send(&mut world, of_ann("e1", "ping"));
    assert!(world.until(30, |world| runs(world).first().is_some_and(|run| states(run) == ["waits"])));
    let run = runs(&mut world).remove(0);
    let told = json_of(ask(&mut world, Workflows::CancelRun(run_id(&run))));
    assert_eq!(told["state"], "cancelled");
    world.pass(3 * HOUR);
    assert_eq!(tasks(&world, "Call Ann"), 0);
    send(&mut world, of_ann("e2", "ping"));
    world.pass(90);
    assert_eq!(tasks(&world, "Call Ann"), 1, "the next may begin");
}

#[test]
fn a_dry_run_says_what_would_happen_and_writes_nothing() {
    let mut world = synced(plan());
    ann(&mut world);
    let steps = json!([
        { "id": "vip", "if": { "property": "firstname", "type": "string", "operator": "is", "value": "Ann" },
          "then": [task("call", "Call {{contact.firstname}}")], "else": [{ "id": "end", "stop": "Nobody" }] },
        { "id": "pause", "wait": { "count": 2, "unit": "hours" } },
        { "id": "closed", "wait_until": { "property": "lifecyclestage", "type": "enumeration", "operator": "is", "value": "customer" },
          "at_most": { "count": 1, "unit": "days" } },
        { "id": "to", "decide": { "route": "sales" } },
    ]);
    let id = enabled(&mut world, on_event("ping", steps));
    let tables = ["workflow_runs", "workflow_events", "workflow_enrolled", "actions", "outbox"];
    let kept = |world: &World| tables.map(|table| world.dump_of(table));
    let (before, calls) = (kept(&world), world.calls.len());
    let on = On { event: Some(json!({ "event": "ping", "email": "ann@acme.example" })), ..On::default() };
    let told = json_of(ask(
        &mut world,
        Workflows::DryRun { definition: None, workflow: Some(id.clone()), on: on.clone() },
    ));
    assert_eq!(
        (&told["enters"], &told["route"]["route"], &told["ends"]),
        (&json!(true), &json!("sales"), &json!("done")),
        "{told:#}"
    );
    assert_eq!(states(&told), ["then", "would_be_asked", "waits", "waits", "decided"], "{told:#}");
    assert_eq!(
        told["steps"][1]["would"]["writes"][0]["fields"]["hs_task_subject"]["to"], "Call Ann",
        "{told:#}"
    );
    assert_eq!(told["steps"][3]["conditions"][0]["holds"], json!(false));
    assert_eq!(kept(&world), before);
    // Somebody whom HubSpot does not have goes the other way.
    let on_bob = On { event: Some(json!({ "event": "ping", "email": "bob@acme.example" })), ..On::default() };
    let told =
        json_of(ask(&mut world, Workflows::DryRun { definition: None, workflow: Some(id), on: on_bob }));
    assert_eq!((states(&told), &told["ends"]), (vec!["else", "stopped"], &json!("stopped")));
    let wrong = json!({ "name": "Wrong" });
    let refused = ask(&mut world, Workflows::DryRun { definition: Some(wrong), workflow: None, on });
    assert!(matches!(refused, Told::Refused(Refusal::Wrong(_))), "{refused:?}");
    world.pass(2);
    assert_eq!(kept(&world), before);
    assert_eq!(world.counted(calls, "/batch/create"), 0);
}

#[test]
fn a_definition_that_does_not_fit_the_account_stays_a_draft() {
    let mut world = synced(plan());
    let mut definition = on_event("ping", json!([task("call", "Call")]));
    definition["conditions"] = json!({ "property": "no_such", "type": "string", "operator": "known" });
    let made = json_of(ask(&mut world, Workflows::Add(definition.clone())));
    assert_eq!(made["state"], "draft");
    assert_eq!(made["faults"][0]["path"], "/conditions/property", "{made:#}");
    let id: WorkflowId = made["id"].as_str().unwrap().parse().unwrap();
    let Told::Refused(Refusal::Wrong(faults)) = ask(&mut world, Workflows::Enable(id)) else {
        panic!("enabled")
    };
    assert_eq!(faults[0].path, "/conditions/property");
    let checked = json_of(ask(&mut world, Workflows::Check(definition)));
    assert_eq!(checked["faults"].as_array().unwrap().len(), 1);
    let checked = json_of(ask(&mut world, Workflows::Check(template("activity-log"))));
    assert_eq!(checked["faults"], json!([]));
    let all = json_of(ask(&mut world, Workflows::Templates));
    assert_eq!(all["results"].as_array().unwrap().len(), 5);
}

#[test]
fn an_eviction_or_a_torn_turn_in_the_middle_of_a_run_does_nothing_twice() {
    for fails_in in [0, 3, 9, 17, 30, 55, 80, 120] {
        let mut world = synced(plan());
        let steps = json!([
            { "id": "make", "do": "import_contact" },
            { "id": "pause", "wait": { "count": 5, "unit": "minutes" } },
            task("call", "Call Ann"),
        ]);
        enabled(&mut world, on_event("ping", steps));
        world.objects[0].sql.fails_in.set(fails_in);
        // The host sends again what was not answered.
        let answered = |world: &mut World| {
            let event = event(world, &of_ann("e1", "ping"));
            world.command(Command::Workflow(Box::new(Workflows::Event(event)))).is_some()
        };
        assert!(answered(&mut world) || answered(&mut world));
        let mut seen = BTreeSet::new();
        let ended = world.until(90, |world| {
            let runs =
                Command::Workflow(Box::new(Workflows::Runs { workflow: None, before: None, limit: 9 }));
            let Some(Answer::Workflow(Told::Page { results, .. })) = world.command(runs) else {
                return false;
            };
            let run = serde_json::from_str::<Vec<Value>>(&results).unwrap().pop().unwrap_or_default();
            let steps = run["steps"].as_array().map_or(0, Vec::len);
            // As each step begins, the object is evicted once.
            if seen.insert(steps) {
                world.restart();
            }
            run["state"] == "done"
        });
        assert!(ended, "{fails_in}: {:#?}", runs(&mut world));
        world.pass(5);
        let contacts = with(&world, ObjectType::Contacts, "email", "ann@acme.example").len();
        assert_eq!((runs(&mut world).len(), contacts, tasks(&world, "Call Ann")), (1, 1, 1), "{fails_in}");
    }
}

#[test]
fn nothing_of_an_erased_person_stays_and_nothing_new_of_them_comes() {
    let mut world = synced(plan());
    let contact = ann(&mut world);
    let steps = json!([task("call", "Call Ann"), { "id": "pause", "wait": { "count": 9, "unit": "days" } }, task("again", "Again")]);
    enabled(&mut world, on_event("ping", steps));
    enabled(&mut world, template("smart-routing"));
    world.pass(3);
    send(&mut world, of_ann("e1", "ping"));
    route(&mut world, json!({ "id": "c1", "event": "incoming_call", "phone": "030 1234567" }));
    send(&mut world, json!({ "id": "e2", "event": "ping", "email": "bob@acme.example" }));
    let waits = |run: &Value| states(run) == ["done", "waits"];
    assert!(
        world.until(30, |world| runs(world).iter().filter(|run| waits(run)).count() == 2),
        "{:#?}",
        runs(&mut world)
    );
    let whom = Whom::Email("Ann@acme.example".to_owned());
    let export = Command::Privacy(Privacy::Export { whom: whom.clone() });
    let Some(Answer::Json(text)) = world.command(export) else { panic!("no export") };
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (told["workflow_runs"].as_array().unwrap().len(), &told["workflow_runs_besides"]),
        (2, &json!(0)),
        "{told:#}"
    );
    let Some(Answer::Json(text)) = world.command(Command::Privacy(Privacy::Erase { whom })) else {
        panic!("not erased")
    };
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(told["erased"]["workflow_runs"], 2, "{told}");
    world.pass(10 * DAY);
    let tables = ["workflow_events", "workflow_runs", "workflow_enrolled", "actions", "outbox", "echoes"];
    let kept = tables.map(|table| world.dump_of(table)).join("\n").to_lowercase();
    assert!(
        !kept.contains("ann@") && !kept.contains("1234567") && !kept.contains(&format!("contacts/{contact}")),
        "{kept}"
    );
    assert_eq!((runs(&mut world).len(), tasks(&world, "Again")), (1, 1), "what others do goes on");
    assert_eq!(send(&mut world, of_ann("e3", "ping")), Received::KeptOut);
}

#[test]
fn events_wait_for_a_workflow_whose_field_vanished_and_none_is_decided_without_its_value() {
    let mut world = synced(plan());
    super::make_field(&mut world, "plan", ("string", "text"), []);
    world.command(Command::RefreshFields);
    world.pass(3);
    world.contact("create", json!({ "properties": { "email": "ann@acme.example", "plan": "free" } }));
    world.pass(10);
    let mut definition = on_event("ping", json!([task("call", "Call")]));
    definition["conditions"] =
        json!({ "not": { "property": "plan", "type": "string", "operator": "is", "value": "free" } });
    let id = enabled(&mut world, definition);
    world.by_tool("DELETE", "/crm/properties/2026-09/contacts/plan", &Value::Null);
    world.command(Command::RefreshFields);
    world.pass(3);
    let told = json_of(ask(&mut world, Workflows::One(id.clone())));
    assert_eq!(told["state"], "held", "{told:#}");
    assert!(told["trouble"].as_str().unwrap().contains("no field `plan`"), "{told:#}");
    assert_eq!(told_in_feed(&mut world, "workflow_held"), 1);
    send(&mut world, of_ann("e1", "ping"));
    world.pass(30);
    assert_eq!((&runs(&mut world)[0]["state"], tasks(&world, "Call")), (&json!("open"), 0));
    world.restart();
    super::make_field(&mut world, "plan", ("string", "text"), []);
    let contact = with(&world, ObjectType::Contacts, "email", "ann@acme.example").remove(0);
    edit(&mut world, &contact, json!({ "plan": "free" }));
    world.command(Command::RefreshFields);
    let run = over(&mut world, 1).remove(0);
    assert_eq!((&run["state"], tasks(&world, "Call")), (&json!("skipped"), 0), "{run:#}");
    assert_eq!(run["conditions"][0]["value"], "free", "{run:#}");
    assert_eq!(json_of(ask(&mut world, Workflows::One(id)))["state"], "enabled");
    assert_eq!(["workflow_held", "workflow_resumed"].map(|kind| told_in_feed(&mut world, kind)), [1, 1]);
}

#[test]
fn with_somebody_erased_in_hubspot_goes_what_was_done_for_whoever_became_part_of_them() {
    let mut world = synced(plan());
    let ann = ann(&mut world);
    let bob = world.contact("create", json!({ "properties": { "email": "bob@acme.example" } }));
    assert!(world.until(20, |world| world.record(&bob).is_some()));
    enabled(&mut world, on_event("ping", json!([task("call", "Call")])));
    send(&mut world, json!({ "id": "e1", "event": "ping", "object_type": "contacts", "record_id": bob }));
    over(&mut world, 1);
    let both = world.contact("merge", json!({ "primary": ann, "other": bob }));
    world.pass(20);
    assert_eq!(runs(&mut world).len(), 1);
    world.contact("erase", json!({ "id": both }));
    world.pass(20);
    assert_eq!(runs(&mut world), [] as [Value; 0]);
}

#[test]
fn the_answer_to_what_was_written_of_somebody_erased_is_no_other_writes() {
    let mut world = synced(plan());
    let contact = ann(&mut world);
    let note = json!({ "id": "note", "do": "add_note", "body": "Of Ann" });
    enabled(&mut world, on_event("ping", json!([note])));
    world.hold("/notes/batch/create", 1);
    send(&mut world, of_ann("e1", "ping"));
    assert!(world.until(30, |world| world.held() == 1));
    let whom = Whom::Record { object_type: ObjectType::Contacts, id: contact.parse().unwrap() };
    assert!(matches!(world.command(Command::Privacy(Privacy::Erase { whom })), Some(Answer::Json(_))));
    let wanted = json!({ "action": "create_task", "subject": "Call Bob", "due": "2026-12-01T09:00:00Z" });
    let asked: Asked =
        serde_json::from_value(json!({ "dry_run": false, "background": false, "wanted": wanted })).unwrap();
    world.command(Command::Outbox(Outbox::Do(vec![asked])));
    world.release();
    assert!(world.until(30, |world| tasks(world, "Call Bob") == 1), "{}", world.dump_of("outbox"));
}

#[test]
fn what_changed_before_a_workflow_was_enabled_begins_nothing() {
    let mut world = synced(Plan { idle_ms: u64::MAX, ..plan() });
    let ann = ann(&mut world);
    let properties = json!({ "email": "bob@acme.example", "firstname": "Bob" });
    let bob = world.contact("create", json!({ "properties": properties }));
    edit(&mut world, &ann, json!({ "firstname": "Anna" }));
    world.pass(10);
    let definition = json!({
        "name": "Renamed", "enrolment": { "again": "every_time" }, "steps": [task("call", "Call {{contact.firstname}}")],
        "trigger": { "on": "change", "record": "contacts", "kinds": ["created", "updated"], "properties": ["firstname"] },
    });
    enabled(&mut world, definition);
    edit(&mut world, &bob, json!({ "firstname": "Robert" }));
    let told = over(&mut world, 1);
    let subjects: Vec<&str> = told.iter().map(|run| run["subject"].as_str().unwrap()).collect();
    assert_eq!(subjects, [format!("contacts/{bob}")], "{told:#?}");
}

#[test]
fn of_several_events_that_wait_for_a_workflow_each_is_asked_whether_it_goes_in() {
    let mut world = synced(plan());
    super::make_field(&mut world, "plan", ("string", "text"), []);
    world.command(Command::RefreshFields);
    world.pass(3);
    ann(&mut world);
    let pause = json!({ "id": "pause", "wait": { "count": 2, "unit": "hours" } });
    let mut definition = on_event("ping", json!([task("call", "Call {{event.id}}"), pause]));
    definition["conditions"] = json!({ "and": [
        { "not": { "property": "plan", "type": "string", "operator": "is", "value": "free" } },
        { "of": "event", "property": "size", "type": "number", "operator": "at_least", "value": 10 },
    ] });
    enabled(&mut world, definition);
    world.by_tool("DELETE", "/crm/properties/2026-09/contacts/plan", &Value::Null);
    world.command(Command::RefreshFields);
    world.pass(3);
    for (id, size) in [("small", 5), ("large", 20), ("later", 30)] {
        let mut event = of_ann(id, "ping");
        event["facts"] = json!({ "size": size });
        send(&mut world, event);
    }
    world.pass(10);
    super::make_field(&mut world, "plan", ("string", "text"), []);
    world.command(Command::RefreshFields);
    let told = over(&mut world, 2);
    let of = |id: &str| told.iter().find(|run| run["event"] == id).unwrap();
    assert!(of("small")["why"].as_str().unwrap().contains("conditions"), "{told:#?}");
    assert_eq!(
        (&of("large")["state"], &of("small")["state"]),
        (&json!("open"), &json!("skipped")),
        "{told:#?}"
    );
    let active = format!("under way already: {}.", of("large")["id"].as_str().unwrap());
    assert!(of("later")["why"].as_str().unwrap().contains(&active), "{told:#?}");
    assert_eq!(of("large")["subject"], of("later")["subject"], "{told:#?}");
    assert!(of("large")["subject"].as_str().unwrap().starts_with("contacts/"), "{told:#?}");
    assert!(world.until(30, |world| tasks(world, "Call large") == 1));
    assert_eq!(["small", "later"].map(|id| tasks(&world, &format!("Call {id}"))), [0, 0]);
}

#[test]
fn a_workflow_that_changes_what_begins_it_ends_and_says_so() {
    let mut world = synced(plan());
    let contact = ann(&mut world);
    let set = |id: &str, value: &str| {
        json!({
            "id": id, "do": "update_record", "type": "contacts", "properties": { "firstname": value },
        })
    };
    let definition = json!({
        "name": "Loop", "trigger": { "on": "change", "record": "contacts", "kinds": ["updated"], "properties": ["firstname"] },
        "enrolment": { "again": "every_time" },
        "steps": [{ "id": "which", "if": { "property": "firstname", "type": "string", "operator": "is", "value": "A" },
            "then": [set("b", "B")], "else": [set("a", "A")] }],
    });
    let id = enabled(&mut world, definition);
    edit(&mut world, &contact, json!({ "firstname": "B" }));
    world.pass(20 * HOUR);
    let told = json_of(ask(&mut world, Workflows::One(id)));
    let done = told["runs"]["done"].as_u64().unwrap();
    assert!((1..=100).contains(&done), "{told:#}");
}

#[test]
fn runs_go_when_their_time_is_over_and_a_removed_workflow_leaves_nothing() {
    let mut world = synced(plan());
    ann(&mut world);
    let id = enabled(&mut world, on_event("ping", json!([task("call", "Call Ann")])));
    send(&mut world, of_ann("e1", "ping"));
    over(&mut world, 1);
    let wanted = spoke::engine::portal::retention::Wanted { signal_days: Some(2), ..Default::default() };
    world.command(Command::SetRetention(wanted));
    world.pass(47 * HOUR);
    assert_eq!(runs(&mut world).len(), 1);
    world.pass(3 * HOUR);
    assert_eq!((runs(&mut world).len(), world.dump_of("workflow_events")), (0, String::new()));
    send(&mut world, of_ann("e2", "ping"));
    over(&mut world, 1);
    assert!(matches!(ask(&mut world, Workflows::Remove(id.clone())), Told::Removed));
    assert!(matches!(ask(&mut world, Workflows::One(id)), Told::Refused(Refusal::NotFound)));
    world.pass(5);
    let tables = ["workflows", "workflow_versions", "workflow_runs", "workflow_enrolled"];
    assert_eq!(tables.map(|table| world.dump_of(table)).concat(), "");
}
