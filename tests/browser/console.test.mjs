// The operator's console: sign-in, the overview of all workspaces, making and opening one.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let page;

before(async () => {
  const customer = await world.person();
  await world.connect(customer, await world.createWorkspace("Northwind Traders"));
  page = await world.person();
});
after(world.quit);

const signIn = async (password) => {
  await page.getByLabel("Console password").fill(password);
  await page.keyboard.press("Enter");
};
const workspaceNamed = (name) => page.getByRole("region", { name, exact: true });

test("without the password nobody gets further than the sign-in", async () => {
  await page.goto(`${world.SPOKE}/console`);
  await world.assertFitToUse(page);
  await signIn("not the password");
  await page.getByRole("alert").getByText("That is not the password.").waitFor();
  await world.assertFitToUse(page);
});

test("the overview shows every workspace with its connections", async () => {
  await signIn(process.env.CONSOLE_PASSWORD);
  await page.getByRole("heading", { name: "Workspaces", level: 1 }).waitFor();
  const northwind = workspaceNamed("Northwind Traders");
  await northwind.getByText("Example Inc").waitFor();
  await northwind.getByText("Connected", { exact: true }).waitFor({ timeout: 60_000 });
  await northwind.getByText("2,000 records").waitFor();
  await world.assertFitToUse(page);
});

test("its figures move without a reload", async () => {
  const loaded = await page.evaluate(() => performance.timeOrigin);
  assert.equal(await page.getByText("never", { exact: true }).count(), 1, "the cron has not run yet");
  await world.tick();
  await page.locator("dd", { hasText: "just now" }).waitFor();
  assert.equal(await page.evaluate(() => performance.timeOrigin), loaded);
});

test("a new workspace is made, shown and found again", async () => {
  await page.getByText("New workspace").click();
  await page.getByLabel("Name", { exact: true }).fill("Contoso");
  await world.assertFitToUse(page);
  await page.getByRole("button", { name: "Create workspace" }).click();
  await page.getByText("The workspace is made.").waitFor();
  await workspaceNamed("Contoso").getByText("No HubSpot account is connected.").waitFor();
  await page.getByRole("link", { name: "Show all" }).click();
  await workspaceNamed("Northwind Traders").waitFor();
  await page.getByRole("searchbox").fill("contos");
  await page.keyboard.press("Enter");
  // Contoso stands among all workspaces, too.
  await workspaceNamed("Northwind Traders").waitFor({ state: "detached" });
  await workspaceNamed("Contoso").waitFor();
  assert.equal(await workspaceNamed("Northwind Traders").count(), 0);
  await page.getByRole("searchbox").fill("nobody");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Nothing found for “nobody”" }).waitFor();
  await world.assertFitToUse(page);
});

test("the operator can open a workspace's Integrations page", async () => {
  await page.goto(`${world.SPOKE}/console`);
  await workspaceNamed("Northwind Traders").getByRole("button", { name: /^Open/ }).click();
  await page.getByRole("heading", { name: "Integrations", level: 1 }).waitFor();
  await page.getByText("2,000 synced from HubSpot").waitFor();
  await world.assertFitToUse(page);
});

test("and goes back to the console from there", async () => {
  await page.getByRole("link", { name: "Back to the operator console" }).click();
  await page.getByRole("heading", { name: "Workspaces", level: 1 }).waitFor();
});

test("signing out ends it", async () => {
  await page.goto(`${world.SPOKE}/console`);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Console password").waitFor();
});

test("whoever guesses has to wait", async () => {
  for (let guess = 0; guess < 10 && (await page.getByLabel("Console password").count()) > 0; guess += 1) {
    await Promise.all([page.waitForNavigation(), signIn(`guess ${guess}`)]);
  }
  await page.getByRole("heading", { name: "Too many attempts" }).waitFor();
  await page.getByText(/^Try again in \d+ minutes\.$/).waitFor();
  await world.assertFitToUse(page);
});
