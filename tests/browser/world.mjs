// The running world as a test sees it: the Worker's `/v1`, the simulator's control API, and people with browsers.
// `cargo xtask test` and `cargo xtask picture` start the world and say where it is in the environment.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const said = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run this by \`cargo xtask test\``);
  return value;
};

export const SPOKE = said("SPOKE_URL");
export const HUBSPOT = said("HUBSPOT_URL");

async function json(response) {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${response.url}: ${text}`);
  return text ? JSON.parse(text) : null;
}

/** A call of the Worker's API with the root key. */
export const spoke = async (method, path, body) =>
  json(
    await fetch(`${SPOKE}${path}`, {
      method,
      headers: { authorization: `Bearer ${said("ROOT_KEY")}`, "content-type": "application/json" },
      body: body && JSON.stringify(body),
    }),
  );

/** A call of the simulator's control API. */
export const control = async (method, path, body) =>
  json(await fetch(`${HUBSPOT}/__control/${path}`, { method, body: body && JSON.stringify(body) }));

/** Some contact of the simulated account: its id, `gone` flags and properties, as the dump tells them. */
export const someContact = async () =>
  JSON.parse((await (await fetch(`${HUBSPOT}/__control/contacts/dump?limit=1`)).text()).split("\n")[0]);

/** Fires the cron, as Cloudflare does every five minutes. */
export const tick = async () => {
  const response = await fetch(`${SPOKE}/cdn-cgi/handler/scheduled?cron=*/5+*+*+*+*`);
  assert.equal(response.status, 200);
};

export const createWorkspace = async (name) => (await spoke("POST", "/v1/workspaces", { name })).id;

/** A one-time link into a workspace, as the host's server makes it for a signed-in person. */
export const link = async (workspace, person = {}) => {
  const session = { user: "ada@example.com", role: "administrator", return_url: "https://host.example.com/", ...person };
  return (await spoke("POST", `/v1/workspaces/${workspace}/sessions`, session)).url;
};

/** Asks until the answer is truthy, and gives it; the page's own waiting is better where a page is concerned. */
export async function until(what, ask, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * Waits until the page is loaded and no part of it is being exchanged. htmx marks an exchange from the act on, and for a moment after it is seen:
 * only at the end of that do new parts hear what is done with them, and does one of them get the focus.
 */
export async function settled(page) {
  await page.waitForLoadState();
  await page.locator(".htmx-request, .htmx-swapping, .htmx-settling").first().waitFor({ state: "detached" });
}

let running;

/** Chromium, started once. Everything that would ask the outer world is switched off. */
export async function launch() {
  running ??= chromium.launch({
    executablePath: said("CHROMIUM"),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  return running;
}

export const quit = async () => (await running)?.close();

/**
 * A person with a browser of their own. `page.complaints` collects what no page of ours may cause: errors in the
 * console, blocked content (content security policy), scripts that fail, parts that fail to load, requests to
 * anywhere else.
 */
export async function person(options = {}) {
  const browser = await launch();
  const context = await browser.newContext({ viewport: DESK, ...options });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  page.complaints = [];
  const complain = (text) => page.complaints.push(text);
  page.on("console", (message) => {
    // So the browser reports every answer of 4xx and 5xx; below these are judged by what was asked for.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) complain(message.text());
  });
  page.on("pageerror", (error) => complain(String(error)));
  page.on("response", (response) => {
    if (response.status() >= 400 && response.request().resourceType() !== "document") complain(`${response.status()} ${response.url()}`);
  });
  page.on("request", (request) => {
    const known = [`${SPOKE}/`, `${HUBSPOT}/`, "data:"].some((start) => request.url().startsWith(start));
    if (!known) complain(`asks ${request.url()}`);
  });
  return page;
}

const DESK = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * Holds the page to what each must do: fit a phone without scrolling sideways, be dark where dark is wanted, break no
 * rule of axe (contrast, names, roles, order of headings) in either, and cause no complaint.
 */
export async function assertFitToUse(page) {
  // A page that is still coming in has neither its styles nor all of its parts.
  await page.waitForLoadState();
  const backgrounds = [];
  for (const colorScheme of ["light", "dark"]) {
    for (const size of [PHONE, DESK]) {
      await page.setViewportSize(size);
      // Without motion nothing is caught half-way between two colours.
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const { wide, screen, cut } = await page.evaluate(() => ({
        wide: document.documentElement.scrollWidth,
        screen: document.documentElement.clientWidth,
        cut: [...document.querySelectorAll("nav")].filter((nav) => nav.scrollWidth > nav.clientWidth).map((nav) => nav.innerText),
      }));
      assert.ok(wide <= screen, `at ${size.width} px the page is ${wide} px wide`);
      assert.deepEqual(cut, [], `at ${size.width} px a way to other pages is cut off`);
      await page.evaluate(AXE);
      const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
      const broken = found.violations.map((rule) => `${rule.help}: ${rule.nodes.map((node) => node.html).join(" | ")}`);
      assert.deepEqual(broken, [], `${colorScheme}, ${size.width} px`);
    }
    backgrounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
  }
  assert.notEqual(backgrounds[0], backgrounds[1]);
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "no-preference" });
  assert.deepEqual(page.complaints, []);
}

/** HubSpot's pages: log in if asked, choose an account, approve or cancel. Ends on the page after coming back. */
export async function authoriseAtHubSpot(page, { decision = "Connect app", account = 0 } = {}) {
  await page.waitForURL(`${HUBSPOT}/**`);
  if (new URL(page.url()).pathname === "/login") {
    await page.getByLabel("Email address").fill(said("HUBSPOT_EMAIL"));
    await page.getByLabel("Password").fill(said("HUBSPOT_PASSWORD"));
    await page.getByRole("button", { name: "Log in" }).click();
  }
  await page.locator(".accounts a").nth(account).click();
  await page.getByRole("button", { name: decision }).click();
  await page.waitForURL(`${SPOKE}/**`);
}

/** From the Integrations page to HubSpot's first page. */
export async function leaveForHubSpot(page, button = "Connect") {
  await page.getByRole("link", { name: button, exact: true }).click();
  await page.getByRole("button", { name: "Continue to HubSpot" }).click();
  await page.waitForURL(`${HUBSPOT}/**`);
}

/** From a one-time link to a connection. Ends on the Integrations page. */
export async function connect(page, workspace) {
  await page.goto(await link(workspace));
  await leaveForHubSpot(page);
  await authoriseAtHubSpot(page);
  await page.getByRole("link", { name: "Disconnect" }).waitFor();
}

/** A workspace whose account is mirrored: its id, an administrator's page at its Integrations, and the connection's id. */
export async function synced() {
  const workspace = await createWorkspace("Northwind Traders");
  const page = await person();
  await connect(page, workspace);
  await page.getByText("2,000 synced from HubSpot").waitFor({ timeout: 60_000 });
  const connection = (await spoke("GET", `/v1/workspaces/${workspace}/connections`)).results[0].id;
  return { workspace, page, connection };
}

/** A host's server. It answers with the status `answers`; `taken` is what it accepted, `changes()` the changes in that. */
export async function host() {
  const own = { answers: 204, taken: [] };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      if (own.answers < 300) own.taken.push({ headers: request.headers, body });
      response.writeHead(own.answers).end();
    });
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  own.changes = () => own.taken.flatMap(({ body }) => JSON.parse(body).data.changes ?? []);
  own.address = (path) => `http://127.0.0.1:${server.address().port}${path}`;
  own.close = () => {
    server.closeAllConnections();
    server.close();
  };
  return own;
}

