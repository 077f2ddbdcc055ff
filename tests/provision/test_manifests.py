"""The manifests that the jobs apply: a value with any characters stays that value."""

import base64
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.cluster import Namespace, run
from tests.processes import ROOT
from tests.provision.checkout import PROGRAMS
from tests.provision.test_settings import OUTPUTS
from tests.requirements import require

MANIFESTS = ROOT / "provision/manifests"
TEMPLATES = sorted(path.name for path in (MANIFESTS / "templates").iterdir())
NAMES = list(yaml.safe_load((MANIFESTS / "values.yaml").read_text())["env"])
HOSTILE = [
    "\"'",
    "a: b # c",
    "x\n---\nkind: Secret",
    "$(id) ${HOME} $HOME `id`",
    "{{ .Values }}",
    "%s\\n",
    "[x]",
    "é😀",
]
SETTINGS = {
    "COMPONENTS": "notify-gitlab notify-webhook  receiver-token verify", "DOMAIN": "app.example.com",
    "ENVIRONMENT": "dev", "NAMESPACE": "app-dev", "REGISTRY": "registry.example.com/group/app", "GIT_URL": "https://git.example.com/app.git",
    "GIT_BRANCH": "main", "MYSQL_IMAGE": "mysql:9.7",
}  # fmt: skip
Object = dict[str, Any]


def render(*templates: str, **settings: str) -> str:
    """Return these templates as the jobs render them, from these variables."""
    require(*PROGRAMS)
    namespace = settings.get("NAMESPACE", "app-dev")  # lib.sh sets that of ENVIRONMENT
    code = f". {ROOT}/provision/lib.sh; export NAMESPACE={namespace}; render {' '.join(templates)}"
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "ENVIRONMENT": "dev", **settings}
    result = subprocess.run(["bash", "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def objects(folder: Path, **settings: str) -> list[Object]:
    """Return all objects, with these settings among those that are needed."""
    file = folder / "outputs.json"
    file.write_text(json.dumps({name: {"value": value} for name, value in OUTPUTS.items()}))
    database = subprocess.check_output([ROOT / "provision/database_settings.py", file], text=True)
    text = render(*TEMPLATES, **{**SETTINGS, "DATABASE": database, **settings})
    return [each for each in yaml.safe_load_all(text) if each]


def texts(value: object) -> list[str]:
    """Return all texts in a value, those of Secrets decoded."""
    if isinstance(value, dict):
        if value.get("kind") == "Secret" and "data" in value:
            return [base64.b64decode(each).decode() for each in value["data"].values()]
        return [text for each in value.values() for text in texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in texts(each)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("hostile", HOSTILE)
def test_values_are_quoted(tmp_path: Path, hostile: str) -> None:
    """A value reaches its object as it is, and adds no other object."""
    free = set(NAMES) - {*SETTINGS, "DATABASE"}
    plain = objects(tmp_path, **dict.fromkeys(free, "plain"))
    odd = objects(tmp_path, **dict.fromkeys(free, hostile))

    assert [(each["kind"], each["metadata"]["name"]) for each in odd] == [
        (each["kind"], each["metadata"]["name"]) for each in plain
    ]
    assert texts(odd).count(hostile) == texts(plain).count("plain") > 15


def test_lint() -> None:
    """Helm finds no fault in the templates."""
    require("helm")
    command = ("helm", "lint", "--strict", "--values", "-", str(MANIFESTS))
    result = run(*command, text=json.dumps({"env": SETTINGS}))
    assert result.returncode == 0, result.stdout


def test_values_are_listed() -> None:
    """Every variable that a template uses is in values.yaml, and none besides."""
    text = "".join((MANIFESTS / "templates" / name).read_text() for name in TEMPLATES)
    actions = " ".join(re.findall(r"\{\{(.*?)\}\}", text, re.DOTALL))
    used = set(re.findall(r"\b[A-Z][A-Z_]{3,}\b", actions))
    assert sorted(NAMES) == NAMES
    assert set(NAMES) - used == set()
    assert used - set(NAMES) <= {"HOST", "PORT", "ADMIN_USER", "APP_USER", "MIGRATIONS_USER"}  # the Job's own


def test_other_variables_stay_out() -> None:
    """A variable that no template needs is not read: a commit message may have characters that YAML forbids."""
    render("cluster-issuers.yaml", CI_COMMIT_MESSAGE="\x85\x9f", **{"global": "x"})


def test_no_components() -> None:
    """Without optional parts there are none of their Secrets, and the list of components is empty."""
    text = render("flux-settings.yaml", "flux-sync.yaml", **{**SETTINGS, "COMPONENTS": ""})
    found = [each for each in yaml.safe_load_all(text) if each]
    assert [each["kind"] for each in found if each["kind"] == "Secret"] == []
    (app,) = [each for each in found if each["metadata"]["name"] == "app-dev" and each["kind"] == "Kustomization"]
    assert app["spec"]["components"] == []


def test_accepted(tmp_path: Path, namespace: Namespace) -> None:
    """The API server knows every field of every object."""
    namespace.create()
    operator = "fluxinstances" in run("kubectl", "get", "crd", "--output", "name").stdout
    free = {name for name in NAMES if name not in {*SETTINGS, "DATABASE"} and not name.startswith("ACME_")}
    settings = dict.fromkeys(free, "plain")
    for each in objects(tmp_path, **{**settings, "NAMESPACE": namespace.name}):
        if each["kind"] != "FluxInstance" or operator:
            command = ("kubectl", "apply", "--server-side", "--dry-run=server", "--validate=strict", "--filename", "-")
            result = run(*command, text=json.dumps(each))
            assert result.returncode == 0, f"{each['kind']}: {result.stderr}"
