"""The chart's switches, each on and off by itself, and all together. Other tests run for all of them."""

from tests.chart.helm import Values

INGRESS: Values = {
    "enabled": True,
    "annotations": {"cert-manager.io/cluster-issuer": "letsencrypt"},
    "hosts": [
        {"host": "app.example.com", "paths": [{"path": "/", "pathType": "Prefix"}]},
        {"host": "*.example.org", "paths": [{"path": "/", "pathType": "Prefix"}]},
    ],
    "tls": [{"secretName": "app-tls", "hosts": ["app.example.com", "*.example.org"]}],
}
HTTP_ROUTE: Values = {
    "enabled": True,
    "annotations": {"example.com/owner": "us"},
    "parentRefs": [{"name": "gateway", "namespace": "gateways", "sectionName": "https"}],
    "hostnames": ["app.example.net"],
}
ALL: Values = {
    "autoscaling": {"enabled": True},
    "httpRoute": HTTP_ROUTE,
    "ingress": INGRESS,
    "networkPolicy": {"database": {"cidrs": ["10.0.0.0/24", "fd00::/64"]}, "dnsCidrs": ["169.254.20.10/32"]},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
}
SWITCHES: dict[str, Values] = {
    "defaults": {},
    "one replica": {"replicaCount": 1},
    "autoscaling": {"autoscaling": {"enabled": True}},
    "autoscaling from one replica": {"autoscaling": {"enabled": True, "minReplicas": 1}},
    "ingress": {"ingress": INGRESS},
    "ingress without TLS": {"ingress": INGRESS | {"tls": []}},
    "HTTPRoute": {"httpRoute": HTTP_ROUTE},
    "no network policy": {"networkPolicy": {"enabled": False}},
    "a database and a DNS at known addresses": {"networkPolicy": ALL["networkPolicy"]},
    "service monitor": {"serviceMonitor": ALL["serviceMonitor"]},
    "a service account of somebody else": {"serviceAccount": {"create": False, "name": "shared"}},
    "digest": {"image": {"digest": f"sha256:{'0' * 64}"}},
    "places": {
        "nodeSelector": {"pool": "web"},
        "tolerations": [{"key": "web", "operator": "Exists", "effect": "NoSchedule"}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "arch", "operator": "In", "values": ["amd64"]}]},
        ]}}},
    },
    "a random user": {"podSecurityContext": {"runAsUser": 1234567, "runAsGroup": 0}},
    "all": ALL,
}  # fmt: skip
