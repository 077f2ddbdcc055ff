"""Repository with the pipeline's scripts, for tests that run them on its history."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.processes import ROOT, Result

KEPT = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "TMPDIR"}}


@dataclass(frozen=True)
class Repository:
    """Clone of an empty repository, with `ci/` and the programs of this checkout in its first commit."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, message: str = "feat: begin") -> "Repository":
        """Create the repository, and push that commit to main."""
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
        """Run git in the repository."""
        who = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "protocol.file.allow=always")
        result = subprocess.run(
            ["git", *who, *arguments], cwd=self.folder, env=KEPT, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    def commit(self, message: str) -> str:
        """Commit all changes, and return the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def run(self, script: str, *arguments: str, **settings: str) -> Result:
        """Run one of the scripts with these settings only."""
        return subprocess.run(
            [f"ci/{script}.sh", *arguments],
            cwd=self.folder,
            env={**KEPT, **settings},
            capture_output=True,
            text=True,
            check=False,
        )
