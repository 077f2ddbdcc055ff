"""Load as heavy as a service can bear: a new request on a connection as soon as the last is answered."""

import json
from dataclasses import dataclass
from pathlib import Path

from benchmarks.commands import FailedError, run

CONNECTIONS = 32
PATIENCE = 60  # seconds before an answer counts as missing
SCRIPT = Path(__file__).with_name("load.lua")


@dataclass(frozen=True, slots=True)
class ClosedLoop:
    """What wrk saw; latencies in seconds."""

    requests: int
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Requests answered in a second."""
        return self.requests / self.seconds


def closed_loop(port: int, seconds: int) -> ClosedLoop:
    """Load a service for some seconds; raises FailedError where it answered errors."""
    size = ["--threads", "1", "--connections", str(CONNECTIONS), "--duration", str(seconds), "--timeout", str(PATIENCE)]
    output = run("wrk", *size, "--script", SCRIPT, f"http://127.0.0.1:{port}/")
    seen = json.loads(output.splitlines()[-1])
    if errors := seen.pop("errors"):
        raise FailedError(f"{errors} of {seen['requests']} requests were not answered with a page")
    return ClosedLoop(**seen)
