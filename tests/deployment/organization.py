"""Runs the state machine of deploy/organization.yaml in moto's interpreter, against the simulator and real functions.

    python organization.py

Three accounts of a moto organization, two regions, every source. Each invocation is handed to a function's process.
interpreter.py makes the interpreter enforce the limits of AWS. docs/operations.md, "Tests without AWS", lists what it does not
support.
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

import interpreter  # noqa: E402
import scale  # noqa: E402

# The sources by the logical ids of their functions.
SOURCES = {
    resource["Metadata"]["BuildProperties"]["Binary"].removesuffix("-insights"): name
    for name, resource in load("template.yaml")["Resources"].items()
    if resource["Type"] == "AWS::Serverless::Function"
}
URL = f"http://127.0.0.1:{PORT}"
# The regions that a source is collected from by default; none are all regions.
REGIONS_OF = {
    source: [region for region in load("deploy/organization.yaml")["Parameters"][f"{name.removesuffix('Insights')}Regions"]
             ["Default"].split(",") if region]
    for source, name in SOURCES.items()
}
# The services as the simulator has them are not slow, and the story of two days has every kind.
QUICK = {"RATE_LIMITS": '{"default":0,"LookupEvents":0,"ListInsightsData":0}', "AUDITMANAGER_DEPTH": "account"}


def definition(**parameters):
    """The state machine's definition, as CloudFormation hands it over; waits before retries are a second."""
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
    functions = {f"{name}FunctionArn": f"{arn}:{source}-insights" for source, name in SOURCES.items()}
    given = functions | {
        "AlarmsTopic": f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms",
        "ExternalId": "external_7",
        **parameters,
    }
    text = json.dumps(Stack("deploy/organization.yaml", given).resource("Organization")["Definition"])
    return re.sub(r'"IntervalSeconds": \d+', '"IntervalSeconds": 1', text)


class Organization:
    """A moto organization of three accounts, and the three functions behind moto's Lambda."""

    def __init__(self, url):
        variables = QUICK | {"LOOKBACK_DAYS": "2"}
        self.functions = {
            f"{source}-insights": Function(f"{source}-insights", url, processes=4, **variables) for source in SOURCES
        }
        self.url = url
        self.payloads = []
        self.canned = None
        self.canned_by_name = None
        self.states = client("stepfunctions", URL)

    def invoke(self, name, body, response_headers):
        """In place of moto's Lambda, which needs Docker or answers with what it was asked."""
        name = name.rsplit(":", 1)[-1]
        self.payloads.append((name, json.loads(body)))
        try:
            if self.canned_by_name:
                return json.dumps(self.canned_by_name(name, json.loads(body))).encode()
            if self.canned:
                answer = self.canned(json.loads(body)) if callable(self.canned) else self.canned
                return json.dumps(answer).encode()
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
        while (description := self.states.describe_execution(executionArn=execution))["status"] == "RUNNING":
            time.sleep(0.25)
        if description["status"] != "SUCCEEDED":
            print(f"the execution {description['status']}: {description.get('error')} {description.get('cause')}")
        return description, self.states.get_execution_history(executionArn=execution)["events"]

    def invoked(self):
        """How often each function was invoked for each account and region."""
        targets = collections.Counter()
        for name, payload in self.payloads:
            (target,) = payload["targets"]
            for region in target["regions"]:
                targets[name.removesuffix("-insights"), target["account_id"], region] += 1
        return targets

    def accounts(self):
        return {target["account_id"] for _, payload in self.payloads for target in payload["targets"]}

    @contextlib.contextmanager
    def answering(self, answer):
        """Every invocation has this answer. `answer` is an object, or a function of the payload."""
        self.canned = answer
        try:
            yield
        finally:
            self.canned = None

    def stop(self):
        for function in self.functions.values():
            function.stop()


OK = {"status": "ok"}


def once(accounts, regions, sources=SOURCES):
    """One run of each account and each region that the source has."""
    return collections.Counter(
        (source, account, region) for source in sources for account in accounts for region in regions
        if not REGIONS_OF[source] or region in REGIONS_OF[source]
    )


def output(description):
    return json.loads(description.get("output") or "{}")


def counts(description):
    return {name: value for name, value in output(description).items() if isinstance(value, int)}


def counted(accounts, incomplete=0, without_role=0, unfinished=0):
    complete = accounts - incomplete - without_role - unfinished
    return {"accounts": accounts, "complete": complete, "incomplete": incomplete, "without_role": without_role,
            "unfinished": unfinished}


