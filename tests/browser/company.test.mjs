// Whatever somebody can have done in HubSpot from the page of a company: each is asked for, what is wrong is said where it is and nothing typed
// is lost, and at the end HubSpot has it. One story, in this order.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let workspace;
let connection;
let page;
let company;
let list;

const address = (rest) => `${world.SPOKE}/w/${workspace}/connections/${connection}${rest}`;
const api = (rest) => world.spoke("GET", `/v1/connections/${connection}/${rest}`);
/** Lines that the simulator tells. */
const lines = async (path) => (await (await fetch(`${world.HUBSPOT}/__control/${path}`)).text()).split("\n").filter(Boolean).map((line) => JSON.parse(line));
/** The records of a type in HubSpot that have this value. */
const having = async (type, name, value) => (await lines(`${type}/dump`)).filter((record) => record.properties[name] === value);
const inHubSpot = async () => (await lines("companies/dump")).find((record) => String(record.id) === company).properties;
/** How many companies a record of HubSpot's is linked to that are this one. */
const linked = async (type, id) => {
  const links = await lines(`associations/dump?from_type=${type}&to_type=companies`);
  return links.filter((link) => link.from === String(id) && link.to === company).length;
};

/** From the company's page to the form of an action. */
const begin = async (words) => {
  await page.goto(address(`/records/companies/${company}`));
  await page.getByRole("region", { name: "In HubSpot", exact: true }).getByRole("link", { name: words }).click();
  await page.getByRole("heading", { name: words, level: 2 }).waitFor();
};
const send = (words) => page.getByRole("button", { name: words, exact: true }).click();
/** Has it done, and waits until the action's page says that it is. */
const done = async (words) => {
  await send(words);
  await page.waitForURL((url) => /\/outbox\/act_\w+$/.test(url.pathname));
  await page.getByText("It is in HubSpot.", { exact: true }).waitFor({ timeout: 30_000 });
};

before(async () => {
  // Lists and owners are read when the account is connected.
  list = (await world.control("POST", "lists/create", { name: "Target accounts", object_type: "companies", processing: "MANUAL", members: 0 })).id;
  ({ workspace, page, connection } = await world.synced());
  const properties = { name: "Analytical Engines", domain: "engines.com" };
  company = String((await world.control("POST", "companies/create", { properties })).id);
  await world.until("the new company in the mirror", () => api(`records/companies/${company}`).catch(() => null));
  await world.until("the list is known", async () => (await api("lists")).results.some((known) => known.id === list));
  await world.until("the owners are known", async () => (await api("owners")).results.length > 0);
});
after(world.quit);

test("the page offers what can be done with a company", async () => {
  await page.goto(address(`/records/companies/${company}`));
  await page.getByRole("heading", { name: "Analytical Engines", level: 2 }).waitFor();
  const offered = await page.getByRole("region", { name: "In HubSpot", exact: true }).getByRole("link").allInnerTexts();
  assert.deepEqual(offered, [
    "Claim account",
    "Add note",
    "Create task",
    "Log call",
    "Add timeline entry",
    "Update record",
    "Add to list",
    "Remove from list",
  ]);
  await world.assertFitToUse(page);
});

test("the account is claimed: whoever looks at the form is chosen", async () => {
  const ada = (await world.control("GET", "owners")).results.find((owner) => owner.email === "ada@example.com");
  await begin("Claim account");
  assert.equal(await page.getByLabel("Owner").inputValue(), String(ada.id));
  await world.assertFitToUse(page);
  await done("Claim account");
  assert.equal((await inHubSpot()).hubspot_owner_id, String(ada.id));
});

