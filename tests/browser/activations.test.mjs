// Somebody sets up an activation as a marketer does: names the property group, adds an audience, fills in what is general (the identifier is
// the e-mail address), selects one audience, saves, and sees the first sync end; adds a calculated attribute later; follows who enters and
// leaves into HubSpot; mends what HubSpot refused; renames; and deletes the audience, whose property goes with it. One story, in this order.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

const BASKET = "raptor_aud_abandon_basket";
const POINTS = "raptor_att_points";

let workspace;
let connection;
let page;
let account;
let token;
let people;

const address = (rest) => `${world.SPOKE}/w/${workspace}/connections/${connection}${rest}`;
const api = (method, rest, body) => world.spoke(method, `/v1/connections/${connection}${rest}`, body);
const member = (method, person) => api(method, `/audiences/abandon-basket/members/${encodeURIComponent(person.email)}`);
const points = (person, value) => api("PUT", `/attributes/points/values/${encodeURIComponent(person.email)}`, { value });

const dumped = async (from, limit) => {
  const response = await fetch(`${world.HUBSPOT}/__control/contacts/dump?from=${from}&limit=${limit}`);
  const lines = (await response.text()).trim().split("\n");
  return lines.map((line) => JSON.parse(line));
};
/** What HubSpot's contact holds in a property; empty and none are the same. */
const held = async (person, property) => (await dumped(person.id, 1))[0].properties[property] || "";
const becomes = (person, property, value) =>
  world.until(`${property} is “${value}”`, async () => (await held(person, property)) === value, 60);
