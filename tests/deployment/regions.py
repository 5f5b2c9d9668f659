"""Compares the templates with the regions of AWS, as cfn-lint and botocore know them.

    python regions.py

Every resource type of the templates exists in every region, apart from EventBridge Pipes, for which template.yaml lists the
exceptions. API destinations exist in all regions with Pipes, so deploy/notify.yaml can be deployed wherever there is a change feed. The parameters for regions accept the names of all regions.
"""

import json
import re

import boto3
from cfnlint.helpers import REGIONS
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from local import Ledger
from templates import load

TEMPLATES = ("template.yaml", "deploy/alarms.yaml", "deploy/organization.yaml", "deploy/reader-role.yaml",
             "deploy/push-forwarding.yaml", "deploy/example-rule.yaml", "deploy/notify.yaml")
# Types of SAM, and the types that SAM makes of them.
FROM_SAM = {"AWS::Serverless::Function": ["AWS::Lambda::Function", "AWS::Lambda::EventInvokeConfig"]}


def main():
    ledger = Ledger()
    declared = {resource["Type"] for path in TEMPLATES for resource in load(path)["Resources"].values()}
    types = {real for name in declared for real in FROM_SAM.get(name, [name])}
    missing = {}
    for region in REGIONS:
        for name in types:
            try:
                PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, name)
            except Exception:  # cfn-lint has no common type for a resource that a region does not have
                missing.setdefault(name, set()).add(region)
    equals = load("template.yaml")["Conditions"]["IsWithoutPipes"]["Fn::Or"]
    for name in ("AWS::Events::ApiDestination", "AWS::Events::Connection"):
        without_pipes = missing.get("AWS::Pipes::Pipe", set())
        ledger.check(f"regions with Pipes and without {name}", missing.pop(name, set()) - without_pipes, set())
    ledger.check("regions without EventBridge Pipes", missing, {"AWS::Pipes::Pipe": {each["Fn::Equals"][1] for each in equals}})

    session = boto3.Session()
    names = {region for partition in session.get_available_partitions()
             for region in session.get_available_regions("dynamodb", partition)}
    ledger.check("regions of several partitions", {"cn-north-1", "us-gov-west-1", "eu-west-1"} <= names, True)
    names |= {*REGIONS, "eusc-de-east-1"}
    for name, parameter in load("deploy/organization.yaml")["Parameters"].items():
        if name.endswith("Regions"):
            refused = [region for region in names if not re.search(parameter["AllowedPattern"], region)]
            ledger.check(f"regions that {name} does not accept", refused, [])
    print(json.dumps({name: sorted(regions) for name, regions in missing.items()}))
    ledger.finish("regions")


if __name__ == "__main__":
    main()
