"""Deploys the templates into moto's CloudFormation as far as that goes: a stack, the same with everything changed that can
be, and another one beside it.

    python stacks.py

SAM's own transform makes CloudFormation of template.yaml first, as AWS does. moto has no quotas, evaluates no policy, and
passes over resource types that it does not know; which those are is printed, and held to the list below, so that a new one
is noticed.
"""

import json
import logging
import os

for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN"):
    os.environ[name] = "local"
os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"

import boto3  # noqa: E402
from moto import mock_aws  # noqa: E402
from moto.cloudformation.parsing import MODEL_MAP  # noqa: E402
from samtranslator.parser.parser import Parser  # noqa: E402
from samtranslator.translator.translator import Translator  # noqa: E402

from local import Ledger  # noqa: E402
from templates import ACCOUNT, REGION, load  # noqa: E402

# What moto's CloudFormation passes over.
UNKNOWN = {
    "AWS::CloudWatch::Dashboard",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Logs::MetricFilter",
    "AWS::Pipes::Pipe",
    "AWS::Scheduler::Schedule",
    "AWS::Scheduler::ScheduleGroup",
    "AWS::SNS::TopicPolicy",
}
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-1111-2222-3333-444444444444"
# Everything that can be chosen, chosen otherwise.
CHANGED = {
    "Architecture": "x86_64",
    "AlarmEmail": "someone@example.com",
    "AuditManagerDepth": "account",
    "AuditManagerRetentionDays": "0",
    "AuditManagerSchedule": "cron(30 3,15 * * ? *)",
    "AuditManagerStaleAfterHours": "20",
    "ChangeFeed": "DISABLED",
    "CloudTrailLookbackDays": "10",
    "CloudTrailPeriod": "60",
    "CloudTrailSchedule": "rate(2 hours)",
    "CloudTrailSeries": "[]",
    "CloudTrailStaleAfterHours": "12",
    "Concurrency": "4",
    "KeyArn": KEY,
    "LogLevel": "DEBUG",
    "LogRetentionDays": "7",
    "MemorySize": "512",
    "OverlapMinutes": "60",
    "PermissionsBoundaryArn": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
    "RateLimits": '{"LookupEvents":1}',
    "Redact": "userIdentityArn",
    "RedactKeySecretArn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:redact-AbCdEf",
    "ReservedConcurrency": "0",
    "RetentionDays": "30",
    "ScheduleState": "DISABLED",
    "ScheduleTimezone": "Europe/Dublin",
    "ScheduleWindowMinutes": "0",
    "Targets": "[]",
    "TargetRoleArns": "arn:aws:iam::*:role/insights-reader",
    "Tracing": "Active",
    "XrayGroups": "checkout",
    "XrayLookbackDays": "5",
    "XraySchedule": "rate(30 minutes)",
    "XrayStaleAfterHours": "3",
}


class NoPolicies:
    """Our roles name no managed policy."""

    def load(self):
        return {}


def translated(bucket):
    """template.yaml as CloudFormation's own, with the code and the nested template where `sam package` puts them."""
    template = load("template.yaml")
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": "function.zip"}
        if resource["Type"] == "AWS::CloudFormation::Stack":
            resource["Properties"]["TemplateURL"] = f"https://{bucket}.s3.amazonaws.com/alarms.yaml"
    translator = Translator({}, Parser(), None, None)
    parameters = {name: parameter.get("Default", "") for name, parameter in template["Parameters"].items()}
    return translator.translate(template, parameters)


def types(template):
    return {resource["Type"] for resource in template["Resources"].values()}


def resources(cloudformation, stack):
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    return {each["LogicalResourceId"]: each for page in pages for each in page["StackResourceSummaries"]}


def outputs(cloudformation, stack):
    (described,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    return described["StackStatus"], {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}


def given(parameters):
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]


@mock_aws(config={"lambda": {"use_docker": False}})
def run(ledger):
    bucket = "deployments"
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="function.zip", Body=b"PK\x05\x06" + bytes(18))
    nested = load("deploy/alarms.yaml")
    s3.put_object(Bucket=bucket, Key="alarms.yaml", Body=json.dumps(nested).encode())
    template = translated(bucket)
    known = set(MODEL_MAP) | {"AWS::CloudFormation::Stack"}
    ledger.check("resource types that moto does not know", (types(template) | types(nested)) - known, UNKNOWN)
    ledger.check("parameters that are changed", set(load("template.yaml")["Parameters"]), set(CHANGED))

    cloudformation, dynamodb = boto3.client("cloudformation"), boto3.client("dynamodb")
    boto3.client("secretsmanager").create_secret(Name="redact", SecretString="a key")
    body = json.dumps(template)
    for stack in ("insights", "other"):
        cloudformation.create_stack(StackName=stack, TemplateBody=body, Parameters=[], Capabilities=["CAPABILITY_IAM"])
    tables = {}
    for stack in ("insights", "other"):
        status, values = outputs(cloudformation, stack)
        ledger.check(f"{stack} is there", status, "CREATE_COMPLETE")
        tables[stack] = values["TableName"]
        table = dynamodb.describe_table(TableName=values["TableName"])["Table"]
        ledger.check("indexes", sorted(index["IndexName"] for index in table["GlobalSecondaryIndexes"]),
                     ["by_day", "by_entity", "open"])
        ledger.check("the stream is in the outputs", values["TableStreamArn"], table["LatestStreamArn"])
    ids = [{each["PhysicalResourceId"] for each in resources(cloudformation, stack).values()} for stack in tables]
    ledger.check("what two stacks share", ids[0] & ids[1], set())
    names = {alarm["AlarmName"] for alarm in boto3.client("cloudwatch").describe_alarms()["MetricAlarms"]}
    for stack in tables:
        own = {name.removeprefix(f"{stack}-") for name in names if name.startswith(f"{stack}-")}
        ledger.check(f"alarms of {stack}", len(own), 3 + 3 * 7)

    # An upgrade, with every parameter changed: the table and what is in it stay.
    key = {"pk": {"S": "a"}, "sk": {"S": "b"}}
    dynamodb.put_item(TableName=tables["insights"], Item=key)
    before = resources(cloudformation, "insights")
    cloudformation.update_stack(
        StackName="insights", TemplateBody=body, Parameters=given(CHANGED), Capabilities=["CAPABILITY_IAM"]
    )
    status, values = outputs(cloudformation, "insights")
    ledger.check("the upgrade", status, "UPDATE_COMPLETE")
    ledger.check("the table after it", values["TableName"], tables["insights"])
    ledger.check("what was in it", dynamodb.get_item(TableName=values["TableName"], Key=key).get("Item"), key)
    after = resources(cloudformation, "insights")
    kept = {name for name in before if name in after and before[name]["PhysicalResourceId"] == after[name]["PhysicalResourceId"]}
    ledger.check("the table's physical id", "Table" in kept, True)
    ledger.check("the bus is gone with the change feed", "Changes" in after, False)
    function = boto3.client("lambda").get_function_configuration(FunctionName=values["CloudTrailInsightsFunction"])
    ledger.check("the function's redaction", function["Environment"]["Variables"].get("REDACT"), "userIdentityArn")
    print("not deployed, since moto does not know them:", ", ".join(sorted(UNKNOWN)))


if __name__ == "__main__":
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    results = Ledger()
    run(results)
    results.finish("stacks")
