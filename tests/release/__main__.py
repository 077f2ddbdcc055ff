"""`python -m tests.release`: what `make test-release` runs; says first what is missing."""

import os
import shutil
import sys

import pytest

from tests.ci import runner
from tests.release.images import PROGRAMS


def missing() -> list[str]:
    """Return what the rehearsal needs and cannot find."""
    lacking = [] if os.environ.get("REGISTRY") else ["the variable REGISTRY"]
    return (
        runner.missing() + lacking + [f"the program {name}" for name in ("docker", *PROGRAMS) if not shutil.which(name)]
    )


def run() -> int:
    """Run the rehearsal, or name what it needs, with exit status 2."""
    if lacking := missing():
        sys.stderr.write("".join(f"missing: {what}\n" for what in lacking))
        return 2
    return pytest.main(["tests/release", "--verbose", "--capture", "no", "--timeout", "3600", "--exitfirst"])


if __name__ == "__main__":
    sys.exit(run())
