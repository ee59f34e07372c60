// Takes the README's picture: a customer with two HubSpot accounts, one in step, one in its first sync. Everything on it
// is as the Worker answered. `cargo xtask picture` runs this with the file's name.

import * as world from "./world.mjs";

const [file] = process.argv.slice(2);
if (!file) throw new Error("name the file to write");

const [customer] = (await world.control("GET", "state")).users;
const accounts = [];
const account = async (contacts, settings) => {
  const { portal_id } = await world.control("POST", "portals", { contacts, settings });
  accounts.push(portal_id);
  await world.control("POST", "users", { ...customer, portals: accounts });
  return portal_id;
};

const workspace = await world.createWorkspace("Northwind Traders");
const page = await world.person({ colorScheme: "light", viewport: { width: 1280, height: 896 } });
const first = await account(8_412, { name: "Northwind Traders", hub_domain: "northwind.example" });
await world.connect(page, workspace);
await page.getByText("8,412 synced from HubSpot").waitFor({ timeout: 60_000 });
await world.control("POST", "contacts/edit-random", { portal_id: first, count: 10 });

const second = await account(31_250, {
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
await page.mouse.move(0, 0);
await page.evaluate(() => document.fonts.ready);
await page.emulateMedia({ reducedMotion: "reduce" });
await page.screenshot({ path: file });
await world.quit();
