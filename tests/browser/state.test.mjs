// The overall state of a page, the freshness of its lanes, filters and periods in the past, and a lost connection.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ago, closed, insight, opened, started, state, tableOf } from "./support.mjs";

const servers = {};
/** The end of a period in the past, three hours after an insight began that ended later. */
const [until, began] = [ago(60), ago(240)];
const serve = async (name, items) => (servers[name] = await started("serve", "--port", "0", "--utc", "--local", await tableOf(name, items)));
const sources = ["xray", "cloudtrail", "eks", "auditmanager", "securityhub"];
const all = (...further) => [...sources.map((source) => state({ source })), ...further];
/** A CloudTrail insight with its rates. */
const rates = (id, average, baseline, further) =>
  insight({ source: "cloudtrail", id, began: ago(50), title: `${id} was called more often`, measures: { insight_average: average, baseline_average: baseline }, ...further });

before(async () => {
  // Two insights near each other form an incident; the third ended half an hour ago.
  const related = [
    insight({ id: "payments", began: ago(100), severity: "critical", title: "payments had faults in 61% of requests" }),
    insight({ source: "cloudtrail", id: "GetSecretValue", began: ago(104), severity: "low", title: "GetSecretValue was called more often" }),
    insight({ id: "card-network", began, ended: ago(30), title: "card-network had faults" }),
  ];
  await serve("unknown", []);
  await serve("no-problem", all());
  await serve("partly-unknown", [state({ source: "xray" }), state({ source: "cloudtrail", status: "failed", success: ago(2_000), issues: { ThrottledException: 3 } }), state({ source: "eks" })]);
  await serve("denied", sources.map((source) => state({ source, status: "failed", success: null, issues: { AccessDeniedException: 1 } })));
  await serve("not-enabled", sources.map((source) => state({ source, status: "not_enabled" })));
  await serve("problem", all(...related));
  await serve("lanes", [
    ...sources.filter((source) => source !== "cloudtrail").map((source) => state({ source })),
    state({ source: "xray", region: "us-east-1", status: "failed", success: ago(600), issues: { ThrottledException: 3 } }),
    state({ source: "cloudtrail", ran: ago(3_000), success: ago(3_000) }),
    state({ source: "eks", region: "us-east-1", status: "failed", success: null, issues: { AccessDeniedException: 1 } }),
  ]);
  await serve("rates", all(rates("tiny", 0.8, 0.0006), rates("none", 0.8, 0)));
});
after(async () => {
  await closed();
  for (const server of Object.values(servers)) await server.stop();
});

test("heading, title and icon show one of four states", async () => {
  const icons = new Map();
  for (const [name, word, verdict] of [
    ["unknown", "Unknown", "nothing was collected"],
    ["no-problem", "No problem", "0 of 0 open"],
    ["partly-unknown", "Partly unknown", "0 of 0 known to be open, not everything was collected"],
    ["denied", "Unknown", "nothing was collected"],
    ["not-enabled", "Unknown", "nothing was collected"],
    ["problem", "Problem", "2 of 3 open"],
  ]) {
    const { page, trouble, close } = await opened(`${servers[name].address}/`);
    const heading = await page.locator("h1").textContent();
    assert.ok(heading.startsWith(`${word} All sources, last 7 days: ${verdict}`), `${name}: ${heading}`);
    assert.equal(await page.title(), `${word}: ${verdict} · Insights`);
    const icon = await page.locator("link[rel=icon]").getAttribute("href");
    assert.ok(await page.evaluate((href) => new Promise((resolve) => Object.assign(new Image(), { onload: () => resolve(true), onerror: () => resolve(false), src: href })), icon), `${name}: the icon is an image`);
    assert.equal(icons.get(icon) ?? word, word, "each state has its own icon");
    icons.set(icon, word);
    const fresh = (await page.locator("header .trust").textContent()).startsWith("Fresh.");
    assert.equal(fresh, ["no-problem", "problem"].includes(name), name);
    assert.deepEqual(trouble, []);
    await close();
  }
  assert.equal(new Set(icons.values()).size, 4);
  assert.equal(icons.size, 4);
});

