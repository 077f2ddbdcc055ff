"""A chart's installation after one that was killed."""

from pathlib import Path

from tests.provision.checkout import Checkout

PENDING = "owner=helm,name=sealed-secrets,status in (pending-install,pending-upgrade,pending-rollback)"


def test_pending_revision_is_deleted(checkout: Checkout, tmp_path: Path) -> None:
    """The revision of a killed installation is deleted before Helm starts, which would reject another."""
    calls = tmp_path / "calls"
    for program in ("kubectl", "helm"):
        checkout.replace(program, f'echo "{program} $*" >>{calls}\n')
    result = checkout.run("install_sealed_secrets", KUBECONFIG=str(calls.parent))

    assert result.returncode == 0, result.stderr
    lines = calls.read_text().splitlines()
    deleted = lines.index(f"kubectl --namespace kube-system delete secret --ignore-not-found --selector {PENDING}")
    upgraded = next(number for number, line in enumerate(lines) if line.startswith("helm upgrade --install"))
    assert deleted < upgraded
