// Somebody has things done in HubSpot from the page of a contact: looks at what would be written, has it done, sees how it goes; what a
// rule of the account refuses is told and tried again; what is switched off is gone. One story, in this order.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let workspace;
let connection;
let page;
let contact;

const address = (rest) => `${world.SPOKE}/w/${workspace}/connections/${connection}${rest}`;
const atContact = () => page.goto(address(`/records/contacts/${contact}`));
const dump = async (type) => (await (await fetch(`${world.HUBSPOT}/__control/${type}/dump`)).text()).trim().split("\n").filter(Boolean).map((line) => JSON.parse(line));
const look = async (name) => {
  if (process.env.SPOKE_SHOTS) await page.screenshot({ path: `${process.env.SPOKE_SHOTS}/${name}.png`, fullPage: true });
};

before(async () => {
  ({ workspace, page, connection } = await world.synced());
  const properties = { email: "ada@northwind.com", firstname: "Ada", lastname: "Lovelace" };
  contact = (await world.control("POST", "contacts/create", { properties })).id;
  const mirrored = () => world.spoke("GET", `/v1/connections/${connection}/records/contacts/${contact}`).catch(() => null);
  await world.until("the new contact in the mirror", mirrored);
});
after(world.quit);

test("by keyboard, a task is asked for from the contact's page, shown first, then made", async () => {
  await page.goto(address("/outbox"));
  await page.getByText("Nothing was written yet").waitFor();
  await world.assertFitToUse(page);
  await atContact();
  await world.assertFitToUse(page);
  await world.tabTo(page, "Create task");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Create task" }).waitFor();
  await world.assertFitToUse(page);
  await page.getByLabel("Subject").fill("Call Ada back");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "What would be written" }).waitFor();
  await page.getByRole("cell", { name: "Call Ada back" }).waitFor();
  await look("act-preview");
  await world.assertFitToUse(page);
  assert.equal((await dump("tasks")).filter((task) => task.properties.hs_task_subject === "Call Ada back").length, 0, "looking writes nothing");
  await world.tabTo(page, "Create task");
  await page.keyboard.press("Enter");
  await page.getByText("It is in HubSpot.").waitFor();
  await look("outbox-done");
  await world.assertFitToUse(page);
  assert.equal((await dump("tasks")).filter((task) => task.properties.hs_task_subject === "Call Ada back").length, 1);
});

