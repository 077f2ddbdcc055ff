"""`make test-cluster` runs `python -m tests.cluster`: it checks the requirements, then runs the tests in sequence."""

import sys

import pytest

from tests.cluster.cluster import missing

FOLDERS = ("tests/cluster", "tests/provision", "tests/gitops")


def run() -> int:
    """Run the tests, or report missing requirements and exit with status 2."""
    if lacking := missing():
        sys.stderr.write("".join(f"missing: {what}\n" for what in lacking))
        return 2
    return pytest.main([*FOLDERS, "-m", "cluster", "--verbose", "--timeout", "600"])


if __name__ == "__main__":
    sys.exit(run())
