"""Compares the simulator with botocore's models of the services.

    python conformance.py URL                   against a simulator that runs with the built-in scenario
    python conformance.py --start 'COMMAND'     starts its own, as often as it needs one

COMMAND is a simulator that takes `--port N`, `--scenario FILE`, `--fault FAULT` and `--enforce-rates`, such as
`target/debug/insights simulate`. Only with it can faults, limits, refused roles and accounts without the services
be tried. Both may be given; then the URL serves the good and bad calls. It ends with what was not exercised and a line
`N passed, N failed`, and exits with 1 if anything failed.
"""

import argparse
import contextlib
import importlib
import pathlib
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from functools import partial

import botocore.session

import case_auditmanager
import case_eks
import case_faults
import case_securityhub
import case_sts
import case_xray
from ledger import Ledger
from model import member_paths
from probe import Probe
from registry import operations
from violations import labels

HERE = pathlib.Path(__file__).parent
# Each service has its own file.
CASES = {
    path.stem.removeprefix("case_"): importlib.import_module(path.stem)
    for path in sorted(HERE.glob("case_*.py"))
    if path.stem != "case_faults"
}
SCENARIO = HERE / "scenario.toml"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url", nargs="?", help="where a simulator answers, such as http://127.0.0.1:4566")
    parser.add_argument("--start", metavar="COMMAND", help="how to start a simulator")
    parser.add_argument(
        "--only", choices=[*CASES, "faults"], action="append", help="only this part (repeatable)"
    )
    parser.add_argument("--verbose", action="store_true", help="print what passed, too")
    options = parser.parse_args()
    if not options.url and not options.start:
        parser.error("give the URL of a simulator, or --start COMMAND")
    only = options.only or [*CASES, "faults"]
    ledger = Ledger(options.verbose)
    with contextlib.ExitStack() as stack:
        url = options.url or stack.enter_context(started(options.start))
        registered = operations(url)
        ledger.equal("the services with a case are the registered ones", sorted(CASES), sorted(registered))
        for service, case in CASES.items():
            if service in only:
                guarded(ledger, service, partial(case.run, url.rstrip("/"), ledger))
    if options.start and "faults" in only:
        guarded(ledger, "another world", lambda: run_elsewhere(options.start, ledger))
        guarded(
            ledger,
            "faults",
            lambda: case_faults.run(lambda *faults: started(options.start, *flags(faults)), ledger),
        )
    driven = {service: names for service, names in registered.items() if service in CASES and service in only}
    for service, names in driven.items():
        left = [name for name in names if (service, name) not in ledger.called]
        ledger.true(f"every operation of {service} is called", not left, f"these are not: {left}")
    report(ledger, driven)
    if not options.start:
        print(
            "\nNot exercised without --start: faults, rate limits, refused roles, accounts where nothing is enabled."
        )
    print(f"{ledger.passed} passed, {ledger.failed} failed")
    sys.exit(1 if ledger.failed or not ledger.passed else 0)


def guarded(ledger, name, run):
    """Runs a part. An exception fails only this part."""
    try:
        run()
    except Exception as error:
        place = error.__traceback__
        while place.tb_next:
            place = place.tb_next
        where = f"{pathlib.Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}"
        ledger.check(f"{name} runs to its end", f"{type(error).__name__} at {where}: {error}")


def run_elsewhere(command, ledger):
    """Cases that the built-in scenario does not contain."""
    with started(command, "--scenario", str(SCENARIO), "--enforce-rates") as url:
        case_faults.run_rates(url, ledger)
    with started(command, "--scenario", str(SCENARIO)) as url:
        case_sts.run_refused(url, ledger)
        status = Probe("auditmanager", url, ledger).good("GetAccountStatus")["status"]
        ledger.equal("auditmanager may be pending", status, "PENDING_ACTIVATION")
        case_xray.run_sparse(url, ledger, "eu-west-2")
        case_auditmanager.run_sparse(url, ledger, "eu-west-2")
        case_eks.run_sparse(url, ledger, "eu-west-2")
        case_securityhub.run_sparse(url, ledger, "eu-west-2")
        role = {"RoleArn": "arn:aws:iam::111122223333:role/open", "RoleSessionName": "conformance"}
        keys = case_sts.keys_of(Probe("sts", url, ledger).good("AssumeRole", **role))
        case_auditmanager.run_not_set_up(url, ledger, keys)
        case_eks.run_no_cluster(url, ledger, keys)
        case_securityhub.run_not_subscribed(url, ledger, keys)
        xray, trail = Probe("xray", url, ledger, keys=keys), Probe("cloudtrail", url, ledger, keys=keys)
        groups = xray.good("GetGroups")["Groups"]
        enabled = [g for g in groups if g.get("InsightsConfiguration", {}).get("InsightsEnabled")]
        ledger.equal("xray has no group with insights there", enabled, [])
        ledger.equal("cloudtrail has no trail there", trail.good("DescribeTrails")["trailList"], [])
        ledger.equal(
            "cloudtrail has no insights there",
            trail.good("LookupEvents", EventCategory="insight")["Events"],
            [],
        )


def flags(faults):
    for fault in faults:
        yield "--fault"
        yield fault


@contextlib.contextmanager
def started(command, *arguments):
    """Starts a simulator on a free port, until the end of the context."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [*shlex.split(command), "--port", str(port), *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            if process.poll() is not None:
                raise RuntimeError(
                    f"{command} ended with {process.returncode}: {process.stderr.read()[-2000:]}"
                )
            try:
                urllib.request.urlopen(url, timeout=1).read()
                break
            except OSError:
                time.sleep(0.05)
        yield url
    finally:
        process.kill()
        process.communicate()


def report(ledger, driven):
    """The parts of the models that no check used."""
    session = botocore.session.get_session()
    for service, names in driven.items():
        model = session.get_service_model(service)
        for name in names:
            operation, key = model.operation_model(name), (service, name)
            print(f"\n{service} {name}, not exercised:")
            paths = list(member_paths(operation.output_shape)) if operation.output_shape else []
            line("members never there", [path for path in paths if path not in ledger.present[key]])
            always = [
                path for path in paths if path in ledger.present[key] and path not in ledger.absent[key]
            ]
            line("members never absent", always)
            codes = [shape.error_code for shape in operation.error_shapes]
            line("errors", [code for code in codes if code not in ledger.errors[key]])
            can, cannot = labels(operation.input_shape)
            line("constraints", sorted((can | cannot) - ledger.constraints[key]))


def line(what, items):
    print(f"  {what}: {', '.join(items) if items else 'none'}")


if __name__ == "__main__":
    main()
