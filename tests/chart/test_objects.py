"""Which objects there are, and whether Kubernetes takes them."""

import re

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest

from tests.chart.helm import CHART, NAME, Helm, Values
from tests.chart.switches import INGRESS, SWITCHES

ALWAYS = {
    "Deployment/app",
    "Job/app-migrations",
    "NetworkPolicy/app",
    "NetworkPolicy/app-migrations",
    "NetworkPolicy/app-test",
    "Pod/app-test",
    "PodDisruptionBudget/app",
    "Service/app",
    "ServiceAccount/app",
}
POLICIES = {"NetworkPolicy/app", "NetworkPolicy/app-migrations", "NetworkPolicy/app-test"}
FOREIGN = {"HTTPRoute", "ServiceMonitor"}  # not Kubernetes' own: tests of their own look at them
VALID: set[tuple[str, str]] = set()  # by version; most objects of one switch are those of another
OLDEST, NEWEST = "1.30", kubernetes_validate.latest_version()


@pytest.mark.parametrize(
    ("switch", "expected"),
    {
        "defaults": ALWAYS,
        "one replica": ALWAYS - {"PodDisruptionBudget/app"},
        "autoscaling": ALWAYS | {"HorizontalPodAutoscaler/app"},
        "autoscaling from one replica": ALWAYS - {"PodDisruptionBudget/app"} | {"HorizontalPodAutoscaler/app"},
        "ingress": ALWAYS | {"Ingress/app"},
        "HTTPRoute": ALWAYS | {"HTTPRoute/app"},
        "no network policy": ALWAYS - POLICIES,
        "service monitor": ALWAYS | {"ServiceMonitor/app"},
        "a service account of somebody else": ALWAYS - {"ServiceAccount/app"},
    }.items(),
)
def test_objects_of_each_switch(helm: Helm, switch: str, expected: set[str]) -> None:
    """Each switch should add or take away its own objects, and no others."""
    assert expected == helm.template(SWITCHES[switch]).names()


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("values", SWITCHES.values(), ids=SWITCHES)
def test_objects_are_valid_for_kubernetes(helm: Helm, values: Values, version: str) -> None:
    """Every object should be one that the oldest and the newest Kubernetes know, without an unknown field."""
    for manifest in helm.template(values).objects:
        if manifest["kind"] not in FOREIGN and (version, str(manifest)) not in VALID:
            kubernetes_validate.validate(manifest, version, strict=True)
            VALID.add((version, str(manifest)))


@pytest.mark.parametrize(
    ("release", "name"),
    {
        "123": "app-123",
        "1.2.3": "app-1-2-3",
        f"9-{NAME}": "app-9",
        f"7{NAME}s": f"app-7{NAME}s",
        "1e3": "app-1e3",
        f"my.{NAME}": f"my-{NAME}",
        "x.y": f"x-y-{NAME}",
        "true": f"true-{NAME}",
        f"a.b.c-{NAME}": f"a-b-c-{NAME}",
        f"{'x' * (52 - len(NAME))}.{NAME}": "x" * (52 - len(NAME)) + f"-{NAME}",
        f"1{'x' * 52}": f"app-1{'x' * 52}",
    }.items(),
)
def test_release_name(helm: Helm, release: str, name: str) -> None:
    """All objects should be valid for any release name that Helm accepts. Names of Services are stricter."""
    rendered = helm.template({"autoscaling": {"enabled": True}, "ingress": INGRESS}, release=release)

    assert {
        found.partition("/")[2].removesuffix("-migrations").removesuffix("-test") for found in rendered.names()
    } == {name[:50].rstrip("-")}
    for manifest in rendered.objects:
        kubernetes_validate.validate(manifest, NEWEST, strict=True)
        found = manifest["metadata"]["name"]
        assert len(found) <= 63
        assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", found), found
        assert manifest["metadata"]["labels"]["app.kubernetes.io/instance"] == release


@pytest.mark.parametrize("values", SWITCHES.values(), ids=SWITCHES)
def test_chart_creates_and_reads_no_secret(helm: Helm, values: Values) -> None:
    """No Secret should be made and none be read by Helm: pods refer to those of the namespace by their names."""
    rendered = helm.template(values)

    assert not [name for name in rendered.names() if name.startswith("Secret/")]
    for manifest in rendered.objects:
        assert not {"data", "stringData"} & manifest.keys()
    for _, pod in rendered.pods():
        for variable in pod["spec"]["containers"][0].get("env", []):
            named = "DATABASE_URL" in variable["name"] or variable["name"] == "APP_SECRET"
            assert named == ("secretKeyRef" in variable.get("valueFrom", {}))


def test_too_old_kubernetes_is_refused(helm: Helm) -> None:
    """A Kubernetes without the sleep action should be refused in one line."""
    done = helm.run("template", NAME, str(CHART), "--kube-version", "1.29.9")

    assert done.returncode == 1
    assert "chart requires kubeVersion: >=1.30.0-0 which is incompatible with Kubernetes v1.29.9" in done.stderr
