"""Effect of a change of releases/ on each environment: in the log, and in a merge request's comment."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ci.api import TOKEN, Server, serving
from tests.ci.programs import add_program
from tests.ci.repository import Repository
from tests.processes import ROOT, Result

# In place of a registry: ranges select these versions. A chart has one object with its version in it.
HELM = """
last= version=
for word; do [ "$last" = --version ] && version=$word; last=$word; done
case $version in
"~1.0") version=1.0.1 ;;
"^1.0" | ">=0") version=1.1.0 ;;
1.*) ;;
*) echo "Error: could not locate a version matching provided version string $version" >&2; exit 1 ;;
esac
[ "${PUBLISHED:-yes}" = yes ] || { echo "Error: name unknown: repository name not known to registry" >&2; exit 1; }
case $1 in
show) echo "version: $version" ;;
template) echo "image: app:$version"; echo "colour: $([ "$version" = 1.1.0 ] && echo red)" ;;
esac
"""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Return a repository with two releases, and a change of prod's range on a branch."""
    if not (shutil.which("kubectl") and shutil.which("jq")):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no kubectl or jq: install them")
    add_program(tmp_path / "bin", "helm", HELM)
    repository = Repository.make(tmp_path)
    shutil.copytree(ROOT / "releases", repository.folder / "releases")
    set_range(repository, "~1.0")
    repository.commit("fix: mend it")
    repository.git("tag", "v1.0.1")
    (repository.folder / "migrations/versions").mkdir(parents=True)
    (repository.folder / "migrations/versions/0003_add_colour.py").touch()
    repository.commit("feat: show a colour")
    repository.commit("fix: /merge ~~~~ @everybody")
    repository.git("tag", "v1.1.0")
    repository.git("checkout", "--quiet", "-b", "promotion")
    set_range(repository, "^1.0")
    repository.commit("chore: promote prod")
    return repository


def set_range(repository: Repository, text: str) -> None:
    """Write prod's range."""
    file = repository.folder / "releases/prod/app.yml"
    file.write_text(re.sub(r"semver: .*", f"semver: {text}", file.read_text()))


def diff(repository: Repository, **settings: str) -> Result:
    """Print the effect of the branch's changes."""
    path = f"{repository.folder.parent / 'bin'}:{os.environ['PATH']}"
    return repository.run("release-diff", "main", REGISTRY="r.example.com/app", PATH=path, **settings)


def test_promotion(repository: Repository) -> None:
    """For each environment: versions before and after, the commits and migrations between, the rendered difference."""
    result = diff(repository)

    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert "### dev: unchanged" in lines
    assert "### prod: range ~1.0 becomes ^1.0, version 1.0.1 becomes 1.1.0" in lines
    assert "    feat: show a colour" in lines
    assert "    migrations/versions/0003_add_colour.py" in lines
    assert [line for line in lines if "colour: " in line and line[4] in "-+"] == ["    -colour: ", "    +colour: red"]
    assert "    none" in lines  # no commit goes


def test_nothing_published(repository: Repository) -> None:
    """Before the first release there is nothing to compare, and that is no failure."""
    result = diff(repository, PUBLISHED="no")
    assert result.returncode == 0, result.stderr
    assert "Nothing is published yet" in result.stdout


def test_number(repository: Repository) -> None:
    """A version that YAML reads as a number is rejected: 1.10 would become 1.1."""
    set_range(repository, "1.10  # ten")
    result = diff(repository)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "releases/prod/app.yml: semver: 1.10 is a number in YAML, where 1.10 equals 1.1; "
        'expected quotes: semver: "1.10"\n'
    )


def test_fork(repository: Repository) -> None:
    """In a fork's own pipeline, one line explains the missing access and names the next step."""
    result = diff(repository, CI_MERGE_REQUEST_PROJECT_PATH="group/app", CI_PROJECT_PATH="fork/app")
    assert result.returncode == 0
    assert result.stdout.startswith("a fork cannot read this project's registry: a member of the project can run")


@pytest.fixture
def server() -> Iterator[Server]:
    """Return GitLab's API."""
    with serving() as server:
        yield server


def in_pipeline(server: Server, token: str) -> dict[str, str]:
    """Return the settings of a merge request's pipeline."""
    return {
        "CI_API_V4_URL": f"{server.address}/api/v4", "CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_PROJECT_ID": "1",
        "CI_MERGE_REQUEST_PROJECT_PATH": "group/app", "CI_PROJECT_PATH": "group/app", "RELEASE_DIFF_TOKEN": token,
    }  # fmt: skip


def test_comment(repository: Repository, server: Server) -> None:
    """The merge request has one comment, which the next pipeline updates, with any number of others."""
    server.notes += [{"id": number, "body": "looks good"} for number in range(1, 121)]
    for _ in range(2):
        result = diff(repository, **in_pipeline(server, TOKEN))
        assert result.returncode == 0, result.stderr
    set_range(repository, "~1.0")
    assert diff(repository, **in_pipeline(server, TOKEN)).returncode == 0

    assert len(server.notes) == 121
    assert server.notes[-1]["body"].startswith("<!-- release-diff -->\n## What this changes in each environment\n")
    assert "### prod: unchanged" in server.notes[-1]["body"]
    assert [method for method, *_ in server.requests if method != "GET"] == ["POST", "PUT", "PUT"]
    assert "/merge_requests/7/notes" in server.requests[0][1]


def test_subject_is_data(repository: Repository, server: Server) -> None:
    """A commit's subject stays in a block of code: it runs no quick action, and ends no block."""
    diff(repository, **in_pipeline(server, TOKEN))
    (line,) = (line for line in server.notes[0]["body"].splitlines() if "/merge" in line)
    assert line == "    fix: /merge ~~~~ @everybody"


def test_wrong_token(repository: Repository, server: Server) -> None:
    """A rejected token is reported; without a token, the log and the artifact have the whole report."""
    result = diff(repository, **in_pipeline(server, "other"))
    assert result.returncode == 1
    assert result.stderr.startswith("RELEASE_DIFF_TOKEN: GitLab answered 401; expected a token of this project")

    result = diff(repository, **in_pipeline(server, ""))
    assert result.returncode == 0
    assert (repository.folder / "build/release-diff.md").read_text() in result.stdout
    assert server.notes == []
