"""The release's scripts with wrong settings, and with settings that decide something."""

import os
from pathlib import Path

import pytest

from tests.ci.programs import add_program, calls
from tests.ci.repository import Repository

KEYLESS = {"CI_SERVER_HOST": "gitlab.com", "SIGSTORE_ID_TOKEN": "x"}
REGISTRY = {"CI_REGISTRY": "r.example.com", "CI_REGISTRY_IMAGE": "r.example.com/app"}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Return a repository with the scripts."""
    return Repository.make(tmp_path)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"COSIGN_PRIVATE_KEY": "-----BEGIN"},
            "COSIGN_PRIVATE_KEY: no file; expected a variable of the type File with",
        ),
        ({"COSIGN_PRIVATE_KEY": "ci/sign.sh"}, "COSIGN_PASSWORD: missing; expected the password of COSIGN_PRIVATE_KEY"),
        ({}, "COSIGN_PRIVATE_KEY: missing; expected a key of 'cosign generate-key-pair', as only GitLab.com signs"),
        ({"SIGSTORE_ID_TOKEN": "x"}, "COSIGN_PRIVATE_KEY: missing; expected a key of 'cosign generate-key-pair'"),
        (
            {**KEYLESS, "CI_PROJECT_VISIBILITY": "private"},
            "COSIGN_PRIVATE_KEY: missing; expected a key, or COSIGN_KEYLESS",
        ),
    ],
)
def test_signing_refused(repository: Repository, settings: dict[str, str], said: str) -> None:
    """Without a key only GitLab.com signs, for a public project or one that accepts a public log."""
    result = repository.run("sign", "--check", **settings)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(said)
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "settings",
    [
        {**KEYLESS, "CI_PROJECT_VISIBILITY": "public"},
        {**KEYLESS, "CI_PROJECT_VISIBILITY": "private", "COSIGN_KEYLESS": "true"},
        {"COSIGN_PRIVATE_KEY": "ci/sign.sh", "COSIGN_PASSWORD": ""},
    ],
)
def test_signing_accepted(repository: Repository, settings: dict[str, str]) -> None:
    """A key needs nothing else; without one a public project on GitLab.com needs no setting at all."""
    assert repository.run("sign", "--check", **settings).returncode == 0


def test_key_comes_first(repository: Repository, tmp_path: Path) -> None:
    """A key is used on GitLab.com, too, and then nothing is entered in a public log."""
    add_program(tmp_path / "bin", "cosign", "")
    settings = {
        **KEYLESS, **REGISTRY, "CI_PROJECT_VISIBILITY": "private", "COSIGN_PASSWORD": "",
        "COSIGN_PRIVATE_KEY": "ci/sign.sh", "IMAGE_DIGEST": "sha256:1", "CHART_DIGEST": "sha256:2", "VERSION": "1.0.0",
        "CI_PROJECT_URL": "https://gitlab.com/a/b",
        "CI_COMMIT_SHA": "1", "CI_SERVER_URL": "https://gitlab.com", "CI_PIPELINE_URL": "https://gitlab.com/a/b/1",
    }  # fmt: skip
    result = repository.run("sign", **settings, PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}")

    assert result.returncode == 0, result.stderr
    signed = [call for call in calls(tmp_path / "bin", "cosign") if call.startswith(("sign", "attest"))]
    assert len(signed) == 4
    assert all("--key ci/sign.sh --tlog-upload=false" in call for call in signed)


def test_platforms(repository: Repository) -> None:
    """Platforms other than the two that are built are rejected."""
    result = repository.run("image", IMAGE_PLATFORMS="linux/amd64;id")
    assert result.returncode == 2
    assert result.stderr == "IMAGE_PLATFORMS: linux/amd64;id; expected linux/amd64, linux/arm64, or both with a comma\n"


@pytest.mark.parametrize("script", ["sbom", "scan", "release", "notify-flux"])
def test_nothing_to_release(repository: Repository, script: str) -> None:
    """After a merge that releases nothing, the later jobs pass and report it."""
    result = repository.run(script, VERSION="", IMAGE_DIGEST="")
    assert (result.returncode, result.stdout, result.stderr) == (0, "nothing to release\n", "")


def scan(repository: Repository, folder: Path, exceptions: str, **settings: str) -> tuple[int, str, str]:
    """Run the scan with these exceptions, and return its status, its errors and the rules that grype got."""
    (repository.folder / "ci/vulnerability-exceptions.txt").write_text(exceptions)
    grype = """
[ "$1" = db ] && exit "${DATABASE:-0}"
cat "$3" >"$(dirname "$0")/rules"
grep -q CVE-2026-1 "$3" || exit 2"""
    add_program(folder, "grype", grype)
    path = f"{folder}:{os.environ['PATH']}"
    result = repository.run("scan", IMAGE_DIGEST="sha256:1", PATH=path, **REGISTRY, **settings)
    rules = folder / "rules"
    return result.returncode, result.stderr, rules.read_text() if rules.exists() else ""


def test_scan_exceptions(repository: Repository, tmp_path: Path) -> None:
    """An exception holds until the end of its last day; then the scan fails again, and reports the reason."""
    status, errors, rules = scan(repository, tmp_path / "bin", "# none\nCVE-2026-1 2099-12-31 it's not reached\n")
    assert (status, errors) == (0, "")
    assert "  - vulnerability: CVE-2026-1\n" in rules
    assert rules.endswith('    reason: "until 2099-12-31: it\'s not reached"\n')

    status, errors, rules = scan(repository, tmp_path / "bin", "CVE-2026-1 2026-01-31 not reached\n")
    assert (status, errors, rules) == (2, "CVE-2026-1: its exception ended on 2026-01-31\n", "ignore: []\n")

    assert scan(repository, tmp_path / "bin", "")[0] == 2


@pytest.mark.parametrize(
    "line", ["CVE-2026-1", "CVE-2026-1 2099-12-31", "CVE-2026-1 2099-13-01 why", "* 2099-12-31 why"]
)
def test_scan_exception_without_reason_or_date(repository: Repository, tmp_path: Path, line: str) -> None:
    """An exception needs an identifier, an end date and a reason."""
    status, errors, rules = scan(repository, tmp_path / "bin", f"{line}\n")
    assert (status, rules) == (2, "")
    assert errors.startswith(f"ci/vulnerability-exceptions.txt: {line}")
    assert errors.endswith("; expected ID YYYY-MM-DD REASON, without quotes\n")


def test_scan_without_database(repository: Repository, tmp_path: Path) -> None:
    """Without the database the scan fails, unless that is allowed."""
    assert scan(repository, tmp_path / "bin", "", DATABASE="1")[0] == 1
    assert scan(repository, tmp_path / "bin", "", DATABASE="1", SCAN_WITHOUT_DATABASE="allowed")[0] == 0
