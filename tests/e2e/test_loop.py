"""The steps of the end-to-end test: each begins in the state that the previous one left."""

import time

import pytest

from tests import report
from tests.cluster.cluster import eventually, must
from tests.e2e.conftest import NAMES, Loop, Step, forget
from tests.e2e.environment import Environment
from tests.e2e.screenshots import screenshots

MIGRATION = '''"""Fail."""

from alembic import op

revision = "9001"
down_revision = "0002"


def upgrade() -> None:
    """Change a table that is not there."""
    op.execute("ALTER TABLE nowhere ADD COLUMN colour VARCHAR(10)")


def downgrade() -> None:
    """Leave it as it is."""
'''
FAILS = "migrations/versions/9001_fail.py"
# Not visible to the pipeline's tests
FAILS_TO_START = """

if "KUBERNETES_SERVICE_HOST" in os.environ:
    raise SystemExit("cannot start in a cluster")
"""


def test_provision(loop: Loop, step: Step) -> None:
    """Three environments are provisioned, and their requirements may come in any order."""
    with step("provision dev, staging, prod", "ready for a release"):
        for name in NAMES:
            loop.provision(name)
            loop.seal(name, f"the-secret-of-{name}")
    # There is no 1.1 yet, so staging begins with the existing versions.
    loop.make("promote ENV=staging TO=~1.0")
    loop.push("chore: begin with 1.0 everywhere")
    loop.tell_receivers()


def test_first_release(loop: Loop, step: Step) -> None:
    """The first release is published, and three environments serve it, with certificates of the CA."""
    with step("merge `feat: show the page`, publish 1.0.0", "by the pipeline"):
        pipeline = loop.merge("feat: show the page").wait()
        assert pipeline.passed, pipeline.log
        loop.reconcile()
    with step("1.0.0 from published to served, https", "dev, staging, prod"):
        loop.serve(dict.fromkeys(NAMES, "1.0.0"), 300)
    for name, environment in loop.environments.items():
        facts = environment.page()
        assert (facts["environment"], facts["secret"], facts["records"]) == (name, f"the-secret-of-{name}", 3)
    before = written()
    with step("provision dev again", "nothing changed"):
        loop.provision("dev")
    assert written() == before
    for name, environment in loop.environments.items():
        loop.people[name] = loop.open.enter_context(environment.people(loop.folder))


def written() -> dict[str, str]:
    """Return the versions of the objects that provisioning writes for dev; a second run keeps each of them."""
    data, spec = "{.metadata.resourceVersion}", "{.metadata.generation}"  # the status of the others changes meanwhile
    found = {
        "app-dev": {data: ("secret/app-registry", "secret/app-mysql"), spec: ("deployment/app",)},
        "flux-system": {
            data: ("configmap/app-dev", "configmap/app-dev-database"),
            spec: ("gitrepository/app", "kustomization/app-dev", "kustomization/app-dev-secrets"),
        },
    }
    return {
        each: must("kubectl", "--namespace", namespace, "get", each, "--output", f"jsonpath={path}")
        for namespace, paths in found.items()
        for path, names in paths.items()
        for each in names
    }


def test_feature(loop: Loop, step: Step) -> None:
    """A feature runs in dev within a minute of its publication; staging and prod do not move."""
    with step("merge `feat: say hello`, publish 1.1.0", "by the pipeline"):
        pipeline = loop.merge("feat: say hello")
        pipeline.wait_for("published oci://")
        published = time.monotonic()
    with step("1.1.0 from published to first served", "dev"):
        eventually(lambda: loop.environments["dev"].version() == "1.1.0", 60, "dev shows 1.1.0 within a minute")
    assert time.monotonic() - published < 60
    with step("1.1.0 from first served to fully rolled out", "dev"):
        loop.serve({"dev": "1.1.0"}, 120)
    assert pipeline.wait().passed, pipeline.log
    assert loop.versions() == {"dev": "1.1.0", "staging": "1.0.0", "prod": "1.0.0"}