test("a task without a subject is refused there, and made with one", async () => {
  await begin("Create task");
  await page.getByLabel("Subject").fill("   ");
  await page.getByLabel("Priority").selectOption("High");
  await page.getByLabel("Notes").fill("They asked for a price.");
  await send("Create task");
  await page.getByText("This is needed.").waitFor();
  await page.getByRole("alert").getByText("1 field below says what is wrong. Nothing was written.").waitFor();
  await world.lands(page, "Subject");
  await world.assertFitToUse(page);
  assert.equal(await page.getByLabel("Notes").inputValue(), "They asked for a price.");
  await page.getByLabel("Subject").fill("Call the engineers");
  await done("Create task");
  const [task, ...others] = await having("tasks", "hs_task_subject", "Call the engineers");
  assert.deepEqual(others, []);
  assert.deepEqual([task.properties.hs_task_priority, task.properties.hs_task_body], ["HIGH", "They asked for a price."]);
  assert.equal(await linked("tasks", task.id), 1);
});

test("a call that lasts for days is refused at its minutes, and what was typed stays", async () => {
  await begin("Log call");
  await page.getByLabel("Title").fill("Asked for a price");
  await page.getByLabel("Outcome").selectOption("Left voicemail");
  await page.getByLabel("Minutes").fill("3000");
  await send("Log call");
  await page.getByText("A call lasts 0 to 1,440 minutes.").waitFor();
  await world.lands(page, "Minutes (optional)");
  await world.assertFitToUse(page);
  assert.equal(await page.getByLabel("Title").inputValue(), "Asked for a price");
  await page.getByLabel("Minutes").fill("12");
  await done("Log call");
  const [call, ...others] = await having("calls", "hs_call_title", "Asked for a price");
  assert.deepEqual(others, []);
  assert.equal(call.properties.hs_call_duration, "720000");
  assert.equal(await linked("calls", call.id), 1);
});

test("a note is added, and a form that comes twice is done once", async () => {
  await begin("Add note");
  await page.getByLabel("Note").fill("Their engine is of brass.");
  const answer = () =>
    page.evaluate(async () => {
      const form = document.getElementById("form");
      const body = new URLSearchParams(new FormData(form));
      body.set("do", "do");
      return (await fetch(form.action, { method: "POST", body })).text();
    });
  assert.match(await answer(), /It is on its way; how it goes stands below\./);
  assert.match(await answer(), /This form was sent before, and is done once/);
  await page.goto(address("/outbox"));
  await page.getByRole("link", { name: "Add note" }).click();
  await page.getByText("It is in HubSpot.", { exact: true }).waitFor({ timeout: 30_000 });
  const [note, ...others] = await having("notes", "hs_note_body", "Their engine is of brass.");
  assert.deepEqual(others, []);
  assert.equal(await linked("notes", note.id), 1);
});

test("an entry on the timeline takes safe links only, and is a note where HubSpot takes no events", async () => {
  await begin("Add timeline entry");
  await page.getByLabel("Title").fill("Signed the order");
  await page.getByLabel("Text").fill("Two engines.");
  await page.getByLabel("Link to more").fill("http://engines.com/orders/1");
  await send("Add timeline entry");
  await page.getByText("A link begins with https://").waitFor();
  await world.lands(page, "Link to more (optional)");
  await world.assertFitToUse(page);
  assert.equal(await page.getByLabel("Title").inputValue(), "Signed the order");
  assert.equal(await page.getByLabel("Text").inputValue(), "Two engines.");
  await page.getByLabel("Link to more").fill("https://engines.com/orders/1");
  await done("Add timeline entry");
  const notes = (await lines("notes/dump")).filter((note) => note.properties.hs_note_body?.includes("Signed the order"));
  assert.equal(notes.length, 1);
  assert.ok(notes[0].properties.hs_note_body.includes("https://engines.com/orders/1"));
  assert.equal(await linked("notes", notes[0].id), 1);
});

