// The Integrations page as a customer's administrator meets it: connect without a mouse, watch the first sync, see a
// change arrive, disconnect, connect again. The tests are one story and run in this order.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let workspace;
let oneTimeLink;
let page;

before(async () => {
  workspace = await world.createWorkspace("Northwind Traders");
  oneTimeLink = await world.link(workspace);
  page = await world.person();
});
after(world.quit);

const connections = async () => (await world.spoke("GET", `/v1/workspaces/${workspace}/connections`)).results;
const fact = (name) => page.locator("dt", { hasText: name }).first().locator("xpath=following-sibling::dd");
/** The moment that a fact tells, in milliseconds. */
const moment = async (name) => Date.parse(await fact(name).locator("time").getAttribute("datetime"));

test("the host's link leads to the workspace's Integrations page, which offers + Connect", async () => {
  await page.goto(oneTimeLink);
  assert.equal(new URL(page.url()).pathname, `/w/${workspace}/integrations`);
  await page.getByRole("heading", { name: "Integrations", level: 1 }).waitFor();
  await page.getByText("Keep the contacts, companies and deals of Northwind Traders in step").waitFor();
  assert.equal(await page.getByRole("link", { name: "Disconnect" }).count(), 0);
  await world.assertFitToUse(page);
});

test("the link works once: whoever opens it later is told what to do", async () => {
  const late = await world.person();
  await late.goto(oneTimeLink);
  await late.getByRole("heading", { name: "This link has been used or has expired" }).waitFor();
  await late.goto(`${world.SPOKE}/w/${workspace}/integrations`);
  await late.getByRole("heading", { name: "You are signed out" }).waitFor();
  await world.assertFitToUse(late);
});

test("a viewer sees Integrations; connecting is refused, in words and by status", async () => {
  const viewer = await world.person();
  const opened = await viewer.goto(await world.link(workspace, { user: "vi@example.com", role: "viewer" }));
  assert.equal(opened.status(), 200);
  await viewer.getByText("An administrator of your workspace can connect an account here.").waitFor();
  assert.equal(await viewer.getByRole("link", { name: "Connect" }).count(), 0);
  await world.assertFitToUse(viewer);
  const response = await viewer.goto(`${world.SPOKE}/w/${workspace}/connect?app=main`);
  assert.equal(response.status(), 403);
  await viewer.getByRole("heading", { name: "Only administrators can do this" }).waitFor();
  assert.equal(await viewer.getByRole("link", { name: "Back to Spoke" }).getAttribute("href"), "https://host.example.com/");
  await world.assertFitToUse(viewer);
});

test("by keyboard alone: + Connect leads to a page that names the workspace, and that to HubSpot", async () => {
  await world.tabTo(page, "Skip to content");
  await world.tabTo(page, "Connect");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Connect HubSpot to Northwind Traders" }).waitFor();
  await page.getByText("You are signed in as ada@example.com.").waitFor();
  await world.assertFitToUse(page);
  await world.tabTo(page, "Continue to HubSpot");
  await page.keyboard.press("Enter");
  await page.waitForURL(`${world.HUBSPOT}/**`);
});

test("Cancel at HubSpot: a page says so, nothing is connected, and one press leads back", async () => {
  await world.authoriseAtHubSpot(page, { decision: "Cancel" });
  await page.getByRole("heading", { name: "You did not approve the connection" }).waitFor();
  await page.getByText("Nothing has been stored.").waitFor();
  assert.deepEqual(await connections(), []);
  await world.assertFitToUse(page);
  await world.tabTo(page, "Back to Integrations");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Connect", exact: true }).waitFor();
});

test("after approving, the page shows Disconnect and a first sync whose figures move without a reload", async () => {
  // 20 pages of 100 contacts, slowly.
  for (const endpoint of ["list", "batch_read"]) {
    await world.control("POST", "faults", { fault: { kind: "latency", ms: 1000 }, endpoint });
  }
  await world.leaveForHubSpot(page);
  await world.authoriseAtHubSpot(page);
  await page.getByText("HubSpot is connected.").waitFor();
  await page.getByRole("link", { name: "Disconnect" }).waitFor();
  await page.getByText("First sync", { exact: true }).waitFor();
  const loaded = await page.evaluate(() => performance.timeOrigin);
  const bar = page.getByRole("progressbar", { name: "Contacts" });
  const part = async () => Number(await bar.getAttribute("value"));
  const first = await world.until("a part of the first sync", part);
  await world.until("a greater part", async () => (await part()) > first);
  assert.equal(await page.evaluate(() => performance.timeOrigin), loaded, "the page was loaded anew");
  await page.getByText(/^[\d,]+ of about 2,000$/).waitFor();
  await page.getByText(/^About .+ left\./).waitFor();
});

