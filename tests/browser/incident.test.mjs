// The page of an incident, and the links of an insight.

import serious from "./axe.mjs";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { ago, closed, demoTable, insight, opened, shots, started, tableOf } from "./support.mjs";

let live, old;
before(async () => {
  live = await started("serve", "--port", "0", "--utc", "--local", await demoTable());
  const day = 1_440;
  old = await started("serve", "--port", "0", "--utc", "--local", await tableOf("old", [
    insight({ id: "gone", began: ago(35 * day), ended: ago(34 * day) }),
    insight({ id: "kept", began: ago(3 * day), ended: ago(2 * day) }),
  ]));
});
after(async () => {
  await closed();
  await live?.stop();
  await old?.stop();
});

test("an incident has a page with one log, lanes, callers, graphs and a text to copy", async () => {
  const { page, trouble, close } = await opened(`${live.address}/`);
  const link = page.locator("#incidents .told > li", { hasText: "GetSecretValue" }).first().locator("a[href^='/incidents/']");
  const id = await link.textContent();
  assert.match(id, /^i-[0-9a-f]{8}$/);
  await Promise.all([page.waitForURL(/\/incidents\/i-/), link.click()]);
  assert.ok((await page.locator("h1").textContent()).includes("began 4 minutes before faults in payments"));
  assert.ok((await page.title()).startsWith(`Incident ${id}`));
  const entries = await page.locator("#log li").evaluateAll((items) => items.map((item) => ({ at: item.querySelector("time").dateTime, text: item.textContent })));
  assert.deepEqual(entries.map(({ at }) => at), entries.map(({ at }) => at).sort(), "in the order of time");
  const all = entries.map(({ text }) => text).join("\n");
  for (const expected of ["Faults in payments: began", "61.7%", "the rate rose to", "X-Ray", "CloudTrail"]) assert.ok(all.includes(expected), `${expected}: ${all}`);
  assert.ok((await page.locator("#callers code").allTextContents()).some((caller) => caller.startsWith("arn:aws:")));
  await page.evaluate(() => document.querySelectorAll("main details").forEach((details) => (details.open = true)));
  await page.waitForFunction(() => [...document.querySelectorAll(".canvas")].every((canvas) => canvas.querySelector("svg")));
  for (const chart of ["lane", "graph", "rate", "shares"]) assert.ok(await page.locator(`[data-chart=${chart}] svg`).first().isVisible(), chart);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.locator("button", { hasText: "Copy as Markdown" }).click();
  await page.waitForFunction(() => [...document.querySelectorAll("button")].some((button) => button.textContent === "Copied"));
  const text = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(text.startsWith("## ") && text.includes(id) && text.includes("| Time | Source | Event |"), text);
  await page.evaluate(() => Refresh.run());
  assert.ok((await page.locator("#refreshed").textContent()).startsWith("unchanged "));
  assert.deepEqual(trouble, []);
  assert.deepEqual(await serious(page, ["minor", "moderate", "serious", "critical"]), []);
  await page.screenshot({ path: join(shots, "serve-incident.png"), fullPage: true });
  await page.setViewportSize({ width: 320, height: 800 });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "no sideways scrolling");
  const missing = await page.goto(`${live.address}/incidents/i-00000000`);
  assert.equal(missing.status(), 404);
  await close();
});

test("links name the account, and what AWS no longer has is not linked", async () => {
  const { page, close } = await opened(`${old.address}/?since=40d`);
  const links = (name) => page.locator("details.insight", { hasText: `Faults in ${name}` }).locator(".links");
  const kept = await links("kept").locator("a.outward").evaluateAll((all) => all.map((link) => [link.textContent, link.href]));
  assert.deepEqual(kept.map(([text]) => text), [
    "AWS console, account 123456789012: the service map of that time",
    "AWS console, account 123456789012: the traces with faults of that time",
  ]);
  assert.ok(kept[1][1].includes("#/traces?timeRange=") && kept[1][1].includes("filter=service%28%22kept%22%29"), kept[1][1]);
  assert.equal(await links("gone").locator("a.outward").count(), 0);
  assert.ok((await links("gone").textContent()).includes("No longer available in AWS, which keeps 30 days."));
  await close();
});

test("text is searched in the details, too", async () => {
  const { page, close } = await opened(`${live.address}/?q=AWS::Lambda`);
  assert.ok((await page.locator("li.entry").count()) > 0);
  await page.goto(`${live.address}/?q=no-such-text`);
  assert.equal(await page.locator("li.entry").count(), 0);
  await close();
});
