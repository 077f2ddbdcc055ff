"""Connections: through the Service, the Ingress and the HTTPRoute, and by the network policies."""

import pytest

from tests.chart.helm import NAME, Helm
from tests.chart.rendered import Manifest, Rendered, selects
from tests.chart.switches import ALL, HTTP_ROUTE, INGRESS

PODS = {NAME: "web", "app-migrations": "migrations", "app-test": "test"}  # the component of each


def namespace(name: str) -> Manifest:
    """Return a peer of a policy: every pod of a namespace."""
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def component(name: str) -> Manifest:
    """Return a peer of a policy: the chart's own pods of one kind."""
    return {"podSelector": {"matchLabels": labels(name)}}


def labels(name: str) -> dict[str, str]:
    """Return the labels that select the chart's own pods of one component."""
    return {
        "app.kubernetes.io/name": "app",
        "app.kubernetes.io/instance": "app",
        "app.kubernetes.io/component": name,
    }


DNS = {"to": [namespace("kube-system")], "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}


@pytest.mark.parametrize(
    "selecting", ["Deployment/app", "Service/app", "PodDisruptionBudget/app", "ServiceMonitor/app"]
)
def test_selectors_match_the_web_pods(helm: Helm, selecting: str) -> None:
    """Only pods that serve should be selected, not those that migrate or test."""
    rendered = helm.template({"serviceMonitor": {"enabled": True}})
    selector = rendered.one(selecting)["spec"]["selector"]

    assert selector.get("matchLabels", selector) == labels("web")
    selected = [name for name, pod in rendered.pods() if selects(selector, pod["metadata"]["labels"])]
    assert selected == [NAME]


@pytest.mark.parametrize(("pod", "kind"), PODS.items())
def test_denied_by_default(defaults: Rendered, pod: str, kind: str) -> None:
    """Every pod should be selected by one policy, which denies all other traffic, in and out."""
    made = dict(defaults.pods())[pod]["metadata"]["labels"]
    policies = [m for m in defaults.objects if m["kind"] == "NetworkPolicy" and selects(m["spec"]["podSelector"], made)]

    assert [policy["metadata"]["name"] for policy in policies] == [pod]
    assert policies[0]["spec"]["podSelector"]["matchLabels"] == labels(kind)
    assert policies[0]["spec"]["policyTypes"] == ["Ingress", "Egress"]


def test_web_policy(helm: Helm) -> None:
    """Pods that serve should be reached by the ingress controller and Prometheus, each at its port, and reach MySQL."""
    names = {"ingressNamespace": "edge", "metricsNamespace": "watch", "dnsNamespace": "names", "dnsPorts": [53]}
    chosen = names | {"database": {"port": 25060, "cidrs": ["10.0.0.0/24"]}}
    spec = helm.template({"networkPolicy": chosen}).one("NetworkPolicy/app")["spec"]

    assert spec["ingress"] == [
        {"from": [namespace("edge"), component("test")], "ports": [{"port": "http"}]},
        {"from": [namespace("watch")], "ports": [{"port": "metrics"}]},
    ]
    assert spec["egress"] == [
        {"to": [namespace("names")], "ports": DNS["ports"]},
        {"to": [{"ipBlock": {"cidr": "10.0.0.0/24"}}], "ports": [{"port": 25060}]},
    ]


@pytest.mark.parametrize("name", ["NetworkPolicy/app", "NetworkPolicy/app-migrations"])
def test_database_at_any_address_by_default(defaults: Rendered, name: str) -> None:
    """Pods that use the database should reach any address, at its port only, as long as no address is given."""
    assert defaults.one(name)["spec"]["egress"] == [DNS, {"ports": [{"port": 3306}]}]


def test_migrations_policy(helm: Helm) -> None:
    """The migrations should accept no connection, and reach the database at the given addresses."""
    spec = helm.template(ALL).one("NetworkPolicy/app-migrations")["spec"]

    assert "ingress" not in spec
    blocks = [{"ipBlock": {"cidr": cidr}} for cidr in ("10.0.0.0/24", "fd00::/64")]
    assert spec["egress"][1:] == [{"to": blocks, "ports": [{"port": 3306}]}]


@pytest.mark.parametrize("name", ["NetworkPolicy/app", "NetworkPolicy/app-migrations", "NetworkPolicy/app-test"])
def test_dns_on_other_ports_and_node_addresses(helm: Helm, name: str) -> None:
    """Every pod should reach a DNS on other ports, or on an address of the node, as NodeLocal DNSCache has it."""
    chosen = {
        "dnsNamespace": "openshift-dns",
        "dnsPorts": [5353, 1053],
        "dnsCidrs": ["169.254.20.10/32", "fd00::a/128"],
    }
    spec = helm.template({"networkPolicy": chosen}).one(name)["spec"]

    assert spec["egress"][0] == {
        "to": [namespace("openshift-dns"), *({"ipBlock": {"cidr": cidr}} for cidr in chosen["dnsCidrs"])],
        "ports": [{"port": port, "protocol": protocol} for port in (5353, 1053) for protocol in ("UDP", "TCP")],
    }


def test_policy_of_the_test_pod(defaults: Rendered) -> None:
    """The pod of `helm test` should reach the page and nothing else."""
    spec = defaults.one("NetworkPolicy/app-test")["spec"]

    assert "ingress" not in spec
    assert spec["egress"] == [DNS, {"to": [component("web")], "ports": [{"port": "http"}]}]


def test_ingress(helm: Helm) -> None:
    """The Ingress should lead each host to the page, and let cert-manager answer in it from the beginning."""
    ingress = helm.template({"ingress": INGRESS}).one("Ingress/app")
    backend = {"service": {"name": "app", "port": {"name": "http"}}}

    assert ingress["metadata"]["annotations"] == {
        "acme.cert-manager.io/http01-edit-in-place": "true",
        "cert-manager.io/cluster-issuer": "letsencrypt",
    }
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    assert ingress["spec"] == {
        "ingressClassName": "nginx",
        "tls": INGRESS["tls"],
        "rules": [{"host": host, "http": {"paths": paths}} for host in ("app.example.com", "*.example.org")],
    }


def test_http_route(helm: Helm) -> None:
    """The HTTPRoute should lead its host names from the gateways to the page."""
    route = helm.template({"httpRoute": HTTP_ROUTE}).one("HTTPRoute/app")

    assert route["apiVersion"] == "gateway.networking.k8s.io/v1"
    assert route["metadata"]["annotations"] == HTTP_ROUTE["annotations"]
    assert route["spec"] == {
        "parentRefs": HTTP_ROUTE["parentRefs"],
        "hostnames": HTTP_ROUTE["hostnames"],
        "rules": [{"backendRefs": [{"name": "app", "port": 80}]}],
    }


def test_service_has_the_page_only(defaults: Rendered) -> None:
    """The Service should have the port of the page only, so that no Ingress can expose another by mistake."""
    assert defaults.one("Service/app")["spec"]["ports"] == [{"name": "http", "port": 80, "targetPort": "http"}]


def test_service_monitor(helm: Helm) -> None:
    """Prometheus should find the metrics at a port of their own in the Service, which no Ingress leads to."""
    rendered = helm.template(ALL)
    monitor = rendered.one("ServiceMonitor/app")

    assert rendered.one("Service/app")["spec"]["ports"][1] == {"name": "metrics", "port": 8001, "targetPort": "metrics"}
    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["spec"]["endpoints"] == [{"port": "metrics", "interval": "30s"}]
    for rule in rendered.one("Ingress/app")["spec"]["rules"]:
        assert {path["backend"]["service"]["port"]["name"] for path in rule["http"]["paths"]} == {"http"}
