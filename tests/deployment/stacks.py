"""Deploys the templates into moto's CloudFormation as far as that goes: a stack, the same with everything changed that can
be, and another one beside it.

    python stacks.py

SAM's own transform makes CloudFormation of template.yaml first, as AWS does. moto has no quotas and evaluates no policy,
and there are resource types that it does not know: those are left out here, printed, and held to the list below, so that a
new one is noticed.
"""

import json
import logging
import os
import re

for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN"):
    os.environ[name] = "local"
os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"

import boto3  # noqa: E402
from moto import mock_aws  # noqa: E402
from moto.cloudformation.parsing import get_model_map  # noqa: E402
from moto.events.models import EventBus  # noqa: E402
from samtranslator.parser.parser import Parser  # noqa: E402
from samtranslator.translator.translator import Translator  # noqa: E402

from local import Ledger  # noqa: E402
from templates import ACCOUNT, REGION, Stack, load  # noqa: E402

# What moto's CloudFormation does not know.
UNKNOWN = {
    "AWS::Backup::BackupPlan",
    "AWS::Backup::BackupSelection",
    "AWS::CloudWatch::Alarm",
    "AWS::Events::EventBusPolicy",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Logs::MetricFilter",
    "AWS::Pipes::Pipe",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::Scheduler::Schedule",
    "AWS::Scheduler::ScheduleGroup",
}
UNKNOWN_TO_NOTIFY = {
    "AWS::CloudWatch::Alarm",
    "AWS::Events::ApiDestination",
    "AWS::Events::Connection",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
}
# Every parameter, changed. Not KeyArn: moto cannot change a table that exists. Not CloudTrailSource: one source stays.
CHANGED = {
    "Architecture": "x86_64",
    "AlarmEmail": "someone@example.com",
    "AuditManagerDepth": "account",
    "AuditManagerRetentionDays": "0",
    "AuditManagerSchedule": "cron(30 3,15 * * ? *)",
    "AuditManagerSource": "DISABLED",
    "AuditManagerStaleAfterHours": "20",
    "BackupRetentionDays": "30",
    "BackupRoleArn": f"arn:aws:iam::{ACCOUNT}:role/backup",
    "BackupVaultName": "vault",
    "ChangeFeed": "DISABLED",
    "CloudTrailLookbackDays": "10",
    "CloudTrailPeriod": "60",
    "CloudTrailSchedule": "rate(2 hours)",
    "CloudTrailSeries": "[]",
    "CloudTrailStaleAfterHours": "12",
    "Concurrency": "4",
    "EksClusters": "prod",
    "EksSchedule": "cron(30 3,15 * * ? *)",
    "EksSource": "DISABLED",
    "EksStaleAfterHours": "20",
    "LogRetentionDays": "7",
    "MemorySize": "512",
    "NotEnabledRecheckHours": "12",
    "OrganizationId": "o-exampleorgid",
    "OverlapMinutes": "60",
    "PermissionsBoundaryArn": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
    "PushExternalId": "external_7",
    "PushRoleName": "insights-reader",
    "RateLimits": '{"LookupEvents":1}',
    "Redact": "userIdentityArn",
    "RedactKeySecretArn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:redact-AbCdEf",
    "ReservedConcurrency": "0",
    "RetentionDays": "30",
    "ScheduleInput": "{}",
    "ScheduleState": "DISABLED",
    "ScheduleTimezone": "Europe/Dublin",
    "ScheduleWindowMinutes": "0",
    "SecurityHubManagedInsights": "arn:aws:securityhub:::insight/securityhub/default/1",
    "SecurityHubSchedule": "cron(30 3,15 * * ? *)",
    "SecurityHubSource": "DISABLED",
    "SecurityHubStaleAfterHours": "20",
    "SecurityGroupIds": "sg-12345678",
    "SubnetIds": "subnet-12345678",
    "Targets": "[]",
    "TargetRoleArns": "arn:aws:iam::*:role/insights-reader",
    "Tracing": "Active",
    "XrayGroups": "checkout",
    "XrayLookbackDays": "5",
    "XraySchedule": "rate(30 minutes)",
    "XraySource": "DISABLED",
    "XrayStaleAfterHours": "3",
}

