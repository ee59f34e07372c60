// Field mappings: found empty by keyboard, one filled with the editor, refused with words beside the row, saved, edited, shown to a viewer,
// deleted. One story, in this order.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let workspace;
let connection;
let page;

before(async () => {
  ({ workspace, page, connection } = await world.synced());
});
after(world.quit);

const address = (rest) => `${world.SPOKE}/w/${workspace}/connections/${connection}${rest}`;
const mapping = (action) => world.spoke("GET", `/v1/connections/${connection}/mappings/${action}`);
const field = (number) => page.getByLabel(`HubSpot's field of field ${number}`, { exact: true });
const value = (number) => page.getByLabel(`Your name of the value of field ${number}`, { exact: true });
/** Chooses the field of a row, and waits until what it takes is said. */
const choose = async (number, name, takes) => {
  // A row that has just come hears nothing yet.
  await world.settled(page);
  await field(number).fill(name);
  await field(number).press("Tab");
  await page.getByRole("group", { name: `Field ${number}`, exact: true }).getByText(takes).waitFor();
};
const look = async (name) => {
  if (process.env.SPOKE_SHOTS) await page.screenshot({ path: `${process.env.SPOKE_SHOTS}/${name}.png`, fullPage: true });
};

test("by keyboard, mappings are found and lead to a form that says what is missing", async () => {
  await page.goto(address(""));
  await world.tabTo(page, "Mappings");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Field mappings" }).waitFor();
  await page.waitForLoadState();
  assert.equal(await page.getByText("Nothing mapped").count(), 9);
  await world.assertFitToUse(page);
  await look("mappings");
  await world.tabTo(page, "Update a contact");
  await page.keyboard.press("Enter");
  await page.getByText("Nothing is mapped yet.").waitFor();
  await world.assertFitToUse(page);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("alert").getByText("Add at least one field.").waitFor();
  await world.tabTo(page, "Add a field");
  await page.keyboard.press("Enter");
  await field(1).waitFor();
  // A person goes on at the new row.
  await world.lands(page, "HubSpot's field of field 1");
  await page.keyboard.type("Nonsense");
  await page.keyboard.press("Tab");
  await page.getByText("There is no field “Nonsense” that can be written.").waitFor();
  await world.assertFitToUse(page);
});

test("a field says what it takes, and what is typed stays while rows come and go", async () => {
  await choose(1, "firstname", /^A text$/);
  await value(1).fill("person.first_name");
  await page.getByLabel("If it is absent of field 1").fill("there");
  await page.getByRole("button", { name: "Add a field" }).click();
  await field(2).waitFor();
  await choose(2, "lifecyclestage", /^One option:/);
  await page.getByLabel("Is filled with of field 2").selectOption("always this");
  await page.getByLabel("What is always written of field 2").fill("Nonsense");
  await page.getByLabel("Only if it is empty of field 2").check();
  assert.equal(await value(1).inputValue(), "person.first_name");
  await world.assertFitToUse(page);
});

test("what does not fit HubSpot's fields is refused beside its row, and nothing is saved", async () => {
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("alert").getByText("1 field below says what is wrong. Nothing was saved.").waitFor();
  await page.getByRole("group", { name: "Field 2", exact: true }).getByText("has no such option").waitFor();
  assert.equal(await page.getByLabel("If it is absent of field 1").inputValue(), "there");
  assert.equal((await world.spoke("GET", `/v1/connections/${connection}/mappings`)).results.length, 0);
  await world.assertFitToUse(page);
  await look("mapping-refused");
});

test("what fits is saved as the API tells it, and comes back as it was", async () => {
  await page.getByLabel("What is always written of field 2").fill("lead");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved. It holds from the next action on.").waitFor();
  const saved = await mapping("update_contact");
  assert.equal(saved.state, "ready");
  const own = saved.entries.map(({ label, property_type, trouble, ...entry }) => entry);
  assert.deepEqual(own, [
    { field: "firstname", from: "person.first_name", default: "there" },
    { field: "lifecyclestage", constant: "lead", only_if_empty: true },
  ]);
  await page.getByRole("link", { name: "Update a contact" }).click();
  assert.equal(await value(1).inputValue(), "person.first_name");
  assert.ok(await page.getByLabel("Only if it is empty of field 2").isChecked());
  await page.getByRole("button", { name: "Remove field 1" }).click();
  await page.getByLabel("What is always written of field 1").waitFor();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved. It holds from the next action on.").waitFor();
  assert.equal((await mapping("update_contact")).entries.length, 1);
});

test("a task can be mapped though tasks are not mirrored", async () => {
  await page.goto(address("/mappings/create_task"));
  await page.getByRole("button", { name: "Add a field" }).click();
  await choose(1, "hs_task_subject", /^A text$/);
  assert.equal(await page.getByLabel("Only if it is empty of field 1").count(), 0, "what is made new has no values");
  await value(1).fill("subject");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved. It holds from the next action on.").waitFor();
});

test("a viewer sees what is filled and can change nothing", async () => {
  const viewer = await world.person();
  await viewer.goto(await world.link(workspace, { role: "viewer" }));
  await viewer.goto(address("/mappings/update_contact"));
  await viewer.getByRole("table", { name: "Update a contact" }).getByText("only if it is empty").waitFor();
  assert.equal(await viewer.getByRole("button", { name: "Save" }).count(), 0);
  await world.assertFitToUse(viewer);
});

test("deleted is deleted once a person has said so", async () => {
  await page.goto(address("/mappings/update_contact"));
  await page.getByRole("link", { name: "Delete this mapping" }).click();
  await page.getByRole("heading", { name: "Delete this mapping?" }).waitFor();
  await world.assertFitToUse(page);
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByText("The mapping is deleted.").waitFor();
  const left = (await world.spoke("GET", `/v1/connections/${connection}/mappings`)).results.map(({ action }) => action);
  assert.deepEqual(left, ["create_task"]);
});
