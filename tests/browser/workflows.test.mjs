// ConnectFlo's four use cases as its people would set them up: each begins with a template, is tried, saved and enabled, and does in HubSpot what
// it says, with the reasons on the page of the run. Then one is edited as a form and as JSON, restored, tried again where it failed, and
// deleted. One story, in this order.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let workspace;
let connection;
let page;
let contact;
let deal;

const address = (rest) => `${world.SPOKE}/w/${workspace}/connections/${connection}${rest}`;
const api = (method, rest, body) => world.spoke(method, `/v1/connections/${connection}${rest}`, body);
const send = (id, event, more = {}) => api("POST", "/workflows/events", { id, event, email: "nora@workflows.example", ...more });
const named = async (name) => (await api("GET", "/workflows")).results.find((own) => own.name === name);
const newest = async (name) => (await api("GET", `/workflows/${(await named(name)).id}/runs`)).results[0];
const over = (name, state) =>
  world.until(`a run of “${name}” is ${state}`, async () => [await newest(name)].find((run) => run && run.state === state), 90);

before(async () => {
  ({ workspace, page, connection } = await world.synced());
});
after(world.quit);

/** Begins with a template: its form is shown. */
async function beginWith(name) {
  await page.goto(address("/workflows"));
  await page.getByRole("link", { name: `Begin with it ${name}` }).click();
  await page.getByRole("heading", { name: "New workflow" }).waitFor();
  assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), name);
}

async function saveAndEnable(name) {
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved. What begins from now on goes by it").waitFor();
  await page.getByText("Draft", { exact: true }).waitFor();
  await page.getByRole("button", { name: `Enable ${name}` }).click();
  await page.getByText("Enabled", { exact: true }).waitFor();
}

/** The page of the newest run of one. */
async function showNewest(name) {
  await page.goto(address(`/workflows/${(await named(name)).id}`));
  await page.getByRole("table", { name: "Newest runs" }).getByRole("link").first().click();
  await page.getByRole("heading", { name: "What its conditions saw" }).waitFor();
}

test("by keyboard, the page is found, and offers what to begin with", async () => {
  await page.goto(address(""));
  await world.tabTo(page, "Workflows");
  await page.keyboard.press("Enter");
  await page.getByText("There are none yet. Begin with one of the templates below.").waitFor();
  assert.equal(await page.getByRole("link", { name: /^Begin with it/ }).count(), 5);
  await world.assertFitToUse(page);
});

const NEW_CONTACT = "Contact of a new conversation";

test("automatic contact creation: it is tried, and a conversation makes the contact", async () => {
  await beginWith(NEW_CONTACT);
  await page.getByRole("button", { name: "Try it" }).click();
  await page.getByRole("alert").getByText("Say below on whom it is tried").waitFor();
  await page.getByLabel("Or on whoever has this e-mail address").fill("nora@workflows.example");
  await page.getByRole("button", { name: "Try it" }).click();
  await page.getByText("It would go in. Nothing was done; this would be:").waitFor();
  await page.getByText("Would be done", { exact: true }).waitFor();
  await page.getByText("It was nora@workflows.example.").waitFor();
  assert.deepEqual((await api("GET", "/actions")).results, []);
  await world.assertFitToUse(page);
  await saveAndEnable(NEW_CONTACT);
  await world.assertFitToUse(page);
  await send("talk-1", "conversation_started", { facts: { firstname: "Nora", lastname: "New" }, phone: "+49 30 1234567" });
  const run = await over(NEW_CONTACT, "done");
  contact = run.contact.record_id;
  await showNewest(NEW_CONTACT);
  await page.getByRole("link", { name: "Import contact" }).waitFor();
  await page.getByText("It was nora@workflows.example.").waitFor();
  await page.getByRole("link", { name: contact, exact: true }).waitFor();
  await world.assertFitToUse(page);
});

test("deal stage updates: a conversation that is resolved wins the contact's open deal", async () => {
  const name = "Deal won with its conversation";
  const properties = { dealname: "Nora's deal", dealstage: "appointmentscheduled" };
  deal = String((await world.control("POST", "deals/create", { properties })).id);
  await world.control("POST", "associations/add", { from_type: "deals", from: deal, to_type: "contacts", to: contact });
  await world.until("the deal and its link are mirrored", async () => {
    const told = await api("GET", `/records/contacts/${contact}/associations/deals`).catch(() => ({ results: [] }));
    return told.results.length === 1;
  }, 60);
  await beginWith(name);
  await page.getByLabel("On the record with this id").fill(contact);
  await page.getByRole("button", { name: "Try it" }).click();
  await page.getByText("It would go in. Nothing was done; this would be:").waitFor();
  await world.assertFitToUse(page);
  await saveAndEnable(name);
  await send("talk-1/resolved", "conversation_resolved");
  const run = await over(name, "done");
  assert.equal(run.deal.record_id, deal);
  await showNewest(name);
  await page.getByRole("link", { name: "Update deal" }).waitFor();
  await world.until("the deal is won", async () => (await api("GET", `/records/deals/${deal}`)).properties.dealstage === "closedwon", 60);
});