# A reference to a bus is its name. moto would insert its own object.
EventBus.physical_resource_id = property(lambda bus: bus.name)


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


def without(unwanted, template):
    """The template without resources of these types; what refers to them gets a text in its place."""
    gone = {name for name, resource in template["Resources"].items() if resource["Type"] in unwanted}

    def walk(value):
        if isinstance(value, list):
            return [walk(each) for each in value]
        if isinstance(value, str):
            return re.sub(r"\$\{(\w+)(\.\w+)?\}", lambda found: found[1] if found[1] in gone else found[0], value)
        if not isinstance(value, dict):
            return value
        referred = value.get("Ref") or next(iter(value.get("Fn::GetAtt") or [None]))
        return f"arn:aws:{referred}" if referred in gone else {name: walk(member) for name, member in value.items()}

    kept = {name: walk(resource) for name, resource in template["Resources"].items() if name not in gone}
    return walk(template | {"Resources": kept})


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


def without_absent_elements(value, stack):
    """The template without elements of lists that are AWS::NoValue with these parameters: moto keeps them."""
    if isinstance(value, list):
        kept = []
        for each in value:
            if isinstance(each, dict) and {"Ref": "AWS::NoValue"} in each.get("Fn::If", []):
                condition, given_value, _ = each["Fn::If"]
                kept += [given_value] if stack.condition(condition) else []
            else:
                kept.append(without_absent_elements(each, stack))
        return kept
    if isinstance(value, dict):
        return {name: without_absent_elements(member, stack) for name, member in value.items()}
    return value


def notifications(ledger, cloudformation):
    """deploy/notify.yaml on the bus of the collector's stack: with each receiver alone, and with all."""
    events = boto3.client("events")
    bus = "insights-changes"
    ledger.check("the bus of the collector's stack", bus in [each["Name"] for each in events.list_event_buses()["EventBuses"]], True)
    template = load("deploy/notify.yaml")
    ledger.check("resource types of notifications that moto does not know", types(template) - set(get_model_map()), UNKNOWN_TO_NOTIFY)
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:notify-AbCdEf"
    receivers = {
        "EmailTopic": {"Email": "someone@example.com"},
        "ChatTopic": {"Chat": "ENABLED"},
        "PagerDutyCritical": {"PagerDutySecretArn": secret},
        "HttpsOpened": {"HttpsEndpoint": "https://hooks.example.com/insights", "HttpsSecretArn": secret},
    }
    together = {name: value for each in receivers.values() for name, value in each.items()}
    stacks = {name.lower(): (parameters, {name}) for name, parameters in receivers.items()}
    stacks["all"] = (together | {"MinimumSeverity": "medium", "Sources": "xray,eks", "Accounts": ACCOUNT}, set(receivers))
    for name, (parameters, wanted) in stacks.items():
        stack = Stack("deploy/notify.yaml", {"ChangesBus": bus, **parameters})
        body = json.dumps(without_absent_elements(without(UNKNOWN_TO_NOTIFY, template), stack))
        cloudformation.create_stack(StackName=f"notify-{name}", TemplateBody=body, Capabilities=["CAPABILITY_IAM"],
                                    Parameters=given({"ChangesBus": bus, **parameters}))
        there = resources(cloudformation, f"notify-{name}")
        ledger.check(f"receivers of notify-{name}", set(receivers) & set(there), wanted)
    # moto resolved the same pattern as templates.py, which the tests of the notifications use. The last stack has every receiver.
    for name, each in resources(cloudformation, "notify-all").items():
        if each["ResourceType"] == "AWS::Events::Rule":
            physical = each["PhysicalResourceId"].rsplit("|", 1)[-1].rsplit("/", 1)[-1]
            rule = events.describe_rule(Name=physical, EventBusName=bus)
            ledger.check(f"the pattern of {name}", json.loads(rule["EventPattern"]), stack.resource(name)["EventPattern"])
            targets = events.list_targets_by_rule(Rule=physical, EventBusName=bus)["Targets"]
            ledger.check(f"the targets of {name}", [target["Id"] for target in targets],
                         [target["Id"] for target in stack.resource(name)["Targets"]])


