"""Amazon EKS: clusters, and their insights."""

import time

from probe import Probe
from violations import page_through, stand_on_edges, violate

INVALID = ["InvalidParameterException"]
NOT_FOUND = ["ResourceNotFoundException"]
NOBODY = "11111111-2222-4333-8444-555555555555"
SIZE, TOKEN = ("maxResults", 1), "nextToken"
# botocore sends a string in place of these lists as a list. check_wire sends one.
STRINGS = ("include type", "filter.kubernetesVersions type")


def run(url, ledger):
    eks = Probe("eks", url, ledger)
    clusters = page_through(eks, "ListClusters", {}, "clusters", TOKEN, SIZE, {"include": ["all"]}, INVALID)
    statuses = {}
    for cluster in clusters:
        statuses |= check_insights(eks, cluster)
    ledger.true("eks has checks that pass and that do not", {"PASSING", "WARNING"} <= set(statuses), f"{statuses}")
    cluster, insight = statuses["WARNING"]
    check_filter(eks, cluster)
    check_not_found(eks, cluster)
    size = {"maxResults": 5}
    good = {"clusterName": cluster, **size, "filter": {"statuses": ["WARNING"], "categories": ["UPGRADE_READINESS"]}}
    for name, parameters in {
        "ListClusters": size,
        "ListInsights": good,
        "DescribeInsight": {"clusterName": cluster, "id": insight},
    }.items():
        violate(eks, name, [parameters], skip=STRINGS, codes=INVALID)
        stand_on_edges(eks, name, [parameters])
    check_wire(eks, cluster)


def check_insights(eks, cluster):
    """The insights of a cluster; returns one of each status."""
    statuses, now = {}, time.time()
    for summary in eks.good("ListInsights", clusterName=cluster)["insights"]:
        insight = eks.good("DescribeInsight", clusterName=cluster, id=summary["id"])["insight"]
        same = {name: insight.get(name) for name in summary}
        eks.ledger.equal(f"eks describes {summary['id']} as it lists it", same, summary)
        refreshed, changed = insight["lastRefreshTime"], insight.get("lastTransitionTime", 0)
        in_order = changed <= refreshed <= now and refreshed > now - 86_460
        eks.ledger.true(f"eks refreshed {summary['id']} within a day", in_order, f"{insight}")
        statuses[insight["insightStatus"]["status"]] = (cluster, summary["id"])
    return statuses


def check_filter(eks, cluster):
    listed = page_through(
        eks, "ListInsights", {"clusterName": cluster}, "insights", TOKEN, SIZE,
        {"filter": {"statuses": ["ERROR"]}}, INVALID,
    )  # fmt: skip
    for name, value in {
        "statuses": lambda one: one["insightStatus"]["status"],
        "categories": lambda one: one["category"],
        "kubernetesVersions": lambda one: one.get("kubernetesVersion"),
    }.items():
        for wanted in {value(one) for one in listed} - {None}:
            found = eks.good("ListInsights", clusterName=cluster, filter={name: [wanted]})["insights"]
            expected = [one for one in listed if value(one) == wanted]
            eks.ledger.equal(f"eks filters {name} by {wanted}", found, expected)


def check_not_found(eks, cluster):
    for name, parameters in (
        ("ListInsights", {"clusterName": "no-such-cluster"}),
        ("DescribeInsight", {"clusterName": "no-such-cluster", "id": NOBODY}),
        ("DescribeInsight", {"clusterName": cluster, "id": NOBODY}),
    ):
        result = eks.refused(name, NOT_FOUND, **parameters)
        eks.ledger.equal(f"eks {name} names the cluster", result.get("clusterName"), parameters["clusterName"])


def check_wire(eks, cluster):
    """Invalid calls, which boto3 would not send."""

    def check(name, found, status, code):
        kind = found[1].get("x-amzn-errortype", "").split(":")[0]
        eks.ledger.equal(f"eks {name}", (found[0], kind), (status, code))

    check("no such path", eks.send("GET", "/clusters/a/nothing"), 404, "UnknownOperationException")
    check("no cluster in the path", eks.send("POST", "/clusters//insights"), 404, "UnknownOperationException")
    unread = eks.send("POST", f"/clusters/{cluster}/insights", body=b'{"filter": {"kubernetesVersions": "1"}}')
    check("a filter that is no list", unread, 400, "SerializationException")
    unsigned = eks.send("GET", "/clusters", signed=False)
    check("no signature", unsigned, 403, "MissingAuthenticationTokenException")


def run_no_cluster(url, ledger, keys):
    """An account without clusters."""
    eks = Probe("eks", url, ledger, keys=keys)
    ledger.equal("eks has no cluster there", eks.good("ListClusters")["clusters"], [])


def run_sparse(url, ledger, region):
    """Answers without their optional members, and clusters that are not active."""
    eks = Probe("eks", url, ledger, region=region)
    ledger.equal("eks lists what is not active", eks.good("ListClusters")["clusters"], ["sparse", "new", "old"])
    for summary in eks.good("ListInsights", clusterName="sparse")["insights"]:
        if "id" in summary:
            eks.good("DescribeInsight", clusterName="sparse", id=summary["id"])
    eks.good("DescribeInsight", clusterName="sparse", id="bare")
    eks.refused("ListInsights", NOT_FOUND, clusterName="new")
    eks.refused("ListInsights", ["InvalidRequestException"], clusterName="old")
    eks.refused("DescribeInsight", ["InvalidRequestException"], clusterName="old", id=NOBODY)
