"""The wait for the ingress controller's address. What the cluster says is the test's own: charts cannot be had here."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.provision.checkout import Checkout

KUBECTL = """
case "$*" in
*" services "*) cat {services} ;;
esac
"""


def service(kind: str, **status: Any) -> dict[str, Any]:  # noqa: ANN401  as Kubernetes writes it
    """Return a Service of that type."""
    return {"metadata": {"name": "nginx-ingress-controller"}, "spec": {"type": kind}, "status": status}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (service("NodePort", loadBalancer={}), "its Service is no load balancer: point the names of DOMAIN at what "),
        (service("LoadBalancer", loadBalancer={"ingress": [{"ip": "192.0.2.1"}]}), "point the names of DOMAIN at 192."),
        (service("LoadBalancer", loadBalancer={"ingress": [{"hostname": "lb.example.com"}]}), "point the names of "),
    ],
)
def test_address(checkout: Checkout, tmp_path: Path, found: dict[str, Any], said: str) -> None:
    """The job should wait for an address only where there will be one: a cluster of kind has no load balancers."""
    services = tmp_path / "services.json"
    services.write_text(json.dumps({"items": [service("ClusterIP", loadBalancer={}), found]}))
    checkout.replace("kubectl", KUBECTL.format(services=services))
    checkout.replace("helm", f'[ $1 != status ] && echo "$*" >{tmp_path}/helm\n')

    result = checkout.run("install_nginx_ingress", KUBECONFIG=str(services))

    assert result.returncode == 0, result.stderr
    # The schema refers to raw.githubusercontent.com, which a network with mirrors only does not reach.
    assert "--skip-schema-validation" in (tmp_path / "helm").read_text().split()
    last = result.stdout.splitlines()[-1]
    assert last.startswith(f"install_nginx_ingress: {said}")
    assert ("waiting" in result.stdout) == (found["spec"]["type"] == "LoadBalancer")
