// The controls of the page: the period, zoom, facets, pages, rows, keyboard, paper.

import serious from "./axe.mjs";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { ago, closed, demoTable, folder, insight, insights, opened, shots, started, state, tableOf } from "./support.mjs";

let live, many, report;
before(async () => {
  const demo = await demoTable();
  live = await started("serve", "--port", "0", "--utc", "--local", demo);
  report = join(folder, "controls.html");
  await insights("report", "--local", demo, "--utc", "--out", report);
  const items = [];
  for (let nth = 0; nth < 230; nth += 1) {
    const began = 60 + nth * 30;
    items.push(insight({ id: `n-${nth}`, entity: `service-${nth % 3}`, began: ago(began), ended: nth % 2 ? ago(began - 20) : undefined, severity: nth % 5 ? "low" : "critical" }));
  }
  many = await started("serve", "--port", "0", "--utc", "--local", await tableOf("controls", [...items, state({ source: "xray" })]));
});
after(async () => {
  await closed();
  await live?.stop();
  await many?.stop();
});

/** Drags over a chart from one share of its width to another. */
async function drag(page, chart, from, to) {
  await chart.scrollIntoViewIfNeeded();
  const box = await chart.boundingBox();
  await page.mouse.move(box.x + box.width * from, box.y + box.height - 25);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * ((from + to) / 2), box.y + box.height - 25);
  await page.mouse.move(box.x + box.width * to, box.y + box.height - 25);
  await page.mouse.up();
}

test("a time range is a link, and the form takes every time that the page prints", async () => {
  const { page, close } = await opened(`${live.address}/?source=xray`);
  assert.equal(await page.locator("nav.ranges [aria-current]").textContent(), "7 d");
  await Promise.all([page.waitForURL(/since=24h/), page.locator("nav.ranges a", { hasText: "24 h" }).click()]);
  assert.equal(new URL(page.url()).search, "?source=xray&since=24h", "the filter stays");
  assert.ok((await page.locator("h1").textContent()).includes("X-Ray, last 24 hours"));
  const printed = await page.locator(".brand time").last().textContent();
  assert.match(printed, /^\d{4}-\d\d-\d\d \d\d:\d\d$/);
  await page.locator("#custom").click();
  assert.equal(await page.evaluate(() => document.activeElement.name), "since");
  for (const since of [printed, "yesterday", "today", "36h", printed.slice(0, 10)]) {
    await page.goto(`${live.address}/?since=${encodeURIComponent(since)}`);
    assert.notEqual(await page.locator("h1").textContent(), "This address is wrong", since);
  }
  await close();
});

test("dragging over a lane is another period of the address, and Back leads to the one before", async () => {
  const { page, close } = await opened(`${live.address}/`);
  await page.waitForSelector("[data-chart=lane] svg");
  await Promise.all([page.waitForURL(/since=.*until=/), drag(page, page.locator("[data-chart=lane]").first(), 0.3, 0.6)]);
  const query = new URL(page.url()).searchParams;
  const hours = (Date.parse(`${query.get("until")}Z`) - Date.parse(`${query.get("since")}Z`)) / 3_600_000;
  assert.ok(Math.abs(hours - 0.3 * 7 * 24) < 3, `${hours} hours`);
  assert.equal(await page.locator("nav.ranges [aria-current]").textContent(), "Custom");
  await page.goBack();
  await page.waitForFunction(() => !location.search);
  await close();
});

