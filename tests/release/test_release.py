"""Merges of every kind, in sequence: which of them are tagged and published."""

import re
import time

import pytest
import requests

from tests.ci.api import TOKEN, Server
from tests.ci.runner import Clone, run
from tests.mysql import docker_host
from tests.release.conftest import FEW_TESTS, Outcome, Project
from tests.release.pipeline import Pipeline

HEADERS = {"Accept": "application/json", "Host": "localhost"}
DESCRIPTION = (
    "docs: say more\n\nThis was the description of a merge request:\n\n- feat: something new\n\nfix: something"
)


def released(project: Project, pipeline: Pipeline, version: str, commit: str) -> None:
    """Assert that all of a version is published, once, of that commit."""
    assert pipeline.passed, pipeline.log
    assert project.tags()[f"v{version}"] == commit
    digest = project.registry.digest(version)
    assert digest == pipeline.value("IMAGE_DIGEST")
    labels = project.registry.labels(version)
    assert labels["org.opencontainers.image.version"] == version
    assert labels["org.opencontainers.image.revision"] == commit
    chart = project.registry.chart(version)
    assert (chart["name"], chart["version"], chart["appVersion"]) == ("app", version, version)
    assert project.registry.chart_values(version)["image"]["digest"] == digest
    assert project.registry.digest(version, "/charts/app") == pipeline.value("CHART_DIGEST")
    assert pipeline.has(f"release v{version} by gitlab-release\n")  # which did not have to make the tag
    assert pipeline.has(f"signed {version}")
    assert project.registry.signed(digest)
    assert project.registry.signed(project.registry.digest(version, "/charts/app"), "/charts/app")


def everything(project: Project) -> dict[str, tuple[str, str, str]]:
    """Return each release's commit and the digests of its image and chart; assert that nothing else is published."""
    tags = {tag: commit for tag, commit in project.tags().items() if re.fullmatch(r"v\d+\.\d+\.\d+", tag)}
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
    """Return the response of an address, as soon as it answers."""
    deadline = time.monotonic() + 30
    while True:
        try:
            facts: dict[str, object] = requests.get(url, headers=HEADERS, timeout=5).json()
        except requests.ConnectionError:
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.2)
        else:
            return facts


def promote_prod(clone: Clone, old: str, new: str) -> None:
    """Commit another range for prod."""
    file = clone.folder / "releases/prod/app.yml"
    file.write_text(file.read_text().replace(f"semver: {old}", f"semver: {new}"))
    clone.commit(f"chore: promote prod to {new}")


def test_merge_request(project: Project, outcome: Outcome) -> None:
    """A draft merge request before the first release has all checks, and reports its merge's release and changes."""
    project.clone.git("checkout", "--quiet", "-b", "change")
    project.clone.commit("feat: say more", README="more\n")
    promote_prod(project.clone, "~1.0", "^1.0")
    pipeline = project.pipeline("merge-request", "merge-request", MERGE_REQUEST_TITLE="Draft: feat: say more").wait()
    outcome(
        "a merge request, `Draft: feat: say more`, that changes `releases/`, before any release", pipeline, "checked"
    )
    project.clone.git("checkout", "--quiet", "main")

    assert pipeline.passed, pipeline.log
    assert pipeline.printed("build", "the next version is 1.0.0")
    assert pipeline.printed("release-diff", "Nothing is published yet")
    assert project.tags() == {}


def test_message(project: Project, outcome: Outcome) -> None:
    """A commit message that is not conventional stops a merge request, and is named."""
    project.clone.git("checkout", "--quiet", "-b", "unconventional")
    project.clone.commit("I changed something")
    options = ("--needs", "commits")
    pipeline = project.pipeline(
        "message", "merge-request", options=options, MERGE_REQUEST_TITLE="feat: change it"
    ).wait()

    outcome("a merge request with the message `I changed something`", pipeline, "stopped")
    project.clone.git("checkout", "--quiet", "main")

    assert not pipeline.passed
    assert pipeline.has("I changed something")


