//! Whatever is told about workflows is what the API's document says, member by member, and what the pages show.

use std::{fs, path::Path};

use serde_json::{Value, json};
use spoke::{
    api::workflow as api,
    console::{
        connection::ConnectionFrame,
        fill::workflows as fill,
        view::{ConnectionState, Frame},
        workflow_run, workflows as pages,
    },
    engine::{
        portal::{
            messages::{Answer, Command},
            workflows::commands::{Answer as Told, Command as Workflows, On},
        },
        workflow::{Definition, Event, templates},
    },
    values::{
        ids::{RunId, WorkflowId},
        time::Timestamp,
    },
};

use super::{signals::plan, synced};
use crate::life::World;

/// The document, of which objects with named members have no others.
struct Document(Value);

impl Document {
    fn read() -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
        let mut document: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        close(&mut document["components"]["schemas"]);
        Self(document)
    }

    fn fits(&self, name: &str, value: &Value) {
        let mut schema = self.0["components"]["schemas"][name].clone();
        assert!(schema.is_object(), "no schema {name}");
        schema["components"] = self.0["components"].clone();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let wrong: Vec<String> =
            validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert_eq!(wrong, [""; 0], "{name}: {value:#}");
    }
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(entries) => {
            entries.values_mut().for_each(close);
            let named =
                entries.get("properties").and_then(Value::as_object).is_some_and(|own| !own.is_empty());
            if named && entries.contains_key("type") {
                entries.entry("additionalProperties").or_insert(json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// An answer as the API gives it.
fn ask(world: &mut World, command: Workflows) -> Value {
    let Some(Answer::Workflow(told)) = world.command(Command::Workflow(Box::new(command))) else {
        panic!("not about workflows")
    };
    let (_, body) = api::render(told, false).unwrap();
    serde_json::from_str(&body.unwrap()).unwrap()
}

fn frame(world: &World) -> ConnectionFrame {
    ConnectionFrame {
        frame: Frame {
            product: "Acme".into(),
            return_url: None,
            workspace_id: "ws_1".into(),
            workspace_name: "Northwind".into(),
            user: "ada".into(),
            csrf: "csrf".into(),
            now_at: world.now as i64,
            administers: true,
        },
        flash: None,
        id: "con_1".into(),
        title: "Account".into(),
        portal_id: 1,
        ui_domain: String::new(),
        state: ConnectionState::Active,
        backfilling: false,
        held: false,
        types: vec!["contacts".into()],
        labels: vec![],
    }
}

fn everything() -> Value {
    let known =
        json!({"of": "event", "property": "plan", "type": "string", "operator": "is", "value": "pro"});
    json!({
        "name": "Everything", "description": "All of it",
        "trigger": {"on": "event", "event": "ping", "record": "contacts"},
        "conditions": {"property": "email", "type": "string", "operator": "known"},
        "enrolment": {"again": "when", "when": known},
        "steps": [
            {"id": "vip", "if": known, "then": [{"id": "senior", "decide": {"route": "senior", "label": "Senior"}}],
             "else": [{"id": "note", "do": "add_note", "body": "{{event.summary}}"}]},
            {"id": "closed", "wait_until": known, "at_most": {"count": 1, "unit": "hours"},
             "else": [{"id": "call", "do": "create_task", "subject": "Call {{contact.email}}"}]},
            {"id": "pause", "wait": {"count": 2, "unit": "days"}},
            {"id": "end", "stop": "Over"},
        ],
    })
}

#[test]
fn what_is_told_of_workflows_is_what_the_document_says_and_what_the_pages_show() {
    let document = Document::read();
    let mut world = synced(plan());
    for template in templates() {
        document.fits("NewWorkflow", &template.definition);
        let told = json!({ "key": template.key, "sends": template.sends, "definition": template.definition });
        document.fits("WorkflowTemplate", &told);
    }
    document.fits("NewWorkflow", &everything());
    let all = ask(&mut world, Workflows::Templates);
    document.fits("WorkflowTemplates", &all);
    assert!(fill::template(&all.to_string(), "smart-routing").is_some());
    document.fits("CheckedWorkflow", &ask(&mut world, Workflows::Check(json!({ "name": "None" }))));

    let made = ask(&mut world, Workflows::Add(everything()));
    document.fits("Workflow", &made);
    let id: WorkflowId = made["id"].as_str().unwrap().parse().unwrap();
    document.fits("Workflow", &ask(&mut world, Workflows::Edit(id.clone(), everything())));
    document.fits("Workflow", &ask(&mut world, Workflows::Enable(id.clone())));
    let versions = ask(&mut world, Workflows::Versions(id.clone()));
    document.fits("WorkflowVersions", &versions);
    let list = ask(&mut world, Workflows::List);
    document.fits("Workflows", &list);

    let contact = world.contact("create", json!({ "properties": { "email": "ann@acme.example" } }));
    assert!(world.until(20, |world| world.record(&contact).is_some()));
    let ping = json!({
        "id": "p1", "event": "ping", "email": "ann@acme.example", "facts": { "summary": "Hello", "plan": "free" },
    });
    document.fits("NewEvent", &ping);
    let event = Event::parse(&ping, Timestamp(world.now as i64)).unwrap();
    document.fits("Routed", &ask(&mut world, Workflows::Route(event.clone())));
    let on = On { event: Some(ping), ..On::default() };
    let tried = ask(&mut world, Workflows::DryRun { definition: None, workflow: Some(id.clone()), on });
    document.fits("TriedWorkflow", &tried);
    let (explained, faults) = fill::tried(&tried.to_string()).unwrap();
    assert_eq!((explained.steps.len(), faults.len()), (tried["steps"].as_array().unwrap().len(), 0));
    assert!(explained.words.starts_with("It would go in."), "{}", explained.words);

    let told = world.command(Command::Workflow(Box::new(Workflows::Event(event))));
    let Some(Answer::Workflow(Told::Received(received))) = told else { panic!("{told:?}") };
    let (status, told) = api::received("p1", received[0]).unwrap();
    assert_eq!(status, 201);
    document.fits("ReceivedEvent", &told);
    let runs = |world: &mut World| {
        ask(world, Workflows::Runs { workflow: Some(id.clone()), before: None, limit: 5 })
    };
    let ended = |world: &mut World| {
        runs(world)["results"].as_array().unwrap().iter().all(|run| run["state"] != "open")
    };
    assert!(world.until(30, |world| !ended(world)));
    document.fits("WorkflowRuns", &runs(&mut world));
    world.pass(60 * 24 * 3);
    assert!(world.until(60, |world| ended(world)), "{:#}", runs(&mut world));
    let runs = runs(&mut world);
    document.fits("WorkflowRuns", &runs);
    let run = &runs["results"][0];
    assert_eq!(run["state"], "stopped", "{run:#}");
    let one: RunId = run["id"].as_str().unwrap().parse().unwrap();
    let told = ask(&mut world, Workflows::Run(one));
    document.fits("WorkflowRun", &told);

    // The pages are made of the same.
    let view = fill::run(frame(&world), &told.to_string(), false).unwrap();
    let page = workflow_run::page(&view).html;
    for words in [
        "If … else",
        "It does not hold",
        "It was free.",
        "Add note",
        "Not in time",
        "Waited",
        "Stop",
        "Over",
        "ping",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let shown = (runs["results"].to_string(), versions.to_string());
    let workflow = ask(&mut world, Workflows::One(id)).to_string();
    let view = fill::one(frame(&world), &workflow, &shown.1, (&shown.0, None), false).unwrap();
    assert_eq!((view.runs.len(), view.versions.len(), view.workflow.version), (2, 2, 2));
    assert!(view.workflow.begins.contains("ping") && view.workflow.again.contains("only where"));
    let page = pages::one(&view).html;
    for words in [
        "Everything",
        "Enabled",
        "Wait until it holds, 1 hour at most",
        "Create task: Call {{contact.email}}",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let view = fill::page(frame(&world), &list.to_string(), &all.to_string()).unwrap();
    assert_eq!((view.workflows.len(), view.templates.len()), (1, 5));
    let (definition, name) = fill::definition(&workflow).unwrap();
    assert_eq!(
        (Definition::from_value(&definition).unwrap().name, name.as_str()),
        ("Everything".to_owned(), "Everything")
    );
}
