//! Connecting and disconnecting, as a person and HubSpot can make it go wrong: each end is a page that says what happened,
//! and nothing is stored.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use xtask::browser::Page;
use xtask::world::{APP, Plan, World};

use crate::person::{Person, connected};
use crate::request::{Ask, open, parameter, send};
use crate::stage::{Stage, alone, together};
use crate::yardstick::{equal_in_the_end, in_step, mirrored, some_contacts, until};

pub fn trials() -> Vec<Trial> {
    let plan = Plan::default().with("--contacts", 120).with("--portals", 6).setting("TEST_FAULTS", "off");
    let stage = Stage::new(crate::yardstick::checked_at_every_tick(plan));
    vec![
        together(&stage, "a refusal in HubSpot ends on a page and stores nothing", denied),
        together(&stage, "a return that was opened twice connects once", opened_twice),
        together(&stage, "a code that was used elsewhere ends on a page and stores nothing", used_code),
        together(&stage, "a return in a stranger's browser stores nothing, and none later", foreign),
        together(&stage, "an installation begun in HubSpot's marketplace leads to Integrations", marketplace),
        together(&stage, "a state that nobody made ends on a page and stores nothing", invented_state),
        together(&stage, "the page before HubSpot is for the workspace's own people", other_workspace),
        together(&stage, "connecting again with another account changes nothing", other_account),
        together(&stage, "the switch for panics does not exist unless it is set", no_switch),
        together(&stage, "the first of two holders only stops, the last uninstalls and revokes", holders),
        together(&stage, "another person's grant is revoked alone, and the app stays", two_people),
        alone(&stage, "too narrow an approval ends on a page and stores nothing", narrow),
        alone(&stage, "HubSpot's own failures end on a page and store nothing", hubspot_fails),
    ]
}

fn portal(world: &World, nth: usize) -> u64 {
    world.simulator.started.portals[nth]
}

/// A person in a new workspace.
fn arrived<'a>(world: &'a World, name: &str) -> Result<(Person<'a>, String)> {
    let workspace = world.spoke.create_workspace(name)?;
    let mut person = Person::new(world);
    person.enter(&workspace)?;
    Ok((person, workspace))
}

fn nothing_stored(world: &World, workspace: &str) -> Result<()> {
    let list = world.spoke.get_json(&format!("/v1/workspaces/{workspace}/connections"))?;
    ensure!(list["results"] == json!([]), "something was stored: {list}");
    Ok(())
}

fn says(page: &Page, status: u16, words: &str) -> Result<()> {
    let said = page.words();
    ensure!(page.status == status, "the page is {}, not {status}: {said}", page.status);
    ensure!(said.contains(words), "the page does not say “{words}”: {said}");
    ensure!(said.contains("What you can do"), "the page does not say what to do: {said}");
    Ok(())
}

fn denied(world: &World) -> Result<()> {
    let (mut person, workspace) = arrived(world, "Denied")?;
    let authorize = person.leave(&workspace, None)?;
    let address = person.decide(&authorize, portal(world, 0), "deny")?;
    ensure!(address.contains("error=access_denied"), "HubSpot did not refuse: {address}");
    says(&person.come_back(&address)?, 200, "You did not approve")?;
    nothing_stored(world, &workspace)?;
    // Trying again from the same page works.
    let page = person.connect(&workspace, portal(world, 0), None)?;
    ensure!(page.status == 200 && world.spoke.connections(&workspace)?.len() == 1, "{}", page.words());
    Ok(())
}

fn opened_twice(world: &World) -> Result<()> {
    let (mut person, workspace) = arrived(world, "Opened twice")?;
    let authorize = person.leave(&workspace, None)?;
    let address = person.decide(&authorize, portal(world, 0), "approve")?;
    let page = person.come_back(&address)?;
    ensure!(page.status == 200, "the first time: {} {}", page.status, page.words());
    let first = world.spoke.connections(&workspace)?;
    ensure!(first.len() == 1, "{first:?}");
    says(&person.come_back(&address)?, 400, "What you can do")?;
    ensure!(world.spoke.connections(&workspace)? == first, "the second time changed something");
    in_step(world, &first[0], Duration::from_secs(30)).map(drop)
}

