"""`make promote`: one line changes, and nothing is committed."""

import subprocess

import pytest
import yaml

from tests.provision.checkout import Checkout

TAGS = "git: tags missing in this clone: {}; expected after `git fetch --tags` from where they are published"
NO_ORIGIN = (
    "git: 'origin' does not appear to be a git repository; "
    "expected a remote origin with the tags of the published versions"
)


@pytest.fixture
def repository(checkout: Checkout) -> Checkout:
    """Return a checkout that git knows."""
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    for command in (
        ["init", "--quiet"],
        ["add", "--all"],
        [*identity, "commit", "--quiet", "--message", "test: begin"],
    ):
        subprocess.run(["git", *command], cwd=checkout.folder, check=True)
    return checkout


def semver(checkout: Checkout) -> object:
    """Return the range as Flux reads it."""
    text = (checkout.folder / "releases" / checkout.environment / "app.yml").read_text()
    return next(yaml.safe_load_all(text))["spec"]["ref"]["semver"]


@pytest.mark.parametrize(
    "to", ["~1.1", "^2.0", "1.1.2", "1.1", "1", ">=1.0 <1.3", ">=1.0, <1.3", "~1.0 || ~1.2", "~1.1-0", "1.x", "v1.0.3"]
)
def test_range(repository: Checkout, to: str) -> None:
    """The range is the requested one, as a text, and only its line has changed."""
    result = repository.run("promote", to)

    assert result.returncode == 0, result.stderr
    assert semver(repository) == to
    assert result.stdout.startswith(f"{repository.environment}: ^1.0 becomes {to}\n")
    changes = subprocess.run(
        ["git", "diff", "--numstat"], cwd=repository.folder, capture_output=True, text=True, check=True
    ).stdout
    assert changes.split() == ["1", "1", f"releases/{repository.environment}/app.yml"]


def test_already(repository: Checkout) -> None:
    """A range that is already set changes nothing, and the script reports it."""
    result = repository.run("promote", "^1.0")

    assert result.returncode == 0
    assert result.stdout == f"{repository.environment}: ^1.0 already; nothing to change\n"


def test_preview(repository: Checkout) -> None:
    """The effect of the change is shown after the change."""
    preview = repository.folder / "ci/release-diff.sh"
    preview.parent.mkdir()
    preview.write_text('#!/bin/sh\necho "preview: $(grep semver releases/*/app.yml)"\n')
    preview.chmod(0o755)

    assert "semver: ~1.1\n" in repository.run("promote", "~1.1").stdout.partition("preview:")[2]


def test_no_preview(repository: Checkout) -> None:
    """If the effect is unknown, the change is made nevertheless, and the reason is shown."""
    preview = repository.folder / "ci/release-diff.sh"
    preview.parent.mkdir()
    preview.write_text("#!/bin/sh\necho 'REGISTRY: missing' >&2\nexit 2\n")
    preview.chmod(0o755)
    result = repository.run("promote", "~1.1")

    assert (result.returncode, result.stderr) == (0, "REGISTRY: missing\n")
    assert semver(repository) == "~1.1"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("git log v1.0.0..v1.1.0", TAGS.format("v1.0.0 v1.1.0")),
        ("git tag v1.0.0 && git diff --name-only v1.0.0 v1.1.0 -- migrations", TAGS.format("v1.1.0")),
        ("git fetch --quiet --tags origin", NO_ORIGIN),
    ],
)
def test_no_tags(repository: Checkout, script: str, said: str) -> None:
    """In a clone without the tags, one line names the missing tags, instead of git's own words."""
    preview = repository.folder / "ci/release-diff.sh"
    preview.parent.mkdir()
    preview.write_text(f"#!/bin/sh\nset -eu\n{script}\n")
    preview.chmod(0o755)
    result = repository.run("promote", "~1.1")

    assert (result.returncode, result.stderr) == (0, f"{said}\n")
    assert "preview: not available\n" in result.stdout
    assert semver(repository) == "~1.1"


@pytest.mark.parametrize("to", ["", "latest", "1.2.3.4", "~", "^1.0; rm", "1.0 /2", "01.0", "^1.0 ||", "$(id)"])
def test_no_range(repository: Checkout, to: str) -> None:
    """An invalid range is rejected with one line, and changes nothing."""
    result = repository.run("promote", to)

    assert result.returncode == 2
    assert result.stderr == (
        f"promote: TO: {to or 'missing'}; "
        "expected a range of versions such as ~1.1 or ^1.0, or one version such as 1.1.2\n"
    )
    assert semver(repository) == "^1.0"


@pytest.mark.parametrize(
    ("environment", "said"), [("", "missing"), ("base", "base"), ("nowhere", "nowhere"), ("..", "..")]
)
def test_environment(repository: Checkout, environment: str, said: str) -> None:
    """An unknown environment is rejected with one line."""
    result = repository.run("promote", "~1.1", ENVIRONMENT=environment)

    assert result.returncode == 2
    assert result.stderr == f"promote: ENV: {said}; expected dev, staging or prod\n"
