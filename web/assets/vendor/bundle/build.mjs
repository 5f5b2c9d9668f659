// Makes ../libraries.min.js and ../LICENSES: `npm ci && npm run build` in this folder. The result depends only on package-lock.json
// and on the lists of names.

import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";

const outfile = "../libraries.min.js";
const { metafile } = await build({
  entryPoints: ["libraries.js"], bundle: true, minify: true, format: "iife", globalName: "Libraries", legalComments: "none",
  metafile: true, outfile, target: "es2022",
});

// The licence of every package of which the bundle has a part.
const inputs = Object.values(metafile.outputs)[0].inputs;
const used = Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
const folders = [...new Set(used.map(([path]) => path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0]).filter(Boolean))].sort();
const notes = folders.map((folder) => {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  const text = file ? readFileSync(`${folder}/${file}`, "utf8").trim() : "The package has no licence file.";
  return { title: `${name} ${version} (${license})`, text };
});
const known = new Map();
for (const { title, text } of notes) known.set(text, [...(known.get(text) ?? []), title]);
const parts = [...known].map(([text, titles]) => `${[...new Set(titles)].join("\n")}\n\n${text}\n`);
writeFileSync("../LICENSES", parts.join(`\n${"-".repeat(80)}\n\n`));
const hash = createHash("sha256").update(readFileSync(outfile)).digest("hex");
console.log(`${outfile} ${hash}`);
