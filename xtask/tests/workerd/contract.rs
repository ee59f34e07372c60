//! What the Worker answers is what its OpenAPI document says, member by member: no answer has one that the document does not name.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use xtask::project::Project;
use xtask::spoke::Answer;
use xtask::world::{Plan, World};

use crate::person::{Person, connected};
use crate::request::{get, open};
use crate::seats::GRACE;
use crate::secrecy::told;
use crate::stage::{Stage, together};
use crate::yardstick::until;

pub fn trials() -> Vec<Trial> {
    let plan = Plan::default().with("--contacts", 60).setting("DELIVER_TO", "anywhere");
    let stage = Stage::new(plan);
    vec![together(&stage, "every answer fits the document, and holds nothing that it does not name", answers)]
}

/// The document, of which objects with named members have no others.
struct Document(Value);

impl Document {
    fn read() -> Result<Self> {
        let text = fs::read(Project::here().path("docs/openapi.json"))?;
        let mut document: Value = serde_json::from_slice(&text)?;
        close(&mut document["components"]["schemas"]);
        Ok(Self(document))
    }

    /// The operations that read: their path and id.
    fn reads(&self) -> Result<Vec<(String, String)>> {
        let paths = self.0["paths"].as_object().context("paths")?;
        let reads = paths
            .iter()
            .filter_map(|(path, item)| Some((path.clone(), item["get"]["operationId"].as_str()?.to_owned())));
        Ok(reads.collect())
    }

    /// Holds an answer against what the operation of that id promises.
    fn check(&self, id: &str, answer: &Answer) -> Result<()> {
        let operations = self.0["paths"]
            .as_object()
            .into_iter()
            .flatten()
            .flat_map(|(_, item)| item.as_object().into_iter().flatten());
        let operation =
            operations.map(|(_, operation)| operation).find(|operation| operation["operationId"] == id);
        let operation = operation.with_context(|| format!("the document has no operation `{id}`"))?;
        let response = &operation["responses"][answer.status.to_string()];
        ensure!(response.is_object(), "{id}: {} is not in the document: {}", answer.status, answer.text);
        let response = match response["$ref"].as_str() {
            Some(reference) => {
                self.0.pointer(reference.trim_start_matches('#')).context("a reference leads somewhere")?
            }
            None => response,
        };
        let Some((media, content)) =
            response["content"].as_object().and_then(|content| content.iter().next())
        else {
            ensure!(answer.text.is_empty(), "{id}: an answer without a body has one: {}", answer.text);
            return Ok(());
        };
        if media == "application/x-ndjson" {
            return Ok(());
        }
        let mut schema = content["schema"].clone();
        schema["components"] = self.0["components"].clone();
        let validator =
            jsonschema::validator_for(&schema).with_context(|| format!("{id}: the schema is none"))?;
        let body = answer.json()?;
        let wrong: Vec<String> =
            validator.iter_errors(&body).map(|error| format!("{}: {error}", error.instance_path())).collect();
        ensure!(wrong.is_empty(), "{id}: {}\n{body}", wrong.join("\n"));
        Ok(())
    }
}

