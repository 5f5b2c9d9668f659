"""Every kind of fault: the result in boto3 or, if boto3 ignores the fault, the raw answer."""

import re
import time

import boto3
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionError as BotoConnectionError,
    HTTPClientError,
    PaginationError,
    ReadTimeoutError,
)

from probe import KEYS, REGION, Probe
from registry import operations

# One operation of each service that needs no parameters.
CALLS = [
    ("xray", "GetGroups"),
    ("cloudtrail", "DescribeTrails"),
    ("auditmanager", "GetInsights"),
    ("eks", "ListClusters"),
    ("securityhub", "GetInsights"),
    ("sts", "GetCallerIdentity"),
]
LISTS = [("xray", "GetGroups"), ("cloudtrail", "DescribeTrails"), ("auditmanager", "ListAssessments")]

# The code and status of each kind for each service.
REFUSED = {
    "throttle": {
        "xray": ("ThrottledException", 429),
        "cloudtrail": ("ThrottlingException", 400),
        "auditmanager": ("ThrottlingException", 429),
        "eks": ("ThrottlingException", 429),
        "securityhub": ("LimitExceededException", 429),
        "sts": ("Throttling", 400),
    },
    "error500": {
        "xray": ("InternalFailure", 500),
        "cloudtrail": ("InternalFailure", 500),
        "auditmanager": ("InternalServerException", 500),
        "eks": ("ServerException", 500),
        "securityhub": ("InternalException", 500),
        "sts": ("InternalFailure", 500),
    },
    "denied": {
        "xray": ("AccessDeniedException", 403),
        "cloudtrail": ("AccessDeniedException", 400),
        "auditmanager": ("AccessDeniedException", 403),
        "eks": ("AccessDeniedException", 403),
        "securityhub": ("AccessDeniedException", 403),
        "sts": ("AccessDenied", 403),
    },
    "expired": {
        "xray": ("ExpiredTokenException", 403),
        "cloudtrail": ("ExpiredTokenException", 400),
        "auditmanager": ("ExpiredTokenException", 403),
        "eks": ("ExpiredTokenException", 403),
        "securityhub": ("ExpiredTokenException", 403),
        "sts": ("ExpiredToken", 403),
    },
    "clock-skew": {
        "xray": ("InvalidSignatureException", 403),
        "cloudtrail": ("InvalidSignatureException", 400),
        "auditmanager": ("InvalidSignatureException", 403),
        "eks": ("InvalidSignatureException", 403),
        "securityhub": ("InvalidSignatureException", 403),
        "sts": ("SignatureDoesNotMatch", 403),
    },
}
BROKEN = {
    "reset": (BotoConnectionError, HTTPClientError),
    "lost-answer": (BotoConnectionError, HTTPClientError),
    "hang": (ReadTimeoutError,),
}
KINDS = [
    *REFUSED,
    *BROKEN,
    "truncate",
    "html503",
    "slow-1",
    "wrong-type",
    "null-in-list",
    "unknown-enum",
    "missing-members",
    "repeat-token",
    "empty-page",
    "unprocessed",
]


def run(start, ledger):
    """`start(*faults)` is a context manager that returns the URL of a simulator with these faults."""
    check_known(start, ledger)
    check_every_operation(start, ledger)
    for kind, expected in REFUSED.items():
        with start(*(f"{service}:{name}={kind}" for service, name in CALLS)) as url:
            for service, name in CALLS:
                check_refused(url, ledger, service, name, kind, *expected[service])
    for kind, expected in BROKEN.items():
        with start(*(f"{service}:{name}={kind}" for service, name in CALLS)) as url:
            for service, name in CALLS:
                check_broken(url, ledger, service, name, kind, expected)
    check_html(start, ledger)
    check_slow(start, ledger)
    check_spoilt(start, ledger)
    check_pages(start, ledger)
    check_unprocessed(start, ledger)
    check_counts(start, ledger)


def check_known(start, ledger):
    """An unknown fault is rejected with the list of known ones. Every kind is tested, and every operation can be used."""
    kinds = listed(start, "GetGroups=no-such-kind", r"known kinds are ([a-zA-Z0-9, -]+)")
    ledger.equal(
        "every kind of fault is tried",
        sorted(kinds),
        sorted(kind.replace("slow-1", "slow-N") for kind in KINDS),
    )
    names = listed(start, "NoSuchOperation=throttle", r"known are \*, SERVICE:\*, and ([^\n]+)")
    with start() as url:
        ours = {f"{service}:{name}" for service, names in operations(url).items() for name in names}
    ledger.true("every operation can be named in a fault", ours <= set(names), f"{names}")
    left = [name for name in names if name not in ours and not name.startswith("dynamodb:")]
    ledger.true("every operation in a fault is registered", not left, f"{left}")
    near = listed(start, "GetGroupz=throttle", r"near matches are ([^\n]+)")
    ledger.true("an unknown operation is refused with near matches", "xray:GetGroups" in near, f"{near}")


