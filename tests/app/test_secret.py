"""The secret: plain, masked and rotated; on the page only."""

import hashlib
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import URL

from app import logs
from app.secret import Secret
from app.settings import Settings
from tests.conftest import MakeApp
from tests.processes import environment, program

JSON = {"Accept": "application/json"}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the monotonic time of the module, which the test sets."""
    now = [1000.0]
    monkeypatch.setattr("app.secret.time.monotonic", lambda: now[0])
    return now


def shown(client: FlaskClient) -> str:
    """Return the secret on the page."""
    return str(client.get("/", headers=JSON).get_json()["secret"])


def test_local_default(make_app: MakeApp, shared_database: URL) -> None:
    """Without a secret, which only `local` allows, the page shows a placeholder."""
    assert shown(make_app(shared_database).test_client()) == "not-a-secret-only-for-local-use"


@pytest.mark.parametrize("path", ["/", "/nowhere"])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_masked(make_app: MakeApp, shared_database: URL, path: str, accept: str) -> None:
    """A masked secret appears nowhere; the page has a short fingerprint, which shows a rotation."""
    client = make_app(shared_database, app_secret="tell-nobody", secret_display="masked").test_client()

    response = client.get(path, headers={"Accept": accept})

    assert "tell-nobody" not in response.text
    fingerprint = "sha256:" + hashlib.sha256(b"tell-nobody").hexdigest()[:8]
    assert (fingerprint in response.text) == (path == "/")


def test_log_and_metrics_have_no_secret(
    make_app: MakeApp, shared_database: URL, capfd: pytest.CaptureFixture[str]
) -> None:
    """The secret appears in no line of the log and in no error."""
    client = make_app(shared_database, app_secret="tell-nobody", log_level="DEBUG").test_client()

    for path in ("/", "/nowhere", "/readyz", "/version", "/healthz"):
        response = client.get(path)
        assert ("tell-nobody" in response.text) == (path == "/")
    captured = capfd.readouterr()
    assert "tell-nobody" not in captured.out + captured.err


def test_rotation(make_app: MakeApp, shared_database: URL, tmp_path: Path, clock: list[float]) -> None:
    """A changed file is noticed within a second, also if a symbolic link is switched, as Kubernetes does it."""
    (tmp_path / "old").write_text("old\n")
    (tmp_path / "new").write_text("new\n")
    link = tmp_path / "APP_SECRET"
    link.symlink_to("old")
    client = make_app(shared_database, app_secret_file=link).test_client()
    assert shown(client) == "old"

    link.unlink()
    link.symlink_to("new")

    clock[0] += 0.9
    assert shown(client) == "old"  # checked once a second
    clock[0] += 0.1
    assert shown(client) == "new"


@pytest.mark.parametrize("contents", [None, "", "\n"])
def test_lost_file(tmp_path: Path, clock: list[float], capfd: pytest.CaptureFixture[str], contents: str | None) -> None:
    """If the file is missing or empty for a while, the last secret stays, and the log has a line."""
    file = tmp_path / "APP_SECRET"
    file.write_text("old")
    secret = Secret(Settings(app_secret_file=file))
    logs.configure(Settings())

    if contents is None:
        file.unlink()
    else:
        file.write_text(contents)
    clock[0] += 1

    assert secret.value == "old"
    assert "secret not updated" in capfd.readouterr().out
    file.write_text("new")
    clock[0] += 1
    assert secret.value == "new"


@pytest.mark.parametrize("contents", [None, b"", b" \n", b"\xff"])
def test_unusable_file(tmp_path: Path, contents: bytes | None) -> None:
    """If the file has no text, gunicorn exits with status 2 and one line, before it starts a worker."""
    file = tmp_path / "APP_SECRET"
    if contents is not None:
        file.write_bytes(contents)

    result = program("gunicorn", env=environment(APP_SECRET_FILE=str(file)))

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        f"APP_SECRET_FILE: no text in {str(file)!r}; expected a readable UTF-8 file that is not empty\n"
    )
