// Records: the list, the way to one of them, its properties and what happened to it, reading it again. One story, in this order.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let workspace;
let connection;
let page;
let contact;

before(async () => {
  ({ workspace, page, connection } = await world.synced());
  const { id } = await world.control("POST", "contacts/create", {
    properties: { email: "ada.lovelace@analytical.example", firstname: "Ada", lastname: "Lovelace" },
  });
  contact = id;
});
after(world.quit);

const address = (rest) => `${world.SPOKE}/w/${workspace}/connections/${connection}${rest}`;

test("by keyboard, the newest contacts are listed, and a page further older ones", async () => {
  await world.until("the new contact in the mirror", async () => {
    const found = await world.spoke("GET", `/v1/connections/${connection}/records/contacts?email=ada.lovelace@analytical.example`);
    return found.results.length === 1;
  });
  await world.tabTo(page, "Records of Example Inc");
  await page.keyboard.press("Enter");
  const table = page.getByRole("table", { name: "Contacts" });
  await table.getByRole("link", { name: "Ada Lovelace" }).waitFor();
  // The newest comes in first, the others after it.
  await page.waitForLoadState();
  assert.equal(await table.getByRole("row").count(), 51);
  await world.assertFitToUse(page);
  await page.getByRole("link", { name: "Older" }).click();
  await page.getByRole("link", { name: "Newer" }).waitFor();
  assert.equal(await table.getByRole("link", { name: "Ada Lovelace" }).count(), 0);
  await page.getByRole("link", { name: "Newer" }).click();
  await table.getByRole("link", { name: "Ada Lovelace" }).waitFor();
});

test("an e-mail address in any case leads to its contact, and stands in no address", async () => {
  await page.getByRole("searchbox").fill("ADA.Lovelace@analytical.example");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Ada Lovelace", level: 2 }).waitFor();
  assert.equal(new URL(page.url()).pathname, `/w/${workspace}/connections/${connection}/records/contacts/${contact}`);
  await world.assertFitToUse(page);
});

test("a record shows its properties, which can be narrowed by label, name or value", async () => {
  const value = page.getByText("ada.lovelace@analytical.example", { exact: true });
  await value.waitFor();
  const filter = page.getByRole("searchbox");
  await filter.fill("LOVELACE");
  await value.waitFor();
  assert.equal(await page.getByText("firstname", { exact: true }).isVisible(), false);
  await filter.fill("nothing like it");
  await page.getByText("No property contains that.").waitFor();
  await filter.fill("");
  assert.ok(!page.url().includes("?"));
});

test("what it is linked to leads there, and the lists that have it are named", async () => {
  const company = await world.control("POST", "companies/create", { properties: { name: "Analytical Engines", domain: "engines.example" } });
  const list = await world.control("POST", "lists/create", { name: "Hamburg fair", object_type: "contacts", processing: "MANUAL", members: 0 });
  await world.control("POST", "lists/add", { list: list.id, ids: [contact] });
  await world.spoke("POST", `/v1/connections/${connection}/lists/${list.id}/follow`);
  await world.control("POST", "associations/add", { from_type: "contacts", from: contact, to_type: "companies", to: company.id });
  await world.control("POST", "contacts/edit", { id: contact, properties: { city: "London" } });
  const of = (rest) => world.spoke("GET", `/v1/connections/${connection}/${rest}`);
  await world.until("the company", async () => (await of("records/companies?domain=engines.example")).results.length === 1);
  await world.until("the link", async () => (await of(`records/contacts/${contact}/associations/companies`)).results.length === 1);
  await world.until("the member", async () => (await of(`lists/${list.id}/members`)).results.length === 1);
  await page.reload();
  await page.getByText("Hamburg fair", { exact: true }).waitFor();
  await page.getByText("Joined the list “Hamburg fair”").waitFor();
  const happened = page.getByRole("region", { name: "What happened" });
  await happened.getByText("Linked to company").getByRole("link", { name: "Analytical Engines" }).waitFor();
  await world.assertFitToUse(page);
  await page.getByRole("region", { name: "Linked records" }).getByRole("link", { name: "Analytical Engines" }).click();
  await page.getByRole("heading", { name: "Analytical Engines", level: 2 }).waitFor();
  await page.getByText("Open company").waitFor({ state: "attached" });
  await happened.getByText("Linked to contact").getByRole("link", { name: "Ada Lovelace" }).waitFor();
  await page.getByRole("region", { name: "Linked records" }).getByRole("link", { name: "Ada Lovelace" }).click();
  await page.getByRole("heading", { name: "Ada Lovelace", level: 2 }).waitFor();
  await world.control("POST", "associations/remove", { from_type: "contacts", from: contact, to_type: "companies", to: company.id });
  await world.control("POST", "contacts/edit", { id: contact, properties: { city: "Paris" } });
  await world.until("the end of the link", async () => (await of(`records/contacts/${contact}/associations/companies`)).results.length === 0);
  await page.reload();
  await happened.getByText("No longer linked to company").getByRole("link", { name: "Analytical Engines" }).waitFor();
});

