"""AWS Audit Manager: status, assessments, and counts from account to control."""

import json
import time

from probe import ACCOUNT, Probe
from registry import operations
from violations import page_through, stand_on_edges, violate

INVALID = ["ValidationException"]
NOT_FOUND = ["ResourceNotFoundException"]
NOBODY = "11111111-2222-4333-8444-555555555555"
KINDS = ["compliantEvidenceCount", "noncompliantEvidenceCount", "inconclusiveEvidenceCount"]
SIZE, TOKEN = ("maxResults", 1), "nextToken"


def run(url, ledger):
    audit = Probe("auditmanager", url, ledger)
    ledger.equal("auditmanager is set up", audit.good("GetAccountStatus")["status"], "ACTIVE")
    account = audit.good("GetInsights")["insights"]
    active, inactive = check_assessments(audit)
    ledger.equal("auditmanager counts active assessments", account["activeAssessmentsCount"], len(active))
    check_account(audit, account, active)
    domains = check_domains(audit, active)
    check_controls(audit, active, domains)
    check_not_found(audit, active, inactive, domains)
    check_constraints(audit, active, domains)
    check_wire(audit)


def check_assessments(audit):
    ledger = audit.ledger
    listed = page_through(
        audit,
        "ListAssessments",
        {},
        "assessmentMetadata",
        TOKEN,
        SIZE,
        other={"status": "ACTIVE"},
        codes=INVALID,
    )
    by_status = {}
    for status in ("ACTIVE", "INACTIVE"):
        found = audit.good("ListAssessments", status=status, maxResults=1000)["assessmentMetadata"]
        by_status[status] = [one["id"] for one in found]
        expected = [one["id"] for one in listed if one["status"] == status]
        ledger.equal(f"auditmanager lists {status} assessments", by_status[status], expected)
    for one in listed:
        roles = [role["roleArn"] for role in one.get("roles", [])]
        ours = all(f":iam::{ACCOUNT}:role/" in arn for arn in roles)
        ledger.true(f"auditmanager roles of {one['id']} are the account's", ours, f"{roles}")
    return by_status["ACTIVE"], by_status["INACTIVE"]


def total(rows):
    """The sum of each kind of evidence in the rows. A missing count makes the sum unknown."""
    counts = [row.get("evidenceInsights", row) for row in rows]
    return {
        kind: None if any(kind not in c for c in counts) else sum(c[kind] for c in counts) for kind in KINDS
    }


def agree(ledger, name, whole, parts):
    """Checks that the counts of `parts` add up to those of `whole`, if no count is missing."""
    expected, found = total([whole]), total(parts)
    for kind in KINDS:
        if expected[kind] is not None and found[kind] is not None:
            ledger.equal(f"auditmanager {kind} of {name} adds up", found[kind], expected[kind])


def check_account(audit, account, active):
    insights = [audit.good("GetInsightsByAssessment", assessmentId=one)["insights"] for one in active]
    counted = [one for one in insights if "lastUpdated" in one]
    waiting = [one for one in insights if "lastUpdated" not in one]
    audit.ledger.true(
        "auditmanager has assessments with data and without", counted and waiting, f"{insights}"
    )
    agree(audit.ledger, "the account", account, counted)
    for name in ("assessmentControlsCountByNoncompliantEvidence", "totalAssessmentControlsCount"):
        found = sum(one.get(name, 0) for one in insights)
        audit.ledger.equal(f"auditmanager {name} adds up", found, account[name])
    now = time.time()
    audit.ledger.true(
        "auditmanager is a day old at most", now - 3 * 86400 < account["lastUpdated"] <= now, f"{account}"
    )


def all_rows(audit, name, member, **parameters):
    rows, token = [], {}
    while True:
        page = audit.good(name, **parameters, **token)
        rows += page[member]
        if not page.get("nextToken"):
            return rows
        token = {"nextToken": page["nextToken"]}


