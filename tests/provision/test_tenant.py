"""Flux's permissions: the kinds of releases/ and of the chart, in the environment's own namespace."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.helm import Helm
from tests.chart.switches import ALL
from tests.cluster.cluster import Namespace, must, run
from tests.gitops.rendered import COMPONENTS, rendered
from tests.provision.test_manifests import SETTINGS, render

Object = dict[str, Any]
OPTIONAL = {"gateway.networking.k8s.io", "monitoring.coreos.com"}  # not in each cluster


def flux(template: str, **settings: str) -> dict[str, Object]:
    """Return the objects of a template, by kind and name."""
    text = render(template, **{**SETTINGS, **settings})
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in yaml.safe_load_all(text) if each}


def plural(kind: str) -> str:
    """Return the name of a kind's resource."""
    word = kind.lower()
    return re.sub(r"y$", "ie", word) + "s" if not word.endswith("s") else word + "es"


def group(each: Object) -> str:
    """Return the API group of an object."""
    name, _, version = str(each["apiVersion"]).partition("/")
    return name if version else ""


@pytest.fixture
def applied(tmp_path: Path) -> list[Object]:
    """Return all that Flux applies in an environment: releases/ with its optional parts, and the chart's objects."""
    objects = []
    for component in ("", *COMPONENTS):
        folder = tmp_path / f"with-{component}"
        folder.mkdir()
        objects += list(rendered("dev", folder, (component,) if component else ()).values())
    return [*objects, *Helm().template(ALL).objects]


def test_role_has_what_is_applied(applied: list[Object]) -> None:
    """The Role has every kind that Flux applies, and only Helm's needs besides."""
    role = flux("flux-tenant.yaml")["Role/flux"]["rules"]
    allowed = {(rule["apiGroups"][0], name) for rule in role if "create" in rule["verbs"] for name in rule["resources"]}
    needed = {(group(each), plural(each["kind"])) for each in applied if each["kind"] != "Namespace"}

    assert needed - allowed == set()
    assert allowed - needed == {
        ("", "configmaps"),
        ("", "secrets"),  # of Helm's releases
        ("apps", "replicasets"),
        ("bitnami.com", "sealedsecrets"),  # of `make seal`
    }


def test_role_does_not_grow() -> None:
    """The Role has nothing that would give other rights, and changes no namespace."""
    role = flux("flux-tenant.yaml")["Role/flux"]["rules"]
    assert not {"*", "rbac.authorization.k8s.io"} & {name for rule in role for name in rule["apiGroups"]}
    assert not {"*", "bind", "escalate", "impersonate"} & {verb for rule in role for verb in rule["verbs"]}
    assert [rule["verbs"] for rule in role if "namespaces" in rule["resources"]] == [["get"]]


def test_accounts() -> None:
    """Flux's objects act as these accounts, and Flux itself gives objects without one no rights."""
    accounts = {name for name in flux("flux-tenant.yaml") if name.startswith("ServiceAccount/")}
    sync = flux("flux-sync.yaml", COMPONENTS="notify-gitlab verify")
    release = yaml.safe_load_all((Path(__file__).parents[2] / "releases/base/app.yml").read_text())

    assert accounts == {"ServiceAccount/app-dev", "ServiceAccount/flux"}
    for name in ("app-dev", "app-dev-secrets"):
        assert sync[f"Kustomization/{name}"]["spec"]["serviceAccountName"] == "app-dev"
    assert sync["Kustomization/app-dev"]["spec"]["components"] == ["../components/verify"]
    assert [each["spec"]["serviceAccountName"] for each in release if each["kind"] == "HelmRelease"] == ["flux"]
    assert flux("flux-instance.yaml")["FluxInstance/flux"]["spec"]["cluster"]["multitenant"] is True