def test_promotion(loop: Loop, step: Step) -> None:
    """One changed line promotes an environment."""
    with step("promote staging to `~1.1`", "staging runs 1.1.0"):
        said = loop.make("promote ENV=staging TO=~1.1")
        loop.push("chore: promote staging to ~1.1")
        loop.serve({"staging": "1.1.0"}, 180)
    assert "version 1.0.0 becomes 1.1.0" in said
    assert "feat: say hello" in said
    changed = loop.project.clone.git("show", "--numstat", "--format=", "HEAD")
    assert changed == "1\t1\treleases/staging/app.yml"
    assert loop.versions() == {"dev": "1.1.0", "staging": "1.1.0", "prod": "1.0.0"}


def test_fix(loop: Loop, step: Step) -> None:
    """A fix reaches each environment with a range that allows it."""
    with step("merge `fix: mend it`, publish 1.1.1", "by the pipeline"):
        pipeline = loop.merge("fix: mend it").wait()
        assert pipeline.passed, pipeline.log
    with step("1.1.1 from pipeline's end to fully rolled out", "dev and staging"):
        loop.serve({"dev": "1.1.1", "staging": "1.1.1"}, 180)
    assert loop.versions() == {"dev": "1.1.1", "staging": "1.1.1", "prod": "1.0.0"}


def test_prod_and_back(loop: Loop, step: Step) -> None:
    """Production is promoted by one line, and rolled back by reverting it."""
    with step("promote prod to `~1.1`", "prod runs 1.1.1"):
        loop.make("promote ENV=prod TO=~1.1")
        loop.push("chore: promote prod to ~1.1")
        loop.serve({"prod": "1.1.1"}, 240)
    with step("revert that line", "prod runs 1.0.0 again"):
        loop.project.clone.git("revert", "--no-edit", "HEAD")
        loop.push("chore: take prod back")
        loop.serve({"prod": "1.0.0"}, 240)


def test_bad_migration(loop: Loop, step: Step) -> None:
    """Flux gives up a release if its migration fails; the old one serves throughout."""
    with step("merge a migration that fails, publish 1.2.0", "by the pipeline"):
        pipeline = loop.merge("feat: fail to migrate", **{FAILS: MIGRATION}).wait()
        assert pipeline.passed, pipeline.log
    with step("1.2.0 from published to given up", "dev serves 1.1.1"):
        failed(loop.environments["dev"], "1.2.0")
    assert "no: Helm upgrade failed for 1.2.0: pre-upgrade hooks failed" in loop.make("status")
    assert loop.versions()["dev"] == "1.1.1"


def test_bad_start(loop: Loop, step: Step) -> None:
    """Flux rolls back a release if its pods never get ready; the old one serves throughout."""
    (loop.project.clone.folder / FAILS).unlink()
    configuration = loop.project.clone.folder / "gunicorn.conf.py"
    works = configuration.read_text()
    release = loop.project.clone.folder / "releases/dev/app.yml"
    sooner = "spec:\n  timeout: 90s\n  values:\n"  # the default of 5 minutes would make the test long
    release.write_text(release.read_text().replace("spec:\n  values:\n", sooner))
    with step("merge pods that never start, publish 1.3.0", "by the pipeline"):
        pipeline = loop.merge("feat: fail to start", **{"gunicorn.conf.py": works + FAILS_TO_START}).wait()
        assert pipeline.passed, pipeline.log
    with step("1.3.0 from published to rolled back", "dev serves 1.1.1"):
        failed(loop.environments["dev"], "1.3.0")
        eventually(lambda: settled(loop.environments["dev"], "1.1.1"), 120, "dev runs only 1.1.1")
    assert "no: Helm upgrade failed for 1.3.0: timeout waiting for" in loop.make("status")
    with step("merge what mends it, publish 1.4.0", "dev runs 1.4.0"):
        pipeline = loop.merge("feat: start again", **{"gunicorn.conf.py": works}).wait()
        assert pipeline.passed, pipeline.log
        loop.serve({"dev": "1.4.0"}, 240)


