"""Calculates the largest payloads of the state machine of deploy/organization.yaml for 5,000 accounts that all fail.

    python payloads.py

The expressions of the template are evaluated with the longest values that they can get. No payload may exceed 256 KiB.
"""

import json

import jsonata

from interpreter import LARGEST_PAYLOAD, failed_child, size
from local import Ledger
from templates import ACCOUNT, REGION, Stack, load

ACCOUNTS = 5_000
# The longest error that a function returns, and with it the cause that Step Functions passes to a catcher.
LONGEST_ERROR = json.dumps({"errorType": "Source.Denied", "errorMessage": ": AssumeRole " + "x" * 32_000})


def value(expression, states=None, **variables):
    """The value of a JSONata expression of the template."""
    parsed = jsonata.Jsonata(expression.strip().removeprefix("{%").removesuffix("%}"))
    frame = parsed.create_frame()
    for name, bound in {"states": states or {}, **variables}.items():
        frame.bind(name, bound)
    found = parsed.evaluate(None, frame)
    return json.loads(json.dumps(found, default=list))


def main():
    ledger = Ledger()
    parameters = load("deploy/organization.yaml")["Parameters"]
    functions = {
        name: f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:" + "f" * 64 for name in parameters if name.endswith("FunctionArn")
    }
    stack = Stack("deploy/organization.yaml", functions | {
        "AlarmsTopic": f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms", "ExternalId": "x" * 1224,
    })
    states = stack.resource("Organization")["Definition"]["States"]
    each = states["EachAccount"]
    sources = states["EachAccount"]["ItemProcessor"]["States"]["EachSource"]
    collect = sources["ItemProcessor"]["States"]["Collect"]
    accounts = [f"{number:012}" for number in range(ACCOUNTS)]
    payloads = {"list of accounts": accounts}

    begin = {name: value(part) if isinstance(part, str) and part.startswith("{%") else part
             for name, part in states["Begin"]["Assign"].items()}
    for name, variable in begin.items():
        payloads[f"variable {name}"] = variable
    chosen = value(states["FindSources"]["Assign"]["sources"], regions=begin["regions"], available=begin["available"])
    child = {"account_id": accounts[0], "sources": chosen}
    payloads["input of a child execution"] = child

    error = {"Error": "Source.Denied", "Cause": LONGEST_ERROR}
    statuses = {
        "without the reader role": value(collect["Catch"][-1]["Output"], {"errorOutput": error}),
        "that failed": value(collect["Catch"][-1]["Output"], {"errorOutput": error | {"Error": "Source.Unavailable"}}),
        "that is partial": value(collect["Output"], {"result": {"Payload": {"status": "partial"}}}),
    }
    tolerated = each["ToleratedFailureCount"]
    for what, status in statuses.items():
        result = value(sources["Output"], {"input": child, "result": [status] * len(chosen)})
        results = [result] * (ACCOUNTS - tolerated) + [failed_child(child)] * tolerated
        payloads[f"result of the map, all accounts with a source {what}"] = results
        summary = value(each["Output"], {"result": [result] * ACCOUNTS})
        payloads[f"summary, all accounts with a source {what}"] = summary
        failed = summary["incomplete"] + summary["without_role"]
        ledger.check(f"accounts with a source {what} are counted", failed, ACCOUNTS)
        payloads[f"cause of the failed execution, all accounts with a source {what}"] = value(
            states["NoneComplete"]["Cause"], {"input": summary})

    for name, payload in payloads.items():
        print(f"{size(payload):>9,} bytes  {name}")
        ledger.check(f"{name} is within 256 KiB", size(payload) <= LARGEST_PAYLOAD, True)
    largest = max(size(results) for name, results in payloads.items() if name.startswith("result of the map"))
    each_account = size(result) + 1
    most = (LARGEST_PAYLOAD - tolerated * size(failed_child(child))) // each_account
    print(f"largest result of the map: {largest:,} bytes; {most:,} accounts fit if all of them fail")
    ledger.finish("payloads")


if __name__ == "__main__":
    main()