/** A property as HubSpot tells it; null: there is none. */
const property = async (name) => {
  const url = `${world.HUBSPOT}/crm/properties/2026-09/contacts/${name}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  return response.status === 404 ? null : response.json();
};

before(async () => {
  ({ workspace, page, connection } = await world.synced());
  account = (await world.control("GET", "state")).portals[0].portal_id;
  ({ token } = await world.control("POST", "private-tokens", { portal_id: account }));
  const some = (await dumped(0, 50)).filter((own) => own.state === "live" && own.properties.email);
  people = some.slice(0, 4).map((own) => ({ id: own.id, email: own.properties.email }));
  assert.equal(people.length, 4);
});
after(world.quit);

test("by keyboard, the page is found, and says what comes first", async () => {
  await page.goto(address(""));
  await world.tabTo(page, "Activations");
  await page.keyboard.press("Enter");
  await page.getByText("First add an audience or an attribute below").waitFor();
  assert.equal(await page.getByRole("link", { name: "New activation" }).count(), 0);
  await world.assertFitToUse(page);
});

test("the property group is named, and what is no name is refused with nothing lost", async () => {
  await page.getByRole("link", { name: "Settings", exact: true }).click();
  await page.getByLabel("Label of the property group").fill("Raptor Smart Advisor CDP");
  await page.getByLabel("Name of the property group").fill("raptor_smart_advisor_cdp");
  await page.getByLabel("Prefix of each property's name").fill("Raptor!");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("alert").getByText("lower-case letters").waitFor();
  assert.equal(await page.getByLabel("Label of the property group").inputValue(), "Raptor Smart Advisor CDP");
  await world.assertFitToUse(page);
  await page.getByLabel("Prefix of each property's name").fill("raptor");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved. It holds for properties that are made from now on.").waitFor();
  await page.getByText("they stand in the group Raptor Smart Advisor CDP").waitFor();
});

test("an audience is added, of which nothing is in HubSpot before it is activated", async () => {
  await page.getByRole("link", { name: "New audience" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Abandon Basket");
  await world.assertFitToUse(page);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Not activated", { exact: true }).waitFor();
  for (const person of people.slice(0, 2)) await member("PUT", person);
  await page.reload();
  await page.getByText("2 members").waitFor();
  assert.equal(await property(BASKET), null);
  await page.getByRole("link", { name: "New audience" }).click();
  await page.getByLabel("Name", { exact: true }).fill("abandon basket");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("alert").getByText("There is one with the id abandon-basket already.").waitFor();
  await world.assertFitToUse(page);
});

test("an activation without a name is refused, and what was ticked stays ticked", async () => {
  await page.goto(address("/activations"));
  await page.getByRole("link", { name: "New activation" }).click();
  await page.getByText("Identifier: e-mail.").waitFor();
  await page.getByText("Consider starting with just one").waitFor();
  await page.getByRole("checkbox", { name: /Abandon Basket/ }).check();
  await page.getByLabel("Name", { exact: true }).fill(" ");
  await page.getByRole("button", { name: "Save and sync" }).click();
  await page.getByRole("alert").waitFor();
  assert.ok(await page.getByRole("checkbox", { name: /Abandon Basket/ }).isChecked());
  await world.assertFitToUse(page);
});

test("saved, it makes the property in its group, and the first sync ends with who is in it", async () => {
  await page.getByLabel("Name", { exact: true }).fill("Baskets");
  await page.getByRole("button", { name: "Save and sync" }).click();
  await page.getByRole("heading", { name: "Baskets" }).waitFor();
  await page.getByText("In step", { exact: true }).waitFor({ timeout: 90_000 });
  await page.getByText("In HubSpot", { exact: true }).waitFor();
  await page.getByText("2 rows gone through, 2 contacts written").waitFor();
  await world.assertFitToUse(page);
  const made = await property(BASKET);
  assert.deepEqual([made.label, made.type, made.fieldType], ["Abandon Basket", "bool", "booleancheckbox"]);
  assert.equal(made.groupName, "raptor_smart_advisor_cdp");
  for (const person of people.slice(0, 2)) assert.equal(await held(person, BASKET), "true");
  assert.equal(await held(people[2], BASKET), "", "who never was in it is not written");
});

test("who enters and who leaves is in HubSpot within seconds", async () => {
  await member("PUT", people[2]);
  await member("DELETE", people[0]);
  await becomes(people[2], BASKET, "true");
  await becomes(people[0], BASKET, "false");
});

test("more is added later: a calculated attribute, in a property of its own type", async () => {
  await page.goto(address("/activations"));
  await page.getByRole("link", { name: "New attribute" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Points");
  await page.getByLabel("Type", { exact: true }).selectOption("A number");
  await world.assertFitToUse(page);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.", { exact: true }).waitFor();
  await points(people[1], 73);
  await page.getByRole("link", { name: "Baskets" }).click();
  await page.getByRole("link", { name: "Edit", exact: true }).click();
  await page.getByRole("checkbox", { name: /Points/ }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await becomes(people[1], POINTS, "73");
  const made = await property(POINTS);
  assert.deepEqual([made.label, made.type], ["Points", "number"]);
  await page.getByText("In step", { exact: true }).waitFor({ timeout: 60_000 });
});

test("paused, it writes nothing; resumed, it writes what all of it comes to", async () => {
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("Paused", { exact: true }).waitFor();
  await world.assertFitToUse(page);
  await member("DELETE", people[1]);
  await points(people[1], 1);
  await points(people[1], 74);
  // A member again: of the three only the points differ in the end.
  await member("PUT", people[1]);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  assert.equal(await held(people[1], POINTS), "73");
  await page.getByRole("button", { name: "Resume" }).click();
  await becomes(people[1], POINTS, "74");
  assert.equal(await held(people[1], BASKET), "true");
});

test("a contact that HubSpot refuses is told with the reason, and tried again once that is mended", async () => {
  const rules = (all) =>
    world.control("PUT", "validation-rules", { portal_id: account, object_type: "contacts", property: POINTS, rules: all });
  await rules([{ kind: "max_length", characters: 3 }]);
  await points(people[3], 123456);
  const refused = async () => (await api("GET", "/activations/refused")).results;
  await world.until("it is refused", async () => (await refused()).length === 1, 60);
  await page.goto(address("/activations"));
  await page.getByText("HubSpot refused 1 contact.").waitFor();
  await page.getByRole("link", { name: "Why, and try again" }).click();
  const table = page.getByRole("table", { name: "What HubSpot refused" });
  await table.getByText(people[3].email.toLowerCase()).waitFor();
  assert.ok(!page.url().includes("%40") && !page.url().includes("@"), "no address stands in an address");
  await world.assertFitToUse(page);
  await rules([]);
  await page.getByRole("button", { name: "Try again" }).click();
  await becomes(people[3], POINTS, "123456");
  await world.until("nobody is refused", async () => (await refused()).length === 0);
  await page.reload();
  await page.getByText("HubSpot has refused nobody.").waitFor();
});

test("renamed, an audience keeps its property, which gets the new label", async () => {
  await page.goto(address("/activations"));
  await page.getByRole("link", { name: "Abandon Basket", exact: true }).click();
  await page.getByText("the property stays the same").waitFor();
  await page.getByLabel("Name", { exact: true }).fill("Left a basket");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("link", { name: "Left a basket", exact: true }).waitFor();
  await world.until("the label", async () => (await property(BASKET)).label === "Left a basket", 60);
});

test("a viewer sees all of it and changes nothing", async () => {
  const viewer = await world.person();
  await viewer.goto(await world.link(workspace, { user: "bob@example.com", role: "viewer" }));
  await viewer.goto(address("/activations"));
  await viewer.getByText("Left a basket").first().waitFor();
  assert.equal(await viewer.getByRole("link", { name: "New audience" }).count(), 0);
  await viewer.getByRole("link", { name: "Baskets" }).click();
  await viewer.getByRole("heading", { name: "Baskets" }).waitFor();
  assert.equal(await viewer.getByRole("button", { name: "Pause" }).count(), 0);
  assert.equal((await viewer.goto(address("/activations/new"))).status(), 403);
  assert.equal((await viewer.goto(address("/audiences/abandon-basket/delete"))).status(), 403);
});

test("before an audience is deleted what depends on it is named, here and by HubSpot", async () => {
  const channel = {
    name: "Baskets to mail",
    object_type: "contacts",
    filter: { property: BASKET, type: "bool", operator: "is", value: true },
    fields: [{ field: "mail", property: "email" }],
  };
  await api("POST", "/fields/refresh");
  await world.until("the channel knows the field", () => api("POST", "/channels", channel).catch(() => null), 60);
  await page.goto(address("/activations"));
  await page.getByRole("link", { name: "Delete Left a basket" }).click();
  await page.getByText("Activation Baskets").waitFor();
  await page.getByText("Channel Baskets to mail").waitFor();
  await page.getByText(BASKET).waitFor();
  await world.assertFitToUse(page);
  await page.getByRole("link", { name: "Keep it" }).click();
  // A list or workflow of HubSpot's own uses it.
  await world.control("PATCH", "switches", { properties_in_use: true });
  await page.getByRole("link", { name: "Delete Left a basket" }).click();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByText("Deleted. Its property is being deleted in HubSpot.").waitFor();
  await page.getByText("Needs attention", { exact: true }).waitFor({ timeout: 60_000 });
  await page.getByText("could not be archived").waitFor();
  await world.assertFitToUse(page);
  assert.equal((await property(BASKET)).label, "Left a basket");
});

test("once nothing uses it any more, its property is deleted on request", async () => {
  await world.control("PATCH", "switches", { properties_in_use: false });
  await page.getByRole("button", { name: "Try again Left a basket" }).click();
  await page.getByText("HubSpot is being asked again").waitFor();
  await world.until("the property is gone", async () => (await property(BASKET)) === null, 60);
  await world.until("the audience is gone", async () => (await api("GET", "/audiences")).results.length === 0, 60);
  assert.equal(await held(people[1], POINTS), "74", "what else the activation keeps stays");
  await page.goto(address("/activations"));
  assert.equal(await page.getByText("Left a basket").count(), 0);
  await world.assertFitToUse(page);
});

test("an activation is deleted, and its properties stay", async () => {
  await page.goto(address("/activations"));
  await page.getByRole("link", { name: "Baskets" }).click();
  await page.getByRole("link", { name: "Delete", exact: true }).click();
  await page.getByText("What contacts hold stays in HubSpot").waitFor();
  await world.assertFitToUse(page);
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByText("The activation is deleted.").waitFor();
  assert.equal((await property(POINTS)).label, "Points");
  assert.equal(await held(people[1], POINTS), "74");
});

test("an audience is found by a filter, and who changes in HubSpot enters and leaves it", async () => {
  const hot = "raptor_aud_hot";
  const name = (person, firstname) => world.control("POST", "contacts/edit", { id: person.id, properties: { firstname } });
  await name(people[0], "Zoe");
  await page.goto(address("/activations"));
  await page.getByRole("link", { name: "New audience" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Hot");
  // What hides it is the style sheet, which a page can be typed into without.
  await world.settled(page);
  assert.ok(await page.getByLabel("Field of condition 1").isHidden(), "a host sends members unless a filter is chosen");
  await page.getByRole("radio", { name: "A filter finds them" }).check();
  await page.getByLabel("Field of condition 1").fill("Contact: Firstname");
  await page.getByLabel("Field of condition 1").press("Tab");
  await page.getByLabel("Comparison of condition 1").waitFor();
  await world.settled(page);
  await page.getByLabel("Comparison of condition 1").selectOption("is");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("alert").getByText("1 row of the filter below says what is wrong.").waitFor();
  assert.ok(await page.getByRole("radio", { name: "A filter finds them" }).isChecked());
  await page.getByLabel("Value of condition 1").fill("Zoe");
  await page.getByRole("button", { name: "Add a condition" }).click();
  await page.getByRole("button", { name: "Remove condition 2" }).click();
  await page.getByLabel("Field of condition 2").waitFor({ state: "detached" });
  assert.equal(await page.getByLabel("Value of condition 1").inputValue(), "Zoe");
  await world.assertFitToUse(page);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Members are found:").waitFor();
  await page.getByText("1 member", { exact: false }).first().waitFor({ timeout: 60_000 });
  await world.assertFitToUse(page);
  await page.getByRole("link", { name: "New activation" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Hot ones");
  await page.getByRole("checkbox", { name: /Hot/ }).check();
  await page.getByRole("button", { name: "Save and sync" }).click();
  await becomes(people[0], hot, "true");
  await name(people[1], "Zoe");
  await name(people[0], "Ada");
  await becomes(people[1], hot, "true");
  await becomes(people[0], hot, "false");
});
