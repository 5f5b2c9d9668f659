"""Tests the notifications of deploy/notify.yaml: which receiver gets a message about which change, and whether the receiver can read
it. The events are those of the change feed, made from the records of a table's stream while the functions run.

    python notifications.py

moto's implementation of event patterns decides which rules match (see patterns.py). transformer.py makes the messages. The schemas
in schemas/ are written from the documentation of the receivers.
"""

import itertools
import json
import pathlib
import re

from jsonschema import Draft202012Validator, FormatChecker

from local import Ledger
from patterns import RANK, change, matches, records_of_a_table
from templates import ACCOUNT, REGION, Stack
from transformer import Invalid, transform

TEMPLATE = "deploy/notify.yaml"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:notify-AbCdEf"
RECEIVERS = {
    "Email": "someone@example.com",
    "Chat": "ENABLED",
    "PagerDutySecretArn": SECRET,
    "HttpsEndpoint": "https://hooks.example.com/insights",
    "HttpsSecretArn": SECRET,
}
# What a title can contain. EventBridge escapes nothing, so the characters of JSON, of templates and of patterns matter.
TITLES = (
    "payments had faults in 61.7% of its requests",
    'payments "had" faults',
    "C:\\payments has faults",
    '"\\',
    "<severity> of <title> and <undefined>",
    "a * in {braces}: [1, 2], 'single', café 😀",
    "x" * 900,
)
SEVERITY = {"critical": "critical", "high": "error", "medium": "warning", "low": "warning", "info": "info"}
SCHEMAS = {
    name: Draft202012Validator(
        json.loads((pathlib.Path(__file__).parent / f"schemas/{name}.json").read_text()), format_checker=FormatChecker()
    )
    for name in ("pagerduty", "chat")
}


class Notifications:
    """The stack with these parameters, and what it sends."""

    def __init__(self, **parameters):
        self.stack = Stack(TEMPLATE, {"ChangesBus": "insights-changes", **parameters})
        resources = self.stack.template["Resources"]
        self.there = {name for name, each in resources.items() if "Condition" not in each or self.stack.condition(each["Condition"])}
        self.rules = {name: self.stack.resource(name) for name in self.there if resources[name]["Type"] == "AWS::Events::Rule"}

    def sent(self, event):
        """The messages about an event: receiver and text."""
        messages = []
        for name, rule in self.rules.items():
            if matches(rule["EventPattern"], event):
                for target in rule["Targets"]:
                    arn = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/insights-changes/{name}"
                    messages.append((target["Id"], transform(target["InputTransformer"], event, arn)))
        return messages

    def body(self, message):
        """What PagerDuty receives: the message with the parameters of the connection."""
        parameters = self.stack.resource("PagerDutyConnection")["AuthParameters"]["InvocationHttpParameters"]["BodyParameters"]
        # CloudFormation puts the value of the secret in place of its dynamic reference.
        resolved = {each["Key"]: "0" * 32 if each["Value"].startswith("{{resolve:") else each["Value"] for each in parameters}
        return message | resolved


