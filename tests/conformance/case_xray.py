"""AWS X-Ray: groups, insights, their events and graphs."""

import time

from probe import Probe
from violations import page_through, stand_on_edges, violate

INVALID = ["InvalidRequestException"]
DAY = 86_400
NOBODY = "11111111-2222-4333-8444-555555555555"


def run(url, ledger):
    xray = Probe("xray", url, ledger)
    groups = xray.good("GetGroups")["Groups"]
    violate(xray, "GetGroups", [{}], codes=INVALID)
    on = [group for group in groups if group.get("InsightsConfiguration", {}).get("InsightsEnabled")]
    off = [group for group in groups if group not in on]
    ledger.true("xray has groups with insights and without", on and off, f"groups are {groups}")
    check_group(xray, next(group for group in on if {"GroupName", "GroupARN"} <= set(group)))
    summaries = {}
    for group in on:
        for summary in check_summaries(xray, group):
            summaries[summary["InsightId"]] = summary
    parameters = window() | {"GroupARN": on[0]["GroupARN"]}
    edges(xray, on[0])
    for group in off:
        xray.call("GetInsightSummaries", **window(), **named(group))
    ledger.true("xray has many insights", len(summaries) > 5, f"only {len(summaries)}")
    check_insights(xray, summaries)
    check_events(xray, summaries)
    check_graphs(xray, summaries)
    check_wire(xray, parameters)


def named(group):
    """The group's name or ARN, as a parameter."""
    name = "GroupName" if "GroupName" in group else "GroupARN"
    return {name: group[name]}


def window(days=29.9):
    now = int(time.time())
    return {"StartTime": now - int(days * DAY), "EndTime": now}


def check_group(xray, group):
    name, arn = {"GroupName": group["GroupName"]}, {"GroupARN": group["GroupARN"]}
    for by in (name, arn):
        found = xray.good("GetGroup", **by)["Group"]
        xray.ledger.equal(f"xray GetGroup {by} is that group", found["GroupARN"], group["GroupARN"])
    xray.refused("GetGroup", INVALID)
    xray.refused("GetGroup", INVALID, GroupName="no such group")
    xray.refused("GetGroup", INVALID, GroupARN=group["GroupARN"] + "x")
    violate(xray, "GetGroup", [name, arn], codes=INVALID)


def check_summaries(xray, group):
    ledger, name = xray.ledger, group["GroupName"]
    listed = xray.good("GetInsightSummaries", **window(), GroupName=name)["InsightSummaries"]
    by_arn = xray.good("GetInsightSummaries", **window(), GroupARN=group["GroupARN"])["InsightSummaries"]
    ids = [summary["InsightId"] for summary in listed]
    ledger.equal(f"xray summaries of {name} are the same by ARN", [s["InsightId"] for s in by_arn], ids)
    states = []
    for state in ("ACTIVE", "CLOSED"):
        some = xray.good("GetInsightSummaries", **window(), GroupName=name, States=[state])[
            "InsightSummaries"
        ]
        ledger.true(
            f"xray summaries of {name} are {state}",
            all(s.get("State", state) == state for s in some),
            f"{some}",
        )
        states += [summary["InsightId"] for summary in some]
    ledger.equal(f"xray states part the summaries of {name}", sorted(set(states)), sorted(ids))
    for summary in listed:
        wrong = None
        if (
            summary.get("GroupName", name) != name
            or summary.get("GroupARN", group["GroupARN"]) != group["GroupARN"]
        ):
            wrong = "it is another group's"
        elif summary.get("State") == "ACTIVE" and "EndTime" in summary:
            wrong = "it is active and has an end"
        elif summary.get("StartTime", 0) > summary.get("EndTime", time.time() + 5):
            wrong = "it ends before it starts"
        elif summary.get("LastUpdateTime", 0) > time.time() + 5:
            wrong = "it was updated in the future"
        ledger.check(f"xray insight {summary['InsightId']} makes sense", wrong)
    if len(listed) > 2:
        # The window is the same for every page, because a token is valid only for its parameters.
        pinned = window() | {"GroupName": name}
        page_through(
            xray,
            "GetInsightSummaries",
            pinned,
            "InsightSummaries",
            other={"States": ["ACTIVE"]},
            codes=INVALID,
        )
    return listed


def edges(xray, group):
    name, arn = window() | {"GroupName": group["GroupName"]}, window() | {"GroupARN": group["GroupARN"]}
    with_states = name | {"States": ["CLOSED"], "MaxResults": 5}
    violate(xray, "GetInsightSummaries", [with_states, arn], codes=INVALID)
    stand_on_edges(xray, "GetInsightSummaries", [with_states, arn])
    xray.good("GetInsightSummaries", **(name | {"States": []}))
    now = int(time.time())
    xray.good("GetInsightSummaries", **(name | {"StartTime": now - 30 * DAY + 60}))
    xray.refused("GetInsightSummaries", INVALID, **(name | {"StartTime": now - 30 * DAY - 60}))
    xray.refused(
        "GetInsightSummaries", INVALID, **(name | {"StartTime": now - 40 * DAY, "EndTime": now - 31 * DAY})
    )
    xray.refused("GetInsightSummaries", INVALID, **(name | {"StartTime": now, "EndTime": now - 60}))
    xray.refused("GetInsightSummaries", INVALID, **window())
    xray.refused("GetInsightSummaries", INVALID, **window(), GroupName="no such group")


