"""The objects of an environment: built by kustomize, with the installation's settings substituted as by Flux."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.processes import ROOT
from tests.requirements import require

RELEASES = ROOT / "releases"
ENVIRONMENTS = ("dev", "staging", "prod")
COMPONENTS = tuple(sorted(path.name for path in (RELEASES / "components").iterdir()))
SETTINGS = {
    "DOMAIN": "app.example.com",
    "REGISTRY": "registry.example.com/group/app",
    "GITLAB_URL": "https://gitlab.example.com",
    "GITLAB_PROJECT_PATH": "group/app",
    "SIGNATURE_ISSUER": "^https://gitlab\\.example\\.com$",
    "SIGNATURE_SUBJECT": "^https://gitlab\\.example\\.com/group/app//",
}
Manifest = dict[str, Any]


def build(folder: Path) -> str:
    """Return the output of kustomize for a folder."""
    require("kubectl")
    done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def substitute(text: str, settings: dict[str, str]) -> str:
    """Substitute `${NAME}`, and `${NAME:=default}` if NAME is unset or empty."""
    return re.sub(r"\$\{(\w+)(?::=([^}]*))?\}", lambda found: settings.get(found[1]) or found[2] or "", text)


def rendered(environment: str, folder: Path, components: tuple[str, ...] = (), **settings: str) -> dict[str, Manifest]:
    """Return an environment's objects by `Kind/name`, built in a folder that is empty."""
    copy = shutil.copytree(RELEASES, folder / "releases")
    if components:
        with (copy / environment / "kustomization.yaml").open("a") as file:
            file.write(yaml.safe_dump({"components": [f"../components/{name}" for name in components]}))
    text = "---\n".join(build(copy / environment / part) for part in (".", "secrets"))
    text = substitute(text, {"ENVIRONMENT": environment, **SETTINGS, **settings})
    return {
        f"{manifest['kind']}/{manifest['metadata']['name']}": manifest
        for manifest in yaml.load_all(text, yaml.CSafeLoader)
    }


def paths(value: object, path: str = "") -> dict[str, object]:
    """Return each value of a manifest by its path."""
    if isinstance(value, dict):
        return {key: found for name, each in value.items() for key, found in paths(each, f"{path}/{name}").items()}
    if isinstance(value, list):
        return {key: found for n, each in enumerate(value) for key, found in paths(each, f"{path}/{n}").items()}
    return {path: value}
