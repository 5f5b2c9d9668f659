"""The metric series of CloudTrail's insights."""

import json
import time

from violations import page_through, stand_on_edges, violate

DAY = 86_400
PARAMETER = ["InvalidParameterException"]


def check_metric_data(trail, events, data_events):
    ledger, now = trail.ledger, int(time.time())
    records = [json.loads(event["CloudTrailEvent"]) for event in events + data_events]
    seen = {}
    for record in records:
        details = record["insightDetails"]
        series = {
            "EventSource": details["eventSource"],
            "EventName": details["eventName"],
            "InsightType": details["insightType"],
        }
        if "errorCode" in details:
            series["ErrorCode"] = details["errorCode"]
        if details.get("sourceEventCategory") == "Data":
            series["TrailName"] = details["insightSource"]
        seen[json.dumps(series, sort_keys=True)] = (series, record)
    plain = failing = None
    for series, record in seen.values():
        answer = trail.good("ListInsightsMetricData", **series)
        if not answer.ok:
            continue
        echoed = {name: answer[name] for name in ("EventSource", "EventName", "InsightType")}
        ledger.equal("cloudtrail repeats what the series is", echoed, {name: series[name] for name in echoed})
        check_points(ledger, answer, 3600, now - 90 * DAY - 3600, now + 1)
        ledger.true(f"cloudtrail series {series['EventName']} has points", answer["Values"], "there is none")
        if "TrailName" in series:
            ledger.equal("cloudtrail names the trail", answer.get("TrailARN"), series["TrailName"])
        elif "ErrorCode" in series:
            failing = series
        else:
            plain = series
    for period, days in ((60, 15), (300, 63), (3600, 90)):
        inside, outside = now - days * DAY + 60, now - days * DAY - 60
        answer = trail.good("ListInsightsMetricData", **plain, Period=period, StartTime=inside, EndTime=now)
        check_points(ledger, answer, period, inside - period, now)
        trail.refused(
            "ListInsightsMetricData", PARAMETER, **plain, Period=period, StartTime=outside, EndTime=now
        )
    for period in (61, 120, 900, 1800):
        trail.refused("ListInsightsMetricData", PARAMETER, **plain, Period=period)
    start = now // 3600 * 3600 - 6 * 3600
    span = {"StartTime": start, "EndTime": start + 3600}
    full = trail.good("ListInsightsMetricData", **plain, **span, Period=60, DataType="FillWithZeros")
    expected = list(range(start, start + 3600, 60))
    ledger.equal("cloudtrail fills every minute, the end excluded", full.get("Timestamps"), expected)
    sparse = trail.good("ListInsightsMetricData", **plain, **span, Period=60, DataType="NonZeroData")
    points = list(zip(sparse["Timestamps"], sparse["Values"]))
    nonzero = [pair for pair in zip(full["Timestamps"], full["Values"]) if pair[1]]
    ledger.equal("cloudtrail leaves out zeros, and nothing else", points, nonzero)
    pinned = {**plain, **span, "Period": 60, "DataType": "FillWithZeros"}
    page_through(
        trail,
        "ListInsightsMetricData",
        pinned,
        ["Timestamps", "Values"],
        size=("MaxResults", 25),
        other={"Period": 300},
        codes=PARAMETER,
    )
    trail.refused("ListInsightsMetricData", PARAMETER, **(plain | {"InsightType": "ApiErrorRateInsight"}))
    trail.refused("ListInsightsMetricData", PARAMETER, **plain, StartTime=now, EndTime=now - 60)
    trail.refused("ListInsightsMetricData", ["InvalidTrailNameException"], **plain, TrailName="a")
    trail.refused("ListInsightsMetricData", ["InvalidTrailNameException"], **plain, TrailName="no-such-trail")
    violate(
        trail,
        "ListInsightsMetricData",
        [{**plain, "Period": 300, "DataType": "NonZeroData", "MaxResults": 9}, failing],
    )
    stand_on_edges(trail, "ListInsightsMetricData", [plain], skip={"InsightType"})
    silent = {
        "EventSource": "ec2.amazonaws.com",
        "EventName": "NeverCalled",
        "InsightType": "ApiCallRateInsight",
    }
    nothing = trail.good("ListInsightsMetricData", **silent)
    ledger.equal(
        "cloudtrail knows no points of a silent series", (nothing["Timestamps"], nothing["Values"]), ([], [])
    )


def check_points(ledger, answer, period, first, last):
    times, values = answer["Timestamps"], answer["Values"]
    wrong = None
    if len(times) != len(values):
        wrong = f"{len(times)} times and {len(values)} values"
    elif times != sorted(set(times)):
        wrong = "times are not in order, or come twice"
    elif any(time % period for time in times):
        wrong = "times are not aligned to the period"
    elif times and not (first <= times[0] and times[-1] < last):
        wrong = f"times reach from {times[0]} to {times[-1]}, beyond {first} to {last}"
    elif any(value <= 0 for value in values) and answer.get("DataType") != "FillWithZeros":
        wrong = "there are points without value"
    ledger.check(f"cloudtrail points of {answer['EventName']} every {period} s", wrong)
