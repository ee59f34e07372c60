use scraper::{ElementRef, Html, Selector};
use serde_json::{Value, json};

use super::*;
use crate::{
    console::{fill::fields::Mirrored, sample, workflow_form as page},
    engine::workflow::templates,
    values::filter::Code,
};

fn read(fields: &str) -> Catalog {
    Catalog::read(fields, &Mirrored::read(r#"{"fields":"all","always":[]}"#)).unwrap()
}

fn catalog(changes: bool) -> Catalog {
    let own = r#"{"results":[
        {"name":"lifecyclestage","label":"Stage","type":"enumeration","field_type":"radio",
         "options":[{"value":"lead","label":"Lead"},{"value":"customer","label":"Customer"}]},
        {"name":"amount","label":"Amount","type":"number","field_type":"number"},
        {"name":"hs_object_id","label":"Record ID","type":"number","field_type":"number"}]}"#;
    Catalog::of_workflows(read(own), [read(own), read(own), read(own)], &["plan".to_owned()], changes)
}

fn of(told: &Value) -> WorkflowDraft {
    WorkflowDraft::of(told, &catalog(told["trigger"]["on"] == "change"))
}

fn html(draft: &WorkflowDraft, catalog: &Catalog, wrong: &Wrong, faults: &[Fault]) -> Html {
    let at = sample::connection_frame(&sample::plain);
    let view = draft.view(at, None, (&Sources::default(), catalog), wrong, faults);
    Html::parse_document(&page::page(&view).html)
}

/// What a browser sends of the form that shows a draft.
fn submitted(draft: &WorkflowDraft, catalog: &Catalog) -> Vec<(String, String)> {
    let html = html(draft, catalog, &Wrong::new(), &[]);
    let selector = Selector::parse("#form input, #form select, #form textarea").unwrap();
    let option = Selector::parse("option").unwrap();
    let value = |control: ElementRef<'_>| match control.value().name() {
        "textarea" => Some(control.text().collect::<String>().replace('\n', "\r\n")),
        "select" => {
            let mut options = control.select(&option);
            let first = options.clone().next();
            let chosen = options.find(|option| option.attr("selected").is_some()).or(first)?;
            Some(chosen.attr("value").unwrap_or_default().to_owned())
        }
        _ if control.attr("type") == Some("checkbox") && control.attr("checked").is_none() => None,
        _ => Some(control.attr("value").unwrap_or_default().to_owned()),
    };
    html.select(&selector)
        .filter_map(|control| Some((control.attr("name")?.to_owned(), value(control)?)))
        .collect()
}

/// The canonical form of a definition.
fn canonical(definition: &Value) -> Value {
    Definition::from_value(definition).unwrap_or_else(|faults| panic!("{faults:?}")).to_json()
}

fn comes_back(told: &Value) {
    let changes = told["trigger"]["on"] == "change";
    let draft = of(told);
    assert!(draft.broken.is_none(), "{:?}", Definition::from_value(told));
    let sent = submitted(&draft, &catalog(changes));
    assert_eq!(Asked::sent(&sent).record.to_string(), told["trigger"]["record"]);
    let again = WorkflowDraft::sent(&sent, &catalog(changes));
    let definition = again.definition(&catalog(changes)).unwrap_or_else(|wrong| panic!("{wrong:?}"));
    assert_eq!(canonical(&definition), canonical(&grouped(told.clone(), false)));
}

/// The same with each condition that stands alone in a group, as the editor has it.
fn grouped(value: Value, is_filter: bool) -> Value {
    match value {
        Value::Object(members) if is_filter && members.contains_key("property") => json!({"and": [members]}),
        Value::Object(members) => {
            let filters = ["conditions", "when", "if", "wait_until"];
            let group = |(key, value): (String, Value)| {
                let value = grouped(value, filters.contains(&key.as_str()));
                (key, value)
            };
            Value::Object(members.into_iter().map(group).collect())
        }
        Value::Array(all) => all.into_iter().map(|one| grouped(one, false)).collect(),
        other => other,
    }
}

