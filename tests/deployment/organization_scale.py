"""Runs the state machine of deploy/organization.yaml over many accounts in moto's interpreter.

    python organization_scale.py [ACCOUNTS]      200 accounts by default

The accounts have three regions and every source. Every hundredth account is collected by the functions, from the simulator. The
other invocations return the responses that the functions gave before. 1% of the accounts fail, 2% are throttled in the first
invocation of each source, and 3% do not have the reader role. The summary must be exact, and no payload may exceed 256 KiB, which
interpreter.py enforces.
"""

import collections
import json
import sys
import time

import organization as base
from local import FunctionError, Ledger
from interpreter import LARGEST_PAYLOAD, SIZES

REGIONS = ["eu-west-1", "us-east-1", "us-west-2"]
FAILING, THROTTLED, WITHOUT_ROLE, REAL = 1, range(2, 4), range(4, 7), 0


def error(kind, message):
    """The error of a function, with a message as long as the functions make it."""
    return FunctionError(json.dumps({"errorType": kind, "errorMessage": message + "x" * 1_000}))


class Responses:
    """The response of each invocation, by the account's number modulo 100."""

    def __init__(self, functions):
        self.functions = functions
        self.recorded = {}
        self.invocations = collections.Counter()

    def record(self, account):
        """Records a response of each function, for all regions that its source has."""
        for name in self.functions:
            regions = [region for region in REGIONS if region in self.regions_of(name)]
            target = {"account_id": account, "regions": regions}
            self.recorded[name] = json.loads(self.functions[name].invoke(json.dumps({"targets": [target]})))

    @staticmethod
    def regions_of(name):
        return base.REGIONS_OF[name.removesuffix("-insights")] or REGIONS

    def __call__(self, name, payload):
        (target,) = payload["targets"]
        account = target["account_id"]
        number = int(account) % 100
        self.invocations[name, account] += 1
        if number == REAL:
            return json.loads(self.functions[name].invoke(json.dumps(payload)))
        if number == FAILING:
            raise error("Source.Unavailable", "GetGroups: service error: ")
        if number in WITHOUT_ROLE:
            raise error("Source.Denied", f"{account}/eu-west-1: AssumeRole {target['role_arn']}: AccessDenied: ")
        if number in THROTTLED and self.invocations[name, account] == 1:
            raise error("Source.Throttled", "GetGroups: ThrottlingException: ")
        return json.loads(json.dumps(self.recorded[name]).replace(base.ACCOUNT, account))


def check(organization, count, ledger):
    accounts = [f"{number:012}" for number in range(100_000, 100_000 + count)]
    responses = Responses(organization.functions)
    responses.record(base.ACCOUNT)
    for name, response in responses.recorded.items():
        ledger.check(f"recorded response of {name}", response["status"], "ok")
    organization.canned_by_name = responses
    SIZES.clear()
    began, used = time.monotonic(), time.process_time()
    description, _ = organization.run({"accounts": accounts, "regions": REGIONS}, AccountsAtOnce=40)
    seconds, used = time.monotonic() - began, time.process_time() - used

    def of(*numbers):
        return [account for account in accounts if int(account) % 100 in numbers]

    ledger.check("the execution", description["status"], "SUCCEEDED")
    expected = base.counted(count, incomplete=len(of(FAILING)), without_role=len(of(*WITHOUT_ROLE)))
    ledger.check("the summary", base.counts(description), expected)
    output = base.output(description)
    ledger.check("incomplete accounts", sorted(output.get("incomplete_accounts", [])), of(FAILING))
    ledger.check("accounts without the role", sorted(output.get("accounts_without_role", [])), of(*WITHOUT_ROLE))
    # Unavailable services are tried three times, throttled invocations once more. Denials are not retried.
    tries = {FAILING: 3} | {number: 2 for number in THROTTLED}
    invocations = {(name, account): tries.get(int(account) % 100, 1) for name in organization.functions for account in accounts}
    ledger.check("invocations of each function and account", responses.invocations, collections.Counter(invocations))
    payloads = {name: size for name, size in SIZES.largest.items() if name != "Collect"}
    largest = max(payloads, key=payloads.get)
    ledger.check("largest payload is within 256 KiB", payloads[largest] <= LARGEST_PAYLOAD, True)
    stored = collections.Counter(item["account_id"] for item in base.items(organization.url, lambda item: item["kind"] == "state"))
    ledger.check("accounts that the functions collected", set(stored) - {base.ACCOUNT}, set(of(REAL)))
    print(f"{count:,} accounts, {len(REGIONS)} regions, {len(organization.functions)} sources: {responses.invocations.total():,} "
          f"invocations, {len(of(REAL))} accounts by the functions; {seconds:.0f} s, {used:.0f} s of processor time of the interpreter; "
          f"largest payload: {largest}, {payloads[largest]:,} bytes")


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    ledger = Ledger()
    with base.interpreter_server(), base.functions_behind_moto() as (organization, _):
        check(organization, count, ledger)
    ledger.finish("organization_scale")


if __name__ == "__main__":
    main()
