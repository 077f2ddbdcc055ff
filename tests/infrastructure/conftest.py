"""Fixtures of the tests of the infrastructure: the API, and the scripts that use it."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.infrastructure.apis import ORGANIZATION, TOKEN, Api, api
from tests.processes import ROOT, Result, environment
from tests.requirements import require

Script = Callable[..., Result]


@pytest.fixture
def hcp() -> Iterator[Api]:
    """Return HCP Terraform's API, without any workspace."""
    with api() as served:
        yield served


@pytest.fixture
def script(hcp: Api, tmp_path: Path) -> Script:
    """Return a function that runs a script of provision/ with the settings of a pipeline, and with others."""
    require("jq", "curl")

    def run(name: str, *arguments: str | Path, **settings: str) -> Result:
        pipeline = {
            "ENVIRONMENT": "dev",
            "TF_CLOUD_ORGANIZATION": ORGANIZATION,
            "TF_TOKEN_app_terraform_io": TOKEN,
            "TF_API": hcp.address,
        }
        return subprocess.run(
            [ROOT / "provision" / name, *arguments],
            cwd=tmp_path, env=environment(None, **(pipeline | settings)),
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    return run


def refusal(result: Result) -> str:
    """Return the one line with which something was refused."""
    assert result.returncode == 2, (result.returncode, result.stderr)
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1, result.stderr
    return result.stderr.removesuffix("\n").removeprefix("terraform-outputs: ")
