"""`python -m tests.cluster`: what `make test-cluster` runs, one test after the other; says first what is missing."""

import sys

import pytest

from tests.cluster.cluster import missing

FOLDERS = ("tests/cluster", "tests/provision", "tests/gitops")


def run() -> int:
    """Run the tests, or name what they need, with exit status 2."""
    if lacking := missing():
        sys.stderr.write("".join(f"missing: {what}\n" for what in lacking))
        return 2
    return pytest.main([*FOLDERS, "-m", "cluster", "--verbose", "--timeout", "600"])


if __name__ == "__main__":
    sys.exit(run())
