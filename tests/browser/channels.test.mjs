// Channels: one is made of a filter with the editor, previewed, delivered, edited as JSON; one of a list; paused, resumed, deleted. One
// story, in this order.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let workspace;
let connection;
let page;
let receiver;

before(async () => {
  receiver = await world.host();
  await world.control("POST", "lists/create", { name: "Hamburg fair", object_type: "contacts", processing: "MANUAL", members: 40 });
  await world.control("POST", "lists/create", { name: "Customers", object_type: "contacts", processing: "DYNAMIC", members: 7 });
  ({ workspace, page, connection } = await world.synced());
});
after(async () => {
  receiver.close();
  await world.quit();
});

const address = (rest) => `${world.SPOKE}/w/${workspace}/connections/${connection}${rest}`;
const channels = async () => (await world.spoke("GET", `/v1/connections/${connection}/channels`)).results;
const look = async (name) => {
  if (process.env.SPOKE_SHOTS) await page.screenshot({ path: `${process.env.SPOKE_SHOTS}/${name}.png`, fullPage: true });
};
const field = (number) => page.getByLabel(`Field of condition ${number}`, { exact: true });
/** Chooses a field of a condition, whose row may be on its way yet, and waits until its comparisons are there and can be chosen from. */
const choose = async (number, name) => {
  await world.settled(page);
  await field(number).fill(name);
  await field(number).press("Tab");
  await page.getByLabel(`Comparison of condition ${number}`, { exact: true }).waitFor();
  await world.settled(page);
};

test("by keyboard, channels are found empty and lead to a form that says what is missing", async () => {
  await world.tabTo(page, "Channels of Example Inc");
  await page.keyboard.press("Enter");
  await page.getByText("No channel yet").waitFor();
  await world.assertFitToUse(page);
  await world.tabTo(page, "New channel");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "New channel" }).waitFor();
  await page.getByText("Those that a filter selects").click();
  await world.assertFitToUse(page);
  await field("1").fill("Nonsense");
  await field("1").press("Tab");
  await page.getByText("There is no mirrored field “Nonsense”").waitFor();
  await page.getByRole("button", { name: "Preview", exact: true }).click();
  await page.getByRole("alert").getByText("1 row below says what is missing.").waitFor();
  const inSight = await page.getByRole("alert").evaluate((alert) => alert.getBoundingClientRect().bottom <= innerHeight && alert.getBoundingClientRect().top >= 0);
  assert.ok(inSight, "why there is no preview stands out of sight");
  await world.assertFitToUse(page);
});

test("a field brings its own comparisons, and what is typed stays while rows come and go", async () => {
  await page.getByLabel("Name", { exact: true }).fill("Warm leads");
  await choose("1", "firstname");
  await page.getByLabel("Comparison of condition 1").selectOption("starts with");
  await page.getByLabel("Value of condition 1").fill("A");
  await page.getByRole("button", { name: "Add a condition" }).click();
  await choose("2", "lifecyclestage");
  assert.match(await field("2").inputValue(), /^Lifecyclestage/);
  await page.getByLabel("Comparison of condition 2").selectOption("is any of");
  await page.getByRole("group", { name: "Value of condition 2" }).getByLabel("Lead", { exact: true }).check();
  assert.equal(await page.getByLabel("Value of condition 1").inputValue(), "A");
  await page.getByRole("button", { name: "Remove condition 2" }).click();
  await field("2").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Add a group" }).click();
  await choose("1 in group 2", "email");
  await page.getByLabel("Comparison of condition 1 in group 2").selectOption("contains");
  await page.getByLabel("Value of condition 1 in group 2").fill("analytical");
  await page.getByRole("combobox", { name: "A record is selected if" }).waitFor();
  await world.assertFitToUse(page);
  await look("channel-editor");
});

test("a preview says how many match, shows some as they would be handed over, and what it costs", async () => {
  await page.getByRole("button", { name: "Add a field" }).click();
  // The focus goes to the row's first box before the second is filled.
  await world.settled(page);
  await page.getByLabel("Your name for it of field 4").fill("given_name");
  await page.getByLabel("HubSpot's field of field 4").fill("firstname");
  await page.getByLabel("If it is empty of field 4").fill("there");
  await page.getByRole("button", { name: "Preview", exact: true }).click();
  await page.getByText(/^\d[\d,]* contacts of 2,000 now\.$/).waitFor();
  await page.getByText("No call to HubSpot: the filter reads the mirror.").waitFor();
  await page.getByRole("columnheader", { name: "given_name" }).waitFor();
  assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "Warm leads");
  assert.deepEqual(await channels(), []);
  await world.assertFitToUse(page);
  await look("channel-preview");
});

test("the channel is made, looks through everybody, and says that it is delivered nowhere yet", async () => {
  await page.getByRole("button", { name: "Make the channel" }).click();
  await page.getByText("The channel is made").waitFor();
  await page.getByRole("heading", { name: "Warm leads" }).waitFor();
  await page.getByText("Active", { exact: true }).waitFor();
  await page.getByText("Nothing is delivered: the channel has no endpoint.").waitFor();
  const [made] = await channels();
  assert.ok(made.members > 0 && made.filter.or.length === 2, JSON.stringify(made));
  await page.getByText(`Firstname starts with "A" or Email contains "analytical"`, { exact: false }).waitFor();
  await world.assertFitToUse(page);
});

