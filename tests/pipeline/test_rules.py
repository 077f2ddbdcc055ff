"""Which jobs each event has, found by running the rules."""

import os
import shlex

import pytest

from tests.pipeline.runner import Clone, missing, new_repository

CHECKS = {"lint", "secrets", "chart", "test", "version"}
IMAGE = {"build", "sbom", "scan"}
RELEASE = {"tag", "publish-image", "publish-chart", "sign", "gitlab-release"}
EVENTS = {
    "merge-request": {*CHECKS, "commits", "build"},
    "main": CHECKS | IMAGE | RELEASE,
    "web": CHECKS | IMAGE | RELEASE,
    "schedule": {"test"} | IMAGE,
    "tag v1.2.3": set[str](),
}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """Return a clone whose rules the runner can read."""
    if lacking := missing():
        pytest.skip(f"no runner of pipelines: missing {', '.join(lacking)}")
    clone = Clone.of(new_repository(f"rules/{os.getpid()}"), tmp_path_factory.mktemp("clone"))
    clone.git("push", "--quiet", "origin", "HEAD:main")
    clone.git("tag", "v1.2.3")
    clone.commit("fix: change something", README="changed")
    return clone


@pytest.mark.parametrize("event", EVENTS)
def test_events(clone: Clone, event: str) -> None:
    """Each event has exactly these jobs."""
    assert {name for name, when in clone.jobs(*shlex.split(event)).items() if when != "never"} == EVENTS[event]