test("lanes are drawn as unknown from the last success of a throttled, stale or denied target", async () => {
  const { page, close } = await opened(`${servers.lanes.address}/`);
  const text = (source) => page.locator(`.lane-${source} .unknown-since`).textContent();
  assert.match(await text("xray"), /^unknown since .*: throttled in 1 of 2 targets$/);
  assert.match(await text("cloudtrail"), /^unknown since .*: stale$/);
  assert.match(await text("eks"), /^unknown: denied in 1 of 2 targets$/);
  const spans = await page.evaluate(() => Object.fromEntries(["xray", "cloudtrail", "eks"].map((source) => {
    const box = document.querySelector(`.lane-${source} .unknown rect`).getBBox();
    const svg = document.querySelector(`.lane-${source} svg`).viewBox.baseVal;
    return [source, { share: box.width / (svg.width - 26), high: box.height > 15 }];
  })));
  const near = (actual, expected) => assert.ok(Math.abs(actual - expected) < 0.01, `${actual} ${expected}`);
  near(spans.xray.share, 600 / 10_080);
  near(spans.cloudtrail.share, 3_000 / 10_080);
  near(spans.eks.share, 1);
  assert.deepEqual([spans.xray.high, spans.cloudtrail.high, spans.eks.high], [false, true, false], "a part of the targets is a strip");
  // Of four targets that need attention, the line names the worst: the one that never succeeded.
  const trust = await page.locator("header .trust").textContent();
  assert.ok(trust.includes("EKS in 123456789012 us-east-1 is denied and never succeeded, and 2 more"), trust);
  await close();
});

test("a filter selects what is listed, and not what is known", async () => {
  const { page, close } = await opened(`${servers.problem.address}/?source=cloudtrail&severity=high`);
  const heading = await page.locator("h1").textContent();
  assert.equal(heading, "Problem CloudTrail, high or worse, last 7 days: 0 of 0 open; 2 more open, not listed because of the filter");
  assert.ok((await page.locator("#incidents").textContent()).includes("1 incident has no listed insight because of the filter."));
  assert.ok(await page.locator("#compliance").isVisible());
  await page.goto(`${servers.problem.address}/?source=cloudtrail`);
  const incident = await page.locator("#incidents .told > li").textContent();
  assert.ok(incident.includes("GetSecretValue") && incident.includes("The filter hides 1 insight of this incident."), incident);
  assert.ok((await page.locator(".lane-xray").textContent()).includes("0 open, 0 ended, 2 not listed"));
  await close();
});

test("a period in the past is shown as of its end", async () => {
  const { page, close } = await opened(`${servers.problem.address}/?since=${ago(600)}&until=${until}`);
  const at = `${until.slice(0, 10)} ${until.slice(11, 16)}`;
  assert.ok((await page.locator("h1").textContent()).includes(`: 3 of 3 open at ${at}`));
  assert.equal(await page.locator("#now-title").textContent(), `Open at ${at}`);
  const row = page.locator("#now details.insight", { hasText: "card-network" });
  assert.ok((await row.locator("> summary").textContent()).includes("open, for 3h 0m"), "240 to 60 minutes ago");
  await row.locator("> summary").click();
  assert.ok((await row.locator(".facts").last().textContent()).includes("after the period of this page"));
  assert.equal(await page.locator("[data-chart=lane] .onward text").count(), 3);
  await close();
});

test("an insight has a name, and below it the latest message of the service", async () => {
  const { page, close } = await opened(`${servers.problem.address}/`);
  const what = page.locator("#now .what", { hasText: "payments" }).first();
  assert.equal(await what.locator("b").textContent(), "Faults in payments");
  assert.equal(await what.locator(".message").textContent(), "payments had faults in 61% of requests");
  await close();
});

test("the factor is that of the two displayed rates, and there is none for a baseline of zero", async () => {
  const { page, close } = await opened(`${servers.rates.address}/`);
  const row = (text) => page.locator("#now details.insight", { hasText: text });
  assert.ok((await row("tiny").locator(".what").textContent()).includes("1,333 times the usual rate"));
  assert.ok((await row("tiny").locator(".facts").first().textContent()).includes("0.0006 a minute"));
  const none = await row("none").locator(".what").textContent();
  assert.ok(none.includes("0.8 a minute, usually 0") && !none.includes("times"), none);
  await close();
});

test("a lost connection replaces the freshness by a banner until the next answer", async () => {
  const { page, close } = await opened(`${servers["no-problem"].address}/`);
  assert.ok(await page.locator("#lost").isHidden());
  await page.route("**/*", (route) => route.abort());
  await page.evaluate(() => Refresh.run());
  assert.ok(await page.locator("#lost").isVisible());
  assert.ok((await page.locator("#lost").textContent()).startsWith("Connection lost: "));
  assert.ok(await page.locator("header .trust").isHidden());
  assert.ok((await page.title()).startsWith("Connection lost · "));
  await page.unroute("**/*");
  await page.evaluate(() => Refresh.run());
  assert.ok(await page.locator("#lost").isHidden());
  assert.ok(await page.locator("header .trust").isVisible());
  assert.equal(await page.title(), "No problem: 0 of 0 open · Insights");
  await close();
});
