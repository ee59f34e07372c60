//! The properties that hold audiences and attributes: made, renamed, archived, made again, refused.

use hubspot_simulator::{
    Shape,
    faults::{Fault, Rule},
    route::Endpoint,
    switches::PropertyCreation,
};
use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        activations::commands::{Answer as Told, Command as Activate, NewAttribute},
        messages::{Answer, Command},
        selection::Selection,
    },
    values::{
        attribute::{AttributeKind, Choice, Names, Unknown},
        ids::ObjectType,
    },
};

use super::{
    POINTS, PROPERTIES, VIP, activate, ask, audience, begun, described, email, held, id, join, over, people,
    plan, points, put, refused, selection, shown, synced, told,
};
use crate::life::{Plan, World};

fn attribute(world: &mut World) -> Value {
    told(world, || Activate::Attribute { audiences: true, id: id("vip") })
}

fn field(world: &mut World, name: &str) -> Option<Value> {
    let Some(Answer::Json(text)) = world.command(Command::Fields { object_type: ObjectType::Contacts })
    else {
        panic!("no fields")
    };
    let fields: Value = serde_json::from_str(&text).unwrap();
    let own = fields["results"].as_array().unwrap().iter().find(|field| field["name"] == name)?;
    own["vanished_at"].is_null().then(|| own.clone())
}

fn calls(world: &World, from: usize, name: &str) -> usize {
    world.calls[from..].iter().filter(|call| call.name == name).count()
}

#[test]
fn properties_are_made_in_a_group_of_their_own_with_the_names_that_are_set() {
    let mut world = synced(plan());
    let wrong = Names { prefix: "hs_x".to_owned(), ..Names::default() };
    assert!(refused(&mut world, || Activate::Set(wrong.clone())).contains("`prefix`"));
    let names =
        Names { prefix: "raptor".to_owned(), group: "raptor_cdp".to_owned(), label: "Raptor CDP".to_owned() };
    let set = told(&mut world, || Activate::Set(names.clone()));
    assert_eq!((&set["group"], &set["prefix"]), (&json!("raptor_cdp"), &json!("raptor")));
    people(&mut world, 0..1);
    assert_eq!(audience(&mut world, "Abandon-Basket")["property"], "raptor_aud_abandon_basket");
    let choice = |value: &str| Choice { value: value.to_owned(), label: value.to_uppercase() };
    let tier = NewAttribute {
        options: vec![choice("gold"), choice("tin")],
        ..described("Tier", AttributeKind::Enumeration)
    };
    told(&mut world, || Activate::PutAttribute { audiences: false, id: id("tier"), new: tier.clone() });
    let seen = described("Last seen", AttributeKind::Datetime);
    told(&mut world, || Activate::PutAttribute { audiences: false, id: id("seen"), new: seen.clone() });
    put(&mut world, false, "tier", &[(email(0), "GOLD".to_owned())]);
    put(&mut world, false, "seen", &[(email(0), "2026-11-20T08:00:00Z".to_owned())]);
    let own = activate(&mut world, &selection(&["Abandon-Basket"], &["tier", "seen"], Unknown::Skip));
    over(&mut world, &own);
    assert_eq!(calls(&world, 0, &format!("POST {PROPERTIES}/groups")), 1);
    let made = field(&mut world, "raptor_aud_abandon_basket").expect("it is there");
    assert_eq!((&made["group"], &made["type"]), (&json!("raptor_cdp"), &json!("bool")));
    assert_eq!(held(&world, "raptor_att_tier", 0..1), ["gold"]);
    assert!(held(&world, "raptor_att_seen", 0..1)[0].starts_with("2026-11-20T08:00:00"));
    // An option more is made, and what was there stays.
    let more = NewAttribute { options: vec![choice("gold"), choice("tin"), choice("zinc")], ..tier.clone() };
    told(&mut world, || Activate::PutAttribute { audiences: false, id: id("tier"), new: more.clone() });
    put(&mut world, false, "tier", &[(email(0), "zinc".to_owned())]);
    world.pass(3);
    assert_eq!(held(&world, "raptor_att_tier", 0..1), ["zinc"]);
    let fewer = NewAttribute { options: vec![choice("gold")], ..tier };
    let fewer = || Activate::PutAttribute { audiences: false, id: id("tier"), new: fewer.clone() };
    assert!(refused(&mut world, fewer).contains("options stay"));
}

#[test]
fn a_page_in_the_place_of_an_answer_has_made_nothing() {
    for fault in [Fault::Html, Fault::Truncated] {
        let mut world = synced(plan());
        people(&mut world, 0..1);
        audience(&mut world, "vip");
        join(&mut world, "vip", 0..1);
        for at in [Endpoint::GroupCreate, Endpoint::PropertyCreate] {
            world.simulator.faults.add(Rule::next(1, fault).at(at));
        }
        let own = activate(&mut world, &selection(&["vip"], &[], Unknown::Skip));
        over(&mut world, &own);
        assert_eq!(
            (held(&world, VIP, 0..1), &attribute(&mut world)["trouble"]),
            (vec!["true".to_owned()], &Value::Null)
        );
    }
}

