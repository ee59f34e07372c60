// Without a mouse: a channel is made, an endpoint gets a new secret, a message that is not taken is skipped. One story, in this order, by keys
// alone; what has the focus always shows so, and after a part of the page was exchanged it is where a person goes on.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let workspace;
let connection;
let page;
let receiver;

before(async () => {
  receiver = await world.host();
  ({ workspace, page, connection } = await world.synced());
});
after(async () => {
  receiver.close();
  await world.quit();
});

const address = (rest) => `${world.SPOKE}/w/${workspace}/connections/${connection}${rest}`;
const press = async (...keys) => {
  for (const key of keys) await page.keyboard.press(key);
};
const to = (name, key) => world.tabTo(page, name, key);
const lands = (name) => world.lands(page, name);
const type = (text) => page.keyboard.type(text);
/** Opens what has that name. */
const open = async (name) => {
  await to(name);
  await press("Enter");
};
const edit = async (firstname) => {
  const { id } = await world.someContact();
  await world.control("POST", "contacts/edit", { id, properties: { firstname } });
};

test("a condition is written, and rows come and go, without losing the place", async () => {
  await page.goto(address("/channels"));
  await open("New channel");
  await page.getByRole("heading", { name: "New channel" }).waitFor();
  await to("Name");
  await type("Warm leads");
  await to("Field of condition 1");
  await type("firstname");
  await press("Tab");
  await lands("Comparison of condition 1");
  await type("starts");
  await to("Value of condition 1");
  await type("A");
  await to("Add a condition");
  await press("Enter");
  await lands("Field of condition 2");
  assert.equal(await page.getByLabel("Value of condition 1").inputValue(), "A");
  await type("lifecyclestage");
  await press("Tab");
  await lands("Comparison of condition 2");
  await type("is any");
  await page.getByRole("group", { name: "Value of condition 2" }).waitFor();
  await lands("Comparison of condition 2");
  await to("Lead");
  await press("Space");
  await to("Remove condition 2");
  await press("Enter");
  await lands("Add a condition");
  await page.getByLabel("Field of condition 2").waitFor({ state: "detached" });
  await world.assertFitToUse(page);
});

test("a field is mapped, the preview is read, and the channel is saved", async () => {
  await open("Add a field");
  await lands("HubSpot's field of field 4");
  await type("firstname");
  await to("Your name for it of field 4");
  await type("given_name");
  await to("If it is empty of field 4");
  await type("there");
  // Enter in a field is a preview, never a save.
  await press("Enter");
  await page.getByText(/^\d[\d,]* contacts of 2,000 now\.$/).waitFor();
  await page.getByRole("columnheader", { name: "given_name" }).waitFor();
  await lands("If it is empty of field 4");
  await to("Examples");
  await to("Make the channel");
  await to("Preview", "Shift+Tab");
  await press("Enter");
  await to("Make the channel");
  await press("Enter");
  await page.getByText("The channel is made").waitFor();
  const [made] = (await world.spoke("GET", `/v1/connections/${connection}/channels`)).results;
  assert.deepEqual([made.name, made.filter.and.length, made.filter.and[0].value], ["Warm leads", 1, "A"]);
  assert.deepEqual(made.fields[3], { field: "given_name", property: "firstname", default: "there" });
});

test("a secret is replaced", async () => {
  await page.goto(address("/deliveries"));
  await open("New endpoint");
  await page.getByRole("heading", { name: "New endpoint" }).waitFor();
  await to("Address");
  await type(receiver.address("/hook"));
  await open("Make the endpoint");
  await page.getByRole("heading", { name: "The endpoint is made" }).waitFor();
  const first = await page.locator("#secret").textContent();
  await open("I have kept it");
  await page.getByText("Everything is delivered.").waitFor();
  await open("Make a new secret");
  await page.getByRole("heading", { name: "The new signing secret" }).waitFor();
  assert.notEqual(await page.locator("#secret").textContent(), first);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await open("Copy");
  await page.getByText("Copied.").waitFor();
  await lands("Copy");
  await open("I have kept it");
  await page.getByText("The secret before signs too").waitFor();
});

test("a message that is not taken is skipped, and delivery is paused and resumed", async () => {
  receiver.answers = 500;
  await edit("Marie");
  await page.getByText("Retrying", { exact: true }).waitFor({ timeout: 30_000 });
  await open("Skip the message that is not taken");
  // The page tells of the next attempts meanwhile: what is open stays open, and what has the focus keeps it.
  const told = () => page.locator("#live").innerText();
  const before = await told();
  await world.until("news of the endpoint", async () => (await told()) !== before);
  await lands("Skip the message that is not taken");
  await press("Tab");
  await lands("Skip this message");
  await press("Enter");
  await page.getByText("The message is skipped").waitFor();
  receiver.answers = 204;
  await page.getByText("Everything is delivered.").waitFor({ timeout: 30_000 });
  await open("Pause");
  await page.getByText("Paused: changes are kept").waitFor();
  await edit("Ida");
  await page.getByText(/Paused by a person.*1 change waits/).waitFor({ timeout: 30_000 });
  await open("Resume");
  await page.getByText("Everything is delivered.").waitFor();
  assert.ok(receiver.changes().length > 0);
});
