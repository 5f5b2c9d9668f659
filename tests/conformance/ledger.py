"""Counts the passed and failed checks, and records which parts of the models were used, to report the others."""

from collections import defaultdict


class Ledger:
    """The checks so far."""

    def __init__(self, verbose=False):
        self.passed = 0
        self.failed = 0
        self.verbose = verbose
        self.present = defaultdict(set)
        self.absent = defaultdict(set)
        self.errors = defaultdict(set)
        self.constraints = defaultdict(set)
        self.called = set()

    def check(self, name, problem=None):
        """Counts the check `name`; it failed if there is a `problem`, which is printed."""
        if problem:
            self.failed += 1
            print(f"FAILED  {name}: {problem}", flush=True)
        else:
            self.passed += 1
            if self.verbose:
                print(f"ok      {name}", flush=True)
        return not problem

    def equal(self, name, found, expected):
        """Checks that `found` equals the expected value."""
        return self.check(name, None if found == expected else f"expected {expected!r}, found {found!r}")

    def true(self, name, condition, otherwise):
        """Checks that `condition` is true; `otherwise` is the problem if it is not."""
        return self.check(name, None if condition else otherwise)