def whole_organization(organization, accounts, url, ledger):
    regions = ["eu-west-1", "us-east-1"]
    description, history = organization.run({}, Regions=",".join(regions))
    ledger.check("the execution of all accounts", description["status"], "SUCCEEDED")
    ledger.check("its summary", counts(description), counted(3))
    ledger.check("targets", organization.invoked(), once(accounts, regions))
    ledger.check("one invocation for each account and source", len(organization.payloads), 3 * len(SOURCES))
    roles = {target["role_arn"] for _, payload in organization.payloads for target in payload["targets"]}
    ledger.check("roles", roles, {f"arn:aws:iam::{account}:role/insights-reader" for account in accounts})
    external = {target["external_id"] for _, payload in organization.payloads for target in payload["targets"]}
    ledger.check("external ids", external, {"external_7"})
    states = items(url, lambda item: item["kind"] == "state")
    found = collections.Counter((item["source"], item["account_id"], item["region"]) for item in states)
    ledger.check("state items in the table", found, once(accounts, regions))
    bad = {item["pk"]: item["last_status"] for item in states if item["last_status"] not in ("ok", "not_enabled")}
    ledger.check("states that are not ok", bad, {})
    insights = collections.Counter(item["account_id"] for item in items(url, lambda item: item["sk"] == "insight"))
    ledger.check("accounts with insights", set(insights), set(accounts))
    ledger.check("states of the parent for one page of accounts", entered(history), list(scale.PARENT_STATES))
    metrics = client("cloudwatch", URL).list_metrics(Namespace="InsightsAggregator/insights")["Metrics"]
    ledger.check("metrics", {metric["MetricName"] for metric in metrics},
                 {"Accounts", "IncompleteAccounts", "AccountsWithoutRole"})


def entered(history):
    return [event["stateEnteredEventDetails"]["name"] for event in history if event["type"].endswith("StateEntered")]


def given_accounts_and_regions(organization, accounts, ledger):
    """A source is collected only from the regions that have its service."""
    two = accounts[:2]
    description, _ = organization.run({"accounts": two, "regions": ["eu-north-1"]})
    ledger.check("the execution of two accounts", description["status"], "SUCCEEDED")
    everywhere = [source for source in SOURCES if not REGIONS_OF[source]]
    ledger.check("some source is not in eu-north-1", len(everywhere) < len(SOURCES), True)
    ledger.check("no Audit Manager where it does not exist", organization.invoked(), once(two, ["eu-north-1"], everywhere))
    organization.run({"accounts": two, "regions": ["eu-north-1", "eu-west-1"]})
    ledger.check("Audit Manager only where it exists", organization.invoked(), once(two, ["eu-north-1", "eu-west-1"]))
    with organization.answering(OK):
        organization.run({"accounts": two, "regions": ["eu-north-1", "eu-west-1"]}, XrayRegions="eu-north-1",
                         CloudTrailInsightsFunctionArn="")
        found = {(source, region) for source, _, region in organization.invoked() if source in ("xray", "cloudtrail")}
        ledger.check("regions of a parameter, and a source without a function", found, {("xray", "eu-north-1")})
        description, _ = organization.run({"accounts": two, "regions": []})
        ledger.check("no region", (description["status"], description.get("error")), ("FAILED", "Organization.NoRegions"))


def concurrency_is_bounded(organization, accounts, ledger):
    payload = {"accounts": accounts, "regions": ["eu-west-1", "us-east-1"]}
    organization.run(payload, AccountsAtOnce=1)
    most = max(function.most_at_once for function in organization.functions.values())
    ledger.check("invocations of one function at once, of one account at once", most, 1)
    organization.run(payload, AccountsAtOnce=2)
    most = max(function.most_at_once for function in organization.functions.values())
    ledger.check("never more than two, of two", most <= 2, True)


