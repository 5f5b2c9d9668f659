"""AWS STS: the caller's identity, and the credentials of a role."""

from probe import ACCOUNT, Probe
from violations import stand_on_edges, violate

OTHER = "111122223333"
ROLE = f"arn:aws:iam::{OTHER}:role/path/insights-reader"
INVALID = ["ValidationError"]
# Source identity, policies, tags and devices: a reader of insights needs none of these.
LEFT_ALONE = {"PolicyArns", "Tags", "TransitiveTagKeys", "ProvidedContexts", "MinimumSessionTokenSize"}


def run(url, ledger):
    sts = Probe("sts", url, ledger)
    me = sts.good("GetCallerIdentity")
    ledger.equal("sts says whose keys these are", me["Account"], ACCOUNT)
    good = {"RoleArn": ROLE, "RoleSessionName": "conformance"}
    full = good | {
        "ExternalId": "shared secret".replace(" ", "-"),
        "DurationSeconds": 900,
        "SourceIdentity": "tester",
    }
    granted = sts.good("AssumeRole", **full)
    ledger.equal("sts repeats the source identity", granted.get("SourceIdentity"), "tester")
    there = f"arn:aws:sts::{OTHER}:assumed-role/insights-reader/conformance"
    ledger.equal("sts names the session", granted["AssumedRoleUser"]["Arn"], there)
    session = Probe("sts", url, ledger, keys=keys_of(granted))
    ledger.equal("sts knows the session again", session.good("GetCallerIdentity")["Arn"], there)
    elsewhere = Probe("xray", url, ledger, keys=keys_of(granted)).good("GetGroups")
    arns = [group["GroupARN"] for group in elsewhere["Groups"] if "GroupARN" in group]
    ledger.true("xray answers for the session's account", all(f":{OTHER}:" in arn for arn in arns), f"{arns}")
    stand_on_edges(sts, "AssumeRole", [full], skip=LEFT_ALONE)
    chained = {"RoleArn": ROLE, "RoleSessionName": "chained"}
    session.good("AssumeRole", **chained, DurationSeconds=3600)
    session.refused("AssumeRole", INVALID, **chained, DurationSeconds=3601)
    for arn in (
        "arn:aws:iam::123:role/short-account",
        f"arn:aws:s3:::{OTHER}/role/x",
        f"arn:aws:iam::{OTHER}:user/name",
    ):
        sts.refused("AssumeRole", INVALID, RoleArn=arn, RoleSessionName="x1")
    policy = {"Policy": "{}", "SerialNumber": f"arn:aws:iam::{OTHER}:mfa/me", "TokenCode": "123456"}
    violate(sts, "AssumeRole", [full, good | policy], skip=LEFT_ALONE)
    forged = keys_of(granted) | {"aws_session_token": "Zm9yZ2Vk"}
    forger = Probe("sts", url, ledger, keys=forged)
    forger.refused("GetCallerIdentity", ["InvalidClientTokenId"])
    Probe("xray", url, ledger, keys=forged).refused("GetGroups", ["UnrecognizedClientException"])
    Probe("cloudtrail", url, ledger, keys=forged).refused("DescribeTrails", ["UnrecognizedClientException"])
    check_wire(sts)


def keys_of(granted):
    """The credentials in an answer of AssumeRole, as arguments of boto3."""
    credentials = granted["Credentials"]
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }


def check_wire(sts):
    """Invalid calls, which boto3 would not send."""
    ledger = sts.ledger
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}

    def check(name, body, status, code, **more):
        found = sts.send("POST", "/", form, body, **more)
        right = found[0] == status and f"<Code>{code}</Code>" in found[2] and "<ErrorResponse" in found[2]
        ledger.true(f"sts {name}", right, f"{found[0]} {found[2]}")

    check("no such action", b"Action=Nothing&Version=2011-06-15", 400, "InvalidAction")
    check(
        "no signature",
        b"Action=GetCallerIdentity&Version=2011-06-15",
        403,
        "MissingAuthenticationToken",
        signed=False,
    )
    status, headers, _ = sts.send("GET", "/?Action=GetCallerIdentity&Version=2011-06-15")
    ledger.equal("sts answers a query string too", status, 200)
    ledger.equal("sts answers XML", headers.get("content-type"), "text/xml")


def run_refused(url, ledger):
    """Roles that the scenario denies."""
    sts = Probe("sts", url, ledger)
    session = {"RoleSessionName": "conformance"}
    role = f"arn:aws:iam::{OTHER}:role/"
    sts.refused("AssumeRole", ["AccessDenied"], RoleArn=role + "closed", **session)
    sts.refused("AssumeRole", ["AccessDenied"], RoleArn=role + "by-external-id", **session)
    sts.refused(
        "AssumeRole", ["AccessDenied"], RoleArn=role + "by-external-id", ExternalId="wrong", **session
    )
    sts.good("AssumeRole", RoleArn=role + "by-external-id", ExternalId="right", **session)
