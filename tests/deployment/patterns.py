"""Tries the templates' event patterns: of the rules over every event in events/, and of the change feed over the records
that a table's stream really has while the functions work.

    python patterns.py

The patterns are matched by moto's implementation of EventBridge's. It has no objects in lists, where EventBridge looks at
each, and knows neither a pattern's size nor that a pipe takes five filters at most: both are checked here.
"""

import json
import pathlib
import re
import tempfile

from moto.events.models import EventPattern

from local import Function, Ledger, client, simulator
from templates import ROOT, Stack

TEMPLATE = Stack("template.yaml")
MEMBER = Stack("deploy/push-forwarding.yaml", {"CollectorAccountId": "111122223333", "CollectorRegion": "eu-west-1"})
PIPE = TEMPLATE.resource("ChangesPipe")
RULES = Stack("deploy/example-rule.yaml", {"ChangesBus": "insights-changes", "Email": "someone@example.com"})
INSIGHTS = ("xray.insight", "cloudtrail.insight", "eks.insight")
RANK = ["info", "low", "medium", "high", "critical"]


def matches(pattern, event):
    return EventPattern.load(json.dumps(pattern)).matches_event(event)


# ---- the rules for pushes ------------------------------------------------------------------------------------------------


def pushes(ledger):
    expected = {
        "xray-insights--insight-update": "XrayInsightUpdates",
        "cloudtrail-insights--insight-start": "CloudTrailInsightEvents",
        "cloudtrail-insights--insight-end": "CloudTrailInsightEvents",
    }
    for path in sorted((ROOT / "events").glob("*.json")):
        event = json.loads(path.read_text())
        rules = [
            rule
            for rule in ("XrayInsightUpdates", "CloudTrailInsightEvents")
            if isinstance(event, dict) and matches(TEMPLATE.resource(rule)["EventPattern"], event)
        ]
        wanted = [expected[path.stem]] if path.stem in expected else []
        ledger.check(f"rules for {path.stem}", rules, wanted)
        ledger.check(f"forwarded: {path.stem}", forwarded(event), [f"{rule}OfOrganization" for rule in wanted])
    # What the same services send besides.
    for source, kind in (("aws.cloudtrail", "AWS API Call via CloudTrail"), ("aws.xray", "AWS Service Event via CloudTrail")):
        for rule in ("XrayInsightUpdates", "CloudTrailInsightEvents"):
            event = {"source": source, "detail-type": kind, "detail": {}}
            ledger.check(f"{kind} is not forwarded", forwarded(event), [])
            ledger.check(f"{rule} for {kind}", matches(TEMPLATE.resource(rule)["EventPattern"], event), False)


def forwarded(event):
    """The collector's rules for an event of a member account: it passes a rule of the member and one of the bus."""
    sent = isinstance(event, dict) and any(
        matches(MEMBER.resource(rule)["EventPattern"], event) for rule in ("XrayInsightUpdates", "CloudTrailInsightEvents")
    )
    return [
        rule
        for rule in ("XrayInsightUpdatesOfOrganization", "CloudTrailInsightEventsOfOrganization")
        if sent and matches(TEMPLATE.resource(rule)["EventPattern"], event)
    ]


# ---- the change feed -----------------------------------------------------------------------------------------------------


def render(template, record):
    """What Pipes makes of an input template, as its documentation has it: a variable in quotes is put there as it is,
    nothing escaped; one without is put there as JSON; a path that leads nowhere gives nothing."""

    def value(found):
        node = record
        for name in found[2].split("."):
            node = node.get(name, {}) if isinstance(node, dict) else {}
        if found[1]:
            return '"' + (node if isinstance(node, str) else "") + '"'
        assert node != {}, f"{found[2]} leads nowhere, and nothing is no JSON"
        return json.dumps(node)

    return re.sub(r'("?)<\$\.([^>]+)>"?', value, template)


