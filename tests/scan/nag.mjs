// Runs the rules AwsSolutions of cdk-nag over templates in JSON.
//
//     node nag.mjs TEMPLATE.json...
//
// Prints a JSON array of findings: {"template": file name, "resource": logical id, "rule": id, "detail": text}. The detail of most
// rules is empty. A rule that fails is a finding too.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { App, Aspects, Stack } from "aws-cdk-lib";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";
import { AwsSolutionsChecks } from "cdk-nag";

const findings = [];
const add = (found, detail) =>
  findings.push({ template: found.resource.stack.node.id, resource: found.resource.node.id, rule: found.ruleId, detail });
const nothing = () => {};
const logger = {
  onNonCompliance: (found) => add(found, found.findingId),
  onError: (found) => add(found, `the rule failed: ${found.errorMessage}`),
  onCompliance: nothing,
  onNotApplicable: nothing,
  onSuppressed: nothing,
  onSuppressedError: nothing,
};

const outdir = mkdtempSync(join(tmpdir(), "nag-"));
const app = new App({ outdir, analyticsReporting: false });
for (const path of process.argv.slice(2)) {
  new CfnInclude(new Stack(app, basename(path, ".json")), "Template", { templateFile: path });
}
Aspects.of(app).add(new AwsSolutionsChecks({ reports: false, additionalLoggers: [logger] }));
app.synth();
rmSync(outdir, { recursive: true });
console.log(JSON.stringify(findings));
