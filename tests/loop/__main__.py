"""`python -m tests.loop`: what `make loop` runs; says first what is missing."""

import os
import shutil
import sys

import pytest

from tests.ci import runner
from tests.e2e import cluster
from tests.loop.people import vegeta
from tests.loop.screenshots import browser

VARIABLES = ("DOMAIN", "ROOT_CERTIFICATE", "RECEIVER_ADDRESS", *(["CONTAINERS_REACH"] if runner.whole() else []))
PROGRAMS = ("git", "make")


def missing() -> list[str]:
    """Return what the loop needs and cannot find."""
    variables = [f"the variable {name}" for name in VARIABLES if not os.environ.get(name)]
    programs = [f"the program {name}" for name in PROGRAMS if not shutil.which(name)]
    if vegeta() is None:
        programs.append("the program vegeta, or go to build it")
    if browser() is None:
        programs.append("the program chromium, or google-chrome")
    return runner.missing() + cluster.missing() + variables + programs


def run() -> int:
    """Run the loop, or name what it needs, with exit status 2."""
    if lacking := missing():
        sys.stderr.write("".join(f"missing: {what}\n" for what in lacking))
        return 2
    return pytest.main(["tests/loop", "--verbose", "--capture", "no", "--timeout", "1800", "--maxfail", "2"])


if __name__ == "__main__":
    sys.exit(run())
