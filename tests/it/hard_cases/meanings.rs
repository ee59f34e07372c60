//! What values mean to people: options, owners, stages and pipelines by their names.

use serde_json::{Value, json};
use spoke::{
    engine::portal::{messages::Command, outbox::commands::Asked},
    values::ids::ObjectType,
};

use super::{
    ids,
    outbox::{act, action, asked, refusal, settled, take, writing},
    synced,
};
use crate::life::World;

#[test]
fn values_are_told_by_what_people_call_them_with_their_ids() {
    let mut world = synced(writing(5));
    let id = ids(&world)[0].clone();
    let owner = world
        .truth_of(ObjectType::Contacts)
        .into_values()
        .find_map(|one| one["hubspot_owner_id"].as_str().filter(|id| !id.is_empty()).map(str::to_owned));
    let deal = world.truth_of(ObjectType::Deals).into_keys().next().unwrap();
    let dry = |body: Value| Asked { dry_run: true, ..asked(body) };
    let mut shown = |body: Value| {
        let id = take(&mut world, dry(body));
        action(&mut world, &id)["writes"][0]["fields"].clone()
    };
    let lead = shown(
        json!({ "action": "update_record", "type": "contacts", "record": id, "properties": { "lifecyclestage": "lead" } }),
    );
    let stage = &lead["lifecyclestage"];
    assert_eq!((&stage["to"], &stage["to_label"]), (&json!("lead"), &json!("Lead")), "{lead:#}");
    let moved = shown(json!({ "action": "update_deal", "deal": deal, "stage": "closedwon" }));
    assert_eq!(moved["dealstage"]["to"], "closedwon");
    assert!(moved["dealstage"]["to_label"].as_str().is_some_and(|label| label.contains(' ')), "{moved:#}");
    if let Some(owner) = owner {
        let owned = shown(
            json!({ "action": "update_record", "type": "contacts", "record": id, "properties": { "hubspot_owner_id": owner } }),
        );
        let label = owned["hubspot_owner_id"]["to_label"].as_str();
        assert!(label.is_some_and(|label| label != owner), "{owned:#}");
    }
}

/// An account whose deals have a second pipeline, with a stage that is called like one of the first; its deals, which are in the first.
fn of_two_pipelines() -> (World, Vec<String>) {
    let mut world = synced(writing(5));
    let stage =
        |id: &str, label: &str| json!({ "id": id, "label": label, "metadata": { "probability": "0.5" } });
    let stages = json!([stage("second_open", "Opening"), stage("second_won", "Closed Won")]);
    let pipeline = json!({ "id": "second", "label": "Renewals", "displayOrder": 1, "stages": stages });
    world.control("POST", "pipelines/put", &json!({ "pipeline": pipeline }));
    world.command(Command::RefreshFields);
    world.pass(2);
    let deals = world.truth_of(ObjectType::Deals).into_keys().collect();
    (world, deals)
}

/// Where a deal is at HubSpot: its pipeline and stage.
fn place(world: &World, deal: &str) -> [Value; 2] {
    let all = world.truth_of(ObjectType::Deals);
    [all[deal]["pipeline"].clone(), all[deal]["dealstage"].clone()]
}

#[test]
fn a_deal_moves_to_the_stage_of_that_name_in_its_own_pipeline() {
    let (mut world, deals) = of_two_pipelines();
    let deal = &deals[0];
    let steps = [
        (json!({ "stage": "closed won " }), ["default", "closedwon"]),
        (json!({ "stage": "Closed Won", "pipeline": "renewals" }), ["second", "second_won"]),
        (json!({ "stage": "Opening" }), ["second", "second_open"]),
        (json!({ "stage": "Closed Won" }), ["second", "second_won"]),
        // An id is of one pipeline alone.
        (json!({ "stage": "contractsent" }), ["default", "contractsent"]),
    ];
    for (named, there) in steps {
        let mut body = json!({ "action": "update_deal", "deal": deal });
        body.as_object_mut().unwrap().extend(named.as_object().unwrap().clone());
        let one = act(&mut world, body);
        let one = settled(&mut world, &one);
        assert_eq!(one["state"], "done", "{one}");
        assert_eq!(place(&world, deal), there, "{named}");
        world.pass(6);
    }
    world.verdict().unwrap();
}

#[test]
fn a_stages_name_alone_moves_no_deal_to_another_pipeline() {
    let (mut world, deals) = of_two_pipelines();
    let before = place(&world, &deals[1]);
    let (at, words) =
        refusal(&mut world, json!({ "action": "update_deal", "deal": deals[1], "stage": "Opening" }));
    assert!(at == "/pipeline" && words.contains("\"Renewals\""), "{at} {words}");
    let (at, words) =
        refusal(&mut world, json!({ "action": "update_deal", "deal": deals[1], "stage": "Nowhere" }));
    assert!(at == "/stage" && !words.contains("Opening"), "{at} {words}");
    // Of a deal that nobody here knows no pipeline is known either.
    let unknown = json!({ "action": "update_deal", "deal": "999999999", "stage": "Closed Won" });
    let (at, words) = refusal(&mut world, unknown);
    assert!(at == "/pipeline" && words.contains("say which pipeline"), "{at} {words}");
    world.pass(2);
    assert_eq!(place(&world, &deals[1]), before);
}
