"""The record inside an insight event of CloudTrail."""

import json
import re


def check_records(trail, events):
    """Checks the record in an event: its members, its phases, and that it agrees with the event around it."""
    halves = {}
    for event in events:
        record = json.loads(event["CloudTrailEvent"])
        details = record["insightDetails"]
        halves.setdefault(record["sharedEventID"], []).append((details["state"], record))
        wrong = record_problem(event, record, details)
        trail.ledger.check(f"cloudtrail record {event['EventId']} is an insight event", wrong)
    for shared, found in halves.items():
        states = sorted(state for state, _ in found)
        trail.ledger.true(
            f"cloudtrail insight {shared} has each half once",
            states in (["Start"], ["End"], ["End", "Start"]),
            f"{states}",
        )
        details = [
            {
                k: record["insightDetails"].get(k)
                for k in ("eventSource", "eventName", "insightType", "errorCode")
            }
            for _, record in found
        ]
        trail.ledger.true(
            f"cloudtrail halves of {shared} are about the same",
            all(d == details[0] for d in details),
            f"{details}",
        )
        if len(found) == 2:
            start, end = (dict(found)[state]["eventTime"] for state in ("Start", "End"))
            trail.ledger.true(
                f"cloudtrail insight {shared} ends after its start", start <= end, f"{start} to {end}"
            )


def record_problem(event, record, details):
    required = {
        "eventVersion",
        "eventTime",
        "awsRegion",
        "eventID",
        "eventType",
        "sharedEventID",
        "insightDetails",
        "eventCategory",
    }
    known = required | {"recipientAccountId"}
    if not required <= set(record) or not set(record) <= known:
        return f"members are {sorted(record)}"
    if (record["eventType"], record["eventCategory"]) != ("AwsCloudTrailInsight", "Insight"):
        return f"it is a {record['eventType']}, {record['eventCategory']}"
    if record["eventID"] != event["EventId"]:
        return f"its id is {record['eventID']}"
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", record["eventTime"]):
        return f"its time is {record['eventTime']}"
    if (details["eventSource"], details["eventName"]) != (event["EventSource"], event["EventName"]):
        return "it is about another source or name than the event"
    if details["insightType"] not in ("ApiCallRateInsight", "ApiErrorRateInsight"):
        return f"its type is {details['insightType']}"
    if ("errorCode" in details) != (details["insightType"] == "ApiErrorRateInsight"):
        return "it has an error code and should not, or the other way round"
    context = details["insightContext"]["statistics"]
    if not isinstance(context["insight"]["average"], (int, float)):
        return f"its statistics are {context}"
    for attribution in details["insightContext"].get("attributions", []):
        if attribution["attribute"] not in ("userIdentityArn", "userAgent", "errorCode"):
            return f"it is attributed by {attribution['attribute']}"
        for side in ("insight", "baseline"):
            if len(attribution[side]) > 5 or any(
                set(one) != {"value", "average"} for one in attribution[side]
            ):
                return f"its {side} attributions are {attribution[side]}"
    return None
