//! Seats, from the host's link to the last call: what one user of the host's sees in HubSpot, and nobody else.

use std::thread::scope;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use xtask::spoke::Answer;
use xtask::world::{Plan, World};

use crate::person::{Person, connected};
use crate::request::parameter;
use crate::stage::{Stage, alone};
use crate::yardstick::{in_step, until};

/// The first owner of every account of the simulator's.
pub const GRACE: u64 = 9_000_031;
const OWNER_GRACE: &str = "40001117";

pub fn trials() -> Vec<Trial> {
    let plan = Plan::default().in_workerd().with("--contacts", 60).with("--portals", 3);
    let stage = Stage::new(crate::yardstick::checked_at_every_tick(plan));
    vec![
        alone(&stage, "a seat is made, read through, refreshed once by many at a time, and ended", whole),
        alone(&stage, "a way to a seat that is stolen, crossed or used twice ends on a page", stolen),
        alone(&stage, "two hundred requests at the end of three tokens make one refresh of each", storm),
    ]
}

fn furnish(world: &World, portal: u64) -> Result<()> {
    world.put_seat_app()?;
    let owned = json!({"objects": {"contacts": {"view": "owned", "edit": "owned"}}});
    let grace = json!({
        "user_id": GRACE, "email": "grace@example.com", "password": "other", "portals": [portal], "super_admin": false,
        "rights": {portal.to_string(): owned},
    });
    world.simulator.post("users", &grace).map(drop)
}

fn invite(world: &World, connection: &str, user: &str) -> Result<(String, String)> {
    let back = format!("{}/hello?from=host", world.spoke.url);
    let body = world.spoke.post_json(
        &format!("/v1/connections/{connection}/seats"),
        &json!({"user": user, "return_url": back}),
    )?;
    let id = body["seat"]["id"].as_str().context("no seat")?.to_owned();
    Ok((id, body["url"].as_str().context("no link")?.to_owned()))
}

fn problem(answer: &Answer) -> Result<(u16, String)> {
    let body: Value = answer.json()?;
    Ok((answer.status, body["type"].as_str().unwrap_or_default().to_owned()))
}

fn tokens_asked(world: &World) -> Result<u64> {
    let counters = world.simulator.counters()?;
    Ok(counters.calls.iter().filter(|((endpoint, _), _)| endpoint == "token").map(|(_, calls)| calls).sum())
}