const ROUTING = "Customers to senior support";

test("smart routing: by the field that a person picks, a call is routed at once", async () => {
  await beginWith(ROUTING);
  // Whoever has another field that tells the tier picks it in its place.
  await page.getByLabel("Field of condition 1 of step 1").fill("Record: Firstname");
  await page.getByLabel("Field of condition 1 of step 1").blur();
  await world.settled(page);
  await page.getByLabel("Comparison of condition 1 of step 1").selectOption("is");
  await world.settled(page);
  await page.getByLabel("Value of condition 1 of step 1").fill("Nora");
  await page.getByRole("button", { name: "Check" }).last().click();
  await world.settled(page);
  assert.equal(await page.getByRole("alert").count(), 0);
  await world.assertFitToUse(page);
  await saveAndEnable(ROUTING);
  const call = { event: "incoming_call", phone: "030 1234567" };
  const routed = await world.until("the call is routed", async () => {
    const told = await api("POST", "/workflows/route", call);
    return told.route && told;
  }, 60);
  assert.deepEqual([routed.route, routed.label, routed.contact], ["senior_support", "Senior support", contact]);
  const nobody = await api("POST", "/workflows/route", { event: "incoming_call", phone: "030 7654321" });
  assert.equal(nobody.route, null);
  await page.goto(address(`/workflows/${(await named(ROUTING)).id}`));
  const runs = page.getByRole("table", { name: "Newest runs" });
  await runs.getByText("Not routed").first().waitFor();
  await runs.getByText("Routed", { exact: true }).first().waitFor();
  await runs.getByRole("link").nth(1).click();
  await page.getByText("It goes to Senior support (senior_support).").waitFor();
  await page.getByText("It was Nora.").waitFor();
  await world.assertFitToUse(page);
});

test("activity logging: a conversation that has ended is on the contact's timeline", async () => {
  const name = "Conversations on the timeline";
  await beginWith(name);
  await saveAndEnable(name);
  await send("talk-1/ended", "conversation_ended", { facts: { summary: "Asked for prices" } });
  await over(name, "done");
  await showNewest(name);
  await page.getByRole("link", { name: "Add timeline entry" }).waitFor();
  await world.assertFitToUse(page);
});

const OWN = "Follow up";
const json = () => page.getByLabel("The workflow as JSON");

test("steps are added into steps and moved, and refused where they are wrong", async () => {
  await page.goto(address("/workflows"));
  await page.getByRole("link", { name: "New workflow" }).click();
  await page.getByLabel("Name", { exact: true }).fill(OWN);
  await page.getByLabel("What happens", { exact: true }).fill("ping");
  await page.getByLabel("Step 1", { exact: true }).selectOption("If … else");
  await world.settled(page);
  await page.getByLabel("Field of condition 1 of step 1").fill("Event: tier");
  await page.getByLabel("Field of condition 1 of step 1").blur();
  await world.settled(page);
  await page.getByLabel("Comparison of condition 1 of step 1").selectOption("is");
  await world.settled(page);
  await page.getByLabel("Value of condition 1 of step 1").fill("gold");
  await page.getByRole("button", { name: "Add a step if so, step 1" }).click();
  await world.lands(page, "Step 1 then 1");
  await page.getByLabel("Subject").fill("Call {{weather.rain}}");
  await page.getByRole("button", { name: "Add a step", exact: true }).click();
  await world.lands(page, "Step 2");
  await page.getByLabel("Step 2", { exact: true }).selectOption("Wait");
  await world.settled(page);
  await page.getByLabel("How long, how many").fill("1");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("alert").getByText("1 part below says what is wrong.").waitFor();
  await page.getByText("is no fact").first().waitFor();
  await page.getByText(/^Line \d+/).first().waitFor();
  assert.equal(await page.getByLabel("Value of condition 1 of step 1").inputValue(), "gold", "nothing typed is lost");
  await world.assertFitToUse(page);
  await page.getByLabel("Subject").fill("Call {{contact.firstname}}");
  await page.getByRole("button", { name: "Up step 2" }).click();
  const first = () => page.getByLabel("Step 1", { exact: true }).inputValue();
  await world.until("the steps change places", async () => (await first()) === "wait");
  await world.settled(page);
  await page.getByRole("button", { name: "Down step 1" }).click();
  await world.until("and back", async () => (await first()) === "if");
  await world.settled(page);
  await saveAndEnable(OWN);
  const { definition } = await named(OWN);
  assert.deepEqual(definition.steps[0].then[0].subject, "Call {{contact.firstname}}");
  assert.deepEqual(definition.steps[1].wait, { count: 1, unit: "days" });
});

