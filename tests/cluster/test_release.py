"""Installing, upgrading and rolling back under load."""

import http.client
import json
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests import report
from tests.cluster import releases
from tests.cluster.cluster import Namespace, PodWatcher, eventually, must, run
from tests.cluster.conftest import MakeLoad, Release
from tests.cluster.database import Database
from tests.cluster.timeline import timeline


def test_first_install(namespace: Namespace, database: Database, release: Release, load: MakeLoad) -> None:
    """From nothing, one command migrates and serves: the count, the version and the secret are right."""
    result = release("1.0.0")
    assert result.returncode == 0, result.stderr

    with load() as clients:
        time.sleep(5)
        facts = namespace.page().json()

    assert clients.failures == {}
    assert facts.pop("counted_at")
    assert facts == {
        "environment": "dev",
        "records": 3,
        "version": "1.0.0",
        "schema_revision": "0002",
        "secret": "the-first-secret",
    }
    assert database.query("SELECT COUNT(*) FROM records") == "3"
    must("helm", "test", "app", "--namespace", namespace.name, "--timeout", "90s")
    for pod in namespace.pods():
        log = namespace.kubectl("logs", pod["metadata"]["name"])
        assert {json.loads(line)["level"] for line in log.splitlines()} == {"INFO"}


def test_upgrade_with_migration(namespace: Namespace, installed_release: Release, load: MakeLoad) -> None:
    """An upgrade migrates before the first new pod starts, and loses no request; then the page shows its version."""
    with load() as clients:
        time.sleep(3)
        result = installed_release("1.1.0")
        time.sleep(3)

    assert result.returncode == 0, result.stderr
    assert clients.failures == {}
    assert clients.versions() == ["1.0.0", "1.1.0"]
    assert namespace.page().json()["schema_revision"] == "9001"
    (job,) = namespace.get("jobs")
    assert all(pod["status"]["startTime"] >= job["status"]["completionTime"] for pod in namespace.pods())


def test_rollback(namespace: Namespace, installed_release: Release, load: MakeLoad) -> None:
    """Helm's rollback restores the previous release, on the newer schema, and loses no request."""
    assert installed_release("1.1.0").returncode == 0

    with load() as clients:
        time.sleep(3)
        must("helm", "rollback", "app", "--namespace", namespace.name, "--wait", "--timeout", "180s")
        time.sleep(3)

    assert clients.failures == {}
    assert clients.versions() == ["1.1.0", "1.0.0"]
    assert namespace.page().json()["schema_revision"] == "9001"


def test_upgrade_to_an_older_chart(namespace: Namespace, installed_release: Release, load: MakeLoad) -> None:
    """An upgrade to the older chart, as with a narrowed range, runs its hook on the newer schema, which accepts it."""
    assert installed_release("1.1.0").returncode == 0

    with load() as clients:
        result = installed_release("1.0.0")

    assert result.returncode == 0, result.stderr
    assert "schema is at the newer revision 9001: nothing to do" in namespace.kubectl("logs", "job/app-migrations")
    assert clients.failures == {}
    assert clients.versions() == ["1.1.0", "1.0.0"]
    assert namespace.page().json()["schema_revision"] == "9001"


def test_flux(
    namespace: Namespace, database: Database, tmp_path: Path, load: MakeLoad, request: pytest.FixtureRequest
) -> None:
    """Flux releases a new version, and rolls back to the older one, with fewer migrations, if its range is narrowed."""
    assert database
    releases.push(namespace.repository, tmp_path, "1.0.0")
    namespace.apply(*releases.flux_tenant(namespace.name))
    namespace.apply(*releases.flux_objects(namespace.repository, namespace.values, "^1.0"))
    namespace.wait_for_flux("1.0.0")
    namespace.settle()

    with load() as clients:
        releases.push(namespace.repository, tmp_path, "1.1.0")
        published = datetime.now(UTC)
        namespace.wait_for_flux("1.1.0")
        namespace.settle()
        steps = timeline(namespace, "1.1.0", published)
        namespace.apply(releases.flux_objects(namespace.repository, namespace.values, "~1.0")[0])
        namespace.wait_for_flux("1.0.0")
        namespace.settle()

    for step, seconds in steps.items():
        report.add(request.config, f"… from publication until {step}", "", "", "", f"{seconds:.0f} s")
    assert "schema is at the newer revision 9001: nothing to do" in namespace.kubectl("logs", "job/app-migrations")
    assert clients.failures == {}
    assert clients.versions() == ["1.0.0", "1.1.0"]
    facts = namespace.page().json()
    assert (facts["version"], facts["schema_revision"]) == ("1.0.0", "9001")


