"""The database's port and address for network policies, and cleanup after a killed job; the cluster is a stand-in."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.provision.checkout import Checkout
from tests.provision.test_settings import URL, outputs

KUBECTL = """
case "$*" in
*"create --filename -"*) cat >>{objects}; printf the-uid ;;
*"get job"*) printf Complete ;;
*"apply --server-side"*) tee -a {objects} ;;
*) cat >/dev/null ;;
esac
"""


def written(checkout: Checkout, folder: Path, **changed: str) -> dict[str, dict[str, Any]]:
    """Return the objects that the job writes into the cluster, by name, in its order."""
    objects = folder / "objects"
    checkout.replace("kubectl", KUBECTL.format(objects=objects))
    result = checkout.run(
        "add_mysql_secret", KUBECONFIG=str(folder), TERRAFORM_OUTPUTS=outputs(folder, **changed), SHELLOPTS="xtrace"
    )
    assert result.returncode == 0, result.stderr
    assert "very-secret" not in result.stdout + result.stderr
    manifests = [each for each in yaml.safe_load_all(objects.read_text()) if each]
    return {f"{manifest['kind']}/{manifest['metadata']['name']}": manifest for manifest in manifests}


@pytest.mark.parametrize(
    ("app", "migrations", "cidrs"),
    [
        ("db.example.com", "db.example.com", []),
        ("10.1.2.3", "10.1.2.3", ["10.1.2.3/32"]),
        ("10.1.2.3", "10.1.2.4", ["10.1.2.3/32", "10.1.2.4/32"]),
        ("10.1.2.3", "db.example.com", []),
        ("[FD00::1]", "[fd00::1]", ["fd00::1/128"]),
        ("10.1.2.300", "10.1.2.300", []),
    ],
)
def test_network(checkout: Checkout, tmp_path: Path, app: str, migrations: str, cidrs: list[str]) -> None:
    """Port and address are those of the URLs; a name has no address that lasts."""
    hosts = {"database_url": app, "migrations_database_url": migrations}
    urls = {name: URL.format("user").replace("db.example.com", host) for name, host in hosts.items()}
    network = written(checkout, tmp_path, **urls)[f"ConfigMap/{checkout.namespace}-database"]

    assert network["metadata"]["namespace"] == "flux-system"
    assert network["metadata"]["labels"] == {"reconcile.fluxcd.io/watch": "Enabled"}
    assert network["data"]["DATABASE_PORT"] == "25060"
    assert json.loads(network["data"]["DATABASE_CIDRS"]) == cidrs


def test_killed_job_leaves_no_password(checkout: Checkout, tmp_path: Path) -> None:
    """The administrator's password belongs to a Job that the cluster removes, even if the script is killed."""
    found = written(checkout, tmp_path)

    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "app-mysql-privileges", "uid": "the-uid"}
    assert found["Secret/app-mysql-admin"]["metadata"]["ownerReferences"] == [owner]
    spec = found["Job/app-mysql-privileges"]["spec"]
    assert spec["ttlSecondsAfterFinished"] == 60
    assert spec["activeDeadlineSeconds"] == 150
    assert list(found).index("Job/app-mysql-privileges") < list(found).index("Secret/app-mysql-admin")


def test_network_before_secret(checkout: Checkout, tmp_path: Path) -> None:
    """The network policies' settings exist before the Secret, for which Flux waits before it installs."""
    found = list(written(checkout, tmp_path))

    assert found.index(f"ConfigMap/{checkout.namespace}-database") < found.index("Secret/app-mysql")
