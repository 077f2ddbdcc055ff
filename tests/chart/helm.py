"""Helm, as the tests use it: on files only, never on a cluster."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.chart.rendered import Rendered
from tests.requirements import require

NAME = "app"  # of the chart and the release
CHART = Path(__file__).parents[2] / "charts" / NAME
KUBERNETES = "1.34.0"  # told to Helm, which asks no cluster and by itself assumes one of its own age
Values = dict[str, Any]


class Helm:
    """The program `helm` with one release, `app` in `app-dev`, as everywhere in the project."""

    def __init__(self) -> None:
        require("helm")
        self._rendered: dict[tuple[Path, str, str], Rendered] = {}  # many tests look at the same values

    def run(self, *arguments: str, values: Values | None = None) -> subprocess.CompletedProcess[str]:
        """Run it with these values over the chart's own, and return its result, also if it fails."""
        return subprocess.run(
            ["helm", *arguments],
            input=json.dumps(values or {}),
            check=False,
            capture_output=True,
            text=True,
        )

    def template(self, values: Values | None = None, chart: Path = CHART, release: str = NAME) -> Rendered:
        """Return the objects that an install of the chart would create."""
        key = (chart, release, json.dumps(values, sort_keys=True))
        if key not in self._rendered:
            done = self._template(chart, values, release)
            assert done.returncode == 0, done.stderr
            self._rendered[key] = Rendered(done.stdout)
        return self._rendered[key]

    def refusal(self, values: Values) -> str:
        """Return the error message for values that the chart refuses."""
        done = self._template(CHART, values)
        assert done.returncode == 1, "accepted"
        return done.stderr

    def _template(self, chart: Path, values: Values | None, release: str = NAME) -> subprocess.CompletedProcess[str]:
        options = ("--namespace", "app-dev", "--kube-version", KUBERNETES, "--values", "-")
        return self.run("template", release, str(chart), *options, values=values)
