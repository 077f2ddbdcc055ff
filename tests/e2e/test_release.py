"""Installing, upgrading and rolling back, while people ask for the page."""

import http.client
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e import releases
from tests.e2e.cluster import Ends, Namespace, eventually, must, run
from tests.e2e.conftest import LoadOn, Release
from tests.e2e.database import Database


def test_first_install(namespace: Namespace, database: Database, release: Release, load: LoadOn) -> None:
    """From nothing, one command migrates and serves: the count, the version and the secret are right."""
    result = release("1.0.0")
    assert result.returncode == 0, result.stderr

    with load() as people:
        time.sleep(5)
        facts = namespace.page().json()

    assert people.failures == {}
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


def test_upgrade_with_migration(namespace: Namespace, served: Release, load: LoadOn) -> None:
    """An upgrade migrates before the first new pod starts, and loses no request; then the page shows its version."""
    with load() as people:
        time.sleep(3)
        result = served("1.1.0")
        time.sleep(3)

    assert result.returncode == 0, result.stderr
    assert people.failures == {}
    assert people.versions() == ["1.0.0", "1.1.0"]
    assert namespace.page().json()["schema_revision"] == "9001"
    (job,) = namespace.get("jobs")
    assert all(pod["status"]["startTime"] >= job["status"]["completionTime"] for pod in namespace.pods())


def test_rollback(namespace: Namespace, served: Release, load: LoadOn) -> None:
    """Helm's rollback brings the release before back, on the newer schema, and loses no request."""
    assert served("1.1.0").returncode == 0

    with load() as people:
        time.sleep(3)
        must("helm", "rollback", "app", "--namespace", namespace.name, "--wait", "--timeout", "180s")
        time.sleep(3)

    assert people.failures == {}
    assert people.versions() == ["1.1.0", "1.0.0"]
    assert namespace.page().json()["schema_revision"] == "9001"


def test_upgrade_to_an_older_chart(namespace: Namespace, served: Release, load: LoadOn) -> None:
    """An upgrade to the older chart, as with a narrowed range, runs its hook on the newer schema, which accepts it."""
    assert served("1.1.0").returncode == 0

    with load() as people:
        result = served("1.0.0")

    assert result.returncode == 0, result.stderr
    assert "schema is at the newer revision 9001: nothing to do" in namespace.kubectl("logs", "job/app-migrations")
    assert people.failures == {}
    assert people.versions() == ["1.1.0", "1.0.0"]
    assert namespace.page().json()["schema_revision"] == "9001"


def test_flux_rolls_back_by_a_narrowed_range(
    namespace: Namespace, database: Database, repository: str, tmp_path: Path, load: LoadOn
) -> None:
    """If the range of versions is narrowed, Flux returns to the older release, although that had fewer migrations."""
    assert database
    releases.push(repository, tmp_path, "1.0.0", "1.1.0")
    namespace.apply(*releases.flux_objects(repository, namespace.values, "^1.0"))
    namespace.wait_for_flux("1.1.0")
    namespace.settle()

    with load() as people:
        namespace.apply(releases.flux_objects(repository, namespace.values, "~1.0")[0])
        namespace.wait_for_flux("1.0.0")
        namespace.settle()

    assert "schema is at the newer revision 9001: nothing to do" in namespace.kubectl("logs", "job/app-migrations")
    assert people.failures == {}
    assert people.versions() == ["1.1.0", "1.0.0"]
    assert namespace.page().json()["schema_revision"] == "9001"


def test_failing_migration(namespace: Namespace, served: Release, load: LoadOn) -> None:
    """Where the migration fails, the old release serves all the time, the log says why, and the next one just works."""
    with load() as people:
        time.sleep(3)
        failed = served("1.2.0", "--set", "migrations.backoffLimit=0")
        log = namespace.kubectl("logs", "job/app-migrations")
        assert {pod["metadata"]["labels"]["app.kubernetes.io/version"] for pod in namespace.pods()} == {"1.0.0"}
        mended = served("1.1.0")
        time.sleep(3)

    assert failed.returncode != 0
    assert "revision 9001_wrong failed" in log
    assert "statement: ALTER TABLE nowhere ADD COLUMN colour" in log
    assert mended.returncode == 0, mended.stderr
    assert people.failures == {}
    assert people.versions() == ["1.0.0", "1.1.0"]


def test_pods_never_ready(namespace: Namespace, served: Release, load: LoadOn) -> None:
    """Where the new pods never get ready, the old ones serve all the time."""
    with load() as people:
        time.sleep(3)
        failed = served("1.3.0", timeout="40s")
        time.sleep(3)

    assert failed.returncode != 0
    assert people.failures == {}
    assert people.versions() == ["1.0.0"]
    ready = [pod for pod in namespace.pods() if all(c["ready"] for c in pod["status"]["containerStatuses"])]
    assert len(ready) == 2


@pytest.fixture
def idle(namespace: Namespace, served: Release) -> Iterator[list[http.client.HTTPConnection]]:
    """Hold 50 connections that were used once and then kept."""
    assert served("1.0.0").returncode == 0  # nothing to do
    address = urlsplit(namespace.url).netloc
    connections = [http.client.HTTPConnection(address, timeout=5) for _ in range(50)]
    for connection in connections:
        connection.request("GET", "/version")
        assert connection.getresponse().read()
    yield connections
    for connection in connections:
        connection.close()


