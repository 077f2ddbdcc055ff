"""A release without a runner, by hack/kind/release.sh: it runs the scripts of the jobs that release."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import requests

from tests.ci.runner import PIPELINE, WHOLE
from tests.processes import ROOT
from tests.release.conftest import Project, new_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a project with a first commit that can be released, and a registry on this machine."""
    registry = f"localhost:{os.environ['REGISTRY'].rpartition(':')[2]}"
    try:
        requests.get(f"http://{registry}/v2/", timeout=2).raise_for_status()
    except requests.RequestException:
        pytest.skip(f"no registry at {registry}")  # Docker pushes by plain HTTP to this machine only
    if subprocess.run(["docker", "buildx", "version"], capture_output=True, check=False).returncode:
        pytest.skip("no buildx: install Docker's plugin")  # jobs have it in their image
    if not shutil.which("skopeo"):
        pytest.skip("no skopeo: install it")  # jobs install it themselves
    monkeypatch.setenv("REGISTRY", registry)
    monkeypatch.setenv(PIPELINE, str(ROOT / "hack/kind/release.sh"))
    monkeypatch.setenv(WHOLE, "false")
    return new_project("laptop", tmp_path)


@pytest.mark.timeout(1200)
def test_release(project: Project) -> None:
    """Each merge is tagged and published once, under one number; a failed notification of Flux ends nothing."""
    project.tell(FLUX_RECEIVERS="http://127.0.0.1:1/hook", RECEIVER_TOKEN="shared")

    first, again = (project.pipeline(f"laptop-{name}").wait() for name in ("first", "again"))
    assert (first.passed, again.passed) == (True, True), first.log
    assert first.has("published oci://")
    assert first.has("Flux was not told")
    assert again.output.count("is there already, with") == 2

    project.clone.commit("docs: say more")
    assert project.pipeline("laptop-docs").wait().has("nothing to release")
    second = project.clone.commit("fix: mend it")
    assert project.pipeline("laptop-fix").wait().passed

    assert project.registry.versions() == project.registry.versions("/charts/app") == ["1.0.0", "1.0.1"]
    assert set(project.tags()) == {"v1.0.0", "v1.0.1"}
    assert project.tags()["v1.0.1"] == second == project.registry.labels("1.0.1")["org.opencontainers.image.revision"]
    assert project.registry.chart("1.0.1")["appVersion"] == "1.0.1"
