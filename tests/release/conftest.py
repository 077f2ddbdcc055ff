"""What the rehearsal has: a project of its own, and the report."""

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import report
from tests.ci.runner import Clone, new_repository, run, whole
from tests.ci.test_file import images as pipeline_images
from tests.release import images
from tests.release.pipeline import Pipeline
from tests.release.registry import Registry

HEAD = "| merge | pipeline | outcome | merge to published |", "|---|---|---|--:|"

# Project variables, as a maintainer sets them on GitLab; the key is made for this rehearsal.
VARIABLES = {"COSIGN_PASSWORD": "rehearsal", "REGISTRY_INSECURE": "true", "SCAN_WITHOUT_DATABASE": "allowed"}
# `make test` runs all; here it is the rest of the pipeline that is rehearsed, and some releases of the loop are bad on
# purpose, which other tests would find. Without further processes MySQL is not started.
FEW_TESTS = {"TESTS": "tests/app/test_settings.py", "PROCESSES": "0"}


@dataclass(frozen=True)
class Project:
    """A repository, what its pipelines published, and what they are told."""

    clone: Clone
    registry: Registry
    variables: Path

    def tell(self, **variables: str) -> None:
        """Set these project variables too, for the pipelines from now on."""
        known = json.loads(self.variables.read_text()) if self.variables.exists() else {}
        self.variables.write_text(json.dumps({**known, **variables}))

    def tags(self) -> dict[str, str]:
        """Return the repository's tags, and the commit of each."""
        lines = self.clone.git("ls-remote", "--tags", "origin").splitlines()
        tags = {ref.removeprefix("refs/tags/"): commit for commit, ref in (line.split() for line in lines)}
        return {tag: tags.get(f"{tag}^{{}}", commit) for tag, commit in tags.items() if not tag.endswith("^{}")}

    def tell_file(self, name: str, text: str) -> None:
        """Set a project variable of the kind that jobs get as a file."""
        known = json.loads(self.variables.read_text())
        self.variables.write_text(json.dumps({**known, name: {"type": "file", "values": {"*": text}}}))

    def pipeline(
        self, name: str, event: str = "main", clone: Clone | None = None, options: Sequence[str] = (), **settings: str
    ) -> Pipeline:
        """Begin the pipeline of an event."""
        clone = clone or self.clone
        return Pipeline(name, clone, event, *options, PIPELINE_VARIABLES=str(self.variables), **settings)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project whose first commit could be released."""
    return new_project("rehearsal", tmp_path_factory.mktemp("rehearsal"))


def new_project(group: str, folder: Path) -> Project:
    """Return a new project with this checkout's files in its only commit, of which no pipeline has run."""
    variables = {**VARIABLES, **FEW_TESTS}
    if whole():  # else no job runs in an image, and none signs
        images.provide()
        images.provide_programs(os.environ["REGISTRY"])
        variables["COSIGN_PRIVATE_KEY"] = _signing_key(folder)
    name = f"{group}/app-{int(time.time())}"
    clone = Clone.of(new_repository(name), folder / "clone")
    clone.git("checkout", "--quiet", "--orphan", "first")  # history without a release
    clone.git("branch", "--quiet", "--delete", "--force", "main")
    clone.git("branch", "--quiet", "--move", "main")
    clone.commit("feat: begin")
    clone.git("push", "--quiet", "origin", "HEAD:main")
    project = Project(clone, Registry(name), folder / "variables.yml")
    project.tell(**variables)
    return project


def _signing_key(folder: Path) -> str:
    (cosign,) = (image for image in pipeline_images() if "cosign" in image)
    container = run(
        "docker", "create", "--env", "COSIGN_PASSWORD=rehearsal", "--workdir", "/tmp",  # noqa: S108  the container's
        "--entrypoint", "cosign", cosign, "generate-key-pair",
    ).strip()  # fmt: skip
    run("docker", "start", "--attach", container)
    for file in ("cosign.key", "cosign.pub"):
        run("docker", "cp", f"{container}:/tmp/{file}", str(folder))
    run("docker", "rm", container)
    return (folder / "cosign.key").read_text()


Outcome = Callable[[str, Pipeline, str], None]


@pytest.fixture
def outcome(request: pytest.FixtureRequest) -> Outcome:
    """Return a function that adds a row to the report: what was merged, its pipeline, what came of it."""

    def add(what: str, pipeline: Pipeline, result: str) -> None:
        after = f"{pipeline.published_after:.0f} s" if pipeline.published_after else ""
        report.add(request.config, what, "passed" if pipeline.passed else "failed", result, after)

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the report, and keep it as a file."""
    report.show(terminalreporter, config, "rehearsal", HEAD)
