"""Calculates the tables of docs/scale.md (calls, storage, duration and cost of many accounts) from the counts of real runs.

    python scale.py              prints the tables
    python scale.py --write      writes them to the document
    python scale.py --check      fails if the document has different tables; .ci/check-deployment calls this
    python scale.py --measure    first runs the functions with the simulator, and writes the counts to the document too

The document contains the measured counts as JSON, so the tables can be calculated again without a measurement.
"""

import argparse
import collections
import datetime
import json
import math
import pathlib
import re
import sys
import tempfile

from templates import ACCOUNT, ROOT, load

PAGE = ROOT / "docs/scale.md"
OPERATIONS = ROOT / "docs/operations.md"
SOURCES = ("xray", "cloudtrail", "auditmanager")
HOURS = 730  # of a month
DAYS = 365 / 12
# The assumptions, which the document lists. A busy region has the simulator's built-in scenario; in a quiet one no service is in use.
REGIONS, AUDITMANAGER_REGIONS, BUSY_REGIONS = 17, 12, 2
LATENCY = 0.1  # seconds for a call of the service or the table
LOOKBACK_DAYS = {"xray": 30, "cloudtrail": 90, "auditmanager": 1}
RUNS = {"xray": HOURS * 4, "cloudtrail": HOURS, "auditmanager": HOURS / 6}
LIMITS = {"LookupEvents": 2, "ListInsightsData": 2}
DEFAULT_LIMIT = 10
PRICES = {
    "write unit": 0.625e-6,
    "read unit": 0.125e-6,
    "GB stored": 0.25,
    "GB of recovery": 0.20,
    "invocation": 0.20e-6,
    "GB-second": 1.33334e-5,
    "step": 25e-6,
    "Express request": 1e-6,
    "Express GB-second": 1.667e-5,
    "metric": 0.30,
    "alarm": 0.10,
    "GB of logs": 0.50,
    "scheduled start": 1e-6,
    "event of an additional trail": 2e-5,
    "event analysed by CloudTrail Insights": 3.5e-6,
    "event analysed by GuardDuty": 4e-6,
}
METRICS_OF_THE_ORGANIZATION = 3
METRICS_OF_A_SOURCE = 13 + 1  # of embedded metric format, and the successful runs
PLATFORM_LOG_BYTES = 700  # of an invocation: the events of Lambda, and 26 bytes for each event
AT_ONCE = 8  # targets of an invocation (CONCURRENCY)
EXPRESS_GB = 0.0625


# ---- measurement ---------------------------------------------------------------------------------------------------------


def measure():
    from local import Function, items, simulator

    quiet = f'account = "{ACCOUNT}"\n'
    counts = {}
    with tempfile.TemporaryDirectory() as folder:
        scenario = pathlib.Path(folder) / "quiet.toml"
        scenario.write_text(quiet)
        for place, arguments in (("busy", ()), ("quiet", ("--scenario", scenario))):
            with simulator(*arguments) as url:
                for source in SOURCES:
                    before = sum(size(item) for item in items(url))
                    unpaced = '{"default":0,"LookupEvents":0,"ListInsightsData":0}'
                    function = Function(f"{source}-insights", url, RATE_LIMITS=unpaced)
                    runs = [json.loads(function.invoke("{}")) for _ in range(2)]
                    function.stop()
                    stored = sum(size(item) for item in items(url)) - before
                    for name, run in zip(("first", "later"), runs):
                        counts.setdefault(place, {}).setdefault(source, {})[name] = {
                            "status": run["status"],
                            "api_calls": run["api_calls"],
                            "read_units": run["read_units"],
                            "write_units": run["write_units"],
                            "fetched": run["fetched"],
                        }
                    counts[place][source]["bytes_stored"] = stored
    counts["log_bytes"] = log_bytes()
    counts["measured"] = datetime.date.today().isoformat()
    return counts