test("as JSON it is the same, and what is wrong stands at its line", async () => {
  const { id, definition } = await named(OWN);
  await page.goto(address(`/workflows/${id}/edit`));
  await page.getByText("The whole workflow as JSON").click();
  await json().fill("{ \"name\": ");
  await page.getByRole("button", { name: "Take this JSON" }).click();
  await page.getByText("This is not JSON").first().waitFor();
  assert.equal((await json().inputValue()).trim(), "{ \"name\":");
  await world.assertFitToUse(page);
  const broken = structuredClone(definition);
  broken.steps[1] = { id: "pause", wait: { count: 0, unit: "days" } };
  const text = JSON.stringify(broken, null, 2);
  await json().fill(text);
  await page.getByRole("button", { name: "Save" }).click();
  const line = text.split("\n").findIndex((own) => own.includes('"wait"')) + 1;
  await page.getByText(`Line ${line}`).first().waitFor();
  const steps = [definition.steps[0], { id: "said", do: "add_note", body: "{{event.summary}}" }];
  await json().fill(JSON.stringify({ ...definition, steps }));
  await page.getByRole("button", { name: "Take this JSON" }).click();
  await page.getByLabel("Step 2", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  assert.equal((await named(OWN)).version, 2);
});

test("an earlier version is had back", async () => {
  await page.goto(address(`/workflows/${(await named(OWN)).id}`));
  await page.getByRole("button", { name: "Restore version 1" }).click();
  await page.getByText("Restored: it is the newest version now.").waitFor();
  const { version, definition } = await named(OWN);
  assert.equal(version, 3);
  assert.deepEqual(definition.steps[1].wait, { count: 1, unit: "days" });
  await page.getByRole("button", { name: "Restore version 2" }).click();
  await world.until("version 2 is the newest", async () => (await named(OWN)).version === 4);
  await world.assertFitToUse(page);
});

test("a step that HubSpot refuses is shown where it happened, and tried again from there", async () => {
  const state = await world.control("GET", "state");
  const rule = (rules) => ({ portal_id: state.portals[0].portal_id, object_type: "contacts", property: "lastname", rules });
  await world.control("PUT", "validation-rules", rule([{ kind: "alpha" }]));
  const { id, definition } = await named(OWN);
  const steps = [{ id: "rename", do: "update_record", type: "contacts", properties: { lastname: "{{event.lastname}}" } }];
  await api("PUT", `/workflows/${id}`, { ...definition, steps });
  await send("ping-1", "ping", { facts: { lastname: "R2-D2" } });
  await over(OWN, "failed");
  await showNewest(OWN);
  await page.getByText("Failed", { exact: true }).first().waitFor();
  await page.getByText("lastname").first().waitFor();
  await world.assertFitToUse(page);
  await world.control("PUT", "validation-rules", rule([]));
  await page.getByRole("button", { name: "Try again from the step that failed" }).click();
  await over(OWN, "done");
  await page.getByText("Done", { exact: true }).first().waitFor({ timeout: 30_000 });
  await page.getByText("Failed before").waitFor();
});

test("a run that waits is cancelled", async () => {
  const { id, definition } = await named(OWN);
  await api("PUT", `/workflows/${id}`, { ...definition, steps: [{ id: "long", wait: { count: 3, unit: "days" } }] });
  await send("ping-2", "ping");
  await world.until("it waits", async () => (await newest(OWN))?.steps[0]?.state === "waits", 60);
  await showNewest(OWN);
  await page.getByText("It goes on").waitFor();
  await world.assertFitToUse(page);
  await page.getByRole("button", { name: "Cancel the run" }).click();
  await page.getByText("The run is cancelled.").waitFor();
  await page.getByText("Cancelled", { exact: true }).first().waitFor();
});

test("what does not fit the account is saved, and not enabled", async () => {
  const { definition } = await named(OWN);
  const conditions = { property: "account_tier", type: "string", operator: "known" };
  const { id } = await api("POST", "/workflows", { ...definition, name: "By tier", conditions });
  await page.goto(address(`/workflows/${id}`));
  await page.getByRole("button", { name: "Enable By tier" }).click();
  await page.getByRole("alert").getByText("account_tier").waitFor();
  await world.assertFitToUse(page);
});

test("a viewer sees all of it and changes nothing", async () => {
  const viewer = await world.person();
  await viewer.goto(await world.link(workspace, { user: "bob@example.com", role: "viewer" }));
  await viewer.goto(address("/workflows"));
  await viewer.getByRole("link", { name: OWN }).click();
  await viewer.getByRole("heading", { name: "Versions" }).waitFor();
  assert.equal(await viewer.getByRole("button", { name: /^(Pause|Enable|Restore)/ }).count(), 0);
  assert.equal((await viewer.goto(address("/workflows/new"))).status(), 403);
});

test("it is paused, and deleted", async () => {
  await page.goto(address("/workflows"));
  await page.getByRole("button", { name: `Pause ${OWN}` }).click();
  await page.getByText("Paused: it does nothing until it is enabled again").waitFor();
  await page.getByRole("link", { name: `Delete ${OWN}` }).click();
  await world.assertFitToUse(page);
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByText("The workflow is deleted.").waitFor();
  assert.equal(await named(OWN), undefined);
});