fn used_code(world: &World) -> Result<()> {
    let (mut person, workspace) = arrived(world, "Used code")?;
    let authorize = person.leave(&workspace, None)?;
    let address = person.decide(&authorize, portal(world, 0), "approve")?;
    let code = parameter(&address, "code").context("HubSpot gave no code")?;
    let hubspot = &world.simulator.started;
    let form = format!(
        "grant_type=authorization_code&code={code}&client_id={}&client_secret={}&redirect_uri={}%2Foauth%2Fcallback",
        hubspot.client_id,
        world.secrets.client_secret,
        world.spoke.url.replace(':', "%3A").replace('/', "%2F"),
    );
    let url = format!("{}/oauth/2026-09/token", hubspot.url);
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let taken = send(&Ask { method: "POST", url: &url, headers: &headers, body: Some(&form) })?;
    ensure!(taken.status == 200, "the code was no good: {}", taken.text);
    says(&person.come_back(&address)?, 400, "has been used or has expired")?;
    nothing_stored(world, &workspace)
}

fn foreign(world: &World) -> Result<()> {
    let (mut attacker, theirs) = arrived(world, "Attacker")?;
    let authorize = attacker.leave(&theirs, None)?;
    let address = attacker.decide(&authorize, portal(world, 0), "approve")?;
    let (mut victim, own) = arrived(world, "Victim")?;
    says(&victim.come_back(&address)?, 400, "was not started here")?;
    let mut nobody = Person::new(world);
    says(&nobody.come_back(&address)?, 400, "was not started here")?;
    // A state that was shown to the wrong browser is spent.
    says(&attacker.come_back(&address)?, 400, "was not started here")?;
    nothing_stored(world, &theirs)?;
    nothing_stored(world, &own)
}

fn marketplace(world: &World) -> Result<()> {
    let (mut person, workspace) = arrived(world, "Marketplace")?;
    let authorize = person.leave(&workspace, None)?;
    let stateless: Vec<&str> = authorize.split('&').filter(|part| !part.starts_with("state=")).collect();
    let address = person.decide(&stateless.join("&"), portal(world, 0), "approve")?;
    ensure!(parameter(&address, "state").is_none(), "HubSpot invented a state");
    says(&person.come_back(&address)?, 400, "Start from your Integrations page")?;
    nothing_stored(world, &workspace)
}

fn invented_state(world: &World) -> Result<()> {
    let (mut person, workspace) = arrived(world, "Invented")?;
    let address = format!("{}/oauth/callback?code=na1-x&state=", world.spoke.url);
    for state in ["nonsense", &"A".repeat(43), "a&state=b", "%00"] {
        says(&person.come_back(&format!("{address}{state}"))?, 400, "was not started here")?;
    }
    nothing_stored(world, &workspace)
}

fn other_workspace(world: &World) -> Result<()> {
    let (person, own) = arrived(world, "Mine")?;
    let followed = connected(world, portal(world, 1), "Followed")?;
    let theirs = world.spoke.create_workspace("Theirs")?;
    let cookies = person.browser.cookies_for(&world.spoke.url);
    ensure!(!cookies.is_empty(), "no session to try with");
    for path in ["integrations", "integrations/live", &format!("connect?app={APP}")] {
        let answer = open(&format!("{}/w/{theirs}/{path}", world.spoke.url), &cookies)?;
        ensure!(answer.status == 401, "{path}: {}", answer.status);
        ensure!(!answer.text.contains("Theirs"), "{path} names the other workspace");
    }
    let forged =
        crate::request::post_form(&format!("{}/w/{theirs}/connect", world.spoke.url), &cookies, "app=main")?;
    ensure!(forged.status == 401, "the form: {}", forged.status);
    // Nor does one's own address reach another's connection.
    let theirs_in_own = format!("{}/w/{own}/connections/{}/disconnect", world.spoke.url, followed.connection);
    ensure!(open(&theirs_in_own, &cookies)?.status == 404, "another's connection is shown");
    nothing_stored(world, &theirs)
}

fn other_account(world: &World) -> Result<()> {
    let first = connected(world, portal(world, 0), "Other account")?;
    let mut person = Person::new(world);
    person.enter(&first.workspace)?;
    let page = person.connect(&first.workspace, portal(world, 1), Some(&first.connection))?;
    says(&page, 400, "another HubSpot account")?;
    ensure!(
        world.spoke.connections(&first.workspace)? == [first.connection.clone()],
        "a connection came or went"
    );
    in_step(world, &first.connection, Duration::from_secs(30)).map(drop)
}

fn no_switch(world: &World) -> Result<()> {
    let connected = connected(world, portal(world, 1), "No switch")?;
    let answer = world.spoke.post(&format!("/__test/panic/{}", connected.connection), &json!({}))?;
    ensure!(answer.status == 404, "it answers {}: {}", answer.status, answer.text);
    Ok(())
}

