"""AWS CloudTrail: trails, insight selectors, insight events and their metric series."""

import json
import time

from cloudtrail_records import check_records
from cloudtrail_series import check_metric_data
from probe import ACCOUNT, Probe
from violations import page_through, stand_on_edges, violate

DAY = 86_400
PARAMETER = ["InvalidParameterException"]


def run(url, ledger):
    trail = Probe("cloudtrail", url, ledger)
    trails = check_trails(trail)
    events = check_lookup(trail)
    check_records(trail, events)
    data_events = check_insights_data(trail, trails)
    check_records(trail, data_events)
    check_metric_data(trail, events, data_events)
    check_wire(trail)


def check_trails(trail):
    ledger = trail.ledger
    trails = trail.good("DescribeTrails")["trailList"]
    own = trail.good("DescribeTrails", includeShadowTrails=False)["trailList"]
    arns = [one["TrailARN"] for one in trails]
    ledger.true("cloudtrail own trails are among all", {t["TrailARN"] for t in own} <= set(arns), f"{own}")
    some = trail.good("DescribeTrails", trailNameList=[arns[0]])["trailList"]
    ledger.equal(
        "cloudtrail DescribeTrails finds a trail by its ARN", [t["TrailARN"] for t in some], [arns[0]]
    )
    ledger.equal(
        "cloudtrail DescribeTrails leaves out what is not there",
        trail.good("DescribeTrails", trailNameList=["no-such-trail"])["trailList"],
        [],
    )
    trail.refused("DescribeTrails", ["InvalidTrailNameException"], trailNameList=["a"])
    trail.refused("DescribeTrails", ["CloudTrailARNInvalidException"], trailNameList=["arn:aws:s3:::bucket"])
    violate(trail, "DescribeTrails", [{"includeShadowTrails": True}])
    listed = [one["TrailARN"] for one in trail.good("ListTrails")["Trails"]]
    ledger.true("cloudtrail lists at least what it describes", set(arns) <= set(listed), f"{listed}")
    violate(trail, "ListTrails", [{}])
    trail.refused("ListTrails", None, NextToken="bm90IGEgdG9rZW4=")
    for one in trails:
        found = trail.good("GetTrail", Name=one["TrailARN"])["Trail"]
        ledger.equal("cloudtrail gets the trail that it describes", found, one)
    violate(trail, "GetTrail", [{"Name": arns[0]}])
    trail.refused("GetTrail", ["TrailNotFoundException"], Name="no-such-trail")
    trail.refused("GetTrail", ["InvalidTrailNameException"], Name="a")
    trail.refused("GetTrail", ["CloudTrailARNInvalidException"], Name="arn:aws:cloudtrail:x")
    on = [one for one in trails if one.get("HasInsightSelectors")]
    off = [one for one in trails if not one.get("HasInsightSelectors")]
    ledger.true("cloudtrail has trails with Insights and without", on and off, f"{trails}")
    for one in on:
        selectors = trail.good("GetInsightSelectors", TrailName=one["TrailARN"])
        ledger.equal("cloudtrail selectors are that trail's", selectors["TrailARN"], one["TrailARN"])
        one["selectors"] = selectors["InsightSelectors"]
    for one in off:
        trail.refused("GetInsightSelectors", ["InsightNotEnabledException"], TrailName=one["TrailARN"])
    trail.refused("GetInsightSelectors", ["TrailNotFoundException"], TrailName="no-such-trail")
    trail.refused("GetInsightSelectors", ["InvalidTrailNameException"], TrailName="a")
    trail.refused("GetInsightSelectors", ["CloudTrailARNInvalidException"], TrailName="arn:aws:cloudtrail:x")
    both = {
        "TrailName": arns[0],
        "EventDataStore": "arn:aws:cloudtrail:eu-west-1:123456789012:eventdatastore/x",
    }
    trail.refused("GetInsightSelectors", ["InvalidParameterCombinationException"], **both)
    trail.refused("GetInsightSelectors", None)
    store = {"EventDataStore": both["EventDataStore"]}
    trail.refused("GetInsightSelectors", ["UnsupportedOperationException"], **store)
    violate(trail, "GetInsightSelectors", [{"TrailName": on[0]["TrailARN"]}])
    return on