def selected_accounts(organization, accounts, ledger):
    """Pages of accounts, organizational units within units, single accounts, and accounts that are suspended."""
    admin = client("organizations", URL)
    spare = [admin.create_account(AccountName=f"spare {number}", Email=f"spare{number}@example.com")
             ["CreateAccountStatus"]["AccountId"] for number in range(22)]
    root = admin.list_roots()["Roots"][0]["Id"]
    outer = admin.create_organizational_unit(ParentId=root, Name="outer")["OrganizationalUnit"]["Id"]
    inner = admin.create_organizational_unit(ParentId=outer, Name="inner")["OrganizationalUnit"]["Id"]
    empty = admin.create_organizational_unit(ParentId=root, Name="empty")["OrganizationalUnit"]["Id"]
    for account, unit in [(spare[0], outer), (spare[1], inner), (spare[2], inner)]:
        admin.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)
    everyone = {*accounts, *spare}

    def check(what, expected, payload=(), **parameters):
        with organization.answering(OK):
            description, _ = organization.run({"regions": ["eu-north-1"], **dict(payload)}, **parameters)
        ledger.check(what, (description.get("error"), organization.accounts()), (None, expected))
        ledger.check(f"{what}: each once", len(organization.payloads), len(expected) * len(once(["a"], ["eu-north-1"])))

    check("accounts on two pages", everyone)
    check("a unit with the units inside it", set(spare[:3]), OrganizationalUnits=outer)
    check("two units, one within the other", set(spare[:3]), OrganizationalUnits=f"{outer},{inner}")
    check("the root", everyone, OrganizationalUnits=root)
    check("single accounts", {spare[5], spare[1]}, IncludedAccounts=f"{spare[5]},{spare[1]}")
    check("a unit and a single account", {spare[1], spare[2], spare[5]}, OrganizationalUnits=inner, IncludedAccounts=spare[5])
    check("all but two", everyone - {spare[3], spare[21]}, ExcludedAccounts=f"{spare[3]},{spare[21]}")
    check("a unit without one account", {spare[0], spare[2]}, OrganizationalUnits=outer, ExcludedAccounts=spare[1])
    check("accounts of the input", set(accounts[:2]), {"accounts": [*accounts[:2], accounts[0]]}, OrganizationalUnits=inner)
    for number in (1, 4, 21):
        admin.close_account(AccountId=spare[number])
    left = everyone - {spare[1], spare[4], spare[21]}
    check("without suspended accounts", left)
    check("without suspended accounts of a unit", {spare[0], spare[2]}, OrganizationalUnits=outer)
    check("without a suspended single account", {spare[5]}, IncludedAccounts=f"{spare[5]},{spare[4]}")
    s3 = client("s3", URL)
    s3.create_bucket(Bucket="account-lists", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="account-lists", Key="some.json", Body=json.dumps(accounts[1:]).encode())
    check("a list in S3", set(accounts[1:]), {"account_list": "some.json"}, AccountListBucket="account-lists")
    for what, payload, parameters in (
        ("an empty unit", {}, {"OrganizationalUnits": empty}),
        ("no account of the input", {"accounts": []}, {}),
        ("only a suspended account", {}, {"IncludedAccounts": spare[4]}),
    ):
        with organization.answering(OK):
            description, _ = organization.run(payload, **parameters)
        ledger.check(what, (description["status"], description.get("error")), ("FAILED", "Organization.NoAccounts"))


def one_account_refuses(organization, accounts, refusing, ledger):
    """An account without the role is a category of its own, and does not affect other accounts."""
    regions = ["eu-west-1"]
    description, _ = organization.run({"regions": regions, "accounts": accounts})
    ledger.check("one of three may fail", description["status"], "SUCCEEDED")
    ledger.check("it is counted", counts(description), counted(3, without_role=1))
    ledger.check("and listed", output(description)["accounts_without_role"], [refusing])
    ledger.check("a denial is not tried again", organization.invoked(), once(accounts, regions))
    description, _ = organization.run({"regions": regions, "accounts": [refusing]})
    ledger.check("no complete account", (description["status"], description.get("error")),
                 ("FAILED", "Organization.NoneComplete"))


def one_source_refuses(organization, accounts, ledger):
    """X-Ray denies everything. All other sources are collected."""
    regions = ["us-west-1", "us-west-2"]
    description, _ = organization.run({"accounts": accounts, "regions": regions})
    ledger.check("no complete account", description.get("error"), "Organization.NoneComplete")
    ledger.check("the accounts are incomplete", description.get("cause", "").split(",")[0],
                 f"{len(accounts)} accounts: {len(accounts)} incomplete")
    ledger.check("other sources are collected", organization.invoked(), once(accounts, regions))


def one_part_is_missing(organization, account, ledger):
    """A run that ends as partial is no error of the function, but its account is incomplete."""
    description, _ = organization.run({"accounts": [account], "regions": ["us-west-1", "us-west-2"]})
    ledger.check("a partial run leaves the account incomplete", "1 accounts: 1 incomplete" in description.get("cause", ""), True)
    ledger.check("and is not tried again", organization.invoked(), once([account], ["us-west-1", "us-west-2"]))


