// Further types of records: turned on and off by a person, custom objects found first. One story, in this order.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let workspace;
let connection;
let page;
let cars;

before(async () => {
  const made = { name: "cars", singular: "Car", plural: "Cars", properties: ["name"] };
  cars = (await world.control("POST", "schemas/define", made)).id;
  await world.control("POST", "tasks/seed", { count: 130 });
  await world.control("POST", `${cars}/seed`, { count: 30 });
  ({ workspace, page, connection } = await world.synced());
});
after(world.quit);

const address = (rest) => `${world.SPOKE}/w/${workspace}/connections/${connection}${rest}`;
const row = (name) => page.getByRole("row", { name });

test("by keyboard, the Sync page leads to the types, and a type is turned on", async () => {
  await page.goto(address(""));
  await world.tabTo(page, "Types of records");
  await page.keyboard.press("Enter");
  await page.getByRole("table", { name: "Types of records" }).waitFor();
  await row(/^Contacts/).getByText("Always on").waitFor();
  await row(/^Tasks/).getByText("Off", { exact: true }).waitFor();
  await world.assertFitToUse(page);
  await world.tabTo(page, "Turn on Tasks");
  await page.keyboard.press("Enter");
  await page.getByText("Turned on: its records are read from HubSpot now.").waitFor();
  await row(/^Tasks/).getByText("In step").waitFor({ timeout: 60_000 });
  await row(/^Tasks/).getByText("130").waitFor({ timeout: 60_000 });
});

test("custom objects are looked for, appear without a reload, and are turned on by their own name", async () => {
  await page.getByText("HubSpot has not been asked yet which custom objects").waitFor();
  await page.getByRole("button", { name: "Look for custom objects" }).click();
  await row(/^Cars cars/).waitFor({ timeout: 60_000 });
  await page.getByText("1 custom object found").waitFor();
  await page.getByRole("button", { name: "Turn on Cars" }).click();
  await row(/^Cars cars/).getByText("30").waitFor({ timeout: 60_000 });
  await world.assertFitToUse(page);
  await row(/^Cars cars/).getByRole("link", { name: "30 Cars" }).click();
  await page.getByRole("link", { name: "Cars" }).waitFor();
});

test("turning off says first what is deleted, and deletes it here alone", async () => {
  await page.goto(address("/types"));
  await page.getByRole("link", { name: "Turn off Tasks" }).click();
  await page.getByText("What is kept of tasks here is deleted at once: 130 records").waitFor();
  await world.assertFitToUse(page);
  await page.getByRole("link", { name: "Cancel" }).click();
  await row(/^Tasks/).getByText("In step").waitFor();
  await page.getByRole("link", { name: "Turn off Tasks" }).click();
  await page.getByRole("button", { name: "Stop mirroring tasks" }).click();
  await page.getByText("Turned off: what was kept of it here is deleted.").waitFor();
  await row(/^Tasks/).getByText("Off", { exact: true }).waitFor();
  for (const rest of ["/records/tasks", "/fields/tasks", "/fields/tasks/choose", "/channels/new/tasks", "/streams/tasks/resync"]) {
    assert.equal((await page.goto(address(rest))).status(), 404, rest);
  }
  page.complaints.length = 0;
});

test("a viewer sees the types and has no switch", async () => {
  const viewer = await world.person();
  await viewer.goto(await world.link(workspace, { user: "vi@example.com", role: "viewer" }));
  await viewer.goto(address("/types"));
  await viewer.getByRole("table", { name: "Types of records" }).waitFor();
  assert.deepEqual(await viewer.getByRole("button").allTextContents(), ["Sign out"]);
  assert.equal((await viewer.goto(address("/types/2-1/off"))).status(), 403);
});
