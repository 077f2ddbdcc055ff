"""A copy of the checkout, with a git history of one commit, to rename."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.processes import ROOT, Result

IDENTITY = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
RUFF = Path(sys.executable).with_name("ruff")


class Copy:
    """A renamed, or still to be renamed, copy of this checkout."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        files = self._output("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", folder=ROOT)
        for path in {*files.split("\0"), "app/version.txt"} - {""}:
            if (source := ROOT / path).is_file():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, folder / path)
        (folder / ".venv").symlink_to(Path(sys.executable).parents[1])
        self._output("git", "init", "--quiet", "--initial-branch", "main")
        (folder / ".git/info/exclude").write_text("/.venv\n")  # .gitignore has only the folder
        self.commit()

    def commit(self) -> None:
        """Commit everything."""
        self._output("git", "add", "--all")
        self._output("git", *IDENTITY, "commit", "--quiet", "--allow-empty", "--message", "chore: save")

    def rename(self, name: str, domain: str = "shop.example.com") -> Result:
        """Run `make rename`."""
        return self.run(
            "make", "--silent", "--old-file", ".venv/dev.stamp", "rename", f"NAME={name}", f"DOMAIN={domain}"
        )

    def run(self, *command: str) -> Result:
        """Run a command in the copy."""
        of_callers = ("PYTEST_", "COV_", "MAKE", "MFLAGS")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(of_callers)}
        return subprocess.run(command, cwd=self.folder, env=kept, capture_output=True, text=True, check=False)

    def changes(self) -> str:
        """Return the uncommitted changes, one line each."""
        return self._output("git", "status", "--porcelain")

    def texts(self) -> dict[str, str]:
        """Return the text of each file that git knows, without those that are about the old name."""
        paths = [Path(path) for path in self._output("git", "ls-files", "-z").split("\0") if path]
        return {
            str(path): (self.folder / path).read_text(encoding="utf-8")
            for path in paths
            if path.suffix != ".png" and path.parts[:2] != ("tests", "rename") and path.name != "rename.py"
        }

    def _output(self, *command: str, folder: Path | None = None) -> str:
        return subprocess.run(command, cwd=folder or self.folder, capture_output=True, text=True, check=True).stdout