def log_bytes():
    """The bytes that a function logs for an invocation, and for each of its targets, if nothing is in use."""
    from local import Function, simulator

    logged = {}
    with tempfile.TemporaryDirectory() as folder:
        scenario, log = pathlib.Path(folder) / "quiet.toml", pathlib.Path(folder) / "log"
        regions = [f"eu-west-{number}" for number in range(1, REGIONS + 1)]
        scenario.write_text(f'account = "{ACCOUNT}"\n')
        with simulator("--scenario", scenario) as url:
            for count in (1, REGIONS):
                with log.open("wb") as output:
                    function = Function("xray-insights", url, output=output, RATE_LIMITS='{"default":0}')
                    targets = [{"account_id": ACCOUNT, "regions": regions[:count]}]
                    function.invoke(json.dumps({"targets": targets}))
                    function.stop()
                logged[count] = log.stat().st_size
    target = (logged[REGIONS] - logged[1]) // (REGIONS - 1)
    return {"invocation": logged[1] - target, "target": target}


def size(item):
    """The approximate size of an item: names and values as text, and the copies of the common attributes in the indexes."""
    whole = len(json.dumps(item, default=str))
    detail = sum(len(json.dumps(item.get(name), default=str)) for name in ("detail", "timestamps", "values") if name in item)
    indexes = sum(name in item for name in ("open_pk", "ended_pk", "entity_pk"))
    return whole + indexes * (whole - detail)


# ---- calculation ---------------------------------------------------------------------------------------------------------


def calls(run):
    return sum(run["api_calls"].values())


def seconds(run):
    """The duration of a run of one target: all operations one after the other at their rate limits, or all calls eight at
    once, whichever is longer; plus the requests to the table, and three more calls."""
    paced = sum(count / LIMITS.get(name, DEFAULT_LIMIT) for name, count in run["api_calls"].items())
    table = (run["read_units"] / 50 + run["write_units"]) * LATENCY / 8
    return max(paced, calls(run) * LATENCY / 8) + table + 3 * LATENCY


Shape = collections.namedtuple("Shape", "regions auditmanager_regions busy")
TYPICAL = Shape(REGIONS, AUDITMANAGER_REGIONS, BUSY_REGIONS)


def places(source, shape=TYPICAL):
    """How many regions of an account are busy and quiet for a source."""
    regions = shape.auditmanager_regions if source == "auditmanager" else shape.regions
    return {"busy": shape.busy, "quiet": regions - shape.busy}


def of_account(counts, source, which, value, shape=TYPICAL):
    return sum(number * value(counts[place][source][which]) for place, number in places(source, shape).items())


def month_units(counts, source, runs, kind, shape):
    """The units of all later runs, and of new data: per day, a day's share of the units of a first run."""
    later = of_account(counts, source, "later", lambda run: run[kind], shape)
    news = of_account(counts, source, "first", lambda run: run[kind], shape) / LOOKBACK_DAYS[source]
    return runs * later + DAYS * news


# The states of an execution over one page of accounts. Each further page adds two.
PARENT_STATES = (
    "Begin", "FindSources", "WhichAccounts", "ListAccounts", "HasMoreAccounts", "HasAccounts", "EachAccount",
    "CountAccounts", "IsAnyComplete", "Summary",
)
STATES_OF_A_PAGE = ("ListAccounts", "HasMoreAccounts")


def steps_of_account():
    """The state transitions of a child execution: its start, which the parent is charged for, the map, and a task for each
    source."""
    states = load("deploy/organization.yaml")["Resources"]["Organization"]["Properties"]["Definition"]["States"]
    child = states["EachAccount"]["ItemProcessor"]["States"]
    assert list(child) == ["EachSource"], "the state machine has changed: count its steps again"
    assert list(child["EachSource"]["ItemProcessor"]["States"]) == ["Collect", "Failed"], "count the steps again"
    return 1 + 1 + len(SOURCES)