def listed(start, fault, pattern):
    """The list in the error of a simulator that does not start because of `fault`."""
    try:
        with start(fault):
            return []
    except RuntimeError as error:
        found = re.search(pattern, str(error))
        return [name.strip(' "') for name in found.group(1).split(",")] if found else []


def check_every_operation(start, ledger):
    """Throttling and internal errors of every operation, compared with its model."""
    id_ = "11111111-2222-4333-8444-555555555555"
    # Parameters in the path, which are required.
    in_path = {
        "GetInsightsByAssessment": {"assessmentId": id_},
        "ListInsights": {"clusterName": "nobody"},
        "DescribeInsight": {"clusterName": "nobody", "id": id_},
        "GetInsightResults": {"InsightArn": "arn:aws:securityhub:::insight/securityhub/default/999"},
    }
    for kind in ("throttle", "error500", "denied"):
        with start(f"*={kind}") as url:
            for service, names in operations(url).items():
                probe = Probe(service, url, ledger)
                for name in names:
                    result = probe.call(name, patient=False, **in_path.get(name, {}))
                    expected = REFUSED[kind][service]
                    ledger.equal(f"{service} {name} {kind} is", (result.code, result.status), expected)


def check_refused(url, ledger, service, name, kind, code, status):
    probe = Probe(service, url, ledger)
    result = probe.call(name, patient=False)
    ledger.equal(f"{service} {name} {kind} is", (result.code, result.status), (code, status))
    ledger.true(
        f"{service} {name} {kind} reaches boto3 as ClientError",
        isinstance(result.exception, ClientError),
        "it does not",
    )


def check_broken(url, ledger, service, name, kind, expected):
    probe = Probe(service, url, ledger, read_timeout=1)
    try:
        probe.method(name)()
        found = "an answer"
    except expected:
        found = None
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
    names = " or ".join(one.__name__ for one in expected)
    ledger.check(f"{service} {name} {kind} reaches boto3 as {names}", found and f"it came as {found}")


def check_html(start, ledger):
    with start(*(f"{service}:{name}=html503" for service, name in CALLS)) as url:
        for service, name in CALLS:
            probe = Probe(service, url, ledger)
            result = probe.call(name, checked=False)
            right = (
                isinstance(result.exception, ClientError)
                and result.status == 503
                and b"<html>" in probe.raw["body"]
            )
            ledger.true(
                f"{service} {name} html503 is a page of HTML", right, f"{result.status} {result.exception}"
            )


def check_slow(start, ledger):
    with start("GetGroups=slow-1:1", "*=slow-0.2") as url:
        probe, began = Probe("xray", url, ledger), time.monotonic()
        probe.good("GetGroups")
        took = time.monotonic() - began
        ledger.true("xray GetGroups slow-1 takes a second", took >= 1, f"it took {took:.2f} s")


def check_spoilt(start, ledger):
    """Answers that boto3 accepts although they violate the model."""
    signs = {
        # boto3 treats invalid JSON as an empty answer. It reports an error only for XML.
        "truncate": ("cannot be read",),
        "wrong-type": (" is no ", "not one of", "cannot be read"),
        "null-in-list": (" is null",),
        "unknown-enum": ("not one of",),
    }
    enumerated = [
        ("xray", "GetInsightSummaries"),
        ("cloudtrail", "GetInsightSelectors"),
        ("auditmanager", "ListAssessments"),
    ]
    for kind, tell in signs.items():
        calls = {"unknown-enum": enumerated, "truncate": CALLS}.get(kind, LISTS)
        with start(*(f"{service}:{name}={kind}" for service, name in calls)) as url:
            for service, name in calls:
                probe = Probe(service, url, ledger)
                found = spoilt(probe, name)
                shows = any(sign in problem for problem in found for sign in tell)
                ledger.true(f"{service} {name} {kind} breaks the model", shows, f"problems were {found}")
    with start(*(f"{name}=missing-members" for _, name in LISTS)) as spoilt_url, start() as url:
        for service, name in LISTS:
            short = Probe(service, spoilt_url, ledger).good(name)
            whole = Probe(service, url, ledger).good(name)
            member = next(iter(whole.body))
            fewer = len(short[member]) == len(whole[member]) and len(str(short[member])) < len(
                str(whole[member])
            )
            ledger.true(f"{service} {name} missing-members leaves members out", fewer, f"{short.body}")


def spoilt(probe, name):
    parameters = {}
    if name == "GetInsightSummaries":
        groups = probe.good("GetGroups")["Groups"]
        on = [g for g in groups if g.get("InsightsConfiguration", {}).get("InsightsEnabled")]
        now = int(time.time())
        parameters = {"GroupName": on[0]["GroupName"], "StartTime": now - 29 * 86_400, "EndTime": now}
    elif name == "GetInsightSelectors":
        trails = probe.good("DescribeTrails")["trailList"]
        parameters = {"TrailName": next(t["TrailARN"] for t in trails if t.get("HasInsightSelectors"))}
    return probe.call(name, checked=False, **parameters).problems


