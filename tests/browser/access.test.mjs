// An administrator without the right to install apps connects by a token, finds out what works, replaces the token,
// and watches how much of HubSpot's limits is used. The tests are one story and run in this order.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let workspace;
let page;
let token;
let account;

const SCOPES = ["oauth", "crm.objects.contacts.read", "crm.schemas.contacts.read", "crm.objects.companies.read", "crm.schemas.companies.read"];
const newToken = async (given = {}) => (await world.control("POST", "private-tokens", { portal_id: account, scopes: SCOPES, ...given })).token;
const connections = async () => (await world.spoke("GET", `/v1/workspaces/${workspace}/connections`)).results;

before(async () => {
  account = (await world.control("GET", "state")).portals[0].portal_id;
  workspace = await world.createWorkspace("Northwind Traders");
  page = await world.person();
  await page.goto(await world.link(workspace));
  token = await newToken();
});
after(world.quit);

test("the form says where a token comes from, the service key first, and which scopes it needs", async () => {
  await page.getByRole("link", { name: "Connect with a token" }).click();
  await page.getByRole("heading", { name: "Connect with a token", level: 1 }).waitFor();
  await page.getByText("crm.objects.contacts.read", { exact: true }).waitFor();
  const ways = await page.getByRole("complementary").getByRole("heading", { level: 3 }).allTextContents();
  assert.deepEqual(ways, ["A service key (simplest)", "A private app's token", "Scopes"]);
  await world.assertFitToUse(page);
});

test("a token that HubSpot does not know is refused at once, in words, and nothing is kept of it", async () => {
  await page.getByLabel("Connection name").fill("Production");
  await page.getByLabel("Token", { exact: true }).fill("pat-na1-never-made");
  await page.getByRole("button", { name: "Check and connect" }).click();
  await page.getByRole("alert").getByText("HubSpot does not accept this token").waitFor();
  assert.equal(await page.getByLabel("Connection name").inputValue(), "Production");
  assert.equal(await page.getByLabel("Token", { exact: true }).inputValue(), "");
  assert.deepEqual(await connections(), []);
  await world.assertFitToUse(page);
});

test("a token without a required scope is refused by the scope's name", async () => {
  await page.getByLabel("Token", { exact: true }).fill(await newToken({ scopes: ["oauth", "crm.objects.contacts.read"] }));
  await page.getByRole("button", { name: "Check and connect" }).click();
  await page.getByRole("alert").getByText("crm.schemas.contacts.read").waitFor();
  assert.deepEqual(await connections(), []);
});

test("a good token connects: CONNECTED under its own name, and the first sync runs", async () => {
  await page.getByLabel("Token", { exact: true }).fill(token);
  await page.keyboard.press("Enter");
  await page.getByText("HubSpot is connected.").waitFor();
  await page.getByRole("heading", { name: "Production", level: 2 }).waitFor();
  await page.getByText("by a token").waitFor();
  await page.getByText("synced from HubSpot").first().waitFor({ timeout: 60_000 });
  const [connection] = await connections();
  assert.deepEqual([connection.kind, connection.name, connection.state], ["token", "Production", "active"]);
  await world.assertFitToUse(page);
});

test("Test connection says what works and what does not, by name, while one looks on", async () => {
  await page.getByRole("link", { name: "Access", exact: false }).first().click();
  await page.getByText("Not tested yet.").waitFor();
  await page.getByText("Changes come every five minutes").waitFor();
  await page.getByRole("button", { name: "Test connection" }).click();
  await page.getByText("Not everything works.").waitFor({ timeout: 30_000 });
  const works = async (name) => page.locator("li", { hasText: name }).getByText(": works", { exact: true }).count();
  assert.deepEqual([await works("Read contacts"), await works("Read companies"), await works("Read deals")], [1, 1, 0]);
  await page.getByText("crm.objects.deals.read").first().waitFor();
  await world.assertFitToUse(page);
});

test("a half-typed name outlives what the page asks for by itself", async () => {
  const name = page.getByLabel("What people here call this connection");
  await name.fill("Half a na");
  const asked = page.waitForResponse((response) => response.url().endsWith("/access/live"));
  // As when a person comes back to the tab.
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await asked;
  await world.settled(page);
  assert.equal(await name.inputValue(), "Half a na");
});

test("the connection is renamed", async () => {
  await page.getByLabel("What people here call this connection").fill("Sandbox");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The connection has its new name.").waitFor();
  await page.getByRole("heading", { name: "Sandbox", level: 1 }).waitFor();
});

test("Update credentials refuses a token of another account and says why; a good one goes on where the old was", async () => {
  await world.control("POST", "portals", { portal_id: 99_001, contacts: 5 });
  const foreign = await newToken({ portal_id: 99_001 });
  await page.getByRole("link", { name: "Update credentials" }).click();
  await page.getByLabel("Token", { exact: true }).fill(foreign);
  await page.getByRole("button", { name: "Check and save" }).click();
  await page.getByRole("alert").getByText("This token is for HubSpot account 99001").waitFor();
  await world.assertFitToUse(page);
  const before = await connections();
  const next = await newToken();
  await page.getByLabel("Token", { exact: true }).fill(next);
  await page.getByRole("button", { name: "Check and save" }).click();
  await page.getByText("The token is good and in use.").waitFor();
  await world.control("POST", "private-tokens/remove", { token });
  token = next;
  const newest = () => world.spoke("GET", `/v1/connections/${before[0].id}/test`);
  // The test of before is done, too.
  const { asked_at } = await newest();
  await page.getByRole("button", { name: "Test connection" }).click();
  const { results } = await world.until("the test ends", async () => [await newest()].find((one) => one.asked_at !== asked_at && one.state === "done"));
  assert.deepEqual(results.slice(0, 2).map((result) => [result.check, result.works]), [["account", true], ["contacts", true]]);
});

test("the limits are shown with a chart of the last day, and a tier can be said", async () => {
  await page.getByRole("link", { name: "Limits" }).click();
  await page.getByRole("heading", { name: "Last 24 hours" }).waitFor();
  await page.locator("#chart").waitFor();
  // Something is drawn: not every pixel is as it was.
  await world.until("a drawn chart", () =>
    page.locator("#chart").evaluate((canvas) => canvas.width > 0 && canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((byte) => byte > 0)),
  );
  await page.getByRole("row", { name: /People/ }).first().waitFor();
  await world.assertFitToUse(page);
  await page.getByLabel("Tier", { exact: true }).selectOption("enterprise");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Calls are paced by this from now on").waitFor();
  assert.equal(await page.getByLabel("Tier", { exact: true }).inputValue(), "enterprise");
  const [{ id }] = await connections();
  const limits = await world.spoke("GET", `/v1/connections/${id}/limits`);
  assert.equal(limits.tier, "enterprise");
  const counts = limits.last_24_hours.flatMap((hour) => hour.calls).filter((count) => count.caller === "person");
  // A test asks once of each of the seven.
  assert.ok(counts.reduce((sum, count) => sum + count.calls, 0) >= 7, JSON.stringify(limits.last_24_hours));
});

test("a dead token is told, and the way on is Update credentials", async () => {
  await world.control("POST", "private-tokens/remove", { token });
  await page.goto(`${world.SPOKE}/w/${workspace}/integrations`);
  const [{ id }] = await connections();
  await page.goto(`${world.SPOKE}/w/${workspace}/connections/${id}/access`);
  await page.getByRole("button", { name: "Test connection" }).click();
  await page.getByText("HubSpot no longer accepts this connection's token").waitFor({ timeout: 30_000 });
  await world.assertFitToUse(page);
});
