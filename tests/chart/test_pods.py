"""How the pods run: with few rights, the right settings, and no request lost when they end."""

from pathlib import Path

import pytest

from app.settings import Settings
from tests.chart.helm import NAME, Helm, Values
from tests.chart.rendered import Rendered, mount, volume
from tests.chart.switches import HTTP_ROUTE, INGRESS, SWITCHES

ROOT = Path(__file__).parents[2]
RESTRICTED_VOLUMES = {
    "configMap",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


@pytest.mark.parametrize("values", SWITCHES.values(), ids=SWITCHES)
def test_pods_meet_the_restricted_standard(helm: Helm, values: Values) -> None:
    """Every pod should fit the Pod Security Standard `restricted`, write nowhere but in memory, and have no token."""
    pods = dict(helm.template(values).pods())

    assert pods.keys() == {NAME, "app-migrations", "app-test"}
    for pod in pods.values():
        spec = pod["spec"]
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers", "ephemeralContainers"} & spec.keys()
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"].get("runAsUser") != 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            }
            assert not [port for port in container.get("ports", []) if "hostPort" in port]
        for source in spec.get("volumes", []):
            assert source.keys() - {"name"} <= RESTRICTED_VOLUMES


def test_node_selector_tolerations_and_affinity(helm: Helm) -> None:
    """Every pod should be scheduled as the values require."""
    values = SWITCHES["places"]

    for _, pod in helm.template(values).pods():
        assert values == {key: pod["spec"][key] for key in values}


@pytest.mark.parametrize(
    ("values", "name"),
    [({}, NAME), ({"name": "mine"}, "mine"), ({"create": False}, "default"), ({"create": False, "name": "x"}, "x")],
)
def test_service_account(helm: Helm, values: Values, name: str) -> None:
    """Pods that serve should have a service account of their own, or the one that is named; never a token."""
    rendered = helm.template({"serviceAccount": values})

    assert rendered.web()["serviceAccountName"] == name
    if values.get("create", True):
        assert rendered.one(f"ServiceAccount/{name}")["automountServiceAccountToken"] is False


def test_shutdown(defaults: Rendered) -> None:
    """A pod should be given more time to end than its sleep and the service's own limit take together."""
    spec = defaults.web()
    served = (ROOT / "gunicorn.conf.py").read_text(encoding="utf-8")
    graceful = int(served.split("graceful_timeout = ")[1].split()[0])
    sleep = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]

    assert sleep == 10
    assert spec["terminationGracePeriodSeconds"] >= sleep + graceful + 5


def test_rollout(defaults: Rendered) -> None:
    """A rollout should take no pod away before another is ready, and end before Helm's own limit."""
    spec = defaults.one("Deployment/app")["spec"]

    assert spec["strategy"] == {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    assert spec["progressDeadlineSeconds"] < 300


def test_probes(defaults: Rendered) -> None:
    """Only readiness should ask for the database, and wait for as long as its answer may take."""
    container = defaults.web()["containers"][0]
    startup, liveness, readiness = (container[f"{name}Probe"] for name in ("startup", "liveness", "readiness"))

    assert startup["httpGet"] == liveness["httpGet"] == {"path": "/healthz", "port": "http"}
    assert readiness["httpGet"] == {"path": "/readyz", "port": "http"}
    assert readiness["timeoutSeconds"] >= 3
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 60


def test_ports(defaults: Rendered) -> None:
    """The ports of the container should be those at which the service listens by itself."""
    ports = {port["name"]: port["containerPort"] for port in defaults.web()["containers"][0]["ports"]}

    fields = Settings.model_fields
    assert ports == {"http": fields["port"].default, "metrics": fields["metrics_port"].default}


def test_settings(helm: Helm, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service should understand the settings that it is given."""
    chosen = {
        "environment": "prod",
        "secretDisplay": "masked",
        "recordCountMaxAge": 0.5,
        "trustedProxies": 2,
        "trustedHosts": ["page.internal"],
        "logLevel": "WARNING",
        "webConcurrency": 4,
    }
    rendered = helm.template({"settings": chosen, "ingress": INGRESS, "httpRoute": HTTP_ROUTE})
    for name, value in rendered.settings().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("APP_SECRET_FILE", __file__)  # the mounted file exists only in the cluster

    settings = Settings()
    assert chosen | {"trustedHosts": [
        NAME, "app.app-dev", "app.app-dev.svc", "localhost", "127.0.0.1",
        "page.internal", "app.example.com", ".example.org", "app.example.net",
    ]} == {
        "environment": settings.app_environment,
        "secretDisplay": settings.secret_display,
        "recordCountMaxAge": settings.record_count_max_age,
        "trustedProxies": settings.trusted_proxies,
        "trustedHosts": list(settings.trusted_hosts),
        "logLevel": settings.log_level,
        "webConcurrency": settings.web_concurrency,
    }  # fmt: skip
    assert {name.lower() for name in rendered.settings()} <= Settings.model_fields.keys()


def test_secret(helm: Helm) -> None:
    """The secret should be a file in a mounted folder, which follows a change, under the name in the settings."""
    rendered = helm.template({"secrets": {"app": "another"}})
    spec = rendered.web()

    assert volume(spec, "app-secret")["secret"] == {
        "secretName": "another",
        "items": [{"key": "APP_SECRET", "path": "APP_SECRET"}],
    }
    assert mount(spec, "app-secret") == {"name": "app-secret", "mountPath": "/etc/app-secret", "readOnly": True}
    assert rendered.settings()["APP_SECRET_FILE"] == "/etc/app-secret/APP_SECRET"


@pytest.mark.parametrize("name", [NAME, "app-migrations"])
def test_database(helm: Helm, name: str) -> None:
    """Pods that use the database should have its URL, and as a file only the certificates of its Secret, if any."""
    spec = dict(helm.template({"secrets": {"mysql": "another"}}).pods())[name]["spec"]
    (url,) = (v for v in spec["containers"][0]["env"] if v["name"] == "DATABASE_URL")

    assert url["valueFrom"] == {"secretKeyRef": {"name": "another", "key": "DATABASE_URL"}}
    assert volume(spec, "mysql-ca")["secret"] == {
        "secretName": "another",
        "optional": True,
        "items": [{"key": "ca.crt", "path": "ca.crt"}],
    }
    assert mount(spec, "mysql-ca") == {"name": "mysql-ca", "mountPath": "/etc/mysql-ca", "readOnly": True}


def test_replicas(helm: Helm) -> None:
    """The number of pods should be said by the Deployment, or by the autoscaler alone."""
    assert helm.template({"replicaCount": 3}).one("Deployment/app")["spec"]["replicas"] == 3

    scaled = helm.template({"autoscaling": {"enabled": True, "maxReplicas": 7}})
    assert "replicas" not in scaled.one("Deployment/app")["spec"]
    assert scaled.one("HorizontalPodAutoscaler/app")["spec"]["maxReplicas"] == 7


def test_drain_evicts_one_pod_at_a_time(defaults: Rendered) -> None:
    """A drain should evict one pod at a time, and not wait for pods that are not ready."""
    spec = defaults.one("PodDisruptionBudget/app")["spec"]

    assert spec["maxUnavailable"] == 1
    assert spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


def test_pods_are_spread_over_nodes_and_zones(defaults: Rendered) -> None:
    """Pods of one revision should be spread over nodes and zones, and still run if there is only one."""
    constraints = defaults.web()["topologySpreadConstraints"]

    assert [c["topologyKey"] for c in constraints] == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
    assert {c["whenUnsatisfiable"] for c in constraints} == {"ScheduleAnyway"}
