// The report in a browser: as a file, without a network.

import AxeBuilder from "./axe.mjs";
import assert from "node:assert/strict";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { ago, closed, demoTable, folder, insight, insights, opened, shots, tableOf } from "./support.mjs";

const hostile = `<script>alert(1)</script><img src=x onerror=alert(2)>"'></title></script>`;
const reports = {};

async function report(name, table) {
  const file = join(folder, `${name}.html`);
  await insights("report", "--local", table, "--utc", "--out", file);
  reports[name] = pathToFileURL(file).href;
  return file;
}

before(async () => {
  mkdirSync(shots, { recursive: true });
  await report("demo", await demoTable());
  const service = { name: hostile, type: hostile };
  const statistics = { fault_count: 1, ok_count: 1, total_count: 2 };
  const id = "hostile";
  const event = {
    pk: `xray#123456789012#eu-west-1#${id}`, sk: `event#${ago(20)}`, kind: "xray.insight_event", source: "xray",
    account_id: "123456789012", region: "eu-west-1", schema_version: 1, title: hostile, started_at: ago(20),
    detail: { summary: hostile, root_cause_service_request_impact_statistics: statistics },
  };
  const graph = { ...event, sk: "graph", kind: "xray.impact_graph", detail: { services: [{ reference_id: 1, ...service, edges: [] }] } };
  const detail = { summary: hostile, group_name: hostile, root_cause_service_id: service, top_anomalous_services: [{ service_id: service }] };
  const one = insight({ id, began: ago(30), title: hostile, entity: hostile, detail });
  await report("hostile", await tableOf("hostile", [one, event, graph]));
  await report("empty", await tableOf("empty", []));
});
after(closed);

/** Opens every insight's detail. */
const openAll = (page) => page.evaluate(() => document.querySelectorAll("main details").forEach((details) => (details.open = true)));

for (const name of ["demo", "hostile", "empty"]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`the ${name} report in ${colorScheme} loads without a word on the console and asks nobody`, async () => {
      const { page, trouble, close } = await opened(reports[name], { colorScheme });
      await openAll(page);
      await page.waitForTimeout(150);
      assert.deepEqual(trouble, []);
      await page.screenshot({ path: join(shots, `report-${name}-${colorScheme}-1280.png`), fullPage: true });
      await close();
    });
  }
}

test("every chart has marks in it, in the time of the page rather than of the reader", async () => {
  const { page, close } = await opened(reports.demo);
  await openAll(page);
  await page.waitForFunction(() => [...document.querySelectorAll(".canvas")].every((canvas) => canvas.querySelector("svg")));
  const marks = await page.evaluate(() => {
    const count = (selector) => document.querySelectorAll(selector).length;
    return {
      lane: count("[data-chart=lane] a.bar rect"),
      open: count("[data-chart=lane] .onward text"),
      days: count("[data-chart=days] a.bar rect"),
      lost: count("[data-chart=days] .unknown rect"),
      rate: count("[data-chart=rate] .line path"),
      baseline: count("[data-chart=rate] .baseline line"),
      span: count("[data-chart=rate] .span rect"),
      unknown: count("[data-chart=rate] .unknown rect"),
      looks: count("[data-chart=shares] circle"),
      shares: count("[data-chart=shares] path[d*='L']"),
      noncompliant: count("[data-chart=counts] .noncompliant rect"),
      compliant: count("[data-chart=counts] .compliant rect"),
      inconclusive: count("[data-chart=counts] .inconclusive rect"),
      missing: count("[data-chart=counts] .unknown rect"),
      cause: count("[data-chart=graph] .node-root_cause rect"),
      anomalous: count("[data-chart=graph] .node-anomalous rect"),
      edges: count("[data-chart=graph] .edge path"),
    };
  });
  for (const [name, number] of Object.entries(marks)) assert.ok(number > 0, `${name}: ${JSON.stringify(marks)}`);
  assert.equal(marks.lane, 11, "one bar for each insight of the last seven days");
  assert.equal(marks.open, 7, "open ones point onward");
  assert.equal(marks.baseline, 3, "each series has its baseline");
  // The first look of the open insight, as its table has it, is where the chart has it.
  const told = await page.locator("#now figure").first().locator("tbody tr").last().locator("time").textContent();
  const drawn = await page.locator("#now [data-chart=shares] circle title").first().textContent();
  assert.ok(drawn.includes(told.slice(-5)), `${drawn} ${told}`);
  await close();
});

