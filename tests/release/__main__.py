"""`make test-release` runs `python -m tests.release`: it checks the requirements, then runs the test."""

import os
import shutil
import sys

import pytest

from tests.ci import runner


def missing() -> list[str]:
    """Return the missing requirements of the release test."""
    variables = [f"the variable {name}" for name in ("REGISTRY", "CONTAINERS_REACH") if not os.environ.get(name)]
    return (
        runner.missing() + variables + [f"the program {name}" for name in ("docker", "git") if not shutil.which(name)]
    )


def run() -> int:
    """Run the release test, or report missing requirements and exit with status 2."""
    if lacking := missing():
        sys.stderr.write("".join(f"missing: {what}\n" for what in lacking))
        return 2
    return pytest.main(
        ["tests/release", "--verbose", "--capture", "no", "--timeout", "3600", "--exitfirst", *sys.argv[1:]]
    )


if __name__ == "__main__":
    sys.exit(run())
