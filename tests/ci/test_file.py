"""The pipeline's file: what can be seen without running it."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.programs import ROOT, program

FILE = ROOT / ".gitlab-ci.yml"
KEYWORDS = {"stages", "workflow", "variables", "default", "include"}
FOLDERS = ("ci", "provision", "infrastructure")  # of scripts that jobs call
SCRIPTS = sorted(path for folder in (*FOLDERS, "tests") for path in (ROOT / folder).glob("**/*.sh"))


class Loader(yaml.SafeLoader):
    """YAML as GitLab writes it, with `!reference`."""


def _reference(loader: Loader, node: yaml.SequenceNode) -> list[str]:
    return loader.construct_sequence(node)


Loader.add_constructor("!reference", _reference)
PIPELINE: dict[str, Any] = yaml.load(FILE.read_text(), Loader)  # noqa: S506  a safe loader
JOBS = {name: job for name, job in PIPELINE.items() if name not in KEYWORDS and not name.startswith(".")}


def inherited(job: dict[str, Any], key: str) -> Any:  # noqa: ANN401  whatever the file has
    """Return a key of a job, or of what it extends; the last one counts."""
    if key in job:
        return job[key]
    parents = job.get("extends", [])
    for parent in reversed([parents] if isinstance(parents, str) else parents):
        if (found := inherited(PIPELINE[parent], key)) is not None:
            return found
    return None


def images() -> list[str]:
    """Return every image that the file names."""
    found = [image for job in JOBS.values() for image in (inherited(job, "image"), *(inherited(job, "services") or []))]
    return sorted({image["name"] if isinstance(image, dict) else image for image in found})


def test_schema() -> None:
    """The file is what GitLab's own schema allows."""
    result = program("check-jsonschema", "--builtin-schema", "gitlab-ci", "--data-transform", "gitlab-ci", str(FILE))
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("image", images())
def test_images_are_pinned(image: str) -> None:
    """Every image has a version's number in its tag: none changes its meaning with the day."""
    assert re.search(r":v?\d+(\.\d+)*(-[a-z]+)?(@sha256:[0-9a-f]{64})?$", image)


@pytest.mark.parametrize("name", JOBS)
def test_jobs_are_short(name: str) -> None:
    """Every line of a job is a make target that is there, or a script of ours that can be run."""
    targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    lines = [*(inherited(JOBS[name], "before_script") or []), *inherited(JOBS[name], "script")]

    assert 1 <= len(lines) <= 5
    for command, *words in (line.split() for line in lines):
        if command == "make":
            assert {word for word in words if "=" not in word} <= set(targets)
        else:
            assert Path(command).parts[0] in FOLDERS
            assert os.access(ROOT / command, os.X_OK)


@pytest.mark.parametrize("name", JOBS)
def test_jobs_without_make(name: str) -> None:
    """Only jobs in an image that has Debian's packages call make."""
    calls_make = any(line.startswith("make ") for line in inherited(JOBS[name], "script"))
    assert not calls_make or inherited(JOBS[name], "image") == "python:3.13"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_shellcheck(script: Path) -> None:
    """ShellCheck has nothing to say about a script."""
    if not shutil.which("shellcheck"):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no shellcheck: install it")
    result = subprocess.run(
        ["shellcheck", "--external-sources", "--source-path=SCRIPTDIR", script],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout.decode()


def test_one_run_of_releases() -> None:
    """What releases does so one pipeline after the other, is not cut off, and runs on main only."""
    releasing = {name for name, job in JOBS.items() if inherited(job, "stage") in {"release", "publish"}}
    assert releasing == {name for name, job in JOBS.items() if inherited(job, "resource_group") == "release"}
    assert releasing >= {"tag", "publish-image", "publish-chart", "sign", "gitlab-release"}
    assert not any(inherited(JOBS[name], "interruptible") for name in releasing)


def test_renovate() -> None:
    """Renovate's settings are valid, and find the version of every chart that provisioning installs."""
    file = ROOT / "renovate.json"
    result = program("check-jsonschema", "--builtin-schema", "renovate", str(file))
    assert result.returncode == 0, result.stdout

    managers = json.loads(file.read_text())["customManagers"]
    patterns = [pattern.replace("(?<", "(?P<") for manager in managers for pattern in manager["matchStrings"]]
    versions = (ROOT / "provision/versions.sh").read_text()
    found = [match["currentValue"] for pattern in patterns for match in re.finditer(pattern, versions)]
    assert sorted(found) == sorted(re.findall(r"_CHART:=\S+\n: \S+_VERSION:=([^}]+)\}", versions))
    assert len(found) == 4
