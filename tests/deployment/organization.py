"""Runs the state machine of deploy/organization.yaml in moto's interpreter, against the simulator and real functions.

    python organization.py

Three accounts of a moto organization, two regions, three sources: 18 invocations, each handed to a function's process.
docs/operations.md, "Tests without AWS", lists what moto's interpreter does not support.
"""

import collections
import contextlib
import json
import logging
import os
import pathlib
import re
import tempfile
import time
import tomllib

from local import Function, FunctionError, Ledger, client, free_port, items, simulator
from templates import ACCOUNT, REGION, ROOT, Stack, load

PORT = free_port()
os.environ["MOTO_PORT"] = str(PORT)  # where the interpreter looks for the other services
for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
    os.environ[name] = "local"
os.environ["AWS_DEFAULT_REGION"] = REGION

from moto.awslambda_simple.models import LambdaSimpleBackend  # noqa: E402
from moto.core.config import default_user_config  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402

# The sources by the logical ids of their functions.
SOURCES = {
    resource["Metadata"]["BuildProperties"]["Binary"].removesuffix("-insights"): name
    for name, resource in load("template.yaml")["Resources"].items()
    if resource["Type"] == "AWS::Serverless::Function"
}
URL = f"http://127.0.0.1:{PORT}"
# Step Functions spells what the SDK takes and gives with capitals; moto's interpreter leaves it as boto3 spells it.
SPELLING = {
    '"ExecutionArn.$"': '"executionArn.$"',
    '"MapRunArn.$"': '"mapRunArn.$"',
    "$.MapRuns": "$.mapRuns",
    "$.map_runs.only.MapRunArn": "$.map_runs.only.mapRunArn",
    "$.map_run.MapRunArn": "$.map_run.mapRunArn",
    "ItemCounts": "itemCounts",
    "itemCounts.Total": "itemCounts.total",
    "itemCounts.Succeeded": "itemCounts.succeeded",
    "itemCounts.Failed": "itemCounts.failed",
    "itemCounts.TimedOut": "itemCounts.timedOut",
    "itemCounts.Aborted": "itemCounts.aborted",
}
# The services as the simulator has them are not slow, and the story of two days has every kind.
QUICK = {"RATE_LIMITS": '{"default":0,"LookupEvents":0,"ListInsightsData":0}', "AUDITMANAGER_DEPTH": "account"}


def definition(**parameters):
    """The state machine's definition, as CloudFormation hands it over; waits before retries are a second."""
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
    functions = {f"{name}FunctionArn": f"{arn}:{source}-insights" for source, name in SOURCES.items()}
    given = functions | {
        "AlarmsTopic": f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms",
        "ExternalId": "external-7",
        **parameters,
    }
    text = json.dumps(Stack("deploy/organization.yaml", given).resource("Organization")["Definition"])
    for ours, interpreters in SPELLING.items():
        assert ours in text, f"the definition has no {ours}"
        text = text.replace(ours, interpreters)
    return re.sub(r'"IntervalSeconds": \d+', '"IntervalSeconds": 1', text)


class Organization:
    """A moto organization of three accounts, and the three functions behind moto's Lambda."""

    def __init__(self, url):
        variables = QUICK | {"LOOKBACK_DAYS": "2"}
        self.functions = {
            f"{source}-insights": Function(f"{source}-insights", url, processes=4, **variables) for source in SOURCES
        }
        self.payloads = []
        self.canned = None
        self.states = client("stepfunctions", URL)

    def invoke(self, name, body, response_headers):
        """In place of moto's Lambda, which needs Docker or answers with what it was asked."""
        name = name.rsplit(":", 1)[-1]
        self.payloads.append((name, json.loads(body)))
        if self.canned:
            return self.canned
        try:
            return self.functions[name].invoke(body).encode()
        except FunctionError as error:
            response_headers["x-amz-function-error"] = "Unhandled"
            return error.payload.encode()

    def run(self, payload, **parameters):
        """One execution to its end: its description and its history."""
        self.payloads.clear()
        for function in self.functions.values():
            function.most_at_once = 0
        machine = self.states.create_state_machine(
            name=f"organization-{time.time_ns()}",
            definition=definition(**parameters),
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/any",
        )
        execution = self.states.start_execution(
            stateMachineArn=machine["stateMachineArn"], input=json.dumps(payload)
        )["executionArn"]
        for _ in range(1200):
            description = self.states.describe_execution(executionArn=execution)
            if description["status"] != "RUNNING":
                break
            time.sleep(0.25)
        if description["status"] != "SUCCEEDED":
            print(f"the execution {description['status']}: {description.get('error')} {description.get('cause')}")
        return description, self.states.get_execution_history(executionArn=execution)["events"]

    def invoked(self):
        """How often each function was invoked for each account and region."""
        targets = collections.Counter()
        for name, payload in self.payloads:
            (target,) = payload["targets"]
            (region,) = target["regions"]
            targets[name.removesuffix("-insights"), target["account_id"], region] += 1
        return targets

    def stop(self):
        for function in self.functions.values():
            function.stop()