/// Forbids members that a schema does not name, where it names any.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(entries) => {
            entries.values_mut().for_each(close);
            if entries
                .get("properties")
                .is_some_and(|named| named.as_object().is_some_and(|named| !named.is_empty()))
                && entries.contains_key("type")
            {
                entries.entry("additionalProperties").or_insert(json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn answers(world: &World) -> Result<()> {
    let document = Document::read()?;
    let spoke = &world.spoke;
    let own = connected(world, world.simulator.started.portal_id, "Contract")?;
    xtask::walk::first_sync(world, &own.connection, |_| ())?;
    let (workspace, connection) =
        (format!("/v1/workspaces/{}", own.workspace), format!("/v1/connections/{}", own.connection));
    let done = |id: &str, answer: Answer| -> Result<Value> {
        document.check(id, &answer)?;
        ensure!(answer.status < 300, "{id}: {} {}", answer.status, answer.text);
        Ok(if answer.text.is_empty() { Value::Null } else { answer.json()? })
    };
    let text = |value: &Value| value.as_str().map(str::to_owned).context("a text");

    done("createWorkspace", spoke.post("/v1/workspaces", &json!({"name": "Another"}))?)?;
    let key = done(
        "createKey",
        spoke.post(&format!("{workspace}/keys"), &json!({"name": "ci", "permissions": ["read"]}))?,
    )?;
    told(&text(&key["key"])?);
    let person =
        json!({"user": "ada@example.com", "role": "viewer", "return_url": "https://host.example.com/"});
    done("createSession", spoke.post(&format!("{workspace}/sessions"), &person)?)?;
    let channel = json!({
        "name": "All", "object_type": "contacts", "filter": {"not": {"property": "email", "type": "string", "operator": "unknown"}},
        "fields": [{"field": "mail", "property": "email", "default": "-"}],
    });
    done("previewChannel", spoke.post(&format!("{connection}/channels/preview"), &channel)?)?;
    let channel = done("createChannel", spoke.post(&format!("{connection}/channels"), &channel)?)?;
    let channel_at = format!("{connection}/channels/{}", text(&channel["id"])?);
    let endpoint = json!({"url": "http://127.0.0.1:9/hook", "channel": channel["id"], "events": ["created"]});
    let endpoint = done("createEndpoint", spoke.post(&format!("{connection}/endpoints"), &endpoint)?)?;
    told(&text(&endpoint["secret"])?);
    let endpoint_at = format!("{connection}/endpoints/{}", text(&endpoint["id"])?);
    done("updateEndpoint", spoke.patch(&endpoint_at, &json!({"description": "Ours", "channel": null}))?)?;
    done("updateChannel", spoke.patch(&channel_at, &json!({"name": "Some"}))?)?;
    for (id, path) in [
        ("pauseChannel", format!("{channel_at}/pause")),
        ("resumeChannel", format!("{channel_at}/resume")),
        ("pauseEndpoint", format!("{endpoint_at}/pause")),
        ("resumeEndpoint", format!("{endpoint_at}/resume")),
        ("testEndpoint", format!("{endpoint_at}/test")),
        ("testConnection", format!("{connection}/test")),
        ("refreshFields", format!("{connection}/fields/refresh")),
        ("resync", format!("{connection}/streams/deals/resync")),
        ("pauseConnection", format!("{connection}/pause")),
        ("resumeConnection", format!("{connection}/resume")),
    ] {
        done(id, spoke.post(&path, &json!({}))?)?;
    }
    let change = json!({"name": "Main account", "tier": "professional"});
    done("updateConnection", spoke.patch(&connection, &change)?)?;
    let token =
        world.simulator.post("private-tokens", &json!({"portal_id": world.simulator.started.portal_id}))?;
    told(&text(&token["token"])?);
    let by_token = json!({"name": "By token", "token": token["token"]});
    let by_token = done("connectByToken", spoke.post(&format!("{workspace}/connections"), &by_token)?)?;
    let credentials = format!("/v1/connections/{}/credentials", text(&by_token["id"])?);
    done("putCredentials", spoke.put(&credentials, &json!({"token": token["token"]}))?)?;
    document.check("putCredentials", &spoke.put(&credentials, &json!({"token": "pat-na1-nobodys"}))?)?;
    world.put_seat_app()?;
    let seats = format!("{connection}/seats");
    let invited = json!({"user": "grace", "return_url": format!("{}/hello", spoke.url)});
    let invited = done("inviteSeat", spoke.post(&seats, &invited)?)?;
    let portal = world.simulator.started.portal_id;
    world.simulator.post("users", &json!({
        "user_id": GRACE, "email": "grace@example.com", "password": "other", "portals": [portal], "super_admin": true, "rights": {},
    }))?;
    let mut person = Person::new(world);
    person.signs_in_as("grace@example.com", "other");
    let code = person.authorises(&text(&invited["url"])?, portal)?;
    let seat =
        done("redeemSeat", spoke.post(&format!("{seats}/redeem"), &json!({"code": code, "user": "grace"}))?)?;
    let seat_at = format!("{seats}/{}", text(&seat["id"])?);
    let search = spoke.post(&format!("{seat_at}/records/contacts/search"), &json!({"query": "a"}))?;
    done("searchSeatRecords", search)?;
    // Whose tasks they are is known once owners are read.
    until(Duration::from_secs(20), "owners are read", || {
        Ok((spoke.get(&format!("{seat_at}/owner"))?.status == 200).then_some(()))
    })?;
    done("listSeatTasks", spoke.get(&format!("{seat_at}/tasks?which=today"))?)?;
    let call = json!({"title": "Call", "outcome": "connected", "duration_s": 61, "dry_run": true});
    done("logSeatCall", spoke.post(&format!("{seat_at}/calls"), &call)?)?;
    let call = json!({"title": "Call", "id": "contract-call"});
    done("logSeatCall", spoke.post(&format!("{seat_at}/calls"), &call)?)?;
    let rotated = done("rotateSecret", spoke.post(&format!("{endpoint_at}/rotate-secret"), &json!({}))?)?;
    told(&text(&rotated["secret"])?);
    done("replay", spoke.post(&format!("{endpoint_at}/replay"), &json!({"after": "0"}))?)?;
    let fields = json!({"fields": ["email", "firstname", "lastname", "phone"], "keep_fresh": []});
    done("putSelection", spoke.put(&format!("{connection}/fields/contacts/selection"), &fields)?)?;
    done("turnTypeOn", spoke.put(&format!("{connection}/types/tasks"), &json!({}))?)?;
    let (contacts, _) = spoke.contacts(&own.connection, None)?;
    let record = text(&contacts[0]["id"])?;
    done("rereadRecord", spoke.post(&format!("{connection}/records/contacts/{record}/reread"), &json!({}))?)?;
    let person = json!({"email": "nobody@contract.example"});
    let erased = done("erasePerson", spoke.post(&format!("{connection}/prospects/erase"), &person)?)?;
    let block = text(&erased["block"]["id"])?;
    let kept = json!({"minimum": false, "call_details_days": 90, "audit_days": 400});
    done("setRetention", spoke.patch(&format!("{connection}/retention"), &kept)?)?;
    let person = json!({"object_type": "contacts", "id": record});
    done("exportPerson", spoke.post(&format!("{connection}/prospects/export"), &person)?)?;
    let mapping_at = format!("{connection}/mappings/log_call");
    let mapping = json!({"entries": [
        {"field": "hs_call_title", "from": "call.title", "type": "text", "default": "Call"},
        {"field": "hs_call_direction", "constant": "OUTBOUND", "drop_if_refused": true},
    ]});
    done("putMapping", spoke.put(&mapping_at, &mapping)?)?;
    let scores = format!("{connection}/scores");
    let nightly = json!({"on": true, "hour": 2, "fields": "managed", "prefix": "koala", "label": "Koala"});
    done("setScores", spoke.put(&scores, &nightly)?)?;
    let account = json!({"domain": "nobody-at-all.com", "aliases": ["gmail.com"], "intent_score": 7.5, "icp_fit_grade": "—"});
    done("putAccountScores", spoke.put(&format!("{scores}/accounts/acct-17"), &account)?)?;
    let line = json!({"id": "acct:18", "domain": null, "intent_strength": "Very High"});
    done("putManyScores", spoke.post(&format!("{scores}/bulk"), &line)?)?;
    done("checkScoreProperties", spoke.post(&format!("{scores}/check"), &json!({}))?)?;
    done("createScoreProperties", spoke.post(&format!("{scores}/create"), &json!({}))?)?;
    let score_run = done("startScoreRun", spoke.post(&format!("{scores}/runs"), &json!({"full": true}))?)?;
    let score_run = text(&score_run["id"])?;
    let accounts = json!({"accounts": [
        {"id": "1", "domain": "https://www.nobody-at-all.com/", "aliases": ["gmail.com"]}, {"domain": null},
    ]});
    done("matchCompanies", spoke.post(&format!("{connection}/match/companies"), &accounts)?)?;
    let email = contacts.iter().find_map(|contact| contact["properties"]["email"].as_str());
    let people = json!({"people": [{"id": "1", "email": email.unwrap_or("nobody")}, {"email": "nobody"}]});
    let found = done("matchContacts", spoke.post(&format!("{connection}/match/contacts"), &people)?)?;
    ensure!(found["results"][1]["why_not"] == "not_an_address", "{found}");
    let lists = spoke.get_json(&format!("{connection}/lists"))?;
    let list =
        lists["results"].as_array().and_then(|all| all.iter().find(|list| list["object_type"] == "contacts"));
    let list = list.map(|list| text(&list["id"])).transpose()?;
    if let Some(list) = &list {
        done("followList", spoke.post(&format!("{connection}/lists/{list}/follow"), &json!({}))?)?;
    }

    let actions = format!("{connection}/actions");
    let note = json!({"action": "add_note", "body": "Hello", "id": "contract-1", "why": "the contract"});
    let action = done("do", spoke.post(&actions, &note)?)?;
    done("do", spoke.post(&actions, &note)?)?;
    let dry = json!({"action": "update_record", "type": "contacts", "record": record, "properties": {"firstname": "Ann"}, "dry_run": true});
    done("do", spoke.post(&actions, &dry)?)?;
    done("doMany", spoke.post(&format!("{actions}/bulk"), &dry)?)?;
    let about = json!({"type": "contacts", "id": record});
    let entry = json!({"action": "timeline_entry", "about": about, "title": "Asked", "dry_run": true});
    done("do", spoke.post(&actions, &entry)?)?;
    let settings = json!({"off": [], "timeline": "note"});
    done("setActionSettings", spoke.put(&format!("{actions}/settings"), &settings)?)?;
    let action = text(&action["id"])?;
    for (id, verb) in [("cancelAction", "cancel"), ("retryAction", "retry")] {
        done(id, spoke.post(&format!("{actions}/{action}/{verb}"), &json!({}))?)?;
    }
    done("resolveAction", spoke.post(&format!("{actions}/{action}/resolve"), &json!({"happened": true}))?)?;

    let hot = json!({"name": "Hot", "filter": {"of": "account", "property": "score", "type": "number", "operator": "at_least", "value": 50}});
    let hot = done("createQualifyingList", spoke.post(&format!("{connection}/qualifying-lists"), &hot)?)?;
    let list_at = format!("{connection}/qualifying-lists/{}", text(&hot["id"])?);
    let renamed = json!({"name": "Warm", "filter": hot["filter"]});
    done("putQualifyingList", spoke.put(&list_at, &renamed)?)?;
    let automation = json!({"name": "Note it", "list": hot["id"], "steps": [{"action": "add_note", "body": "{{signal.name}}"}]});
    let automations = format!("{connection}/automations");
    let made = done("createAutomation", spoke.post(&automations, &automation)?)?;
    let automation_at = format!("{automations}/{}", text(&made["id"])?);
    done("putAutomation", spoke.put(&automation_at, &automation)?)?;
    for (id, verb) in [("pauseAutomation", "pause"), ("enableAutomation", "enable")] {
        done(id, spoke.post(&format!("{automation_at}/{verb}"), &json!({}))?)?;
    }
    let account = json!({"id": "a1", "domain": "contract.example", "fields": {"score": 70}});
    let signal = json!({"id": "s1", "name": "Visit", "account": account, "visitor": {"email": "new@contract.example"}});
    let on = json!({"signal": signal});
    let filter = json!({"filter": hot["filter"], "on": on});
    done("tryQualifyingList", spoke.post(&format!("{connection}/qualifying-lists/preview"), &filter)?)?;
    let tried = json!({"automation": automation, "on": on});
    done("tryAutomation", spoke.post(&format!("{automations}/preview"), &tried)?)?;
    let sent = done("sendSignal", spoke.post(&format!("{connection}/signals"), &signal)?)?;
    let again = done("sendSignal", spoke.post(&format!("{connection}/signals"), &signal)?)?;
    ensure!(again["state"] == "duplicate" && again["id"] == sent["id"], "{again}");
    done("sendSignals", spoke.post(&format!("{connection}/signals/bulk"), &signal)?)?;
    let runs = format!("{connection}/automation-runs");
    let run = until(Duration::from_secs(60), "a run of the automation", || {
        let runs = spoke.get_json(&runs)?;
        Ok(runs["results"][0]["id"].as_str().map(str::to_owned))
    })?;

    let (audience_at, attribute_at) =
        (format!("{connection}/audiences/basket"), format!("{connection}/attributes/tier"));
    let person = "ada@contract.example".to_owned();
    let (member_at, value_at) =
        (format!("{audience_at}/members/{person}"), format!("{attribute_at}/values/{person}"));
    let names = json!({"prefix": "raptor", "group": "raptor_cdp", "label": "Raptor CDP"});
    done("setActivationSettings", spoke.put(&format!("{connection}/activations/settings"), &names)?)?;
    let audience = json!({"name": "Abandon Basket", "description": "Left one", "type": "audience"});
    done("putAudience", spoke.put(&audience_at, &audience)?)?;
    let options = json!([{"value": "gold", "label": "Gold customers"}]);
    let tier = json!({"name": "Tier", "type": "enumeration", "options": options});
    done("putAttribute", spoke.put(&attribute_at, &tier)?)?;
    let one = json!({"email": person});
    done("putAudienceMember", spoke.put(&member_at, &json!({}))?)?;
    done("putManyAudienceMembers", spoke.post(&format!("{audience_at}/members"), &one)?)?;
    done("replaceAudienceMembers", spoke.put(&format!("{audience_at}/members"), &one)?)?;
    let gold = json!({"email": person, "value": "gold"});
    done("putAttributeValue", spoke.put(&value_at, &json!({"value": "gold"}))?)?;
    done("putManyAttributeValues", spoke.post(&format!("{attribute_at}/values"), &gold)?)?;
    done("replaceAttributeValues", spoke.put(&format!("{attribute_at}/values"), &gold)?)?;
    for (at, begin, end) in [
        (&audience_at, "beginAudienceReplacement", "endAudienceReplacement"),
        (&attribute_at, "beginAttributeReplacement", "endAttributeReplacement"),
    ] {
        let begun = done(begin, spoke.post(&format!("{at}/replacement"), &json!({}))?)?;
        let (values, line) = if at == &audience_at { ("members", &one) } else { ("values", &gold) };
        spoke.post(&format!("{at}/{values}?round={}", begun["round"]), line)?;
        done(end, spoke.post(&format!("{at}/replacement/{}/end", begun["round"]), &json!({}))?)?;
    }
    let new = json!({
        "name": "Baskets", "identifier": "email", "audiences": ["basket"], "attributes": ["tier"], "unknown": "create",
    });
    let activations = format!("{connection}/activations");
    let activation = done("createActivation", spoke.post(&activations, &new)?)?;
    let activation_at = format!("{activations}/{}", text(&activation["id"])?);
    done("putActivation", spoke.put(&activation_at, &new)?)?;
    for (id, verb) in
        [("syncActivation", "sync"), ("pauseActivation", "pause"), ("resumeActivation", "resume")]
    {
        done(id, spoke.post(&format!("{activation_at}/{verb}"), &json!({}))?)?;
    }
    done("retryAudience", spoke.post(&format!("{audience_at}/retry"), &json!({}))?)?;
    done("retryAttribute", spoke.post(&format!("{attribute_at}/retry"), &json!({}))?)?;
    done("retryRefusedContacts", spoke.post(&format!("{activations}/refused/retry"), &json!({}))?)?;
    let step = json!({"id": "note", "do": "add_note", "body": "{{event.summary}}"});
    let vip =
        json!({"property": "email", "type": "string", "operator": "is", "value": "nobody@contract.example"});
    let workflow = json!({
        "name": "Note it", "trigger": {"on": "event", "event": "ping", "record": "contacts"}, "enrolment": {"again": "every_time"},
        "steps": [
            {"id": "vip", "if": vip, "then": [{"id": "senior", "decide": {"route": "senior"}}], "else": [step]},
            {"id": "pause", "wait": {"count": 1, "unit": "hours"}},
        ],
    });
    let workflows = format!("{connection}/workflows");
    done("checkWorkflow", spoke.post(&format!("{workflows}/check"), &json!({"name": "None"}))?)?;
    let flow = done("createWorkflow", spoke.post(&workflows, &workflow)?)?;
    let flow_at = format!("{workflows}/{}", text(&flow["id"])?);
    done("putWorkflow", spoke.put(&flow_at, &workflow)?)?;
    done("restoreWorkflowVersion", spoke.post(&format!("{flow_at}/versions/1/restore"), &json!({}))?)?;
    for (id, verb) in [("enableWorkflow", "enable"), ("pauseWorkflow", "pause"), ("enableWorkflow", "enable")]
    {
        done(id, spoke.post(&format!("{flow_at}/{verb}"), &json!({}))?)?;
    }
    let ping = json!({"id": "p1", "event": "ping", "object_type": "contacts", "record_id": record, "facts": {"summary": "Hello"}});
    let tried = json!({"workflow": flow["id"], "on": {"event": ping}});
    done("tryWorkflow", spoke.post(&format!("{workflows}/dry-run"), &tried)?)?;
    done("route", spoke.post(&format!("{workflows}/route"), &ping)?)?;
    let sent_event = done("sendEvent", spoke.post(&format!("{workflows}/events"), &ping)?)?;
    let again = done("sendEvent", spoke.post(&format!("{workflows}/events"), &ping)?)?;
    ensure!(sent_event["state"] == "pending" && again["state"] == "duplicate", "{again}");
    done("sendEvents", spoke.post(&format!("{workflows}/events/bulk"), &ping)?)?;
    let flow_run = until(Duration::from_secs(60), "a run of the workflow", || {
        let runs = spoke.get_json(&format!("{flow_at}/runs"))?;
        let all = runs["results"].as_array().into_iter().flatten();
        Ok(all.filter(|run| run["state"] == "open").find_map(|run| run["id"].as_str()).map(str::to_owned))
    })?;

    let mut read = 0;
    for (path, id) in document.reads()? {
        if path.contains("{list}") && list.is_none() {
            continue;
        }
        let mut filled = path.replace("pipelines/{type}", "pipelines/deals");
        for (place, thing) in [
            ("{workspace}", &own.workspace),
            ("{connection}", &own.connection),
            ("{channel}", &text(&channel["id"])?),
            ("{account}", &"acct-17".to_owned()),
            ("{run}", &score_run),
            ("{endpoint}", &text(&endpoint["id"])?),
            ("{record}", &record),
            ("{mapping}", &"log_call".to_owned()),
            ("{seat}", &text(&seat["id"])?),
            ("{act}", &action),
            ("{activation}", &text(&activation["id"])?),
            ("{audience}", &"basket".to_owned()),
            ("{attribute}", &"tier".to_owned()),
            ("{address}", &person),
            ("{sig}", &text(&sent["id"])?),
            ("{ql}", &text(&hot["id"])?),
            ("{aut}", &text(&made["id"])?),
            ("{aut_run}", &run),
            ("{wf}", &text(&flow["id"])?),
            ("{wf_run}", &flow_run),
            ("{type}", &"contacts".to_owned()),
            ("{to_type}", &"companies".to_owned()),
            ("{list}", list.as_ref().unwrap_or(&record)),
        ] {
            filled = filled.replace(place, thing);
        }
        let answer = spoke.get(&filled)?;
        ensure!(answer.status == 200, "{filled}: {} {}", answer.status, answer.text);
        document.check(&id, &answer)?;
        read += 1;
    }
    ensure!(read >= 25, "only {read} answers were read");

    // Refusals, each of its kind.
    for (id, status, answer) in [
        ("listWorkspaces", 400, spoke.get("/v1/workspaces?limit=0")?),
        ("getWorkspace", 404, spoke.get("/v1/workspaces/ws_000000000000000000000000")?),
        ("createChannel", 409, spoke.post(&format!("{connection}/channels"), &json!({
            "name": "x", "object_type": "contacts", "filter": {"and": []}, "fields": [{"field": "x", "property": "no_such"}],
        }))?),
        ("putMapping", 409, spoke.put(&mapping_at, &json!({"entries": [{"field": "no_such", "from": "x"}]}))?),
        ("putAttribute", 409, spoke.put(&attribute_at, &json!({"name": "Tier", "type": "number"}))?),
        ("putAttributeValue", 400, spoke.put(&value_at, &json!({"value": "tin"}))?),
        ("createActivation", 409, spoke.post(&activations, &json!({"name": "x", "audiences": ["nobodys"]}))?),
        ("createWorkspace", 413, spoke.post("/v1/workspaces", &json!({"name": "x".repeat(70_000)}))?),
    ] {
        ensure!(answer.status == status, "{id}: {} instead of {status}", answer.status);
        document.check(id, &answer)?;
    }
    done("removeAudienceMember", spoke.delete(&member_at)?)?;
    done("removeAttributeValue", spoke.delete(&value_at)?)?;
    done("removeAttribute", spoke.delete(&attribute_at)?)?;
    done("removeActivation", spoke.delete(&activation_at)?)?;
    done("removeAudience", spoke.delete(&audience_at)?)?;
    done("revokeSeat", spoke.delete(&seat_at)?)?;
    done("liftBlock", spoke.delete(&format!("{connection}/prospects/blocks/{block}"))?)?;
    done("removeEndpoint", spoke.delete(&endpoint_at)?)?;
    done("removeAutomation", spoke.delete(&automation_at)?)?;
    let run_at = format!("{workflows}/runs/{flow_run}");
    document.check("retryWorkflowRun", &spoke.post(&format!("{run_at}/retry"), &json!({}))?)?;
    done("cancelWorkflowRun", spoke.post(&format!("{run_at}/cancel"), &json!({}))?)?;
    done("removeWorkflow", spoke.delete(&flow_at)?)?;
    done("removeQualifyingList", spoke.delete(&list_at)?)?;
    done("removeMapping", spoke.delete(&mapping_at)?)?;
    done("removeChannel", spoke.delete(&channel_at)?)?;
    done("endSessions", spoke.delete(&format!("{workspace}/sessions?user=ada%40example.com"))?)?;
    done("revokeKey", spoke.delete(&format!("{workspace}/keys/{}", text(&key["id"])?))?)?;
    done("disconnect", spoke.delete(&connection)?)?;

    // The document is served to everybody, and is this one.
    let served = get(&format!("{}/v1/openapi.json", world.spoke.url), "")?;
    let committed: Value = serde_json::from_slice(&fs::read(Project::here().path("docs/openapi.json"))?)?;
    ensure!(
        served.status == 200 && served.json()? == committed,
        "another document is served: {}",
        served.status
    );
    let page = open(&format!("{}/docs", world.spoke.url), "")?;
    let policy = page.header("content-security-policy");
    ensure!(
        page.status == 200 && policy.contains("script-src 'self'") && !policy.contains("unsafe"),
        "{policy}"
    );
    Ok(())
}
