"""Fixtures of the provisioning tests."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.cluster import Namespace, provide, run
from tests.cluster.conftest import MYSQL
from tests.cluster.database import Database
from tests.provision.checkout import PROGRAMS, Checkout
from tests.requirements import require


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Return a copy of the scripts, with an environment of the test's own."""
    require(*PROGRAMS)
    return Checkout(tmp_path / "checkout", f"test-{secrets.token_hex(3)}")


@pytest.fixture
def namespace(cluster: dict[str, str], checkout: Checkout) -> Iterator[Namespace]:
    """Return the environment's namespace, which the jobs create; it is deleted afterwards."""
    assert cluster
    yield Namespace(checkout.namespace, "")
    run("kubectl", "delete", "namespace", checkout.namespace, "--ignore-not-found", "--wait=false")
    database = f"configmap/{checkout.namespace}-database"
    run("kubectl", "--namespace", "flux-system", "delete", database, "--ignore-not-found")


@pytest.fixture(scope="session")
def mysql_image(cluster: dict[str, str]) -> str:
    """Push MySQL's image to the cluster's registry, and return its name there."""
    assert cluster
    return provide(MYSQL)


@pytest.fixture
def database(namespace: Namespace, mysql_image: str) -> Database:
    """Return a MySQL in that namespace, with the users `app` and `migrations`."""
    namespace.create()
    database = Database(namespace, mysql_image)
    database.create()
    return database
