"""AWS Security Hub: insights and their results."""

from probe import ACCOUNT, REGION, Probe
from registry import operations
from violations import page_through, stand_on_edges, violate

INVALID = ["InvalidInputException"]
NOT_FOUND = ["ResourceNotFoundException"]
MANAGED = "arn:aws:securityhub:::insight/securityhub/default/{}"


def run(url, ledger):
    hub = Probe("securityhub", url, ledger)
    arns = [one["InsightArn"] for one in hub.good("GetInsights")["Insights"]]
    other = {"InsightArns": arns[:1]}
    listed = page_through(hub, "GetInsights", {}, "Insights", "NextToken", ("MaxResults", 1), other, INVALID)
    custom = f"arn:aws:securityhub:{REGION}:{ACCOUNT}:insight/{ACCOUNT}/custom/"
    for insight in listed:
        arn = insight["InsightArn"]
        ledger.true(f"securityhub lists custom insights: {arn}", arn.startswith(custom), "it is not")
        by_arn = hub.good("GetInsights", InsightArns=[arn])["Insights"]
        ledger.equal(f"securityhub returns {arn} by its ARN", by_arn, [insight])
        check_results(hub, insight)
    check_constraints(hub, arns[0])
    check_wire(hub, arns[0])


def check_results(hub, insight):
    results = hub.good("GetInsightResults", InsightArn=insight["InsightArn"])["InsightResults"]
    for name in ("InsightArn", "GroupByAttribute"):
        hub.ledger.equal(f"securityhub results have the {name}", results[name], insight[name])
    counts = [value["Count"] for value in results["ResultValues"]]
    is_sorted = counts == sorted(counts, reverse=True) and len(counts) <= 100 and 0 not in counts
    hub.ledger.true("securityhub results have the largest counts first", is_sorted, f"{counts}")


def check_constraints(hub, arn):
    good = {"InsightArns": [arn], "MaxResults": 5}
    violate(hub, "GetInsights", [good], codes=INVALID)
    stand_on_edges(hub, "GetInsights", [good])
    violate(hub, "GetInsightResults", [{"InsightArn": arn}], codes=INVALID)
    hub.refused("GetInsightResults", NOT_FOUND, InsightArn=arn + "x")
    hub.refused("GetInsightResults", NOT_FOUND, InsightArn=MANAGED.format(999))
    hub.refused("GetInsightResults", INVALID, InsightArn="no ARN")


def check_wire(hub, arn):
    """Invalid calls, which boto3 would not send."""

    def check(name, found, status, code):
        kind = found[1].get("x-amzn-errortype", "").split(":")[0]
        hub.ledger.equal(f"securityhub {name}", (found[0], kind), (status, code))

    check("an ARN without escapes", hub.send("GET", f"/insights/results/{arn}"), 200, "")
    check("no ARN in the path", hub.send("GET", "/insights/results/"), 404, "UnknownOperationException")
    check("another method", hub.send("GET", "/insights/get"), 404, "UnknownOperationException")
    unsigned = hub.send("POST", "/insights/get", signed=False)
    check("no signature", unsigned, 403, "MissingAuthenticationTokenException")


def run_not_subscribed(url, ledger, keys):
    """An account that is not subscribed."""
    hub = Probe("securityhub", url, ledger, keys=keys)
    for name in operations(url)["securityhub"]:
        parameters = {"InsightArn": MANAGED.format(10)} if name == "GetInsightResults" else {}
        result = hub.refused(name, ["InvalidAccessException"], **parameters)
        told = "is not subscribed to AWS Security Hub" in result.get("Message", "")
        ledger.true(f"securityhub {name} says that the account is not subscribed", told, f"{result.body}")


def run_sparse(url, ledger, region):
    """Managed insights, an unknown ARN, and missing results."""
    hub = Probe("securityhub", url, ledger, region=region)
    found = hub.good("GetInsights", InsightArns=[MANAGED.format(10)])["Insights"]
    ledger.equal("securityhub returns managed insights by ARN", [one["Name"] for one in found], ["managed"])
    results = hub.good("GetInsightResults", InsightArn=MANAGED.format(10))["InsightResults"]
    ledger.equal("securityhub returns 100 values at most", len(results["ResultValues"]), 100)
    custom = hub.good("GetInsights")["Insights"]
    ledger.equal("securityhub returns no managed insights otherwise", [one["Name"] for one in custom], ["unresolved"])
    hub.refused("GetInsightResults", NOT_FOUND, InsightArn=custom[0]["InsightArn"])
    hub.refused("GetInsights", NOT_FOUND, InsightArns=[MANAGED.format(11)])
