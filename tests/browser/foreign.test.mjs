// Pages of other origins against what listens on this machine: the live page over a table in a file, and the simulator. None
// of them may read or change anything, by any way that a browser offers.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { ago, closed, insight, insights, launched, signature, started, tableOf } from "./support.mjs";

const SECRET = "secret-of-the-table";
let live, simulated, foreign, file, asset;

before(async () => {
  const one = insight({ id: SECRET, began: ago(30), title: SECRET });
  file = await tableOf("foreign", [one]);
  live = await started("serve", "--port", "0", "--utc", "--local", file);
  asset = (await (await fetch(`${live.address}/`)).text()).match(/\/assets\/page\.[0-9a-f]+\.js/)[0];
  simulated = await started("simulate", "--port", "0", "--table-file", await tableOf("simulated", [one]));
  foreign = createServer((_, response) => response.setHeader("content-type", "text/html").end("<title>foreign</title><body></body>"));
  foreign.listen(0, "127.0.0.1");
  await once(foreign, "listening");
});
after(async () => {
  await closed();
  foreign?.close();
  await live?.stop();
  await simulated?.stop();
});

/** DynamoDB's own requests, as a page would send them. */
const requests = [
  ["Query", { TableName: "insights", IndexName: "open", KeyConditionExpression: "open_pk = :s", ExpressionAttributeValues: { ":s": { S: "xray" } } }],
  ["Scan", { TableName: "insights" }],
  ["PutItem", { TableName: "insights", Item: { pk: { S: "overwritten" }, sk: { S: "insight" } } }],
  ["DeleteItem", { TableName: "insights", Key: { pk: { S: `xray#123456789012#eu-west-1#${SECRET}` }, sk: { S: "insight" } } }],
];

/** Everything that a page can try against `address`: what it could read. It runs in the browser. */
async function attack({ address, asset, requests, signature }) {
  const readings = [];
  const keep = (how, text) => readings.push(`${how}: ${text}`);
  for (const path of ["/", "/api/", "/api/insights", "/api/status"]) {
    for (const mode of ["cors", "no-cors"]) {
      try {
        const answer = await fetch(`${address}${path}`, { mode, credentials: "include" });
        if (answer.type !== "opaque") keep(`${mode} GET ${path}`, `${answer.status} ${await answer.text()}`);
      } catch {
        // Refused by the browser, or by the server.
      }
    }
  }
  for (const [operation, body] of requests) {
    const signed = { ...signature, "content-type": "application/x-amz-json-1.0", "x-amz-target": `DynamoDB_20120810.${operation}` };
    const query = new URLSearchParams({ "X-Amz-Credential": "test/20260301/eu-west-1/dynamodb/aws4_request", Action: operation });
    for (const [mode, url, headers] of [
      ["cors", `${address}/`, signed],
      ["cors", `${address}/`, { "content-type": "text/plain" }],
      ["no-cors", `${address}/`, signed],
      ["no-cors", `${address}/?${query}`, { "content-type": "text/plain" }],
    ]) {
      try {
        const answer = await fetch(url, { method: "POST", mode, headers, body: JSON.stringify(body) });
        if (answer.type !== "opaque") keep(`${mode} ${operation}`, `${answer.status} ${await answer.text()}`);
      } catch {
        // Refused by the browser, or by the server.
      }
    }
    navigator.sendBeacon(`${address}/`, JSON.stringify(body));
  }
  // What a page may embed of others.
  const embedded = async (name, attributes) => {
    const element = Object.assign(document.createElement(name), attributes);
    const loaded = new Promise((resolve) => {
      element.onload = () => resolve(true);
      element.onerror = () => resolve(false);
      setTimeout(() => resolve(false), 2_000);
    });
    document.body.append(element);
    return [await loaded, element];
  };
  const [script] = await embedded("script", { src: `${address}${asset}` });
  if (script) keep("script", "was run");
  const [, frame] = await embedded("iframe", { src: `${address}/` });
  try {
    const text = frame.contentDocument?.body?.textContent;
    if (text) keep("iframe", text);
  } catch {
    // Of another origin.
  }
  const form = Object.assign(document.createElement("form"), { method: "post", action: `${address}/`, enctype: "text/plain", target: "hidden" });
  document.body.append(Object.assign(document.createElement("iframe"), { name: "hidden" }), form);
  form.append(Object.assign(document.createElement("input"), { name: JSON.stringify(requests[2][1]).slice(0, -1) + ',"x":"', value: '"}' }));
  form.submit();
  await new Promise((resolve) => setTimeout(resolve, 300));
  return readings;
}