/// The grants of an account as HubSpot sees them: by person, alive, installed.
fn grants(world: &World, portal: u64) -> Result<Vec<(u64, bool, bool)>> {
    let state = world.simulator.get("state")?;
    let all = state["grants"].as_array().context("the simulator names no grants")?;
    let own = all.iter().filter(|grant| grant["portal_id"] == portal);
    Ok(own
        .map(|grant| {
            let is = |name: &str| grant[name] == true;
            (grant["user_id"].as_u64().unwrap_or_default(), is("alive"), is("installed"))
        })
        .collect())
}

fn disconnect(world: &World, connection: &str) -> Result<Value> {
    let answer = world.spoke.delete(&format!("/v1/connections/{connection}"))?;
    ensure!(answer.status == 200, "the disconnect answers {}: {}", answer.status, answer.text);
    let plan = answer.json()?["disconnect"].clone();
    until(Duration::from_secs(20), "the disconnect ends", || {
        let body = world.spoke.get_json(&format!("/v1/connections/{connection}"))?;
        Ok((body["state"] == "disconnected").then_some(()))
    })?;
    Ok(plan)
}

fn holders(world: &World) -> Result<()> {
    let account = portal(world, 2);
    let hubspot = world.simulator.of(account);
    let first = connected(world, account, "First holder")?;
    let second = connected(world, account, "Second holder")?;
    for connection in [&first.connection, &second.connection] {
        in_step(world, connection, Duration::from_secs(30))?;
    }
    let plan = disconnect(world, &first.connection)?;
    ensure!(plan == json!({"stops": true, "revokes": false, "uninstalls": false}), "the first: {plan}");
    let left = grants(world, account)?;
    ensure!(left.iter().any(|(_, alive, installed)| *alive && *installed), "the grant is gone: {left:?}");
    crate::yardstick::rename(&hubspot, some_contacts(&hubspot, 1)?[0], "Still followed")?;
    equal_in_the_end(world, &second.connection, &hubspot, Duration::from_secs(20))?;
    let contact = some_contacts(&hubspot, 1)?[0];
    let stopped = mirrored(world, &first.connection, contact)?.context("the stopped mirror was emptied")?;
    ensure!(stopped["properties"]["firstname"] != "Still followed", "the first is still followed");

    // The last one, by hand, with the words that tell what will happen.
    let mut person = Person::new(world);
    person.enter(&second.workspace)?;
    let page =
        format!("{}/w/{}/connections/{}/disconnect", world.spoke.url, second.workspace, second.connection);
    let ask = person.browser.open(&page)?;
    let form = ask.form("main form[method=post]").with_context(|| format!("no form: {}", ask.words()))?;
    ensure!(ask.words().to_lowercase().contains("uninstall"), "it does not say so: {}", ask.words());
    let done = person.browser.submit(&form)?;
    ensure!(done.status == 200, "{} {}", done.status, done.words());
    until(Duration::from_secs(20), "the app is uninstalled and the grant revoked", || {
        let left = grants(world, account)?;
        Ok(left.iter().all(|(_, alive, installed)| !alive && !installed).then_some(()))
    })?;
    until(Duration::from_secs(20), "the disconnect ends", || {
        let body = world.spoke.get_json(&format!("/v1/connections/{}", second.connection))?;
        Ok((body["state"] == "disconnected").then_some(()))
    })?;
    let uninstalls = crate::yardstick::calls(&hubspot, "uninstall")?;
    ensure!(uninstalls == 1, "{uninstalls} uninstalls");
    // And back: the mirror that was kept goes on.
    let page = person.connect(&second.workspace, account, None)?;
    ensure!(page.status == 200, "{} {}", page.status, page.words());
    equal_in_the_end(world, &second.connection, &hubspot, Duration::from_secs(30))
}

fn two_people(world: &World) -> Result<()> {
    let account = portal(world, 3);
    let first = connected(world, account, "Ada's")?;
    let other = json!({"email": "grace@example.com", "password": "other", "portals": [account]});
    let other = world.simulator.post("users", &other)?;
    // The same world with another person at the keyboard.
    let workspace = world.spoke.create_workspace("Grace's")?;
    let mut person = Person::new(world);
    person.signs_in_as("grace@example.com", "other");
    person.enter(&workspace)?;
    let page = person.connect(&workspace, account, None)?;
    let second = world.spoke.connections(&workspace)?.pop();
    let second = second.with_context(|| format!("not connected: {}", page.words()))?;
    ensure!(grants(world, account)?.len() == 2, "not two grants: {:?}", grants(world, account)?);
    for connection in [&first.connection, &second] {
        in_step(world, connection, Duration::from_secs(30))?;
    }
    let plan = disconnect(world, &second)?;
    ensure!(plan == json!({"stops": true, "revokes": true, "uninstalls": false}), "{plan}");
    for (user, alive, installed) in grants(world, account)? {
        let revoked = user == other["user_id"].as_u64().unwrap_or_default();
        ensure!(installed, "the app was uninstalled");
        ensure!(alive != revoked, "the grant of {user} is alive: {alive}");
    }
    equal_in_the_end(world, &first.connection, &world.simulator.of(account), Duration::from_secs(20))
}