fn everything() -> Value {
    let customer =
        json!({"property": "lifecyclestage", "type": "enumeration", "operator": "is", "value": "customer"});
    let rich =
        json!({"of": "deal", "property": "amount", "type": "number", "operator": "at_least", "value": 1000});
    let plan = json!({"of": "event", "property": "plan", "type": "string", "operator": "is", "value": "pro"});
    json!({
        "name": "Everything",
        "description": "One, two",
        "trigger": {"on": "event", "event": "form_submitted", "record": "contacts"},
        "conditions": {"and": [customer, plan]},
        "enrolment": {"again": "when", "when": {"not": rich}},
        "steps": [
            {"id": "one", "if": {"and": [rich]}, "then": [
                {"id": "two", "if": {"or": [customer, rich]}, "then": [
                    {"id": "three", "do": "create_task", "subject": "Call {{contact.firstname}}", "owner": {"id": "12"}, "about": []},
                    {"id": "four", "wait": {"count": 2, "unit": "hours"}},
                ], "else": [{"id": "five", "stop": "Not theirs"}]},
            ], "else": [{"id": "six", "do": "update_record", "type": "contacts", "properties": {"jobtitle": "CEO"}}]},
            {"id": "seven", "wait_until": {"and": [customer]}, "at_most": {"count": 7, "unit": "days"}, "else": [
                {"id": "eight", "do": "add_note", "body": "One\nTwo"},
            ]},
            {"id": "nine", "decide": {"route": "senior", "label": "Senior support"}},
            {"id": "ten", "do": "update_deal", "stage": "Closed Won"},
        ],
    })
}

#[test]
fn templates_and_whatever_else_a_workflow_may_be_become_forms_and_come_back_as_they_were() {
    for template in templates() {
        comes_back(&template.definition);
    }
    comes_back(&everything());
    let changed = json!({"property": "lifecyclestage", "type": "enumeration", "operator": "changed_to", "value": "customer"});
    let mut other = everything();
    other["conditions"] = json!({"and": [changed]});
    other["enrolment"] = json!({"again": "once"});
    other["trigger"] = json!({"on": "change", "record": "companies", "kinds": ["updated"], "properties": ["amount", "lifecyclestage"]});
    comes_back(&other);
    other["conditions"] = json!({"and": []});
    for every in [
        json!({"every": "hour"}),
        json!({"every": "day", "hour": 3}),
        json!({"every": "week", "hour": 0, "weekday": "friday"}),
    ] {
        other["trigger"] = every;
        (other["trigger"]["on"], other["trigger"]["record"]) = (json!("schedule"), json!("deals"));
        comes_back(&other);
    }
}

#[test]
fn what_changed_can_be_asked_only_where_a_change_begins_it() {
    let filter =
        |operator: &str| json!({"and": [{"property": "amount", "type": "number", "operator": operator}]});
    let shown = |operator: &str, changes: bool| {
        let draft = filter_form::Draft::of(&filter(operator), &catalog(changes));
        draft.view(&catalog(changes), ("It goes in", String::new()), &|_| None)
    };
    assert_eq!(shown("changed", true).groups[0].conditions[0].operator, "changed");
    // As another operator it would be another filter: it stays JSON.
    assert!(shown("changed", false).beyond.is_some());
    assert!(shown("known", false).beyond.is_none());
}

#[test]
fn buttons_add_move_and_remove_steps_at_every_depth_and_none_of_them_loses_the_place() {
    let mut draft = of(&everything());
    let catalog = catalog(false);
    for button in [
        "up 1",
        "down 0",
        "add-step ",
        "add-step 0/then",
        "add-step 0/then/0/else",
        "down 0/then/0/then/0",
        "up 0/then/0/then/1",
        "drop-step 0/then/1",
        "conditions:add-group",
        "when:anew",
        "s0:add-condition 0",
        "s0-then-0:drop-condition 0 0",
    ] {
        let focus = draft.act(button);
        assert!(focus.is_some(), "{button}");
        let at = sample::connection_frame(&sample::plain);
        let view = draft.view(at, None, (&Sources::default(), &catalog), &Wrong::new(), &[]);
        let html = page::page(&WorkflowForm { focus, ..view }).html;
        assert_eq!(html.matches(" autofocus").count(), 1, "{button}");
    }
    assert_eq!(draft.steps[0].then[0].otherwise.len(), 2);
    assert_eq!(draft.steps.len(), 5);
    let before = draft.clone();
    for button in [
        "up 0",
        "down 9",
        "drop-step 0/then/7",
        "drop-step 0/else/0/then/0",
        "add-step 3/then",
        "s9:add-group",
        "x:y",
        "",
    ] {
        assert_eq!(draft.act(button), None, "{button}");
    }
    assert_eq!(draft.steps, before.steps);
}