test("gauges show the calls of the last ten seconds and of the day", async () => {
  const gauge = page.getByLabel("Last 10 seconds");
  const used = async () => Number(await gauge.getAttribute("value"));
  assert.ok((await world.until("calls in the window", used)) <= Number(await gauge.getAttribute("max")));
  await page.getByText("Today", { exact: true }).waitFor();
  await world.assertFitToUse(page);
});

test("what has just happened is told once: a reload does not tell it again", async () => {
  assert.equal(new URL(page.url()).search, "");
  await page.reload();
  await page.getByRole("link", { name: "Disconnect" }).waitFor();
  assert.equal(await page.getByText("HubSpot is connected.").count(), 0);
});

test("when the first sync is over, the page tells how fresh the contacts are", async () => {
  await world.control("DELETE", "faults");
  await page.getByText("2,000 synced from HubSpot").waitFor({ timeout: 60_000 });
  await page.getByText("Connected", { exact: true }).waitFor();
  await page.getByText("Every 5 minutes").first().waitFor();
  assert.ok(Math.abs((await moment("Last checked")) - Date.now()) < 120_000);
  assert.ok((await moment("Next check")) > Date.now() - 10_000);
  await world.assertFitToUse(page);
});

test("a contact edited in HubSpot arrives by webhook: “last change” moves and the page says Live", async () => {
  const before = await moment("Last change");
  const { id } = await world.someContact();
  await world.control("POST", "contacts/edit", { id, properties: { firstname: "Grace" } });
  await world.until("a newer change", async () => (await moment("Last change")) > before);
  await page.getByText("Live", { exact: true }).waitFor();
  const [connection] = await connections();
  const record = await world.spoke("GET", `/v1/connections/${connection.id}/records/contacts/${id}`);
  assert.equal(record.properties.firstname, "Grace");
  await world.assertFitToUse(page);
});

test("where the server does not answer, the page says that its figures stand still, and takes it back", async () => {
  const message = page.getByText("The figures below have stopped updating");
  assert.equal(await message.isVisible(), false);
  const live = `${world.SPOKE}/w/${workspace}/integrations/live`;
  const lookAgain = () => page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await page.route(live, (route) => route.abort());
  await lookAgain();
  await message.waitFor();
  await page.unroute(live);
  await lookAgain();
  await message.waitFor({ state: "hidden" });
  // The browser's own words about the request that was cut off.
  page.complaints.length = 0;
});

test("Disconnect asks first and says what will happen; nothing happens until it is confirmed", async () => {
  await world.tabTo(page, "Disconnect");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Disconnect Example Inc?" }).waitFor();
  await page.getByText("The sync stops, and the credentials kept here are deleted.").waitFor();
  await page.getByText("The app is uninstalled from this HubSpot account.").waitFor();
  await page.getByText("The authorisation is revoked at HubSpot.").waitFor();
  await world.assertFitToUse(page);
  await page.getByRole("link", { name: "Keep it connected" }).click();
  await page.getByRole("link", { name: "Disconnect" }).click();
  assert.equal((await connections())[0].state, "active");
});

test("after confirming, HubSpot holds no grant and the page offers + Connect again", async () => {
  await page.getByRole("button", { name: "Disconnect" }).click();
  await page.getByText("HubSpot is disconnected.").waitFor();
  await page.getByText("Disconnected", { exact: true }).waitFor();
  await page.getByRole("link", { name: "Connect", exact: true }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Disconnect" }).count(), 0);
  assert.equal((await connections())[0].state, "disconnected");
  const grants = (await world.control("GET", "state")).grants;
  assert.deepEqual(grants.filter((grant) => grant.alive || grant.installed), []);
  await world.assertFitToUse(page);
});

test("+ Connect connects the same account again, at once", async () => {
  await world.leaveForHubSpot(page);
  await world.authoriseAtHubSpot(page);
  await page.getByRole("link", { name: "Disconnect" }).waitFor();
  await page.getByText("2,000 synced from HubSpot").waitFor({ timeout: 60_000 });
  assert.equal((await connections()).length, 1);
});

test("signing out ends the session, and the way back is said", async () => {
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "You have signed out" }).waitFor();
  await world.assertFitToUse(page);
  await page.goto(`${world.SPOKE}/w/${workspace}/integrations`);
  await page.getByRole("heading", { name: "You are signed out" }).waitFor();
});
