//! What is told of activations is what the API's document says, member by member, and what the pages are made of.

use std::{fs, path::Path};

use serde_json::{Value, json};
use spoke::{
    api::activation::{self, Kept, bulk::Outcome},
    console::{
        connection::ConnectionFrame,
        fill::{activation_form, activations as fill, attribute_form::AttributeDraft, filter_form::Catalog},
        view::{ConnectionState, Frame},
    },
    engine::portal::activations::commands::{Answer as Told, Command as Activate},
    values::attribute::{Choice, Unknown},
};

use super::{
    AttributeKind, NewAttribute, activate, ask, audience, begun, described, email, id, join, over, plan,
    selection, told,
};
use crate::life::World;

/// Holds a value against a schema of the document, in which named members stand alone.
fn fits(name: &str, value: &Value) {
    fn close(schema: &mut Value) {
        match schema {
            Value::Object(entries) => {
                entries.values_mut().for_each(close);
                if entries.contains_key("type") && entries.contains_key("properties") {
                    entries.entry("additionalProperties").or_insert(json!(false));
                }
            }
            Value::Array(items) => items.iter_mut().for_each(close),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    let mut document: Value = serde_json::from_slice(&fs::read(file).expect("the document")).expect("JSON");
    close(&mut document["components"]["schemas"]);
    let mut schema = document["components"]["schemas"][name].clone();
    assert!(schema.is_object(), "the document has no {name}");
    schema["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let wrong: Vec<String> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert_eq!(wrong, [""; 0], "{name}: {value}");
}

fn frame() -> ConnectionFrame {
    let text = str::to_owned;
    ConnectionFrame {
        frame: Frame {
            product: text("Acme"),
            return_url: None,
            workspace_id: text("ws_1"),
            workspace_name: text("Northwind"),
            user: text("ada"),
            csrf: text("csrf"),
            now_at: 0,
            administers: true,
        },
        flash: None,
        id: text("con_1"),
        title: text("Northwind"),
        portal_id: 1,
        ui_domain: String::new(),
        state: ConnectionState::Active,
        backfilling: false,
        held: false,
        types: vec![text("contacts")],
        labels: Vec::new(),
    }
}

/// What a page of results holds, as the API sends it on.
fn page(world: &mut World, command: impl Fn() -> Activate) -> Value {
    let (_, body) = activation::render(ask(world, command), false).expect("a page");
    serde_json::from_str(&body.expect("a body")).expect("JSON")
}

/// An attribute with options, of which somebody has one whom nobody knows.
fn tier(world: &mut World) {
    let options = vec![Choice { value: "gold".to_owned(), label: "Gold".to_owned() }];
    let new = NewAttribute {
        name: "Tier".to_owned(),
        description: "What they bought.".to_owned(),
        kind: AttributeKind::Enumeration,
        options,
        computed: None,
    };
    let shown = told(world, || Activate::PutAttribute { audiences: false, id: id("tier"), new: new.clone() });
    fits("Attribute", &shown);
    let gold = Some("gold".to_owned());
    let values = vec![(email(0), gold.clone()), ("nobody".to_owned(), gold)];
    let put =
        || Activate::PutValues { audiences: false, id: id("tier"), values: values.clone(), round: None };
    let kept = Kept::read(ask(world, put)).expect("what was kept");
    assert_eq!(activation::render_one("nobody", &kept).unwrap_err().status(), 400);
}

#[test]
fn what_is_told_of_activations_is_what_the_document_says_and_pages_show() {
    let (mut world, own) = begun(plan(), 2, 1);
    fits("Audience", &audience(&mut world, "further"));
    tier(&mut world);
    let second = activate(&mut world, &selection(&["vip", "further"], &["tier"], Unknown::Create));
    fits("Activation", &told(&mut world, || Activate::Activation(second.clone())));
    over(&mut world, &second);
    for one in [&own, &second] {
        fits("Activation", &told(&mut world, || Activate::Activation(one.clone())));
    }
    let paused = told(&mut world, || Activate::PauseActivation(own.clone()));
    fits("Activation", &paused);
    let settings = told(&mut world, || Activate::Settings);
    fits("ActivationSettings", &settings);
    let all = told(&mut world, || Activate::Activations);
    fits("Activations", &all);
    let audiences = told(&mut world, || Activate::Attributes { audiences: true });
    fits("Audiences", &audiences);
    let attributes = told(&mut world, || Activate::Attributes { audiences: false });
    fits("Attributes", &attributes);
    let used = told(&mut world, || Activate::UsedBy { audiences: true, id: id("vip") });
    fits("AttributeUses", &used);
    join(&mut world, "vip", 0..3);
    let one = || Activate::Value { audiences: true, id: id("vip"), email: email(0) };
    fits("AudienceMember", &told(&mut world, one));
    let one = || Activate::Value { audiences: false, id: id("tier"), email: email(0) };
    fits("AttributeValue", &told(&mut world, one));
    let members = || Activate::Values { audiences: true, id: id("vip"), after: None, limit: 2 };
    let members = page(&mut world, members);
    fits("AudienceMembers", &members);
    assert!(members["next_cursor"].is_string(), "{members}");
    let values = || Activate::Values { audiences: false, id: id("tier"), after: None, limit: 2 };
    fits("AttributeValues", &page(&mut world, values));
    fits("RefusedContacts", &page(&mut world, || Activate::Refused { after: None, skip: 0, limit: 5 }));

    let text = |value: &Value| value.to_string();
    let (audiences, attributes, settings) = (text(&audiences), text(&attributes), text(&settings));
    let lists = (audiences.as_str(), attributes.as_str());
    let shown = fill::page(frame(), &settings, &text(&all), lists).expect("the page of all");
    let badges: Vec<_> =
        shown.audiences.iter().map(|own| (own.name.as_str(), own.selected, own.made)).collect();
    assert_eq!(badges, [("vip", true, true), ("further", true, true)]);
    assert!(shown.activations[0].paused && !shown.activations[1].paused);
    let shown = fill::one(frame(), &settings, &text(&paused), lists).expect("the page of one");
    assert_eq!((shown.kept.len(), shown.activation.sync.state.as_str()), (1, "done"));
    let vip = told(&mut world, || Activate::Attribute { audiences: true, id: id("vip") });
    let shown = fill::delete_attribute(frame(), true, &text(&vip), &text(&used)).expect("what depends on it");
    assert_eq!(shown.activations, ["Mine", "Mine"]);
    let draft = activation_form::ActivationDraft::of(&text(&paused)).expect("a form");
    let form = draft.view(frame(), None, lists, None).expect("a form");
    assert_eq!(form.audiences.iter().map(|own| own.chosen).collect::<Vec<_>>(), [true, false]);
    let tier = told(&mut world, || Activate::Attribute { audiences: false, id: id("tier") });
    let none = Catalog::default();
    let draft = AttributeDraft::of(false, &text(&tier), &none).expect("a form");
    assert_eq!(draft.definition(&none).expect("a definition").1.options.len(), 1);
    assert!(activation_form::names(frame(), &settings).is_some());
}

#[test]
fn an_audience_that_is_found_is_told_as_the_document_says() {
    let (mut world, _) = begun(plan(), 2, 2);
    let filter = json!({ "property": "email", "type": "string", "operator": "is", "value": email(1) });
    let new = NewAttribute { computed: Some(filter), ..described("Found", AttributeKind::Audience) };
    let found =
        told(&mut world, || Activate::PutAttribute { audiences: true, id: id("found"), new: new.clone() });
    assert_eq!(found["looked_at"], 0);
    fits("Audience", &found);
    world.pass(1);
    let found = told(&mut world, || Activate::Attribute { audiences: true, id: id("found") });
    assert_eq!(found["looked_at"], Value::Null);
    fits("Audience", &found);
    let values = || Activate::Values { audiences: true, id: id("found"), after: None, limit: 2 };
    let members = page(&mut world, values);
    assert_eq!(members["results"].as_array().map(Vec::len), Some(1));
    fits("AudienceMembers", &members);
}

#[test]
fn a_replacement_is_told_as_the_document_says() {
    let (mut world, _) = begun(plan(), 2, 2);
    let begin = || Activate::BeginReplace { audiences: true, id: id("vip") };
    let begun = told(&mut world, begin);
    fits("Replacement", &begun);
    let round = activation::begun(Told::Json(begun.to_string())).expect("a round");
    fits("Audience", &told(&mut world, || Activate::Attribute { audiences: true, id: id("vip") }));
    let member = Some("true".to_owned());
    let values = vec![(email(1), member.clone()), ("nobody".to_owned(), member)];
    let put =
        || Activate::PutValues { audiences: true, id: id("vip"), values: values.clone(), round: Some(round) };
    let kept = Kept::read(ask(&mut world, put)).expect("what was kept");
    let ended = told(&mut world, || Activate::EndReplace { audiences: true, id: id("vip"), round });
    fits("EndedReplacement", &ended);
    let outcome = |ended: Option<Told>| {
        let mut outcome = Outcome::default();
        outcome.add(&[1, 2], &kept);
        let (_, body) = outcome.render(ended).expect("an answer");
        serde_json::from_str::<Value>(&body.expect("a body")).expect("JSON")
    };
    fits("Changed", &outcome(None));
    let replaced = outcome(Some(Told::Json(ended.to_string())));
    fits("Replaced", &replaced);
    assert_eq!(replaced["refused"][0]["line"], 2);
    let figures = ["kept", "changed", "removing", "refused_count"].map(|name| replaced[name].clone());
    assert_eq!(figures, [1, 0, 1, 1].map(Value::from));
}