def check_domains(audit, active):
    everywhere = page_through(
        audit, "ListControlDomainInsights", {}, "controlDomainInsights", TOKEN, SIZE, codes=INVALID
    )
    by_assessment = {}
    for one in active:
        name = "ListControlDomainInsightsByAssessment"
        rows = all_rows(audit, name, "controlDomainInsights", assessmentId=one)
        by_assessment[one] = rows
        insights = audit.good("GetInsightsByAssessment", assessmentId=one)["insights"]
        agree(audit.ledger, f"assessment {one}", insights, rows)
    largest = max(by_assessment, key=lambda one: len(by_assessment[one]))
    others = [one for one in active if one != largest]
    page_through(
        audit,
        "ListControlDomainInsightsByAssessment",
        {"assessmentId": largest},
        "controlDomainInsights",
        TOKEN,
        SIZE,
        other={"assessmentId": others[0]},
        codes=INVALID,
    )
    ids = {row["id"] for row in everywhere}
    found = {row["id"] for rows in by_assessment.values() for row in rows}
    audit.ledger.equal("auditmanager domains are those of its assessments", found, ids)
    for row in everywhere:
        parts = [r for rows in by_assessment.values() for r in rows if r["id"] == row["id"]]
        agree(audit.ledger, f"domain {row['id']}", row, parts)
    kinds = {"ARN" if one.startswith("arn:") else "UUID" if "-" in one else one for one in ids}
    audit.ledger.equal("auditmanager has every kind of domain", kinds, {"ARN", "UUID", "UNCATEGORIZED"})
    return {"everywhere": everywhere, "largest": largest, **by_assessment}


def check_controls(audit, active, domains):
    name, member = "ListControlInsightsByControlDomain", "controlInsightsMetadata"
    richest, most = None, 0
    for domain in domains["everywhere"]:
        rows = all_rows(audit, name, member, controlDomainId=domain["id"])
        agree(audit.ledger, f"controls of {domain['id']}", domain, rows)
        audit.ledger.true(
            f"auditmanager lists controls of {domain['id']} with evidence only",
            all(any(row.get("evidenceInsights", {"x": 1}).values()) for row in rows),
            f"{rows}",
        )
        if len(rows) > most:
            richest, most = domain["id"], len(rows)
    other = {"controlDomainId": "UNCATEGORIZED"}
    page_through(audit, name, {"controlDomainId": richest}, member, TOKEN, SIZE, other=other, codes=INVALID)
    name, member = "ListAssessmentControlInsightsByControlDomain", "controlInsightsByAssessment"
    most = 0
    for one in active:
        for domain in domains[one]:
            parameters = {"assessmentId": one, "controlDomainId": domain["id"]}
            rows = all_rows(audit, name, member, **parameters)
            agree(audit.ledger, f"controls of {domain['id']} in {one}", domain, rows)
            if len(rows) > most:
                richest, most = parameters, len(rows)
    page_through(audit, name, richest, member, TOKEN, SIZE, other=other, codes=INVALID)


def check_not_found(audit, active, inactive, domains):
    domain = domains["everywhere"][0]["id"]
    for one in [NOBODY, *inactive]:
        result = audit.refused("GetInsightsByAssessment", NOT_FOUND, assessmentId=one)
        audit.ledger.equal(f"auditmanager names {one}", result.get("resourceId"), one)
        audit.refused("ListControlDomainInsightsByAssessment", NOT_FOUND, assessmentId=one)
        parameters = {"assessmentId": one, "controlDomainId": domain}
        audit.refused("ListAssessmentControlInsightsByControlDomain", NOT_FOUND, **parameters)
    audit.refused("ListControlInsightsByControlDomain", NOT_FOUND, controlDomainId=NOBODY)
    parameters = {"assessmentId": active[0], "controlDomainId": NOBODY}
    audit.refused("ListAssessmentControlInsightsByControlDomain", NOT_FOUND, **parameters)


