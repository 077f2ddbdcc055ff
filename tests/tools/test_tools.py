"""`make tools` and the versions in mise.toml."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.processes import ROOT, Result
from tests.requirements import VERSIONS

PINNED: dict[str, str] = tomllib.loads((ROOT / "mise.toml").read_text())["tools"]


def number(version: str, parts: int = 3) -> tuple[int, ...]:
    """Return the numbers of a version."""
    return tuple(int(part) for part in version.removeprefix("v").split("."))[:parts]


def image_tags(name: str) -> set[str]:
    """Return the tags of an image in .gitlab-ci.yml."""
    return set(re.findall(rf"\b{name}:([^@\s]+)", (ROOT / ".gitlab-ci.yml").read_text()))


def tools(folder: Path, **programs: str) -> Result:
    """Run `hack/tools.sh` with these programs beside those of /bin, as on a machine that has only them."""
    for name, script in {"uname": "echo Linux", **programs}.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    for name in ("sh", "sed", "dirname"):
        (folder / name).symlink_to(f"/bin/{name}" if Path(f"/bin/{name}").exists() else f"/usr/bin/{name}")
    return subprocess.run(
        [ROOT / "hack/tools.sh"], env={"PATH": str(folder)}, capture_output=True, text=True, check=False
    )


def test_terraform_is_the_pipelines() -> None:
    """Terraform has the version of the pipeline's image, as both read one state."""
    assert image_tags("hashicorp/terraform") == {PINNED["terraform"]}


def test_kubectl_is_the_pipelines() -> None:
    """The client has the pipeline's minor version. Patch releases of the image appear later."""
    assert {number(tag, 2) for tag in image_tags("alpine/k8s")} == {number(PINNED["kubectl"], 2)}


def test_kind_has_the_same_kubernetes() -> None:
    """The node of kind has the minor version of the client."""
    (file,) = (path for path in ROOT.rglob("kind.yaml") if ".venv" not in path.parts)
    image = yaml.safe_load(file.read_text())["nodes"][0]["image"]

    assert number(image.partition(":")[2].partition("@")[0], 2) == number(PINNED["kubectl"], 2)


@pytest.mark.parametrize("program", sorted(VERSIONS.keys() & PINNED.keys()))
def test_not_older_than_the_tests_need(program: str) -> None:
    """A pinned program is not older than the oldest one that the tests are known to work with."""
    assert number(PINNED[program], 2) >= number(VERSIONS[program], 2)


def test_with_mise(tmp_path: Path) -> None:
    """With mise, it installs."""
    done = tools(tmp_path, mise=f'echo "$*" >>{tmp_path}/calls')

    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "calls").read_text().splitlines() == ["trust --quiet mise.toml", "install --yes"]


@pytest.mark.parametrize(("system", "way"), [("Linux", "https://helm.sh/"), ("Darwin", "brew install helm")])
def test_without_mise(tmp_path: Path, system: str, way: str) -> None:
    """Without mise, it names each missing program, its version and a way to get it."""
    done = tools(tmp_path, uname=f"echo {system}", kubectl="")

    assert done.returncode == 1
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert lines.keys() == PINNED.keys() | {"docker"}
    assert lines["kubectl"].startswith("kubectl    found, ")
    assert f"missing, version {PINNED['helm']}: {way}" in lines["helm"]
    assert done.stderr.startswith("tools: some are missing; expected all, or mise")


def test_nothing_is_missing(tmp_path: Path) -> None:
    """Without mise, but with all programs, it exits with status 0."""
    assert tools(tmp_path, **dict.fromkeys([*PINNED, "docker"], "")).returncode == 0


def test_devcontainer_has_this_python() -> None:
    """The devcontainer has the image's Python, and installs the tools."""
    text = (ROOT / ".devcontainer/devcontainer.json").read_text()
    container = json.loads(re.sub(r"^\s*//.*", "", text, flags=re.MULTILINE))
    python = re.findall(r"^FROM python:(\S+?)-slim", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert container["image"].rpartition(":")[2] in python
    assert container["postCreateCommand"].startswith("make tools")
