"""The values: each documented, read, and checked."""

import re
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest
import yaml

from tests.chart.helm import CHART, KUBERNETES, Helm, Values
from tests.chart.switches import ALL, HTTP_ROUTE, INGRESS
from tests.chart.values_table import README, Row, rows, undocumented, with_table

# Another value for each: the rendered chart changes with it.
OTHER: dict[str, Any] = {
    "replicaCount": 5,
    "image.repository": "other",
    "image.tag": "9.9.9",
    "image.digest": f"sha256:{'1' * 64}",
    "image.pullPolicy": "Always",
    "imagePullSecrets": [],
    "secrets.mysql": "other",
    "secrets.app": "other",
    "settings.environment": "other",
    "settings.secretDisplay": "masked",
    "settings.recordCountMaxAge": 2.5,
    "settings.trustedProxies": 2,
    "settings.trustedHosts": ["*"],
    "settings.logLevel": "DEBUG",
    "settings.webConcurrency": 3,
    "migrations.backoffLimit": 0,
    "migrations.activeDeadlineSeconds": 600,
    "migrations.resources": {"requests": {"cpu": "1"}},
    "serviceAccount.create": False,
    "serviceAccount.annotations": {"example.com/role": "none"},
    "serviceAccount.name": "other",
    "podAnnotations": {"prometheus.io/scrape": "true"},
    "podLabels": {"team": "us"},
    "podSecurityContext": {"runAsUser": 4711},
    "securityContext": {"runAsUser": 4711},
    "resources": {"limits": {"cpu": "2"}},
    "nodeSelector": {"pool": "web"},
    "tolerations": [{"key": "web", "operator": "Exists"}],
    "affinity": {"podAntiAffinity": {}},
    "service.type": "NodePort",
    "service.port": 8080,
    "ingress.enabled": False,
    "ingress.className": "other",
    "ingress.annotations": {"nginx.org/hsts": "true"},
    "ingress.hosts": INGRESS["hosts"][:1],
    "ingress.tls": [],
    "httpRoute.enabled": False,
    "httpRoute.annotations": {"example.com/owner": "others"},
    "httpRoute.parentRefs": [{"name": "other"}],
    "httpRoute.hostnames": ["other.example.net"],
    "autoscaling.enabled": False,
    "autoscaling.minReplicas": 3,
    "autoscaling.maxReplicas": 9,
    "autoscaling.targetCPUUtilizationPercentage": 50,
    "networkPolicy.enabled": False,
    "networkPolicy.ingressNamespace": "other",
    "networkPolicy.metricsNamespace": "other",
    "networkPolicy.dnsNamespace": "other",
    "networkPolicy.dnsCidrs": ["169.254.20.11/32"],
    "networkPolicy.dnsPorts": [5353],
    "networkPolicy.database.cidrs": ["192.0.2.1/32"],
    "networkPolicy.database.port": 25060,
    "serviceMonitor.enabled": False,
    "serviceMonitor.interval": "1m30s",
    "serviceMonitor.labels": {"release": "other"},
}


def merged(values: Values, path: str, value: object) -> Values:
    """Return the values with another one at a path."""
    first, _, rest = path.partition(".")
    return {**values, first: merged(values.get(first, {}), rest, value) if rest else value}


def line(refusal: str) -> str:
    """Return the one line of a refusal that names the problem."""
    (found,) = re.findall(r"^- at .*$", refusal, flags=re.MULTILINE)
    return str(found)


def objects() -> list[str]:
    """Return the paths of the objects with keys of the chart's own; empty is the top."""
    parents = {row.path.rpartition(".")[0] for row in rows()}
    return sorted(parents | {"resources", "migrations.resources"})


def test_lint(helm: Helm) -> None:
    """`helm lint --strict` should have nothing to say."""
    done = helm.run("lint", "--strict", "--kube-version", KUBERNETES, str(CHART))

    assert done.returncode == 0, done.stdout
    assert "[WARNING]" not in done.stdout


def test_every_value_is_documented() -> None:
    """Every value should have its comment, and the README's table be made of them."""
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    readme = README.read_text(encoding="utf-8")

    assert undocumented(values, {row.path for row in rows()}) == []
    assert readme == with_table(readme), "run `python -m tests.chart.values_table`"


def test_every_value_has_another_to_try() -> None:
    """Every value should be among those that the next test changes."""
    assert [row.path for row in rows()] == list(OTHER)


@pytest.mark.parametrize("path", OTHER)
def test_every_value_is_used(helm: Helm, path: str) -> None:
    """Every value should have a reader: another value is accepted, and changes the chart with all switches on."""
    values = ALL | {"autoscaling": {"enabled": path != "replicaCount"}}  # which of the two decides

    assert helm.template(values).objects != helm.template(merged(values, path, OTHER[path])).objects


