"""Runner of the project's own pipeline on this machine, and the place of its repositories."""

import json
import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.processes import ROOT

# A command that runs DIR/.gitlab-ci.yml as GitLab does for an event: `PIPELINE EVENT DIR [OPTIONS]`
PIPELINE = "PIPELINE"
# A command that creates an empty repository of that name, and prints its address: `NEW_REPOSITORY NAME`
NEW_REPOSITORY = "NEW_REPOSITORY"
# Whether that command runs the whole file, for every event (true, the default), or a release's scripts, for `main`
WHOLE = "PIPELINE_WHOLE"


def missing() -> list[str]:
    """Return the names of the missing settings."""
    return [f"the variable {name}" for name in (PIPELINE, NEW_REPOSITORY) if not os.environ.get(name)]


def whole() -> bool:
    """Whether it runs the whole file."""
    return os.environ.get(WHOLE, "true") == "true"


def new_repository(name: str) -> str:
    """Return the address of a new and empty repository."""
    return run(*shlex.split(os.environ[NEW_REPOSITORY]), name).strip()


def run(*command: str, cwd: Path = ROOT) -> str:
    """Run a command that has to succeed, and return its output."""
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{' '.join(command)}: {result.stdout}{result.stderr}"
    return result.stdout


@dataclass(frozen=True)
class Clone:
    """Clone of this checkout; its origin is a repository on the runner."""

    folder: Path
    origin: str

    @classmethod
    def of(cls, origin: str, folder: Path) -> "Clone":
        """Clone this checkout's commit into that folder."""
        run("git", "clone", "--quiet", "--no-tags", str(ROOT), str(folder))
        clone = cls(folder, origin)
        clone.git("remote", "set-url", "origin", origin)
        clone.git("checkout", "--quiet", "-B", "main")
        for setting in ("user.name=Test", "user.email=test@example.com"):
            clone.git("config", *setting.split("="))
        return clone

    def git(self, *arguments: str) -> str:
        """Run git in the clone."""
        return run("git", *arguments, cwd=self.folder).strip()

    def commit(self, message: str, **files: str) -> str:
        """Commit these files, or nothing, and return the commit."""
        for path, text in files.items():
            (self.folder / path).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def command(self, event: str, *options: str) -> list[str]:
        """Return the command that runs the pipeline of an event."""
        return [*shlex.split(os.environ[PIPELINE]), event, str(self.folder), *options]

    def jobs(self, event: str, *options: str) -> dict[str, str]:
        """Return the jobs that the pipeline of an event would have, and when each runs; run nothing."""
        result = run(*self.command(event, *options, "--list-json"))
        return {job["name"]: job["when"] for job in json.loads(result)}
