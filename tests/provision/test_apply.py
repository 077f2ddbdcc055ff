"""How a job tells that it has changed something."""

import json
import os
import subprocess
from typing import Any

import pytest

from tests.processes import ROOT
from tests.requirements import require

SECRET = {"kind": "Secret", "metadata": {"name": "app-mysql", "resourceVersion": "7"}}
SOURCE = {"kind": "GitRepository", "metadata": {"name": "app", "resourceVersion": "7", "generation": 1}}


def versions(*objects: dict[str, Any]) -> list[str]:
    """Return a line for each object, as `apply` compares them."""
    require("bash", "jq", "kubectl", "helm")
    return subprocess.run(
        ["bash", "-c", ". provision/job.sh && versions", "job.sh"],
        cwd=ROOT, env={**os.environ, "ENVIRONMENT": "dev"}, input=json.dumps({"items": objects}),
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip


def changed(before: dict[str, Any], **metadata: object) -> bool:
    """Whether an object with such metadata counts as changed."""
    after = {**before, "metadata": {**before["metadata"], **metadata}}
    return versions(before) != versions(after)


def test_what_a_controller_writes_is_no_change() -> None:
    """A status that changes between two looks should not count, as nothing was asked for."""
    assert not changed(SOURCE, resourceVersion="8")


@pytest.mark.parametrize(
    ("before", "metadata"),
    [
        (SOURCE, {"resourceVersion": "8", "generation": 2}),
        (SOURCE, {"resourceVersion": "8", "annotations": {"cert-manager.io/cluster-issuer": "letsencrypt"}}),
        (SECRET, {"resourceVersion": "8"}),
    ],
)
def test_what_we_write_is_a_change(before: dict[str, Any], metadata: dict[str, object]) -> None:
    """Another specification, other annotations, or other data should count."""
    assert changed(before, **metadata)


def test_each_is_named() -> None:
    """Each object should be named by its kind."""
    assert [line.split()[0] for line in versions(SECRET, SOURCE)] == ["Secret/app-mysql", "GitRepository/app"]
