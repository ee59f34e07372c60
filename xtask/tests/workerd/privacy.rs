//! Privacy over HTTP: one person erased, kept out whatever HubSpot says, exported, let in again; what is kept; who did what.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use xtask::spoke::Progress;
use xtask::world::{Plan, World};

use crate::person::connected;
use crate::receiver::Receiver;
use crate::request::{Answer, Ask, send};
use crate::secrecy::told;
use crate::stage::{Stage, together};
use crate::yardstick::{
    checked_at_every_tick, in_step, known_as, mirrored, progress_when, rename, some_contacts, until,
};

const PATIENCE: Duration = Duration::from_mins(1);

/// What only the one person has, in lower case: searched for in every answer.
const CANARIES: [&str; 4] = ["canaryfirst", "canaryelder", "+15550199", "canary@example"];
const EMAIL: &str = "canary@example.com";

pub fn trials() -> Vec<Trial> {
    let plan = Plan::default().in_workerd().with("--contacts", 150).with("--portals", 2);
    let stage = Stage::new(checked_at_every_tick(plan.setting("DELIVER_TO", "anywhere")));
    vec![
        together(
            &stage,
            "an erased person is in no answer and no delivery, stays out, and comes back when let in",
            erased,
        ),
        together(
            &stage,
            "only the minimum is kept where that is set, and what was dropped comes back",
            minimum,
        ),
    ]
}

/// A key of the workspace with these permissions: its id and the key.
fn key(world: &World, workspace: &str, permissions: &[&str]) -> Result<(String, String)> {
    let body = json!({ "name": "privacy", "permissions": permissions });
    let made = world.spoke.post_json(&format!("/v1/workspaces/{workspace}/keys"), &body)?;
    let text = |name: &str| made[name].as_str().map(str::to_owned).context("a key and its id");
    let (id, key) = (text("id")?, text("key")?);
    told(&key);
    Ok((id, key))
}

fn by(world: &World, key: &str, method: &str, path: &str, body: Option<&Value>) -> Result<Answer> {
    let (url, bearer) = (format!("{}{path}", world.spoke.url), format!("Bearer {key}"));
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = body.map(Value::to_string);
    send(&Ask { method, url: &url, headers: &headers, body: body.as_deref() })
}

/// All that the API tells of a connection, in lower case: mirror, feed from its beginning, list, channel, audit, blocks.
fn everything(world: &World, base: &str, list: &str, channel: &str) -> Result<String> {
    let mut all = String::new();
    for path in [
        "snapshot".to_owned(),
        format!("lists/{list}/members?limit=250"),
        format!("channels/{channel}/records?limit=250"),
        "records/contacts?limit=250".to_owned(),
        "audit?limit=200".to_owned(),
        "prospects/blocks".to_owned(),
    ] {
        let answer = world.spoke.get(&format!("{base}/{path}"))?;
        ensure!(answer.status == 200, "{path}: {} {}", answer.status, answer.text);
        all.push_str(&answer.text);
    }
    let mut after = "0".to_owned();
    loop {
        let page = world.spoke.get_json(&format!("{base}/changes?limit=250&after={after}"))?;
        all.push_str(&page.to_string());
        if page["next"] == page["latest"] {
            return Ok(all.to_lowercase());
        }
        page["next"].as_str().context("a place")?.clone_into(&mut after);
    }
}

fn nowhere(text: &str, what: &str) -> Result<()> {
    for canary in CANARIES {
        if let Some(at) = text.find(canary) {
            let around: String = text[..at].chars().rev().take(300).collect();
            let around: String = around.chars().rev().collect();
            ensure!(false, "{canary} is in {what}: …{around}");
        }
    }
    Ok(())
}

/// How many messages came once everything has been told.
fn delivered(world: &World, endpoint: &str, receiver: &Receiver) -> Result<usize> {
    until(PATIENCE, "the receiver has the whole feed", || {
        Ok((world.spoke.get_json(endpoint)?["behind"] == "0").then_some(()))
    })?;
    Ok(receiver.came()?.len())
}

