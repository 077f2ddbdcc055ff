"""The request that notifies Flux of a version."""

import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ci.api import Server, serving
from tests.ci.repository import Repository
from tests.processes import Result


@pytest.fixture
def server() -> Iterator[Server]:
    """Return a server with receivers below /hook/good."""
    with serving() as server:
        yield server


def notify(folder: Path, receivers: str, **settings: str) -> Result:
    """Notify these receivers of 1.2.3."""
    return Repository.make(folder).run("notify-flux", VERSION="1.2.3", FLUX_RECEIVERS=receivers, **settings)


def test_signature(server: Server, tmp_path: Path) -> None:
    """Each receiver gets the version, with its signature by the shared secret, and not the secret."""
    receivers = f"{server.address}/hook/good/1 {server.address}/hook/good/2"
    result = notify(tmp_path, receivers, RECEIVER_TOKEN="shared secret", FLUX_ID_TOKEN="unused")

    assert result.returncode == 0, result.stderr
    expected = hmac.new(b"shared secret", b"1.2.3", hashlib.sha256).hexdigest()
    assert len(server.requests) == 2
    for method, _, headers, body in server.requests:
        assert (method, body, headers["X-Signature"]) == ("POST", "1.2.3", f"sha256={expected}")
        assert "shared" not in str(headers)


def test_id_token(server: Server, tmp_path: Path) -> None:
    """Without a shared secret a receiver gets GitLab's ID token."""
    assert notify(tmp_path, f"{server.address}/hook/good", FLUX_ID_TOKEN="id-token").returncode == 0
    assert server.requests[0][2]["Authorization"] == "Bearer id-token"


def test_one_fails(server: Server, tmp_path: Path) -> None:
    """A receiver that fails is named and fails the job; those after it are notified."""
    receivers = f"{server.address}/hook/bad {server.address}/hook/good"
    result = notify(tmp_path, receivers, RECEIVER_TOKEN="secret")

    assert result.returncode == 1
    assert result.stdout.endswith(f"notified {server.address}/hook/good of 1.2.3\n")
    assert f"{server.address}/hook/bad: not notified; expected status 200." in result.stderr


def test_nothing_to_prove(tmp_path: Path) -> None:
    """Without any proof nothing is sent."""
    result = notify(tmp_path, "http://127.0.0.1:1/hook")
    assert result.returncode == 2
    assert result.stderr == "RECEIVER_TOKEN: missing; expected it, or FLUX_ID_TOKEN from the job's id_tokens\n"