def steps(accounts):
    """The state transitions of one run over all accounts."""
    pages = math.ceil(accounts / 20)
    return accounts * steps_of_account() + len(PARENT_STATES) + len(STATES_OF_A_PAGE) * (pages - 1)


def bill(counts, accounts, organization, execution="STANDARD", shape=TYPICAL):
    """The lines of a monthly bill, with the schedules of the stack, or with hourly runs of the state machine."""
    runs = {source: HOURS if organization else RUNS[source] for source in SOURCES}
    lines = {}
    for name, kind, price in (("DynamoDB writes", "write_units", "write unit"), ("DynamoDB reads", "read_units", "read unit")):
        units = sum(month_units(counts, source, runs[source], kind, shape) for source in SOURCES)
        lines[name] = accounts * units * PRICES[price]
    year = sum(
        number * counts[place][source]["bytes_stored"] / LOOKBACK_DAYS[source] * 365
        for source in SOURCES for place, number in places(source, shape).items()
    )
    stored = accounts * year / 1e9
    lines["DynamoDB storage, after a year"] = stored * PRICES["GB stored"]
    lines["DynamoDB recovery, after a year"] = stored * PRICES["GB of recovery"]
    invocations = duration = logged = 0
    for source in SOURCES:
        targets = sum(places(source, shape).values())
        invocations += runs[source]
        duration += runs[source] * invocation_seconds(counts, source, "later", shape)
        log = counts["log_bytes"]
        logged += accounts * runs[source] * (PLATFORM_LOG_BYTES + log["invocation"] + targets * log["target"])
    lines["Lambda invocations"] = accounts * invocations * PRICES["invocation"]
    lines["Lambda time, 256 MB, arm64"] = accounts * duration * 0.25 * PRICES["GB-second"]
    if organization and execution == "STANDARD":
        lines["Step Functions, STANDARD"] = HOURS * steps(accounts) * PRICES["step"]
    elif organization:
        parent = steps(accounts) - accounts * steps_of_account()
        request = PRICES["Express request"] + account_seconds(counts, "later") * EXPRESS_GB * PRICES["Express GB-second"]
        lines["Step Functions, EXPRESS"] = HOURS * (parent * PRICES["step"] + accounts * request)
    lines["CloudWatch logs"] = logged / 1e9 * PRICES["GB of logs"]
    alarms = 24 + (12 if organization else 0)  # an alarm on three metrics counts as three
    metrics = len(SOURCES) * METRICS_OF_A_SOURCE + (METRICS_OF_THE_ORGANIZATION if organization else 0)
    lines["CloudWatch metrics and alarms"] = metrics * PRICES["metric"] + alarms * PRICES["alarm"]
    lines["Scheduler"] = (HOURS if organization else sum(RUNS.values())) * PRICES["scheduled start"]
    return lines


def invocation_seconds(counts, source, which, shape=TYPICAL):
    """The duration of the invocation that processes all regions of an account, eight at once."""
    each = of_account(counts, source, which, seconds, shape)
    longest = seconds(counts["busy" if shape.busy else "quiet"][source][which])
    return max(each / AT_ONCE, longest)


def account_seconds(counts, which):
    """The duration of a child execution: that of the slowest source."""
    return max(invocation_seconds(counts, source, which) for source in SOURCES)


# ---- tables --------------------------------------------------------------------------------------------------------------


def number(value, digits=0):
    return f"{value:,.{digits}f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join(["---"] + ["---:"] * (len(head) - 1)) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def runs_table(counts):
    rows = []
    for place in ("busy", "quiet"):
        for source in SOURCES:
            for which in ("first", "later"):
                run = counts[place][source][which]
                rows.append([
                    f"{source}, {place}, {which} run", run["status"], number(calls(run)),
                    number(run["api_calls"].get("LookupEvents", 0)), number(run["read_units"], 1),
                    number(run["write_units"]), number(seconds(run), 1),
                ])
    return table(["run of one account and region", "status", "calls", "LookupEvents calls", "read units", "write units", "seconds"], rows)


