"""Trusted proxies, trusted hosts and security headers."""

import base64
import hashlib
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import URL

from tests.conftest import MakeApp


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/version", 200), ("/nowhere", 404)])
def test_headers(client: FlaskClient, path: str, status: int) -> None:
    """No response may be stored or framed, or load anything."""
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
    """The policy allows exactly the page's own style, and the page loads nothing else."""
    response = client.get("/")

    (style,) = re.findall(r"<style>(.*?)</style>", response.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in response.headers["Content-Security-Policy"]
    assert re.findall(r'(?:src|href)="(?!data:)', response.text) == []
    assert "<script" not in response.text


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "evil.example:8000", "a b", ""])
def test_wrong_host(client: FlaskClient, host: str) -> None:
    """An unknown host name is refused and not repeated."""
    response = client.get("/", headers={"Host": host})

    assert response.status_code == 400
    assert "evil" not in response.text
    assert "tell-nobody" not in response.text


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1:8000", "LOCALHOST", "localhost.", "LocalHost.:80", "[::1]:8000"]
)
def test_right_host(client: FlaskClient, host: str) -> None:
    """The service answers to its names, with any port, in capitals, with a final dot (RFC 9110, 4.2.3)."""
    assert client.get("/", headers={"Host": host}).status_code == 200


def test_hosts_are_a_setting(make_app: MakeApp, shared_database: URL) -> None:
    """TRUSTED_HOSTS lists names, domains with their subdomains, or `*`."""
    client = make_app(shared_database, trusted_hosts="A.example, .b.example").test_client()
    statuses = [client.get("/", headers={"Host": f"{name}.example"}).status_code for name in ("a", "x.a", "b", "x.b")]
    assert statuses == [200, 400, 200, 200]

    client = make_app(shared_database, trusted_hosts="*").test_client()
    assert client.get("/", headers={"Host": "anything.example"}).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_have_any_host(client: FlaskClient, path: str) -> None:
    """Probes are answered for any host name."""
    assert client.get(path, headers={"Host": "10.1.2.3:8000"}).status_code == 200


FORGED = {
    "X-Forwarded-For": "6.6.6.6, 7.7.7.7",
    "X-Forwarded-Host": "evil.example, a.example",
    "X-Forwarded-Proto": "https",
}


def test_no_proxy_is_trusted_by_default(
    make_app: MakeApp, shared_database: URL, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without a trusted proxy, the headers of proxies are ignored."""
    client = make_app(shared_database).test_client()

    assert client.get("/", headers=FORGED).status_code == 200
    assert '"remote_address": "127.0.0.1"' in capfd.readouterr().out


def test_number_of_trusted_proxies(make_app: MakeApp, shared_database: URL, capfd: pytest.CaptureFixture[str]) -> None:
    """With one trusted proxy, only the values that it has added are used."""
    client = make_app(shared_database, trusted_proxies=1, trusted_hosts="a.example").test_client()

    assert client.get("/", headers=FORGED).status_code == 200
    assert '"remote_address": "7.7.7.7"' in capfd.readouterr().out
    assert client.get("/", headers={"X-Forwarded-Host": "a.example, evil.example"}).status_code == 400
