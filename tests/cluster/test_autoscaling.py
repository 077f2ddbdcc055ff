"""Enabling the autoscaler on a running release, as the chart's README describes it."""

import json
import secrets
from collections.abc import Iterator

import pytest

from tests.chart.helm import CHART
from tests.cluster.cluster import Namespace, must


@pytest.fixture
def namespace(cluster: dict[str, str]) -> Iterator[Namespace]:
    """Return a namespace; only the number of its pods matters, so they need not run."""
    assert cluster
    namespace = Namespace(f"e2e-autoscaling-{secrets.token_hex(3)}", "")
    namespace.create()
    yield namespace
    namespace.delete()


def replicas(namespace: Namespace, *sets: str) -> int:
    """Install or upgrade the release, without its hooks, and return the number of pods that it then has."""
    options = [word for value in ("image.repository=registry.invalid/app", *sets) for word in ("--set", value)]
    must("helm", "upgrade", "--install", "app", str(CHART), "--namespace", namespace.name, "--no-hooks", *options)
    return int(namespace.kubectl("get", "deployment", "app", "--output", "jsonpath={.spec.replicas}"))


def test_no_drop(namespace: Namespace) -> None:
    """If another manager owns the number of pods, it stays when the chart leaves it to the autoscaler."""
    assert replicas(namespace, "replicaCount=4") == 4
    owned = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app"}, "spec": {"replicas": 4}}
    apply = ("apply", "--server-side", "--field-manager", "autoscaling", "--filename", "-")
    namespace.kubectl(*apply, text=json.dumps(owned))

    scaled = ("autoscaling.enabled=true", "autoscaling.minReplicas=4")
    assert replicas(namespace, *scaled) == 4
    assert replicas(namespace, *scaled, "podLabels.team=us") == 4