/// The app, as HubSpot has it.
fn app(world: &World) -> Result<Value> {
    world.simulator.get("state")?["apps"].as_array().and_then(|apps| apps.first().cloned()).context("no app")
}

fn narrow(world: &mut World) -> Result<()> {
    let (mut person, workspace) = arrived(world, "Narrow")?;
    let authorize = person.leave(&workspace, None)?;
    let whole = app(world)?;
    let mut narrow = whole.clone();
    narrow["required_scopes"] = json!(["oauth"]);
    world.simulator.post("apps", &narrow)?;
    // As if HubSpot had let the person choose.
    let scopes = authorize.split('&').map(|part| match part.split_once("scope=") {
        Some((before, _)) => format!("{before}scope=oauth"),
        None => part.to_owned(),
    });
    let asked: Vec<String> = scopes.filter(|part| !part.starts_with("optional_")).collect();
    let address = person.decide(&asked.join("&"), portal(world, 4), "approve")?;
    let page = person.come_back(&address)?;
    world.simulator.post("apps", &whole)?;
    says(&page, 400, "Some permissions are missing")?;
    ensure!(page.html.contains("crm.objects.contacts.read"), "it does not name what is missing");
    nothing_stored(world, &workspace)
}

fn hubspot_fails(world: &mut World) -> Result<()> {
    let faults = [
        ("token", json!({"kind": "status", "status": 500}), "HubSpot does not answer"),
        ("token", json!({"kind": "no_answer"}), "HubSpot does not answer"),
        ("token", json!({"kind": "html"}), "HubSpot does not answer"),
        ("token", json!({"kind": "truncated"}), "HubSpot does not answer"),
        ("token", json!({"kind": "status", "status": 502, "after_commit": true}), "HubSpot does not answer"),
        ("account_details", json!({"kind": "status", "status": 503}), "HubSpot does not answer"),
        ("account_details", json!({"kind": "no_answer"}), "HubSpot does not answer"),
        ("account_details", json!({"kind": "truncated"}), "HubSpot does not answer"),
    ];
    let (mut person, workspace) = arrived(world, "HubSpot fails")?;
    for (endpoint, fault, words) in faults {
        let authorize = person.leave(&workspace, None)?;
        let address = person.decide(&authorize, portal(world, 5), "approve")?;
        // Not once only: a GET whose connection breaks is repeated by the runtime, once for each connection it holds.
        let before = world.simulator.counters()?.of(endpoint);
        world.simulator.post("faults", &json!({"fault": fault, "endpoint": endpoint}))?;
        let page = person.come_back(&address)?;
        world.simulator.delete("faults")?;
        let asked = world.simulator.counters()?.of(endpoint) - before;
        ensure!(asked > 0, "{endpoint}: {fault} did not strike");
        says(&page, 502, words).with_context(|| format!("{endpoint}: {fault}"))?;
        ensure!(page.html.contains("Reference"), "{endpoint}: {fault}: nothing to tell support");
        nothing_stored(world, &workspace).with_context(|| format!("{endpoint}: {fault}"))?;
    }
    // A client secret that HubSpot does not know is our mistake, and the page says so.
    let whole = app(world)?;
    let mut other = whole.clone();
    other["client_secret"] = json!("another-secret-of-the-app");
    world.simulator.post("apps", &other)?;
    let authorize = person.leave(&workspace, None)?;
    let address = person.decide(&authorize, portal(world, 5), "approve")?;
    let page = person.come_back(&address)?;
    world.simulator.post("apps", &whole)?;
    says(&page, 500, "it is our mistake")?;
    nothing_stored(world, &workspace)?;
    let page = person.connect(&workspace, portal(world, 5), None)?;
    ensure!(page.status == 200 && world.spoke.connections(&workspace)?.len() == 1, "{}", page.words());
    Ok(())
}
