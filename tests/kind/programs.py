"""Stand-ins for the programs that create a cluster: they record their calls, and remember the objects."""

import os
import subprocess
import sys
from pathlib import Path

from tests.processes import ROOT, Result

COREFILE = '{"data": {"Corefile": ".:53 {\\\\n    errors\\\\n}\\\\n"}}'
PROGRAMS = {
    "docker": """
case $1 in
container) [ -e "$made/$3" ] ;;
run) while [ "$1" != --name ]; do shift; done; touch "$made/$2" ;;
exec) cat >>"$made/exec" ;;
esac
""",
    "kind": """
case "$1 $2" in
"get clusters") [ ! -e "$made/app-loop-control-plane" ] || echo app-loop ;;
"create cluster") touch "$made/app-loop-control-plane" ;;
esac
""",
    "kubectl": f"""
case "$*" in
*"get secret pebble"*) [ -e "$made/secret" ] && echo authority ;;
*"create secret"*) touch "$made/secret" ;;
*"get configmap coredns"*) cat "$made/corefile" 2>/dev/null || printf '{COREFILE}' ;;
*"replace --filename -"*) cat >"$made/corefile" ;;
*"--filename -"*) cat >/dev/null ;;
esac
""",
    **dict.fromkeys(("helm", "kubeseal", "skopeo", "vegeta", "chromium"), "\n"),
}


class Laptop:
    """Copy of the scripts, and a machine with these programs in front of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.made = folder / "made"
        self._programs = folder / "programs"
        (folder / "hack").mkdir(parents=True)
        (folder / "hack/kind").symlink_to(ROOT / "hack/kind")
        (folder / ".venv").symlink_to(sys.prefix)
        self.made.mkdir()
        self._programs.mkdir()
        for name, script in PROGRAMS.items():
            program = self._programs / name
            program.write_text(f'#!/bin/sh\nmade={self.made}\necho "{name} $*" >>$made/calls\n{script}')
            program.chmod(0o755)

    def run(self, *arguments: str, path: str = "") -> Result:
        """Run laptop.sh with these programs, or only with those of the path."""
        kept = {"PATH": path or f"{self._programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            [self._folder / "hack/kind/laptop.sh", *arguments],
            env=kept, cwd=self._folder, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def calls(self, words: str) -> int:
        """Return how often a program was called with arguments that begin with these words."""
        return sum(line.startswith(words) for line in (self.made / "calls").read_text().splitlines())
