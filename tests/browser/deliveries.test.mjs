// Deliveries: an endpoint is made, its secret is shown once, a receiver fails and comes back. One story, in this order.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let workspace;
let connection;
let page;
let secret;
let receiver;

before(async () => {
  receiver = await world.host();
  ({ workspace, page, connection } = await world.synced());
});
after(async () => {
  receiver.close();
  await world.quit();
});

const hook = (path = "/hook") => receiver.address(path);
const address = (rest) => `${world.SPOKE}/w/${workspace}/connections/${connection}${rest}`;
const endpoints = async () => (await world.spoke("GET", `/v1/connections/${connection}/endpoints`)).results;
const edit = async (firstname) => {
  const { id } = await world.someContact();
  await world.control("POST", "contacts/edit", { id, properties: { firstname } });
};

test("by keyboard, deliveries are found empty and lead to a form", async () => {
  await world.tabTo(page, "Deliveries of Example Inc");
  await page.keyboard.press("Enter");
  await page.getByText("No endpoint yet").waitFor();
  await world.assertFitToUse(page);
  await world.tabTo(page, "New endpoint");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "New endpoint" }).waitFor();
  await world.assertFitToUse(page);
});

test("an address that is none is refused with the reason, and nothing has to be typed twice", async () => {
  await page.getByLabel("Address").fill("ftp://example.com/");
  await page.getByLabel("Description").fill("Our warehouse");
  await page.getByLabel("Deals").uncheck();
  await page.getByRole("button", { name: "Make the endpoint" }).click();
  await page.getByRole("alert").getByText("The address must begin with https://.").waitFor();
  assert.equal(await page.getByLabel("Description").inputValue(), "Our warehouse");
  assert.equal(await page.getByLabel("Deals").isChecked(), false);
  assert.deepEqual(await endpoints(), []);
  await world.assertFitToUse(page);
});

test("an endpoint is made; its secret is shown once, can be copied, and a reload makes no second endpoint", async () => {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByLabel("Address").fill(hook());
  await page.getByLabel("Deals").check();
  await page.getByRole("button", { name: "Make the endpoint" }).click();
  await page.getByRole("heading", { name: "The endpoint is made" }).waitFor();
  secret = await page.locator("#secret").textContent();
  assert.match(secret, /^whsec_/);
  await world.assertFitToUse(page);
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByText("Copied.").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret);
  await page.reload();
  await page.getByRole("heading", { name: hook() }).waitFor();
  assert.ok(!(await page.content()).includes(secret));
  assert.equal((await endpoints()).length, 1);
});

test("a change is delivered, signed with that secret, and the page says so by itself", async () => {
  await edit("Grace");
  await world.until("a message", () => receiver.taken.length > 0);
  const { headers, body } = receiver.taken[0];
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  assert.equal(headers["webhook-signature"], `v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
  await page.getByText("Everything is delivered.").waitFor();
  await page.getByText("Last attempt: taken").waitFor();
  await world.assertFitToUse(page);
});

test("a test shows how the receiver answers", async () => {
  await world.tabTo(page, "Send a test");
  await page.keyboard.press("Enter");
  await page.getByText("Test: taken").waitFor();
});

test("a receiver that fails is told, and its message can be skipped", async () => {
  receiver.answers = 500;
  await edit("Marie");
  await page.getByText("Retrying", { exact: true }).waitFor({ timeout: 30_000 });
  await page.getByText("Last attempt: The receiver answered 500.").waitFor();
  await page.getByText("Skip the message that is not taken").click();
  await world.assertFitToUse(page);
  await page.getByRole("button", { name: "Skip this message" }).click();
  await page.getByText("The message is skipped").waitFor();
  receiver.answers = 204;
  await page.getByText("Everything is delivered.").waitFor();
});

test("Pause and Resume, and delivering again what was delivered", async () => {
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("Paused: changes are kept").waitFor();
  await edit("Ida");
  await page.getByText(/Paused by a person.*1 change waits/).waitFor({ timeout: 30_000 });
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByText("Everything is delivered.").waitFor();
  const before = receiver.taken.length;
  await page.getByLabel("From where").selectOption("number");
  await page.getByLabel("Number of the change").fill("999999999");
  await page.getByRole("button", { name: "Deliver again" }).click();
  await page.getByText("That is not the number of a change that has happened.").waitFor();
  await page.getByLabel("From where").selectOption("hour");
  await page.getByRole("button", { name: "Deliver again" }).click();
  await page.getByText("Delivery begins again there.").waitFor();
  await world.until("the changes once more", () => receiver.taken.length > before);
});

test("a new secret signs beside the old one", async () => {
  await page.getByRole("button", { name: "Make a new secret" }).click();
  await page.getByRole("heading", { name: "The new signing secret" }).waitFor();
  assert.notEqual(await page.locator("#secret").textContent(), secret);
  await page.getByRole("link", { name: "I have kept it" }).click();
  await page.getByText("The secret before signs too").waitFor();
});

test("it is edited, seen by a viewer without its path, and deleted after a question", async () => {
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("Description").fill("Their warehouse");
  await page.getByLabel("Companies").uncheck();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  await page.getByText("All changes of contacts, deals").waitFor();
  const viewer = await world.person();
  await viewer.goto(await world.link(workspace, { user: "vi@example.com", role: "viewer" }));
  await viewer.goto(address("/deliveries"));
  await viewer.getByText("Their warehouse").waitFor();
  assert.ok(!(await viewer.content()).includes("/hook"));
  await viewer.getByRole("link", { name: hook("") }).click();
  await viewer.getByRole("heading", { name: hook("") }).waitFor();
  assert.deepEqual(await viewer.getByRole("button").allTextContents(), ["Sign out"]);
  await page.getByRole("link", { name: "Delete" }).click();
  await page.getByRole("heading", { name: "Delete this endpoint?" }).waitFor();
  await world.assertFitToUse(page);
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByText("The endpoint is deleted.").waitFor();
  assert.deepEqual(await endpoints(), []);
});