/** What has the focus: its name for a screen reader, and whether a person sees that it has it. */
export const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    const style = getComputedStyle(element);
    const place = element.getBoundingClientRect();
    const words = element.getAttribute("aria-label") ?? element.labels?.[0]?.innerText ?? element.innerText ?? "";
    return {
      words: element === document.body ? "" : words.replace(/\s+/g, " ").trim(),
      ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0,
      inSight: place.bottom > 0 && place.top < innerHeight,
    };
  });

/** Waits until the element with that name has the focus by itself, hears what is typed, and holds it to show so. */
export async function lands(page, name) {
  await settled(page);
  const there = async () => {
    const { words, inSight } = await focused(page);
    return words === name && inSight;
  };
  await until(`the focus, in sight, on “${name}”`, there, 10);
  assert.ok((await focused(page)).ring, `nothing shows that “${name}” has the focus`);
}

/**
 * Presses Tab, or what `key` says, until the element with that name has the focus, as somebody without a mouse would. Whatever has it on the way
 * shows so.
 */
export async function tabTo(page, name, key = "Tab") {
  const seen = [];
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press(key);
    const { words, ring } = await focused(page);
    seen.push(words);
    assert.ok(ring || words === "", `nothing shows that “${words}” has the focus`);
    if (words === name) return lands(page, name);
  }
  assert.fail(`${key} never reaches “${name}”, only ${seen.join(", ")}`);
}
