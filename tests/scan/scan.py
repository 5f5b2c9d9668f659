"""Scans the transformed templates with checkov and cdk-nag (AwsSolutions), and compares the findings with
tests/scan/accepted-findings.yaml.

    python scan.py

Fails on a finding that is not accepted, and on an accepted finding that does not occur. Each template is scanned twice: with the
defaults of its parameters, and with every option that adds encryption, a network, backups or roles. In both, the conditions are
evaluated first, because a scanner would see only one side of an option.
"""

import json
import logging
import os
import pathlib
import subprocess
import sys
import tempfile

import yaml

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "deployment"))

from local import Ledger  # noqa: E402
from stacks import translated  # noqa: E402
from templates import ACCOUNT, NO_VALUE, REGION, ROOT, Stack, load  # noqa: E402

ACCEPTED = "tests/scan/accepted-findings.yaml"
VARIANTS = ("defaults", "options")
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000"
# Parameters without a default.
REQUIRED = {
    "AlarmsTopic": f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms",
    "ChangesBus": "insights-changes",
    "CollectorAccountId": ACCOUNT,
    "CollectorRegion": REGION,
    "Email": "someone@example.com",
    "ExternalId": "external_7",
    "FunctionName": "xray-insights",
    "LogGroupName": "/aws/lambda/insights/xray-insights",
    "OrganizationId": "o-exampleorgid",
    "Source": "xray",
    "Stack": "insights",
    "StaleAfterHours": "2",
    "TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms",
    "WatchFreshness": "true",
    "XrayInsightsFunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:xray-insights",
}
# Values of the optional parameters with the variant `options`.
OPTIONS = {
    "AccountListBucket": "account-lists",
    "AlarmEmail": "someone@example.com",
    "BackupRoleArn": f"arn:aws:iam::{ACCOUNT}:role/backup",
    "BackupVaultName": "vault",
    "KeyArn": KEY,
    "OrganizationId": "o-exampleorgid",
    "PermissionsBoundaryArn": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
    "PushExternalId": "external_7",
    "PushRoleName": "insights-reader",
    "Redact": "userIdentityArn",
    "RedactKeySecretArn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:redact-AbCdEf",
    "SecurityGroupIds": "sg-12345678",
    "SubnetIds": "subnet-12345678",
    "TargetRoleArns": "arn:aws:iam::*:role/insights-reader",
    "Tracing": "Active",
}


def deployed(path, variant):
    """The template at `path` after its transform, with its conditions evaluated."""
    declared = load(path)["Parameters"]
    needed = {name for name, parameter in declared.items() if "Default" not in parameter}
    values = {name: value for name, value in REQUIRED.items() if name in needed or name == "XrayInsightsFunctionArn" and name in declared}
    if variant == "options":
        values |= {name: value for name, value in OPTIONS.items() if name in declared}
    stack = Stack(path, values)
    template = translated("deployments") if path == "template.yaml" else load(path)
    stack.template = template

    def choose(value):
        if isinstance(value, list):
            return [each for each in map(choose, value) if each is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if value == {"Ref": "AWS::NoValue"}:
            return NO_VALUE
        if "Fn::If" in value:
            condition, yes, no = value["Fn::If"]
            return choose(yes if stack.condition(condition) else no)
        chosen = {name: choose(member) for name, member in value.items()}
        return {name: member for name, member in chosen.items() if member is not NO_VALUE}

    # Scanners insert the defaults of parameters.
    parameters = {name: parameter | {"Default": values.get(name, parameter.get("Default"))}
                  for name, parameter in template["Parameters"].items()}

    def exists(resource):
        return "Condition" not in resource or stack.condition(resource.pop("Condition"))

    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": parameters,
        "Mappings": template.get("Mappings", {}),
        "Resources": {name: choose(resource) for name, resource in template["Resources"].items() if exists(resource)},
    }


def nag(files):
    """The findings of cdk-nag: file, scanner, rule, subject."""
    output = subprocess.run(["node", HERE / "nag.mjs", *files], check=True, stdout=subprocess.PIPE).stdout
    for found in json.loads(output):
        subject = f"{found['resource']} {found['detail']}".strip()
        yield found["template"], "cdk-nag", found["rule"], subject


def checkov(folder):
    """The findings of checkov: file, scanner, rule, subject."""
    command = [ROOT / ".venv-scanners/bin/checkov", "--directory", folder, "--framework", "cloudformation", "--output", "json",
               "--quiet", "--compact", "--skip-download", "--soft-fail"]
    result = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ | {"LOG_LEVEL": "ERROR"}).stdout)
    assert not result["summary"]["parsing_errors"], result["summary"]
    for found in result["results"]["failed_checks"]:
        yield pathlib.Path(found["file_path"]).stem, "checkov", found["check_id"], found["resource"].split(".")[1]


def scanned():
    """All findings: variant, scanner, rule, template/subject."""
    with tempfile.TemporaryDirectory() as folder:
        for path in ["template.yaml", *(f"deploy/{file.name}" for file in sorted((ROOT / "deploy").glob("*.yaml")))]:
            for variant in VARIANTS:
                name = f"{variant}-{pathlib.Path(path).stem}"
                (pathlib.Path(folder) / f"{name}.json").write_text(json.dumps(deployed(path, variant), default=str))
        files = sorted(pathlib.Path(folder).glob("*.json"))
        for file, scanner, rule, subject in [*nag(files), *checkov(folder)]:
            variant, _, template = file.partition("-")
            yield variant, scanner, rule, f"{template}/{subject}"


def accepted(ledger):
    """The accepted findings, in the form of `scanned`. `<Source>` stands for the logical id of every source."""
    sources = [name.removesuffix("Source") for name in load("template.yaml")["Parameters"] if name.endswith("Source")]
    for entry in yaml.safe_load((ROOT / ACCEPTED).read_text()):
        ledger.check(f"members of {entry['rule']}", set(entry) - {"only"}, {"scanner", "rule", "findings", "reason"})
        ledger.check(f"{entry['rule']} has a reason", len(entry["reason"]) > 20, True)
        for variant in [entry["only"]] if "only" in entry else VARIANTS:
            for finding in entry["findings"]:
                for source in sources if "<Source>" in finding else [""]:
                    yield variant, entry["scanner"], entry["rule"], finding.replace("<Source>", source)


def main():
    logging.getLogger("samtranslator").setLevel(logging.CRITICAL)
    ledger = Ledger()
    known, found = list(accepted(ledger)), set(scanned())
    ledger.check("findings that are accepted twice", len(known) - len(set(known)), 0)
    for finding in sorted(found - set(known)):
        ledger.check(f"not accepted in {ACCEPTED}: {' '.join(finding)}", True, False)
    for finding in sorted(set(known) - found):
        ledger.check(f"accepted in {ACCEPTED}, but does not occur: {' '.join(finding)}", True, False)
    print(f"{len(found)} findings, all accepted" if found == set(known) else f"{len(found)} findings")
    ledger.finish("scan")


if __name__ == "__main__":
    main()
