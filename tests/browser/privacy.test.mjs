// Somebody asks what is held about them, and to be deleted: an administrator exports it, deletes them for good, keeps them out, lets them in
// again, sets what is kept, and reads afterwards who did what. One story, in this order; deleting goes by keys alone.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

const EMAIL = "ada.lovelace@analytical.example";

let workspace;
let connection;
let page;
let contact;
let block;

const address = (rest) => `${world.SPOKE}/w/${workspace}/connections/${connection}${rest}`;
const of = (rest) => world.spoke("GET", `/v1/connections/${connection}/${rest}`);
const mirrored = () => of(`records/contacts/${contact}`).catch(() => null);
const open = async (name) => {
  await world.tabTo(page, name);
  await page.keyboard.press("Enter");
};
const exported = async (button) => {
  const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
  assert.match(download.suggestedFilename(), /^person-export-\d{4}-\d\d-\d\d\.json$/);
  return JSON.parse(await readFile(await download.path(), "utf8"));
};

before(async () => {
  ({ workspace, page, connection } = await world.synced());
  const properties = { email: EMAIL, firstname: "Ada", lastname: "Lovelace", jobtitle: "Countess", city: "London" };
  contact = (await world.control("POST", "contacts/create", { properties })).id;
  await world.until("the new contact in the mirror", mirrored);
});
after(world.quit);

test("the Privacy page says what can be done, and that nobody is kept out yet", async () => {
  await page.goto(address(""));
  await page.getByRole("link", { name: "Privacy", exact: true }).click();
  await page.getByText("Nobody is kept out.").waitFor();
  assert.equal(await page.getByLabel("Details of calls, days").inputValue(), "180");
  await world.assertFitToUse(page);
});

test("what is held about one person is a document to hand over, by e-mail address or from the record", async () => {
  await page.getByLabel("E-mail address").fill(EMAIL.toUpperCase());
  const byEmail = await exported(page.getByRole("button", { name: "Export what is held" }));
  assert.equal(byEmail.records[0].record.properties.email, EMAIL);
  // The ids in an address are random, and may have the letters of a name.
  assert.ok(!decodeURIComponent(page.url()).toLowerCase().includes(EMAIL), page.url());
  await page.goto(address(`/records/contacts/${contact}`));
  const fromRecord = await exported(page.getByRole("button", { name: "Export", exact: true }));
  assert.deepEqual([fromRecord.records[0].id, fromRecord.blocks], [contact, []]);
  await world.assertFitToUse(page);
});

test("who is not named, or twice, is asked about once more, and nothing typed is lost", async () => {
  await page.goto(address("/privacy"));
  await page.getByLabel("E-mail address").fill(EMAIL);
  await page.getByLabel("Record id").fill("512");
  await page.getByRole("button", { name: "Delete this prospect…" }).click();
  await page.getByRole("alert").getByText("not both").waitFor();
  assert.equal(await page.getByLabel("E-mail address").inputValue(), EMAIL);
  await world.assertFitToUse(page);
  await page.getByLabel("E-mail address").fill("");
  await page.getByLabel("Record id").fill("");
  await page.getByRole("button", { name: "Delete this prospect…" }).click();
  await page.getByRole("alert").getByText("Say who").waitFor();
});

test("by keyboard, a prospect is deleted from the record's page, after being told what that means", async () => {
  await page.goto(address(`/records/contacts/${contact}`));
  await open("Delete this prospect…");
  await page.getByRole("heading", { name: "Delete this prospect here?" }).waitFor();
  await page.getByRole("link", { name: "Ada Lovelace" }).waitFor();
  await page.getByText("This cannot be undone.").waitFor();
  await world.assertFitToUse(page);
  await open("Keep");
  await page.getByRole("heading", { name: "Ada Lovelace", level: 2 }).waitFor();
  assert.ok(await mirrored(), "whoever thinks better of it has deleted nobody");
  await open("Delete this prospect…");
  await page.getByRole("heading", { name: "Delete this prospect here?" }).waitFor();
  await open("Delete and keep out");
  await page.getByRole("heading", { name: "Deleted and kept out" }).waitFor();
  block = await page.locator("dd code").textContent();
  assert.match(block, /^blk_[0-9a-f]{24}$/);
  await world.assertFitToUse(page);
  assert.equal(await mirrored(), null);
});

test("nothing of them is found any more, and what HubSpot says of them is left out", async () => {
  await page.goto(address("/records/contacts"));
  await page.getByRole("searchbox").fill(EMAIL);
  await page.keyboard.press("Enter");
  await page.getByText("Nothing found for").waitFor();
  await world.control("POST", "contacts/edit", { id: contact, properties: { jobtitle: "Mathematician" } });
  const other = await world.someContact();
  await world.control("POST", "contacts/edit", { id: other.id, properties: { firstname: "Later" } });
  await world.until("a later change of somebody else", async () => (await of(`records/contacts/${other.id}`)).properties.firstname === "Later");
  assert.equal(await mirrored(), null);
  assert.equal((await page.goto(address(`/records/contacts/${contact}`))).status(), 200);
  await page.getByText("Erased for privacy", { exact: true }).waitFor();
  await page.getByText("It was erased for privacy, here or in HubSpot").waitFor();
  assert.equal(await page.getByRole("button", { name: /Reread|Export|Delete/ }).count(), 0);
  await world.assertFitToUse(page);
  assert.equal(await page.getByText("Lovelace").count(), 0);
});