def change(record):
    """The event that a stream's record becomes, if the pipe's filters let it through."""
    filters = PIPE["SourceParameters"]["FilterCriteria"]["Filters"]
    if not any(matches(json.loads(each["Pattern"]), record) for each in filters):
        return None
    target = PIPE["TargetParameters"]
    return {
        "source": target["EventBridgeEventBusParameters"]["Source"],
        "detail-type": target["EventBridgeEventBusParameters"]["DetailType"],
        "detail": json.loads(render(target["InputTemplate"], record)),
    }


def told(event):
    """Which of the example rules the event matches."""
    return {name for name in ("TurnedCritical", "Opened", "Closed") if matches(RULES.resource(name)["EventPattern"], event)}


def expected(record):
    """The same, worked out from the record without any pattern: what is new about an insight."""
    new, old = record["dynamodb"].get("NewImage"), record["dynamodb"].get("OldImage")
    if not new or new.get("kind", {}).get("S") not in INSIGHTS:
        return set()
    status, severity = new["status"]["S"], new["severity"]["S"]
    before, was = (old["status"]["S"], old["severity"]["S"]) if old else (None, None)
    names = set()
    if status != before:
        names.add("Opened" if status == "open" else "Closed")
    if severity == "critical" and was != "critical":
        names.add("TurnedCritical")
    return names


def has_event(record):
    """Whether the feed has an event for the record: what the example rules want, and every rise to medium or higher."""
    new, old = record["dynamodb"].get("NewImage"), record["dynamodb"].get("OldImage")
    if not new or new.get("kind", {}).get("S") not in INSIGHTS:
        return False
    rose = bool(old) and RANK.index(new["severity"]["S"]) > RANK.index(old["severity"]["S"])
    return bool(expected(record)) or (rose and new["severity"]["S"] != "low")


