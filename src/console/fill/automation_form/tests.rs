use super::*;
use crate::{
    console::{fill::fields::Mirrored, sample},
    engine::signal::{Automation, List},
    values::filter::Code,
};

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn catalog() -> Catalog {
    let fields = r#"{"results":[
        {"name":"lifecyclestage","label":"Stage","type":"enumeration","field_type":"radio",
         "options":[{"value":"lead","label":"Lead"},{"value":"customer","label":"Customer"}]},
        {"name":"hs_object_id","label":"Record ID","type":"number","field_type":"number"}]}"#;
    let mirrored = Mirrored::read(r#"{"fields":"all","always":[]}"#);
    let read = || Catalog::read(fields, &mirrored).unwrap();
    let signals = r#"[{"fields":{"views":"3"},"account":{"fields":{"score":"7"}},"visitor":null}]"#;
    Catalog::of_signals(read(), read(), signals)
}

#[test]
fn what_signals_say_and_what_hubspot_has_can_be_named() {
    let catalog = catalog();
    let proposed: Vec<String> = catalog.proposed().into_iter().map(|(words, _)| words).collect();
    for words in ["Signal: views", "Account: score", "Visitor: email", "Company: Stage", "Contact: Record ID"]
    {
        assert!(proposed.iter().any(|own| own == words), "{words}: {proposed:?}");
    }
    assert!(catalog.find("account: never sent").is_some(), "the host's own are nobody's to list");
    for none in ["Stage", "lifecyclestage", "Company: never sent", "Weather: rain", "Account:"] {
        assert!(catalog.find(none).is_none(), "{none}");
    }
}

#[test]
fn conditions_become_a_filter_of_signals_and_the_filter_the_same_conditions() {
    let fields = pairs(&[
        ("name", "Warm"),
        ("join", "all"),
        ("group", "all"),
        ("property", "Account: score"),
        ("was", "Account: score"),
        ("operator", "number:at_least"),
        ("value", "50"),
        ("property", "company: stage"),
        ("was", "Company: Stage"),
        ("operator", "none_of"),
        ("value", "customer"),
        ("property", "Signal: kind"),
        ("was", "Signal: kind"),
        ("operator", "string:contains"),
        ("value", "pricing"),
    ]);
    let draft = ListDraft::sent(&fields, &catalog());
    let definition = draft.definition(&catalog()).unwrap();
    assert_eq!(
        definition["filter"],
        json!({"and": [
            {"of": "account", "property": "score", "type": "number", "operator": "at_least", "value": 50},
            {"of": "company", "property": "lifecyclestage", "type": "enumeration", "operator": "none_of", "values": ["customer"]},
            {"property": "kind", "type": "string", "operator": "contains", "value": "pricing"},
        ]})
    );
    assert!(List::parse(&definition).is_ok());
    assert_eq!(ListDraft::of(Some(&definition.to_string()), &catalog()).unwrap(), draft);
    let at = || sample::connection_frame(&sample::plain);
    let view = draft.view(at(), None, &catalog(), &Vec::new());
    let score = &view.filter.groups[0].conditions[0];
    assert_eq!(score.operator, "number:at_least");
    assert!(
        score
            .operators
            .iter()
            .any(|(value, words)| value == "datetime:before" && words == "is before (date)")
    );
    let fault = Fault {
        path: "/filter/and/1/property".to_owned(),
        code: Code::UnknownField,
        detail: "No `x`.".to_owned(),
    };
    let wrong = draft.wrong(&[fault], &catalog());
    let view = draft.view(at(), None, &catalog(), &wrong);
    assert_eq!(view.filter.groups[0].conditions[1].wrong.as_deref(), Some("No x."));
    // What rows cannot say stays JSON, and what belongs to nobody is none of HubSpot's fields.
    for filter in [
        json!({"not": {"of": "account", "property": "score", "type": "number", "operator": "known"}}),
        json!({"of": "weather", "property": "rain", "type": "bool", "operator": "is", "value": true}),
    ] {
        let told = json!({"name": "Odd", "filter": filter}).to_string();
        let draft = ListDraft::of(Some(&told), &catalog()).unwrap();
        assert!(draft.view(at(), None, &catalog(), &Vec::new()).filter.beyond.is_some(), "{filter}");
        assert_eq!(draft.definition(&catalog()).unwrap()["filter"], filter);
    }
    let unsaid = json!({"name": "", "filter": {"of": "account", "property": "size", "type": "enumeration", "operator": "is", "value": "big"}});
    let draft = ListDraft::of(Some(&unsaid.to_string()), &catalog()).unwrap();
    assert_eq!(draft.definition(&catalog()).unwrap()["filter"]["and"][0], unsaid["filter"]);
}

