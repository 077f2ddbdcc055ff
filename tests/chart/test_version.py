"""One number: the chart's, the image's and that of the page."""

import pytest

from tests.chart.conftest import Package
from tests.chart.helm import Helm
from tests.chart.rendered import Rendered

DIGEST = f"sha256:{'0' * 64}"
FLUX = f"1.2.3+{'a' * 12}"  # Flux puts the digest of what it fetched behind the chart's version


def images(rendered: Rendered) -> set[str]:
    """Return the images of all pods."""
    return {pod["spec"]["containers"][0]["image"] for _, pod in rendered.pods()}


def test_labels(package: Package) -> None:
    """Labels should hold the release's number, and be valid where Flux has added a digest to the chart's version."""
    rendered = package(FLUX, "1.2.3")

    for manifest in rendered.objects:
        labels = manifest["metadata"]["labels"]
        assert labels["app.kubernetes.io/version"] == "1.2.3"
        assert labels["helm.sh/chart"] == f"app-1.2.3_{'a' * 12}"


def test_pods_do_not_restart_for_the_chart(package: Package) -> None:
    """Pods that serve should be the same whatever digest Flux puts behind the chart's version."""
    plain, flux = (package(version, "1.2.3").one("Deployment/app") for version in ("1.2.3", FLUX))

    assert plain["spec"] == flux["spec"]


@pytest.mark.parametrize(
    ("values", "image"),
    [
        ({}, "app:0.0.0"),
        ({"tag": "1.2.4"}, "app:1.2.4"),
        ({"repository": "registry.example.com:5000/team/app"}, "registry.example.com:5000/team/app:0.0.0"),
        ({"digest": DIGEST}, f"app@{DIGEST}"),
        ({"digest": DIGEST, "tag": "1.2.4"}, f"app@{DIGEST}"),
    ],
)
def test_image(helm: Helm, values: dict[str, str], image: str) -> None:
    """All pods should run the same image: by its digest, else by its tag, else by the chart's own number."""
    assert images(helm.template({"image": values})) == {image}


def test_between_releases(package: Package) -> None:
    """A version between releases, which has a `+`, should give valid labels and the tag that `make image` gives."""
    rendered = package("0.0.1-dev.4", "0.0.1.dev4+unknown.ga6f933b")

    assert images(rendered) == {"app:0.0.1.dev4-unknown.ga6f933b"}
    for _, pod in rendered.pods():
        assert pod["metadata"]["labels"]["app.kubernetes.io/version"] == "0.0.1.dev4_unknown.ga6f933b"


def test_long_version(package: Package) -> None:
    """A version longer than a label may be should be cut where a label may end."""
    rendered = package("1.2.3", f"1.2.3+{'a' * 56}.b")

    label = rendered.one("Service/app")["metadata"]["labels"]["app.kubernetes.io/version"]
    assert label == f"1.2.3_{'a' * 56}"


@pytest.mark.parametrize(("tag", "expected"), [("", "0.0.0"), ("1.2.4", "1.2.4")])
def test_helm_test(helm: Helm, tag: str, expected: str) -> None:
    """`helm test` should ask the Service's page for the version that runs, under a name that the service answers to."""
    rendered = helm.template({"image": {"tag": tag}})
    pod = rendered.one("Pod/app-test")
    environment = {v["name"]: v["value"] for v in pod["spec"]["containers"][0]["env"]}

    assert pod["metadata"]["annotations"] == {
        "helm.sh/hook": "test",
        "helm.sh/hook-delete-policy": "before-hook-creation",
    }
    assert environment == {"URL": "http://app.app-dev:80/", "EXPECTED": expected}
    assert "app.app-dev" in rendered.settings()["TRUSTED_HOSTS"].split(",")
