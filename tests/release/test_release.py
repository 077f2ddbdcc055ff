"""Merges of every kind, one after the other: what is tagged and published, and what is not."""

import time

import pytest
import requests

from tests.ci.runner import Clone, run
from tests.mysql import docker_host
from tests.release.conftest import Outcome, Project
from tests.release.pipeline import Pipeline

HEADERS = {"Accept": "application/json", "Host": "localhost"}


def released(project: Project, pipeline: Pipeline, version: str, commit: str) -> None:
    """Assert that all of a version is published, once, of that commit."""
    assert pipeline.passed, pipeline.log
    assert project.tags()[f"v{version}"] == commit
    assert project.registry.digest(version) == pipeline.value("IMAGE_DIGEST")
    labels = project.registry.labels(version)
    assert labels["org.opencontainers.image.version"] == version
    assert labels["org.opencontainers.image.revision"] == commit
    chart = project.registry.chart(version)
    assert (chart["name"], chart["version"], chart["appVersion"]) == ("app", version, version)
    assert project.registry.digest(version, "/charts/app") == pipeline.value("CHART_DIGEST")
    assert pipeline.has(f"release v{version} by gitlab-release\n")  # which did not have to make the tag
    assert pipeline.has(f"signed {version}")
    assert project.registry.signed(project.registry.digest(version))
    assert project.registry.signed(project.registry.digest(version, "/charts/app"), "/charts/app")


def everything(project: Project) -> dict[str, tuple[str, str, str]]:
    """Return, for each tag, its commit and the digests of its image and chart; assert that nothing else is there."""
    tags = project.tags()
    versions = sorted(tag.removeprefix("v") for tag in tags)
    assert project.registry.versions() == versions
    assert project.registry.versions("/charts/app") == versions
    return {
        f"v{version}": (
            tags[f"v{version}"], project.registry.digest(version), project.registry.digest(version, "/charts/app")
        )
        for version in versions
    }  # fmt: skip


def page(image: str) -> dict[str, object]:
    """Return the page that an image serves, as JSON."""
    container = run(
        "docker", "run", "--detach", "--read-only", "--tmpfs", "/data:mode=1777", "--publish", "8000",
        "--env", "DATABASE_URL=sqlite:////data/app.db", image, "sh", "-c", "alembic upgrade head && exec gunicorn",
    ).strip()  # fmt: skip
    try:
        port = run("docker", "port", container, "8000/tcp").split()[0].rpartition(":")[2]
        return answer(f"http://{docker_host()}:{port}/")
    finally:
        run("docker", "rm", "--force", "--volumes", container)


def answer(url: str) -> dict[str, object]:
    """Return what is served there, as soon as anything is."""
    deadline = time.monotonic() + 30
    while True:
        try:
            facts: dict[str, object] = requests.get(url, headers=HEADERS, timeout=5).json()
        except requests.ConnectionError:
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.2)
        else:
            return facts


def test_merge_request(project: Project, outcome: Outcome) -> None:
    """A merge request has all checks, says what its merge would release, and releases nothing."""
    project.clone.git("checkout", "--quiet", "-b", "change")
    project.clone.commit("docs: say more", README="more\n")
    pipeline = project.pipeline("merge-request", "merge-request").wait()
    outcome("a merge request", pipeline, "nothing released")
    project.clone.git("checkout", "--quiet", "main")

    assert pipeline.passed, pipeline.log
    assert pipeline.has("the next version is 1.0.0")
    assert project.tags() == {}


def test_message(project: Project, outcome: Outcome) -> None:
    """A commit whose message is not conventional stops a merge request, and is named."""
    project.clone.git("checkout", "--quiet", "-b", "unconventional")
    project.clone.commit("I changed something")
    pipeline = project.pipeline("message", "merge-request", MERGE_REQUEST_TITLE="feat: change something").wait()
    outcome("a merge request with the message `I changed something`", pipeline, "stopped")
    project.clone.git("checkout", "--quiet", "main")

    assert not pipeline.passed
    assert pipeline.has("I changed something")


