"""A copy of the repository's scripts, with an environment of the test's own, so that no real one is touched."""

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

from tests.processes import ROOT, Result

RECORDED = ("helm", "jq", "kubectl", "kubeseal", "sed", "git")
PROGRAMS = ("bash", "helm", "jq", "kubectl", "python3")  # that the scripts need


class Checkout:
    """The folders `provision/` and `releases/`, with a new environment beside dev, staging and prod."""

    def __init__(self, folder: Path, environment: str) -> None:
        self.folder = folder
        self.environment = environment
        self.namespace = f"app-{environment}"
        for name in ("provision", "releases"):
            shutil.copytree(ROOT / name, folder / name)
        (folder / "releases/dev").rename(folder / "releases" / environment)
        for path in (folder / "releases" / environment).rglob("*.y*ml"):
            path.write_text(re.sub(r"\bdev\b", environment, path.read_text()))
        self._programs = folder.parent / "programs"
        self._arguments = folder.parent / "arguments"
        self._record()

    def run(self, script: str, *arguments: str, text: str = "", **settings: str) -> Result:
        """Run a script of `provision/` for the environment, with these settings only."""
        kept = {name: value for name, value in os.environ.items() if name in {"HOME", "LANG", "TMPDIR"}}
        path = f"{self._programs}:{os.environ['PATH']}"
        return subprocess.run(
            [self.folder / "provision" / f"{script}.sh", *arguments],
            env={**kept, "PATH": path, "ENVIRONMENT": self.environment, **settings},
            cwd=self.folder, input=text, capture_output=True, text=True, check=False, errors="surrogateescape",
        )  # fmt: skip

    def arguments(self) -> str:
        """Return all arguments that programs were given, as every user of the machine could have seen them."""
        return self._arguments.read_text()

    def replace(self, name: str, script: str) -> None:
        """Put a shell script in the place of a program."""
        (self._programs / name).write_text(f"#!/bin/sh\n{script}")

    def _record(self) -> None:
        """Put programs before the real ones; they record their arguments."""
        self._arguments.touch()
        self._programs.mkdir()
        for name in RECORDED:
            if real := shutil.which(name):
                program = self._programs / name
                program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >>{self._arguments}\nexec {real} "$@"\n')
                program.chmod(program.stat().st_mode | stat.S_IXUSR)