def once(accounts, regions, sources=SOURCES):
    return collections.Counter(
        (source, account, region) for source in sources for account in accounts for region in regions
    )


def whole_organization(organization, accounts, url, ledger):
    regions = ["eu-west-1", "us-east-1"]
    description, history = organization.run({}, Regions=",".join(regions), AuditManagerRegions=",".join(regions))
    ledger.check("the execution of all accounts", description["status"], "SUCCEEDED")
    summary = json.loads(description.get("output") or "{}")
    ledger.check("its summary", {key: summary.get(key) for key in ("accounts", "whole", "incomplete", "regions")},
                 {"accounts": 3, "whole": 3, "incomplete": 0, "regions": 2})
    ledger.check("invocations", organization.invoked(), once(accounts, regions))
    roles = {target["role_arn"] for _, payload in organization.payloads for target in payload["targets"]}
    ledger.check("roles", roles, {f"arn:aws:iam::{account}:role/insights-reader" for account in accounts})
    external = {target["external_id"] for _, payload in organization.payloads for target in payload["targets"]}
    ledger.check("external ids", external, {"external-7"})
    states = items(url, lambda item: item["kind"] == "state")
    found = collections.Counter((item["source"], item["account_id"], item["region"]) for item in states)
    ledger.check("state items in the table", found, once(accounts, regions))
    bad = {item["pk"]: item["last_status"] for item in states if item["last_status"] not in ("ok", "not_enabled")}
    ledger.check("states that are not ok", bad, {})
    insights = collections.Counter(item["account_id"] for item in items(url, lambda item: item["sk"] == "insight"))
    ledger.check("accounts with insights", set(insights), set(accounts))
    parent = sum(event["type"].endswith("StateEntered") for event in history)
    print(f"states entered beside the accounts' own: {parent}, for one page of accounts")


def given_accounts_and_regions(organization, accounts, ledger):
    two = accounts[:2]
    description, _ = organization.run({"accounts": two, "regions": ["eu-north-1"]})
    ledger.check("the execution of two accounts", description["status"], "SUCCEEDED")
    ledger.check("no Audit Manager without being asked for it", organization.invoked(),
                 once(two, ["eu-north-1"], ["xray", "cloudtrail"]))
    payload = {"accounts": two, "regions": ["eu-north-1", "eu-west-1"], "auditmanager_regions": ["eu-west-1"]}
    organization.run(payload)
    expected = once(two, ["eu-north-1", "eu-west-1"], ["xray", "cloudtrail"]) + once(two, ["eu-west-1"], ["auditmanager"])
    ledger.check("Audit Manager only where it is", organization.invoked(), expected)


def concurrency_is_bounded(organization, accounts, ledger):
    payload = {"accounts": accounts, "regions": ["eu-west-1", "us-east-1"]}
    organization.run(payload, AccountsAtOnce=1, RegionsAtOnce=1)
    most = max(function.most_at_once for function in organization.functions.values())
    ledger.check("invocations of one function at once, of one account and one region at once", most, 1)
    organization.run(payload, AccountsAtOnce=2, RegionsAtOnce=2)
    most = max(function.most_at_once for function in organization.functions.values())
    ledger.check("never more than four, of two and two", most <= 4, True)


def more_than_one_page_of_accounts(organization, ledger):
    """Twenty-five accounts are two pages. It is about the accounts: nobody need look at fifty runs."""
    admin = client("organizations", URL)
    for number in range(22):
        admin.create_account(AccountName=f"spare {number}", Email=f"spare{number}@example.com")
    canned = {"status": "ok", "source": "xray", "targets": [{"region": "eu-north-1"}]}
    organization.canned = json.dumps(canned).encode()
    description, _ = organization.run({"regions": ["eu-north-1"]})
    organization.canned = None
    ledger.check("the execution of two pages", description["status"], "SUCCEEDED")
    ledger.check("accounts on two pages", json.loads(description.get("output") or "{}").get("accounts"), 25)
    invoked = organization.invoked()
    ledger.check("each once", (len(invoked), set(invoked.values())), (50, {1}))


