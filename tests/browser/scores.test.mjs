// Somebody sets up nightly scores: names the properties, has them created, sends what the host knows now, and sees what came of it; a row
// that HubSpot refuses is told and can be kept as a file. One story, in this order.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let workspace;
let connection;
let page;

const address = (rest) => `${world.SPOKE}/w/${workspace}/connections/${connection}${rest}`;
const scores = (method, rest, body) => world.spoke(method, `/v1/connections/${connection}/scores${rest}`, body);

before(async () => {
  ({ workspace, page, connection } = await world.synced());
  const { id } = await world.control("POST", "companies/create", { properties: { name: "Northwind Traders", domain: "northwind.com" } });
  await world.until("the new company in the mirror", () =>
    world.spoke("GET", `/v1/connections/${connection}/records/companies/${id}`).catch(() => null));
  await scores("PUT", "/accounts/acct-17", { domain: "northwind.com", intent_score: 73, intent_strength: "Very High" });
  await scores("PUT", "/accounts/acct-18", { domain: "nobody-at-all.com", intent_score: 1 });
});
after(world.quit);

test("the page is found, and says that nothing is on and what is missing", async () => {
  await page.goto(address(""));
  await page.getByRole("link", { name: "Scores", exact: true }).click();
  await page.getByText("knows the scores of 2 accounts").waitFor();
  await page.getByText("There is no run until they are switched on.").waitFor();
  await world.assertFitToUse(page);
});

test("what is no prefix is refused with a sentence, and nothing is lost", async () => {
  await page.getByLabel("Prefix of each name").fill("Koala!");
  await page.getByLabel("Word before each label").fill("Koala");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("alert").getByText("lower-case letters").waitFor();
  assert.equal(await page.getByLabel("Prefix of each name").inputValue(), "Koala!");
  await world.assertFitToUse(page);
});

test("the properties are named, and created with a button", async () => {
  await page.getByLabel("Prefix of each name").fill("koala");
  await page.getByLabel("Name of the group").fill("koala_managed_scores");
  await page.getByLabel("Write scores to companies each night").check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Koala Intent Strength").waitFor();
  await page.getByText("Very High, High, Medium, Low, None").waitFor();
  await page.getByRole("button", { name: "Create the properties" }).click();
  await world.until("the properties are there", async () => (await scores("GET", "")).ready);
  await page.reload();
  assert.equal(await page.getByText("Ready", { exact: true }).count(), 5);
  await page.getByText("The next run begins").waitFor();
});

test("a run begins by hand, and its figures are drawn, listed and told", async () => {
  await page.getByRole("button", { name: "Run now" }).click();
  const ended = async () => (await scores("GET", "/runs")).results[0]?.ended_at;
  await world.until("the run has ended", ended);
  await page.goto(address("/scores"));
  const chart = page.locator("#chart");
  await chart.waitFor();
  await page.waitForFunction(() => document.getElementById("chart").width > 300);
  await world.assertFitToUse(page);
  await page.getByRole("table", { name: "Runs" }).getByRole("link").first().click();
  await page.getByText("Everything, asked for").waitFor();
  await page.getByText("By batch update").waitFor();
  await world.assertFitToUse(page);
});