test("dragging over a chart zooms into it, and the address keeps the zoom", async () => {
  const { page, trouble, close } = await opened(pathToFileURL(report).href);
  const details = page.locator("#now details.insight", { hasText: "GetSecretValue" });
  await details.locator("> summary").click();
  assert.match(page.url(), /#i-[0-9a-f]{8}$/, "the open row has an address");
  const chart = details.locator("[data-chart=rate]");
  const axis = () => chart.locator("text").allTextContents().then((texts) => texts.join());
  const before = await axis();
  await drag(page, chart, 0.3, 0.5);
  await page.waitForURL(/#i-[0-9a-f]{8}&zoom=\d+,\d+$/);
  assert.notEqual(await axis(), before);
  assert.ok((await page.locator("#zoomed").textContent()).startsWith("Charts show "));
  const zoomed = page.url();
  await page.goBack();
  await page.waitForFunction(() => document.querySelector("#zoomed").hidden);
  assert.equal(await axis(), before);
  await page.goForward();
  await page.waitForFunction(() => !document.querySelector("#zoomed").hidden);
  await page.goto("about:blank");
  await page.goto(zoomed);
  assert.ok(await details.locator("[data-chart=rate] svg").isVisible(), "the address opens the row");
  assert.notEqual(await axis(), before);
  await page.keyboard.press("Escape");
  assert.equal(await axis(), before);
  assert.deepEqual(trouble, []);
  await close();
});

test("a crosshair shows the same time in all lanes", async () => {
  const { page, close } = await opened(`${live.address}/`);
  await page.locator("[data-chart=lane]").first().scrollIntoViewIfNeeded();
  const box = await page.locator("[data-chart=lane]").first().boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  assert.match(await page.locator("#lanes .pointed").textContent(), /^[A-Z][a-z]{2} \d+ \d\d:\d\d$/);
  const places = await page.locator("#lanes .canvas").evaluateAll((canvases) => canvases.map((canvas) => getComputedStyle(canvas, "::after").left));
  assert.ok(places.length > 3 && new Set(places).size === 1, JSON.stringify(places));
  await close();
});

test("many insights are a histogram, facets have numbers, and every insight is on a page", async () => {
  const { page, trouble, close } = await opened(`${many.address}/?since=30d`);
  assert.ok((await page.locator("h1").textContent()).includes("115 of 230 open"));
  assert.equal(await page.locator("#now li.entry").count(), 100);
  await Promise.all([page.waitForURL(/open_page=2/), page.locator("#now nav.pages a[rel=next]").click()]);
  assert.equal(await page.locator("#now li.entry").count(), 15);
  await page.locator("#narrow > summary").click();
  const facet = page.locator(".facet a", { hasText: "service-1" });
  assert.ok((await facet.textContent()).endsWith(" 77"), await facet.textContent());
  await Promise.all([page.waitForURL(/entity=service-1/), facet.click()]);
  assert.equal(new URL(page.url()).searchParams.get("open_page"), null, "another selection begins at its first page");
  assert.ok((await page.locator("h1").textContent()).includes("service-1, last 30 days: 38 of 77 open"));
  const part = page.locator("[data-chart=histogram] a.bar").first();
  const number = Number((await part.getAttribute("aria-label")).match(/: (\d+) insight/)[1]);
  await part.focus();
  await Promise.all([page.waitForURL(/until=/), page.keyboard.press("Enter")]);
  const listed = await page.locator("li.entry").count();
  assert.ok(listed >= number, `${listed} of ${number}: those that began in the part, and those that were open`);
  await Promise.all([page.waitForURL((url) => !url.search.includes("entity=")), page.locator("ul.chips a", { hasText: "service-1" }).click()]);
  assert.deepEqual(trouble, []);
  await close();
});

test("a row has its age, a line with its values, its recurrence, and an id to copy", async () => {
  const { page, close } = await opened(`${live.address}/`);
  const row = page.locator("#now details.insight", { hasText: "61.7%" }).first();
  const age = row.locator("summary time.age");
  assert.match(await age.textContent(), /^(\d+d )?\d+[hm].* ago$/);
  assert.match(await age.getAttribute("title"), /^\d{4}-\d\d-\d\d \d\d:\d\d$/);
  assert.match(await row.locator("summary .spark").textContent(), /latest [\d.]+%, peak [\d.]+%/);
  assert.ok((await row.locator("summary .spark polyline").getAttribute("points")).includes(","));
  await page.goto(`${many.address}/?since=30d`);
  assert.ok((await page.locator("#now li.entry .nth").first().textContent()).endsWith(" in 30 days"));
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto(`${live.address}/`);
  await row.locator("> summary").click();
  await row.locator("button.copy").click();
  await page.waitForFunction(() => document.querySelector("details[open] button.copy").textContent === "Copied");
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await row.locator("dd code").first().textContent());
  await close();
});

test("a select does not navigate, and Back restores the form", async () => {
  const { page, close } = await opened(`${live.address}/`);
  await page.locator("#narrow > summary").click();
  await page.locator("#filter select[name=source]").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.waitForTimeout(200);
  assert.equal(new URL(page.url()).search, "");
  await Promise.all([page.waitForURL(/source=/), page.locator("#filter button").click()]);
  await page.goBack();
  await page.waitForFunction(() => !location.search);
  assert.equal(await page.locator("#filter select[name=source]").inputValue(), "");
  await page.goForward();
  await page.waitForFunction(() => location.search);
  assert.notEqual(await page.locator("#filter select[name=source]").inputValue(), "");
  await close();
});

for (const width of [320, 390, 1920]) {
  test(`at ${width} pixels nothing is cut off or hidden under the navigation`, async () => {
    const { page, close } = await opened(`${live.address}/?severity=low`, { viewport: { width, height: 800 } });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "no sideways scrolling");
    for (const anchor of ["timeline", "ended", "compliance", "freshness"]) {
      await page.locator(`nav.parts a[href="#${anchor}"]`).click();
      const [title, navigation] = await page.evaluate((id) => [document.querySelector(`#${id} h2`).getBoundingClientRect().top, document.querySelector("nav.parts").getBoundingClientRect().bottom], anchor);
      assert.ok(title >= navigation - 1, `${anchor}: ${title} ${navigation}`);
    }
    await page.evaluate(() => scrollTo(0, 0));
    // As long as it gets.
    const share = await page.locator("header .trust").evaluate((line) => {
      line.querySelector("b").textContent = "Not everything is up to date.";
      const box = line.querySelector("span").getBoundingClientRect();
      return Math.max(...[...line.querySelector("span").getClientRects()].map((part) => part.width), box.width) / line.clientWidth;
    });
    assert.ok(share > 0.6 || width > 640, `the text about freshness has room: ${share}`);
    await page.screenshot({ path: join(shots, `controls-${width}.png`) });
    await close();
  });
}

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing on the live page in ${colorScheme}, best practices included`, async () => {
    for (const address of [`${live.address}/?severity=low&group=entity`, `${many.address}/?since=30d`]) {
      const { page, close } = await opened(address, { colorScheme });
      await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
      await page.waitForTimeout(300);
      assert.deepEqual(await serious(page, ["minor", "moderate", "serious", "critical"]), []);
      await close();
    }
  });
}

test("paper begins with a summary, and its charts fit the sheet", async () => {
  const { page, close } = await opened(pathToFileURL(report).href, { colorScheme: "dark", viewport: { width: 1600, height: 900 } });
  assert.ok(await page.locator("#summary").isHidden());
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  assert.ok(await page.locator("#summary").isVisible());
  assert.ok((await page.locator("#summary h2").textContent()).startsWith("Problem "));
  const widths = await page.locator("#timeline .canvas svg").evaluateAll((charts) => charts.map((chart) => Number(chart.getAttribute("width"))));
  assert.ok(widths.length > 2 && widths.every((width) => width <= 680), JSON.stringify(widths));
  const paper = await page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--ink").trim());
  assert.equal(paper, "#1b212b", "paper has the colours of the light page");
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  await page.emulateMedia({ media: "screen" });
  assert.ok(await page.locator("#summary").isHidden());
  await close();
});
