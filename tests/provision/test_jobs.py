"""The jobs on a cluster: they write their objects, a second run changes nothing, and no secret leaks."""

import base64
import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL

from tests.cluster.cluster import Namespace, Object, run
from tests.cluster.database import ADMINISTRATOR, PORT, Database
from tests.processes import migrate
from tests.provision.checkout import Checkout

REGISTRY = "registry.example.com:5000/group/app"
FLUX = ("kubectl", "--namespace", "flux-system")
PASSWORD = 'p%ss"w\\rd'


def passed(result: subprocess.CompletedProcess[str]) -> None:
    """Check that a job has passed."""
    assert result.returncode == 0, result.stdout + result.stderr


def versions(namespace: Namespace, *objects: str) -> list[str]:
    """Return the versions of objects: the cluster gives them another at each change."""
    path = "jsonpath={.metadata.resourceVersion}"
    return [namespace.kubectl("get", each, "--output", path) for each in objects]


def decoded(namespace: Namespace, name: str) -> dict[str, str]:
    """Return the contents of a Secret."""
    found: Object = json.loads(namespace.kubectl("get", "secret", name, "--output", "json"))
    return {key: base64.b64decode(value).decode() for key, value in found["data"].items()}


def test_registry(checkout: Checkout, cluster: dict[str, str], namespace: Namespace) -> None:
    """The registry's Secret logs in with the token, in a namespace with the standard `restricted`."""
    settings = {"REGISTRY": REGISTRY, "REGISTRY_USER": "reader", "REGISTRY_PASSWORD": PASSWORD, **cluster}

    first = checkout.run("add_docker_registry_secret", **settings)
    passed(first)
    before = versions(namespace, "secret/app-registry", f"namespace/{namespace.name}")
    passed(checkout.run("add_docker_registry_secret", **settings))

    assert versions(namespace, "secret/app-registry", f"namespace/{namespace.name}") == before
    login = {
        "username": "reader",
        "password": PASSWORD,
        "auth": base64.b64encode(f"reader:{PASSWORD}".encode()).decode(),
    }
    assert json.loads(decoded(namespace, "app-registry")[".dockerconfigjson"]) == {
        "auths": {"registry.example.com:5000": login}
    }
    labels = json.loads(run("kubectl", "get", "namespace", namespace.name, "--output", "json").stdout)["metadata"][
        "labels"
    ]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert PASSWORD not in checkout.arguments() + first.stdout + first.stderr
    passed(checkout.run("add_docker_registry_secret", **{**settings, "REGISTRY_PASSWORD": "new"}))
    assert versions(namespace, "secret/app-registry") != before[:1]


def outputs(folder: Path, namespace: Namespace, password: str = "administrator") -> str:  # noqa: S107  the test's own
    """Return a file with Terraform's outputs of the test's MySQL, and the administrator's password."""

    def url(user: str, password: str) -> str:
        return URL.create("mysql+pymysql", user, password, "mysql", PORT, "app").render_as_string(hide_password=False)

    values = {
        "database_url": url("app", "tell-nobody"),
        "migrations_database_url": url("migrations", "tell-nobody"),
        "admin_database_url": url("administrator", password),
        "database_ca": decoded(namespace, "mysql-tls")["ca.crt"],
    }
    path = folder / "outputs.json"
    path.write_text(json.dumps({name: {"value": value, "sensitive": True} for name, value in values.items()}))
    return str(path)


def deployment(image: str) -> Object:
    """Return a stand-in for the app that can be rolled."""
    container = {
        "name": "app", "image": image, "command": ["sleep", "600"],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }  # fmt: skip
    labels = {"app.kubernetes.io/component": "web"}
    spec = {
        "terminationGracePeriodSeconds": 0,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 999, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "app"},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}},
    }


