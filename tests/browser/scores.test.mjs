// Somebody sets up nightly scores: names the properties, has them created, sends what the host knows now, and sees what came of it; a row
// that HubSpot refuses is told and can be kept as a file. One story, in this order; its second half is another connection of the same
// account, which may import companies and not update them.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

const IMPORTS = [
  "oauth",
  "crm.objects.contacts.read",
  "crm.schemas.contacts.read",
  "crm.objects.companies.read",
  "crm.schemas.companies.read",
  "crm.schemas.companies.write",
  "crm.import",
];

let workspace;
let connection;
let page;
let account;

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

test("a run by import names it and leads to HubSpot's imports, and the row that was refused can be kept as a file", async () => {
  account = (await world.control("GET", "state")).portals[0].portal_id;
  const { token } = await world.control("POST", "private-tokens", { portal_id: account, scopes: IMPORTS });
  workspace = await world.createWorkspace("Contoso");
  connection = (await world.spoke("POST", `/v1/workspaces/${workspace}/connections`, { name: "Scores", token })).id;
  await scores("PUT", "", { on: false, hour: 2, fields: "managed", prefix: "koala", label: "Koala" });
  const rules = [{ kind: "max_length", characters: 2 }];
  await world.control("PUT", "validation-rules", { portal_id: account, object_type: "companies", property: "koala_intent_score", rules });
  await scores("PUT", "/accounts/acct-17", { domain: "northwind.com", intent_score: 101, intent_strength: "Low" });
  await world.until("the properties that are there already", async () => (await scores("GET", "")).ready, 60);
  const { id } = await world.until("a run begins", () => scores("POST", "/runs", {}).catch(() => null), 60);
  const run = await world.until("its end", async () => {
    const told = await scores("GET", `/runs/${id}`);
    return told.ended_at && told;
  }, 60);
  await page.goto(await world.link(workspace));
  await page.goto(address(`/scores/runs/${id}`));
  await page.getByText("As one import: the connection may not update companies otherwise.").waitFor();
  const link = page.getByRole("link", { name: `Import ${run.files[0].import_id}` });
  assert.match(await link.getAttribute("href"), new RegExp(`^https://[a-z0-9.-]+/import/${account}$`));
  const refused = page.getByRole("table", { name: "Rows that HubSpot refused" });
  await refused.getByText("acct-17").waitFor();
  await world.assertFitToUse(page);
  const button = page.getByRole("link", { name: "Download all as CSV" });
  const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
  await world.settled(page);
  assert.equal(download.suggestedFilename(), `scores-run-${id}.csv`);
  const [head, row, ...more] = (await readFile(await download.path(), "utf8")).trimEnd().split("\n");
  assert.equal(head, "account,company,file,row,code,property,message");
  assert.ok(row.startsWith("acct-17,") && row.includes("koala_intent_score"), row);
  assert.deepEqual(more, []);
});

test("Check my fields reads them again, and tells of one that somebody has archived", async () => {
  const { token } = await world.control("POST", "private-tokens", { portal_id: account });
  const archived = await fetch(`${world.HUBSPOT}/crm/properties/2026-09/companies/koala_icp_fit_grade`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${token}` },
  });
  assert.equal(archived.status, 204);
  await page.goto(address("/scores"));
  assert.equal(await page.getByText("Ready", { exact: true }).count(), 5);
  await page.getByRole("button", { name: "Check my fields" }).click();
  await world.settled(page);
  await page.getByText("HubSpot's fields are being read").waitFor();
  await world.until("the property is missing", async () => !(await scores("GET", "")).ready);
  await page.reload();
  await page.getByText("Missing", { exact: true }).waitFor();
  assert.equal(await page.getByText("Ready", { exact: true }).count(), 4);
  await page.getByRole("button", { name: "Create the properties" }).waitFor();
  await world.assertFitToUse(page);
});
