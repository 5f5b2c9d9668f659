// The live page in a browser: filters in the address, and a refresh that keeps the place.

import serious from "./axe.mjs";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ago, closed, demoTable, insight, opened, shots, started, tableOf } from "./support.mjs";

let live;
before(async () => {
  mkdirSync(shots, { recursive: true });
  const began = ago(50);
  const newest = insight({ id: "newest", began, severity: "low", title: "newest had faults" });
  live = await started("serve", "--port", "0", "--utc", "--local", await tableOf("live", [newest], await demoTable()));
});
after(async () => {
  await closed();
  await live?.stop();
});

for (const colorScheme of ["light", "dark"]) {
  test(`the live page in ${colorScheme} loads without a word on the console and asks nobody else`, async () => {
    const { page, trouble, close } = await opened(`${live.address}/`, { colorScheme });
    await page.evaluate(() => document.querySelectorAll("main details").forEach((details) => (details.open = true)));
    await page.waitForFunction(() => [...document.querySelectorAll(".canvas")].every((canvas) => canvas.querySelector("svg")));
    assert.deepEqual(trouble, []);
    assert.deepEqual(await serious(page), []);
    await page.screenshot({ path: join(shots, `serve-${colorScheme}.png`), fullPage: true });
    await close();
  });
}

test("filters and time are in the address, and the page says what was asked for", async () => {
  const { page, close } = await opened(`${live.address}/`);
  assert.equal(await page.locator("li.entry").count(), 12);
  await page.locator("#narrow > summary").click();
  await page.selectOption("#filter select[name=source]", "cloudtrail");
  await Promise.all([page.waitForURL(/source=cloudtrail/), page.locator("#filter button").click()]);
  assert.equal(new URL(page.url()).search, "?source=cloudtrail", "and no empty parameters");
  assert.equal(await page.locator("li.entry").count(), 3);
  assert.equal(await page.locator("#filter select[name=source]").inputValue(), "cloudtrail");
  await page.fill("#filter input[name=since]", "2d");
  await page.fill("#filter input[name=q]", "getsecret");
  await Promise.all([page.waitForURL(/since=2d/), page.locator("#filter button").click()]);
  assert.equal(await page.locator("li.entry").count(), 1);
  await page.goBack();
  assert.equal(await page.locator("li.entry").count(), 3, "the way back is the browser's own");
  await page.fill("#filter input[name=since]", "tomorrow");
  await page.locator("#filter input[name=since]").press("Enter");
  await page.waitForURL(/since=tomorrow/);
  assert.ok((await page.locator("main").textContent()).includes("must be a length of time"));
  await close();
});

test("a refresh patches what changed and marks new insights", async () => {
  const file = await tableOf("refreshed", [insight({ id: "first", began: ago(50) })]);
  const server = await started("serve", "--port", "0", "--utc", "--local", file);
  const { page, trouble, close } = await opened(`${server.address}/`);
  const first = page.locator("li.entry", { hasText: "Faults in first" });
  await first.locator("> details > summary").click();
  await first.evaluate((entry) => (entry.kept = true));
  await tableOf("refreshed", [insight({ id: "second", began: ago(40), severity: "critical" })], file, false);
  await page.evaluate(() => Refresh.run());
  assert.equal(await page.locator("li.entry").count(), 2);
  assert.ok((await page.locator("h1").textContent()).includes("2 of 2 open"));
  assert.equal(await page.title(), "Problem: 2 of 2 open · Insights");
  assert.ok(await first.evaluate((entry) => entry.kept && entry.querySelector("details").open));
  assert.deepEqual(await page.locator("li.entry.new .what b").allTextContents(), ["Faults in second"]);
  assert.equal(await page.locator(".lane-xray a.bar").count(), 2, "the lane is drawn anew");
  assert.deepEqual(trouble, []);
  await close();
  await server.stop();
});

test("a refresh can be paused, and the choice is kept", async () => {
  const { page, close } = await opened(`${live.address}/`);
  await page.selectOption("#interval", "0");
  await page.reload();
  assert.equal(await page.locator("#interval").inputValue(), "0");
  await page.selectOption("#interval", "30");
  await page.reload();
  assert.equal(await page.locator("#interval").inputValue(), "30");
  await close();
});