@contextmanager
def forwarded(namespace: Namespace) -> Iterator[int]:
    """Yield a port of this machine that leads to the database."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["kubectl", "--namespace", namespace.name, "port-forward", "pod/mysql", f"{port}:{PORT}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline()
    try:
        yield port
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def as_user(namespace: Namespace, user: str, statement: str) -> str:
    """Return MySQL's output for a user's statement."""
    return run(
        "kubectl", "--namespace", namespace.name, "exec", "mysql", "--",
        "mysql", f"-u{user}", "-ptell-nobody", "-h127.0.0.1", f"-P{PORT}", "-N", "app", "-e", statement,
    ).stderr  # fmt: skip


@pytest.mark.timeout(300)
def test_mysql(
    checkout: Checkout, cluster: dict[str, str], namespace: Namespace, database: Database, tmp_path: Path
) -> None:
    """The database's Secret has Terraform's values; its users have no more privileges than they need."""
    image = namespace.get("pods")[0]["spec"]["containers"][0]["image"]
    settings = {"MYSQL_IMAGE": image, "TERRAFORM_OUTPUTS": outputs(tmp_path, namespace), **cluster}
    database.query(ADMINISTRATOR.format(user="app") + ADMINISTRATOR.format(user="migrations"))
    namespace.apply(deployment(image))
    namespace.kubectl("delete", "secret", "app-mysql")

    first = checkout.run("add_mysql_secret", **settings)
    passed(first)
    assert "restarting the app" in first.stdout
    before = versions(namespace, "secret/app-mysql")
    rolled = namespace.kubectl("get", "deployment", "app", "--output", "jsonpath={.spec.template.metadata.annotations}")
    second = checkout.run("add_mysql_secret", **settings)

    passed(second)
    assert versions(namespace, "secret/app-mysql") == before
    assert second.stdout.count("unchanged") == 2  # the users
    network = json.loads(run(*FLUX, "get", "configmap", f"{namespace.name}-database", "--output", "json").stdout)[
        "data"
    ]
    assert network == {"DATABASE_PORT": "25060", "DATABASE_CIDRS": "[]"}
    assert rolled == namespace.kubectl(
        "get", "deployment", "app", "--output", "jsonpath={.spec.template.metadata.annotations}"
    )
    secret = decoded(namespace, "app-mysql")
    assert secret["DATABASE_URL"] == "mysql+pymysql://app:tell-nobody@mysql:25060/app?ssl_ca=/etc/mysql-ca/ca.crt"
    assert secret["ca.crt"].startswith("-----BEGIN CERTIFICATE-----")
    assert "tell-nobody" not in checkout.arguments() + first.stdout + first.stderr
    left = namespace.kubectl("get", "secrets,jobs", "--output", "name").split()
    assert not {"secret/app-mysql-admin", "job.batch/app-mysql-privileges"} & set(left)
    for user in ("app", "migrations"):
        assert "REQUIRE SSL" in database.query(f"SHOW CREATE USER {user}")

    with forwarded(namespace) as port:
        migrate(URL.create("mysql+pymysql", "migrations", "tell-nobody", "127.0.0.1", port, "app"))
    assert "ERROR" not in as_user(namespace, "app", "INSERT INTO records (note) VALUES ('x'); DELETE FROM records")
    for user, statement in (
        ("app", "DROP TABLE records"),
        ("app", "CREATE TABLE other (id INT)"),
        ("app", "SELECT * FROM mysql.user"),
        ("app", "CREATE USER other"),
        ("migrations", "CREATE DATABASE other"),
        ("migrations", "SELECT * FROM mysql.user"),
        ("migrations", "GRANT SELECT ON app.* TO app"),
    ):
        assert "denied" in as_user(namespace, user, statement), (user, statement)


@pytest.mark.timeout(300)
def test_mysql_refuses(
    checkout: Checkout, cluster: dict[str, str], namespace: Namespace, database: Database, tmp_path: Path
) -> None:
    """If MySQL rejects the administrator's login, the Secret stays as it was, and one line reports it."""
    assert database
    image = namespace.get("pods")[0]["spec"]["containers"][0]["image"]
    before = decoded(namespace, "app-mysql")
    given = outputs(tmp_path, namespace, "very-secret")

    result = checkout.run("add_mysql_secret", TERRAFORM_OUTPUTS=given, MYSQL_IMAGE=image, **cluster)

    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(
        "add_mysql_secret: TERRAFORM_OUTPUTS: admin_database_url: login failed (BackoffLimitExceeded)"
    )
    assert "Access denied" in result.stdout
    assert "very-secret" not in result.stdout + line + checkout.arguments()
    assert decoded(namespace, "app-mysql") == before