@mock_aws(config={"lambda": {"use_docker": False}})
def run(ledger):
    bucket = "deployments"
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="function.zip", Body=b"PK\x05\x06" + bytes(18))
    nested = load("deploy/alarms.yaml")
    s3.put_object(Bucket=bucket, Key="alarms.yaml", Body=json.dumps(without(UNKNOWN, nested)).encode())
    template = translated(bucket)
    known = set(get_model_map()) | {"AWS::CloudFormation::Stack"}
    ledger.check("resource types that moto does not know", (types(template) | types(nested)) - known, UNKNOWN)
    ledger.check("parameters that are changed", set(load("template.yaml")["Parameters"]), {*CHANGED, "KeyArn", "CloudTrailSource"})

    cloudformation, dynamodb = boto3.client("cloudformation"), boto3.client("dynamodb")
    boto3.client("secretsmanager").create_secret(Name="redact", SecretString="a key")
    body = json.dumps(without(UNKNOWN, template))
    for stack in ("insights", "other"):
        cloudformation.create_stack(StackName=stack, TemplateBody=body, Parameters=[], Capabilities=["CAPABILITY_IAM"])
    tables = {}
    for stack in ("insights", "other"):
        status, values = outputs(cloudformation, stack)
        ledger.check(f"{stack} is there", status, "CREATE_COMPLETE")
        tables[stack] = values["TableName"]
        table = dynamodb.describe_table(TableName=values["TableName"])["Table"]
        ledger.check("indexes", sorted(index["IndexName"] for index in table["GlobalSecondaryIndexes"]),
                     ["by_entity", "ended", "open"])
        ledger.check("the stream is in the outputs", values["TableStreamArn"], table["LatestStreamArn"])
    ids = [{each["PhysicalResourceId"] for each in resources(cloudformation, stack).values()} - {""} for stack in tables]
    ledger.check("what two stacks share", ids[0] & ids[1], set())

    receiving(ledger, cloudformation, body)

    # Each source can be left out: nothing of it is deployed, and everything of the others is.
    names = [name.removesuffix("Source") for name in load("template.yaml")["Parameters"] if name.endswith("Source")]
    everything = set(resources(cloudformation, "insights"))
    for name in names:
        cloudformation.create_stack(StackName=f"without-{name}", TemplateBody=body, Capabilities=["CAPABILITY_IAM"],
                                    Parameters=given({f"{name}Source": "DISABLED"}))
        status, values = outputs(cloudformation, f"without-{name}")
        ledger.check(f"without {name}", status, "CREATE_COMPLETE")
        left_out = {each for each in everything if each.startswith(name)}
        ledger.check(f"{name} has resources that can be left out", bool(left_out), True)
        ledger.check(f"left out without {name}", everything - set(resources(cloudformation, f"without-{name}")), left_out)
        ledger.check(f"outputs without {name}", [each for each in values if each.startswith(name)], [])

    # An upgrade, with every parameter changed: the table and what is in it stay. moto loses what it cannot change.
    fixed = {
        name for name, model in get_model_map().items()
        if hasattr(model.update_from_cloudformation_json, "__isabstractmethod__")
    }
    fixed = ({*fixed, "AWS::CloudFormation::Stack"} & types(template)) - {"AWS::DynamoDB::Table"}
    body = json.dumps(without(UNKNOWN | fixed, template))
    cloudformation.create_stack(StackName="upgraded", TemplateBody=body, Parameters=[], Capabilities=["CAPABILITY_IAM"])
    _, values = outputs(cloudformation, "upgraded")
    table, key = values["TableName"], {"pk": {"S": "a"}, "sk": {"S": "b"}}
    dynamodb.put_item(TableName=table, Item=key)
    cloudformation.update_stack(
        StackName="upgraded", TemplateBody=body, Parameters=given(CHANGED), Capabilities=["CAPABILITY_IAM"]
    )
    status, values = outputs(cloudformation, "upgraded")
    ledger.check("the upgrade", status, "UPDATE_COMPLETE")
    ledger.check("the table after it", values["TableName"], table)
    ledger.check("what was in it", dynamodb.get_item(TableName=table, Key=key).get("Item"), key)
    ledger.check("the bus of a change feed that is switched off", "ChangesBus" in values, False)
    function = boto3.client("lambda").get_function_configuration(FunctionName=values["CloudTrailInsightsFunction"])
    variables = function["Environment"]["Variables"]
    ledger.check("what the function is told", (variables.get("REDACT"), str(variables.get("CLOUDTRAIL_PERIOD"))),
                 ("userIdentityArn", "60"))
    notifications(ledger, cloudformation)
    forwarding(ledger, cloudformation)
    print("not upgraded, since moto cannot change them:", ", ".join(sorted(fixed)))
    print("not deployed, since moto does not know them:", ", ".join(sorted(UNKNOWN)))


