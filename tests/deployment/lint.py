"""Runs cfn-lint over all templates, for one region of each partition or for all regions.

    python lint.py           one region of each partition
    python lint.py --all     all regions that cfn-lint knows

cfn-lint checks one region at a time here. With all regions in one call it takes more than ten minutes, because it combines them with
each other in the conditions of template.yaml that compare the region. `regions.py` compares the resource types with all regions
each time, so `--all` adds only the properties that differ between regions.
"""

import multiprocessing
import pathlib
import sys

from cfnlint.api import ManualArgs, lint_file
from cfnlint.helpers import REGIONS

from local import Ledger
from templates import ROOT, load

# A region of each partition with data in cfn-lint. The first is the default of cfn-lint.
OF_EACH_PARTITION = ("us-east-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1")
# Templates that need a resource type which some regions do not have, and why this is accepted. No other message is.
EXCEPTIONS = {
    "deploy/notify.yaml": (
        ("AWS::Events::Connection", "AWS::Events::ApiDestination"),
        "It needs the change feed, which a region without EventBridge Pipes does not have (IsWithoutPipes in template.yaml).",
    ),
}


def lint(region):
    """The messages for a region: template, rule, text."""
    paths = ["template.yaml", *(f"deploy/{path.name}" for path in sorted((ROOT / "deploy").glob("*.yaml")))]
    found = []
    for path in paths:
        for each in lint_file(pathlib.Path(ROOT / path), config=ManualArgs(regions=[region])):
            found.append((path, each.rule.id, each.message))
    return region, found


def main():
    ledger = Ledger()
    regions = REGIONS if "--all" in sys.argv[1:] else OF_EACH_PARTITION
    without_pipes = {each["Fn::Equals"][1] for each in load("template.yaml")["Conditions"]["IsWithoutPipes"]["Fn::Or"]}
    with multiprocessing.Pool(2) as pool:
        for region, messages in pool.imap_unordered(lint, regions):
            for path, rule, text in messages:
                types, _ = EXCEPTIONS.get(path, ((), ""))
                accepted = region in without_pipes and rule == "E3006" and any(f"'{name}'" in text for name in types)
                ledger.check(f"{region}: {path}: {rule} {text}", accepted, True)
            ledger.check(f"{region} is linted", True, True)
    print(f"{len(regions)} regions")
    ledger.finish("lint")


if __name__ == "__main__":
    main()
