// Somebody wonders which company a domain would be: they try it, see the choice, what else there is, and why; on a phone too.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let workspace;
let connection;
let page;
let company;

const address = (rest) => `${world.SPOKE}/w/${workspace}/connections/${connection}${rest}`;
const mirrored = (type, id) => world.spoke("GET", `/v1/connections/${connection}/records/${type}/${id}`).catch(() => null);

before(async () => {
  ({ workspace, page, connection } = await world.synced());
  const properties = { name: "Northwind Traders", domain: "northwind.com" };
  company = (await world.control("POST", "companies/create", { properties })).id;
  await world.until("the new company in the mirror", () => mirrored("companies", company));
  const contact = { email: "ada@northwind.com", firstname: "Ada", lastname: "Lovelace" };
  const { id } = await world.control("POST", "contacts/create", { properties: contact });
  await world.until("the new contact in the mirror", () => mirrored("contacts", id));
});
after(world.quit);

const find = async (name) => {
  await page.getByLabel("Domain, website or e-mail address").fill(name);
  await page.keyboard.press("Enter");
};

test("a page's address leads to the company, with the reasons", async () => {
  await page.goto(address(""));
  await page.getByRole("link", { name: "Matching", exact: true }).click();
  await world.assertFitToUse(page);
  await find("https://www.northwind.com/en?x=1");
  await page.getByText("No other company has it.").waitFor();
  assert.ok(!page.url().includes("northwind"), page.url());
  await world.assertFitToUse(page);
  await page.getByRole("link", { name: "Northwind Traders" }).click();
  assert.ok(page.url().endsWith(`/records/companies/${company}`), page.url());
});

test("an e-mail address leads to the contact, and to the company of its domain", async () => {
  await page.goto(address("/matching"));
  await find("ADA@northwind.com");
  await page.getByRole("link", { name: "Ada Lovelace" }).waitFor();
  await page.getByRole("link", { name: "Northwind Traders" }).waitFor();
});

test("what matches nobody says why", async () => {
  await page.goto(address("/matching"));
  await find("gmail.com");
  await page.getByText("belongs to a mail provider").waitFor();
  await find("nobody-at-all.com");
  await page.getByText("No company has such a domain.").waitFor();
  await world.assertFitToUse(page);
});