def scale_table(counts):
    rows = []
    sizes = (1, 100, 5000)

    def row(name, value, digits=0):
        rows.append([name, *(number(value(accounts), digits) for accounts in sizes)])

    row("accounts × regions", lambda accounts: accounts * REGIONS)
    row("invocations of a run over all accounts", lambda accounts: accounts * len(SOURCES))
    row("calls of a first run", lambda accounts: accounts * sum(of_account(counts, source, "first", calls) for source in SOURCES))
    row("calls of a later run", lambda accounts: accounts * sum(of_account(counts, source, "later", calls) for source in SOURCES))
    for kind in ("write", "read"):
        for which in ("first", "later"):
            row(f"{kind} units of a {which} run", lambda accounts, kind=kind, which=which: accounts * sum(
                of_account(counts, source, which, lambda run: run[f"{kind}_units"]) for source in SOURCES))
    for which in ("first", "later"):
        row(f"minutes of a {which} run, 20 accounts at once", lambda accounts, which=which: math.ceil(accounts / 20)
            * account_seconds(counts, which) / 60, 1)
        row(f"minutes of a {which} run, 200 accounts at once", lambda accounts, which=which: math.ceil(accounts / 200)
            * account_seconds(counts, which) / 60, 1)
    row("steps of a run (STANDARD)", steps)
    row("GB after a year", lambda accounts: accounts * 365 * sum(
        number * counts[place][source]["bytes_stored"] / LOOKBACK_DAYS[source]
        for source in SOURCES for place, number in places(source).items()) / 1e9, 2)
    return table(["", *(f"{number(accounts)} account" + ("s" if accounts > 1 else "") for accounts in sizes)], rows)


def heat_table(counts):
    """Write units per second of one partition key during a run over 5,000 accounts, 200 at once."""
    accounts, limit = 5000, 1000
    duration = {which: math.ceil(accounts / 200) * account_seconds(counts, which) for which in ("first", "later")}
    busy = BUSY_REGIONS * accounts
    rows = [
        ["table", "an insight, a series, a scope", "each account has its own keys", "far below"],
        ["table", "`run#<source>#<account>#<region>`", f"2 writes in {number(duration['later'] / 60)} minutes", "far below"],
    ]
    whole = accounts * sum(of_account(counts, source, "first", lambda run: run["write_units"]) for source in SOURCES)
    rows.append(["table", "all keys together, first run",
                 f"{number(whole / duration['first'])} units per second for {number(duration['first'] / 60)} minutes",
                 "a new table supports 4,000 in total"])
    # Two units per record, because its common attributes exceed a kilobyte.
    insights = 2 * busy * counts["busy"]["xray"]["first"]["api_calls"]["GetInsight"] / duration["first"]
    rows.append(["`open`", "`xray`, if all insights of a first run are open",
                 f"{number(insights)} units per second for {number(duration['first'] / 60)} minutes",
                 f"{number(100 * insights / limit)}%"])
    assessments = 2 * busy * counts["busy"]["auditmanager"]["first"]["api_calls"]["GetInsightsByAssessment"]
    rows.append(["`ended`", "`auditmanager.assessment#<month>`, once a day",
                 f"{number(assessments / duration['later'])} units per second for {number(duration['later'] / 60)} minutes",
                 f"{number(100 * assessments / duration['later'] / limit)}%"])
    rows.append(["`by_entity`", "`entity#account`: the snapshots of all accounts",
                 f"{number(2 * busy / duration['later'])} units per second for {number(duration['later'] / 60)} minutes",
                 f"{number(200 * busy / duration['later'] / limit)}%"])
    rows.append(["`by_entity`", "`run#<source>`: the targets", f"{number(accounts * REGIONS)} items, written once", "far below"])
    return table(["table or index", "partition key", "load", f"share of {number(limit)} units per second"], rows)


