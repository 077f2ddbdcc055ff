"""What is believed of a request, and what a browser is told."""

import base64
import hashlib
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import URL

from tests.conftest import NewApp


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/version", 200), ("/nowhere", 404)])
def test_headers(client: FlaskClient, path: str, status: int) -> None:
    """Every answer is kept by nobody, framed by nobody, and may load nothing."""
    response = client.get(path)

    assert response.status_code == status
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_style_is_allowed_by_its_hash(client: FlaskClient) -> None:
    """The policy allows exactly the style that the page has, and the page needs nothing from elsewhere."""
    response = client.get("/")

    (style,) = re.findall(r"<style>(.*?)</style>", response.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in response.headers["Content-Security-Policy"]
    assert re.findall(r'(?:src|href)="(?!data:)', response.text) == []
    assert "<script" not in response.text


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "evil.example:8000", "a b", ""])
def test_wrong_host(client: FlaskClient, host: str) -> None:
    """A host name that is not the service's is refused, and not repeated."""
    response = client.get("/", headers={"Host": host})

    assert response.status_code == 400
    assert "evil" not in response.text
    assert "tell-nobody" not in response.text


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000"])
def test_right_host(client: FlaskClient, host: str) -> None:
    """The service answers to its names, at whatever port."""
    assert client.get("/", headers={"Host": host}).status_code == 200


def test_hosts_are_a_setting(new_app: NewApp, shared_database: URL) -> None:
    """The names, a domain with its subdomains, or all, are set by TRUSTED_HOSTS."""
    client = new_app(shared_database, trusted_hosts="a.example, .b.example").test_client()
    statuses = [client.get("/", headers={"Host": f"{name}.example"}).status_code for name in ("a", "x.a", "b", "x.b")]
    assert statuses == [200, 400, 200, 200]

    client = new_app(shared_database, trusted_hosts="*").test_client()
    assert client.get("/", headers={"Host": "anything.example"}).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_have_any_host(client: FlaskClient, path: str) -> None:
    """Probes are answered whatever host name they are sent to."""
    assert client.get(path, headers={"Host": "10.1.2.3:8000"}).status_code == 200


FORGED = {
    "X-Forwarded-For": "6.6.6.6, 7.7.7.7",
    "X-Forwarded-Host": "evil.example, a.example",
    "X-Forwarded-Proto": "https",
}


def test_proxies_are_not_believed(new_app: NewApp, shared_database: URL, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a proxy in front, what a client says that a proxy said is ignored."""
    client = new_app(shared_database).test_client()

    assert client.get("/", headers=FORGED).status_code == 200
    assert '"remote_address": "127.0.0.1"' in capsys.readouterr().out


def test_as_many_proxies_as_set_are_believed(
    new_app: NewApp, shared_database: URL, capsys: pytest.CaptureFixture[str]
) -> None:
    """With one proxy in front, only what that one has added is believed."""
    client = new_app(shared_database, trusted_proxies=1, trusted_hosts="a.example").test_client()

    assert client.get("/", headers=FORGED).status_code == 200
    assert '"remote_address": "7.7.7.7"' in capsys.readouterr().out
    assert client.get("/", headers={"X-Forwarded-Host": "a.example, evil.example"}).status_code == 400