@pytest.mark.parametrize(
    ("message", "version", "how"),
    [
        ("feat: say hello", "1.0.0", ""),
        ("fix: mend the page", "1.0.1", ""),
        ("feat(page): show a colour", "1.1.0", ", by a merge commit"),
        ("feat!: remove the colour", "2.0.0", ""),
    ],
)
def test_release(project: Project, outcome: Outcome, message: str, version: str, how: str) -> None:
    """A merge is published as the version that its commit requires; nothing published before changes."""
    before = everything(project)
    if "merge commit" in how:
        project.clone.git("checkout", "--quiet", "-b", "branch")
    project.clone.commit(message)
    if "merge commit" in how:
        project.clone.git("checkout", "--quiet", "main")
        project.clone.git(
            "merge", "--quiet", "--no-ff", "--message", "Merge branch 'branch'\n\nfeat!: a title", "branch"
        )
    pipeline = project.pipeline(f"release-{version}").wait()
    outcome(f"`{message}`{how}", pipeline, version)

    released(project, pipeline, version, project.clone.git("rev-parse", "HEAD"))
    assert len(pipeline.jobs) <= 10
    after = everything(project)
    assert {tag: facts for tag, facts in after.items() if tag != f"v{version}"} == before
    assert pipeline.printed("release", message.partition(": ")[2])  # in the release's notes
    run("docker", "pull", "--quiet", f"{project.registry.image}:{version}")
    assert page(f"{project.registry.image}:{version}")["version"] == version


def test_revert(project: Project, outcome: Outcome) -> None:
    """GitLab's Revert button makes a patch release, so that the bad version is not the newest."""
    project.clone.git("tag", "v9")  # no release, on any commit
    project.clone.git("push", "--quiet", "origin", "v9")
    commit = project.clone.commit('Revert "feat!: remove the colour"\n\nThis reverts commit 0123456789abcdef.')
    pipeline = project.pipeline("revert").wait()
    outcome('`Revert "feat!: remove the colour"`, beside a tag `v9`', pipeline, "2.0.1")

    released(project, pipeline, "2.0.1", commit)
    everything(project)


def test_nothing_to_release(project: Project, outcome: Outcome) -> None:
    """A merge that neither fixes nor adds anything passes, and publishes nothing, with any description."""
    before = everything(project)
    project.clone.commit(DESCRIPTION)
    pipeline = project.pipeline("nothing").wait()
    outcome("`docs: say more`, squashed, with `- feat: something new` in its text", pipeline, "nothing released")

    assert pipeline.passed, pipeline.log
    assert pipeline.printed("release", "nothing to release")
    assert everything(project) == before


def test_two_at_once(project: Project, outcome: Outcome) -> None:
    """If two merges' pipelines want the same version, one gets it; the other reports this, and is run again."""
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
    everything(project)
    assert one.passed or two.passed
    outcome("`fix: mend one thing`, concurrently with the next", one, "2.0.2" if one.passed else "already in 2.0.2")
    if tags["v2.0.2"] == second:  # the later merge was faster, and has the earlier in it
        outcome("`fix: mend another`", two, "2.0.2")
        assert not one.passed
        assert one.has("v2.0.2 came first, and has this commit in it")
        released(project, two, "2.0.2", second)
    else:
        outcome("`fix: mend another`", two, "2.0.3" if two.passed else "2.0.2 came first")
        released(project, one, "2.0.2", first)
        if not two.passed:
            assert two.has("another release came first")
            two = project.pipeline("at-once-2-again", clone=other).wait()
            outcome("… run again", two, "2.0.3")
        released(project, two, "2.0.3", second)
    project.clone.git("pull", "--quiet", "--ff-only", "origin", "main")
    everything(project)