def envelope(detail, number=0):
    """The event on the bus, as EventBridge completes it."""
    return {
        "version": "0", "id": f"00000000-0000-4000-8000-{number:012}", "account": ACCOUNT, "region": REGION,
        "time": "2026-03-01T12:05:01Z", "resources": [f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/insights"], **detail,
    }


def expected(detail, minimum):
    """Who is told what, worked out from the change without any pattern."""
    def loud(severity):
        return severity in RANK and RANK.index(severity) >= RANK.index(minimum)

    if detail["status"] == "open":
        if not loud(detail["severity"]):
            return set()
        what = "opened" if detail["change"] == "INSERT" or detail["previous_status"] == "closed" else "escalated"
        return {("email", what), ("chat", what), ("https", what), ("pagerduty", "trigger")}
    if detail["previous_status"] != "open":
        return set()
    told = {("https", "closed"), ("pagerduty", "resolve")}
    if loud(detail["severity"]) or loud(detail["previous_severity"]):
        told |= {("email", "closed"), ("chat", "closed")}
    return told


# The first word about a change, in e-mails and in the titles of chat messages.
WORDS = {"opened": "opened", "worse": "escalated", "closed": "closed"}


def read(ledger, notifications, event, receiver, text):
    """What a message says, after checking it against the receiver's schema and against the event."""
    detail, message = event["detail"], json.loads(text)
    title, key = detail["title"]["S"], detail["key"]["pk"]["S"]
    omitted = '"' in title or "\\" in title
    if receiver == "https":
        ledger.check("the members of a message to an HTTPS endpoint", set(message), {"event", "dedup_key", "insight"})
        ledger.check("the key for the HTTPS endpoint", message["dedup_key"], key)
        ledger.check("the insight, unchanged", message["insight"], detail)
        return message["event"]
    if receiver == "pagerduty":
        body = notifications.body(message)
        ledger.check(f"PagerDuty accepts {text}", [each.message for each in SCHEMAS["pagerduty"].iter_errors(body)], [])
        ledger.check("the key of the alert", body["dedup_key"], key)
        if body["event_action"] == "trigger":
            payload = body["payload"]
            ledger.check("PagerDuty's severity", payload["severity"], SEVERITY[detail["severity"]])
            ledger.check("the summary has the title", title in payload["summary"], not omitted)
            ledger.check("the details, unchanged", payload["custom_details"], detail)
            ledger.check("the start", payload["timestamp"], detail["started_at"])
        return body["event_action"]
    if receiver == "chat":
        ledger.check(f"the chat accepts {text}", [each.message for each in SCHEMAS["chat"].iter_errors(message)], [])
        ledger.check("one thread per insight", message["metadata"]["threadId"], key)
        content = message["content"]
        ledger.check("the description has the title", title in content["description"], not omitted)
        words = content["title"]
    else:
        ledger.check("an e-mail is text", isinstance(message, str), True)
        ledger.check("the e-mail has the title", title in message, not omitted)
        words = message
    if omitted:
        (status,) = re.findall(r"^(?:Now|Insight now) (\w+)", words)
        ledger.check(f"the status in {words}", status, detail["status"])
        # This message does not say whether the insight is new.
        return "closed" if status == "closed" else None
    return WORDS[re.findall(r"^(?:Insight )?(\w+)", words)[0].lower()]


def check(ledger, notifications, event, minimum):
    """Every receiver gets exactly the expected messages."""
    detail = event["detail"]
    what = " ".join(f"{name}={detail[name]}" for name in ("change", "status", "severity", "previous_status", "previous_severity"))
    try:
        messages = [(receiver, read(ledger, notifications, event, receiver, text)) for receiver, text in notifications.sent(event)]
    except Invalid as error:
        ledger.check(f"{what}, from {minimum} on, is valid", str(error), None)
        return
    wanted = expected(detail, minimum)
    unknown = {receiver for receiver, said in messages if said is None}
    said = sorted((receiver, said or next((word for to, word in wanted if to == receiver), "")) for receiver, said in messages)
    ledger.check(f"messages about {what}, from {minimum} on", said, sorted(wanted))
    if unknown:
        ledger.check("only chat and e-mail omit a title", unknown <= {"chat", "email"}, True)


def variants(record):
    """Events of a record with every change of status and severity that passes the feed."""
    states = list(itertools.product(("open", "closed"), RANK))
    for new, old in itertools.product(states, [None, *states]):
        changed = json.loads(json.dumps(record))
        image = changed["dynamodb"]["NewImage"]
        image |= {"status": {"S": new[0]}, "severity": {"S": new[1]}}
        image["ended_at"] = {"S": "2026-03-01T12:00:00.000Z"}
        if new[0] == "open":
            del image["ended_at"]
        changed["eventName"] = "MODIFY" if old else "INSERT"
        changed["dynamodb"].pop("OldImage", None)
        if old:
            changed["dynamodb"]["OldImage"] = image | {"status": {"S": old[0]}, "severity": {"S": old[1]}}
        detail = change(changed)
        if detail:
            yield envelope(detail)


def real_events(ledger):
    """Every event of the feed while the functions run; returns one record for each source."""
    records = [record for record in records_of_a_table(ledger) if change(record)]
    samples, told = {}, 0
    stacks = {minimum: Notifications(MinimumSeverity=minimum, **RECEIVERS) for minimum in RANK}
    for number, record in enumerate(records):
        event = envelope(change(record), number)
        samples.setdefault(event["detail"]["source"], record)
        for minimum, stack in stacks.items():
            check(ledger, stack, event, minimum)
            told += len(stack.sent(event))
    ledger.check("sources with events", set(samples), {"xray", "cloudtrail", "eks"})
    print(f"{len(records)} events of the feed, {told} messages for five minimum severities")
    return samples


def transitions(ledger, samples):
    """Every change of every source, and every title, for every minimum severity."""
    for minimum in RANK:
        stack = Notifications(MinimumSeverity=minimum, **RECEIVERS)
        for record in samples.values():
            for event in variants(record):
                check(ledger, stack, event, minimum)
    stack = Notifications(MinimumSeverity="info", **RECEIVERS)
    for title in TITLES:
        record = json.loads(json.dumps(samples["xray"]))
        record["dynamodb"]["NewImage"]["title"] = {"S": title}
        for event in variants(record):
            check(ledger, stack, event, "info")


def lives(ledger, record):
    """An alert in PagerDuty is open exactly while the insight is, from the first time that it has the minimum severity on."""
    stacks = {minimum: Notifications(MinimumSeverity=minimum, **RECEIVERS) for minimum in ("medium", "critical")}
    for (minimum, stack), path in itertools.product(stacks.items(), itertools.product(RANK, repeat=3)):
        alerts, old, paged = set(), None, False
        for status, severity in (("open", path[0]), ("open", path[1]), ("closed", path[2])):
            changed = json.loads(json.dumps(record))
            image = changed["dynamodb"]["NewImage"]
            image |= {"status": {"S": status}, "severity": {"S": severity}}
            changed["eventName"] = "MODIFY" if old else "INSERT"
            changed["dynamodb"].pop("OldImage", None)
            if old:
                changed["dynamodb"]["OldImage"] = old
            old = image
            paged |= status == "open" and RANK.index(severity) >= RANK.index(minimum)
            detail = change(changed)
            for receiver, text in stack.sent(envelope(detail)) if detail else ():
                if receiver == "pagerduty":
                    message = json.loads(text)
                    (alerts.add if message["event_action"] == "trigger" else alerts.discard)(message["dedup_key"])
            ledger.check(f"alerts after {status} in {path}, from {minimum} on", len(alerts), int(paged and status == "open"))


def filters(ledger, samples):
    """Sources and accounts limit every receiver, and a receiver that is not configured has no resources."""
    everything = Notifications(MinimumSeverity="info", **RECEIVERS)
    for record in samples.values():
        for event in variants(record):
            detail, messages = event["detail"], everything.sent(event)
            (other,) = {ACCOUNT, "111122223333"} - {detail["account_id"]}
            for parameters, selected in (
                ({"Sources": "xray"}, detail["source"] == "xray"),
                ({"Sources": "cloudtrail,eks"}, detail["source"] in ("cloudtrail", "eks")),
                ({"Accounts": detail["account_id"]}, True),
                ({"Accounts": other}, False),
                ({"Sources": detail["source"], "Accounts": f"{other},{detail['account_id']}"}, True),
            ):
                stack = Notifications(MinimumSeverity="info", **RECEIVERS, **parameters)
                ledger.check(f"{parameters} for {detail['source']}", stack.sent(event), messages if selected else [])
            break
    groups = {"email": ("Email",), "chat": ("Chat",), "pagerduty": ("PagerDutySecretArn",), "https": ("HttpsEndpoint", "HttpsSecretArn")}
    for receiver, names in groups.items():
        alone = Notifications(MinimumSeverity="info", **{name: RECEIVERS[name] for name in names})
        for record in samples.values():
            for event in variants(record):
                ledger.check(f"only {receiver}", alone.sent(event), [each for each in everything.sent(event) if each[0] == receiver])
            break
        ids = {target["Id"] for rule in alone.rules.values() for target in rule["Targets"]}
        ledger.check(f"targets with only {receiver}", ids, {receiver})
        ledger.check(f"no rule without a target, with only {receiver}", [name for name, rule in alone.rules.items() if not rule["Targets"]], [])


def limits(ledger):
    """The quotas of EventBridge, and what every target must have."""
    stack = Notifications(MinimumSeverity="info", Sources="xray,cloudtrail,eks", **RECEIVERS)
    ledger.check("rules per bus", len(stack.rules) <= 100, True)
    for name, rule in stack.rules.items():
        ledger.check(f"{name} has at most five targets", len(rule["Targets"]) <= 5, True)
        ledger.check(f"the pattern of {name} has at most 2048 characters", len(json.dumps(rule["EventPattern"])) <= 2048, True)
        for target in rule["Targets"]:
            retries = target["RetryPolicy"]
            ledger.check(f"{name} retries", 1 <= retries["MaximumRetryAttempts"] <= 185 and 60 <= retries["MaximumEventAgeInSeconds"] <= 86400, True)
            ledger.check(f"{name} keeps what it cannot deliver", target["DeadLetterConfig"]["Arn"], "Undelivered.Arn")
            ledger.check(f"{name} has a role exactly for API destinations", "RoleArn" in target, target["Id"] in ("pagerduty", "https"))
    size = len((pathlib.Path(__file__).resolve().parents[2] / TEMPLATE).read_bytes())
    ledger.check(f"CloudFormation accepts a template of {size} bytes without a bucket", size <= 51200, True)


def rules_of_transformers(ledger):
    """The examples of EventBridge's user guide, and its common issues."""
    event = envelope({"source": "a", "detail-type": "b", "detail": {"state": "running", "list": ["x", 1], "object": {"k": "v"}}})
    paths = {"state": "$.detail.state", "object": "$.detail.object", "first": "$.detail.list[0]", "second": "$.detail.list[1]",
             "missing": "$.detail.missing"}

    def made(template, paths=paths):
        try:
            return transform({"InputPathsMap": paths, "InputTemplate": template}, event)
        except Invalid:
            return Invalid

    for template, result in (
        ('"is <state>"', '"is running"'),
        ('{"s": <state>}', '{"s": "running"}'),
        ('{"s": "<state>"}', '{"s": "running"}'),
        ('{"o": <object>}', '{"o": {"k": "v"}}'),
        ('{"o": "<object>"}', '{"o": "{k: v}"}'),
        ('{"f": <first>, "s": <second>}', '{"f": "x", "s": 1}'),
        ('{"m": "<missing>"}', '{"m": ""}'),
        ('{"m": <missing>}', Invalid),
        ('{<state>: 1}', Invalid),
        ('{"u": "<unknown>"}', Invalid),
        ('{"e": "<aws.events.event.json>"}', Invalid),
        ('{"r": "<aws.events.rule-name>"}', '{"r": "rule"}'),
        ('{"q": "\\"<state>\\""}', '{"q": "\\"running\\""}'),
        ('<state>', '"running"'),
        ('is <state>', Invalid),
    ):
        ledger.check(f"the transformer {template}", made(template), result)
    ledger.check("the whole event", json.loads(made('{"e": <aws.events.event.json>}'))["e"], event)
    ledger.check("a reserved name", made('"a"', {"aws.events.rule-name": "$.id"}), Invalid)
    ledger.check("a path in brackets", made('"a"', {"a": "$['detail']"}), Invalid)
    event["detail"]["state"] = 'a "quoted" one'
    ledger.check("a value that needs escapes", (made('"is <state>"'), made('{"s": <state>}')), (Invalid, Invalid))


if __name__ == "__main__":
    results = Ledger()
    rules_of_transformers(results)
    limits(results)
    found = real_events(results)
    transitions(results, found)
    lives(results, found["xray"])
    filters(results, found)
    results.finish("notifications")
