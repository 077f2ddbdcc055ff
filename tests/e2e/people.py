"""Requests for a page at a constant rate during the end-to-end test, by vegeta, which needs little CPU."""

import csv
import os
import shutil
import signal
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Self

from tests.processes import ROOT

RATE = 50  # requests a second
ALONE = 5  # of these, each by a connection of its own, which costs ten times as much; others keep theirs
PACKAGE = "github.com/tsenart/vegeta/v12@v12.13.0"


def vegeta() -> Path | None:
    """Return the program: this machine's, else one built from the Go module proxy; None if neither is available."""
    built = ROOT / "build" / "bin" / "vegeta"
    if installed := shutil.which("vegeta") or (built.exists() and str(built)):
        return Path(installed)
    if not shutil.which("go"):
        return None
    environment = {**os.environ, "GOBIN": str(built.parent), "CGO_ENABLED": "0"}
    subprocess.run(["go", "install", PACKAGE], env=environment, check=True, capture_output=True)
    return built


@dataclass
class People:
    """Clients of one address during the `with` block. The figures are complete after the block."""

    url: str
    address: str  # HOST:PORT of the ingress controller
    roots: Path  # the CAs to trust, PEM
    folder: Path
    requests: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    longest_gap: float = 0.0  # seconds without a response of status 200
    seconds: float = 0.0

    def __enter__(self) -> Self:
        host = self.url.partition("://")[2].rstrip("/")
        options = (
            f"-connect-to={host}:443:{self.address}", f"-root-certs={self.roots}", "-header=Accept: application/json",
            "-duration=0", "-timeout=10s",
        )  # fmt: skip
        kinds = {"true": RATE - ALONE, "false": ALONE}
        self._results = [self.folder / f"{host}-{kept}.bin" for kept in kinds]
        self._attacks = [
            subprocess.Popen(
                [str(vegeta()), "attack", *options, f"-keepalive={kept}", f"-rate={rate}", f"-output={results}"],
                stdin=subprocess.PIPE,
            )
            for (kept, rate), results in zip(kinds.items(), self._results, strict=True)
        ]
        for attack in self._attacks:
            assert attack.stdin
            attack.stdin.write(f"GET {self.url}\n".encode())
            attack.stdin.close()
        return self

    def __exit__(self, *_: object) -> None:
        for attack in self._attacks:
            attack.send_signal(signal.SIGINT)
        for attack in self._attacks:
            attack.wait(30)
        good = []
        for file in self._results:
            encoded = subprocess.run(
                [str(vegeta()), "encode", "-to=csv", str(file)], capture_output=True, text=True, check=True
            )
            for row in csv.reader(encoded.stdout.splitlines()):
                sent, status, latency, error = row[0], row[1], row[2], row[5]
                self.requests += 1
                if status == "200":
                    good.append((int(sent) + int(latency)) / 1e9)
                else:
                    self.failures[error or status] += 1
        good.sort()
        self.longest_gap = max((later - earlier for earlier, later in pairwise(good)), default=0.0)
        self.seconds = good[-1] - good[0] if good else 0.0

    @property
    def failed(self) -> int:
        """Number of requests without a response of status 200."""
        return self.failures.total()
