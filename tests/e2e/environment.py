"""One environment: the settings of its provisioning, and its page, requested as by a browser."""

import http.client
import json
import os
import socket
import ssl
from pathlib import Path
from typing import Any

from tests.cluster.cluster import Namespace
from tests.cluster.database import PORT, Database
from tests.e2e.people import People


class Environment:
    """dev, staging or prod."""

    def __init__(self, name: str, database: Database, roots: str) -> None:
        self.name = name
        self.host = f"{name}.{os.environ['DOMAIN']}"
        self.database = database
        self.namespace = Namespace(f"app-{name}", "")
        self._roots = roots
        self._trust = ssl.create_default_context(cadata=roots)
        address, _, port = os.environ.get("INGRESS_ADDRESS", "127.0.0.1:443").partition(":")
        self.address = address, int(port)

    def settings(self, outputs: Path) -> dict[str, str]:
        """Return the environment's settings for provisioning: Terraform's outputs, in that file."""
        server = f"{self.database.host}:{PORT}/app"
        values = {
            "database_url": f"mysql+pymysql://app:tell-nobody@{server}",
            "migrations_database_url": f"mysql+pymysql://migrations:tell-nobody@{server}",
            "admin_database_url": f"mysql+pymysql://administrator:administrator@{server}",
            "database_ca": self.database.ca.decode(),
        }
        outputs.write_text(json.dumps({name: {"value": value, "sensitive": True} for name, value in values.items()}))
        return {"TERRAFORM_OUTPUTS": str(outputs)}

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection to the page by its name, independent of DNS; the certificate is verified."""
        return _Connection(self.host, self.address, self._trust)

    def page(self) -> dict[str, Any]:
        """Return the page, as JSON."""
        connection = self.connect()
        try:
            connection.request("GET", "/", headers={"Accept": "application/json"})
            facts: dict[str, Any] = json.loads(connection.getresponse().read())
            return facts
        finally:
            connection.close()

    def version(self) -> str:
        """Return the version that the page shows; empty if there is no page."""
        try:
            return str(self.page()["version"])
        except (OSError, ValueError, KeyError, http.client.HTTPException):
            return ""

    def people(self, folder: Path) -> People:
        """Return clients of the page; their figures are kept in the folder meanwhile."""
        roots = folder / "roots.pem"
        roots.write_text(self._roots)
        return People(f"https://{self.host}/", ":".join(map(str, self.address)), roots, folder)

    def receivers(self) -> list[str]:
        """Return the paths of Flux's receivers, which accept the notification of a new version."""
        receivers = self.namespace.get("receivers.notification.toolkit.fluxcd.io")
        return [path for each in receivers if (path := each.get("status", {}).get("webhookPath"))]

    def rolled_out(self, version: str) -> bool:
        """Return whether every pod runs the version, and no other pod is left."""
        pods = self.namespace.get("pods", "--selector", "app.kubernetes.io/component=web")
        images = [container["image"] for pod in pods for container in pod["spec"]["containers"]]
        return bool(images) and all(image.endswith(f":{version}") for image in images) and self.healthy()

    def healthy(self) -> bool:
        """Return whether Flux reports the release as ready."""
        releases = self.namespace.get("helmreleases.helm.toolkit.fluxcd.io")
        conditions = [each for release in releases for each in release.get("status", {}).get("conditions", [])]
        return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


class _Connection(http.client.HTTPSConnection):
    def __init__(self, host: str, address: tuple[str, int], trust: ssl.SSLContext) -> None:
        super().__init__(host, timeout=10)
        self._to = address
        self._trust = trust

    def connect(self) -> None:
        """Connect to the ingress controller's address, and verify that its certificate names the host."""
        plain = socket.create_connection(self._to, 10)
        self.sock = self._trust.wrap_socket(plain, server_hostname=self.host)
