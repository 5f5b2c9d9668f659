// The first load of the live page over a large table: 24 accounts and regions with 5,040 insights.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { get } from "node:http";
import { ago, closed, insight, opened, started, state, tableOf } from "./support.mjs";

let live;
before(async () => {
  const regions = ["eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ap-south-1", "ap-northeast-1", "ap-southeast-2"];
  const places = ["123456789012", "111122223333"].flatMap((account) => regions.map((region) => [account, region]));
  const items = places.flatMap(([account, region]) => ["xray", "cloudtrail", "eks"].map((source) => state({ source, account, region })));
  for (let nth = 0; nth < 5_040; nth += 1) {
    const [account, region] = places[nth % 24];
    const began = 10 + ((nth * 37) % 9_900);
    items.push(insight({
      source: nth % 3 ? "xray" : "cloudtrail", account, region, id: `id-${nth}`, entity: `service-${nth % 90}`, began: ago(began),
      ended: nth % 12 ? ago(Math.max(0, began - 60)) : undefined, severity: ["low", "medium", "high", "critical"][nth % 4],
      title: `service-${nth % 90} had faults in ${nth % 100}.3% of its requests; ${nth % 30}.1% of the requests to the group failed.`,
    }));
  }
  live = await started("serve", "--port", "0", "--utc", "--local", await tableOf("large", items));
});
after(async () => {
  await closed();
  await live?.stop();
});

/** A response as it is transferred. */
const load = (path, headers = {}) => new Promise((resolve, reject) => get(`${live.address}${path}`, { headers }, (response) => {
  const parts = [];
  response.on("data", (part) => parts.push(part));
  response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }));
}).on("error", reject));

test("the first load of 5,040 insights is at most 1 MB, and 250 kB compressed", async () => {
  const page = await load("/");
  const assets = [...new Set(page.body.toString().match(/\/assets\/[\w.]+/g))];
  assert.equal(assets.length, 7);
  const sizes = { whole: 0, compressed: 0 };
  for (const path of ["/", ...assets]) {
    sizes.whole += (await load(path)).body.length;
    sizes.compressed += (await load(path, { "accept-encoding": "gzip" })).body.length;
  }
  console.log(`whole ${sizes.whole} bytes, compressed ${sizes.compressed} bytes, page ${page.body.length} bytes`);
  assert.ok(sizes.whole <= 1_000_000 && sizes.compressed <= 250_000, JSON.stringify(sizes));
  const unchanged = await load("/", { "if-none-match": page.headers.etag, "accept-encoding": "gzip" });
  assert.deepEqual([unchanged.status, unchanged.body.length], [304, 0]);
});

test("all of 5,040 insights can be reached, and the layout does not shift", async () => {
  const { page, trouble, close } = await opened(`${live.address}/`);
  assert.ok((await page.locator("h1").textContent()).includes("420 of 5,040 open"));
  assert.ok((await page.locator("#ended nav.pages").textContent()).includes("Page 1 of 47, 4,620 insights"));
  const shift = await page.evaluate(() => new Promise((resolve) => {
    let sum = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => (sum += entry.hadRecentInput ? 0 : entry.value))).observe({ type: "layout-shift", buffered: true });
    setTimeout(() => resolve(sum), 500);
  }));
  console.log(`layout shift ${shift.toFixed(3)}`);
  assert.ok(shift < 0.05, `${shift}`);
  await page.goto(`${live.address}/?page=47#ended`);
  assert.equal(await page.locator("#ended li.entry").count(), 20);
  assert.deepEqual(trouble, []);
  await close();
});
