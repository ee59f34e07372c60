//! Who did what: written down once it is done, by whoever it was, without anybody's personal data, and never changed.

use serde_json::{Value, json};
use spoke::{
    engine::{
        actor::Actor,
        portal::{
            beside::commands::Command as Beside,
            blocks::{Command as Privacy, Whom},
            channels::commands::{Action as OnChannel, Command as Channel},
            endpoints::commands::{Action as OnEndpoint, Command as Endpoint},
            messages::{Answer, Command, State, Touch},
            types::Command as Types,
        },
    },
    values::ids::{ApiKeyId, ListId, ObjectType},
};

use super::{ids, synced, tiny};
use crate::life::{APP, PORTAL, Plan, World};

const HOST: &str = "https://host.example.com/leads";

fn entries(world: &mut World, action: &str) -> Vec<Value> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let command = Command::Audit { before, action: action.to_owned(), limit: 3 };
        let Some(Answer::Json(page)) = world.command(command) else { panic!("no entries") };
        let page: Value = serde_json::from_str(&page).unwrap();
        all.extend(page["results"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => before = Some(next.parse().unwrap()),
            None => return all,
        }
    }
}

/// Actions in the order in which they were done.
fn actions(world: &mut World) -> Vec<String> {
    let mut all = entries(world, "");
    all.reverse();
    all.iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
}

fn person() -> Actor {
    Actor::person("Zoë Example", "administrator")
}

#[test]
fn what_people_keys_and_hubspot_do_is_written_down_with_who_it_was_and_nobody_s_data() {
    let mut world = synced(Plan { webhooks: true, lists: Some(1), ..tiny(30) });
    let id = ids(&world)[3].clone();
    let values = json!({ "email": "canary@example.com", "firstname": "Canaryfirst" });
    world.contact("edit", json!({ "id": id, "properties": values }));
    world.pass(6);
    let key = Actor::Key { id: ApiKeyId::from_random([7; 12]) };
    let by_person = [
        Command::Pause,
        Command::Resume,
        Command::SetTier(None),
        Command::Resync { object_type: ObjectType::Contacts },
        Command::Types(Types::Off("notes".to_owned())),
    ];
    for command in by_person {
        world.command_by(&person(), command);
    }
    world.command_by(&key, Command::Beside(Beside::Follow { list: ListId(1) }));
    world.command_by(&key, Command::Beside(Beside::Unfollow { list: ListId(1) }));
    let channel = world.channel_at(
        HOST,
        &json!({
            "name": "Leads", "object_type": "contacts",
            "filter": {"property": "email", "type": "string", "operator": "contains", "value": "canary"},
            "fields": [{"field": "first_name", "property": "firstname"}],
        }),
    );
    let channel = channel.unwrap();
    world.command_by(&key, Command::Channel(Channel::On(channel.clone(), OnChannel::Pause)));
    let Some(Answer::Endpoint(spoke::engine::portal::endpoints::commands::Answer::Json(all))) =
        world.command(Command::Endpoint(Endpoint::List))
    else {
        panic!("no endpoints")
    };
    let all: Value = serde_json::from_str(&all).unwrap();
    let endpoint = all["results"][0]["id"].as_str().unwrap().to_owned();
    world.command_by(&key, Command::Endpoint(Endpoint::On(endpoint.parse().unwrap(), OnEndpoint::Rotate)));
    let whom = Whom::Email("canary@example.com".to_owned());
    world.command_by(&person(), Command::Privacy(Privacy::Erase { whom }));
    let erased = entries(&mut world, "person.").remove(0);
    assert!(erased["subject"].as_str().unwrap().starts_with("blk_"), "{erased}");
    assert_eq!(erased["details"]["erased"]["records"], json!(1));
    assert_eq!(
        (&erased["actor"]["name"], &erased["by"]),
        (&json!("Zoë Example"), &json!("Zoë Example (administrator)"))
    );
    let block = erased["subject"].as_str().unwrap().parse().unwrap();
    world.command_by(&person(), Command::Privacy(Privacy::Lift { id: block }));
    let touch = Touch {
        object_type: ObjectType::Contacts,
        id: ids(&world)[9].parse().unwrap(),
        erased: true,
        merged_into: None,
    };
    world.command_by(&person(), Command::Webhook { touches: vec![touch] });
    let all = actions(&mut world);
    assert_eq!(
        all,
        [
            "connection.authorised",
            "list.followed",
            "sync.paused",
            "sync.resumed",
            "tier.set",
            "sync.resync",
            "type.off",
            "list.followed",
            "list.unfollowed",
            "channel.created",
            "endpoint.created",
            "channel.paused",
            "endpoint.secret_rotated",
            "person.erased",
            "person.let_in",
            "person.erased_at_hubspot",
        ]
    );
    assert_eq!(entries(&mut world, "person.erased_at")[0]["actor"], json!({ "kind": "hub_spot" }));
    assert_eq!(entries(&mut world, "channel.paused")[0]["subject"], json!(channel));
    assert_eq!(entries(&mut world, "endpoint.secret")[0]["subject"], json!(endpoint));
    assert_eq!(
        entries(&mut world, "list.followed")[0]["by"],
        json!(format!("the API key {}", ApiKeyId::from_random([7; 12])))
    );
    let held = world.dump_of("audit").to_lowercase();
    for personal in ["canary", "na1-", "whsec"] {
        assert!(!held.contains(personal), "{personal} in {held}");
    }
}

