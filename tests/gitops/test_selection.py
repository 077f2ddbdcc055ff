"""Selection of a version by a range, by Flux itself: a real OCIRepository for each range, on a real registry."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.cluster.cluster import Namespace, Object, eventually, must

CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
# Two majors, a gap in the minors (no 1.2), patches out of order and beyond nine, pre-releases, and tags that are not
# versions or have a `v`.
VERSIONS = (
    "1.0.0", "1.0.2", "1.0.1", "1.0.10", "1.1.0", "1.1.1-rc.1", "1.3.0", "1.3.1-rc.1", "2.0.0-rc.1", "2.0.0",
)  # fmt: skip
TAGS = {"latest": "1.0.0", "main": "2.0.0", "v1.0.11": "1.0.10"}
NONE = "nothing"
SELECTED = {
    "^1.0": "1.3.0",
    "~1.1": "1.1.0",
    "~1.0": "v1.0.11",
    "1.0.2": "1.0.2",
    "~1.2": NONE,
    "1.0.3": NONE,
    ">=1.0": "2.0.0",
    "1.x": "1.3.0",
    ">=1.0 <1.3": "1.1.0",
    "~1.1-0": "1.1.1-rc.1",
    "^1.0-0": "1.3.1-rc.1",
    "^2.0": "2.0.0",
}


def scheme(registry: str) -> str:
    """Return how the registry is reached: by TLS, unless it has none."""
    with contextlib.suppress(requests.RequestException):
        requests.get(f"https://{registry}/v2/", timeout=5)
        return "https"
    return "http"


def publish(registry: str, repository: str, folder: Path) -> None:
    """Push a chart in every version, and the tags beside them."""
    address = scheme(registry)
    plain = ["--plain-http"] if address == "http" else []
    (folder / "app").mkdir()
    for version in VERSIONS:
        (folder / "app/Chart.yaml").write_text(f"apiVersion: v2\nname: app\nversion: {version}\n")
        must("helm", "package", str(folder / "app"), "--destination", str(folder))
        must("helm", "push", str(folder / f"app-{version}.tgz"), f"oci://{registry}/{repository}/charts", *plain)
    manifests = f"{address}://{registry}/v2/{repository}/charts/app/manifests"
    kind = "application/vnd.oci.image.manifest.v1+json"
    for tag, version in TAGS.items():
        manifest = requests.get(f"{manifests}/{version}", headers={"Accept": kind}, timeout=10)
        answer = requests.put(f"{manifests}/{tag}", manifest.content, headers={"Content-Type": kind}, timeout=10)
        answer.raise_for_status()


@pytest.fixture(scope="module")
def selected(cluster: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Return the version that Flux selects for each range."""
    assert cluster
    registry, repository = os.environ["REGISTRY"], f"tests/gitops-{secrets.token_hex(3)}"
    publish(registry, repository, tmp_path_factory.mktemp("charts"))
    namespace = Namespace(f"releases-{secrets.token_hex(3)}", "")
    namespace.create()
    ranges = {f"range-{number}": semver for number, semver in enumerate(SELECTED)}
    for name, semver in ranges.items():
        namespace.apply({
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "OCIRepository",
            "metadata": {"name": name},
            "spec": {
                "interval": "1h",
                "url": f"oci://{registry}/{repository}/charts/app",
                "insecure": scheme(registry) == "http",
                "ref": {"semver": semver},
                "layerSelector": {"mediaType": CHART, "operation": "copy"},
            },
        })  # fmt: skip

    def sources() -> dict[str, Object]:
        return {source["metadata"]["name"]: source.get("status", {}) for source in namespace.get("ocirepositories")}

    def judged() -> bool:
        return all(
            any(each["type"] == "Ready" and each["status"] != "Unknown" for each in status.get("conditions", []))
            for status in sources().values()
        )

    eventually(judged, 60, "Flux has looked at every range")
    yield {
        ranges[name]: status.get("artifact", {}).get("revision", NONE).partition("@")[0]
        for name, status in sources().items()
    }
    namespace.delete()


@pytest.mark.parametrize("semver", SELECTED)
def test_newest_version_of_the_range_is_selected(selected: dict[str, str], semver: str) -> None:
    """A range selects its newest release, a pre-release only for `-0`, and never a tag that is no version."""
    assert selected[semver] == SELECTED[semver]