def check_lookup(trail):
    ledger, now = trail.ledger, int(time.time())
    pinned = {"EventCategory": "insight", "StartTime": now - 90 * DAY + 60, "EndTime": now}
    events, token = [], {}
    while True:
        page = trail.good("LookupEvents", **pinned, **token)
        events += page["Events"]
        if not page.get("NextToken"):
            break
        token = {"NextToken": page["NextToken"]}
    times = [event["EventTime"] for event in events]
    ledger.equal("cloudtrail looks up the newest first", times, sorted(times, reverse=True))
    ledger.equal("cloudtrail event ids are unique", len({e["EventId"] for e in events}), len(events))
    only = {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": events[0]["EventName"]}]}
    page_through(
        trail,
        "LookupEvents",
        pinned,
        "Events",
        size=("MaxResults", 7),
        other=only,
        codes=["InvalidNextTokenException"],
    )
    for key in ("EventId", "EventName", "EventSource"):
        wanted = events[len(events) // 2][key]
        attributes = [{"AttributeKey": key, "AttributeValue": wanted}]
        found = trail.good("LookupEvents", **pinned, LookupAttributes=attributes)["Events"]
        expected = [event["EventId"] for event in events if event[key] == wanted]
        ledger.equal(f"cloudtrail looks up by {key}", [event["EventId"] for event in found], expected)
    edge = times[len(times) // 2]
    inclusive = trail.good("LookupEvents", **(pinned | {"StartTime": edge, "EndTime": edge}))["Events"]
    ledger.true(
        "cloudtrail look-ups include both ends", len(inclusive) > 0, "an event at both ends was not found"
    )
    for key in ("ReadOnly", "Username", "ResourceType", "ResourceName", "AccessKeyId"):
        attributes = [{"AttributeKey": key, "AttributeValue": "x"}]
        trail.refused(
            "LookupEvents", ["InvalidLookupAttributesException"], **pinned, LookupAttributes=attributes
        )
        trail.good("LookupEvents", LookupAttributes=attributes)
    two = [{"AttributeKey": "EventName", "AttributeValue": "x"}] * 2
    trail.refused("LookupEvents", ["InvalidLookupAttributesException"], **pinned, LookupAttributes=two)
    trail.refused(
        "LookupEvents", ["InvalidTimeRangeException"], **(pinned | {"StartTime": now, "EndTime": now - 60})
    )
    trail.refused(
        "LookupEvents", ["InvalidTimeRangeException"], StartTime=now - 99 * DAY, EndTime=now - 95 * DAY
    )
    trail.refused("LookupEvents", ["InvalidEventCategoryException"], EventCategory="management")
    for size in (0, 51):
        trail.refused("LookupEvents", ["InvalidMaxResultsException"], **pinned, MaxResults=size)
    trail.good("LookupEvents")
    violate(trail, "LookupEvents", [pinned | only | {"MaxResults": 5}])
    stand_on_edges(trail, "LookupEvents", [pinned])
    return events


def check_insights_data(trail, trails):
    ledger, now = trail.ledger, int(time.time())
    data = [one for one in trails if any("Data" in s.get("EventCategories", []) for s in one["selectors"])]
    ledger.true("cloudtrail has a trail with insights on data events", data, "there is none")
    found = []
    foreign = [t for t in trails if t.get("IsOrganizationTrail") and t["TrailARN"].split(":")[4] != ACCOUNT]
    for one in foreign:
        source = {"InsightSource": one["TrailARN"], "DataType": "InsightsEvents"}
        trail.refused("ListInsightsData", ["OperationNotPermittedException"], **source)
        series = {
            "EventSource": "s3.amazonaws.com",
            "EventName": "GetObject",
            "InsightType": "ApiCallRateInsight",
        }
        named = {"TrailName": one["TrailARN"]}
        trail.refused("ListInsightsMetricData", ["OperationNotPermittedException"], **series, **named)
    for one in data:
        pinned = {
            "InsightSource": one["TrailARN"],
            "DataType": "InsightsEvents",
            "StartTime": now - 90 * DAY + 60,
            "EndTime": now,
        }
        result = trail.call("ListInsightsData", **pinned)
        if result.ok:
            found += result["Events"]
            good = pinned
    ledger.true("cloudtrail has insights of data events", found, "there are none")
    page_through(
        trail,
        "ListInsightsData",
        good,
        "Events",
        other={"Dimensions": {"EventName": found[0]["EventName"]}},
        codes=PARAMETER,
    )
    for key in ("EventId", "EventName", "EventSource"):
        some = trail.good("ListInsightsData", **good, Dimensions={key: found[0][key]})["Events"]
        ledger.true(
            f"cloudtrail lists data by {key}", some and all(e[key] == found[0][key] for e in some), f"{some}"
        )
    violate(
        trail,
        "ListInsightsData",
        [good | {"MaxResults": 5, "Dimensions": {"EventName": "x"}}],
        codes=PARAMETER,
    )
    stand_on_edges(trail, "ListInsightsData", [good])
    trail.refused("ListInsightsData", PARAMETER, **(good | {"InsightSource": good["InsightSource"] + "x"}))
    trail.refused("ListInsightsData", PARAMETER, **(good | {"StartTime": now, "EndTime": now - 60}))
    store = good["InsightSource"].rsplit(":", 1)[0] + ":eventdatastore/11111111-2222-4333-8444-555555555555"
    trail.refused("ListInsightsData", ["UnsupportedOperationException"], **(good | {"InsightSource": store}))
    return found


def check_wire(trail):
    """Invalid calls, which boto3 would not send."""
    ledger, prefix = trail.ledger, "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"

    def check(name, target, body, status, code, **more):
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target}
        found = trail.send("POST", "/", headers, body, **more)
        ledger.equal(f"cloudtrail {name}", (found[0], json.loads(found[2]).get("__type", "")), (status, code))
        return found

    check("broken JSON", f"{prefix}.LookupEvents", b"{", 400, "SerializationException")
    check(
        "a time as text",
        f"{prefix}.LookupEvents",
        b'{"StartTime":"yesterday"}',
        400,
        "SerializationException",
    )
    check("no such operation", f"{prefix}.Nothing", b"{}", 400, "UnknownOperationException")
    signed = {"signed": False}
    check(
        "no signature", f"{prefix}.LookupEvents", b"{}", 400, "MissingAuthenticationTokenException", **signed
    )
    found = check("members that it does not know", f"{prefix}.DescribeTrails", b'{"Unknown":1}', 200, "")
    ledger.equal("cloudtrail answers JSON 1.1", found[1].get("content-type"), "application/x-amz-json-1.1")
