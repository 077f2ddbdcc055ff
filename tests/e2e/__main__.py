"""`make test-e2e` runs `python -m tests.e2e`: it checks the requirements, then runs the test."""

import os
import shutil
import sys

import pytest

from tests.ci import runner
from tests.cluster import cluster
from tests.e2e.people import vegeta
from tests.e2e.screenshots import browser

VARIABLES = ("DOMAIN", "ROOT_CERTIFICATE", "RECEIVER_ADDRESS", *(["CONTAINERS_REACH"] if runner.whole() else []))
PROGRAMS = ("git", "make")


def missing() -> list[str]:
    """Return the missing programs and settings."""
    variables = [f"the variable {name}" for name in VARIABLES if not os.environ.get(name)]
    programs = [f"the program {name}" for name in PROGRAMS if not shutil.which(name)]
    if vegeta() is None:
        programs.append("the program vegeta, or go to build it")
    if browser() is None:
        programs.append("the program chromium, or google-chrome")
    return runner.missing() + cluster.missing() + variables + programs


def run() -> int:
    """Run the end-to-end test, or report missing requirements and exit with status 2."""
    if lacking := missing():
        sys.stderr.write("".join(f"missing: {what}\n" for what in lacking))
        return 2
    return pytest.main(["tests/e2e", "--verbose", "--capture", "no", "--timeout", "1800", "--maxfail", "2"])


if __name__ == "__main__":
    sys.exit(run())
