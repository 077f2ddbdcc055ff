"""One run of the pipeline: its output, its outcome, and the duration of a release."""

import os
import re
import signal
import subprocess
import threading
import time

from tests.ci.runner import Clone
from tests.processes import ROOT

LOGS = ROOT / "build" / "release"
COLOURS = re.compile(r"\x1b\[[\d;]*m")


class Pipeline:
    """A running pipeline. Its log is kept in build/release/NAME.log."""

    def __init__(self, name: str, clone: Clone, event: str, *options: str, **settings: str) -> None:
        LOGS.mkdir(parents=True, exist_ok=True)
        self.log = LOGS / f"{name}.log"
        self.published_after: float | None = None  # seconds
        self.seconds = 0.0  # from its begin to its end
        self._lines: list[str] = []
        self._begin = time.monotonic()
        self._process = subprocess.Popen(
            clone.command(event, *options), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True, env={**os.environ, **settings},
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        with self.log.open("w") as log:
            for line in self._process.stdout:
                plain = COLOURS.sub("", line)
                log.write(plain)
                log.flush()
                self._lines.append(plain)
                if "published oci://" in plain:
                    self.published_after = time.monotonic() - self._begin

    def wait(self) -> "Pipeline":
        """Wait for the end of the pipeline."""
        self._process.wait(3600)
        self.seconds = time.monotonic() - self._begin
        self._reader.join(10)
        assert self._process.stdout
        self._process.stdout.close()
        return self

    def wait_for(self, text: str) -> None:
        """Wait until the pipeline has printed a text, with any spaces in it."""
        pattern = r"\s+".join(map(re.escape, text.split()))
        while not re.search(pattern, self.output):
            assert self._process.poll() is None, f"ended without printing {text!r}: see {self.log}"
            time.sleep(0.2)

    def kill(self) -> "Pipeline":
        """Kill the pipeline, as when a runner is lost."""
        os.killpg(self._process.pid, signal.SIGINT)
        return self.wait()

    @property
    def passed(self) -> bool:
        """Return whether every job passed that has to."""
        return self._process.returncode == 0

    @property
    def jobs(self) -> dict[str, float]:
        """Return the jobs that ended, and the seconds that each took."""
        units = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0}
        found = re.findall(r"\] (\S+) +finished in ([\d.]+) (ms|s|min|m)\b", self.output)
        return {name: float(number) * units[unit] for name, number, unit in found}

    @property
    def output(self) -> str:
        """Return the output so far."""
        return "".join(self._lines)

    def has(self, text: str) -> bool:
        """Return whether the pipeline printed that."""
        return text in self.output

    def began(self, job: str) -> bool:
        """Return whether a job was started."""
        return re.search(rf"\] {job} +starting ", self.output) is not None

    def printed(self, job: str, text: str) -> bool:
        """Return whether a job printed that."""
        return re.search(rf"\] {job} +> .*{re.escape(text)}", self.output) is not None

    def value(self, name: str) -> str:
        """Return a value that a job printed as NAME=VALUE."""
        found = re.findall(rf"\b{name}=(\S+)", self.output)
        assert found, f"{name} is not in {self.log}"
        return str(found[-1])
