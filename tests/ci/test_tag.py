"""The tag of a release: made once, by one of two pipelines that run concurrently."""

from pathlib import Path

import pytest

from tests.ci.repository import Repository

# In place of semantic-release, which cannot be stopped at the right moment: it loses the race, or is rejected.
RACE = """#!/bin/sh
case "$*" in
*--print*) echo 1.0.0 ;;
*--no-commit*) git -C "$ORIGIN" tag v1.0.0 "$WINNER" 2>/dev/null; echo "remote: refused" >&2; exit 1 ;;
esac
"""
SETTINGS = {"VERSION": "1.0.0", "CI_JOB_TOKEN": "unused", "CI_COMMIT_BRANCH": "main"}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Return a repository with two commits on main, and a semantic-release that loses."""
    repository = Repository.make(tmp_path)
    repository.commit("fix: mend it")
    repository.git("push", "--quiet", "origin", "main")
    (repository.folder / ".venv").unlink()
    program = repository.folder / ".venv/bin/semantic-release"
    program.parent.mkdir(parents=True)
    program.write_text(RACE)
    program.chmod(0o755)
    return repository


@pytest.mark.parametrize(
    ("mine", "winner", "said"),
    [
        ("main~1", "main", "v1.0.0 came first, and has this commit in it: there is nothing left to release"),
        ("main", "main~1", "another release came first: v1.0.0 was tagged just now: run a new pipeline for main"),
        ("main", "nothing", "v1.0.0: the push was refused; expected 'Allow Git push requests to the repository' under"),
    ],
)
def test_lost(repository: Repository, tmp_path: Path, mine: str, winner: str, said: str) -> None:
    """A pipeline that cannot push its tag reports why, whether it lost a race or may not push, and exits with 1."""
    repository.git("checkout", "--quiet", "--detach", mine)
    result = repository.run("tag", **SETTINGS, ORIGIN=str(tmp_path / "origin.git"), WINNER=winner)

    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith(said)


def test_again(tmp_path: Path) -> None:
    """A second run, in a fresh checkout, finds the tag, changes nothing and writes the same notes."""
    repository = Repository.make(tmp_path, "feat(page): say hello\n\nfix: not a change of its own")
    repository.git("tag", "v1.0.0")
    result = repository.run("tag", **SETTINGS)

    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("v1.0.0 exists already, on this commit\n### Features\n\n- **page**: say hello (")
    assert (repository.folder / "build/release-notes.md").read_text() in result.stdout
    assert "not a change" not in result.stdout


def on_gitlab(origin: Path) -> dict[str, str]:
    """Return the settings of a job; its GitLab has the repository there, and accepts only the job token."""
    url = "gitlab.example.com/group/app"
    return {
        **SETTINGS, "CI": "true", "CI_SERVER_URL": "https://gitlab.example.com", "CI_PROJECT_URL": f"https://{url}",
        "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.{origin}.insteadOf",
        "GIT_CONFIG_VALUE_0": f"https://gitlab-ci-token:{SETTINGS['CI_JOB_TOKEN']}@{url}.git",
    }  # fmt: skip


def test_push(tmp_path: Path) -> None:
    """The tag is pushed with the job token."""
    repository = Repository.make(tmp_path)
    result = repository.run("tag", **on_gitlab(tmp_path / "origin.git"))

    assert result.returncode == 0, result.stderr
    assert "tagged this commit as v1.0.0\n" in result.stdout
    commit = repository.git("rev-parse", "HEAD")
    assert f"{commit}\trefs/tags/v1.0.0" in repository.git("ls-remote", "--tags", "origin")


def test_push_refused(tmp_path: Path) -> None:
    """If GitLab rejects the push, its own message is printed, and then the settings to check."""
    repository = Repository.make(tmp_path)
    hook = tmp_path / "origin.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'You are not allowed to create this tag' >&2\nexit 1\n")
    hook.chmod(0o755)
    result = repository.run("tag", **on_gitlab(tmp_path / "origin.git"))

    assert result.returncode == 1
    assert "You are not allowed to create this tag" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("v1.0.0: the push was refused; expected 'Allow Git push requests")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"CI_COMMIT_BRANCH": "feature"}, "branch: not main; expected main, which alone is released\n"),
        ({"CI_JOB_TOKEN": ""}, "CI_JOB_TOKEN: missing; expected a job's token: only a pipeline releases\n"),
    ],
)
def test_refused(tmp_path: Path, settings: dict[str, str], said: str) -> None:
    """Without its settings, a tag is rejected with one line and status 2."""
    result = Repository.make(tmp_path).run("tag", **{**SETTINGS, **settings})
    assert (result.returncode, result.stderr) == (2, said)


def test_other_version(tmp_path: Path) -> None:
    """An image that was built as another version than the next one is not released."""
    result = Repository.make(tmp_path).run("tag", **{**SETTINGS, "VERSION": "1.2.3"})
    assert result.returncode == 1
    assert result.stderr.startswith("another release came first: this would be 1.0.0, but its image was built as 1.2.3")