fn whole(world: &mut World) -> Result<()> {
    let portal = world.simulator.started.portals[0];
    furnish(world, portal)?;
    let connected = connected(world, portal, "Seats")?;
    let connection = connected.connection.as_str();
    in_step(world, connection, Duration::from_secs(30))?;
    let of = world.simulator.of(portal);
    let contacts = of.dump("contacts", 0, 60)?.0;
    let id = |nth: usize| contacts[nth]["id"].as_str().unwrap_or_default().to_owned();
    for (nth, owner) in [(0, OWNER_GRACE), (1, "")] {
        let edit = json!({"portal_id": portal, "id": id(nth), "properties": {"hubspot_owner_id": owner}});
        of.post("contacts/edit", &edit)?;
    }

    let (seat, link) = invite(world, connection, "grace")?;
    let mut person = Person::new(world);
    person.signs_in_as("grace@example.com", "other");
    let authorize = person.leave_for_seat(&link)?;
    let back = person.decide(&authorize, portal, "approve")?;
    let page = person.come_back(&back)?;
    ensure!(
        page.status == 200 && page.url.contains("/hello?from=host&seat="),
        "{} {}",
        page.url,
        page.words()
    );
    let code = parameter(&page.url, "code").context("no code came back")?.to_owned();
    let path = format!("/v1/connections/{connection}/seats/{seat}");
    let record = |nth: usize| format!("{path}/records/contacts/{}?properties=email", id(nth));
    let early = problem(&world.spoke.get(&record(0))?)?;
    ensure!(early == (409, "/problems/seat-not-active".into()), "{early:?}");
    let redeem = format!("/v1/connections/{connection}/seats/redeem");
    let active = world.spoke.post_json(&redeem, &json!({"code": code, "user": "grace"}))?;
    ensure!(active["state"] == "active" && active["user"] == "grace", "{active}");
    ensure!(
        world.spoke.post(&redeem, &json!({"code": code, "user": "grace"}))?.status == 404,
        "a code twice"
    );

    // What she sees, and what she does not, although the mirror has it.
    let own = world.spoke.get_json(&record(0))?;
    ensure!(own["id"] == id(0).as_str() && own["properties"]["email"].is_string(), "{own}");
    let hidden = problem(&world.spoke.get(&record(1))?)?;
    ensure!(hidden == (404, "/problems/record-gone".into()), "{hidden:?}");
    world.spoke.get_json(&format!("/v1/connections/{connection}/records/contacts/{}", id(1)))?;
    let list = world.spoke.get_json(&format!("{path}/records/contacts?limit=100"))?;
    let listed: Vec<&str> =
        list["results"].as_array().into_iter().flatten().filter_map(|one| one["id"].as_str()).collect();
    ensure!(listed.contains(&id(0).as_str()) && !listed.contains(&id(1).as_str()), "{listed:?}");
    let search = json!({"filters": [{"property": "hs_object_id", "operator": "EQ", "value": id(1)}]});
    of.catch_up_search()?;
    let found = world.spoke.post_json(&format!("{path}/records/contacts/search"), &search)?;
    ensure!(found["results"] == json!([]), "{found}");
    world.spoke.get_json(&format!("{path}/records/contacts/{}/associations/companies", id(0)))?;
    world.spoke.get_json(&format!("{path}/pipelines/deals"))?;
    let owner = until(Duration::from_secs(20), "owners are read", || {
        let answer = world.spoke.get(&format!("{path}/owner"))?;
        Ok((answer.status == 200).then_some(answer))
    })?;
    ensure!(owner.json()?["id"] == OWNER_GRACE, "{}", owner.text);

    dialed(world, portal, &path, &id(0))?;

    // Every access token ends; many ask at once.
    of.post("tokens/expire", &json!({"portal_id": portal}))?;
    let before = tokens_asked(world)?;
    let (url, spoke) = (record(0), &world.spoke);
    let statuses: Vec<u16> = scope(|threads| {
        let asking: Vec<_> =
            (0..40).map(|_| threads.spawn(|| spoke.get(&url).map(|answer| answer.status))).collect();
        asking.into_iter().map(|thread| thread.join().map_or(0, |status| status.unwrap_or(0))).collect()
    });
    ensure!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    let asked = tokens_asked(world)? - before;
    // The seat's, and the connection's where its check came in between.
    ensure!((1..=2).contains(&asked), "{asked} refreshes");

    let ended = world.spoke.delete(&path)?;
    ensure!(ended.status == 200 && ended.json()?["state"] == "revoked", "{}", ended.text);
    let over = problem(&world.spoke.get(&record(0))?)?;
    ensure!(over == (409, "/problems/seat-not-active".into()), "{over:?}");
    until(Duration::from_secs(20), "HubSpot hears of the end", || {
        let counters = world.simulator.counters()?;
        Ok(counters.calls.keys().any(|(endpoint, _)| endpoint == "revoke").then_some(()))
    })
}

/// A task is told with whom to call, a call logged, and the task is done.
fn dialed(world: &World, portal: u64, path: &str, contact: &str) -> Result<()> {
    let of = world.simulator.of(portal);
    let values = json!({
        "hs_task_subject": "Call Kim", "hs_task_type": "CALL", "hs_task_status": "NOT_STARTED",
        "hs_timestamp": "2026-01-05T09:00:00Z", "hubspot_owner_id": OWNER_GRACE,
    });
    let task = of.post("tasks/create", &json!({"portal_id": portal, "properties": values}))?;
    of.catch_up_search()?;
    let tasks = world.spoke.get_json(&format!("{path}/tasks?which=overdue"))?;
    let told = &tasks["results"][0];
    ensure!(told["id"] == task["id"] && told["subject"] == "Call Kim", "{tasks}");
    let about = json!([{"type": "contacts", "id": contact}]);
    let call =
        json!({"id": "call-1", "task": task["id"], "title": "Kim", "outcome": "connected", "about": about});
    let calls = format!("{path}/calls");
    let logged = world.spoke.post(&calls, &call)?;
    ensure!(logged.status == 201, "{} {}", logged.status, logged.text);
    let again = world.spoke.post(&calls, &call)?;
    ensure!(again.status == 200 && again.json()?["id"] == logged.json()?["id"], "{}", again.text);
    let tasks = world.spoke.get_json(&format!("{path}/tasks"))?;
    ensure!(tasks["results"] == json!([]), "{tasks}");
    let (made, _) = of.dump("calls", 0, 10)?;
    let (tasks, _) = of.dump("tasks", 0, 1_000)?;
    let done = tasks.iter().find(|own| own["id"] == task["id"]).context("no task")?;
    ensure!(made.len() == 1 && done["properties"]["hs_task_status"] == "COMPLETED", "{made:?} {done}");
    Ok(())
}

