"""The secret: shown, masked, rotated; never anywhere else."""

import hashlib
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import URL

from app import logs
from app.secret import Secret
from app.settings import Settings
from tests.conftest import NewApp

JSON = {"Accept": "application/json"}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the time as the secret sees it, to be set."""
    now = [1000.0]
    monkeypatch.setattr("app.secret.time.monotonic", lambda: now[0])
    return now


def shown(client: FlaskClient) -> str:
    """Return the secret as the page shows it."""
    return str(client.get("/", headers=JSON).get_json()["secret"])


def test_local_default(new_app: NewApp, shared_database: URL) -> None:
    """Without a secret, which only a local start may do, the page says that there is none."""
    assert shown(new_app(shared_database).test_client()) == "not-a-secret-only-for-local-use"


@pytest.mark.parametrize("path", ["/", "/nowhere"])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_masked(new_app: NewApp, shared_database: URL, path: str, accept: str) -> None:
    """A masked secret is nowhere; the page has a short fingerprint, by which a rotation can be seen."""
    client = new_app(shared_database, app_secret="tell-nobody", secret_display="masked").test_client()

    response = client.get(path, headers={"Accept": accept})

    assert "tell-nobody" not in response.text
    fingerprint = "sha256:" + hashlib.sha256(b"tell-nobody").hexdigest()[:8]
    assert (fingerprint in response.text) == (path == "/")


def test_log_and_metrics_have_no_secret(
    new_app: NewApp, shared_database: URL, capsys: pytest.CaptureFixture[str]
) -> None:
    """The secret is in no line of the log and in no error."""
    client = new_app(shared_database, app_secret="tell-nobody", log_level="DEBUG").test_client()

    for path in ("/", "/nowhere", "/readyz", "/version", "/healthz"):
        response = client.get(path)
        assert ("tell-nobody" in response.text) == (path == "/")
    captured = capsys.readouterr()
    assert "tell-nobody" not in captured.out + captured.err


def test_rotation(new_app: NewApp, shared_database: URL, tmp_path: Path, clock: list[float]) -> None:
    """A changed file shows within a second, the way that Kubernetes changes it: by another target of a link."""
    (tmp_path / "old").write_text("old\n")
    (tmp_path / "new").write_text("new\n")
    link = tmp_path / "APP_SECRET"
    link.symlink_to("old")
    client = new_app(shared_database, app_secret_file=link).test_client()
    assert shown(client) == "old"

    link.unlink()
    link.symlink_to("new")

    clock[0] += 0.9
    assert shown(client) == "old"  # looked at no more than once a second
    clock[0] += 0.1
    assert shown(client) == "new"


@pytest.mark.parametrize("contents", [None, "", "\n"])
def test_lost_file(
    tmp_path: Path, clock: list[float], capsys: pytest.CaptureFixture[str], contents: str | None
) -> None:
    """A file that is gone or empty for a while leaves the last secret in place, and a line in the log."""
    file = tmp_path / "APP_SECRET"
    file.write_text("old")
    secret = Secret(Settings(app_secret_file=file))
    logs.configure(Settings())

    if contents is None:
        file.unlink()
    else:
        file.write_text(contents)
    clock[0] += 1

    assert secret.shown() == "old"
    assert "secret not read again" in capsys.readouterr().out
    file.write_text("new")
    clock[0] += 1
    assert secret.shown() == "new"


@pytest.mark.parametrize("contents", [None, "", b"\xff"])
def test_bad_file(
    new_app: NewApp, tmp_path: Path, capsys: pytest.CaptureFixture[str], contents: str | bytes | None
) -> None:
    """A file that cannot be read, or has no text in it, ends the start with status 2 and one line."""
    file = tmp_path / "APP_SECRET"
    if contents is not None:
        file.write_bytes(contents.encode() if isinstance(contents, str) else contents)

    with pytest.raises(SystemExit) as end:
        new_app("sqlite://", app_secret_file=file)

    assert end.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("APP_SECRET_FILE: expected a readable file of text that is not empty")
    assert said.count("\n") == 1