test("what is known to be zero is on the ground and what is unknown is hatched", async () => {
  const { page, close } = await opened(reports.demo);
  await page.locator("#now details.insight", { hasText: "GetSecretValue" }).locator("> summary").click();
  const chart = page.locator("#now details[open] [data-chart=rate]");
  const [ground, line, gap, frame] = await chart.evaluate((canvas) => {
    const path = canvas.querySelector(".line path");
    const numbers = path.getAttribute("d").match(/-?[\d.]+/g).map(Number);
    const gap = canvas.querySelector(".unknown rect").getBBox();
    return [numbers[1], path.getBBox(), { x: gap.x, width: gap.width, y: gap.y, height: gap.height }, canvas.querySelector("svg").viewBox.baseVal.width].map((each) => each instanceof SVGRect ? { x: each.x, width: each.width, y: each.y, height: each.height } : each);
  });
  assert.ok(Math.abs(ground - (line.y + line.height)) < 0.5, "before the insight the rate is zero, at the bottom");
  assert.ok(gap.x >= line.x + line.width - 1, `the line ends where nothing is known: ${JSON.stringify([line, gap, frame])}`);
  assert.ok(gap.height > 100, "what is unknown takes the whole height");
  await close();
});

test("a bar opens its detail, by mouse and by keyboard alone", async () => {
  const { page, close } = await opened(reports.demo);
  const bar = page.locator("[data-chart=lane] a.bar[aria-label*='61.7%']");
  const target = await bar.evaluate((link) => link.href.baseVal.slice(1));
  await bar.click();
  assert.ok(await page.locator(`details.insight[open] #${target}`).isVisible());
  await page.reload();

  // By the keyboard: to the bar, Enter, and the focus is on the insight.
  await page.goto(reports.demo);
  for (let nth = 0; nth < 200; nth += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement.getAttribute("aria-label")?.includes("61.7%"))) break;
  }
  await page.keyboard.press("Enter");
  await page.waitForSelector(`details.insight[open] #${target}`);
  assert.equal(await page.evaluate(() => document.activeElement.localName), "summary");
  // And shut again, and open again.
  await page.keyboard.press("Enter");
  assert.equal(await page.locator(`details.insight[open] #${target}`).count(), 0);
  await page.keyboard.press("Space");
  assert.ok(await page.locator(`#${target}`).isVisible());
  await close();
});

test("the keyboard reaches everything, in the order of the page, and shows where it is", async () => {
  const { page, close } = await opened(reports.demo);
  const seen = [];
  for (let nth = 0; nth < 250; nth += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === document.body) return null;
      const style = getComputedStyle(element);
      return {
        name: (element.getAttribute("aria-label") ?? element.textContent).trim().slice(0, 60),
        kind: element.localName,
        marked: style.outlineStyle !== "none" || element.matches("a.bar"),
      };
    });
    if (at === null) break;
    seen.push(at);
  }
  assert.equal(seen[0].name, "To the content");
  assert.ok(seen.every((at) => at.marked), `no outline: ${JSON.stringify(seen.filter((at) => !at.marked))}`);
  const names = seen.map((at) => at.name).join("\n");
  for (const expected of ["Narrow this page", "Timeline", "critical", "Nov 2", "The same as a table"]) {
    if (expected !== "Nov 2") assert.ok(names.includes(expected), `${expected} is not reached:\n${names}`);
  }
  assert.equal(seen.filter((at) => at.kind === "summary" && /^(critical|high|medium|low)/.test(at.name)).length, 11);
  await close();
});

test("a filter narrows lists and timeline, and says so", async () => {
  const { page, close } = await opened(reports.demo);
  await page.locator("#narrow > summary").click();
  await page.selectOption("#filter select[name=source]", "cloudtrail");
  assert.equal(await page.locator("li.entry:visible").count(), 3);
  assert.equal(await page.locator("[data-chart=lane] a.bar:not(.dimmed)").count(), 3);
  await page.selectOption("#filter select[name=severity]", "high");
  assert.equal(await page.locator("li.entry:visible").count(), 2);
  await page.fill("#filter input[name=q]", "getsecret");
  assert.equal(await page.locator("li.entry:visible").count(), 1);
  assert.equal(await page.locator("#narrowed").textContent(), "1 of 11 insights shown");
  await page.fill("#filter input[name=q]", "nobody");
  assert.equal(await page.locator("li.entry:visible").count(), 0);
  await close();
});

test("what the table holds is text", async () => {
  const { page, trouble, close } = await opened(reports.hostile);
  await openAll(page);
  await page.waitForTimeout(150);
  assert.deepEqual(trouble, []);
  assert.equal(await page.locator("img").count(), 0);
  assert.ok((await page.locator("li.entry .what b").first().textContent()).includes("<script>alert(1)</script>"));
  assert.ok((await page.locator("[data-chart=graph] text").first().textContent()).includes("<script>"));
  await close();
});

