//! Cool-downs of automations: they hold to their end, whatever is forgotten meanwhile, and tell of nobody who is erased.

use serde_json::{Value, json};
use spoke::engine::{
    portal::{
        blocks::{Command as Privacy, Whom},
        messages::{Answer, Command},
        retention::Wanted,
        signals::commands::Command as Signals,
    },
    signal::MAX_COOL_DOWN_HOURS,
};

use super::{
    signals::{TASK, ask, hot, json_of, make_list, over, plan, runs, send, signals, tasks, visit},
    synced,
};
use crate::life::World;

/// A world whose runs are forgotten after a day, and an automation that rests for so long.
fn resting(hours: u32, per: &str, steps: &Value) -> World {
    let mut world = synced(plan());
    world.command(Command::SetRetention(Wanted { signal_days: Some(1), ..Wanted::default() }));
    let list = make_list(&mut world, hot());
    let definition =
        json!({ "name": "Follow up", "list": list, "steps": steps, "cool_down_hours": hours, "per": per });
    json_of(ask(&mut world, Signals::PutAutomation(None, definition)));
    world
}

/// Another visit to the account, which comes without the host's name for it.
fn nameless(key: &str) -> Value {
    let mut visit = visit(key);
    visit["account"] = json!({ "domain": "www.acme.example", "fields": { "score": 85 } });
    visit
}

/// A day and a half pass, after which nothing of what was done is told any more.
fn until_forgotten(world: &mut World) {
    world.pass(36 * 60);
    assert_eq!((signals(world).len(), runs(world).len()), (0, 0));
}

/// Why the one run that there is did nothing.
fn why(world: &mut World) -> String {
    let run = over(world, 1).remove(0);
    assert_eq!(run["state"], "skipped", "{run:#}");
    run["why"].as_str().unwrap().to_owned()
}

#[test]
fn a_cool_down_outlives_the_runs_and_ends_when_it_is_over() {
    let steps = json!([{ "action": "import_company" }, { "action": "create_task", "subject": TASK }]);
    let mut world = resting(70, "account", &steps);
    send(&mut world, visit("e1"));
    assert_eq!(over(&mut world, 1)[0]["state"], "done");
    until_forgotten(&mut world);
    world.restart();
    // By the record alone it is known that this is the same account.
    send(&mut world, nameless("e2"));
    let words = why(&mut world);
    assert!(words.contains("acted for the same at"), "{words}");
    until_forgotten(&mut world);
    send(&mut world, visit("e3"));
    let run = over(&mut world, 1).remove(0);
    assert_eq!(run["steps"][1]["state"], "done", "{run:#}");
    assert_eq!(tasks(&world).len(), 2);
    assert_eq!(world.dump_of("acts").lines().count(), 1, "{}", world.dump_of("acts"));
    world.pass(75 * 60);
    assert_eq!(world.dump_of("acts"), "");
}

#[test]
fn the_longest_cool_down_there_is_holds_long_after_the_runs_are_forgotten() {
    let steps = json!([{ "action": "create_task", "subject": TASK, "about": [] }]);
    let mut world = resting(MAX_COOL_DOWN_HOURS, "account", &steps);
    send(&mut world, visit("e1"));
    assert_eq!(over(&mut world, 1)[0]["state"], "done");
    for key in ["e2", "e3"] {
        until_forgotten(&mut world);
        send(&mut world, visit(key));
        let words = why(&mut world);
        assert!(words.contains("does not again before 2027-11-2"), "{words}");
    }
    assert_eq!(tasks(&world).len(), 1);
}

#[test]
fn a_run_that_did_nothing_leaves_no_cool_down_behind() {
    let steps = json!([{ "action": "claim_account", "owner": { "id": "{{account.rep}}" } }]);
    let mut world = resting(70, "account", &steps);
    for (key, count) in [("e1", 1), ("e2", 2)] {
        send(&mut world, visit(key));
        let run = over(&mut world, count).remove(0);
        assert_eq!((&run["state"], &run["why"]), (&json!("skipped"), &Value::Null), "{run:#}");
    }
    assert_eq!(world.dump_of("acts"), "");
}

#[test]
fn an_erased_person_is_not_remembered_for_a_cool_down_and_an_account_is() {
    let steps = json!([{ "action": "create_task", "subject": TASK, "about": [] }]);
    let mut world = resting(MAX_COOL_DOWN_HOURS, "visitor", &steps);
    let list = make_list(&mut world, hot());
    let of_account = json!({
        "name": "Note it", "list": list, "steps": steps, "cool_down_hours": MAX_COOL_DOWN_HOURS,
    });
    json_of(ask(&mut world, Signals::PutAutomation(None, of_account)));
    send(&mut world, visit("e1"));
    over(&mut world, 2);
    until_forgotten(&mut world);
    let kept = world.dump_of("acts");
    assert!(kept.contains("email/ann@acme.example") && kept.contains("account/a1"), "{kept}");
    let whom = Whom::Email("Ann@acme.example".to_owned());
    let erased = world.command(Command::Privacy(Privacy::Erase { whom }));
    assert!(matches!(erased, Some(Answer::Json(_))), "{erased:?}");
    let kept = world.dump_of("acts");
    assert!(!kept.contains("ann@") && kept.contains("account/a1"), "{kept}");
    // With an automation goes what was counted from it.
    let told = json_of(ask(&mut world, Signals::Automations));
    for automation in told["results"].as_array().unwrap() {
        let id = automation["id"].as_str().unwrap().parse().unwrap();
        ask(&mut world, Signals::RemoveAutomation(id));
    }
    assert_eq!(world.dump_of("acts"), "");
}
