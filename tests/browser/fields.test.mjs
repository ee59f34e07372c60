// The choice of mirrored fields: what it comes to is said before, and is done after. One story, in this order.

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
const selection = () => world.spoke("GET", `/v1/connections/${connection}/fields/contacts/selection`);
/** A field of the first record that is there unless it is left out. */
let lost;
const someRecord = async () => (await world.spoke("GET", `/v1/connections/${connection}/records/contacts?limit=1`)).results[0];

test("by keyboard, the Fields page leads to a choice of hundreds, found by typing", async () => {
  await page.goto(address("/fields/contacts"));
  await world.tabTo(page, "Choose fields");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Which fields of contacts are mirrored" }).waitFor();
  await world.settled(page);
  assert.equal(await page.getByRole("checkbox", { name: /^City/ }).isVisible(), false);
  await page.getByText("Only the fields that are ticked below").click();
  await world.assertFitToUse(page);
  assert.ok((await page.getByRole("checkbox").count()) > 200);
  await page.getByLabel("Find a field").fill("CITY");
  await page.getByRole("checkbox", { name: /^City/ }).waitFor();
  assert.equal(await page.getByRole("checkbox", { name: /^Firstname/ }).isVisible(), false);
  await page.getByLabel("Find a field").fill("");
  assert.ok(await page.getByRole("checkbox", { name: /^Email always/ }).isDisabled());
});

test("what has the focus is never under the bar that stays at the foot of the choice", async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByLabel("Find a field").focus();
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press("Tab");
    const covered = await page.evaluate(() => {
      const box = document.activeElement.getBoundingClientRect();
      const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
      return document.activeElement.contains(top) ? null : `${document.activeElement.outerHTML} by ${top?.outerHTML.slice(0, 99)}`;
    });
    assert.equal(covered, null, `covered after ${presses + 1} presses`);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
});

test("all are unticked, a group and one field are ticked, and what that comes to is said before anything is saved", async () => {
  await page.getByRole("button", { name: "Untick all", exact: true }).click();
  await page.getByRole("checkbox", { name: /^City/, checked: false }).waitFor();
  await page.getByRole("checkbox", { name: /^Firstname/ }).check();
  await page.getByRole("checkbox", { name: /^City/ }).check();
  await page.getByRole("button", { name: "See what this comes to" }).click();
  const review = page.getByRole("region", { name: "What saving this comes to" });
  await review.getByText(/^10 of \d+ fields are mirrored/).waitFor();
  await review.getByText(/fields disappear here, with the values of all records/).waitFor();
  await review.getByText("All 2,000 contacts are read once more for that: about 20 calls to HubSpot.").waitFor();
  const { fields, always } = await selection();
  assert.equal(fields, "all");
  lost = Object.keys((await someRecord()).properties).find((name) => ![...always, "firstname"].includes(name));
  await world.assertFitToUse(page);
});

test("what was changed after the review is reviewed again; what was reviewed is saved and done", async () => {
  await page.getByRole("checkbox", { name: /^City/ }).uncheck();
  await page.getByRole("button", { name: "Save this choice" }).click();
  await page.getByText(/^9 of \d+ fields are mirrored/).waitFor();
  assert.equal((await selection()).fields, "all");
  await page.getByRole("button", { name: "Save this choice" }).click();
  await page.getByText("Saved. Where the fields differ").waitFor();
  assert.deepEqual((await selection()).fields, ["firstname"]);
  await world.until("records without the others", async () => !(lost in (await someRecord()).properties));
  // A choice is heard once the page's scripts have run.
  await page.waitForLoadState();
  await page.getByLabel("Which fields").selectOption("left-out");
  await page.getByText("Not mirrored").nth(1).waitFor();
});

test("choosing all again brings the values back", async () => {
  await page.getByRole("link", { name: "Choose fields" }).click();
  await page.getByText("All fields, also those that appear in HubSpot later").click();
  await page.getByRole("button", { name: "See what this comes to" }).click();
  await page.getByText(/fields are added/).waitFor();
  await page.getByRole("button", { name: "Save this choice" }).click();
  await page.getByText("Saved. Where the fields differ").waitFor();
  assert.equal((await selection()).fields, "all");
  await world.until("records with the others", async () => lost in (await someRecord()).properties);
});

test("a viewer is not offered the choice, and may not make it", async () => {
  const viewer = await world.person();
  await viewer.goto(await world.link(workspace, { user: "vi@example.com", role: "viewer" }));
  await viewer.goto(address("/fields/contacts"));
  await viewer.getByRole("table", { name: "Fields of contacts" }).waitFor();
  assert.equal(await viewer.getByRole("link", { name: "Choose fields" }).count(), 0);
  const refused = await viewer.goto(address("/fields/contacts/choose"));
  assert.equal(refused.status(), 403);
});
