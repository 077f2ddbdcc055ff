"""`python -m tests.e2e`: what `make e2e` runs, one test after the other; says first what is missing."""

import sys

import pytest

from tests.e2e.cluster import missing

FOLDERS = ("tests/e2e", "tests/provision", "tests/releases")


def run() -> int:
    """Run the tests, or name what they need, with exit status 2."""
    if lacking := missing():
        sys.stderr.write("".join(f"missing: {what}\n" for what in lacking))
        return 2
    return pytest.main([*FOLDERS, "-m", "cluster", "--verbose", "--timeout", "600"])


if __name__ == "__main__":
    sys.exit(run())
