// Writes that need a person: one whose answer was lost is looked at and said to be there, or written again; one that waits is taken back; one
// that failed is tried again. By keyboard and on a phone, in an account that lets nobody make the field by which it could be asked. One story, in
// this order.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let workspace;
let connection;
let page;

const address = (rest) => `${world.SPOKE}/w/${workspace}/connections/${connection}${rest}`;
const api = (rest) => world.spoke("GET", `/v1/connections/${connection}${rest}`);
/** Ids of HubSpot's companies of a domain. */
const having = async (domain) => {
  const text = await (await fetch(`${world.HUBSPOT}/__control/companies/dump`)).text();
  const all = text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  return all.filter((company) => company.properties.domain === domain).map((company) => String(company.id));
};

const onPhone = () => page.setViewportSize({ width: 390, height: 844 });
/** Goes to the button of that name, and presses it. */
const press = async (name) => {
  await world.tabTo(page, name);
  await page.keyboard.press("Enter");
};
const is = (words, timeout = 30_000) => page.getByText(words, { exact: true }).waitFor({ timeout });

/** Has a company imported; ends on the action's page. */
const ask = async (domain, name = "") => {
  await page.goto(address("/act/import_company"));
  await page.getByLabel("Company domain").fill(domain);
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Import company" }).click();
  await page.waitForURL((url) => /\/outbox\/act_\w+$/.test(url.pathname));
};
const strike = (fault, rest) => world.control("POST", "faults", { fault, endpoint: "batch_create", object_type: "companies", ...rest });
const LOST = "HubSpot's answer was lost, and nobody can find out from here whether it is there. It is not tried again by itself.";
/** The same, and the answer is lost: HubSpot makes it, or does not. */
const lose = async (domain, arrives) => {
  await strike({ kind: "status", status: 504, after_commit: arrives }, { times: 1 });
  await ask(domain);
  await is(LOST, 90_000);
  assert.equal((await having(domain)).length, arrives ? 1 : 0);
};
/** Sends what the page's buttons send, as from a page that was opened before; the page that comes of it. */
const sendOnceMore = (what, fields) =>
  page.evaluate(
    async ([what, fields]) => {
      const csrf = document.querySelector("input[name=csrf]").value;
      const body = new URLSearchParams({ csrf, ...fields });
      return (await fetch(`${location.pathname}/${what}`, { method: "POST", body })).text();
    },
    [what, fields],
  );
const PAST = /Nothing was done: it stands otherwise by now/;

before(async () => {
  await world.control("PATCH", "switches", { property_creation: "forbidden" });
  ({ workspace, page, connection } = await world.synced());
  // Until companies are read nobody knows whether one is there, and none is made.
  const read = async () => (await api("")).sync.streams.some((stream) => stream.object_type === "companies" && stream.phase === "incremental");
  await world.until("companies are read", read);
});
after(world.quit);

test("a write of which nobody knows is found by its state, and shows what is known of it", async () => {
  await lose("arrived.com", true);
  await page.goto(address("/outbox"));
  await page.getByRole("navigation", { name: "States" }).getByRole("link", { name: /^Unknown 1/ }).click();
  await page.waitForURL((url) => url.searchParams.get("state") === "unknown");
  await world.assertFitToUse(page);
  await page.getByRole("listitem").getByRole("link", { name: "Import company" }).click();
  await is(LOST);
  await is("Look in HubSpot: is it there?");
  await page.getByText("the account has no property by which it could be asked").waitFor();
  await page.getByRole("cell", { name: "arrived.com" }).first().waitFor();
  await page.getByText(/^Left 1 time, last /).waitFor();
  await world.assertFitToUse(page);
});

test("a viewer sees that, and is asked nothing", async () => {
  const viewer = await world.person();
  await viewer.goto(await world.link(workspace, { user: "vi@example.com", role: "viewer" }));
  await viewer.goto(page.url());
  await viewer.getByText(LOST, { exact: true }).waitFor();
  assert.deepEqual(await viewer.getByRole("button").allTextContents(), ["Sign out"]);
});