test("what changes in HubSpot stands in its history, old value and new", async () => {
  await world.control("POST", "contacts/edit", { id: contact, properties: { firstname: "Augusta" } });
  await world.until("the change in the feed", async () => {
    const record = await world.spoke("GET", `/v1/connections/${connection}/records/contacts/${contact}`);
    return record.properties.firstname === "Augusta";
  });
  await page.reload();
  await page.getByRole("heading", { name: "Augusta Lovelace" }).waitFor();
  const entry = page.getByRole("listitem").filter({ hasText: "Updated" }).first();
  await entry.getByText("Ada", { exact: true }).waitFor();
  await entry.getByText("Augusta", { exact: true }).waitFor();
  await page.getByText("Taken into the mirror").waitFor();
});

test("Reread reads it from HubSpot again, shows that it does, and says when it has", async () => {
  await world.control("POST", "faults", { fault: { kind: "latency", ms: 2500 }, endpoint: "batch_read" });
  await world.tabTo(page, "Reread this record");
  await page.keyboard.press("Enter");
  await page.getByRole("progressbar", { name: "Being read from HubSpot again…" }).waitFor();
  await world.assertFitToUse(page);
  await page.getByText("Read from HubSpot again: what stands here is what HubSpot holds.").waitFor({ timeout: 30_000 });
  await world.control("DELETE", "faults");
  await page.getByRole("button", { name: "Reread this record" }).waitFor();
  await page.getByRole("searchbox").fill("lovelace");
});

test("what is not there is told, with what to look for", async () => {
  await page.goto(address("/records/contacts"));
  await page.getByRole("searchbox").fill("nobody@example.com");
  await page.keyboard.press("Enter");
  await page.getByText("Nothing found for “nobody@example.com”").waitFor();
  assert.ok(!page.url().includes("nobody"));
  await world.assertFitToUse(page);
  assert.equal((await page.goto(address("/records/contacts/999999999999"))).status(), 404);
  await page.getByText("The mirror holds no record with this id").waitFor();
  await world.assertFitToUse(page);
});

test("a contact deleted in HubSpot tells its end", async () => {
  await world.control("POST", "contacts/archive", { id: contact });
  await world.until("its end in the mirror", async () => {
    const answer = await fetch(`${world.SPOKE}/v1/connections/${connection}/records/contacts/${contact}`, {
      headers: { authorization: `Bearer ${process.env.ROOT_KEY}` },
    });
    return answer.status === 404;
  });
  assert.equal((await page.goto(address(`/records/contacts/${contact}`))).status(), 200);
  await page.getByText("It is gone from HubSpot").waitFor();
  await page.getByText("Deleted", { exact: true }).waitFor();
  await world.assertFitToUse(page);
});

test("a viewer sees records and cannot have them read again", async () => {
  const viewer = await world.person();
  await viewer.goto(await world.link(workspace, { user: "vi@example.com", role: "viewer" }));
  await viewer.goto(address("/records/contacts"));
  await viewer.getByRole("table").getByRole("link").first().click();
  await viewer.getByRole("heading", { name: "What happened" }).waitFor();
  assert.equal(await viewer.getByRole("button", { name: "Reread this record" }).count(), 0);
});