#[test]
fn there_are_never_more_steps_nor_deeper_ones_than_there_may_be() {
    let mut draft = WorkflowDraft::new();
    for _ in 0..2 * limits::STEPS {
        draft.act("add-step ");
    }
    assert_eq!(count(&draft.steps), limits::STEPS);
    let ids: std::collections::BTreeSet<&str> = draft.steps.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(ids.len(), limits::STEPS, "each is called by a name of its own");
    let nested = |depth: usize| -> Vec<(String, String)> {
        let mut all = vec![("part".to_owned(), "steps".to_owned())];
        for _ in 0..depth {
            all.extend([("step".to_owned(), "if".to_owned()), ("branch".to_owned(), "then".to_owned())]);
        }
        all
    };
    let read = read_steps(part(&nested(20), "steps"), &catalog(false));
    assert_eq!(count(&read), limits::DEPTH);
    // What no form of ours sends is read as something, and breaks nothing.
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    for odd in [
        vec![pair("end", ""), pair("branch", "then"), pair("filter", ""), pair("step-was", "if")],
        vec![
            pair("step", "dance"),
            pair("branch", "maybe"),
            pair("step", "wait"),
            pair("end", ""),
            pair("end", ""),
        ],
        vec![pair("step", "if"), pair("filter", ""), pair("filter", ""), pair("value", "x")],
    ] {
        let read = read_steps(&odd, &catalog(false));
        built(&read, "", &catalog(false), &mut Wrong::new());
    }
}

#[test]
fn a_step_of_another_kind_takes_along_what_both_have() {
    let catalog = catalog(false);
    let mut sent = submitted(&of(&everything()), &catalog);
    let at = sent.iter().position(|(name, value)| name == "step" && value == "add_note").unwrap();
    "timeline_entry".clone_into(&mut sent[at].1);
    let draft = WorkflowDraft::sent(&sent, &catalog);
    let eight = &draft.definition(&catalog).unwrap()["steps"][1]["else"][0];
    assert_eq!(*eight, json!({"id": "eight", "do": "timeline_entry", "body": "One\nTwo"}));
    "wait_until".clone_into(&mut sent[at].1);
    let draft = WorkflowDraft::sent(&sent, &catalog);
    let eight = &draft.definition(&catalog).unwrap()["steps"][1]["else"][0];
    assert_eq!(eight["at_most"], json!({"count": 1, "unit": "days"}));
}

#[test]
fn json_counts_where_it_was_changed_and_stays_as_it_was_typed_where_it_is_none() {
    let catalog = catalog(false);
    let mut sent = submitted(&of(&everything()), &catalog);
    let name = sent.iter().position(|(name, _)| name == "name").unwrap();
    "Renamed".clone_into(&mut sent[name].1);
    assert_eq!(WorkflowDraft::sent(&sent, &catalog).name, "Renamed", "the JSON is as it was shown");
    let json = sent.iter().position(|(name, _)| name == "definition").unwrap();
    let other = &templates()[4].definition;
    sent[json].1 = other.to_string();
    let draft = WorkflowDraft::sent(&sent, &catalog);
    let expected = canonical(&grouped(other.clone(), false));
    assert_eq!(canonical(&draft.definition(&catalog).unwrap()), expected);
    // No JSON at all, and then JSON that is no workflow.
    for (text, line) in [("{\n  \"name\": ,\n}", 2), ("{\n  \"name\": \"\",\n  \"steps\": []\n}", 2)] {
        text.clone_into(&mut sent[json].1);
        let draft = WorkflowDraft::sent(&sent, &catalog);
        let faults = Definition::from_value(&own_json::parse(text).unwrap_or_default()).unwrap_err();
        let at = sample::connection_frame(&sample::plain);
        let view =
            draft.view(at, None, (&Sources::default(), &catalog), &draft.wrong(&faults, &catalog), &faults);
        assert!(view.parts.is_none() && view.json == text);
        assert!(view.faults.iter().any(|(own, ..)| *own == line), "{:?}", view.faults);
        // Sent once more without a change it is what it was, and mended the form comes back.
        let again = submitted(&draft, &catalog);
        assert_eq!(WorkflowDraft::sent(&again, &catalog).broken.as_deref(), Some(text));
        let mut mended = again;
        let at = mended.iter().position(|(name, _)| name == "definition").unwrap();
        mended[at].1 = other.to_string();
        assert!(WorkflowDraft::sent(&mended, &catalog).broken.is_none());
    }
}