def forwarding(ledger, cloudformation):
    """The rules of a member account lead to the bus of the collector, whose rules lead to the functions."""
    events, sqs = boto3.client("events"), boto3.client("sqs")
    member = json.dumps(without(UNKNOWN, load("deploy/push-forwarding.yaml")))
    parameters = {"CollectorAccountId": "111122223333", "CollectorRegion": "us-east-1", "CollectorStackName": "central"}
    for stack, changed in (("forwarding", {}), ("forwarding-at-the-collector", {"CollectorAccountId": ACCOUNT, "CollectorRegion": REGION})):
        cloudformation.create_stack(StackName=stack, TemplateBody=member, Parameters=given(parameters | changed),
                                    Capabilities=["CAPABILITY_IAM"])
        status, values = outputs(cloudformation, stack)
        ledger.check(f"{stack} is there", status, "CREATE_COMPLETE")
        rules = [events.describe_rule(Name=f"central-forward-{source}") for source in ("cloudtrail", "xray")]
        state = "DISABLED" if changed else "ENABLED"
        ledger.check(f"rules of {stack}", [rule["State"] for rule in rules], [state, state])
        roles = {each["PhysicalResourceId"] for each in resources(cloudformation, stack).values()
                 if each["ResourceType"] == "AWS::IAM::Role"}
        queue = sqs.get_queue_attributes(QueueUrl=values["UnforwardedQueue"], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        for rule in rules:
            (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
            expected = "arn:aws:events:us-east-1:111122223333:event-bus/central-pushes"
            if changed:
                expected = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/central-pushes"
            ledger.check(f"target of {rule['Name']} of {stack}", target["Arn"], expected)
            ledger.check("its role", target["RoleArn"].split("/")[-1] in roles, True)
            ledger.check("its queue", target["DeadLetterConfig"]["Arn"], queue)
        cloudformation.delete_stack(StackName=stack)


def receiving(ledger, cloudformation, body):
    """With an organization, the stack has a bus for its push events. Without, it has none."""
    events = boto3.client("events")
    cloudformation.create_stack(StackName="central", TemplateBody=body, Capabilities=["CAPABILITY_IAM"],
                                Parameters=given({"OrganizationId": "o-exampleorgid", "PushRoleName": "insights-reader"}))
    status, values = outputs(cloudformation, "central")
    ledger.check("the collector of an organization", status, "CREATE_COMPLETE")
    ledger.check("its bus has the name that members send to", values["PushesBusArn"].rpartition("/")[2], "central-pushes")
    rules = {rule["Name"]: rule for rule in events.list_rules(EventBusName="central-pushes")["Rules"]}
    targets = {target["Arn"] for name in rules
               for target in events.list_targets_by_rule(Rule=name, EventBusName="central-pushes")["Targets"]}
    ledger.check("the functions behind it", targets, {values["XrayInsightsFunctionArn"], values["CloudTrailInsightsFunctionArn"]})
    _, values = outputs(cloudformation, "insights")
    ledger.check("no bus without an organization", "PushesBusArn" in values, False)
    ledger.check("and no rule", [name for name in resources(cloudformation, "insights") if "Organization" in name], [])


if __name__ == "__main__":
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    results = Ledger()
    run(results)
    results.finish("stacks")