def check_constraints(audit, active, domains):
    one, domain = domains["largest"], domains["everywhere"][0]["id"]
    size = {"maxResults": 5}
    good = {
        "ListAssessments": {"status": "ACTIVE", **size},
        "GetInsightsByAssessment": {"assessmentId": one},
        "ListControlDomainInsights": size,
        "ListControlDomainInsightsByAssessment": {"assessmentId": one, **size},
        "ListControlInsightsByControlDomain": {"controlDomainId": domain, **size},
        "ListAssessmentControlInsightsByControlDomain": {
            "assessmentId": one,
            "controlDomainId": domain,
            **size,
        },
    }
    for name, parameters in good.items():
        violate(audit, name, [parameters], codes=INVALID)
        stand_on_edges(audit, name, [parameters])
    result = audit.refused("ListAssessments", INVALID, status="OPEN", maxResults=0, nextToken="-")
    fields = [field["name"] for field in result.get("fields", [])]
    audit.ledger.equal(
        "auditmanager names every field", sorted(fields), ["maxResults", "nextToken", "status"]
    )
    audit.ledger.equal("auditmanager gives a reason", result.get("reason"), "fieldValidationFailed")


def check_wire(audit):
    """Invalid calls, which boto3 would not send."""
    ledger = audit.ledger

    def check(name, found, status, code):
        kind = found[1].get("x-amzn-errortype", "").split(":")[0]
        ledger.equal(f"auditmanager {name}", (found[0], kind), (status, code))

    check("no such path", audit.send("GET", "/nothing"), 404, "UnknownOperationException")
    check("no id in the path", audit.send("GET", "/insights/assessments/"), 404, "UnknownOperationException")
    check("another method", audit.send("POST", "/insights"), 404, "UnknownOperationException")
    unsigned = audit.send("GET", "/insights", signed=False)
    check("no signature", unsigned, 403, "MissingAuthenticationTokenException")
    status, _, text = audit.send("GET", "/assessments?unknown=1&maxResults=2")
    ledger.equal("auditmanager ignores parameters that it does not know", status, 200)
    ledger.equal("auditmanager keeps to the page", len(json.loads(text)["assessmentMetadata"]), 2)


def run_not_set_up(url, ledger, keys):
    """An account in which the service was never set up."""
    audit = Probe("auditmanager", url, ledger, keys=keys)
    ledger.equal("auditmanager is not set up", audit.good("GetAccountStatus")["status"], "INACTIVE")
    good = {"assessmentId": NOBODY, "controlDomainId": "UNCATEGORIZED"}
    for name in set(operations(url)["auditmanager"]) - {"GetAccountStatus"}:
        known = audit.operation(name).input_shape.members if audit.operation(name).input_shape else {}
        parameters = {key: value for key, value in good.items() if key in known}
        result = audit.refused(name, ["AccessDeniedException"], **parameters)
        told = "Please complete AWS Audit Manager setup" in result.get("message", "")
        ledger.true(f"auditmanager {name} says what to do", told, f"{result.body}")


def run_sparse(url, ledger, region):
    """Pages with one item, and answers without their optional members."""
    audit = Probe("auditmanager", url, ledger, region=region)
    audit.good("GetInsights")
    one = all_rows(audit, "ListAssessments", "assessmentMetadata")[0]["id"]
    audit.good("GetInsightsByAssessment", assessmentId=one)
    domains = all_rows(audit, "ListControlDomainInsights", "controlDomainInsights")
    ledger.equal("auditmanager reads two pages of domains", len(domains), 2)
    all_rows(audit, "ListControlDomainInsightsByAssessment", "controlDomainInsights", assessmentId=one)
    for domain in domains:
        all_rows(
            audit,
            "ListControlInsightsByControlDomain",
            "controlInsightsMetadata",
            controlDomainId=domain["id"],
        )
        parameters = {"assessmentId": one, "controlDomainId": domain["id"]}
        all_rows(
            audit, "ListAssessmentControlInsightsByControlDomain", "controlInsightsByAssessment", **parameters
        )