test("a field is changed as it is called, with its old value beside; what is no field is said at its row", async () => {
  await atContact();
  await page.getByRole("link", { name: "Update record" }).click();
  await page.getByLabel("HubSpot's field 1").fill("Nonsense");
  await page.getByLabel("Its new value of field 1").fill("Augusta");
  await page.getByRole("button", { name: "Update record" }).click();
  await page.getByText("There is no field “Nonsense” that can be written.").waitFor();
  await world.assertFitToUse(page);
  await page.getByLabel("HubSpot's field 1").fill("firstname");
  await page.getByRole("button", { name: "Add a field" }).click();
  // The focus goes to the row's first box before the second is filled.
  await world.settled(page);
  await page.getByLabel("HubSpot's field 2").fill("lifecyclestage");
  await page.getByLabel("Its new value of field 2").fill("nonsense");
  await page.getByRole("button", { name: "Show what would be written" }).click();
  await page.getByText("has no such option").waitFor();
  await page.getByRole("button", { name: "Remove field 2" }).click();
  await page.getByLabel("HubSpot's field 2").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Show what would be written" }).click();
  const row = page.getByRole("row").filter({ hasText: "Augusta" });
  await row.getByText("Ada", { exact: true }).waitFor();
  await row.getByText("Augusta", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Update record" }).click();
  await page.getByText("It is in HubSpot.").waitFor();
  const mirrored = async () => (await world.spoke("GET", `/v1/connections/${connection}/records/contacts/${contact}`)).properties.firstname === "Augusta";
  await world.until("the new name in the mirror", mirrored);
});

test("what a rule of the account refuses says so, and is tried again", async () => {
  const rule = (rules) => world.control("PUT", "validation-rules", { object_type: "contacts", property: "jobtitle", rules });
  await rule([{ kind: "max_length", characters: 3 }]);
  await atContact();
  await page.getByRole("link", { name: "Update record" }).click();
  await page.getByLabel("HubSpot's field 1").fill("jobtitle");
  await page.getByLabel("Its new value of field 1").fill("Countess");
  await page.getByRole("button", { name: "Update record" }).click();
  await page.getByText("A rule that somebody made in HubSpot refuses the value").waitFor();
  await look("outbox-failed");
  await world.assertFitToUse(page);
  await rule([]);
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("It is in HubSpot.").waitFor();
});

test("a company that is there already is found, not made", async () => {
  const properties = { name: "Analytical Engines", domain: "engines.com" };
  const { id } = await world.control("POST", "companies/create", { properties });
  const mirrored = () => world.spoke("GET", `/v1/connections/${connection}/records/companies/${id}`).catch(() => null);
  await world.until("the new company in the mirror", mirrored);
  await page.goto(address("/outbox"));
  await page.getByRole("link", { name: "Import company" }).click();
  await page.getByLabel("Company domain").fill("engines.com");
  await page.getByRole("button", { name: "Import company" }).click();
  await page.getByText("It was there already, so none was made.").waitFor();
  assert.equal((await dump("companies")).filter((company) => company.properties.domain === "engines.com").length, 1);
});

test("the outbox tells of all of it, and of each state apart", async () => {
  await page.goto(address("/outbox"));
  for (const words of ["Import company", "Update record", "Create task"]) {
    await page.getByRole("listitem").filter({ hasText: "Done" }).getByRole("link", { name: words }).first().waitFor();
  }
  await look("outbox");
  await world.assertFitToUse(page);
  await page.getByRole("navigation", { name: "States" }).getByRole("link", { name: "Failed" }).click();
  await page.getByText("No action stands so: failed.").waitFor();
  await page.getByText("Dry runs, of which nothing is written, are under “Dry run” alone.").waitFor();
  assert.equal(await page.getByRole("listitem").filter({ hasText: "Dry run" }).filter({ hasText: "Create task" }).count(), 0);
  await page.getByRole("navigation", { name: "States" }).getByRole("link", { name: "Dry run" }).click();
  await page.getByRole("link", { name: "Create task" }).first().waitFor();
});

test("a job of many requests has a page with its progress, and its failures apart", async () => {
  const update = (record, lastname) => ({ action: "update_record", type: "contacts", record, properties: { lastname } });
  const bulk = (action) => world.spoke("POST", `/v1/connections/${connection}/actions/bulk?job=nightly-1`, action);
  await bulk(update(contact, "King"));
  await bulk({ ...update(contact, "Lovelace"), id: "second" });
  await bulk(update("999999999999", "Nobody"));
  await page.goto(address("/outbox?job=nightly-1"));
  await page.getByRole("heading", { name: "Job nightly-1" }).waitFor();
  await page.getByText("Over: 3 writes, 2 done.").waitFor({ timeout: 60_000 });
  await page.getByRole("progressbar", { name: "Progress of the job nightly-1" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Update record" }).count(), 3);
  await look("outbox-job");
  await world.assertFitToUse(page);
  await page.getByRole("link", { name: "1 failed" }).click();
  await page.getByRole("link", { name: "Update record" }).click();
  await page.getByRole("link", { name: "nightly-1" }).click();
  await page.getByRole("heading", { name: "Job nightly-1" }).waitFor();
});

test("options are told by their labels, with the value that HubSpot has", async () => {
  const body = { action: "update_record", type: "contacts", record: contact, properties: { lifecyclestage: "lead" }, dry_run: true };
  const { id } = await world.spoke("POST", `/v1/connections/${connection}/actions`, body);
  await page.goto(address(`/outbox/${id}`));
  await page.getByRole("cell", { name: "Lead (lead)" }).waitFor();
  await world.assertFitToUse(page);
});

test("what is switched off is offered and taken no more", async () => {
  await page.goto(address("/outbox"));
  await page.getByRole("link", { name: "Switch actions off" }).click();
  await page.getByLabel("Add note").uncheck();
  await world.assertFitToUse(page);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  await atContact();
  await page.getByRole("link", { name: "Create task" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Add note" }).count(), 0);
  await page.goto(address(`/act/add_note?type=contacts&id=${contact}`));
  await page.getByLabel("Note").fill("Hello");
  await page.getByRole("button", { name: "Add note" }).click();
  await page.getByText("An administrator has switched this action off").waitFor();
});

test("a viewer sees the outbox and can do nothing", async () => {
  const viewer = await world.person();
  await viewer.goto(await world.link(workspace, { role: "viewer" }));
  await viewer.goto(address("/outbox"));
  await viewer.getByRole("link", { name: "Import company" }).first().waitFor();
  assert.equal(await viewer.getByRole("link", { name: "Switch actions off" }).count(), 0);
  await viewer.goto(address(`/records/contacts/${contact}`));
  await viewer.getByRole("heading", { name: "Augusta Lovelace" }).waitFor();
  assert.equal(await viewer.getByRole("link", { name: "Create task" }).count(), 0);
  const refused = await viewer.goto(address(`/act/create_task?type=contacts&id=${contact}`));
  assert.equal(refused.status(), 403);
});