def test_failing_migration(namespace: Namespace, installed_release: Release, load: MakeLoad) -> None:
    """If the migration fails, the old release serves all the time, the log has the reason, and the next one works."""
    with load() as clients:
        time.sleep(3)
        failed = installed_release("1.2.0", "--set", "migrations.backoffLimit=0")
        log = namespace.kubectl("logs", "job/app-migrations")
        assert {pod["metadata"]["labels"]["app.kubernetes.io/version"] for pod in namespace.pods()} == {"1.0.0"}
        mended = installed_release("1.1.0")
        time.sleep(3)

    assert failed.returncode != 0
    assert "revision 9001_wrong failed" in log
    assert "statement: ALTER TABLE nowhere ADD COLUMN colour" in log
    assert mended.returncode == 0, mended.stderr
    assert clients.failures == {}
    assert clients.versions() == ["1.0.0", "1.1.0"]


def test_pods_never_ready(namespace: Namespace, installed_release: Release, load: MakeLoad) -> None:
    """If the new pods never get ready, the old ones serve all the time."""
    with load() as clients:
        time.sleep(3)
        failed = installed_release("1.3.0", timeout="40s")
        time.sleep(3)

    assert failed.returncode != 0
    assert clients.failures == {}
    assert clients.versions() == ["1.0.0"]
    ready = [pod for pod in namespace.pods() if all(c["ready"] for c in pod["status"]["containerStatuses"])]
    assert len(ready) == 2


@pytest.fixture
def idle(namespace: Namespace, installed_release: Release) -> Iterator[list[http.client.HTTPConnection]]:
    """Hold 50 connections that were used once and then kept."""
    assert installed_release("1.0.0").returncode == 0  # nothing to do
    address = urlsplit(namespace.url).netloc
    connections = [http.client.HTTPConnection(address, timeout=5) for _ in range(50)]
    for connection in connections:
        connection.request("GET", "/version")
        assert connection.getresponse().read()
    yield connections
    for connection in connections:
        connection.close()


def test_restart_and_drain(namespace: Namespace, idle: list[http.client.HTTPConnection], load: MakeLoad) -> None:
    """A restart, and the eviction of each pod in turn, lose no request and kill no pod, with idle connections held."""
    assert len(idle) == 50
    with PodWatcher(namespace) as watcher, load() as clients:
        time.sleep(3)
        namespace.kubectl("rollout", "restart", "deployment/app")
        namespace.kubectl("rollout", "status", "deployment/app", "--timeout=180s")
        for pod in namespace.pods():
            evict(namespace, pod["metadata"]["name"])
            namespace.kubectl("rollout", "status", "deployment/app", "--timeout=180s")
        eventually(lambda: len(watcher.statuses) >= 4, 60, "four pods have ended")
        time.sleep(3)

    assert clients.failures == {}
    assert set(watcher.statuses.values()) == {0}
    assert set(watcher.restarts.values()) == {0}


def evict(namespace: Namespace, pod: str) -> None:
    """Request a pod's eviction, as a drained node does, until the PodDisruptionBudget allows it."""
    eviction = {
        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace.name}
    }  # fmt: skip
    path = f"/api/v1/namespaces/{namespace.name}/pods/{pod}/eviction"

    def allowed() -> bool:
        return run("kubectl", "create", "--raw", path, "--filename", "-", text=json.dumps(eviction)).returncode == 0

    eventually(allowed, 60, f"the eviction of {pod} is allowed")