#[test]
fn what_is_wrong_stands_at_its_place_in_the_form_and_in_the_json() {
    let (draft, catalog) = (of(&everything()), catalog(false));
    let fault =
        |path: &str| Fault { path: path.to_owned(), code: Code::Shape, detail: format!("No: {path}.") };
    let faults = [
        "/trigger/event",
        "/conditions/and/1/value",
        "/enrolment/when",
        "/steps/0/then/0/if/or/1",
        "/steps/0/then/0/then/0/subject",
        "/steps/3",
        "/name",
        "/steps/17",
    ]
    .map(fault);
    let wrong = draft.wrong(&faults, &catalog);
    let places: Vec<Place> = wrong.iter().map(|(place, _)| place.clone()).collect();
    let step = |path: &str, row| Place::Step(path.to_owned(), row);
    assert_eq!(
        places,
        [
            Place::Trigger,
            Place::Conditions(Some((0, 1))),
            Place::When(None),
            step("0/then/0", Some((0, 1))),
            step("0/then/0/then/0", None),
            step("3", None),
            Place::Whole,
            Place::Whole,
        ]
    );
    let html = html(&draft, &catalog, &wrong, &faults);
    let texts = |selector: &str| -> Vec<String> {
        let selector = Selector::parse(selector).unwrap();
        html.select(&selector).map(|one| one.text().collect()).collect()
    };
    assert_eq!(texts("#s0-then-0-then-0-wrong"), ["No: /steps/0/then/0/then/0/subject."]);
    assert_eq!(texts("#s0-then-0-c0-1-wrong"), ["No: /steps/0/then/0/if/or/1."]);
    assert_eq!(texts("#conditions-c0-1-wrong"), ["No: /conditions/and/1/value."]);
    let lines = texts("#definition-wrong li");
    assert_eq!(lines.len(), faults.len());
    assert!(lines.iter().any(|line| line.contains("/steps/0/then/0/then/0/subject: No:")), "{lines:?}");
    assert!(
        texts("#refused").concat().contains("5 parts below say what is wrong."),
        "{:?}",
        texts("#refused")
    );
}

#[test]
fn it_is_tried_on_whoever_is_named() {
    let mut draft = of(&everything());
    assert!(draft.tried_on().is_err());
    draft.on = On { email: "a@b.example".into(), facts: "plan = pro\n= x\nnothing".into(), ..On::default() };
    assert_eq!(
        draft.tried_on().unwrap(),
        json!({"event": {"event": "form_submitted", "email": "a@b.example", "facts": {"plan": "pro"}}})
    );
    draft.on = On { record: "512".into(), ..On::default() };
    assert_eq!(
        draft.tried_on().unwrap(),
        json!({"event": {"event": "form_submitted", "record_id": "512", "object_type": "contacts"}})
    );
    "change".clone_into(&mut draft.trigger.on);
    assert_eq!(draft.tried_on().unwrap(), json!({"record_id": "512"}));
    draft.on = On { email: "a@b.example".into(), ..On::default() };
    assert!(draft.tried_on().is_err(), "a change is of a record");
    draft.on = On { record: "5x".into(), ..On::default() };
    assert!(draft.tried_on().is_err());
}