def one_account_refuses(organization, accounts, ledger):
    """An account without the role fails, and costs no other."""
    regions = ["eu-west-1"]
    payload = {"regions": regions, "auditmanager_regions": regions}
    description, _ = organization.run(payload | {"accounts": accounts}, ToleratedFailurePercentage=50)
    ledger.check("one of three may fail", description["status"], "SUCCEEDED")
    summary = json.loads(description.get("output") or "{}")
    ledger.check("it is counted", (summary.get("whole"), summary.get("incomplete")), (2, 1))
    ledger.check("a denial is not tried again", organization.invoked(), once(accounts, regions))
    described = organization.states.describe_map_run(mapRunArn=summary["map_run"])
    ledger.check("the service's own count", described["itemCounts"]["failed"], 1)
    # moto counts failures and tolerates all of them: that a run ends at the share is left to AWS.
    ledger.check("the share that it is told", described["toleratedFailurePercentage"], 50)


def one_source_refuses(organization, account, ledger):
    """X-Ray refuses everywhere, one region after the other: the second is asked all the same, and CloudTrail in both."""
    regions = ["us-west-1", "us-west-2"]
    description, _ = organization.run({"accounts": [account], "regions": regions}, RegionsAtOnce=1)
    summary = json.loads(description.get("output") or "{}")
    ledger.check("the account is incomplete", (summary.get("whole"), summary.get("incomplete")), (0, 1))
    ledger.check("what fails costs nothing else", organization.invoked(),
                 once([account], regions, ["xray", "cloudtrail"]))


def one_part_is_missing(organization, account, ledger):
    """A run that ends as partial is no error of the function; its account is not whole for all that, and says where."""
    description, history = organization.run({"accounts": [account], "regions": ["us-west-1", "us-west-2"]})
    summary = json.loads(description.get("output") or "{}")
    ledger.check("a partial run leaves the account incomplete", (summary.get("whole"), summary.get("incomplete")), (0, 1))
    ledger.check("and is not tried again", organization.invoked(),
                 once([account], ["us-west-1", "us-west-2"], ["xray", "cloudtrail"]))


def throttled_once(organization, account, ledger):
    description, _ = organization.run({"accounts": [account], "regions": ["us-west-2"]})
    ledger.check("a throttled source is tried again", description["status"], "SUCCEEDED")
    summary = json.loads(description.get("output") or "{}")
    ledger.check("with success", summary.get("whole"), 1)
    expected = once([account], ["us-west-2"], ["xray", "cloudtrail"])
    expected["xray", account, "us-west-2"] += 1
    ledger.check("and only that one", organization.invoked(), expected)


@contextlib.contextmanager
def functions_behind_moto(*arguments):
    with simulator(*arguments) as url:
        organization = Organization(url)
        LambdaSimpleBackend.invoke = lambda _, name, qualifier, body, headers, answer: organization.invoke(
            name, body if isinstance(body, str) else body.decode(), answer
        )
        try:
            yield organization, url
        finally:
            organization.stop()


def main():
    for name in ("werkzeug", "moto", "localstack"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    default_user_config["stepfunctions"]["execute_state_machine"] = True
    default_user_config["lambda"]["use_docker"] = False
    server = ThreadedMotoServer(port=PORT, verbose=False)
    server.start()
    ledger = Ledger()
    try:
        admin = client("organizations", URL)
        admin.create_organization(FeatureSet="ALL")
        for name in ("payments", "orders"):
            admin.create_account(AccountName=name, Email=f"{name}@example.com")
        accounts = sorted(account["Id"] for account in admin.list_accounts()["Accounts"])
        ledger.check("accounts of the organization", len(accounts), 3)
        with functions_behind_moto() as (organization, url):
            whole_organization(organization, accounts, url, ledger)
            given_accounts_and_regions(organization, accounts, ledger)
            concurrency_is_bounded(organization, accounts, ledger)
            more_than_one_page_of_accounts(organization, ledger)
        refusing = next(account for account in accounts if account != ACCOUNT)
        story = (ROOT / "simulator/scenarios/default.toml").read_text()
        story += f'\n[[sts.roles]]\narn = "arn:aws:iam::{refusing}:role/insights-reader"\ndeny = true\n'
        tomllib.loads(story)
        with tempfile.TemporaryDirectory() as folder:
            scenario = pathlib.Path(folder) / "refusing.toml"
            scenario.write_text(story)
            with functions_behind_moto("--scenario", scenario) as (organization, _):
                one_account_refuses(organization, accounts, ledger)
        with functions_behind_moto("--fault", "GetGroups=denied") as (organization, _):
            one_source_refuses(organization, ACCOUNT, ledger)
        with functions_behind_moto("--fault", "GetInsightEvents=denied") as (organization, _):
            one_part_is_missing(organization, ACCOUNT, ledger)
        # Six refusals are what the SDK's own retries use up: the invocation fails, and the machine tries again.
        with functions_behind_moto("--fault", "GetGroups=throttle:6") as (organization, _):
            throttled_once(organization, ACCOUNT, ledger)
    finally:
        server.stop()
    ledger.finish("organization")


if __name__ == "__main__":
    main()