@pytest.mark.usefixtures("installed_release")
def test_database_stops(namespace: Namespace, database: Database, load: MakeLoad) -> None:
    """While MySQL is stopped, the page explains it and no pod restarts. It recovers within 2 s."""
    with PodWatcher(namespace) as watcher, load() as clients:
        time.sleep(3)
        database.stop()
        eventually(lambda: namespace.page().status_code == 503, 30, "the page explains the outage")
        time.sleep(15)  # longer than a liveness probe would tolerate
        during = namespace.page()
        database.start()
        recovered = time.monotonic()
        time.sleep(4)

    assert during.status_code == 503
    assert during.json()["error"] == "The database is unavailable"
    assert during.headers["Retry-After"] == "1"
    assert set(clients.failures) == {"status 503"}
    assert [status for at, status, _ in clients.responses if at > recovered + 2 and status != 200] == []
    assert set(watcher.restarts.values()) == {0}
    assert watcher.statuses == {}


@pytest.mark.usefixtures("installed_release")
def test_secret_changes(namespace: Namespace, load: MakeLoad) -> None:
    """A secret that is changed in the cluster is on the page within 2 minutes, without a restart."""
    with PodWatcher(namespace) as watcher, load() as clients:
        patch = json.dumps({"stringData": {"APP_SECRET": "the-second-secret"}})
        namespace.kubectl("patch", "secret", "app-secret", "--patch", patch)

        def everywhere() -> bool:
            return {namespace.page().json()["secret"] for _ in range(10)} == {"the-second-secret"}

        eventually(everywhere, 120, "the new secret is on the page")

    assert clients.failures == {}
    assert set(watcher.restarts.values()) == {0}
    assert watcher.statuses == {}


@pytest.mark.usefixtures("installed_release")
def test_no_rights(namespace: Namespace) -> None:
    """The service account can do nothing, and its token is not in the pod."""
    account = f"system:serviceaccount:{namespace.name}:app"
    for verb, kind in (("get", "secrets"), ("list", "pods"), ("create", "pods"), ("get", "configmaps"), ("*", "*")):
        answer = run("kubectl", "--namespace", namespace.name, "auth", "can-i", verb, kind, f"--as={account}")
        assert answer.stdout.strip() == "no", (verb, kind)

    pod = namespace.pods()[0]["metadata"]["name"]
    found = namespace.kubectl("exec", pod, "--", "find", "/run", "/var/run", "-name", "token")
    assert found == ""


REQUEST = "import urllib.request as r; print(r.urlopen('{url}', timeout=5).status)"


def request_from(namespace: Namespace, repository: str, url: str) -> subprocess.CompletedProcess[str]:
    """Request a URL from a pod of another namespace."""
    spec = {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{
            "name": "client", "image": f"{repository}:1.0.0", "command": ["python", "-c", REQUEST.format(url=url)],
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }],
    }  # fmt: skip
    other = f"{namespace.name}-other"
    return run(
        "kubectl", "--namespace", other, "run", f"client-{time.monotonic_ns()}", "--rm", "--attach", "--restart=Never",
        f"--image={repository}:1.0.0", "--overrides", json.dumps({"spec": spec}),
    )  # fmt: skip


@pytest.fixture
def other(namespace: Namespace, repository: str) -> Iterator[Namespace]:
    """Return another namespace, gone afterwards."""
    other = Namespace(f"{namespace.name}-other", repository)
    other.create()
    yield other
    other.delete()


@pytest.mark.usefixtures("installed_release", "other")
def test_other_namespaces_are_denied(namespace: Namespace, repository: str) -> None:
    """A pod of another namespace reaches neither the page nor the metrics, if a network plugin enforces policies."""
    addresses = [pod["status"]["podIP"] for pod in namespace.pods()]
    deny = {
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "deny"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
    }  # fmt: skip
    namespace.apply(deny)  # if even this admits other pods, no network plugin enforces policies
    if request_from(namespace, repository, f"http://{addresses[0]}:8000/healthz").returncode == 0:
        namespace.kubectl("delete", "networkpolicy", "app")  # only the denial is left
        if request_from(namespace, repository, f"http://{addresses[0]}:8000/healthz").returncode == 0:
            pytest.skip(
                "no network plugin enforces NetworkPolicies"
            )  # by trial; tests/chart checks the rendered policies
        raise AssertionError("the chart's policy admits other namespaces")

    for address in addresses:
        assert request_from(namespace, repository, f"http://{address}:8000/healthz").returncode != 0
        assert request_from(namespace, repository, f"http://{address}:8001/metrics").returncode != 0