fn erased(world: &World) -> Result<()> {
    let hubspot = world.simulator.of(world.simulator.started.portals[0]);
    let portal = hubspot.started.portal_id;
    let own = connected(world, portal, "Privacy")?;
    let other = connected(world, portal, "Mallory & Co")?;
    let (connection, base) = (&own.connection, format!("/v1/connections/{}", own.connection));
    in_step(world, connection, PATIENCE)?;
    let some = some_contacts(&hubspot, 3)?;
    let (person, another) = (some[0], some[1]);
    let edit = |id: u64, properties: Value| {
        hubspot.post("contacts/edit", &json!({ "portal_id": portal, "id": id, "properties": properties }))
    };
    rename(&hubspot, person, "Canaryelder")?;
    known_as(world, connection, person, "Canaryelder", PATIENCE)?;
    edit(person, json!({ "firstname": "Canaryfirst", "phone": "+15550199", "email": EMAIL }))?;
    known_as(world, connection, person, "Canaryfirst", PATIENCE)?;
    let list = json!({ "portal_id": portal, "name": "Fair", "object_type": "contacts", "members": 0 });
    let list = hubspot.post("lists/create", &list)?["id"].as_str().context("a list has an id")?.to_owned();
    hubspot.post("lists/add", &json!({ "portal_id": portal, "list": list, "ids": [person, another] }))?;
    // Lists that are new are found by a tick.
    until(PATIENCE, "the list is followed and read", || {
        world.fire_cron()?;
        world.spoke.post(&format!("{base}/lists/{list}/follow"), &json!({}))?;
        let members = world.spoke.get(&format!("{base}/lists/{list}/members"))?;
        Ok((members.status == 200 && members.json()?["results"].as_array().map(Vec::len) == Some(2))
            .then_some(()))
    })?;
    let fields =
        json!([{ "field": "name", "property": "firstname" }, { "field": "mail", "property": "email" }]);
    let channel =
        json!({ "name": "All", "object_type": "contacts", "filter": { "and": [] }, "fields": fields });
    let channel = world.spoke.post_json(&format!("{base}/channels"), &channel)?;
    let channel = channel["id"].as_str().context("a channel has an id")?.to_owned();
    let receiver = Receiver::start()?;
    let endpoint = json!({ "url": receiver.url, "after": "0" });
    let endpoint = world.spoke.post_json(&format!("{base}/endpoints"), &endpoint)?;
    let secret = endpoint["secret"].as_str().context("a secret")?.to_owned();
    told(&secret);
    receiver.knows(&secret);
    let endpoint = format!("{base}/endpoints/{}", endpoint["id"].as_str().context("an id")?);
    until(PATIENCE, "the channel has everybody", || {
        let page = world.spoke.get_json(&format!("{base}/channels/{channel}"))?;
        Ok((page["state"] == "active").then_some(()))
    })?;
    let before = everything(world, &base, &list, &channel)?;
    ensure!(CANARIES.iter().all(|canary| before.contains(canary)), "the search finds what there is");
    delivered(world, &endpoint, &receiver)?;

    // Who may, and what is told of it.
    let (_, writer) = key(world, &own.workspace, &["read", "write"])?;
    let (admin_id, admin) = key(world, &own.workspace, &["read", "write", "admin"])?;
    let (_, foreign) = key(world, &other.workspace, &["read", "write", "admin"])?;
    let (erase, whom) = (format!("{base}/prospects/erase"), json!({ "email": "Canary@Example.COM" }));
    let refused = by(world, &writer, "POST", &erase, Some(&whom))?;
    ensure!(refused.status == 403 && refused.text.contains("`admin`"), "{} {}", refused.status, refused.text);
    ensure!(mirrored(world, connection, person)?.is_some(), "nobody is erased by who may not");
    let (export, by_id) =
        (format!("{base}/prospects/export"), json!({ "object_type": "contacts", "id": person.to_string() }));
    let held = world.spoke.post_json(&export, &by_id)?;
    let of = &held["records"][0];
    ensure!(of["record"]["properties"]["email"] == EMAIL && of["lists"][0]["name"] == "Fair", "{held}");
    ensure!(
        of["channels"] == json!([channel]) && of["history"].to_string().contains("Canaryelder"),
        "{held}"
    );
    let done = by(world, &admin, "POST", &erase, Some(&whom))?;
    ensure!(done.status == 200, "{} {}", done.status, done.text);
    let done = done.json()?;
    let went = &done["erased"];
    ensure!(went["records"] == 1 && went["lists"] == 1 && went["channels"] == 1, "{done}");
    ensure!(mirrored(world, connection, person)?.is_none(), "at once");
    let counted = delivered(world, &endpoint, &receiver)?;
    nowhere(&everything(world, &base, &list, &channel)?, "an answer")?;

    // Whatever HubSpot says of them.
    let stays_out = |what: &str, name: &str| -> Result<()> {
        // What is said of another person arrives, and was said later.
        rename(&hubspot, another, name)?;
        known_as(world, connection, another, name, PATIENCE)?;
        ensure!(mirrored(world, connection, person)?.is_none(), "{what} brings them back");
        nowhere(&everything(world, &base, &list, &channel)?, what)
    };
    edit(person, json!({ "firstname": "Canaryfirst again" }))?;
    stays_out("a webhook", "After the webhook")?;
    hubspot.catch_up_search()?;
    world.fire_cron()?;
    stays_out("a poll", "After the poll")?;
    let resync = world.spoke.post(&format!("{base}/streams/contacts/resync"), &json!({}))?;
    ensure!(resync.status == 202, "{} {}", resync.status, resync.text);
    progress_when(world, connection, PATIENCE, "the full read ends", Progress::is_in_step)?;
    stays_out("a full read", "After the full read")?;
    edit(person, json!({ "email": "other@example.net" }))?;
    let twin = json!({ "portal_id": portal, "properties": { "firstname": "Canaryfirst", "email": EMAIL } });
    let twin = hubspot.post("contacts/create", &twin)?["id"].as_str().context("an id")?.to_owned();
    stays_out("another record with the address", "After the twin")?;
    ensure!(mirrored(world, connection, twin.parse()?)?.is_none(), "the address is kept out");
    let reread = world.spoke.post(&format!("{base}/records/contacts/{person}/reread"), &json!({}))?;
    ensure!([202, 409].contains(&reread.status), "{} {}", reread.status, reread.text);
    stays_out("a reread", "After the reread")?;
    delivered(world, &endpoint, &receiver)?;
    let later: Vec<String> =
        receiver.came()?[counted..].iter().map(|came| came.body.to_string().to_lowercase()).collect();
    ensure!(later.len() >= 3, "changes are delivered meanwhile");
    nowhere(&later.join("\n"), "a delivery")?;

    // Who did it, named by who they are.
    let block = done["block"]["id"].as_str().context("a block has an id")?;
    let blocks = world.spoke.get_json(&format!("{base}/prospects/blocks"))?;
    let key = json!({ "kind": "key", "id": admin_id });
    ensure!(blocks["results"].as_array().map(Vec::len) == Some(1), "{blocks}");
    ensure!(blocks["results"][0]["by"] == key && blocks["results"][0]["named_by"] == "email", "{blocks}");
    let audit = world.spoke.get_json(&format!("{base}/audit?action=person."))?;
    let entries = audit["results"].as_array().context("entries")?;
    let entry = |action: &str| entries.iter().find(|entry| entry["action"] == action).context("an entry");
    ensure!(
        entry("person.erased")?["actor"] == key && entry("person.erased")?["subject"] == block,
        "{audit}"
    );
    ensure!(entry("person.exported")?["actor"]["kind"] == "root", "{audit}");
    let whole = world.spoke.get(&format!("/v1/workspaces/{}/audit", own.workspace))?;
    ensure!(whole.text.contains(&admin_id) && whole.text.contains("session.opened"), "{}", whole.text);
    ensure!(!whole.text.contains(&admin), "a key stands in the audit log");

    // Nobody else's keys.
    let lift = format!("{base}/prospects/blocks/{block}");
    let set = json!({ "audit_days": 30 });
    for (method, path, body) in [
        ("POST", &erase, Some(&whom)),
        ("POST", &export, Some(&by_id)),
        ("GET", &format!("{base}/prospects/blocks"), None),
        ("DELETE", &lift, None),
        ("GET", &format!("{base}/retention"), None),
        ("PATCH", &format!("{base}/retention"), Some(&set)),
        ("GET", &format!("{base}/audit"), None),
        ("GET", &format!("/v1/workspaces/{}/audit", own.workspace), None),
    ] {
        let answer = by(world, &foreign, method, path, body)?;
        ensure!([403, 404].contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.text);
    }
    ensure!(by(world, &writer, "DELETE", &lift, None)?.status == 403, "lifting takes `admin`");

    // Let in, they are read anew.
    let lifted = by(world, &admin, "DELETE", &lift, None)?;
    ensure!(lifted.status == 202, "{} {}", lifted.status, lifted.text);
    until(PATIENCE, "they are back", || {
        let (first, second) =
            (mirrored(world, connection, person)?, mirrored(world, connection, twin.parse()?)?);
        Ok((first.is_some() && second.is_some()).then_some(()))
    })?;
    ensure!(by(world, &admin, "DELETE", &lift, None)?.status == 404, "it is lifted already");
    let audit = world.spoke.get_json(&format!("{base}/audit?action=person.let_in"))?;
    ensure!(audit["results"][0]["actor"] == key, "{audit}");
    let feed = everything(world, &base, &list, &channel)?;
    ensure!(feed.contains("canaryfirst") && !feed.contains("canaryelder"), "what was is gone for good");
    Ok(())
}

