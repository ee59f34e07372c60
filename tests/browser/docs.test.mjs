// The API's document, drawn: nothing is blocked by the policy, it fits a phone, and it follows the colours of the system.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as world from "./world.mjs";

after(world.quit);

for (const [what, viewport, colorScheme] of [
  ["a desk by day", { width: 1280, height: 900 }, "light"],
  ["a phone by night", { width: 375, height: 800 }, "dark"],
]) {
  test(`the document is drawn on ${what}`, async () => {
    const page = await world.person({ viewport, colorScheme });
    await page.goto(`${world.SPOKE}/docs`);
    await page.getByText("Make a workspace").first().waitFor({ timeout: 30_000 });
    const served = await (await fetch(`${world.SPOKE}/v1/openapi.json`)).json();
    assert.equal(served.openapi, "3.1.0");
    const operations = Object.values(served.paths).flatMap((item) => Object.keys(item)).length;
    // Of a long document the part is drawn that is looked at.
    const drawn = new Set();
    await world.until("the whole document is looked at", async () => {
      const ids = await page.locator(".opblock").evaluateAll((blocks) => blocks.map((block) => block.id));
      ids.forEach((id) => drawn.add(id));
      await page.mouse.wheel(0, 300);
      return drawn.size >= operations;
    });
    assert.equal(drawn.size, operations);
    await page.evaluate(() => scrollTo(0, 0));
    await page.getByText("Make a workspace").first().click();
    await page.getByText("NewWorkspace").or(page.getByText("jurisdiction")).first().waitFor();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(wide, 0, "it scrolls sideways");
    const dark = await page.evaluate(() => document.documentElement.classList.contains("dark-mode"));
    assert.equal(dark, colorScheme === "dark");
    assert.deepEqual(page.complaints, []);
    if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/docs-${viewport.width}.png` });
  });
}
