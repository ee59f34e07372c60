// The pages of one connection that tell how it is kept in step: streams with their checks, pausing, a full read, and the
// fields of each type. One story, in this order.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let workspace;
let connection;
let page;

before(async () => {
  ({ workspace, page, connection } = await world.synced());
});
after(world.quit);

const address = (rest = "") => `${world.SPOKE}/w/${workspace}/connections/${connection}${rest}`;
const state = async () => (await world.spoke("GET", `/v1/connections/${connection}`)).state;
const stream = (name) => page.getByRole("region", { name });

test("by keyboard, the Integrations page leads to how the account is kept in step", async () => {
  await world.tabTo(page, "Sync of Example Inc");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Example Inc", level: 1 }).waitFor();
  await stream("Contacts").getByText("2,000 in step with HubSpot").waitFor();
  await stream("Contacts").getByText("HubSpot is asked for changes.").waitFor();
  for (const [check, words] of [["Changes", /every 100 changed/], ["Counts", /about 14/], ["Sample", /about 10/], ["Sweep", /about 20 over the week/]]) {
    await stream("Contacts").getByRole("row", { name: new RegExp(`^${check}`) }).getByText(words).waitFor();
  }
  await world.assertFitToUse(page);
});

test("a change in HubSpot shows there by itself: live, by webhooks", async () => {
  const loaded = await page.evaluate(() => performance.timeOrigin);
  const { id } = await world.someContact();
  await world.control("POST", "contacts/edit", { id, properties: { firstname: "Grace" } });
  await stream("Contacts").getByText("HubSpot tells of changes at once").waitFor({ timeout: 30_000 });
  await stream("Contacts").getByText("Live", { exact: true }).waitFor();
  assert.equal(await page.evaluate(() => performance.timeOrigin), loaded);
});

test("Pause holds everything and says so; Resume goes on", async () => {
  await world.tabTo(page, "Pause");
  await page.keyboard.press("Enter");
  await page.getByText(/^Paused: nothing more is read/).waitFor();
  await page.getByText("Paused", { exact: true }).waitFor();
  assert.equal(await state(), "paused_by_person");
  await world.assertFitToUse(page);
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByText(/^Resumed:/).waitFor();
  await page.getByText("Connected", { exact: true }).waitFor();
  assert.equal(await state(), "active");
});

test("a full read is asked for on a page that says what it costs, and shows its progress", async () => {
  await stream("Contacts").getByRole("link", { name: "Resync contacts" }).click();
  await page.getByRole("heading", { name: "Read all contacts of Example Inc again?" }).waitFor();
  await page.getByText("about 21", { exact: true }).waitFor();
  await world.assertFitToUse(page);
  await world.control("POST", "faults", { fault: { kind: "latency", ms: 1000 }, endpoint: "list" });
  await world.tabTo(page, "Read all contacts again");
  await page.keyboard.press("Enter");
  await page.getByText("The full read has begun.").waitFor();
  await stream("Contacts").getByRole("progressbar", { name: "Contacts" }).waitFor();
  await page.getByText("First sync", { exact: true }).waitFor();
  await world.assertFitToUse(page);
  await world.control("DELETE", "faults");
  await stream("Contacts").getByText("2,000 in step with HubSpot").waitFor({ timeout: 60_000 });
});

test("the fields of a type are found by typing, and by a press of Enter where nothing is typed ahead", async () => {
  await page.getByRole("link", { name: "Fields", exact: true }).click();
  await page.getByRole("table", { name: "Fields of contacts" }).waitFor();
  await page.getByText(/^\d+ fields · read /).waitFor();
  await world.assertFitToUse(page);
  await page.getByRole("searchbox").fill("lifecyclestage");
  await page.getByText(/^\d+ fields? shown of \d+ in HubSpot/).waitFor();
  await page.getByText("lifecyclestage", { exact: true }).waitFor();
  assert.equal(new URL(page.url()).search, "", "typing leaves no trace in the address");
  await page.getByRole("searchbox").fill("no such field");
  await page.keyboard.press("Enter");
  // What is typed finds nothing as well, on the page that is being left.
  await page.waitForURL((url) => url.searchParams.get("q") === "no such field");
  await page.getByText("No field matches").waitFor();
  await world.assertFitToUse(page);
  await page.getByRole("link", { name: "Show all fields of contacts" }).click();
  // A choice is heard once that page's scripts have run.
  await page.waitForURL((url) => !url.searchParams.has("q"));
  await page.getByLabel("Which fields").selectOption("calculated");
  await page.getByText(/^\d+ fields? shown of/).waitFor();
  await page.getByRole("link", { name: "Companies" }).click();
  await page.getByRole("table", { name: "Fields of companies" }).waitFor();
});

test("a field made in HubSpot appears with Refresh fields, and stands in what has changed", async () => {
  await page.goto(address("/fields/contacts"));
  const { token } = await world.control("POST", "private-tokens", {});
  const made = await fetch(`${world.HUBSPOT}/crm/properties/2026-09/contacts`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "shoe_size", label: "Shoe size", type: "number", fieldType: "number", groupName: "contactinformation" }),
  });
  assert.equal(made.status, 201, await made.text());
  await world.tabTo(page, "Refresh fields");
  await page.keyboard.press("Enter");
  await page.getByText("shoe_size", { exact: true }).last().waitFor({ timeout: 60_000 });
  await page.getByText("appeared: number (number/number)").waitFor();
  assert.equal(new URL(page.url()).search, "");
  await page.getByRole("searchbox").fill("shoe");
  await page.getByText(/^\d+ fields? shown of \d+ in HubSpot/).waitFor();
  await page.getByText("Shoe size", { exact: true }).waitFor();
  await world.assertFitToUse(page);
});

test("a viewer sees all of it and can change nothing", async () => {
  const viewer = await world.person();
  await viewer.goto(await world.link(workspace, { user: "vi@example.com", role: "viewer" }));
  await viewer.getByRole("heading", { name: "Integrations", level: 1 }).waitFor();
  for (const rest of ["", "/fields/contacts"]) {
    assert.equal((await viewer.goto(address(rest))).status(), 200);
    assert.deepEqual(await viewer.getByRole("button").allTextContents(), rest ? ["Sign out", "Find"] : ["Sign out"]);
  }
  assert.equal((await viewer.goto(address("/streams/contacts/resync"))).status(), 403);
  // A form of theirs that somebody made up.
  await viewer.goto(address());
  const status = await viewer.evaluate(async (to) => {
    const csrf = document.querySelector("input[name=csrf]").value;
    return (await fetch(to, { method: "POST", body: new URLSearchParams({ csrf }) })).status;
  }, address("/pause"));
  assert.equal(status, 403);
  assert.equal(await state(), "active");
});

test("without the form's token nothing is done", async () => {
  const status = await page.evaluate(
    async (to) => (await fetch(to, { method: "POST", body: new URLSearchParams({ csrf: "guessed" }) })).status,
    address("/pause"),
  );
  assert.equal(status, 403);
  assert.equal(await state(), "active");
  page.complaints.length = 0;
});

test("another workspace's connection is not there", async () => {
  const other = await world.createWorkspace("Contoso");
  const stranger = await world.person();
  await stranger.goto(await world.link(other));
  const response = await stranger.goto(`${world.SPOKE}/w/${other}/connections/${connection}`);
  assert.equal(response.status(), 404);
});