@pytest.mark.parametrize("path", objects())
def test_misspelt_value_is_refused(helm: Helm, path: str) -> None:
    """A misspelt value should be refused in one line with its name and its path."""
    refusal = helm.refusal(merged({}, f"{path}.mispelt".lstrip("."), 1))

    place = path and "/" + path.replace(".", "/")
    assert line(refusal) == f"- at '{place}': additional properties 'mispelt' not allowed"


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.path)
def test_value_of_wrong_type_is_refused(helm: Helm, row: Row) -> None:
    """A value of the wrong type should be refused in one line that names it."""
    refusal = helm.refusal(merged({}, row.path, 7 if isinstance(row.default, str) else "seven"))

    assert line(refusal).startswith(f"- at '/{row.path.replace('.', '/')}': ")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"image": {"digest": "abc"}}, "- at '/image/digest': 'abc' does not match pattern '^(sha256:[0-9a-f]{64})?$'"),
        ({"image": {"tag": 1.0}}, "- at '/image/tag': got number, want string"),
        ({"ingress": {"enabled": True}}, "- at '/ingress/hosts': minItems: got 0, want 1"),
        (
            {"httpRoute": {**HTTP_ROUTE, "hostnames": []}},
            "- at '/httpRoute/hostnames': minItems: got 0, want 1",
        ),
        (
            {"migrations": {"activeDeadlineSeconds": 5}},
            "- at '/migrations/activeDeadlineSeconds': minimum: got 5, want 60",
        ),
        (
            {"ingress": {"hosts": [{"host": "example.com", "paths": [{"path": "/app", "pathType": "Prefix"}]}]}},
            "- at '/ingress/hosts/0/paths/0/path': '/app' does not match pattern '^/(version|healthz|readyz)?$'",
        ),
        ({"networkPolicy": {"dnsPorts": []}}, "- at '/networkPolicy/dnsPorts': minItems: got 0, want 1"),
        ({"podAnnotations": {"scrape": True}}, "- at '/podAnnotations/scrape': got boolean, want string"),
        (
            {"podLabels": {"app.kubernetes.io/name": "x"}},
            "- at '/podLabels/app.kubernetes.io~1name': got string, want null",
        ),
        (
            {"settings": {"recordCountMaxAge": 9999}},
            "- at '/settings/recordCountMaxAge': maximum: got 9,999, want 3,600",
        ),
        (
            {"settings": {"secretDisplay": "hidden"}},
            "- at '/settings/secretDisplay': value must be one of 'plain', 'masked'",
        ),
    ],
)
def test_unusable_combination_is_refused(helm: Helm, values: Values, said: str) -> None:
    """Values that cannot work should be refused before the install, in one line with the expected ones."""
    assert line(helm.refusal(values)) == said


MAY_BE_EMPTY = {"imagePullSecrets"} | {row.path for row in rows() if row.default in ("", [], {})}
NULLABLE = sorted(MAY_BE_EMPTY - {"ingress.hosts", "httpRoute.parentRefs", "httpRoute.hostnames"})


@pytest.mark.parametrize("path", NULLABLE)
def test_null_is_empty(helm: Helm, path: str) -> None:
    """An optional value should be empty if it is null, as a YAML key with only comments below it is."""
    empty = "" if isinstance(OTHER[path], str) else type(OTHER[path])()

    assert helm.template(merged(ALL, path, None)).objects == helm.template(merged(ALL, path, empty)).objects


def test_null_annotations(helm: Helm) -> None:
    """The Ingress should have no annotations if they are null; an empty map leaves Helm's defaults."""
    ingress = helm.template(merged(ALL, "ingress.annotations", None)).one("Ingress/app")

    assert "annotations" not in ingress["metadata"]


@pytest.mark.parametrize("path", sorted({*objects(), *OTHER} - {"", "ingress.annotations", *NULLABLE}))
def test_null_is_refused(helm: Helm, path: str) -> None:
    """Every other value, and every block of values, should be refused if it is null, in one line that names it."""
    parent, _, name = f"/{path}".replace(".", "/").rpartition("/")

    assert line(helm.refusal(merged(ALL, path, None))) == f"- at '{parent}': missing property '{name}'"


@pytest.mark.parametrize("text", ["0755", "1e3", "0x1f", "12", "1.5", "true", "null", "no"])
def test_text_stays_text(helm: Helm, text: str) -> None:
    """A name that YAML could read as a number or a boolean should arrive as it was written."""
    values: Values = {
        "image": {"repository": text, "tag": text},
        "imagePullSecrets": [{"name": text}],
        "secrets": {"mysql": text, "app": text},
        "settings": {"environment": text.replace(".", "-"), "trustedHosts": [text]},
        "serviceAccount": {"name": text, "annotations": {"example.com/role": text}},
        "podAnnotations": {text: text},
        "podLabels": {text: text},
        "nodeSelector": {text: text},
        "ingress": {**INGRESS, "className": text, "annotations": {"example.com/owner": text}},
        "networkPolicy": {"ingressNamespace": text, "metricsNamespace": text, "dnsNamespace": text},
        "serviceMonitor": {"enabled": True, "labels": {text: text}},
    }
    rendered = helm.template(values, release=text)

    for manifest in rendered.objects:
        if manifest["kind"] != "ServiceMonitor":
            kubernetes_validate.validate(manifest, KUBERNETES[:4], strict=True)
    selector = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": text}}}
    policies = [manifest["spec"] for manifest in rendered.objects if manifest["kind"] == "NetworkPolicy"]
    assert [policy["egress"][0]["to"] for policy in policies] == [[selector]] * 3


def test_part_of_another_chart(helm: Helm) -> None:
    """The chart should be usable as a part of another, to which Helm hands `global`."""
    assert helm.template({"global": {"anything": 1}}).names() == helm.template().names()
