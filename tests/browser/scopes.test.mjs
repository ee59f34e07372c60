// What a person sees when HubSpot grants less than was asked for: a required permission missing, and an optional one.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let workspace;
let page;
let app;

before(async () => {
  workspace = await world.createWorkspace("Northwind Traders");
  page = await world.person();
  await page.goto(await world.link(workspace));
  [app] = (await world.control("GET", "state")).apps;
});
after(world.quit);

test("an approval without a required permission: the page names it, and nothing is stored", async () => {
  const left = "crm.schemas.contacts.read";
  // To this HubSpot the permission is optional, and the address that asks for it lost it on the way.
  const required_scopes = app.required_scopes.filter((scope) => scope !== left);
  await world.control("POST", "apps", { ...app, required_scopes, optional_scopes: [...app.optional_scopes, left] });
  await world.leaveForHubSpot(page);
  const login = new URL(page.url()).searchParams.get("next");
  const asked = new URL(login ?? page.url(), world.HUBSPOT);
  const scopes = asked.searchParams.get("scope").split(" ");
  assert.ok(scopes.includes(left));
  asked.searchParams.set("scope", scopes.filter((scope) => scope !== left).join(" "));
  await page.goto(asked.href);
  const answer = page.waitForResponse((response) => response.url().startsWith(`${world.SPOKE}/oauth/callback`));
  await world.authoriseAtHubSpot(page);
  assert.ok((await answer).status() >= 400);
  await page.getByRole("heading", { name: "Some permissions are missing", level: 1 }).waitFor();
  await page.getByText(left).waitFor();
  await page.getByText("Nothing has been stored.").waitFor();
  assert.deepEqual((await world.spoke("GET", `/v1/workspaces/${workspace}/connections`)).results, []);
  await world.assertFitToUse(page);
});

test("an optional permission declined: its type is not read and says which permission it lacks; the others go on", async () => {
  const left = "crm.objects.companies.read";
  await world.control("POST", "apps", { ...app, optional_scopes: app.optional_scopes.filter((scope) => scope !== left) });
  await page.goto(`${world.SPOKE}/w/${workspace}/integrations`);
  await world.leaveForHubSpot(page);
  await world.authoriseAtHubSpot(page);
  await page.getByText("2,000 synced from HubSpot").waitFor({ timeout: 60_000 });
  await page.getByText(`Not read: HubSpot has not granted ${left}.`).waitFor();
  await world.assertFitToUse(page);
  await page.getByRole("link", { name: "Sync of Example Inc" }).click();
  await page.getByRole("region", { name: "Companies" }).getByText(left).waitFor();
  await page.getByRole("region", { name: "Contacts" }).getByText("2,000 in step with HubSpot").waitFor();
  await page.getByRole("link", { name: "Fields", exact: true }).click();
  await page.getByRole("link", { name: "Companies" }).click();
  await page.getByText("The fields have not been read yet").waitFor();
  await world.assertFitToUse(page);
});

test("approving it later brings the type in", async () => {
  await world.control("POST", "apps", app);
  await page.goto(`${world.SPOKE}/w/${workspace}/integrations`);
  await world.leaveForHubSpot(page, "Connect another account");
  await world.authoriseAtHubSpot(page);
  await page.getByText("Not read: HubSpot has not granted").waitFor({ state: "detached" });
});