#[test]
fn a_new_name_is_the_propertys_label_and_changes_nothing_else() {
    let (mut world, own) = begun(plan(), 2, 1);
    let from = world.calls.len();
    let renamed = described("Very important", AttributeKind::Audience);
    told(&mut world, || Activate::PutAttribute { audiences: true, id: id("vip"), new: renamed.clone() });
    world.pass(2);
    assert_eq!(calls(&world, from, &format!("PATCH {PROPERTIES}/{VIP}")), 1);
    assert_eq!(attribute(&mut world)["property"], VIP);
    world.command(Command::RefreshFields);
    world.pass(2);
    assert_eq!(field(&mut world, VIP).unwrap()["label"], "Very important");
    assert_eq!(
        (shown(&mut world, &own)["sync"]["state"].clone(), super::updates(&world, from)),
        (json!("done"), 0)
    );
    assert_eq!(held(&world, VIP, 0..1), ["true"]);
}

#[test]
fn an_audience_that_is_deleted_takes_its_property_along() {
    let (mut world, own) = begun(plan(), 2, 1);
    let used = told(&mut world, || Activate::UsedBy { audiences: true, id: id("vip") });
    assert_eq!((&used["property"], &used["activations"][0]["name"]), (&json!(VIP), &json!("Mine")));
    let filter = json!({"property": VIP, "type": "bool", "operator": "is_equal_to", "value": true});
    let channel = json!({ "name": "Important", "object_type": "contacts", "filter": filter, "fields": [] });
    let channel = world.make_channel(&channel);
    let used = told(&mut world, || Activate::UsedBy { audiences: true, id: id("vip") });
    if channel.is_ok() {
        assert_eq!(used["others"][0]["what"], "channel", "{used}");
    }
    assert!(matches!(
        ask(&mut world, || Activate::RemoveAttribute { audiences: true, id: id("vip") }),
        Told::Done
    ));
    let member = ask(&mut world, || Activate::PutValues {
        audiences: true,
        id: id("vip"),
        values: vec![(email(1), Some("true".to_owned()))],
        round: None,
    });
    assert!(matches!(member, Told::Missing), "{member:?}");
    world.pass(3);
    assert_eq!(calls(&world, 0, &format!("DELETE {PROPERTIES}/{VIP}")), 1);
    let gone = ask(&mut world, || Activate::Attribute { audiences: true, id: id("vip") });
    assert!(matches!(gone, Told::Missing), "{gone:?}");
    assert_eq!(shown(&mut world, &own)["audiences"], json!([]));
    assert_eq!(world.dump_of("attribute_values"), "");
}

#[test]
fn a_property_that_hubspot_keeps_is_told_and_archived_when_somebody_asks_again() {
    let (mut world, _) = begun(plan(), 2, 1);
    world.simulator.switches.properties_in_use = true;
    ask(&mut world, || Activate::RemoveAttribute { audiences: true, id: id("vip") });
    world.pass(5);
    let told_of = attribute(&mut world);
    assert_eq!((&told_of["state"], &told_of["members"]), (&json!("deleting"), &json!(0)));
    assert!(told_of["trouble"].as_str().unwrap().contains("could not be archived"), "{told_of}");
    let again = described("VIP", AttributeKind::Audience);
    let again = || Activate::PutAttribute { audiences: true, id: id("vip"), new: again.clone() };
    assert!(refused(&mut world, again).contains("being deleted"));
    let from = world.calls.len();
    world.pass(60 * 5);
    assert_eq!(calls(&world, from, &format!("DELETE {PROPERTIES}/{VIP}")), 0, "not by itself");
    world.simulator.switches.properties_in_use = false;
    told(&mut world, || Activate::RetryProperty { audiences: true, id: id("vip") });
    world.pass(3);
    assert!(matches!(
        ask(&mut world, || Activate::Attribute { audiences: true, id: id("vip") }),
        Told::Missing
    ));
}

#[test]
fn a_property_that_vanished_is_made_again_and_filled() {
    let (mut world, own) = begun(plan(), 3, 2);
    world.pass(10);
    world.by_tool("DELETE", &format!("{PROPERTIES}/{VIP}"), &Value::Null);
    // A write finds it out, before the fields are read.
    join(&mut world, "vip", 2..3);
    world.pass(15);
    over(&mut world, &own);
    assert_eq!(held(&world, VIP, 0..3), ["true"; 3]);
    let own = attribute(&mut world);
    assert_eq!((&own["made"], &own["trouble"]), (&json!(true), &Value::Null));
}