test("the block names nobody but who asked for it; by keyboard it is lifted, and they are read anew", async () => {
  await page.goto(address("/privacy"));
  const row = page.getByRole("table", { name: "Kept out" }).getByRole("row").nth(1);
  await row.getByText(block, { exact: true }).first().waitFor();
  await row.getByText("ada@example.com (administrator)").waitFor();
  await world.assertFitToUse(page);
  await open(`Let in again ${block}`);
  await page.getByRole("heading", { name: "Let this person in again?" }).waitFor();
  await world.assertFitToUse(page);
  await open("Let in again");
  await page.getByText("The block is lifted.").waitFor();
  await page.getByText("Nobody is kept out.").waitFor();
  const back = await world.until("they are back", mirrored, 60);
  assert.equal(back.properties.jobtitle, "Mathematician");
});

test("what is kept and how long is set; what cannot be is refused in words", async () => {
  await page.getByLabel("Details of calls, days").fill("90");
  await page.getByLabel("Intent signals, days").fill("45");
  await page.getByLabel("Keep only the minimum of fields").check();
  await page.getByText("Fields of the minimum").click();
  await page.getByText("jobtitle", { exact: false }).first().waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved. What is no longer to be kept leaves").waitFor();
  const { minimum, call_details_days, signal_days } = await of("retention");
  assert.deepEqual([minimum, call_details_days, signal_days], [true, 90, 45]);
  assert.equal(await page.getByLabel("Intent signals, days").inputValue(), "45");
  assert.ok(await page.getByLabel("Keep only the minimum of fields").isChecked());
  await world.until("fields of no need are gone", async () => (await mirrored())?.properties.city === undefined, 60);
  // A browser refuses it by itself; one that does not is told by us.
  await page.getByLabel("Audit log, days").evaluate((input) => input.removeAttribute("min"));
  await page.getByLabel("Audit log, days").fill("3");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("alert").getByText("Audit log: give a number of days from 30 to 3650.").waitFor();
  assert.equal(await page.getByLabel("Audit log, days").inputValue(), "3");
  await world.assertFitToUse(page);
});

test("the audit log says who did what, and is narrowed by what it was", async () => {
  await page.getByRole("link", { name: "Audit log", exact: true }).click();
  const log = page.getByRole("table", { name: "Audit log" });
  await log.getByRole("row", { name: /Retention set.*ada@example.com/i }).first().waitFor();
  await world.assertFitToUse(page);
  await page.getByLabel("Kind of entry").selectOption({ label: "People deleted, exported, let in" });
  await page.getByRole("button", { name: "Show" }).click();
  await page.waitForURL("**action=person.**");
  const actions = await log.getByRole("rowheader").allInnerTexts();
  assert.deepEqual(
    actions.map((words) => words.split("\n")[0]),
    ["Prospect let in again", "Prospect deleted and kept out", "Held about one person: exported", "Held about one person: exported"],
  );
  assert.ok(!(await page.content()).includes("Lovelace"), "no contact's data");
  await page.getByLabel("Kind of entry").selectOption({ label: "Tier" });
  await page.getByRole("button", { name: "Show" }).click();
  await page.getByText("No such entry.").waitFor();
  await world.assertFitToUse(page);
});

test("a viewer sees who is kept out and what is kept, and can change nothing", async () => {
  const viewer = await world.person();
  await viewer.goto(await world.link(workspace, { user: "vi@example.com", role: "viewer" }));
  await viewer.goto(address("/privacy"));
  await viewer.getByText("Only the minimum").waitFor();
  assert.equal(await viewer.locator("main form").count(), 0);
  await viewer.goto(address("/audit"));
  await viewer.getByRole("table", { name: "Audit log" }).waitFor();
  await viewer.goto(address(`/records/contacts/${contact}`));
  await viewer.getByRole("heading", { name: "What happened" }).waitFor();
  assert.equal(await viewer.locator("main form").count(), 0);
  assert.deepEqual(viewer.complaints, []);
});

test("the operator reads who signed in where, also who tried in vain, and the log of one workspace", async () => {
  const operator = await world.person();
  await operator.goto(`${world.SPOKE}/console`);
  for (const password of ["not the password", process.env.CONSOLE_PASSWORD]) {
    await operator.getByLabel("Console password").fill(password);
    await Promise.all([operator.waitForNavigation(), operator.keyboard.press("Enter")]);
  }
  await operator.getByRole("link", { name: "Audit log", exact: true }).click();
  const log = operator.getByRole("table", { name: "Audit log" });
  await log.getByRole("rowheader", { name: /^Signed in to the console/ }).waitFor();
  await log.getByRole("rowheader", { name: /^Sign-in to the console refused/ }).waitFor();
  await world.assertFitToUse(operator);
  await log.getByRole("link", { name: workspace }).first().click();
  await operator.getByRole("heading", { name: "Audit log of Northwind Traders" }).waitFor();
  await log.getByRole("row", { name: /Person came in by a link.*vi@example.com/i }).waitFor();
  assert.equal(await log.getByText("Signed in to the console").count(), 0);
  await world.assertFitToUse(operator);
  await operator.getByLabel("Kind of entry").selectOption({ label: "Workspaces" });
  await operator.getByRole("button", { name: "Show" }).click();
  await operator.waitForURL("**action=workspace.**");
  await operator.getByRole("heading", { name: "Audit log of Northwind Traders" }).waitFor();
  assert.equal(await log.getByRole("rowheader").count(), 1);
});
