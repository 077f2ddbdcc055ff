"""A repository of its own with the pipeline's scripts in it, for tests of what they do with its history."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.processes import ROOT, Result

KEPT = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "TMPDIR"}}


@dataclass(frozen=True)
class Repository:
    """A clone of an empty repository, whose first commit has `ci/`, and the programs of this checkout."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, message: str = "feat: begin") -> "Repository":
        """Make it, with that commit pushed to main."""
        origin = folder / "origin.git"
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch", "main", str(origin)], check=True)
        repository = cls(folder / "clone")
        repository.folder.mkdir()
        repository.git("init", "--quiet", "--initial-branch", "main")
        repository.git("remote", "add", "origin", str(origin))
        shutil.copytree(ROOT / "ci", repository.folder / "ci", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", repository.folder)
        (repository.folder / ".gitignore").write_text(".venv\n/build\n*.env\n__pycache__\n")
        (repository.folder / ".venv").symlink_to(ROOT / ".venv")
        repository.commit(message)
        repository.git("push", "--quiet", "origin", "main")
        return repository

    def git(self, *arguments: str) -> str:
        """Run git in it."""
        who = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "protocol.file.allow=always")
        result = subprocess.run(
            ["git", *who, *arguments], cwd=self.folder, env=KEPT, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    def commit(self, message: str) -> str:
        """Commit whatever has changed, and return the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def run(self, script: str, *arguments: str, **settings: str) -> Result:
        """Run one of its scripts with these settings only."""
        return subprocess.run(
            [f"ci/{script}.sh", *arguments],
            cwd=self.folder,
            env={**KEPT, **settings},
            capture_output=True,
            text=True,
            check=False,
        )