/** What the simulator's table holds, asked as a program asks. */
async function scanned() {
  const headers = { ...signature, "content-type": "application/x-amz-json-1.0", "x-amz-target": "DynamoDB_20120810.Scan" };
  const answer = await fetch(simulated.address, { method: "POST", headers, body: JSON.stringify({ TableName: "insights" }) });
  assert.equal(answer.status, 200);
  return (await answer.json()).Items.map((item) => item.pk.S).sort();
}

const origins = {
  "another site": () => "http://foreign.example",
  "another port of this machine": () => `http://127.0.0.1:${foreign.address().port}`,
  "another name of this machine": (address) => address.replace("127.0.0.1", "localhost").replace(/:\d+$/, `:${foreign.address().port}`),
};

for (const [name, origin] of Object.entries(origins)) {
  for (const target of ["serve", "simulate"]) {
    test(`a page of ${name} neither reads from ${target} nor changes anything`, async () => {
      const { address } = target === "serve" ? live : simulated;
      const before = await scanned();
      const context = await (await launched()).newContext();
      const page = await context.newPage();
      await page.route("http://foreign.example/", (route) => route.fulfill({ contentType: "text/html", body: "<title>foreign</title><body></body>" }));
      await page.goto(`${origin(address)}/`);
      const readings = await page.evaluate(attack, { address, asset, requests, signature });
      assert.deepEqual(readings, []);
      assert.deepEqual(await scanned(), before);
      await context.close();
    });
  }
}

test("a page in a sandbox, whose origin is null, gets nothing either", async () => {
  for (const { address } of [live, simulated]) {
    const context = await (await launched()).newContext();
    const page = await context.newPage();
    await page.route("http://foreign.example/", (route) =>
      route.fulfill({ contentType: "text/html", headers: { "content-security-policy": "sandbox allow-scripts allow-forms" }, body: "<body></body>" }));
    await page.goto("http://foreign.example/");
    assert.equal(await page.evaluate(() => origin), "null");
    const before = await scanned();
    assert.deepEqual(await page.evaluate(attack, { address, asset, requests, signature }), []);
    assert.deepEqual(await scanned(), before);
    await context.close();
  }
});

test("a name that is rebound to this machine gets refusals and nothing else", async () => {
  const before = await scanned();
  for (const { address } of [live, simulated]) {
    const rebound = address.replace("127.0.0.1", "rebound.example");
    const context = await (await launched()).newContext();
    const page = await context.newPage();
    const answer = await page.goto(`${rebound}/`);
    assert.equal(answer.status(), 421);
    // To the browser, this page and the server are one origin: every request goes through, and is refused.
    const readings = await page.evaluate(attack, { address: rebound, asset, requests, signature });
    const unrefused = readings.filter((reading) => !reading.includes("is not allowed here"));
    assert.deepEqual(unrefused, []);
    assert.ok(readings.length > 0 && !readings.join().includes(SECRET), readings.join("\n"));
    await context.close();
  }
  assert.deepEqual(await scanned(), before);
  // The file is as it was, too.
  const listed = await insights("list", "--open", "--output", "json", "--local", file);
  assert.deepEqual(JSON.parse(listed.stdout).map((record) => record.id), [SECRET]);
});