def failed(environment: Environment, version: str) -> None:
    """Wait until Flux has exhausted its retries of a version, and reports it."""

    def given_up() -> bool:
        (release,) = environment.namespace.get("helmreleases.helm.toolkit.fluxcd.io")
        tried = release["status"].get("lastAttemptedRevision", "")
        reasons = {each["type"]: each["reason"] for each in release["status"].get("conditions", [])}
        return tried.startswith(version) and reasons.get("Stalled") == "RetriesExceeded"

    eventually(given_up, 600, f"Flux gives {version} up")


def settled(environment: Environment, version: str) -> bool:
    """Return whether every pod is one of that version."""
    pods = environment.namespace.get("pods", "--selector", "app.kubernetes.io/component=web")
    return all(each["image"].endswith(f":{version}") for pod in pods for each in pod["spec"]["containers"])


def test_rotation(loop: Loop, step: Step) -> None:
    """A secret that is sealed again is on the page, without a restart."""
    staging = loop.environments["staging"]
    before = {pod["metadata"]["name"] for pod in staging.namespace.pods()}
    with step("seal another secret for staging", "on the page, same pods"):
        loop.seal("staging", "rotated")
        loop.push("chore: rotate staging's secret")
        eventually(lambda: staging.page()["secret"] == "rotated", 180, "the page shows the new secret")
    assert {pod["metadata"]["name"] for pod in staging.namespace.pods()} == before


def test_drift(loop: Loop, step: Step) -> None:
    """A manual change in the cluster is reverted."""
    prod = loop.environments["prod"].namespace
    with step("scale prod to one pod by hand", "three again"):
        prod.kubectl("scale", "deployment/app", "--replicas", "1")
        eventually(lambda: len(prod.pods()) < 3, 60, "prod has fewer pods")
        eventually(lambda: len(prod.pods()) == 3, 180, "prod has three pods")


def test_nobody_was_turned_away(loop: Loop, request: pytest.FixtureRequest) -> None:
    """Throughout the test, no request of any client, in any environment, failed."""
    loop.open.close()
    for name, people in loop.people.items():
        what = f"{name}: {people.requests:,} requests, gap at most {people.longest_gap:.2f} s"
        report.add(request.config, what, f"{people.failed} failed", f"{people.seconds:.0f} s")
    assert {name: people.failures for name, people in loop.people.items() if people.failures} == {}
    assert loop.versions() == {"dev": "1.4.0", "staging": "1.1.1", "prod": "1.0.0"}
    assert "1.4.0" in loop.make("status")
    screenshots(loop.environments.values())


def test_cluster_lost(loop: Loop, step: Step) -> None:
    """A lost cluster is rebuilt from git, the managed databases and the sealing keys."""
    before = {name: environment.page() for name, environment in loop.environments.items()}
    keys = loop.folder / "keys.json"
    with step("back up the keys, lose the cluster", "no page"):
        loop.make(f"sealed-secrets-backup FILE={keys}")
        forget()
        selector = "sealedsecrets.bitnami.com/sealed-secrets-key"
        must("kubectl", "--namespace", "kube-system", "delete", "secret", "--selector", selector)
        for action in ("restart", "status"):
            must("kubectl", "--namespace", "kube-system", "rollout", action, "deployment/sealed-secrets-controller")
        assert set(loop.versions().values()) == {""}
    with step("restore the keys, provision, wait", "the same pages"):
        loop.make(f"sealed-secrets-restore FILE={keys}")
        for name in NAMES:
            loop.provision(name)
        loop.serve({name: str(facts["version"]) for name, facts in before.items()}, 300)
    for name, facts in before.items():
        after = loop.environments[name].page()
        assert [after[key] for key in ("version", "secret", "records")] == [
            facts[key] for key in ("version", "secret", "records")
        ]
