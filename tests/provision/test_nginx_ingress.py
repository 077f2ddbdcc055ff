"""The wait for the ingress controller's address. The cluster is a stand-in: charts are not available here."""

from pathlib import Path

import pytest

from tests.provision.checkout import Checkout

# jsonpath of the controller's Service, if it is a load balancer
KUBECTL = """
case "$*" in
*" services "*LoadBalancer*.metadata.name*) printf '{name}' ;;
*" services "*LoadBalancer*.ip*) printf '{ip}' ;;
*" services "*LoadBalancer*.hostname*) printf '{hostname}' ;;
esac
"""


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, "its Service is no load balancer: point the names of DOMAIN at what "),
        ({"name": "nginx-ingress", "ip": "192.0.2.1"}, "point the names of DOMAIN at 192.0.2.1"),
        ({"name": "nginx-ingress", "hostname": "lb.example.com"}, "point the names of DOMAIN at lb.example.com"),
    ],
)
def test_address(checkout: Checkout, tmp_path: Path, found: dict[str, str], said: str) -> None:
    """The job waits for an address only if there will be one: a kind cluster has no load balancers."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.touch()
    checkout.replace("kubectl", KUBECTL.format(**{"name": "", "ip": "", "hostname": "", **found}))
    checkout.replace("helm", f'[ $1 != status ] && echo "$*" >{tmp_path}/helm\n')

    result = checkout.run("install_nginx_ingress", KUBECONFIG=str(kubeconfig))

    assert result.returncode == 0, result.stderr
    # The schema refers to raw.githubusercontent.com, which a network with mirrors only does not reach.
    assert "--skip-schema-validation" in (tmp_path / "helm").read_text().split()
    last = result.stdout.splitlines()[-1]
    assert last.startswith(f"install_nginx_ingress: {said}")
    assert ("waiting" in result.stdout) == bool(found)
