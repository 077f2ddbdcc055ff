"""All checks that need no cluster, on a renamed copy: `make test-rename` (NAME, default customer-portal)."""

import os
import sys
import tempfile
import time
from pathlib import Path

from tests.rename.copy import Copy

SUITES = ("chart", "ci", "infrastructure", "laptop", "provision", "releases")
COMMANDS = {
    "lint": (".venv/bin/ruff", "check", "."),
    "format": (".venv/bin/ruff", "format", "--check", "."),
    "types": (".venv/bin/mypy",),
    **{suite: (".venv/bin/pytest", "-q", "-m", "not cluster", f"tests/{suite}") for suite in SUITES},
    "terraform": ("infrastructure/check.sh",),
}


def main() -> int:
    """Print a line for each check, and the output of those that fail."""
    name = os.environ.get("NAME") or "customer-portal"
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(Path(folder))
        done = copy.rename(name)
        if done.returncode:
            print(done.stderr)
            return done.returncode
        copy.commit()
        failed = False
        for check, command in COMMANDS.items():
            start = time.monotonic()
            done = copy.run(*command)
            failed = failed or done.returncode != 0
            outcome = "failed" if done.returncode else "passed"
            print(f"{name}: {check}: {outcome} in {time.monotonic() - start:.0f} s", flush=True)
            if done.returncode:
                print(done.stdout[-6000:], done.stderr[-2000:])
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