#[test]
fn what_is_refused_or_read_only_is_not_written_down() {
    let mut world = synced(tiny(30));
    let before = actions(&mut world);
    world.command_by(&person(), Command::Status);
    world.command_by(&person(), Command::Beside(Beside::Lists));
    let none = "ep_000000000000000000000000".parse().unwrap();
    world.command_by(&person(), Command::Endpoint(Endpoint::On(none, OnEndpoint::Remove)));
    let none = "blk_000000000000000000000000".parse().unwrap();
    world.command_by(&person(), Command::Privacy(Privacy::Lift { id: none }));
    world.command_by(&person(), Command::Resync { object_type: ObjectType::Deals });
    assert_eq!(actions(&mut world)[..before.len()], before);
    assert!(actions(&mut world).len() <= before.len() + 1, "deals may be mirrored");
}

#[test]
fn access_that_hubspot_takes_away_and_a_disconnect_stay_in_the_log_of_a_connection_that_has_ended() {
    let mut world = synced(tiny(30));
    world.control("POST", "uninstall", &json!({ "portal_id": PORTAL, "app_id": APP }));
    assert!(world.until(60, |world| world.status().state == State::NeedsReauthorisation));
    let lost = entries(&mut world, "connection.access_lost");
    assert_eq!((lost.len(), &lost[0]["actor"]), (1, &json!({ "kind": "hub_spot" })));
    let of = world.status().connected_at;
    world.command_by(&person(), Command::Disconnect { of, uninstall: false, revoke: false });
    world.pass(20);
    assert_eq!(world.status().state, State::Disconnected);
    assert_eq!(
        actions(&mut world),
        ["connection.authorised", "connection.access_lost", "connection.disconnected"]
    );
}

#[test]
fn a_person_deleted_in_hubspot_is_written_down_once_also_after_the_connection_has_ended() {
    let mut world = synced(Plan { webhooks: true, ..tiny(30) });
    let of = world.status().connected_at;
    world.command_by(&person(), Command::Disconnect { of, uninstall: false, revoke: false });
    world.pass(5);
    assert_eq!(world.status().state, State::Disconnected);
    let id = ids(&world)[3].parse().unwrap();
    let touch = Touch { object_type: ObjectType::Contacts, id, erased: true, merged_into: None };
    for _ in 0..2 {
        world.command(Command::Webhook { touches: vec![touch] });
    }
    let found = entries(&mut world, "person.erased_at_hubspot");
    assert_eq!((found.len(), &found[0]["actor"]), (1, &json!({ "kind": "hub_spot" })));
    assert_eq!(found[0]["details"]["records"], json!(1));
}

/// The whole of a source file but its tests.
fn sources(folder: &std::path::Path, all: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push_str(std::fs::read_to_string(&path).unwrap().split("#[cfg(test)]").next().unwrap());
        }
    }
}

#[test]
fn no_statement_changes_an_entry_and_one_takes_them_away_when_their_time_is_over() {
    let mut all = String::new();
    sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    let all = all.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    assert!(all.contains("insert into audit ("), "the sources were found");
    for statement in ["update audit", "replace into audit", "drop table audit", "alter table audit"] {
        assert!(!all.contains(statement), "{statement}");
    }
    assert_eq!(all.matches("delete from audit").count(), 1);
    assert!(all.contains("delete from audit where number in (select number from audit where at < ?1"));
}