def check_pages(start, ledger):
    with start("GetGroups=repeat-token", "LookupEvents=repeat-token") as url:
        for service, name, parameters in (
            ("xray", "get_groups", {}),
            ("cloudtrail", "lookup_events", {"EventCategory": "insight"}),
        ):
            client = Probe(service, url, ledger).client
            try:
                pages = len(list(client.get_paginator(name).paginate(**parameters)))
                found = f"{pages} pages were read"
            except PaginationError:
                found = None
            ledger.check(f"{service} {name} repeat-token reaches boto3 as PaginationError", found)
    with start(
        "GetGroups=empty-page:2", "LookupEvents=empty-page:1@1", "ListAssessments=empty-page:1"
    ) as url, start() as plain:
        for service, name, parameters, member in (
            ("xray", "get_groups", {}, "Groups"),
            ("cloudtrail", "lookup_events", {"EventCategory": "insight"}, "Events"),
        ):
            # The same window for both calls, because tokens are valid only for it.
            if service == "cloudtrail":
                now = int(time.time())
                parameters = parameters | {
                    "StartTime": now - 89 * 86_400,
                    "EndTime": now - 600,
                    "PaginationConfig": {"PageSize": 5},
                }
            read = [
                [item for page in pages for item in page[member]]
                for pages in (
                    list(
                        Probe(service, one, ledger, retries=5)
                        .client.get_paginator(name)
                        .paginate(**parameters)
                    )
                    for one in (url, plain)
                )
            ]
            ledger.equal(f"{service} {name} loses nothing by empty pages", len(read[0]), len(read[1]))
        probe = Probe("auditmanager", url, ledger)
        empty = probe.good("ListAssessments", maxResults=2)
        ledger.equal("auditmanager ListAssessments empty-page is empty", empty["assessmentMetadata"], [])
        full = probe.good("ListAssessments", maxResults=2, nextToken=empty["nextToken"])
        ledger.equal("auditmanager ListAssessments goes on after it", len(full["assessmentMetadata"]), 2)


def check_unprocessed(start, ledger):
    with start("BatchWriteItem=unprocessed:1", "BatchGetItem=unprocessed:1") as url:
        config = Config(retries={"total_max_attempts": 1})
        client = boto3.client("dynamodb", endpoint_url=url, region_name=REGION, config=config, **KEYS)
        client.create_table(
            TableName="things",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        puts = [{"PutRequest": {"Item": {"pk": {"S": str(number)}}}} for number in range(10)]
        left = client.batch_write_item(RequestItems={"things": puts})["UnprocessedItems"].get("things", [])
        count = client.scan(TableName="things")["Count"]
        ledger.equal("dynamodb BatchWriteItem unprocessed leaves half", (len(left), count), (5, 5))
        left = client.batch_write_item(RequestItems={"things": left})["UnprocessedItems"]
        ledger.equal(
            "dynamodb BatchWriteItem then takes the rest",
            (left, client.scan(TableName="things")["Count"]),
            ({}, 10),
        )
        keys = {"things": {"Keys": [{"pk": {"S": str(number)}} for number in range(10)]}}
        answer = client.batch_get_item(RequestItems=keys)
        found = len(answer["Responses"]["things"]), len(answer["UnprocessedKeys"]["things"]["Keys"])
        ledger.equal("dynamodb BatchGetItem unprocessed leaves half", found, (5, 5))


def check_counts(start, ledger):
    """A fault affects as many calls as configured. After retryable faults, boto3's retries succeed."""
    kinds = ["throttle", "error500", "html503", "reset", "lost-answer"]
    for kind in kinds:
        with start(*(f"{service}:{name}={kind}:2" for service, name in CALLS)) as url:
            for service, name in CALLS:
                result = Probe(service, url, ledger, retries=3).call(name, patient=False, checked=False)
                told = str(result.exception) if result.exception else None
                ledger.check(f"{service} {name} {kind}:2 is overcome by two retries", told)
    with start("GetGroups=denied:1@1") as url:
        probe = Probe("xray", url, ledger)
        codes = [probe.call("GetGroups").code for _ in range(3)]
        ledger.equal("a fault passes calls by and ends", codes, ["", "AccessDeniedException", ""])


def run_rates(url, ledger):
    """Rate limits, which are enforced on request."""
    for service, name, parameters in (
        ("cloudtrail", "LookupEvents", {"EventCategory": "insight"}),
        ("auditmanager", "GetAccountStatus", {}),
        ("xray", "GetGroups", {}),
    ):
        probe = Probe(service, url, ledger)
        codes = [probe.call(name, patient=False, **parameters).code for _ in range(40)]
        throttled = [code for code in codes if code]
        expected = REFUSED["throttle"][service][0]
        right = throttled and set(throttled) == {expected} and "" in codes
        ledger.true(f"{service} {name} is limited when limits are enforced", right, f"codes were {codes}")