test("by keyboard on a phone, somebody looks, names the record, and says that it is there", async () => {
  const [made] = await having("arrived.com");
  await onPhone();
  const id = "Its record id, if you have it";
  await world.tabTo(page, id);
  // What is typed stays while the page asks for news.
  const news = page.waitForResponse((response) => new URL(response.url()).pathname.endsWith("/live"), { timeout: 30_000 });
  await page.keyboard.type(made);
  await news;
  await world.lands(page, id);
  assert.equal(await page.getByLabel(id).inputValue(), made);
  await press("It is there");
  await page.getByText("Noted: it is in HubSpot.").waitFor();
  await is("It is in HubSpot.");
  assert.equal(await page.getByText("Look in HubSpot: is it there?").count(), 0);
  await world.assertFitToUse(page);
  await world.until("it in the mirror", async () => (await api("/records/companies?domain=arrived.com")).results.length === 1);
  assert.match(await sendOnceMore("resolve", { happened: "no" }), PAST);
  assert.deepEqual(await having("arrived.com"), [made]);
  await page.getByRole("link", { name: made, exact: true }).click();
  await page.getByRole("heading", { name: "arrived.com", level: 2 }).waitFor();
});

test("by keyboard on a phone, what is not there is written again, and its progress is shown", async () => {
  await lose("again.com", false);
  await strike({ kind: "latency", ms: 5000 }, { times: 1 });
  await onPhone();
  await press("It is not: write it again");
  await page.getByText("It leaves again.").waitFor();
  await page.getByRole("progressbar", { name: "On its way to HubSpot" }).waitFor();
  await is("It is in HubSpot.");
  await world.assertFitToUse(page);
  assert.equal((await having("again.com")).length, 1);
  assert.match(await sendOnceMore("resolve", { happened: "yes" }), PAST);
});

test("what waits while the sync is paused says so, and is taken back by keyboard on a phone", async () => {
  await page.goto(address(""));
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await page.getByText(/^Paused: nothing more is read/).waitFor();
  await ask("waits.com");
  await is("It has not left yet, or is to leave again.");
  await page.getByText("it goes on when somebody resumes it").waitFor();
  assert.equal(await page.getByRole("progressbar").count(), 0);
  await world.assertFitToUse(page);
  await onPhone();
  await press("Cancel what has not left");
  await page.getByText("What had not left is cancelled.").waitFor();
  await is("A person took it back before it left.");
  assert.equal(await page.getByRole("button", { name: "Cancel what has not left" }).count(), 0);
  await world.assertFitToUse(page);
  assert.match(await sendOnceMore("cancel", {}), PAST);
});

test("what still waits leaves when the sync is resumed, and what was taken back never does", async () => {
  await ask("later.com");
  const later = page.url();
  await page.getByRole("link", { name: "To the sync" }).click();
  await page.getByRole("button", { name: "Resume", exact: true }).click();
  await page.getByText(/^Resumed:/).waitFor();
  await page.goto(later);
  await is("It is in HubSpot.");
  assert.equal((await having("later.com")).length, 1);
  assert.deepEqual(await having("waits.com"), []);
  assert.match(await sendOnceMore("cancel", {}), PAST);
});

test("what HubSpot refused is tried again by keyboard on a phone, once the reason is gone", async () => {
  const rule = (rules) => world.control("PUT", "validation-rules", { object_type: "companies", property: "name", rules });
  await rule([{ kind: "max_length", characters: 3 }]);
  await ask("refused.com", "Far too long");
  await is("It is not in HubSpot, and is not tried again by itself.");
  await page.getByText("A rule that somebody made in HubSpot refuses the value").waitFor();
  await world.assertFitToUse(page);
  await rule([]);
  await onPhone();
  await press("Try again");
  await page.getByText("It leaves again.").waitFor();
  await is("It is in HubSpot.");
  assert.equal(await page.getByRole("button", { name: "Try again" }).count(), 0);
  assert.match(await sendOnceMore("retry", {}), PAST);
  assert.equal((await having("refused.com")).length, 1);
  await world.assertFitToUse(page);
});
