"""Fixtures of the release test: a project with a repository and a registry of its own, GitLab's API, and the report."""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import report
from tests.ci.api import Server, serving
from tests.ci.runner import Clone, new_repository, run, whole
from tests.ci.test_file import sequence
from tests.processes import ROOT
from tests.release.pipeline import Pipeline
from tests.release.registry import Registry

HEAD = (
    "| merge | pipeline | outcome | merge to published | jobs | in sequence | job minutes |",
    "|---|---|---|--:|--:|--:|--:|",
)

# Project variables, as a maintainer sets them on GitLab
VARIABLES = {"COSIGN_PASSWORD": "password", "REGISTRY_INSECURE": "true", "SCAN_WITHOUT_DATABASE": "allowed"}
# One pipeline runs all of `make test`; the others test the rest of the pipeline. Without further processes MySQL is not
# started.
FEW_TESTS = {"TESTS": "tests/app/test_settings.py", "PROCESSES": "0"}


@dataclass(frozen=True)
class Project:
    """Repository, its published artifacts, and its project variables."""

    clone: Clone
    registry: Registry
    variables: Path

    def tell(self, **variables: str) -> None:
        """Set these project variables too, for the pipelines from now on."""
        known = json.loads(self.variables.read_text()) if self.variables.exists() else {}
        self.variables.write_text(json.dumps({**known, **variables}))

    def forget(self, *names: str) -> None:
        """Unset these project variables."""
        known = json.loads(self.variables.read_text())
        self.variables.write_text(json.dumps({name: value for name, value in known.items() if name not in names}))

    def tags(self) -> dict[str, str]:
        """Return the repository's tags, and the commit of each."""
        lines = self.clone.git("ls-remote", "--tags", "origin").splitlines()
        tags = {ref.removeprefix("refs/tags/"): commit for commit, ref in (line.split() for line in lines)}
        return {tag: tags.get(f"{tag}^{{}}", commit) for tag, commit in tags.items() if not tag.endswith("^{}")}

    def tell_file(self, name: str, text: str) -> None:
        """Set a project variable of the type File."""
        known = json.loads(self.variables.read_text())
        self.variables.write_text(json.dumps({**known, name: {"type": "file", "values": {"*": text}}}))

    def pipeline(
        self, name: str, event: str = "main", clone: Clone | None = None, options: Sequence[str] = (), **settings: str
    ) -> Pipeline:
        """Start the pipeline of an event."""
        clone = clone or self.clone
        return Pipeline(name, clone, event, *options, PIPELINE_VARIABLES=str(self.variables), **settings)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project with a first commit that can be released."""
    return new_project("release", tmp_path_factory.mktemp("release"))


def new_project(group: str, folder: Path) -> Project:
    """Return a new project with this checkout's files in its only commit, which no pipeline has seen."""
    name = f"{group}/app-{int(time.time())}"
    clone = Clone.of(new_repository(name), folder / "clone")
    clone.git("checkout", "--quiet", "--orphan", "first")  # history without a release
    clone.git("branch", "--quiet", "--delete", "--force", "main")
    clone.git("branch", "--quiet", "--move", "main")
    clone.commit("feat: begin")
    project = Project(clone, Registry(name), folder / "variables.yml")
    project.tell(**VARIABLES, **FEW_TESTS)
    if whole():  # else no job signs
        project.tell_file("COSIGN_PRIVATE_KEY", _signing_key())
    clone.git("push", "--quiet", "origin", "HEAD:main")
    return project


def _signing_key() -> str:
    """Return a new key, in the format of cosign, by the program that signs."""
    commands = "ci/install-packages.sh cosign && cd /tmp && cosign generate-key-pair >&2 && cat cosign.key"
    return run(
        "docker", "run", "--rm", "--env", f"COSIGN_PASSWORD={VARIABLES['COSIGN_PASSWORD']}",
        "--volume", f"{ROOT}/ci:/src/ci:ro", "--workdir", "/src", "python:3.13", "sh", "-c", commands,
    ).partition("installing cosign …\n")[2]  # fmt: skip


@pytest.fixture
def api() -> Iterator[Server]:
    """Return a stand-in for GitLab's API, at an address that jobs reach."""
    with serving(os.environ["CONTAINERS_REACH"]) as server:
        yield server


Outcome = Callable[[str, Pipeline, str], None]


@pytest.fixture
def outcome(request: pytest.FixtureRequest) -> Outcome:
    """Return a function that adds a row to the report: the merge, its pipeline, the result, and the figures."""

    def add(what: str, pipeline: Pipeline, result: str) -> None:
        jobs = pipeline.jobs
        cells = (
            what,
            "passed" if pipeline.passed else "failed",
            result,
            f"{pipeline.published_after:.0f} s" if pipeline.published_after else "",
            str(len(jobs)),
            str(max(len([job for job in sequence(name) if job in jobs]) for name in jobs)) if jobs else "",
            f"{sum(jobs.values()) / 60:.1f}",
        )
        report.add(request.config, *cells)

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the report, and write it to a file."""
    report.show(terminalreporter, config, "release", HEAD)