@pytest.mark.parametrize(
    ("after", "seen", "version"),
    [
        ("the tag", "tagged this commit as v2.1.0", "2.1.0"),
        ("the chart", "published oci://", "2.2.0"),
    ],
)
def test_killed(project: Project, outcome: Outcome, after: str, seen: str, version: str) -> None:
    """A pipeline that is killed during its release, and run again, ends as if it had not been killed."""
    commit = project.clone.commit(f"feat: survive until {version}")
    killed = project.pipeline(f"killed-{version}")
    killed.wait_for(seen)
    killed.kill()
    outcome(f"`feat: survive until {version}`, killed after {after}", killed, f"{version} not complete")
    assert project.tags()[f"v{version}"] == commit
    assert not killed.passed

    again = project.pipeline(f"killed-{version}-again").wait()
    outcome("… run again", again, version)
    assert again.has(f"v{version} exists already, on this commit")
    assert again.value("IMAGE_DIGEST") == killed.value("IMAGE_DIGEST")
    released(project, again, version, commit)
    everything(project)


def test_by_hand(project: Project, outcome: Outcome) -> None:
    """A pipeline that is started by hand for a released commit passes, and changes nothing."""
    before = everything(project)
    once_more = project.pipeline("once-more", "web").wait()
    outcome("… and by hand once more", once_more, "nothing changed")
    assert once_more.passed, once_more.log
    assert everything(project) == before


def test_release_diff(project: Project, outcome: Outcome, api: Server) -> None:
    """A merge request that changes a range reports the environment's changes, in its log and in one comment."""
    project.clone.git("checkout", "--quiet", "-b", "promotion")
    promote_prod(project.clone, "~1.0", "^1.0")
    project.tell(CI_API_V4_URL=f"{api.address}/api/v4", RELEASE_DIFF_TOKEN=TOKEN)
    pipeline = project.pipeline("release-diff", "merge-request").wait()
    project.forget("CI_API_V4_URL", "RELEASE_DIFF_TOKEN")
    outcome("a merge request: prod from `~1.0` to `^1.0`", pipeline, "shown: 1.0.1 becomes 1.1.0")

    assert pipeline.passed, pipeline.log
    assert pipeline.has("prod: range ~1.0 becomes ^1.0, version 1.0.1 becomes 1.1.0")
    assert pipeline.printed("release-diff", "feat(page): show a colour")
    (note,) = api.notes
    assert "prod: range ~1.0 becomes ^1.0, version 1.0.1 becomes 1.1.0" in note["body"]

    promote_prod(project.clone, "^1.0", "1.10")
    number = project.pipeline("number", "merge-request", options=("--needs", "release-diff")).wait()
    outcome("a merge request: prod to `1.10`, without quotes", number, "stopped")
    project.clone.git("checkout", "--quiet", "main")
    assert not number.passed
    assert number.has("releases/prod/app.yml: semver: 1.10 is a number in YAML")


def test_all_tests(project: Project, outcome: Outcome) -> None:
    """A merge that runs the whole of `make test` in its job `test` is released, too."""
    project.forget(*FEW_TESTS)
    commit = project.clone.commit("fix: pass all tests")
    pipeline = project.pipeline("all-tests").wait()
    project.tell(**FEW_TESTS)
    outcome("`fix: pass all tests`, with the whole of `make test`", pipeline, "2.2.1")

    released(project, pipeline, "2.2.1", commit)
    everything(project)


def test_rewritten_history(project: Project, outcome: Outcome) -> None:
    """If the newest release is missing in the history of main, the pipeline releases nothing, and reports it."""
    before = everything(project)
    project.clone.git("fetch", "--quiet", "--tags", "origin")
    project.clone.git("reset", "--quiet", "--hard", "v2.1.0")
    project.clone.commit("fix: begin again from an old release")
    project.clone.git("push", "--quiet", "--force", "origin", "HEAD:main")
    pipeline = project.pipeline("rewritten", options=("--needs", "build")).wait()
    outcome("`fix: begin again`, on a history without the newest release", pipeline, "stopped")

    assert not pipeline.passed
    assert pipeline.has("v2.2.1: not in the history of main")
    assert everything(project) == before
