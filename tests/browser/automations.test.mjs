// Somebody says which signals qualify and what is done for them, tries both before they hold, sees a signal lead to a task in HubSpot with
// the reasons, pauses, and deletes. One story, in this order.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let workspace;
let connection;
let page;

const address = (rest) => `${world.SPOKE}/w/${workspace}/connections/${connection}${rest}`;
const api = (method, rest, body) => world.spoke(method, `/v1/connections/${connection}${rest}`, body);
const signal = (id, score) => ({
  id,
  name: "Pricing page",
  account: { id: "acct-17", domain: "northwind.com", name: "Northwind Traders", fields: { score } },
});

before(async () => {
  ({ workspace, page, connection } = await world.synced());
});
after(world.quit);

test("by keyboard, the page is found, and says what comes first", async () => {
  await page.goto(address(""));
  await world.tabTo(page, "Automations");
  await page.keyboard.press("Enter");
  await page.getByText("First say below which signals qualify.").waitFor();
  assert.equal(await page.getByRole("link", { name: "New automation" }).count(), 0);
  await world.assertFitToUse(page);
});

const json = () => page.getByLabel("The filter as JSON");

test("a filter that is none is refused with a sentence, and what was typed stays", async () => {
  await page.getByRole("link", { name: "New list" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Warm accounts");
  await page.getByText("As JSON, for experts").click();
  await json().fill("score > 50");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("alert").getByText("The JSON of the filter cannot be read").waitFor();
  assert.equal((await json().inputValue()).trim(), "score > 50");
  assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "Warm accounts");
  const unknown = { of: "weather", property: "score", type: "number", operator: "at_least", value: 50 };
  await json().fill(JSON.stringify(unknown));
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("alert").getByText("weather is none of them").waitFor();
  await world.assertFitToUse(page);
});

test("a list is made of conditions by what signals say and what HubSpot has, tried on those that came, and saved", async () => {
  await api("POST", "/signals", signal("early-1", 70));
  await api("POST", "/signals", signal("early-2", 20));
  await page.goto(address("/qualifying-lists/new"));
  await page.getByLabel("Name", { exact: true }).fill("Warm accounts");
  await page.getByLabel("Field of condition 1").fill("Account: score");
  await page.getByLabel("Field of condition 1").blur();
  await page.getByLabel("Comparison of condition 1").selectOption("is at least (number)");
  await page.getByLabel("Value of condition 1").fill("fifty");
  await page.getByRole("button", { name: "Try on the newest signals" }).click();
  await page.getByText("That is not a number.").waitFor();
  await page.getByLabel("Value of condition 1").fill("50");
  await page.getByRole("button", { name: "Add a condition" }).click();
  await world.settled(page);
  await page.getByLabel("Field of condition 2").fill("Company: Name");
  await page.getByLabel("Field of condition 2").blur();
  await page.getByLabel("Comparison of condition 2").selectOption("is not");
  await page.getByLabel("Value of condition 2").fill("Contoso");
  await page.getByRole("button", { name: "Try on the newest signals" }).click();
  await page.getByText("Of the newest 2 signals 1 would qualify.").waitFor();
  await page.getByText("Pricing page (early-1)").waitFor();
  await page.getByRole("button", { name: "Remove condition 2" }).click();
  await page.getByLabel("Field of condition 2").waitFor({ state: "detached" });
  await world.assertFitToUse(page);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The list is saved.").waitFor();
  await page.getByText("Account's score").waitFor();
  const [list] = (await api("GET", "/qualifying-lists")).results;
  const warm = { of: "account", property: "score", type: "number", operator: "at_least", value: 50 };
  assert.deepEqual(list.filter, { and: [warm] });
  await world.assertFitToUse(page);
});

test("an automation's steps are added, moved and refused where they are wrong, tried without doing anything, and saved", async () => {
  await page.getByRole("link", { name: "New automation" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Tell sales");
  await page.getByRole("button", { name: "Add a step" }).click();
  await world.settled(page);
  await page.getByLabel("Step 2", { exact: true }).selectOption("Import company");
  await page.getByText("Left empty: {{account.domain}}.").waitFor();
  await page.getByRole("button", { name: "Up step 2" }).click();
  // The same words stand there before and after: the order tells that the answer has come.
  const first = () => page.getByLabel("Step 1", { exact: true }).inputValue();
  await world.until("the steps change places", async () => (await first()) === "import_company");
  // The focus goes to the step that moved before anything else is filled.
  await world.settled(page);
  assert.equal(await page.getByLabel("Subject").inputValue(), "Call {{account.name}}");
  await page.getByLabel("Subject").fill("Call {{weather.rain}}");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("alert").getByText("1 step below says what is wrong.").waitFor();
  await page.getByText("is no fact").waitFor();
  await world.assertFitToUse(page);
  await page.getByLabel("Subject").fill("Call {{account.name}}");
  await page.getByRole("button", { name: "Add a step" }).click();
  await page.getByRole("button", { name: "Remove step 3" }).click();
  await page.getByLabel("Step 3", { exact: true }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Try on the newest signal" }).click();
  await page.getByText("The newest signal does not qualify.").waitFor();
  await page.getByText("Import company: would be done.").waitFor();
  assert.deepEqual((await api("GET", "/actions")).results.filter((action) => action.state !== "dry"), []);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The automation is saved.").waitFor();
  await page.getByText("Enabled", { exact: true }).waitFor();
  await page.getByText("Create task: Call {{account.name}}").waitFor();
  await page.getByText("It has not run yet.").waitFor();
  const [made] = (await api("GET", "/automations")).results;
  assert.deepEqual(made.steps, [{ action: "import_company" }, { action: "create_task", subject: "Call {{account.name}}" }]);
  await world.assertFitToUse(page);
});

test("a signal that qualifies makes the company and the task, and the page explains it", async () => {
  await api("POST", "/signals", signal("visit-1", 73));
  const newest = async () => (await api("GET", "/automation-runs")).results[0];
  const run = await world.until("the run ends", async () => [await newest()].find((run) => run && run.state !== "open"), 90);
  assert.equal(run.state, "done", JSON.stringify(run));
  await page.goto(address("/automations"));
  await page.getByText("1 run is done.").waitFor();
  await page.getByRole("link", { name: "Pricing page" }).click();
  await page.getByText("Tell sales for Warm accounts").waitFor();
  await page.getByText("It was 73").waitFor();
  assert.equal(await page.getByText("Done", { exact: true }).count(), 3);
  await world.assertFitToUse(page);
  await page.getByRole("link", { name: "Create task" }).click();
  await page.getByText("Call Northwind Traders").first().waitFor();
});

test("by keyboard, older runs are gone to, and the newest again", async () => {
  for (let number = 1; number <= 27; number += 1) await api("POST", "/signals", signal(`again-${number}`, 73));
  const all = async () => (await api("GET", "/automation-runs?limit=50")).results;
  const over = (runs) => runs.length === 28 && runs.every((run) => run.state !== "open");
  await world.until("each signal has its run", async () => over(await all()), 90);
  await page.goto(address("/automations"));
  const rows = (name) => page.getByRole("table", { name }).getByRole("row").count();
  assert.equal(await rows("Newest runs"), 26);
  await page.getByRole("link", { name: "Pricing page" }).last().focus();
  await world.tabTo(page, "Older");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Older runs" }).waitFor();
  await world.settled(page);
  assert.equal(await rows("Older runs"), 4);
  assert.equal(await page.getByRole("link", { name: "Older" }).count(), 0);
  await world.assertFitToUse(page);
  await world.tabTo(page, "Newest");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Newest runs" }).waitFor();
  await world.settled(page);
  assert.equal(await rows("Newest runs"), 26);
});

test("it is paused, and does nothing then", async () => {
  await page.goto(address("/automations"));
  await page.getByRole("button", { name: "Pause Tell sales" }).click();
  await page.getByText("Paused: it does nothing until it is enabled again.").waitFor();
  await page.getByText("Paused", { exact: true }).waitFor();
  await world.assertFitToUse(page);
});

test("a viewer sees all of it and changes nothing", async () => {
  const viewer = await world.person();
  await viewer.goto(await world.link(workspace, { user: "bob@example.com", role: "viewer" }));
  await viewer.goto(address("/automations"));
  await viewer.getByText("Tell sales").first().waitFor();
  assert.equal(await viewer.getByRole("button", { name: "Enable" }).count(), 0);
  assert.equal(await viewer.getByRole("link", { name: "New list" }).count(), 0);
  assert.equal((await viewer.goto(address("/qualifying-lists/new"))).status(), 403);
});

test("what an automation needs is not deleted before it", async () => {
  const [list] = (await api("GET", "/qualifying-lists")).results;
  await page.goto(address(`/qualifying-lists/${list.id}/delete`));
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("alert").getByText("Automations are of this list: Tell sales.").waitFor();
  await page.getByRole("link", { name: "Delete Tell sales" }).click();
  await world.assertFitToUse(page);
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByText("The automation is deleted.").waitFor();
  await page.getByRole("link", { name: "Delete Warm accounts" }).click();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByText("The list is deleted.").waitFor();
  await page.getByText("First say below which signals qualify.").waitFor();
});