def check_insights(xray, summaries):
    for insight_id, summary in summaries.items():
        insight = xray.good("GetInsight", InsightId=insight_id)["Insight"]
        expected = {name: value for name, value in summary.items() if name != "LastUpdateTime"}
        if summary.get("State") == "ACTIVE":
            # An open insight may have changed in the meantime.
            expected, insight = expected["InsightId"], insight["InsightId"]
        xray.ledger.equal(
            f"xray insight {insight_id} is its summary but for LastUpdateTime", insight, expected
        )
    some = next(iter(summaries))
    violate(xray, "GetInsight", [{"InsightId": some}], codes=INVALID)
    xray.refused("GetInsight", INVALID, InsightId=NOBODY)


def check_events(xray, summaries):
    most = 0
    for insight_id, summary in summaries.items():
        events = xray.good("GetInsightEvents", InsightId=insight_id)["InsightEvents"]
        start = summary.get("StartTime", 0)
        late = [event for event in events if not start <= event.get("EventTime", start) <= time.time() + 5]
        xray.ledger.check(f"xray events of {insight_id} lie after its start", f"{late}" if late else None)
        if len(events) > most:
            most, richest = len(events), insight_id
    violate(xray, "GetInsightEvents", [{"InsightId": richest, "MaxResults": 5}], codes=INVALID)
    stand_on_edges(xray, "GetInsightEvents", [{"InsightId": richest}])
    page_through(xray, "GetInsightEvents", {"InsightId": richest}, "InsightEvents", codes=INVALID)
    first = xray.good("GetInsightEvents", InsightId=richest, MaxResults=1)
    others = [insight_id for insight_id in summaries if insight_id != richest]
    xray.refused("GetInsightEvents", INVALID, InsightId=others[0], NextToken=first["NextToken"])
    xray.refused("GetInsightEvents", INVALID, InsightId=NOBODY)


def check_graphs(xray, summaries):
    now, good = int(time.time()), None
    for insight_id, summary in summaries.items():
        end = int(min(summary.get("EndTime", now), now)) + 1
        if end < now - 29 * DAY:
            continue
        parameters = {"InsightId": insight_id, "StartTime": end - 6 * 3600, "EndTime": end}
        services = xray.good("GetInsightImpactGraph", **parameters).get("Services", [])
        ids = [service["ReferenceId"] for service in services if "ReferenceId" in service]
        edges_to = {e["ReferenceId"] for s in services for e in s.get("Edges", []) if "ReferenceId" in e}
        xray.ledger.true(
            f"xray graph of {insight_id} holds together",
            len(set(ids)) == len(ids) and edges_to <= set(ids),
            f"services {ids}, edges to {edges_to}",
        )
        good = parameters
    violate(xray, "GetInsightImpactGraph", [good], codes=INVALID)
    xray.refused("GetInsightImpactGraph", INVALID, **(good | {"StartTime": good["EndTime"] - 6 * 3600 - 1}))
    xray.refused("GetInsightImpactGraph", INVALID, **(good | {"StartTime": good["EndTime"] + 60}))
    old = {"StartTime": now - 31 * DAY, "EndTime": now - 31 * DAY + 3600}
    xray.refused("GetInsightImpactGraph", INVALID, **(good | old))
    xray.refused("GetInsightImpactGraph", INVALID, **(good | {"InsightId": NOBODY}))


def check_wire(xray, parameters):
    """Invalid calls, which boto3 would not send."""
    ledger = xray.ledger

    def check(name, found, status, code):
        ledger.equal(
            f"xray {name}", (found[0], found[1].get("x-amzn-errortype", "").split(":")[0]), (status, code)
        )

    json = {"Content-Type": "application/json"}
    check("broken JSON", xray.send("POST", "/Insight", json, b"{"), 400, "SerializationException")
    check("a list for a structure", xray.send("POST", "/Insight", json, b"[]"), 400, "SerializationException")
    text = b'{"StartTime":"yesterday","EndTime":"today","GroupName":"x"}'
    check("a time as text", xray.send("POST", "/InsightSummaries", json, text), 400, "SerializationException")
    check("an empty body", xray.send("POST", "/Insight", json, b""), 400, "InvalidRequestException")
    check("no such path", xray.send("POST", "/Nothing", json, b"{}"), 404, "UnknownOperationException")
    check("another method", xray.send("GET", "/Insight", json), 404, "UnknownOperationException")
    unsigned = xray.send("POST", "/Groups", json, b"{}", signed=False)
    check("no signature", unsigned, 403, "MissingAuthenticationTokenException")
    status, headers, text = xray.send("POST", "/Groups", json, b'{"Unknown":1}')
    ledger.equal("xray ignores members that it does not know", status, 200)
    ledger.equal("xray answers JSON", headers.get("content-type"), "application/json")


def run_sparse(url, ledger, region):
    """Pages with one item, and answers without their optional members."""
    xray = Probe("xray", url, ledger, region=region)
    groups = page_through(xray, "GetGroups", {}, "Groups", size=None, codes=INVALID)
    ledger.equal("xray reads three pages of groups", len(groups), 3)
    xray.good("GetGroup", GroupName="sparse")
    xray.good("GetGroup", GroupName="switches")
    summaries = page_through(
        xray,
        "GetInsightSummaries",
        window() | {"GroupName": "whole"},
        "InsightSummaries",
        other={"States": ["CLOSED"]},
        codes=INVALID,
    )
    end = int(time.time()) - 2 * DAY
    for summary in summaries:
        by_id = {"InsightId": summary["InsightId"]}
        xray.good("GetInsight", **by_id)
        if "RootCauseServiceId" in summary:
            page_through(xray, "GetInsightEvents", by_id, "InsightEvents", codes=INVALID)
            graph = {**by_id, "StartTime": end - 5 * 3600, "EndTime": end}
            page_through(
                xray,
                "GetInsightImpactGraph",
                graph,
                "Services",
                size=None,
                other={"EndTime": end - 60},
                codes=INVALID,
            )
