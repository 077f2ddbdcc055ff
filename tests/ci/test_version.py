"""The next version of a history, by the real semantic-release."""

from pathlib import Path

import pytest

from ci.commit_parser import CommitParser
from tests.ci.repository import Repository

NOTHING = "nothing to release: no commit since v1.0.0 is a feature, a fix, a revert or a breaking change"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Return a repository with a first commit that is released as 1.0.0."""
    repository = Repository.make(tmp_path)
    repository.git("tag", "v1.0.0")
    return repository


def version(repository: Repository, **settings: str) -> str:
    """Return the version that is found."""
    result = repository.run("version", **settings)
    assert result.returncode == 0, result.stderr
    return (repository.folder / "version.env").read_text().strip().removeprefix("VERSION=")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("fix: mend it", "PATCH"),
        ("perf(page): be quick", "PATCH"),
        ("feat: add it", "MINOR"),
        ("chore!: need Python 3.12", "MAJOR"),
        ("docs: say how", "NO_RELEASE"),
        ("Draft: feat: add it", "NO_RELEASE"),
        ('Revert "feat: add it"\n\nThis reverts commit 0123456789.', "PATCH"),
        ('Revert "feat!: drop it"\n\nThis reverts merge request !7', "PATCH"),
        ('Revert "Revert "fix(page): mend it""', "PATCH"),
        ("revert: the new page", "PATCH"),
        ("docs: say how\n\n- feat: something new\n\nfix: another", "NO_RELEASE"),
        ("docs: say how\r\n\r\n* feat!: in a description with Windows' line ends", "NO_RELEASE"),
        ("fix: mend it\n\nfeat: a merge request's description", "PATCH"),
        ("fix: drop it\n\nSome text.\nBREAKING CHANGE: needs 3.12", "MAJOR"),
        ("docs: drop it\n\nBREAKING-CHANGE: needs 3.12\nand more", "MAJOR"),
        ("fix: mend it\n\nThis is no BREAKING CHANGE: nothing changes", "PATCH"),
    ],
)
def test_message(message: str, expected: str) -> None:
    """Only a commit's subject and its BREAKING CHANGE footer count; a revert is a patch."""
    result = CommitParser().parse_message(message)
    assert (result.bump.name if result else "NO_RELEASE") == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ('Revert "feat: add it"\n\nThis reverts commit 0123456789.', "1.0.1"),
        ("docs: say how\n\n- feat: something new", ""),
        ("fix: drop it\n\nSome text.\nBREAKING CHANGE: needs 3.12", "2.0.0"),
        ("feat: add it", "1.1.0"),
    ],
)
def test_next(repository: Repository, message: str, expected: str) -> None:
    """The next version follows from the commits since the last one."""
    repository.commit(message)
    assert version(repository) == expected


def test_first_release(tmp_path: Path) -> None:
    """The first release of a project is 1.0.0, with any first commit."""
    assert version(Repository.make(tmp_path)) == "1.0.0"


def test_nothing_to_release(repository: Repository) -> None:
    """A merge that releases nothing reports it, and names a message that is not conventional: a possible mistake."""
    commit = repository.commit("I changed something")
    result = repository.run("version")

    nothing, message = result.stdout.splitlines()
    assert nothing == NOTHING
    assert message.startswith(f"{commit[:7]} I changed something: not a conventional commit, so it releases nothing")


@pytest.mark.parametrize("tag", ["v1", "v1.2", "v01.2.3", "v2.0.0-rc.1", "v9.9.9+build", "9.9.9", "release", "v;id"])
def test_other_tags(repository: Repository, tag: str) -> None:
    """A tag that is not of the form vX.Y.Z means nothing, before and after the next commit."""
    repository.git("tag", tag)
    assert version(repository) == "1.0.0"
    repository.commit("fix: mend it")
    repository.git("tag", f"{tag}-too")
    assert version(repository) == "1.0.1"


def test_several_tags(repository: Repository) -> None:
    """Of several releases of one commit the highest counts, and not the last in alphabetical order."""
    for tag in ("v1.9.0", "v1.10.0"):
        repository.git("tag", tag)
    assert version(repository) == "1.10.0"


def test_merge_commit(repository: Repository) -> None:
    """The commits of a merged branch count, and not the merge commit, which has the merge request's title in it."""
    repository.git("checkout", "--quiet", "-b", "branch")
    repository.commit("fix: mend it")
    repository.git("checkout", "--quiet", "main")
    repository.git(
        "merge", "--quiet", "--no-ff", "--message", "Merge branch 'branch' into 'main'\n\nfeat!: all", "branch"
    )
    assert version(repository) == "1.0.1"


def test_branch(repository: Repository) -> None:
    """On a branch, the version is that of a merge into the current main, and the checkout is left as it is."""
    repository.git("checkout", "--quiet", "-b", "branch")
    repository.commit("fix: mend it")
    repository.git("checkout", "--quiet", "main")
    repository.commit("feat: come first")
    repository.git("tag", "v1.1.0")
    repository.git("push", "--quiet", "origin", "main")
    repository.git("checkout", "--quiet", "branch")
    assert version(repository) == "1.1.1"
    assert repository.git("branch", "--show-current") == "branch"

    repository.git("checkout", "--quiet", "--detach")  # as in a merge request's pipeline
    assert version(repository, CI="true") == "1.1.1"


def test_older_commit(repository: Repository) -> None:
    """A pipeline for a commit that a later release has in it releases nothing."""
    repository.commit("fix: mend it")
    repository.commit("fix: mend another")
    repository.git("tag", "v1.0.1")
    repository.git("checkout", "--quiet", "--detach", "HEAD~1")
    result = repository.run("version", CI_COMMIT_BRANCH="main")

    assert result.stdout == "nothing to release: v1.0.1 has this commit in it\n"


def test_rewritten_history(repository: Repository) -> None:
    """If the newest release is not in the history of main, the script guesses nothing."""
    repository.commit("fix: mend it")
    repository.git("tag", "v1.0.1")
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    repository.commit("fix: mend it in another way")
    result = repository.run("version")

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("v1.0.1: not in the history of main; expected every release in it.")
    assert not (repository.folder / "version.env").exists()


def test_shallow_history(repository: Repository, tmp_path: Path) -> None:
    """A history without its beginning is rejected, as a release may be missing in it."""
    repository.commit("fix: mend it")
    repository.git("push", "--quiet", "origin", "main")
    shallow = Repository(tmp_path / "shallow")
    repository.git("clone", "--quiet", "--depth", "1", f"file://{tmp_path / 'origin.git'}", str(shallow.folder))
    result = shallow.run("version")

    assert result.returncode == 2
    assert result.stderr == 'history: shallow; expected all of it: GIT_DEPTH "0", or git fetch --unshallow\n'