def test_restart_and_drain(namespace: Namespace, idle: list[http.client.HTTPConnection], load: LoadOn) -> None:
    """A restart, and the eviction of each pod in turn, lose no request and kill no pod, with idle connections held."""
    assert len(idle) == 50
    with Ends(namespace) as ends, load() as people:
        time.sleep(3)
        namespace.kubectl("rollout", "restart", "deployment/app")
        namespace.kubectl("rollout", "status", "deployment/app", "--timeout=180s")
        for pod in namespace.pods():
            evict(namespace, pod["metadata"]["name"])
            namespace.kubectl("rollout", "status", "deployment/app", "--timeout=180s")
        eventually(lambda: len(ends.statuses) >= 4, 60, "four pods have ended")
        time.sleep(3)

    assert people.failures == {}
    assert set(ends.statuses.values()) == {0}
    assert set(ends.restarts.values()) == {0}


def evict(namespace: Namespace, pod: str) -> None:
    """Ask for a pod to be evicted, as a drained node does, until the PodDisruptionBudget allows it."""
    eviction = {
        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace.name}
    }  # fmt: skip
    path = f"/api/v1/namespaces/{namespace.name}/pods/{pod}/eviction"

    def allowed() -> bool:
        return run("kubectl", "create", "--raw", path, "--filename", "-", text=json.dumps(eviction)).returncode == 0

    eventually(allowed, 60, f"the eviction of {pod} is allowed")


@pytest.mark.usefixtures("served")
def test_database_stops(namespace: Namespace, database: Database, load: LoadOn) -> None:
    """While MySQL is stopped, the page explains it and no pod restarts. It recovers within 2 s."""
    with Ends(namespace) as ends, load() as people:
        time.sleep(3)
        database.stop()
        eventually(lambda: namespace.page().status_code == 503, 30, "the page explains the outage")
        time.sleep(15)  # longer than a liveness probe would tolerate
        away = namespace.page()
        database.start()
        back = time.monotonic()
        time.sleep(4)

    assert away.status_code == 503
    assert away.json()["error"] == "The database is unavailable"
    assert away.headers["Retry-After"] == "1"
    assert set(people.failures) == {"status 503"}
    assert [status for when, status, _ in people.seen if when > back + 2 and status != 200] == []
    assert set(ends.restarts.values()) == {0}
    assert ends.statuses == {}


@pytest.mark.usefixtures("served")
def test_secret_changes(namespace: Namespace, load: LoadOn) -> None:
    """A secret that is changed in the cluster is on the page within 2 minutes, without a restart."""
    with Ends(namespace) as ends, load() as people:
        patch = json.dumps({"stringData": {"APP_SECRET": "the-second-secret"}})
        namespace.kubectl("patch", "secret", "app-secret", "--patch", patch)

        def everywhere() -> bool:
            return {namespace.page().json()["secret"] for _ in range(10)} == {"the-second-secret"}

        eventually(everywhere, 120, "the new secret is on the page")

    assert people.failures == {}
    assert set(ends.restarts.values()) == {0}
    assert ends.statuses == {}


@pytest.mark.usefixtures("served")
def test_no_rights(namespace: Namespace) -> None:
    """The service account can do nothing, and its token is not in the pod."""
    account = f"system:serviceaccount:{namespace.name}:app"
    for verb, kind in (("get", "secrets"), ("list", "pods"), ("create", "pods"), ("get", "configmaps"), ("*", "*")):
        answer = run("kubectl", "--namespace", namespace.name, "auth", "can-i", verb, kind, f"--as={account}")
        assert answer.stdout.strip() == "no", (verb, kind)

    pod = namespace.pods()[0]["metadata"]["name"]
    found = namespace.kubectl("exec", pod, "--", "find", "/run", "/var/run", "-name", "token")
    assert found == ""


ASK = "import urllib.request as r; print(r.urlopen('{url}', timeout=5).status)"


def ask(namespace: Namespace, repository: str, url: str) -> subprocess.CompletedProcess[str]:
    """Ask for a URL from a pod of another namespace."""
    spec = {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{
            "name": "ask", "image": f"{repository}:1.0.0", "command": ["python", "-c", ASK.format(url=url)],
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }],
    }  # fmt: skip
    other = f"{namespace.name}-other"
    return run(
        "kubectl", "--namespace", other, "run", f"ask-{time.monotonic_ns()}", "--rm", "--attach", "--restart=Never",
        f"--image={repository}:1.0.0", "--overrides", json.dumps({"spec": spec}),
    )  # fmt: skip


@pytest.fixture
def other(namespace: Namespace, repository: str) -> Iterator[Namespace]:
    """Return another namespace, gone afterwards."""
    other = Namespace(f"{namespace.name}-other", repository)
    other.create()
    yield other
    other.delete()


@pytest.mark.usefixtures("served", "other")
def test_strangers(namespace: Namespace, repository: str) -> None:
    """A pod of another namespace reaches neither the page nor the metrics, where a network plugin enforces policies."""
    addresses = [pod["status"]["podIP"] for pod in namespace.pods()]
    deny = {
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "deny"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
    }  # fmt: skip
    namespace.apply(deny)  # if even this lets strangers in, nobody enforces policies
    if ask(namespace, repository, f"http://{addresses[0]}:8000/healthz").returncode == 0:
        namespace.kubectl("delete", "networkpolicy", "app")  # only the denial is left
        if ask(namespace, repository, f"http://{addresses[0]}:8000/healthz").returncode == 0:
            pytest.skip("nobody enforces NetworkPolicies here")  # by trial; tests/chart looks at what is rendered
        raise AssertionError("the chart's policy lets strangers in")

    for address in addresses:
        assert ask(namespace, repository, f"http://{address}:8000/healthz").returncode != 0
        assert ask(namespace, repository, f"http://{address}:8001/metrics").returncode != 0
