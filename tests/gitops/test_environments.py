"""The environments: equal but for a few values, which are in one file."""

import pytest
import yaml

from tests.chart.conftest import helm as helm  # noqa: PLC0414  the fixture
from tests.chart.helm import NAME, Helm
from tests.gitops.conftest import Render
from tests.gitops.rendered import ENVIRONMENTS, RELEASES, Manifest, paths

DIFFERENT = {
    "OCIRepository/app": {"/metadata/namespace", "/spec/ref/semver"},
    "HelmRelease/app": {
        "/metadata/namespace",
        "/spec/values/replicaCount",
        "/spec/values/settings/environment",
        "/spec/values/ingress/annotations/cert-manager.io/cluster-issuer",
        "/spec/values/ingress/hosts/0/host",
        "/spec/values/ingress/tls/0/hosts/0",
    },
}
# `make seal` adds the environment's own.
SEALED = "SealedSecret/app-secret"


def keys(value: object) -> object:
    """Return the names in a manifest, in their order, without the values."""
    return [(name, keys(each)) for name, each in value.items()] if isinstance(value, dict) else None


@pytest.mark.parametrize("environment", ["dev", "staging"])
def test_environments_differ_only_in_listed_fields(render: Render, environment: str) -> None:
    """An environment differs from prod only in its range, host, pods, issuer and name."""
    here, prod = ({n: m for n, m in render(name).items() if n != SEALED} for name in (environment, "prod"))
    names = {name.replace(f"app-{environment}", "app-prod") for name in here}

    assert names == set(prod)
    for name, different in DIFFERENT.items():
        one, other = paths(here[name]), paths(prod[name])
        assert {path for path in one | other if one.get(path) != other.get(path)} <= different


def test_same_keys_in_the_same_order() -> None:
    """The files of the environments read alike: the same keys, in the same order."""
    files = [list(yaml.safe_load_all((RELEASES / name / "app.yml").read_text())) for name in ENVIRONMENTS]

    assert [keys(each) for each in files[0]] == [keys(each) for each in files[1]] == [keys(each) for each in files[2]]
    for name in ENVIRONMENTS:
        assert (RELEASES / name / "app.yml").read_text().count("semver: ") == 1


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_namespace(render: Render, environment: str) -> None:
    """An environment has a namespace of its own, `restricted`, that outlives its Kustomization."""
    objects = render(environment)
    namespace = objects[f"Namespace/app-{environment}"]

    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert namespace["metadata"]["annotations"]["kustomize.toolkit.fluxcd.io/prune"] == "disabled"
    assert {m["metadata"].get("namespace") for m in objects.values()} == {None, f"app-{environment}"}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_settings(render: Render, environment: str) -> None:
    """Registry, domain and issuer come from the installation's settings, so that a fork edits no file."""
    objects = render(environment, CERTIFICATE_ISSUER="company", REGISTRY_INSECURE="true")
    source, values = objects["OCIRepository/app"]["spec"], objects["HelmRelease/app"]["spec"]["values"]
    host = f"{environment}.app.example.com"

    assert source["url"] == "oci://registry.example.com/group/app/charts/app"
    assert source["insecure"] is True
    assert values["image"]["repository"] == "registry.example.com/group/app"
    assert values["ingress"]["annotations"]["cert-manager.io/cluster-issuer"] == "company"
    assert [each["host"] for each in values["ingress"]["hosts"]] == values["ingress"]["tls"][0]["hosts"] == [host]


@pytest.mark.parametrize(
    ("environment", "issuer"),
    [("dev", "letsencrypt-staging"), ("staging", "letsencrypt-staging"), ("prod", "letsencrypt")],
)
def test_defaults(render: Render, environment: str, issuer: str) -> None:
    """By default only prod uses Let's Encrypt's limited issuer, and the registry is requested by TLS."""
    objects = render(environment, CERTIFICATE_ISSUER="")
    annotations = objects["HelmRelease/app"]["spec"]["values"]["ingress"]["annotations"]

    assert annotations["cert-manager.io/cluster-issuer"] == issuer
    assert objects["OCIRepository/app"]["spec"]["insecure"] is False


@pytest.mark.parametrize(
    ("settings", "database"),
    [
        ({}, {"port": 3306, "cidrs": []}),
        (
            {"DATABASE_PORT": "25060", "DATABASE_CIDRS": '["10.1.2.3/32","fd00::1/128"]'},
            {"port": 25060, "cidrs": ["10.1.2.3/32", "fd00::1/128"]},
        ),
    ],
)
def test_database(render: Render, helm: Helm, settings: dict[str, str], database: Manifest) -> None:
    """The network policies open the database's port and address, as the provisioning job has written them."""
    values = render("dev", **settings)["HelmRelease/app"]["spec"]["values"]

    assert values["networkPolicy"]["database"] == database
    for name in (NAME, "app-migrations"):
        egress = helm.template(values).one(f"NetworkPolicy/{name}")["spec"]["egress"][-1]
        assert egress["ports"] == [{"port": database["port"]}]
        assert [peer["ipBlock"]["cidr"] for peer in egress.get("to", [])] == database["cidrs"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_failed_release_is_rolled_back(render: Render, environment: str, helm: Helm) -> None:
    """A release that fails is rolled back, a bounded number of times, after the migrations had their time."""
    release = render(environment)["HelmRelease/app"]["spec"]
    deadline = helm.template().job()["spec"]["activeDeadlineSeconds"]

    for action in (release["install"], release["upgrade"]):
        assert action["strategy"] == {"name": "RemediateOnFailure"}
        assert action["remediation"]["retries"] > 0
        assert action["remediation"]["remediateLastFailure"] is True
    assert release["upgrade"]["remediation"]["strategy"] == "rollback"
    assert int(release["timeout"].removesuffix("m")) * 60 >= deadline + 15


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_chart_takes_the_values(render: Render, environment: str, helm: Helm) -> None:
    """The chart's schema accepts an environment's values, and the Ingress has cert-manager's annotations."""
    values: Manifest = render(environment)["HelmRelease/app"]["spec"]["values"]
    rendered = helm.template(values)
    annotations = rendered.one("Ingress/app")["metadata"]["annotations"]

    assert annotations["acme.cert-manager.io/http01-edit-in-place"] == "true"
    assert rendered.settings()["APP_ENVIRONMENT"] == environment


def test_scaling_is_left_to_the_autoscaler(helm: Helm) -> None:
    """With an autoscaler the chart sets no number of pods, so that drift correction leaves it alone."""
    assert "replicas" not in helm.template({"autoscaling": {"enabled": True}}).one("Deployment/app")["spec"]
