"""The migrations: a hook that runs before anything else of the chart is there."""

import pytest

from app.settings import MigrationSettings
from tests.chart.helm import Helm, Values
from tests.chart.rendered import Manifest, Rendered, hook
from tests.chart.switches import SWITCHES

BEFORE = "pre-install,pre-upgrade"  # the latter alone would skip the first install


def strings(value: object) -> set[str]:
    """Return every text in a manifest."""
    if isinstance(value, dict):
        return set().union(*map(strings, value.values()))
    if isinstance(value, list):
        return set().union(*map(strings, value))
    return {str(value)}


def test_hooks(defaults: Rendered) -> None:
    """The network policy of the migrations should come first, then the migrations, then all else."""
    before = sorted(
        (int(hook(manifest, "-weight")), f"{manifest['kind']}/{manifest['metadata']['name']}")
        for manifest in defaults.objects
        if hook(manifest) == BEFORE
    )

    assert before == [(-1, "NetworkPolicy/app-migrations"), (0, "Job/app-migrations")]


def test_log_is_kept_after_success(defaults: Rendered) -> None:
    """The Job, and so its log, should stay until the next run, and never stand in the way of that."""
    assert hook(defaults.job(), "-delete-policy") == "before-hook-creation"
    assert "ttlSecondsAfterFinished" not in defaults.job()["spec"]


@pytest.mark.parametrize("values", SWITCHES.values(), ids=SWITCHES)
def test_hook_needs_no_object_of_the_chart(helm: Helm, values: Values) -> None:
    """The hook should refer to no object of the chart but hooks: the others are not there at the first install."""
    rendered = helm.template(values)
    later = {m["metadata"]["name"] for m in rendered.objects if hook(m) != BEFORE and m["kind"] != "Deployment"}
    spec = rendered.job()["spec"]["template"]["spec"]

    assert "serviceAccountName" not in spec
    assert not strings(spec["volumes"]) & later
    assert not strings([v.get("valueFrom", "") for v in spec["containers"][0]["env"]]) & later
    assert "envFrom" not in spec["containers"][0]


def test_command(defaults: Rendered) -> None:
    """The hook should run Alembic with the URL of the migrations' own user, if the Secret has one."""
    (container,) = defaults.job()["spec"]["template"]["spec"]["containers"]
    variables: dict[str, Manifest] = {v["name"]: v for v in container["env"]}

    assert container["command"] == ["alembic", "upgrade", "head"]
    assert variables["MIGRATIONS_DATABASE_URL"]["valueFrom"]["secretKeyRef"]["optional"] is True
    assert "optional" not in variables["DATABASE_URL"]["valueFrom"]["secretKeyRef"]
    assert {name.lower() for name in variables} <= MigrationSettings.model_fields.keys()


def test_deadline_below_helm_timeout(helm: Helm, defaults: Rendered) -> None:
    """A blocked migration should end before Helm's limit of 5 minutes, and its pod early enough to leave its log."""
    spec = defaults.job()["spec"]
    assert spec["activeDeadlineSeconds"] < 300
    assert spec["template"]["spec"]["restartPolicy"] == "Never"

    spec = helm.template({"migrations": {"activeDeadlineSeconds": 1800}}).job()["spec"]
    pod = spec["template"]["spec"]
    assert spec["activeDeadlineSeconds"] == 1800
    assert pod["activeDeadlineSeconds"] + pod["terminationGracePeriodSeconds"] < 1800


def test_retries(helm: Helm) -> None:
    """A migration should be retried as often as the values allow, but not if its settings are wrong."""
    spec = helm.template({"migrations": {"backoffLimit": 1}}).job()["spec"]

    assert spec["backoffLimit"] == 1
    fail, ignore = spec["podFailurePolicy"]["rules"]
    assert fail == {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [2]}}
    assert ignore == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