for (const [name, scheme] of [["demo", "light"], ["demo", "dark"], ["hostile", "light"], ["empty", "dark"]]) {
  test(`axe finds nothing serious in the ${name} report in ${scheme}`, async () => {
    const { page, close } = await opened(reports[name], { colorScheme: scheme });
    await page.evaluate(() => (document.querySelector("#narrow").open = true));
    await openAll(page);
    await page.waitForTimeout(150);
    assert.deepEqual(await AxeBuilder(page), []);
    await close();
  });
}

for (const width of [320, 400, 768]) {
  test(`at ${width} pixels nothing makes the page scroll sideways`, async () => {
    const { page, close } = await opened(reports.demo, { viewport: { width, height: 800 }, colorScheme: "dark" });
    await page.screenshot({ path: join(shots, `report-demo-dark-${width}.png`) });
    await openAll(page);
    await page.waitForTimeout(150);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${wide} pixels too wide`);
    await page.screenshot({ path: join(shots, `report-demo-dark-${width}-open.png`), fullPage: true });
    await close();
  });
}

test("a chart is drawn anew for another width and keeps the focus", async () => {
  const { page, close } = await opened(reports.demo);
  const bar = page.locator("[data-chart=lane] a.bar").first();
  await bar.focus();
  const label = await bar.getAttribute("aria-label");
  const wide = await page.locator("[data-chart=lane] svg").first().getAttribute("width");
  await page.setViewportSize({ width: 600, height: 800 });
  await page.waitForFunction((before) => document.querySelector("[data-chart=lane] svg").getAttribute("width") !== before, wide);
  const focused = await page.evaluate(() => document.activeElement.getAttribute("class"));
  assert.ok(focused?.startsWith("bar"), `${label}: ${focused}`);
  await close();
});

test("on paper everything that is wrong now is told with its charts", async () => {
  const { page, close } = await opened(reports.demo, { colorScheme: "dark" });
  await page.emulateMedia({ media: "print" });
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  assert.ok(await page.locator("nav.parts").isHidden());
  assert.ok(await page.locator("#narrow").isHidden());
  assert.equal(await page.locator("#now details.insight[open]").count(), 7);
  assert.ok(await page.locator("#now [data-chart=rate] svg").first().isVisible());
  // Printing itself tells of its beginning and its end.
  const pdf = await page.pdf({ format: "A4", path: join(shots, "report-demo.pdf") });
  assert.ok(pdf.length > 20_000);
  assert.equal(await page.locator("#now details.insight[open]").count(), 0, "as it was");
  await close();
});

test("without a script every number is still there", async () => {
  const { page, close } = await opened(reports.demo, { javaScriptEnabled: false });
  assert.equal(await page.locator("li.entry").count(), 11);
  assert.equal(await page.locator(".canvas svg").count(), 0);
  const first = page.locator("#now details.insight").first();
  await first.locator("> summary").click();
  await first.locator("details.data summary").first().click();
  assert.ok((await first.locator("tbody").first().textContent()).includes("61.7%"));
  await close();
});

test("five thousand insights are shown within two megabytes", async () => {
  const items = [];
  for (let nth = 0; nth < 5_000; nth += 1) {
    const began = 10 + ((nth * 37) % 9_900);
    const severity = ["low", "medium", "high", "critical"][nth % 4];
    items.push(insight({
      source: nth % 3 ? "xray" : "cloudtrail", id: `service-${nth}`, began: ago(began), severity,
      ended: nth % 40 ? ago(Math.max(0, began - 60)) : undefined,
      title: `service-${nth % 90} had faults in ${nth % 100}.3% of its requests; ${nth % 30}.1% of the requests to the group failed.`,
      entity: `service-${nth % 90}`,
    }));
  }
  const file = await report("many", await tableOf("many", items));
  assert.ok(statSync(file).size < 2_000_000, `${statSync(file).size} bytes`);
  const { page, trouble, close } = await opened(reports.many, { colorScheme: "light" });
  assert.deepEqual(trouble, []);
  assert.ok((await page.locator("#left-out").textContent()).includes("insights in the list of ended insights"));
  await page.screenshot({ path: join(shots, "report-many-light-1280.png") });
  // Lanes of many insights are histograms, which together have all of them.
  const labels = await page.locator("[data-chart=histogram] a.bar").evaluateAll((bars) => bars.map((bar) => bar.getAttribute("aria-label")));
  const sum = labels.reduce((sum, label) => sum + Number(label.match(/: ([\d,]+) insights? began/)[1].replaceAll(",", "")), 0);
  assert.equal(sum, 5_000);
  await close();
});