#[test]
fn a_property_of_another_type_is_told_and_used_once_it_fits() {
    let mut world = synced(plan());
    people(&mut world, 0..1);
    // Made by somebody else after the fields were read last.
    audience(&mut world, "vip");
    join(&mut world, "vip", 0..1);
    let text = json!({ "name": VIP, "label": "Mine", "type": "string", "fieldType": "text", "groupName": "contactinformation" });
    world.by_tool("POST", PROPERTIES, &text);
    let own = activate(&mut world, &selection(&["vip"], &[], Unknown::Skip));
    world.pass(10);
    let trouble = attribute(&mut world)["trouble"].clone();
    assert!(trouble.as_str().is_some_and(|words| words.contains("type `string`")), "{trouble}");
    assert_eq!(held(&world, VIP, 0..1), [""]);
    world.by_tool(
        "PATCH",
        &format!("{PROPERTIES}/{VIP}"),
        &json!({ "type": "bool", "fieldType": "booleancheckbox", "options": [
            { "label": "Yes", "value": "true", "displayOrder": 0, "hidden": false },
            { "label": "No", "value": "false", "displayOrder": 1, "hidden": false },
        ] }),
    );
    told(&mut world, || Activate::RetryProperty { audiences: true, id: id("vip") });
    world.pass(10);
    over(&mut world, &own);
    assert_eq!(
        (attribute(&mut world)["trouble"].clone(), held(&world, VIP, 0..1)),
        (Value::Null, vec!["true".to_owned()])
    );
}

#[test]
fn what_the_account_has_no_room_for_is_told_and_made_when_it_has() {
    let mut world = synced(plan());
    people(&mut world, 0..1);
    audience(&mut world, "vip");
    join(&mut world, "vip", 0..1);
    world.simulator.switches.property_creation = PropertyCreation::Exhausted;
    let own = activate(&mut world, &selection(&["vip"], &[], Unknown::Skip));
    world.pass(5);
    let trouble = attribute(&mut world)["trouble"].clone();
    assert!(trouble.as_str().is_some_and(|words| words.contains("could not be made")), "{trouble}");
    assert!(shown(&mut world, &own)["waits"].is_string());
    world.simulator.switches.property_creation = PropertyCreation::Allowed;
    told(&mut world, || Activate::RetryProperty { audiences: true, id: id("vip") });
    over(&mut world, &own);
    assert_eq!(held(&world, VIP, 0..1), ["true"]);
}

#[test]
fn an_activation_that_the_account_has_no_room_for_is_refused_as_it_is_saved() {
    let shape = Shape { properties_set: 5, custom_properties: 999, oddities: false, ..Shape::default() };
    let mut world = synced(Plan { shape, ..plan() });
    people(&mut world, 0..1);
    audience(&mut world, "vip");
    points(&mut world);
    join(&mut world, "vip", 0..1);
    let both = selection(&["vip"], &["points"], Unknown::Skip);
    let words = refused(&mut world, || Activate::AddActivation(both.clone()));
    assert!(
        words.contains("1000 properties") && words.contains("there are 999, and 2 would be made"),
        "{words}"
    );
    assert_eq!(told(&mut world, || Activate::Activations)["results"], json!([]));
    let own = activate(&mut world, &selection(&["vip"], &[], Unknown::Skip));
    let other = selection(&[], &["points"], Unknown::Skip);
    let words = refused(&mut world, || Activate::AddActivation(other.clone()));
    assert!(words.contains("2 would be made"), "the one that is not made yet takes the room: {words}");
    over(&mut world, &own);
    assert_eq!(held(&world, VIP, 0..1), ["true"], "one fits");
    let words = refused(&mut world, || Activate::EditActivation(own.clone(), both.clone()));
    assert!(words.contains("1000 properties"), "{words}");
    assert_eq!(shown(&mut world, &own)["attributes"], json!([]));
    assert_eq!(calls(&world, 0, &format!("POST {PROPERTIES}")), 1, "nothing is tried that HubSpot refuses");
}

#[test]
fn what_holds_attributes_is_mirrored_whatever_fields_are_chosen() {
    let mut world = synced(plan());
    people(&mut world, 0..2);
    let narrow = |world: &mut World| {
        let selection = Selection { fields: Some(["email".to_owned()].into()), ..Selection::default() };
        let told = world.command(Command::Select { object_type: ObjectType::Contacts, selection });
        assert!(matches!(told, Some(Answer::Json(_))), "{told:?}");
    };
    narrow(&mut world);
    world.pass(5);
    audience(&mut world, "vip");
    points(&mut world);
    join(&mut world, "vip", 0..2);
    put(&mut world, false, "points", &[(email(0), "7".to_owned())]);
    let own = activate(&mut world, &selection(&["vip"], &["points"], Unknown::Skip));
    over(&mut world, &own);
    narrow(&mut world);
    world.pass(10);
    let from = world.calls.len();
    told(&mut world, || Activate::SyncActivation(own.clone()));
    over(&mut world, &own);
    assert_eq!((super::updates(&world, from), held(&world, POINTS, 0..1)), (0, vec!["7".to_owned()]));
}