test("an endpoint of its own gets everybody who is in it, and then who enters", async () => {
  await page.getByRole("link", { name: "New endpoint for it" }).click();
  await page.getByLabel("Address").fill(receiver.address("/leads"));
  await world.assertFitToUse(page);
  await page.getByRole("button", { name: "Make the endpoint" }).click();
  await page.getByRole("link", { name: "I have kept it" }).click();
  const [made] = await channels();
  await world.until("everybody handed over", () => receiver.changes().filter((change) => change.kind === "channel_entered").length === made.members);
  assert.ok(receiver.changes().every((change) => change.kind !== "channel_entered" || "email" in change.fields));
  const { id } = await world.control("POST", "contacts/create", { properties: { email: "x@analytical.example", firstname: "Zoe" } });
  await world.until("the new one", () => receiver.changes().some((change) => change.kind === "channel_entered" && change.id === id && change.fields.given_name === "Zoe"));
  await page.getByRole("link", { name: "the channel" }).click();
  await page.getByText("Everything is delivered.").waitFor({ state: "detached" });
  await page.getByRole("region", { name: "Where it is delivered" }).getByRole("link", { name: /leads$/ }).waitFor();
  await world.assertFitToUse(page);
  await look("channel");
});

test("paused it tells nothing and says so; resumed it goes on", async () => {
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("Paused: nothing is told until it is resumed.").waitFor();
  assert.equal((await channels())[0].state, "paused");
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByText("Resumed: it tells now").waitFor();
  await page.getByText("Active", { exact: true }).waitFor();
});

test("what the editor cannot say is written as JSON, and wrong JSON is refused with its reason", async () => {
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByRole("heading", { name: "Edit channel" }).waitFor();
  assert.equal(await page.getByLabel("Value of condition 1 in group 1").inputValue(), "A");
  await page.getByText("As JSON, for experts").click();
  const json = page.getByLabel("The filter as JSON");
  assert.match(await json.inputValue(), /"starts_with"/);
  await json.fill("{");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("alert").getByText("The JSON of the filter cannot be read").waitFor();
  assert.equal(await json.inputValue(), "{");
  await json.fill('{"not":{"property":"firstname","type":"string","operator":"starts_with","value":"A"}}');
  await page.getByRole("button", { name: "Take this JSON" }).click();
  await page.getByText('Not (Firstname starts with "A").').waitFor();
  await world.assertFitToUse(page);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved. What the edit comes to is told now.").waitFor();
  await page.getByText('Not (Firstname starts with "A")').waitFor();
  assert.ok((await channels())[0].filter.not);
});

test("a channel of a list: found by typing, its cost said before, everybody on it handed over", async () => {
  await page.goto(address("/channels"));
  await page.getByRole("link", { name: "New channel" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Fair");
  await world.settled(page);
  await page.getByText("Everybody on a HubSpot list").click();
  await page.getByLabel("Find a list").fill("hamb");
  assert.equal(await page.getByText("Customers").isVisible(), false);
  await page.getByRole("radio", { name: /Hamburg fair/ }).check();
  await page.getByText("40 contacts · filled by hand").waitFor();
  await page.getByRole("button", { name: "Preview", exact: true }).click();
  await page.getByText("HubSpot counts 40 contacts on the list.").waitFor();
  await page.getByText(/^Reading the list takes 2 calls to HubSpot once/).waitFor();
  // Nobody follows the list: its first page is asked for, and shows by itself what is typed meanwhile.
  await page.getByLabel("Your name for it of field 1").fill("address_of_theirs");
  await page.getByText("10 of the contacts that match, as they would be handed over:").waitFor();
  await page.getByRole("columnheader", { name: "address_of_theirs" }).waitFor();
  assert.equal(await page.getByRole("region", { name: "Preview" }).getByRole("link").count(), 10);
  assert.equal(await page.getByLabel("Your name for it of field 1").inputValue(), "address_of_theirs");
  assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "Fair");
  await world.assertFitToUse(page);
  await look("channel-list-preview");
  await page.getByRole("button", { name: "Make the channel" }).click();
  await page.getByText('Contacts: Everybody on the list "Hamburg fair".').waitFor();
  await page.getByText("40 contacts").waitFor({ timeout: 30_000 });
  await page.goto(address("/channels"));
  await page.getByText("40 contacts in it").waitFor();
  await world.assertFitToUse(page);
  await look("channels");
});

test("a viewer sees channels and is offered nothing to do; nobody changes one without the right", async () => {
  const viewer = await world.person();
  await viewer.goto(await world.link(workspace, { user: "vi@example.com", role: "viewer" }));
  await viewer.goto(address("/channels"));
  await viewer.getByRole("link", { name: "Fair" }).click();
  await viewer.getByRole("heading", { name: "Fair" }).waitFor();
  assert.deepEqual(await viewer.getByRole("button").allTextContents(), ["Sign out"]);
  const refused = await viewer.goto(address("/channels/new/contacts"));
  assert.equal(refused.status(), 403);
});

test("a channel is deleted after a question that says what stays", async () => {
  await page.getByRole("link", { name: "Fair" }).click();
  await page.getByRole("link", { name: "Delete" }).click();
  await page.getByText("Nobody is told to have left: 40 records stay with whoever received them.").waitFor();
  await world.assertFitToUse(page);
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByText("The channel is deleted.").waitFor();
  assert.deepEqual((await channels()).map((one) => one.name), ["Warm leads"]);
});

test("without scripts the same form makes a channel", async () => {
  const plain = await world.person({ javaScriptEnabled: false });
  await plain.goto(await world.link(workspace));
  await plain.goto(address("/channels/new/companies"));
  await plain.getByLabel("Name", { exact: true }).fill("Plain");
  await plain.getByLabel("Field of condition 1").fill("name");
  await plain.getByRole("button", { name: "say what it has to be" }).click();
  await plain.getByLabel("Comparison of condition 1").selectOption("is known");
  await plain.getByRole("button", { name: "Make the channel" }).click();
  await plain.getByRole("heading", { name: "Plain" }).waitFor();
  assert.equal((await channels()).length, 2);
});