fn steps() -> Value {
    json!([
        { "action": "import_company" },
        { "action": "import_contact", "company": { "domain": "acme.com" }, "properties": { "jobtitle": "CEO", "plan": "" } },
        { "action": "claim_account", "owner": { "email": "{{account.owner}}" } },
        { "action": "add_to_list", "list": 7, "record": "{{company.id}}" },
        { "action": "create_task", "subject": "Call {{account.name}}", "body": "One\nTwo", "about": [], "owner": { "id": "12" }, "type": "{{signal.kind}}" },
        { "action": "update_record", "type": "companies", "properties": { "about": "One\nTwo" } },
        { "action": "timeline_entry", "title": "Visit", "about": { "type": "companies", "id": "{{company.id}}" } },
        { "action": "log_call", "duration_s": 30, "owner": { "id": "{{account.owner_id}}" } },
    ])
}

/// The pairs that a form sends which shows these steps.
fn resent(view: &AutomationForm) -> Vec<(String, String)> {
    let mut all =
        pairs(&[("name", &view.name), ("list", &view.list), ("hours", &view.hours), ("per", "account")]);
    for step in &view.steps {
        all.extend(pairs(&[("step", &step.action), ("step-was", &step.action)]));
        all.extend(
            step.inputs.iter().map(|input| (input.name.to_owned(), input.value.replace('\n', "\r\n"))),
        );
        all.extend(pairs(&[("more", &step.more)]));
    }
    all.extend(pairs(&[("json", &view.json), ("json-was", &view.json)]));
    all
}

fn seen(draft: &AutomationDraft, wrong: &WrongSteps) -> AutomationForm {
    let lists = r#"{"results":[{"id":"ql_a","name":"Warm"}]}"#;
    let at = sample::connection_frame(&sample::plain);
    draft.view(at, None, (lists, &Sources::default()), wrong).unwrap()
}

#[test]
fn steps_become_forms_and_come_back_as_they_were() {
    let list = "ql_5f0c2ab9e1d34c67a8b90f12";
    let told =
        json!({ "name": "Tell", "list": list, "cool_down_hours": 3, "per": "account", "steps": steps() });
    let draft = AutomationDraft::of(Some(&told.to_string())).unwrap();
    let view = seen(&draft, &Vec::new());
    let again = AutomationDraft::sent(&resent(&view));
    let definition = again.definition().unwrap();
    let mut expected = told;
    // An id may be written as a number, and is text in a form.
    expected["steps"][3]["list"] = json!("7");
    assert_eq!(definition, expected);
    assert!(Automation::parse(&definition).is_ok());
    assert!(!view.json_open && view.steps[4].more.contains("signal.kind"), "{}", view.steps[4].more);
    assert_eq!(view.steps[0].more, "");
}

#[test]
fn buttons_add_move_and_remove_steps_and_none_of_them_loses_the_place() {
    let told = json!({ "name": "Tell", "list": "", "steps": steps() });
    let mut draft = AutomationDraft::of(Some(&told.to_string())).unwrap();
    let before = draft.clone();
    for button in ["up 1", "down 0", "up 7", "down 6", "add-step", "up 8", "drop-step 7"] {
        let focus = draft.act(button);
        let view = AutomationForm { focus, ..seen(&draft, &Vec::new()) };
        let page = crate::console::automation_form::form(&view);
        assert_eq!(page.html.matches(" autofocus").count(), 1, "{button}");
    }
    assert_eq!(draft.steps[..7], before.steps[..7]);
    assert_eq!(draft.steps[7], before.steps[7], "what was added went");
    for button in ["up 0", "down 7", "up 99", "drop-step x", "", "down -1"] {
        draft.act(button);
    }
    assert_eq!(draft.steps, before.steps);
}

#[test]
fn another_action_takes_along_what_both_have_and_json_replaces_all() {
    let fields = pairs(&[
        ("step", "add_note"),
        ("step-was", "create_task"),
        ("subject", "Call"),
        ("body", "Notes"),
        ("more", "{\"about\":[]}"),
    ]);
    let draft = AutomationDraft::sent(&fields);
    assert_eq!(draft.definition().unwrap()["steps"], json!([{ "action": "add_note", "body": "Notes" }]));
    let json = |text: &str| {
        AutomationDraft::sent(&pairs(&[("step", "add_note"), ("json", text), ("json-was", "before")]))
    };
    assert_eq!(json("[{\"action\":\"import_company\"}]").steps.len(), 1);
    for broken in ["[", "{}", "[{\"action\":\"dance\"}]"] {
        let draft = json(broken);
        assert!(draft.definition().is_err_and(|wrong| wrong[0].0.is_none()), "{broken}");
        assert!(seen(&draft, &Vec::new()).json_open);
    }
}

#[test]
fn what_is_wrong_stands_at_its_step() {
    let fields =
        pairs(&[("step", "update_record"), ("properties", "city"), ("step", "add_note"), ("more", "{")]);
    let wrong = AutomationDraft::sent(&fields).definition().unwrap_err();
    assert_eq!(wrong.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [Some(0), Some(1)]);
    let fault = |path: &str| Fault { path: path.to_owned(), code: Code::Shape, detail: "No.".to_owned() };
    let wrong = AutomationDraft::wrong(&[fault("/steps/1/subject"), fault("/name")]);
    assert_eq!(wrong, [(Some(1), "No.".to_owned()), (None, "No.".to_owned())]);
}
