"""Access to Flux's receivers. The cluster is a stand-in: another Flux could not be installed there."""

import shutil
from pathlib import Path

import yaml

from tests.provision.checkout import Checkout

KUBECTL = """
case "$*" in
apply*) tee -a {applied} ;;
*"--filename -"*) cat >/dev/null ;;
esac
"""


def test_policy(checkout: Checkout, tmp_path: Path) -> None:
    """The pod that proves the receivers' name to the ACME CA is admitted, if policies are enforced."""
    kubeconfig, applied = tmp_path / "kubeconfig", tmp_path / "applied"
    kubeconfig.touch()
    checkout.replace("kubectl", KUBECTL.format(applied=applied))
    checkout.replace("helm", f'[ "$1" != template ] || exec {shutil.which("helm")} "$@"\n')
    settings = {
        "REGISTRY": "registry.example.com/app", "DOMAIN": "example.com", "GIT_URL": "https://git.example.com/app.git",
        "COMPONENTS": "receiver-token", "RECEIVER_TOKEN": "very-secret", "KUBECONFIG": str(kubeconfig),
    }  # fmt: skip

    result = checkout.run("install_gitops", **settings)

    assert result.returncode == 0, result.stderr
    objects = {each["kind"]: each for each in yaml.safe_load_all(applied.read_text()) if each}
    assert objects["Ingress"]["metadata"]["namespace"] == "flux-system"
    assert objects["NetworkPolicy"]["metadata"] == {
        "name": f"{checkout.namespace}-receiver",
        "namespace": "flux-system",
    }
    assert objects["NetworkPolicy"]["spec"] == {
        "podSelector": {"matchLabels": {"acme.cert-manager.io/http01-solver": "true"}},
        "policyTypes": ["Ingress"],
        "ingress": [{"ports": [{"port": 8089}]}],
    }
