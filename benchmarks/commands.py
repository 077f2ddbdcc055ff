"""Programs that the benchmark runs, and what it says when one is missing or fails."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
PEERS = Path(__file__).parent / "peers"
LONGEST = 600  # seconds that any one program may take


class MissingError(Exception):
    """The machine lacks what the benchmark needs."""


class FailedError(Exception):
    """Something did not run, or a service answered errors."""


def run(*arguments: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> str:
    """Run a program to its end and return what it printed; raises FailedError with its first line of error."""
    result = subprocess.run(
        arguments, cwd=cwd, env=env, capture_output=True, text=True, timeout=LONGEST, check=False
    )  # fmt: skip
    if result.returncode:
        lines = (result.stderr.strip() or result.stdout.strip() or "it said nothing").splitlines()
        raise FailedError(f"{Path(arguments[0]).name} {arguments[1]}: {lines[0]}")
    return result.stdout.strip()


def project(program: str, *arguments: str, database_url: str) -> None:
    """Run a command of the project, as people run it, on a database."""
    env = environment(DATABASE_URL=database_url)
    run(Path(sys.executable).with_name(program), *arguments, env=env)


def environment(**settings: str) -> dict[str, str]:
    """Return these settings, and none of those that happen to be set for the service."""
    return {"PATH": os.environ["PATH"], "HOME": str(Path.home()), **settings}


def require() -> None:
    """Raise MissingError, with one line, where the machine cannot run the benchmark."""
    if sys.platform != "linux":
        raise MissingError("the benchmark reads /proc: it needs Linux")
    for program, use in {
        "docker": "MySQL",
        "node": "the peers",
        "npm": "the peers",
        "wrk": "load",
    }.items():
        if shutil.which(program) is None:
            raise MissingError(f"{program}: not found; it is needed for {use}")
    try:
        run("docker", "version", "--format", "{{.Server.Version}}")
    except FailedError as error:
        raise MissingError(f"the Docker engine does not answer: {error}") from None
    if int(run("node", "--version").lstrip("v").split(".")[0]) < 18:  # noqa: PLR2004  what Express 5 needs
        raise MissingError("node: expected version 18 or newer")