@pytest.mark.parametrize(
    ("settings", "distribution"),
    [
        (
            {},
            {
                "registry": "ghcr.io/fluxcd",
                "artifact": "oci://ghcr.io/controlplaneio-fluxcd/flux-operator-manifests",
                "version": "2.9.x",
            },
        ),
        (
            {"FLUX_REGISTRY": "registry.example.com/fluxcd", "FLUX_MANIFESTS": "", "FLUX_VERSION": "2.9.5"},
            {"registry": "registry.example.com/fluxcd", "version": "2.9.5"},
        ),
    ],
)
def test_mirror(settings: dict[str, str], distribution: dict[str, str]) -> None:
    """Flux comes from a mirror, if one is set, and its manifests from the operator's image."""
    exported = "; export FLUX_REGISTRY FLUX_MANIFESTS FLUX_VERSION; render flux-instance.yaml"
    text = render("flux-tenant.yaml >/dev/null" + exported, **settings)
    assert yaml.safe_load(text)["spec"]["distribution"] == distribution


def test_report_is_off() -> None:
    """The operator's web report, which every pod could read, is off by default."""
    values = yaml.safe_load((Path(__file__).parents[2] / "provision/values/flux-operator.yaml").read_text())
    assert values["web"] == {"enabled": False}
    assert values["multitenancy"] == {"enabled": True}


def test_alerts_are_beside_what_they_report() -> None:
    """An Alert has no source in another namespace, which a multitenant Flux would leave out."""
    alerts = flux("flux-alerts.yaml", COMPONENTS="notify-gitlab notify-webhook", GITLAB_URL="https://gitlab.com",
                  GITLAB_PROJECT_PATH="group/app")  # fmt: skip
    assert {name for name in alerts if name.startswith("Alert/")} == {"Alert/app-dev-gitlab", "Alert/app-dev-webhook"}
    assert alerts["Provider/app-dev-gitlab"]["spec"]["address"] == "https://gitlab.com/group/app"
    for name, each in alerts.items():
        assert each["metadata"]["namespace"] == "flux-system", name
        assert not [source for source in each.get("spec", {}).get("eventSources", []) if "namespace" in source]
    webhook = Path(__file__).parents[2] / "releases/components/notify-webhook/alert.yml"
    assert "namespace" not in webhook.read_text()


def test_rights(namespace: Namespace, applied: list[Object]) -> None:
    """The API server lets the accounts apply these objects in their namespace, and nothing elsewhere."""
    namespace.create()
    name = namespace.name
    for each in flux("flux-tenant.yaml", NAMESPACE=name).values():
        must("kubectl", "apply", "--server-side", "--filename", "-", text=json.dumps(each))
    installed = [each for each in applied if group(each) not in OPTIONAL]
    resources = {f"{plural(each['kind'])}.{group(each)}".rstrip(".") for each in installed}
    accounts = (f"system:serviceaccount:flux-system:{name}", f"system:serviceaccount:{name}:flux")

    def may(account: str, *words: str) -> bool:
        return run("kubectl", "auth", "can-i", "--quiet", "--as", account, *words).returncode == 0

    try:
        for account in accounts:
            for resource in sorted(resources):
                allowed = not resource.startswith("namespaces")
                assert may(account, "patch", resource, "--namespace", name) == allowed, resource
                assert not may(account, "patch", resource, "--namespace", "default"), resource
            assert may(account, "get", f"namespaces/{name}", "--namespace", name)
            for words in (
                ("create", "rolebindings", "--namespace", name),
                ("create", "roles", "--namespace", name),
                ("create", "kustomizations.kustomize.toolkit.fluxcd.io", "--namespace", name),
                ("create", "pods", "--subresource", "exec", "--namespace", name),
                ("impersonate", "serviceaccounts", "--namespace", name),
                ("patch", f"namespaces/{name}", "--namespace", name),
                ("get", "secrets", "--namespace", "kube-system"),
                ("get", "secrets", "--namespace", "flux-system"),
                ("get", "nodes"),
            ):
                assert not may(account, *words), words
    finally:
        run("kubectl", "--namespace", "flux-system", "delete", "serviceaccount", name, "--ignore-not-found")