def bill_table(counts, cases):
    bills = [bill(counts, *case) for case in cases]
    names = dict.fromkeys(name for lines in bills for name in lines)
    rows = [[name, *(number(lines[name], 2) if name in lines else "–" for lines in bills)] for name in names]
    rows.append(["**total**", *(f"**{number(sum(lines.values()), 2)}**" for lines in bills)])
    return rows


def bills_table(counts):
    cases = [(1, False), (100, True), (100, True, "EXPRESS"), (5000, True), (5000, True, "EXPRESS")]
    head = ["US dollars per month", "1 account", "100, STANDARD", "100, EXPRESS", "5,000, STANDARD", "5,000, EXPRESS"]
    return table(head, bill_table(counts, cases))


def accounts_table(counts):
    """The table of docs/operations.md: three accounts, each with its own stack."""
    shapes = [Shape(1, 1, 0), Shape(1, 1, 1), TYPICAL]
    head = ["US dollars per month", "one quiet region", "one busy region", "17 regions, two of them busy"]
    return table(head, bill_table(counts, [(1, False, "STANDARD", shape) for shape in shapes]))


def elsewhere_table(counts):
    """What the calls of the later runs cost in services that process management events."""
    cases = [(1, False), (100, True), (5000, True)]
    events = []
    for accounts, organization in cases:
        runs = {source: HOURS if organization else RUNS[source] for source in SOURCES}
        # Each invocation assumes the role of the account once.
        of_calls = sum(runs[source] * (of_account(counts, source, "later", calls) + organization) for source in SOURCES)
        events.append(accounts * of_calls)
    rows = [["management events", *map(number, events)]]
    for name in ("event of an additional trail", "event analysed by CloudTrail Insights", "event analysed by GuardDuty"):
        rows.append([f"US dollars: {name}", *(number(count * PRICES[name], 2) for count in events)])
    return table(["per month", "1 account", "100 accounts", "5,000 accounts"], rows)


def prices_table():
    return table(["", "US dollars"], [[name, f"{price:.10f}".rstrip("0").rstrip(".")] for name, price in PRICES.items()])


BLOCKS = {"elsewhere": elsewhere_table, "runs": runs_table, "scale": scale_table, "heat": heat_table, "bill": bills_table, "accounts": accounts_table}


def blocks(counts):
    made = {name: make(counts) for name, make in BLOCKS.items()}
    made["prices"] = prices_table()
    return made


def replaced(page, name, text):
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- /{name} -->)", re.S)
    assert pattern.search(page), f"there is no block {name}"
    return pattern.sub(lambda found: found[1] + text + found[2], page)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for flag in ("--write", "--check", "--measure"):
        parser.add_argument(flag, action="store_true")
    options = parser.parse_args()
    pages = {path: path.read_text() for path in (PAGE, OPERATIONS)}
    new = dict(pages)
    if options.measure:
        counts = "```json\n" + json.dumps(measure(), indent=1) + "\n```"
        new[PAGE] = replaced(new[PAGE], "counts", counts)
    counts = json.loads(re.search(r"<!-- counts -->\n```json\n(.*?)\n```", new[PAGE], re.S)[1])
    sentence = f"A child execution costs {steps_of_account()} transitions"
    assert sentence in " ".join(new[PAGE].split()), f"the page does not say: {sentence}"
    for name, text in blocks(counts).items():
        path = OPERATIONS if name == "accounts" else PAGE
        new[path] = replaced(new[path], name, text)
        if not (options.write or options.check or options.measure):
            print(f"\n## {name}\n\n{text}")
    if options.check:
        stale = [path.name for path in pages if new[path] != pages[path]]
        if stale:
            sys.exit(f"tables do not match the counts: {', '.join(stale)}; run tests/deployment/scale.py --write")
        print("the tables of docs/scale.md and docs/operations.md match the counts")
    elif options.write or options.measure:
        for path, text in new.items():
            path.write_text(text)


if __name__ == "__main__":
    main()