fn stolen(world: &mut World) -> Result<()> {
    let portal = world.simulator.started.portals[1];
    furnish(world, portal)?;
    let connected = connected(world, portal, "Stolen")?;
    let connection = connected.connection.as_str();
    let (seat, link) = invite(world, connection, "grace")?;
    let mut person = Person::new(world);
    person.signs_in_as("grace@example.com", "other");
    let authorize = person.leave_for_seat(&link)?;
    let back = person.decide(&authorize, portal, "approve")?;
    let mut stranger = Person::new(world);
    for (whose, page) in [("a stranger's", stranger.come_back(&back)?), ("spent", person.come_back(&back)?)] {
        ensure!(page.status == 410 && page.words().contains("has been used"), "{whose}: {}", page.words());
    }
    let again = person.browser.open(&link)?;
    ensure!(again.status == 410, "a link twice: {}", again.status);
    let seen = world.spoke.get_json(&format!("/v1/connections/{connection}/seats/{seat}"))?;
    ensure!(seen["state"] == "invited", "{seen}");
    // Refused in HubSpot.
    let (_, link) = invite(world, connection, "grace")?;
    let authorize = person.leave_for_seat(&link)?;
    let back = person.decide(&authorize, portal, "deny")?;
    let page = person.come_back(&back)?;
    ensure!(page.words().contains("You did not approve"), "{}", page.words());
    Ok(())
}

/// A connection and two seats, all of whose tokens have ended.
fn storm(world: &mut World) -> Result<()> {
    /// Of each, at once; those of the seats fit the 100 calls that HubSpot allows them in ten seconds.
    const REQUESTS: [(&str, usize); 3] = [("grace", 45), ("ada", 45), ("", 110)];
    const SHORT_S: u64 = 8;
    let portal = world.simulator.started.portals[2];
    furnish(world, portal)?;
    world.simulator.patch("switches", &json!({"access_token_life_s": SHORT_S}))?;
    let connected = connected(world, portal, "Storm")?;
    let connection = connected.connection.as_str();
    in_step(world, connection, Duration::from_secs(30))?;
    let of = world.simulator.of(portal);
    let contact = of.dump("contacts", 0, 1)?.0[0]["id"].as_str().unwrap_or_default().to_owned();
    let edit = json!({"portal_id": portal, "id": contact, "properties": {"hubspot_owner_id": OWNER_GRACE}});
    of.post("contacts/edit", &edit)?;
    let own = format!("/v1/connections/{connection}");
    let mut paths = Vec::new();
    for (user, requests) in REQUESTS {
        let mut person = Person::new(world);
        match user {
            "" => {
                paths.push((format!("{own}/records/contacts/{contact}/reread"), requests));
                continue;
            }
            "grace" => person.signs_in_as("grace@example.com", "other"),
            _ => {}
        }
        let (seat, link) = invite(world, connection, user)?;
        let code = person.authorises(&link, portal)?;
        world.spoke.post_json(&format!("{own}/seats/redeem"), &json!({"code": code, "user": user}))?;
        paths.push((format!("{own}/seats/{seat}/records/contacts/{contact}?properties=email"), requests));
    }
    world.simulator.patch("switches", &json!({"access_token_life_s": 1_800}))?;
    std::thread::sleep(Duration::from_secs(SHORT_S + 1));
    let before = tokens_asked(world)?;
    let spoke = &world.spoke;
    let statuses: Vec<u16> = scope(|threads| {
        let asking: Vec<_> = paths
            .iter()
            .flat_map(|(path, requests)| std::iter::repeat_n(path, *requests))
            .map(|path| {
                threads.spawn(move || {
                    let answer =
                        if path.ends_with("reread") { spoke.post(path, &json!({})) } else { spoke.get(path) };
                    answer.map(|answer| answer.status)
                })
            })
            .collect();
        asking.into_iter().map(|thread| thread.join().map_or(0, |status| status.unwrap_or(0))).collect()
    });
    let well = statuses.iter().filter(|status| (200..300).contains(*status)).count();
    ensure!(statuses.len() == 200 && well == 200, "{well} of 200: {statuses:?}");
    in_step(world, connection, Duration::from_secs(30))?;
    let asked = tokens_asked(world)? - before;
    ensure!(asked == 3, "{asked} refreshes of three grants");
    Ok(())
}