test("fields are changed: what fits no field and what is no value are said together, each at its row", async () => {
  await begin("Update record");
  await page.getByLabel("HubSpot's field 1").fill("Nonsense");
  await page.getByLabel("Its new value of field 1").fill("1200");
  await page.getByRole("button", { name: "Add a field" }).click();
  // The focus goes to the row's first box before the second is filled.
  await world.settled(page);
  await page.getByLabel("HubSpot's field 2").fill("Neither");
  await page.getByLabel("Its new value of field 2").fill("1");
  // Looking is refused too, and whoever looks is taken to the reason at the head of the form.
  await send("Show what would be written");
  await page.getByText("There is no field “Nonsense” that can be written.").waitFor();
  await page.getByText("There is no field “Neither” that can be written.").waitFor();
  await world.settled(page);
  await page.locator("#form [role=alert]:focus").waitFor();
  await world.assertFitToUse(page);
  await page.getByRole("button", { name: "Remove field 2" }).click();
  await page.getByLabel("HubSpot's field 2").waitFor({ state: "detached" });
  await world.settled(page);
  await page.getByLabel("HubSpot's field 1").fill("numberofemployees");
  await page.getByLabel("Its new value of field 1").fill("many");
  await send("Update record");
  await page.getByText("is a number: write it without separators").waitFor();
  await world.lands(page, "HubSpot's field 1");
  assert.equal(await page.getByLabel("Its new value of field 1").inputValue(), "many");
  await world.assertFitToUse(page);
  await page.getByLabel("Its new value of field 1").fill("1200");
  await send("Show what would be written");
  await page.getByRole("cell", { name: "1200" }).waitFor();
  assert.notEqual((await inHubSpot()).numberofemployees, "1200", "looking writes nothing");
  await world.settled(page);
  await done("Update record");
  assert.equal((await inHubSpot()).numberofemployees, "1200");
  const mirrored = async () => (await api(`records/companies/${company}`)).properties.numberofemployees === "1200";
  await world.until("the new value in the mirror", mirrored);
});

test("the company comes on a list, and off it", async () => {
  const members = async () => (await lines(`lists/dump?list=${list}`)).map((member) => member.id);
  await begin("Add to list");
  await page.getByLabel("List").selectOption("Target accounts");
  await world.assertFitToUse(page);
  await done("Add to list");
  await page.getByText("Target accounts").waitFor();
  assert.deepEqual(await members(), [company]);
  await begin("Remove from list");
  await page.getByLabel("List").selectOption("Target accounts");
  await done("Remove from list");
  assert.deepEqual(await members(), []);
});

test("what is no domain is refused there; a company is imported, and leads to its page", async () => {
  await page.goto(address("/outbox"));
  await page.getByRole("link", { name: "Import company" }).click();
  await page.getByLabel("Company domain").fill("not a domain");
  await page.getByLabel("Name").fill("Difference Works");
  await send("Import company");
  await page.getByText(/^What was given /).waitFor();
  await world.lands(page, "Company domain");
  await world.assertFitToUse(page);
  assert.equal(await page.getByLabel("Name").inputValue(), "Difference Works");
  await page.getByLabel("Company domain").fill("difference.com");
  await done("Import company");
  const [made, ...others] = await having("companies", "domain", "difference.com");
  assert.deepEqual(others, []);
  assert.equal(made.properties.name, "Difference Works");
  await world.until("it in the mirror", async () => (await api("records/companies?domain=difference.com")).results.length === 1);
  await page.getByRole("link", { name: String(made.id), exact: true }).click();
  await page.getByRole("heading", { name: "Difference Works", level: 2 }).waitFor();
});

test("a contact is imported into their company", async () => {
  await page.goto(address("/outbox"));
  await page.getByRole("link", { name: "Import contact" }).click();
  await page.getByLabel("E-mail address").fill("charles@engines.com");
  await page.getByLabel("First name").fill("Charles");
  await page.getByLabel("Domain of their company").fill("engines.com");
  await world.assertFitToUse(page);
  await done("Import contact");
  const [contact] = await world.until("the contact in the mirror", async () => {
    const { results } = await api("records/contacts?email=charles@engines.com");
    return results.length === 1 && results;
  });
  assert.equal(contact.properties.firstname, "Charles");
  assert.equal(await linked("contacts", contact.id), 1);
});
