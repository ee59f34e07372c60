// Takes the README's pictures: a customer with two HubSpot accounts, one in step, one in its first sync; then pages of the first.
// Everything on them is as the Worker answered. `cargo xtask picture` runs this with the folder's name.

import * as world from "./world.mjs";

const [folder] = process.argv.slice(2);
if (!folder) throw new Error("name the folder to write to");

const [customer] = (await world.control("GET", "state")).users;
const accounts = [];
const account = async (records, settings) => {
  const { portal_id } = await world.control("POST", "portals", { ...records, settings });
  accounts.push(portal_id);
  await world.control("POST", "users", { ...customer, portals: accounts });
  return portal_id;
};

const workspace = await world.createWorkspace("Northwind Traders");
const page = await world.person({ colorScheme: "light", viewport: { width: 1040, height: 1180 } });
const first = await account(
  { contacts: 8_412, companies: 1_260, deals: 734, associations: true },
  { name: "Northwind Traders", hub_domain: "northwind.example" },
);
await world.connect(page, workspace);
await page.getByText("8,412 synced from HubSpot").waitFor({ timeout: 60_000 });
await world.control("POST", "contacts/edit-random", { portal_id: first, count: 10 });

const second = await account({ contacts: 31_250 }, {
  name: "Northwind Benelux",
  hub_domain: "northwind-benelux.example",
  hublet: "eu1",
  ui_domain: "app-eu1.hubspot.com",
  tier: "professional",
});
await world.control("POST", "faults", { fault: { kind: "latency", ms: 250 }, portal_id: second });
await world.leaveForHubSpot(page, "Connect another account");
await world.authoriseAtHubSpot(page, { account: 1 });
await page.getByText("Live", { exact: true }).waitFor({ timeout: 30_000 });
const percent = page.getByText(/^\d+ %$/);
await world.until("the middle of the first sync", async () => parseInt(await percent.textContent(), 10) >= 55, 120);
// The good news about connecting has gone by then, the bar stands still and nothing has the mouse on it.
await page.getByText("HubSpot is connected.").waitFor({ state: "detached" });
const take = async (name) => {
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.fonts.ready);
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.screenshot({ path: `${folder}/${name}.png` });
};
await take("integrations");

const connections = (await world.spoke("GET", `/v1/workspaces/${workspace}/connections`)).results;
const connection = connections.find((one) => Number(one.portal_id) === first).id;
const of = (rest) => world.spoke("GET", `/v1/connections/${connection}/${rest}`);
const hubspot = (path, body) => world.control("POST", path, { portal_id: first, ...body });
const address = `${world.SPOKE}/w/${workspace}/connections/${connection}`;
const create = async (type, properties) => (await hubspot(`${type}/create`, { properties })).id;
const company = await create("companies", { name: "Analytical Engines", domain: "engines.example" });
const deal = await create("deals", { dealname: "Difference engine no. 2", amount: "17000", dealstage: "appointmentscheduled" });
const contact = await create("contacts", {
  firstname: "Ada",
  lastname: "Lovelace",
  email: "ada@engines.example",
  lifecyclestage: "lead",
  city: "London",
});
const mirrored = (type, id) =>
  world.until(`${type} ${id}`, () => of(`records/${type}/${id}`).catch(() => null));
await mirrored("contacts", contact);
await mirrored("companies", company);
await mirrored("deals", deal);
const list = await hubspot("lists/create", { name: "Hamburg fair", object_type: "contacts", processing: "MANUAL", members: 0 });
await world.spoke("POST", `/v1/connections/${connection}/lists/${list.id}/follow`);
await hubspot("lists/add", { list: list.id, ids: [contact] });
const link = (to_type, to) => hubspot("associations/add", { from_type: "contacts", from: contact, to_type, to });
await link("companies", company);
await hubspot("contacts/edit", { id: contact, properties: { jobtitle: "Mathematician" } });
await world.until("the company", async () => (await of(`records/contacts/${contact}/associations/companies`)).results.length === 1);
await hubspot("associations/add", { from_type: "deals", from: deal, to_type: "contacts", to: contact });
await hubspot("contacts/edit", { id: contact, properties: { lifecyclestage: "opportunity" } });
await world.until("the deal", async () => (await of(`records/contacts/${contact}/associations/deals`)).results.length === 1);
await world.until("the member", async () => (await of(`lists/${list.id}/members`).catch(() => null))?.results.length === 1);
await world.until("the stage", async () => (await of(`records/contacts/${contact}`)).properties.lifecyclestage === "opportunity");

await page.setViewportSize({ width: 1000, height: 1000 });
await page.goto(`${address}/records/contacts/${contact}`);
await page.getByText("Joined the list “Hamburg fair”").waitFor();
// What is looked for, and not the dozen other values.
await page.getByRole("searchbox").fill("stage");
const { bottom } = await page.getByRole("region", { name: "What happened" }).evaluate((all) => all.getBoundingClientRect());
await page.setViewportSize({ width: 1000, height: Math.min(1_600, Math.ceil(bottom) + 24) });
await take("record");

const channel = await world.spoke("POST", `/v1/connections/${connection}/channels`, {
  name: "Warm leads",
  object_type: "contacts",
  filter: {
    and: [
      { property: "lifecyclestage", type: "enumeration", operator: "any_of", values: ["lead", "opportunity"] },
      { property: "lastmodifieddate", type: "datetime", operator: "within_last", count: 30, unit: "days" },
    ],
  },
  fields: [
    { field: "first_name", property: "firstname", default: "there" },
    { field: "email", property: "email" },
    { field: "stage", property: "lifecyclestage" },
  ],
});
await world.until("the channel", async () => (await of(`channels/${channel.id}`)).state === "active");
await page.setViewportSize({ width: 1000, height: 900 });
await page.goto(`${address}/channels/${channel.id}`);
await page.getByText("Active", { exact: true }).waitFor();
await take("channel");

await page.goto(address);
await page.getByText("in step with HubSpot").nth(2).waitFor();
await take("sync");
await world.quit();
