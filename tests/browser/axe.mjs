// axe-core in a page whose policy lets no script in: it is handed over by the debugger, which the policy does not concern.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds of these impacts, in short. Without any, what is serious or worse. */
export default async function serious(page, impacts = ["serious", "critical"]) {
  await page.evaluate(source);
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} ${node.failureSummary ?? ""}`) }));
  });
  return found.filter(({ impact }) => impacts.includes(impact));
}
