//! Workflows over HTTP: the templates as they are, from an event to what is in HubSpot, a call that is routed at once, and a wait that outlives
//! the process.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use xtask::world::{Plan, World};

use crate::person::{Person, connected};
use crate::request::{Ask, send};
use crate::stage::{Stage, together};
use crate::yardstick::until;

const PATIENCE: Duration = Duration::from_mins(2);
/// What a call may wait for its route: a phone rings no longer.
const AT_ONCE: Duration = Duration::from_secs(2);

pub fn trials() -> Vec<Trial> {
    let stage = Stage::new(Plan::default().in_workerd().with("--contacts", 30));
    vec![together(
        &stage,
        "events become contacts, stages and entries, and calls are routed at once",
        templates,
    )]
}

/// A connection's workflows.
struct Workflows<'a> {
    world: &'a World,
    at: String,
}

impl Workflows<'_> {
    /// Makes one of a template, and enables it.
    fn begin(&self, key: &str) -> Result<String> {
        let all = self.world.spoke.get_json(&format!("{}/templates", self.at))?;
        let one = all["results"].as_array().into_iter().flatten().find(|one| one["key"] == key);
        let definition = &one.with_context(|| format!("no template `{key}`"))?["definition"];
        let checked = self.world.spoke.post_json(&format!("{}/check", self.at), definition)?;
        ensure!(checked["faults"] == json!([]), "{key}: {checked:#}");
        let made = self.world.spoke.post_json(&self.at, definition)?;
        let id = made["id"].as_str().context("a workflow's id")?.to_owned();
        let enabled = self.world.spoke.post_json(&format!("{}/{id}/enable", self.at), &json!({}))?;
        ensure!(enabled["state"] == "enabled", "{enabled:#}");
        Ok(id)
    }

    fn send(&self, event: &Value) -> Result<()> {
        let told = self.world.spoke.post_json(&format!("{}/events", self.at), event)?;
        ensure!(told["state"] == "pending", "{told}");
        Ok(())
    }

    /// The newest run of one, once it is over.
    fn over(&self, id: &str) -> Result<Value> {
        until(PATIENCE, "the run ends", || {
            let runs = self.world.spoke.get_json(&format!("{}/{id}/runs", self.at))?;
            let newest = runs["results"][0].clone();
            Ok((newest["state"].is_string() && newest["state"] != "open").then_some(newest))
        })
    }
}

/// The contact in HubSpot with an address.
fn contact(world: &World, email: &str) -> Result<Option<Value>> {
    let mut from = Some(0);
    while let Some(place) = from {
        let (lines, next) = world.simulator.dump("contacts", place, 1_000)?;
        if let Some(found) = lines.into_iter().find(|line| line["properties"]["email"] == email) {
            return Ok(Some(found));
        }
        from = next;
    }
    Ok(None)
}

fn templates(world: &World) -> Result<()> {
    let own = connected(world, world.simulator.started.portal_id, "Workflows")?;
    xtask::walk::first_sync(world, &own.connection, |_| ())?;
    let workflows = Workflows { world, at: format!("/v1/connections/{}/workflows", own.connection) };

    // A form that somebody unknown submits makes their contact, once.
    let id = workflows.begin("contact-from-form")?;
    let form = json!({
        "id": "form-1", "event": "form_submitted", "email": "new@workflows.example", "phone": "+49 30 1234567",
        "facts": {"firstname": "Nora", "lastname": "New"},
    });
    workflows.send(&form)?;
    let again = world.spoke.post_json(&format!("{}/events", workflows.at), &form)?;
    ensure!(again["state"] == "duplicate", "{again}");
    let run = workflows.over(&id)?;
    ensure!(run["state"] == "done", "{run:#}");
    let made = contact(world, "new@workflows.example")?.context("the contact is in HubSpot")?;
    ensure!(made["properties"]["firstname"] == "Nora", "{made}");
    let number = run["contact"]["record_id"].as_str().context("the run knows whom it made")?.to_owned();

    // A call from that number is routed at once, once the contact is a customer in the mirror.
    workflows.begin("smart-routing")?;
    let call = json!({"event": "incoming_call", "phone": "030 1234567"});
    let edit = json!({
        "portal_id": world.simulator.started.portal_id, "id": number.parse::<u64>()?, "properties": {"lifecyclestage": "customer"},
    });
    world.simulator.post("contacts/edit", &edit)?;
    let routed = until(PATIENCE, "the call is routed", || {
        let began = std::time::Instant::now();
        let told = world.spoke.post_json(&format!("{}/route", workflows.at), &call)?;
        ensure!(began.elapsed() < AT_ONCE, "the answer took {:?}", began.elapsed());
        Ok((told["route"] == "senior_support").then_some(told))
    })?;
    ensure!(routed["contact"] == number.as_str(), "{routed:#}");
    let seen = &routed["because"][0]["steps"][0]["conditions"][0];
    ensure!(seen["value"] == "customer" && seen["holds"] == true, "{routed:#}");

    // A conversation that has ended is an entry on the timeline.
    let id = workflows.begin("activity-log")?;
    let ended = json!({
        "id": "talk-1", "event": "conversation_ended", "email": "new@workflows.example",
        "facts": {"summary": "Asked for prices"},
    });
    workflows.send(&ended)?;
    let run = workflows.over(&id)?;
    ensure!(run["state"] == "done", "{run:#}");

    // Many at once, of which one is none.
    let url = format!("{}{}/events/bulk", world.spoke.url, workflows.at);
    let bearer = format!("Bearer {}", world.secrets.root_key);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/x-ndjson")];
    let line = |number: usize| {
        json!({"id": format!("many-{number}"), "event": "form_submitted", "email": format!("many-{number}@workflows.example")}).to_string()
    };
    let body: Vec<String> = (0..20).map(line).chain(["{\"id\": \"none\"}".to_owned()]).collect();
    let answer = send(&Ask { method: "POST", url: &url, headers: &headers, body: Some(&body.join("\n")) })?;
    let told: Vec<&str> = answer.text.lines().collect();
    ensure!(answer.status == 200 && told.len() == 21, "{} {}", answer.status, answer.text);
    ensure!(
        told[20].contains("problem") && told[..20].iter().all(|line| line.contains("pending")),
        "{told:?}"
    );
    until(PATIENCE, "every form makes its contact", || {
        Ok(contact(world, "many-19@workflows.example")?.map(|_| ()))
    })?;

    is_shown(world, &own.workspace, &own.connection, &run)
}

/// The page of a run says what it saw and did.
fn is_shown(world: &World, workspace: &str, connection: &str, run: &Value) -> Result<()> {
    let mut person = Person::new(world);
    person.enter(workspace)?;
    let id = run["id"].as_str().context("a run's id")?;
    let address = format!("{}/w/{workspace}/connections/{connection}", world.spoke.url);
    let page = person.browser.open(&format!("{address}/workflow-runs/{id}"))?;
    ensure!(page.status == 200, "{} {}", page.status, page.words());
    for words in ["Conversations on the timeline", "What its conditions saw", "Done"] {
        ensure!(page.html.contains(words), "`{words}` is not on the page: {}", page.words());
    }
    let page = person.browser.open(&format!("{address}/workflows"))?;
    ensure!(page.status == 200 && page.html.contains("New from a template"), "{}", page.words());
    Ok(())
}