@pytest.mark.parametrize(
    ("name", "message", "version"),
    [
        ("first", "feat: say hello", "1.0.0"),
        ("fix", "fix: mend the page", "1.0.1"),
        ("feature", "feat(page): show a colour", "1.1.0"),
        ("breaking", "feat!: remove the colour", "2.0.0"),
    ],
)
def test_release(project: Project, outcome: Outcome, name: str, message: str, version: str) -> None:
    """A merge is published as the version that its message asks for; nothing published before changes."""
    before = everything(project)
    commit = project.clone.commit(message)
    pipeline = project.pipeline(name).wait()
    outcome(f"`{message}`", pipeline, version)

    released(project, pipeline, version, commit)
    after = everything(project)
    assert {tag: facts for tag, facts in after.items() if tag != f"v{version}"} == before
    assert pipeline.printed("tag", message.partition(": ")[2])  # in the release's notes
    run("docker", "pull", "--quiet", f"{project.registry.image}:{version}")
    assert page(f"{project.registry.image}:{version}")["version"] == version


def test_nothing_to_release(project: Project, outcome: Outcome) -> None:
    """A merge that neither mends nor adds anything passes, and publishes nothing."""
    before = everything(project)
    project.clone.commit("chore: tidy")
    pipeline = project.pipeline("chore").wait()
    outcome("`chore: tidy`", pipeline, "nothing released")

    assert pipeline.passed, pipeline.log
    assert pipeline.has("nothing to release")
    assert everything(project) == before


def test_two_at_once(project: Project, outcome: Outcome) -> None:
    """Of two merges whose pipelines want the same version, one gets it; the other says so, and is run again."""
    first = project.clone.commit("fix: mend one thing")
    one = project.pipeline("at-once-1")
    one.wait_for("pipeline ")  # it is on main
    other = Clone.of(project.clone.origin, project.clone.folder.parent / "other")
    other.git("fetch", "--quiet", "origin", "main")
    other.git("reset", "--quiet", "--hard", "FETCH_HEAD")
    assert other.git("rev-parse", "HEAD") == first
    second = other.commit("fix: mend another")
    two = project.pipeline("at-once-2", clone=other)
    one.wait()
    two.wait()

    tags = project.tags()
    assert set(everything(project)) == set(tags)
    assert one.passed or two.passed
    outcome("`fix: mend one thing`, at once with the next", one, "2.0.1" if one.passed else "already in 2.0.1")
    if tags["v2.0.1"] == second:  # the later merge was faster, and has the earlier in it
        outcome("`fix: mend another`", two, "2.0.1")
        assert not one.passed
        assert one.has("v2.0.1 came first, and has this commit in it")
        released(project, two, "2.0.1", second)
    else:
        outcome("`fix: mend another`", two, "2.0.2" if two.passed else "2.0.1 came first")
        released(project, one, "2.0.1", first)
        if not two.passed:
            assert two.has("another release came first")
            two = project.pipeline("at-once-2-again", clone=other).wait()
            outcome("… run again", two, "2.0.2")
        released(project, two, "2.0.2", second)
    project.clone.git("pull", "--quiet", "--ff-only", "origin", "main")
    everything(project)


def test_killed(project: Project, outcome: Outcome) -> None:
    """A pipeline that is killed between the tag and the publication, and run again, ends as if nothing had happened."""
    commit = project.clone.commit("feat: survive")
    killed = project.pipeline("killed")
    killed.wait_for("publish-image starting")
    killed.kill()
    outcome("`feat: survive`, killed after the tag", killed, "2.1.0 tagged only")
    assert project.tags()["v2.1.0"] == commit
    assert "2.1.0" not in project.registry.versions("/charts/app")

    again = project.pipeline("killed-again").wait()
    outcome("… run again", again, "2.1.0")
    assert again.has("v2.1.0 is there already, on this commit")
    assert again.value("IMAGE_DIGEST") == killed.value("IMAGE_DIGEST")
    released(project, again, "2.1.0", commit)
    before = everything(project)

    once_more = project.pipeline("once-more", "web").wait()
    outcome("… and by hand once more", once_more, "nothing changed")
    assert once_more.passed, once_more.log
    assert everything(project) == before


def test_preview(project: Project, outcome: Outcome) -> None:
    """A merge request that changes a range says what the environment will get."""
    project.clone.git("checkout", "--quiet", "-b", "promotion")
    file = project.clone.folder / "releases/prod/app.yml"
    file.write_text(file.read_text().replace("semver: ~1.0", "semver: ^1.0"))
    project.clone.commit("chore: promote prod to ^1.0")
    pipeline = project.pipeline("preview", "merge-request").wait()
    outcome("a merge request: prod from `~1.0` to `^1.0`", pipeline, "shown: 1.0.1 becomes 1.1.0")

    assert pipeline.passed, pipeline.log
    assert pipeline.has("prod: range ~1.0 becomes ^1.0, version 1.0.1 becomes 1.1.0")
    assert pipeline.printed("preview", "feat(page): show a colour")
