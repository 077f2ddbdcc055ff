"""Jobs of each event, found by running the rules."""

import os
from pathlib import Path

import pytest

from tests.ci.runner import Clone, missing, new_repository

CHECKS = {"lint", "secrets", "test"}
IMAGE = {"build", "sbom", "scan"}
RELEASE = {"release", "notify-flux", "gitlab-release"}
PROVISIONING = {
    "add_docker_registry_secret",
    "add_mysql_secret",
    "install_cert_manager",
    "install_gitops",
    "install_nginx_ingress",
    "install_sealed_secrets",
}
CHILD = ("--file", "provision/jobs.gitlab-ci.yml")
MERGE_REQUEST = {*CHECKS, "commits", "build"}
MAIN = CHECKS | IMAGE | RELEASE


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """Return a clone with a commit that is not on main yet; the runner can read its rules."""
    if lacking := missing():
        pytest.skip(f"no runner of pipelines: missing {', '.join(lacking)}")  # GitLab's own job is in one, and has none
    clone = Clone.of(new_repository(f"rules/{os.getpid()}"), tmp_path_factory.mktemp("clone"))
    clone.git("push", "--quiet", "origin", "HEAD:main")
    clone.git("tag", "v1.2.3")
    clone.commit("fix: change something", README="changed")
    return clone


def jobs(clone: Clone, event: str, *options: str, when: str = "") -> set[str]:
    """Return the jobs that an event has, or those of them that run only then."""
    return {job for job, runs in clone.jobs(event, *options).items() if runs != "never" and when in {"", runs}}


@pytest.fixture
def with_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the project variable that chooses GitLab to keep Terraform's state."""
    variables = tmp_path / "variables.yml"
    variables.write_text("TERRAFORM_BACKEND: gitlab\n")
    monkeypatch.setenv("PIPELINE_VARIABLES", str(variables))


def test_merge_request(clone: Clone) -> None:
    """A merge request has the checks, and releases nothing."""
    assert jobs(clone, "merge-request") == MERGE_REQUEST


def test_merge_request_of_releases(clone: Clone) -> None:
    """A merge request that changes an environment's release also shows the effect on each environment."""
    clone.git("checkout", "--quiet", "-b", "promotion", "HEAD")
    app = clone.folder / "releases/prod/app.yml"
    clone.commit("chore: promote prod", **{"releases/prod/app.yml": app.read_text() + "\n"})
    promotion = jobs(clone, "merge-request")
    clone.git("checkout", "--quiet", "main")

    assert promotion == {*MERGE_REQUEST, "release-diff"}


def test_merge_request_of_migrations(clone: Clone) -> None:
    """A merge request that changes migrations also runs them on MySQL, and the last release on their schema."""
    clone.git("checkout", "--quiet", "-b", "migration", "HEAD")
    clone.commit("feat: add a colour", **{"migrations/versions/0003_add_a_colour.py": ""})
    migration = jobs(clone, "merge-request")
    clone.git("checkout", "--quiet", "main")

    assert migration == {*MERGE_REQUEST, "migrations"}


def test_main(clone: Clone) -> None:
    """A push to main has the checks, and releases."""
    assert jobs(clone, "main") == MAIN


def test_by_hand(clone: Clone) -> None:
    """A pipeline that is started by hand has the jobs of a push; provisioning waits for a click."""
    assert jobs(clone, "web") == MAIN | {"provision-dev"}
    assert jobs(clone, "web", when="manual") == {"provision-dev"}
    assert jobs(clone, "web", "--input", "environment=prod", when="manual") == {"provision-prod"}


def test_by_hand_with_state_on_gitlab(clone: Clone, with_variables: None) -> None:  # noqa: ARG001  sets it
    """If GitLab keeps Terraform's state, a pipeline also plans, applies after a click, and then provisions."""
    assert jobs(clone, "web") == MAIN | {"provision-dev", "plan", "apply"}
    assert jobs(clone, "web", when="manual") == {"apply"}


def test_schedule(clone: Clone) -> None:
    """The weekly pipeline checks whether everything still builds, and is still safe."""
    assert jobs(clone, "schedule") == {"test"} | IMAGE


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_trigger(clone: Clone, tmp_path: Path, environment: str) -> None:
    """A trigger starts the child pipeline of its environment, and no other job."""
    payload = tmp_path / "payload.json"
    payload.write_text('{"run_id": "run-1"}')
    options = ("--input", f"environment={environment}")
    assert jobs(clone, "trigger", str(payload), *options) == {f"provision-{environment}"}


def test_child(clone: Clone) -> None:
    """The child pipeline has the six provisioning jobs, which wait for no click."""
    assert jobs(clone, "web", *CHILD, "--input", "environment=staging", when="on_success") == PROVISIONING


@pytest.mark.parametrize("options", [(), CHILD], ids=["parent", "child"])
def test_unknown_environment(clone: Clone, options: tuple[str, ...]) -> None:
    """An environment that is not among the options starts nothing."""
    with pytest.raises(AssertionError, match="`qa` cannot be used because it is not in the list of allowed options"):
        jobs(clone, "web", *options, "--input", "environment=qa")


def test_tag(clone: Clone) -> None:
    """A tag starts no pipeline: the pipeline that pushed it has released it."""
    assert jobs(clone, "tag", "v1.2.3") == set()
