// One of the host's users authorises individually: from the host's link over HubSpot back to the host, whose server redeems
// the code; an administrator sees the seat and ends it. The tests are one story and run in this order.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

const CLIENT = "77777777-2222-3333-4444-555555555555";
const GRACE = { email: "grace@example.com", password: "other", user_id: 9_000_031 };

let workspace;
let page;
let user;
let connection;
let seat;

before(async () => {
  ({ workspace, page, connection } = await world.synced());
  const { apps, portals } = await world.control("GET", "state");
  // The Worker's configuration gives both apps one secret.
  const secret = apps[0].client_secret;
  const required = apps[0].required_scopes;
  const optional = apps[0].optional_scopes;
  await world.control("POST", "apps", {
    name: "HubSpot for people",
    client_id: CLIENT,
    client_secret: secret,
    redirect_uris: apps[0].redirect_uris,
    required_scopes: required,
    optional_scopes: optional,
    user_level: true,
  });
  const portal = portals[0].portal_id;
  const rights = { [portal]: { objects: { contacts: { view: "owned", edit: "owned" } } } };
  await world.control("POST", "users", { ...GRACE, portals: [portal], super_admin: false, rights });
  user = await world.person();
});
after(world.quit);

const invite = async () => {
  const made = await world.spoke("POST", `/v1/connections/${connection}/seats`, {
    user: "grace.hopper@northwind.example",
    return_url: `${world.SPOKE}/hello?from=host`,
  });
  seat = made.seat.id;
  return made.url;
};

const access = () => page.goto(`${world.SPOKE}/w/${workspace}/connections/${connection}/access`);

async function approve(decision) {
  await user.waitForURL(`${world.HUBSPOT}/**`);
  if (new URL(user.url()).pathname === "/login") {
    await user.getByLabel("Email address").fill(GRACE.email);
    await user.getByLabel("Password").fill(GRACE.password);
    await user.getByRole("button", { name: "Log in" }).click();
  }
  const account = user.locator(".accounts a").first();
  const button = user.getByRole("button", { name: decision });
  await account.or(button).first().waitFor();
  if (await account.count()) await account.click();
  await button.click();
  await user.waitForURL(`${world.SPOKE}/**`);
}

test("nobody has a seat, and the page says what one is", async () => {
  await access();
  await page.getByRole("heading", { name: "Seats" }).waitFor();
  await page.getByText("Nobody has a seat yet.").waitFor();
});

test("the link says who asks for what, in whose name, and warns of strangers", async () => {
  await user.goto(await invite());
  await user.getByRole("heading", { name: "Use HubSpot as yourself" }).waitFor();
  await user.getByText("Northwind Traders").first().waitFor();
  await user.getByText("If somebody sent you this link, close the page").waitFor();
  await world.assertFitToUse(user);
});

test("cancelled in HubSpot, nothing is kept, and the link is spent", async () => {
  const link = user.url();
  await user.getByRole("button", { name: "Continue to HubSpot" }).click();
  await approve("Cancel");
  await user.getByRole("heading", { name: "You did not approve" }).waitFor();
  await user.goto(link);
  await user.getByRole("heading", { name: "This link has been used or has expired" }).waitFor();
  await world.assertFitToUse(user);
});

test("approved, the user is back at the host with a code, which its server redeems", async () => {
  await user.goto(await invite());
  await user.getByRole("button", { name: "Continue to HubSpot" }).click();
  await approve("Connect app");
  const back = new URL(user.url());
  assert.deepEqual([back.pathname, back.searchParams.get("from"), back.searchParams.get("seat")], ["/hello", "host", seat]);
  await access();
  await page.getByText("Authorised, not taken on yet").waitFor();
  const redeemed = await world.spoke("POST", `/v1/connections/${connection}/seats/redeem`, { code: back.searchParams.get("code"), user: "grace.hopper@northwind.example" });
  assert.deepEqual([redeemed.id, redeemed.state], [seat, "active"]);
});

test("the administrator sees the seat, and when it was used", async () => {
  const list = await world.spoke("GET", `/v1/connections/${connection}/seats/${seat}/records/contacts?limit=3`);
  assert.ok(Array.isArray(list.results));
  await access();
  const row = page.getByRole("row", { name: /grace\.hopper/ });
  await row.getByText("Active", { exact: true }).waitFor();
  assert.equal(await row.getByText("Never").count(), 0);
  await world.assertFitToUse(page);
});

test("revoked by the administrator, nothing is asked in the user's name any more", async () => {
  await page.getByRole("button", { name: /^Revoke/ }).click();
  await page.getByText("The seat is revoked").waitFor();
  await page.getByRole("row", { name: /grace\.hopper/ }).getByText("Revoked", { exact: true }).waitFor();
  await assert.rejects(world.spoke("GET", `/v1/connections/${connection}/seats/${seat}/records/contacts`), /409.*seat-not-active/s);
});