fn minimum(world: &World) -> Result<()> {
    let hubspot = world.simulator.of(world.simulator.started.portals[1]);
    let own = connected(world, hubspot.started.portal_id, "Minimum")?;
    let (connection, base) = (&own.connection, format!("/v1/connections/{}", own.connection));
    in_step(world, connection, PATIENCE)?;
    let person = some_contacts(&hubspot, 1)?[0];
    let city = |name: &str| {
        let properties = json!({ "city": name });
        let body = json!({ "portal_id": hubspot.started.portal_id, "id": person, "properties": properties });
        hubspot.post("contacts/edit", &body)
    };
    let lives_in = |name: Option<&str>| {
        hubspot.catch_up_search()?;
        until(PATIENCE, &format!("the city is {name:?}"), || {
            // No webhook tells of it.
            world.fire_cron()?;
            let record = mirrored(world, connection, person)?.context("the record is there")?;
            Ok((record["properties"]["city"].as_str() == name).then_some(()))
        })
    };
    city("Canaryville")?;
    lives_in(Some("Canaryville"))?;
    city("Canaryton")?;
    lives_in(Some("Canaryton"))?;
    let settings = format!("{base}/retention");
    let first = world.spoke.get_json(&settings)?;
    ensure!(first["minimum"] == false && first["call_details_days"] == 180, "{first}");
    for wrong in [json!({ "audit_days": 29 }), json!({ "call_details_days": 0 }), json!({ "minimal": true })]
    {
        ensure!(world.spoke.patch(&settings, &wrong)?.status == 400, "{wrong} is taken");
    }
    let set = json!({ "minimum": true, "call_details_days": 30 });
    let set = world.spoke.patch(&settings, &set)?;
    ensure!(set.status == 200, "{} {}", set.status, set.text);
    let now = world.spoke.get_json(&settings)?;
    ensure!(now["minimum"] == true && now["call_details_days"] == 30 && now["audit_days"] == 365, "{now}");
    lives_in(None)?;
    until(PATIENCE, "the feed holds no value that is not mirrored", || {
        world.fire_cron()?;
        let feed = world.spoke.get(&format!("{base}/changes?limit=250&after=0"))?.text;
        Ok((!feed.contains("Canaryville") && !feed.contains("Canaryton")).then_some(()))
    })?;
    let record = mirrored(world, connection, person)?.context("the record is there")?;
    ensure!(record["properties"]["email"].is_string(), "what Spoke needs stays: {record}");
    let back = world.spoke.patch(&settings, &json!({ "minimum": false }))?;
    ensure!(back.status == 200, "{} {}", back.status, back.text);
    lives_in(Some("Canaryton"))?;
    let audit = world.spoke.get_json(&format!("{base}/audit?action=retention."))?;
    ensure!(audit["results"].as_array().map(Vec::len) == Some(2), "{audit}");
    ensure!(audit["results"][1]["by"] == "the root key", "{audit}");
    Ok(())
}
