"""Published artifacts, read from the registry itself."""

import io
import os
import tarfile
from typing import Any

import requests
import yaml

MANIFESTS = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in ("oci.image.manifest.v1", "oci.image.index.v1", "docker.distribution.manifest.v2")
)


class Registry:
    """The repositories of one project, without its name: `""` is the image, `/charts/app` the chart."""

    def __init__(self, project: str) -> None:
        self._address = f"http://{os.environ['REGISTRY']}/v2/{project}"
        self.image = f"{os.environ['REGISTRY']}/{project}"
        # CLUSTER_REGISTRY: the registry's name in the cluster, if that is another
        self.in_cluster = f"{os.environ.get('CLUSTER_REGISTRY') or os.environ['REGISTRY']}/{project}"

    def versions(self, repository: str = "") -> list[str]:
        """Return the versions that are published there, in order."""
        answer = requests.get(f"{self._address}{repository}/tags/list", timeout=10)
        tags = answer.json().get("tags") or []
        return sorted(tag for tag in tags if tag[0].isdigit())

    def signed(self, digest: str, repository: str = "") -> bool:
        """Return whether there is a signature of that digest."""
        tags = requests.get(f"{self._address}{repository}/tags/list", timeout=10).json().get("tags") or []
        return any(tag.startswith(digest.replace(":", "-")) for tag in tags)

    def digest(self, version: str, repository: str = "") -> str:
        """Return the digest of a version."""
        return self._manifest(version, repository).headers["Docker-Content-Digest"]

    def labels(self, version: str) -> dict[str, str]:
        """Return the labels of the image of a version."""
        config: dict[str, Any] = self._blob("", self._manifest(version, "").json()["config"]["digest"]).json()
        labels: dict[str, str] = config["config"]["Labels"]
        return labels

    def chart(self, version: str) -> dict[str, Any]:
        """Return the metadata of the chart of a version."""
        manifest = self._manifest(version, "/charts/app").json()
        facts: dict[str, Any] = self._blob("/charts/app", manifest["config"]["digest"]).json()
        return facts

    def chart_values(self, version: str) -> dict[str, Any]:
        """Return the values of the chart of a version."""
        layer = self._manifest(version, "/charts/app").json()["layers"][0]["digest"]
        with tarfile.open(fileobj=io.BytesIO(self._blob("/charts/app", layer).content)) as chart:
            file = chart.extractfile("app/values.yaml")
            assert file
            values: dict[str, Any] = yaml.safe_load(file)
            return values

    def _manifest(self, version: str, repository: str) -> requests.Response:
        answer = requests.get(
            f"{self._address}{repository}/manifests/{version}", headers={"Accept": MANIFESTS}, timeout=10
        )
        assert answer.ok, answer.text
        return answer

    def _blob(self, repository: str, digest: str) -> requests.Response:
        answer = requests.get(f"{self._address}{repository}/blobs/{digest}", timeout=10)
        assert answer.ok, answer.text
        return answer
