"""TLS to MySQL: with `ssl_ca`, the server's certificate and name are verified."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr
from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import OperationalError

import app.database
from tests import mysql


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with a CA, a certificate that it issued for the server's name, and another CA."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    trustme.CA().cert_pem.write_to_path(str(folder / "another-ca.pem"))
    certificate = authority.issue_cert(mysql.docker_host())
    certificate.cert_chain_pems[0].write_to_path(str(folder / "server.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "server.key"))
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)  # the server reads them as another user
    return folder


@pytest.fixture(scope="module")
def server(certificates: Path) -> Iterator[URL]:
    """Return the URL of a server with that certificate."""
    options = "--ssl-ca=/tls/ca.pem --ssl-cert=/tls/server.pem --ssl-key=/tls/server.key"
    with mysql.container(options, {certificates: "/tls"}) as url:
        mysql.wait(url)
        yield url.set(host=mysql.docker_host())


def cipher(url: URL, ca: Path) -> str:
    """Connect as the service does with `?ssl_ca=`, and return the cipher of the connection."""
    address = url.update_query_dict({"ssl_ca": str(ca)}).render_as_string(hide_password=False)
    engine = app.database.create_engine(SecretStr(address), 5)
    try:
        with engine.connect() as connection:
            return str(connection.execute(text("SHOW STATUS LIKE 'Ssl_cipher'")).one()[1])
    finally:
        engine.dispose()


def test_valid_certificate(server: URL, certificates: Path) -> None:
    """A server with a certificate of the CA for its name is used, over TLS."""
    assert cipher(server, certificates / "ca.pem").startswith("TLS_")


def test_certificate_of_another_ca(server: URL, certificates: Path) -> None:
    """A server with a certificate of another CA is refused."""
    with pytest.raises(OperationalError, match="certificate verify failed"):
        cipher(server, certificates / "another-ca.pem")


def test_certificate_for_another_name(server: URL, certificates: Path) -> None:
    """A server with a certificate for another name is refused."""
    with pytest.raises(OperationalError, match=r"IP address mismatch|Hostname mismatch"):
        cipher(server.set(host=socket.gethostbyname(mysql.docker_host())), certificates / "ca.pem")


def test_server_without_tls(server: URL, certificates: Path) -> None:
    """A server without TLS is refused before the password is sent."""
    engine = create_engine(server)
    with engine.connect() as connection:
        connection.execute(text("SET GLOBAL ssl_ca = '/nowhere'"))
        connection.execute(text("ALTER INSTANCE RELOAD TLS NO ROLLBACK ON ERROR"))
    engine.dispose()
    time.sleep(0.1)

    with pytest.raises(OperationalError, match="SSL is required but the server doesn't support it"):
        cipher(server, certificates / "ca.pem")