def stream(url):
    """Every record that the table's stream has."""
    streams = client("dynamodbstreams", url)
    (described,) = streams.list_streams(TableName="insights")["Streams"]
    shards = streams.describe_stream(StreamArn=described["StreamArn"])["StreamDescription"]["Shards"]
    records = []
    for shard in shards:
        iterator = streams.get_shard_iterator(
            StreamArn=described["StreamArn"], ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while iterator:
            page = streams.get_records(ShardIterator=iterator)
            if not page["Records"]:
                break
            # Pipes hands over JSON, which has no dates.
            records += json.loads(json.dumps(page["Records"], default=str))
            iterator = page.get("NextShardIterator")
    return records


def work(url, ledger):
    """Runs and pushes that open, close and worsen insights."""
    unpaced = {"RATE_LIMITS": '{"default":0,"LookupEvents":0,"ListInsightsData":0}'}
    xray = Function("xray-insights", url, **unpaced)
    cloudtrail = Function("cloudtrail-insights", url, LOOKBACK_DAYS="2", **unpaced)
    eks = Function("eks-insights", url, **unpaced)
    events = ROOT / "events"
    try:
        eks.invoke("{}")
        for function, name in ((xray, "xray-insights"), (cloudtrail, "cloudtrail-insights")):
            function.invoke("{}")
            for path in sorted(events.glob(f"{name}--insight-*.json"), key=lambda path: "start" not in path.stem):
                function.invoke(path.read_text())
        # An insight that starts mildly, is over, and turns out to have been a hundred times the usual rate.
        start = json.loads((events / "cloudtrail-insights--insight-start.json").read_text())
        end = json.loads((events / "cloudtrail-insights--insight-end.json").read_text())
        shared = "5ad0c0de-0000-4000-8000-000000000001"
        for event, average in ((start, 0.021), (end, 900.0)):
            event["detail"]["sharedEventID"] = shared
            statistics = event["detail"]["insightDetails"]["insightContext"]["statistics"]
            statistics["baseline"]["average"], statistics["insight"]["average"] = 0.02, average
            answer = json.loads(cloudtrail.invoke(json.dumps(event)))
            ledger.check("a push is stored", answer["written"], 1)
    finally:
        for function in (xray, cloudtrail, eks):
            function.stop()


def records_of_a_table(ledger):
    """The records of the stream of a table in which insights open, close and worsen. Some titles have quotation marks."""
    story = (ROOT / "simulator/scenarios/default.toml").read_text()
    quoted = story.replace("payments had faults", 'payments \\"had\\" faults \\\\ now')
    ledger.check("the story has a title to spoil", quoted != story, True)
    with tempfile.TemporaryDirectory() as folder:
        scenario = pathlib.Path(folder) / "quoted.toml"
        scenario.write_text(quoted)
        with simulator("--scenario", scenario) as url:
            work(url, ledger)
            return stream(url)


def changes(ledger):
    filters = PIPE["SourceParameters"]["FilterCriteria"]["Filters"]
    ledger.check("a pipe takes at most five filters", len(filters) <= 5, True)
    for each in filters:
        ledger.check("of at most 4096 characters", len(each["Pattern"]) <= 4096, True)
    records = records_of_a_table(ledger)
    kinds, quotes = {}, 0
    for record in records:
        event, names = change(record), expected(record)
        keys = record["dynamodb"]["Keys"]
        ledger.check(f"{keys} passes the pipe", event is not None, has_event(record))
        if event is None:
            continue
        ledger.check(f"{keys} is told to", told(event), names)
        detail, image = event["detail"], record["dynamodb"]["NewImage"]
        ledger.check("the key, as GetItem takes it", detail["key"], keys)
        ledger.check("the title, whatever is in it", detail["title"], image["title"])
        quotes += '"' in image["title"]["S"]
        for member in ("kind", "source", "account_id", "region", "status", "severity", "started_at", "updated_at"):
            ledger.check(member, detail[member], image[member]["S"])
        for name in names:
            kinds[record["eventName"], name] = kinds.get((record["eventName"], name), 0) + 1
    print(f"{len(records)} records of the stream; told of: " + ", ".join(f"{name} by {how}: {count}" for (how, name), count in sorted(kinds.items())))
    for what in (("INSERT", "Opened"), ("INSERT", "Closed"), ("INSERT", "TurnedCritical"), ("MODIFY", "Closed"), ("MODIFY", "TurnedCritical")):
        ledger.check(f"the stream has {what}", kinds.get(what, 0) > 0, True)
    ledger.check("a title with quotes came through", quotes > 0, True)
    transitions(ledger, next(record for record in records if expected(record)))


def transitions(ledger, sample):
    """Every change of status and severity that there could be, in a record of the real shape."""
    states = [(status, severity) for status in ("open", "closed") for severity in RANK]
    for kind in (*INSIGHTS, "auditmanager.insights", "xray.insight_event", "state"):
        for new in states:
            for old in [None, *states]:
                record = json.loads(json.dumps(sample))
                image = record["dynamodb"]["NewImage"]
                image |= {"kind": {"S": kind}, "status": {"S": new[0]}, "severity": {"S": new[1]}}
                record["eventName"] = "INSERT" if old is None else "MODIFY"
                record["dynamodb"].pop("OldImage", None)
                if old:
                    record["dynamodb"]["OldImage"] = image | {"status": {"S": old[0]}, "severity": {"S": old[1]}}
                event, names = change(record), expected(record)
                what = f"{kind} from {old} to {new}"
                ledger.check(f"{what} passes", event is not None, has_event(record))
                if event:
                    ledger.check(f"{what} is told to", told(event), names)
        gone = {"eventName": "REMOVE", "dynamodb": {"Keys": sample["dynamodb"]["Keys"], "OldImage": image}}
        ledger.check(f"{kind} that expires", change(gone), None)


if __name__ == "__main__":
    results = Ledger()
    pushes(results)
    changes(results)
    results.finish("patterns")
