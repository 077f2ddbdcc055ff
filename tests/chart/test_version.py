"""One number: the chart's, the image's and that of the page."""

import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.chart.conftest import Package
from tests.chart.helm import Helm
from tests.chart.rendered import Rendered

DIGEST = f"sha256:{'0' * 64}"
FLUX = f"1.2.3+{'a' * 12}"  # Flux appends the digest of the fetched chart to its version


def images(rendered: Rendered) -> set[str]:
    """Return the images of all pods."""
    return {pod["spec"]["containers"][0]["image"] for _, pod in rendered.pods()}


def test_labels(package: Package) -> None:
    """Labels should hold the release's number, and be valid if Flux has added a digest to the chart's version."""
    rendered = package(FLUX, "1.2.3")

    for manifest in rendered.objects:
        labels = manifest["metadata"]["labels"]
        assert labels["app.kubernetes.io/version"] == "1.2.3"
        assert labels["helm.sh/chart"] == f"app-1.2.3_{'a' * 12}"


def test_pods_do_not_restart_for_the_chart(package: Package) -> None:
    """The digest that Flux appends to the chart's version should not change the web pods."""
    plain, flux = (package(version, "1.2.3").one("Deployment/app") for version in ("1.2.3", FLUX))

    assert plain["spec"] == flux["spec"]


@pytest.mark.parametrize(
    ("values", "image"),
    [
        ({}, "app:0.0.0"),
        ({"tag": "1.2.4"}, "app:1.2.4"),
        ({"repository": "registry.example.com:5000/team/app"}, "registry.example.com:5000/team/app:0.0.0"),
        ({"digest": DIGEST}, f"app:0.0.0@{DIGEST}"),
        ({"digest": DIGEST, "tag": "1.2.4"}, f"app:1.2.4@{DIGEST}"),
    ],
)
def test_image(helm: Helm, values: dict[str, str], image: str) -> None:
    """All pods should run the same image: its tag, else the chart's own number, and its digest if there is one."""
    assert images(helm.template({"image": values})) == {image}


def test_version_between_releases(package: Package) -> None:
    """A version between releases, which has a `+`, should give valid labels and the tag that `make image` gives."""
    rendered = package("0.0.1-dev.4", "0.0.1.dev4+unknown.ga6f933b")

    assert images(rendered) == {"app:0.0.1.dev4-unknown.ga6f933b"}
    for _, pod in rendered.pods():
        assert pod["metadata"]["labels"]["app.kubernetes.io/version"] == "0.0.1.dev4_unknown.ga6f933b"


def test_long_version(package: Package) -> None:
    """A version longer than a label should be cut at a character with which a label may end."""
    rendered = package("1.2.3", f"1.2.3+{'a' * 56}.b")

    label = rendered.one("Service/app")["metadata"]["labels"]["app.kubernetes.io/version"]
    assert label == f"1.2.3_{'a' * 56}"


def test_helm_test(helm: Helm) -> None:
    """`helm test` should request the Service's page, by a name that the service answers to, from the same image."""
    rendered = helm.template({"image": {"tag": "latest"}})
    pod = rendered.one("Pod/app-test")
    environment = {v["name"]: v["value"] for v in pod["spec"]["containers"][0]["env"]}

    assert pod["metadata"]["annotations"] == {
        "helm.sh/hook": "test",
        "helm.sh/hook-delete-policy": "before-hook-creation",
    }
    assert environment == {"URL": "http://app.app-dev:80/"}
    assert "app.app-dev" in rendered.settings()["TRUSTED_HOSTS"].split(",")


@pytest.mark.parametrize(("runs", "status"), [("1.2.3", 0), ("1.2.4", 1)])
def test_helm_test_compares_versions(helm: Helm, tmp_path: Path, runs: str, status: int) -> None:
    """`helm test` should pass if the page shows the version of the requested image, for any tag."""
    container = helm.template({"image": {"tag": "latest"}}).one("Pod/app-test")["spec"]["containers"][0]
    (tmp_path / "app").mkdir()
    (tmp_path / "app/version.txt").write_text("1.2.3\n")

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f'{{"version": "{runs}"}}'.encode())

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.handle_request, daemon=True).start()
        result = subprocess.run(
            [sys.executable, "-c", container["args"][0]],
            cwd=tmp_path,
            env={"URL": f"http://127.0.0.1:{server.server_port}/"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (result.returncode, result.stdout) == (status, f"the page shows {runs}; expected 1.2.3\n")