def throttled_once(organization, account, ledger):
    description, _ = organization.run({"accounts": [account], "regions": ["us-west-2"]})
    ledger.check("a throttled source is tried again", description["status"], "SUCCEEDED")
    ledger.check("with success", counts(description), counted(1))
    expected = once([account], ["us-west-2"])
    expected["xray", account, "us-west-2"] += 1
    ledger.check("and only that one", organization.invoked(), expected)


def many_accounts_fail(organization, ledger):
    """Failures of every kind: an exact summary, and no payload above the limit."""
    numbers = range(300)
    accounts = [f"{number:012}" for number in numbers]

    def answer(payload):
        number = int(payload["targets"][0]["account_id"])
        if number % 3 == 0:
            raise FunctionError(json.dumps({"errorType": "Source.Denied", "errorMessage":
                                            f"{number:012}/eu-west-1: AssumeRole arn: AccessDenied: not authorized" + "x" * 900}))
        if number % 3 == 1:
            raise FunctionError(json.dumps({"errorType": "Source.Denied", "errorMessage": "GetGroups : denied" + "x" * 900}))
        # A response that is too long for a state.
        return {"status": "partial", "targets": "x" * 300_000} if number == 2 else OK

    interpreter.SIZES.clear()
    with organization.answering(answer):
        description, _ = organization.run({"accounts": accounts, "regions": ["eu-west-1"]}, AccountsAtOnce=40)
    ledger.check("the summary of 300 accounts", counts(description), counted(300, incomplete=101, without_role=100))
    ledger.check("accounts without the role", sorted(output(description).get("accounts_without_role", [])), accounts[0::3])
    listed = sorted(output(description).get("incomplete_accounts", []))
    ledger.check("incomplete accounts", listed, sorted([*accounts[1::3], accounts[2]]))
    largest = {name: size for name, size in interpreter.SIZES.largest.items() if name != "Collect"}
    print("largest payload:", *max(largest.items(), key=lambda each: each[1]), "bytes")


def child_executions_fail(organization, ledger):
    """A child execution that fails has no category. Too many of them fail the run."""
    accounts = [f"{number:012}" for number in range(30)]
    for failing, expected in ((10, None), (11, "States.ExceedToleratedFailureThreshold")):
        # An answer without a status is an error of the expression, which nothing handles.
        with organization.answering(lambda payload: {} if int(payload["targets"][0]["account_id"]) < failing else OK):
            description, _ = organization.run({"accounts": accounts, "regions": ["eu-west-1"]})
        ledger.check(f"{failing} failed child executions", description.get("error"), expected)
        if not expected:
            ledger.check("they are counted", counts(description), counted(30, unfinished=10))


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


@contextlib.contextmanager
def interpreter_server():
    """A moto server with the interpreter of interpreter.py."""
    for name in ("werkzeug", "moto", "localstack"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    interpreter.install()
    default_user_config["stepfunctions"]["execute_state_machine"] = True
    default_user_config["lambda"]["use_docker"] = False
    server = ThreadedMotoServer(port=PORT, verbose=False)
    server.start()
    try:
        yield
    finally:
        server.stop()


def main():
    ledger = Ledger()
    with interpreter_server():
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
            selected_accounts(organization, accounts, ledger)
            many_accounts_fail(organization, ledger)
            child_executions_fail(organization, ledger)
        refusing = next(account for account in accounts if account != ACCOUNT)
        story = (ROOT / "simulator/scenarios/default.toml").read_text()
        story += f'\n[[sts.roles]]\narn = "arn:aws:iam::{refusing}:role/insights-reader"\ndeny = true\n'
        tomllib.loads(story)
        with tempfile.TemporaryDirectory() as folder:
            scenario = pathlib.Path(folder) / "refusing.toml"
            scenario.write_text(story)
            with functions_behind_moto("--scenario", scenario) as (organization, _):
                one_account_refuses(organization, accounts, refusing, ledger)
        with functions_behind_moto("--fault", "GetGroups=denied") as (organization, _):
            one_source_refuses(organization, [ACCOUNT], ledger)
        with functions_behind_moto("--fault", "GetInsightEvents=denied") as (organization, _):
            one_part_is_missing(organization, ACCOUNT, ledger)
        # Six refusals are what the SDK's own retries use up: the invocation fails, and the machine tries again.
        with functions_behind_moto("--fault", "GetGroups=throttle:6") as (organization, _):
            throttled_once(organization, ACCOUNT, ledger)
    ledger.finish("organization")


if __name__ == "__main__":
    main()
