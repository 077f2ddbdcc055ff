"""The output of `helm template`, parsed."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

Manifest = dict[str, Any]
HOOK = "helm.sh/hook"


@dataclass(frozen=True)
class Rendered:
    """The objects that Helm would send to the cluster."""

    text: str

    @cached_property
    def objects(self) -> list[Manifest]:
        """All of them, in Helm's order."""
        return [
            manifest for manifest in yaml.load_all(self.text, yaml.CSafeLoader) if manifest
        ]  # in a tenth of the time

    def names(self) -> set[str]:
        """Return `Kind/name` of each."""
        return {f"{manifest['kind']}/{manifest['metadata']['name']}" for manifest in self.objects}

    def one(self, name: str) -> Manifest:
        """Return the object `Kind/name`."""
        (found,) = (m for m in self.objects if f"{m['kind']}/{m['metadata']['name']}" == name)
        return found

    def pods(self) -> Iterator[tuple[str, Manifest]]:
        """Return the pod template of each object that creates pods, by the name of the object."""
        for manifest in self.objects:
            if manifest["kind"] == "Pod":
                yield manifest["metadata"]["name"], manifest
            elif "template" in manifest.get("spec", {}):
                yield manifest["metadata"]["name"], manifest["spec"]["template"]

    def web(self) -> Manifest:
        """Return the spec of the pods that serve."""
        return self.one("Deployment/app")["spec"]["template"]["spec"]  # type: ignore[no-any-return]  # YAML

    def job(self) -> Manifest:
        """Return the Job of the migrations."""
        return self.one("Job/app-migrations")

    def settings(self) -> dict[str, str]:
        """Return the service's environment variables that have their value in sight."""
        return {v["name"]: v["value"] for v in self.web()["containers"][0]["env"] if "value" in v}


def hook(manifest: Manifest, key: str = "") -> str:
    """Return the value of a Helm hook annotation such as `-weight`; empty if there is none."""
    return str(manifest["metadata"].get("annotations", {}).get(HOOK + key, ""))


def volume(spec: Manifest, name: str) -> Manifest:
    """Return the volume of a pod."""
    (found,) = (v for v in spec["volumes"] if v["name"] == name)
    return found  # type: ignore[no-any-return]  # YAML


def mount(spec: Manifest, name: str) -> Manifest:
    """Return the mount of a volume in the container of a pod."""
    (found,) = (m for m in spec["containers"][0]["volumeMounts"] if m["name"] == name)
    return found  # type: ignore[no-any-return]  # YAML


def selects(selector: Manifest, labels: Manifest) -> bool:
    """Return whether a selector (`matchLabels`, or a Service's) matches these labels."""
    wanted: Manifest = selector.get("matchLabels", selector)
    return wanted.items() <= labels.items()
