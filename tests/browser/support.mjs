// What the tests of the pages share: tables, the program, a browser. The tables are made by the program itself: the demo's,
// one with hostile text in it, one with five thousand insights, an empty one.

import { chromium } from "playwright-core";
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const program = process.env.INSIGHTS ?? join(root, "target/debug/insights");
const browserPath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const run = promisify(execFile);

// Each server that a test starts is ended with the process.
process.setMaxListeners(50);

/** Where screenshots go. */
export const shots = join(dirname(fileURLToPath(import.meta.url)), "shots");

/** A folder that goes with the tests. */
export const folder = mkdtempSync(join(tmpdir(), "insights-browser-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const environment = { PATH: process.env.PATH, TZ: "UTC", AWS_EC2_METADATA_DISABLED: "true" };

/** The headers of a signature that the simulator accepts: it looks at no more than the scope. */
export const signature = {
  authorization: "AWS4-HMAC-SHA256 Credential=test/20260301/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
  "x-amz-date": "20260301T120000Z",
};

/** Runs the program to its end. */
export async function insights(...args) {
  return run(program, args, { env: environment, maxBuffer: 64 << 20 });
}

/** Starts the program, and waits for the first line that tells an address. */
export async function started(...args) {
  const child = spawn(program, args, { env: environment, stdio: ["ignore", "pipe", "ignore"] });
  const address = await new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (data) => {
      text += data;
      const found = text.match(/http:\/\/127\.0\.0\.1:\d+/);
      if (found) resolve(found[0]);
    });
    process.on("exit", () => child.kill("SIGKILL"));
    child.on("exit", (code) => reject(new Error(`${args.join(" ")} ended with ${code}: ${text}`)));
  });
  const ended = once(child, "exit");
  const stop = () => {
    child.kill("SIGINT");
    return ended;
  };
  return { address, stop };
}

let demo;
/** The table that the demo leaves. */
export function demoTable() {
  demo ??= insights("demo", "--utc", "--dir", join(folder, "demo")).then(() => join(folder, "demo/table.db"));
  return demo;
}

/** A table with `items` put into it by DynamoDB's own API, as the simulator serves it; beside those of `copied`, if given. */
export async function tableOf(name, items, copied, isCopied = true) {
  const file = join(folder, `${name}.db`);
  if (copied && isCopied) copyFileSync(copied, file);
  const { address, stop } = await started("simulate", "--port", "0", "--table-file", file);
  const put = async (item) => {
    const answer = await fetch(address, {
      method: "POST",
      headers: { ...signature, "content-type": "application/x-amz-json-1.0", "x-amz-target": "DynamoDB_20120810.PutItem" },
      body: JSON.stringify({ TableName: "insights", Item: attributes(item).M }),
    });
    if (!answer.ok) throw new Error(`PutItem: ${answer.status} ${await answer.text()}`);
  };
  try {
    for (let nth = 0; nth < items.length; nth += 16) await Promise.all(items.slice(nth, nth + 16).map(put));
  } finally {
    await stop();
  }
  return file;
}

/** A value as DynamoDB's JSON has it. */
function attributes(value) {
  if (typeof value === "string") return { S: value };
  if (typeof value === "number") return { N: String(value) };
  if (Array.isArray(value)) return { L: value.map(attributes) };
  return { M: Object.fromEntries(Object.entries(value).map(([key, each]) => [key, attributes(each)])) };
}

/** An insight as a function stores it, with its index keys. */
export function insight({ source = "xray", account = "123456789012", region = "eu-west-1", id, began, ended, ...further }) {
  const pk = `${source}#${account}#${region}#${id}`;
  const tag = createHash("sha256").update(`${pk}\ninsight`).digest("hex").slice(0, 8);
  const state = ended
    ? { status: "closed", ended_at: ended, ended_pk: `${source}.insight#${ended.slice(0, 7)}`, ended_sk: `${ended}#${tag}` }
    : { status: "open", open_pk: source, open_sk: `${account}#${region}#3#${began}#${tag}` };
  return {
    pk, sk: "insight", kind: `${source}.insight`, source, id, account_id: account, region,
    schema_version: 1, title: `Faults in ${id}`, severity: "high", entity: id, started_at: began, updated_at: began,
    measures: { fault_count: 30, ok_count: 70, total_count: 100 }, detail: { insight_id: id },
    entity_pk: `entity#${id}`, entity_sk: `${began}#${tag}`, ...state, ...further,
  };
}

/** The state of a target as a function stores it. */
export function state({ source, account = "123456789012", region = "eu-west-1", status = "ok", ran = ago(1), success = ran, issues = {} }) {
  return {
    pk: `run#${source}#${account}#${region}`, sk: "state", kind: "state", source, account_id: account, region, schema_version: 1,
    entity_pk: `run#${source}`, entity_sk: `${account}#${region}`, last_run_at: ran, last_status: status, issue_counts: issues,
    ...(success ? { last_success_at: success } : {}),
  };
}

/** So many minutes before now. */
export const ago = (minutes) => new Date(Math.floor(Date.now() / 60_000 - minutes) * 60_000).toISOString();

let browser;
/** The browser of all tests of a file. */
export async function launched() {
  browser ??= await chromium.launch({
    executablePath: browserPath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
      // A name of somebody else's that leads to this machine.
      "--host-resolver-rules=MAP rebound.example 127.0.0.1"],
  });
  return browser;
}

/** Ends the browser. */
export const closed = () => browser?.close();

/** A page at `address`, with everything that it said on the console and asked of others. */
export async function opened(address, options = {}) {
  const context = await (await launched()).newContext({ viewport: { width: 1280, height: 900 }, timezoneId: "Asia/Tokyo", ...options });
  const page = await context.newPage();
  const trouble = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && trouble.push(message.text()));
  page.on("pageerror", (error) => trouble.push(String(error)));
  page.on("request", (request) => {
    const own = request.url().startsWith("file:") || request.url().startsWith("data:") || request.url().startsWith(new URL(address).origin + "/");
    if (!own) trouble.push(`asked for ${request.url()}`);
  });
  page.on("dialog", (dialog) => {
    trouble.push(`dialog ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.goto(address);
  return { page, trouble, close: () => context.close() };
}