test("a refresh keeps scroll, open details and focus", async () => {
  const { page, trouble, close } = await opened(`${live.address}/`);
  const details = page.locator("details.insight", { hasText: "GetSecretValue" }).first();
  await details.locator("> summary").click();
  await details.locator("details.data > summary").first().click();
  await details.locator("details.data > summary").first().focus();
  await page.evaluate(() => scrollTo(0, 700));
  const before = await page.evaluate(() => ({
    top: document.querySelector("details.insight[open]").getBoundingClientRect().top,
    open: document.querySelectorAll("main details[open]").length,
    focus: document.activeElement.textContent,
  }));
  // The data is the same, so nothing is sent; with another tag, everything is sent and patched into the elements that are shown.
  await page.evaluate(() => Refresh.run());
  assert.ok((await page.locator("#refreshed").textContent()).startsWith("unchanged "));
  await page.evaluate(() => document.querySelectorAll("li.entry, .canvas svg").forEach((element) => (element.kept = true)));
  await page.evaluate(() => getSelection().selectAllChildren(document.querySelector("#freshness h2")));
  await page.route("**/", (route) => route.continue({ headers: { ...route.request().headers(), "if-none-match": "other" } }));
  await page.evaluate(() => Refresh.run());
  await page.unroute("**/");
  const now = await page.evaluate(() => ({
    top: document.querySelector("details.insight[open]").getBoundingClientRect().top,
    open: document.querySelectorAll("main details[open]").length,
    focus: document.activeElement.textContent,
  }));
  assert.equal(await page.evaluate(() => [...document.querySelectorAll("li.entry")].filter((entry) => !entry.kept).length), 0, "every row is the same element");
  assert.equal(await page.evaluate(() => getSelection().toString()), "Freshness");
  assert.deepEqual({ open: now.open, focus: now.focus }, { open: before.open, focus: before.focus });
  assert.ok(Math.abs(now.top - before.top) < 2, `${now.top} ${before.top}`);
  assert.ok(await page.locator("details.insight[open] [data-chart=rate] svg").isVisible(), "charts are drawn anew");
  assert.ok((await page.locator("#refreshed").textContent()).startsWith("refreshed "));
  // By its link the focus stays there; and what fails is told, and loses nothing.
  await page.locator("#refresh").focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement.id === "refresh" && document.querySelector("#refreshed").textContent);
  assert.deepEqual(trouble, []);
  await page.route("**/*", (route) => route.abort());
  await page.evaluate(() => Refresh.run());
  assert.ok((await page.locator("#refreshed").textContent()).startsWith("not refreshed: "));
  assert.equal(await page.locator("li.entry").count(), 12);
  await close();
});

test("every insight has an address of its own, which says all of it", async () => {
  const { page, trouble, close } = await opened(`${live.address}/`);
  await page.locator("details.insight", { hasText: "61.7%" }).first().locator("> summary").click();
  await Promise.all([page.waitForURL(/\/insights\/xray/), page.getByRole("link", { name: "This insight alone" }).first().click()]);
  assert.equal(await page.locator("h1").textContent(), "Faults in payments");
  assert.ok((await page.locator("header .message").textContent()).includes("61.7%"));
  for (const chart of ["shares", "graph"]) assert.ok(await page.locator(`[data-chart=${chart}] svg`).isVisible(), chart);
  assert.ok((await page.locator("#incidents").textContent()).includes("4 minutes before"));
  assert.deepEqual(trouble, []);
  assert.deepEqual(await serious(page), []);
  await page.screenshot({ path: join(shots, "serve-insight.png"), fullPage: true });
  await page.setViewportSize({ width: 360, height: 800 });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "no sideways scrolling");
  await page.goto(`${live.address}/insights/nothing`);
  assert.equal(await page.locator("h1").textContent(), "Not found");
  await close();
});

test("another site's page gets nothing of it", async () => {
  const { page, close } = await opened(`${live.address}/`);
  await page.route("http://foreign.example/", (route) => route.fulfill({ contentType: "text/html", body: "<title>foreign</title>" }));
  await page.goto("http://foreign.example/");
  const read = await page.evaluate(async (address) => {
    try {
      const answer = await fetch(`${address}/api/insights`);
      return `read ${answer.status}`;
    } catch {
      return "refused";
    }
  }, live.address);
  assert.equal(read, "refused");
  await close();
});
