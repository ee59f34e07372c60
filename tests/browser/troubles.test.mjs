// What a person sees when something is wrong: a connection that HubSpot no longer accepts or has no calls left for, and
// every way of coming back from HubSpot without a connection.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let workspace;
let page;

before(async () => {
  workspace = await world.createWorkspace("Northwind Traders");
  page = await world.person();
  await page.goto(await world.link(workspace));
});
after(world.quit);

const integrations = () => page.goto(`${world.SPOKE}/w/${workspace}/integrations`);

/** Leaves for HubSpot and takes the `state` that it was given. */
const stateOf = async (button) => {
  await integrations();
  await world.leaveForHubSpot(page, button);
  const query = new URL(page.url()).searchParams;
  const login = query.get("next");
  return login ? new URL(login, world.HUBSPOT).searchParams.get("state") : query.get("state");
};

const callback = (query, person = page) => person.goto(`${world.SPOKE}/oauth/callback?${new URLSearchParams(query)}`);

/** The page says this, has that status, and is fit to use. */
const says = async (response, status, heading, person = page) => {
  assert.equal(response.status(), status);
  await person.getByRole("heading", { name: heading, level: 1 }).waitFor();
  await person.getByRole("heading", { name: "What you can do" }).waitFor();
  await world.assertFitToUse(person);
};

const nothingIsConnected = async () =>
  assert.deepEqual((await world.spoke("GET", `/v1/workspaces/${workspace}/connections`)).results, []);

/** Everything from + Connect to coming back; gives the answer to the last step. */
const authorise = async (options) => {
  await integrations();
  await world.leaveForHubSpot(page, options?.button);
  const answer = page.waitForResponse((response) => response.url().startsWith(`${world.SPOKE}/oauth/callback`));
  await world.authoriseAtHubSpot(page, options);
  return answer;
};

test("an installation that began in HubSpot is sent to the Integrations page, and stores nothing", async () => {
  await says(await callback({ code: "na1-code" }), 400, "Start from your Integrations page");
  await nothingIsConnected();
});

test("a state that was never given is refused", async () => {
  await says(await callback({ code: "na1-code", state: "stranger" }), 400, "This connection was not started here");
});

test("another browser cannot finish what this one began", async () => {
  const state = await stateOf();
  const stranger = await world.person();
  const response = await callback({ code: "na1-code", state }, stranger);
  await says(response, 400, "This connection was not started here", stranger);
  await nothingIsConnected();
});

test("a code that HubSpot does not take is told as used or expired", async () => {
  const state = await stateOf();
  await says(await callback({ code: "na1-replayed", state }), 400, "This approval has been used or has expired");
  await nothingIsConnected();
});

test("another error of HubSpot's is told as one, without a reference where there is none", async () => {
  const state = await stateOf();
  await says(await callback({ error: "server_error", state }), 502, "HubSpot refused the connection");
  assert.equal(await page.getByText("reference below").count(), 0);
});

test("where HubSpot does not answer, the page says so and gives a reference", async () => {
  await world.control("POST", "faults", { fault: { kind: "no_answer" }, endpoint: "token" });
  await says(await authorise(), 502, "HubSpot does not answer");
  await page.getByText(/^Reference \S+$/).waitFor();
  await world.control("DELETE", "faults");
  await nothingIsConnected();
});

test("a wrong client secret is told as our mistake, not the person's", async () => {
  const [app] = (await world.control("GET", "state")).apps;
  await world.control("POST", "apps", { ...app, client_secret: "another-client-secret" });
  await says(await authorise(), 500, "That did not work, and it is our mistake");
  await page.getByText(/^Reference \S+$/).waitFor();
  await world.control("POST", "apps", app);
  await nothingIsConnected();
});

test("HubSpot out of order: the page says so, calls nothing live meanwhile, and takes it back by itself", async () => {
  await authorise();
  await page.getByText("2,000 synced from HubSpot").waitFor({ timeout: 60_000 });
  await world.control("POST", "faults", { fault: { kind: "status", status: 502 } });
  await world.control("POST", "contacts/edit-random", { count: 5 });
  const words = page.getByText("HubSpot is overloaded, or its answer cannot be read.");
  await words.waitFor({ timeout: 60_000 });
  await page.getByText("Delayed", { exact: true }).waitFor();
  await world.assertFitToUse(page);
  await world.control("DELETE", "faults");
  await words.waitFor({ state: "detached", timeout: 90_000 });
  await page.getByText("Live", { exact: true }).waitFor();
});

// Some of the edits above archive a contact, some make one.
const aboutAll = /^(1,9|2,0)\d\d synced from HubSpot$/;

test("an authorisation that HubSpot has ended: the page says so, and Reconnect is the way on", async () => {
  await page.getByRole("link", { name: "Disconnect" }).click();
  await page.getByRole("button", { name: "Disconnect" }).click();
  // Until HubSpot has been told, the account cannot be connected again.
  await page.getByText("Disconnected", { exact: true }).waitFor();
  await authorise();
  await page.getByText(aboutAll).waitFor({ timeout: 60_000 });
  await world.control("POST", "grants/revoke", {});
  await world.control("POST", "tokens/expire", {});
  // The next call finds out. A webhook would bring one, too, but not within the minute for which the front may still hold that the
  // account was disconnected.
  const [{ id }] = (await world.spoke("GET", `/v1/workspaces/${workspace}/connections`)).results;
  const contact = (await world.spoke("GET", `/v1/connections/${id}/records/contacts?limit=1`)).results[0].id;
  await world.spoke("POST", `/v1/connections/${id}/records/contacts/${contact}/reread`, {});
  // Its first refusal is doubted for twenty seconds.
  await page.getByText("Reconnect needed", { exact: true }).waitFor({ timeout: 60_000 });
  await page.getByText(/^HubSpot no longer accepts this connection/).waitFor();
  await world.assertFitToUse(page);
});

test("Reconnect with another account is refused: the connection belongs to the first", async () => {
  const { portal_id } = await world.control("POST", "portals", { contacts: 10 });
  const [user] = (await world.control("GET", "state")).users;
  await world.control("POST", "users", { ...user, portals: [...user.portals, portal_id] });
  await says(await authorise({ button: "Reconnect", account: 1 }), 400, "That was another HubSpot account");
});

test("Reconnect with the same account brings it back", async () => {
  await authorise({ button: "Reconnect" });
  await page.getByText("HubSpot is connected again.").waitFor();
  await page.getByText(aboutAll).waitFor({ timeout: 60_000 });
  await page.getByText("Connected", { exact: true }).waitFor();
});

// The last of the account: it holds for the account until its midnight, whoever connects it.
test("no calls left for today: the page says why it is paused and when it goes on", async () => {
  await world.control("POST", "faults", { fault: { kind: "rate_limited", policy: "DAILY" } });
  await world.control("POST", "contacts/edit-random", { count: 5 });
  // The page asks every ten seconds, and only a webhook makes the call that is refused.
  await page.getByText("Paused", { exact: true }).waitFor({ timeout: 60_000 });
  await page.getByText("The HubSpot account has used up its API calls of today.").waitFor();
  await page.getByText("Next check").first().waitFor();
  await world.assertFitToUse(page);
  await world.control("DELETE", "faults");
});

test("an address that nothing answers to is told as that", async () => {
  await says(await page.goto(`${world.SPOKE}/w/${workspace}/nonsense`), 404, "There is no such page");
  await says(await page.goto(`${world.SPOKE}/s/never-made`), 404, "This link is not valid");
});
