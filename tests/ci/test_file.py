"""Static checks of the pipeline's files."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.processes import ROOT, program

FILE = ROOT / ".gitlab-ci.yml"
CHILD_FILE = ROOT / "provision/jobs.gitlab-ci.yml"
KEYWORDS = {"stages", "workflow", "variables", "default", "include"}
FOLDERS = ("ci", "provision", "infrastructure")  # of scripts that jobs call
SCRIPTS = sorted(path for folder in (*FOLDERS, "tests") for path in (ROOT / folder).glob("**/*.sh"))
DISTROLESS = ("anchore/", "ghcr.io/sigstore/")  # their shell is /busybox/sh, and no script starts by its first line


class Loader(yaml.SafeLoader):
    """YAML as GitLab writes it, with `!reference`."""


def _reference(loader: Loader, node: yaml.SequenceNode) -> list[str]:
    return loader.construct_sequence(node)


Loader.add_constructor("!reference", _reference)


def load(file: Path, environment: str = "dev") -> dict[str, Any]:
    """Return a pipeline's file as GitLab reads it for an environment, without its header."""
    text = file.read_text().replace("$[[ inputs.environment ]]", environment)
    pipeline: dict[str, Any] = list(yaml.load_all(text, Loader))[-1]
    return pipeline


def jobs_of(pipeline: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the jobs of a file, bridges among them."""
    return {name: job for name, job in pipeline.items() if name not in KEYWORDS and not name.startswith(".")}


PIPELINE, CHILD = load(FILE), load(CHILD_FILE)
TEMPLATES = {name: job for file in (PIPELINE, CHILD) for name, job in file.items() if name.startswith(".")}
BRIDGES = {name: job for name, job in jobs_of(PIPELINE).items() if "trigger" in job}  # they start a child pipeline
# Those that run on a runner
JOBS = {name: job for name, job in (jobs_of(PIPELINE) | jobs_of(CHILD)).items() if name not in BRIDGES}


def inherited(job: dict[str, Any], key: str) -> Any:  # noqa: ANN401  any YAML value
    """Return a key of a job, or of a job that it extends; the last one counts."""
    if key in job:
        return job[key]
    parents = job.get("extends", [])
    for parent in reversed([parents] if isinstance(parents, str) else parents):
        if (found := inherited(TEMPLATES[parent], key)) is not None:
            return found
    return None


def image_of(name: str) -> str:
    """Return the image of a job."""
    image = inherited(JOBS[name], "image")
    return str(image["name"] if isinstance(image, dict) else image)


def script_of(name: str) -> list[str]:
    """Return all lines that a job runs."""
    return [*(inherited(JOBS[name], "before_script") or []), *inherited(JOBS[name], "script")]


def images() -> list[str]:
    """Return every image that the file names."""
    services = [service for job in JOBS.values() for service in inherited(job, "services") or []]
    return sorted({*map(image_of, JOBS), *services})


def sequence(name: str) -> list[str]:
    """Return the longest chain of jobs from the first `needs` to this job, which a job without `needs` begins."""
    needs = JOBS[name].get("needs")
    stages = PIPELINE["stages"]
    if needs is None:  # all jobs of the stages before
        stage = stages.index(inherited(JOBS[name], "stage"))
        needs = [other for other in MERGE if stages.index(inherited(JOBS[other], "stage")) < stage]
    chains = [sequence(need["job"] if isinstance(need, dict) else need) for need in needs]
    return [*max(chains, key=len, default=[]), name]


def _of_merge(name: str) -> bool:
    rules = inherited(JOBS[name], "rules") or []
    text = json.dumps([TEMPLATES[rule[0]]["rules"] if isinstance(rule, list) else rule for rule in rules])
    return bool(re.search(r"\bpush\b", text))


# The jobs of a merge into main that changes infrastructure/, too
MERGE = [name for name in JOBS if _of_merge(name)]


@pytest.mark.parametrize("file", [FILE, CHILD_FILE], ids=lambda file: file.name)
def test_schema(file: Path, tmp_path: Path) -> None:
    """The file is valid against GitLab's own schema."""
    for number, text in enumerate(file.read_text().split("\n---\n")):  # the checker reads one document at a time
        document = tmp_path / f"{number}.yml"
        document.write_text(text)
        options = ("--builtin-schema", "gitlab-ci", "--data-transform", "gitlab-ci")
        result = program("check-jsonschema", *options, str(document))
        assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("image", images())
def test_images_are_pinned(image: str) -> None:
    """Every image has a version's number in its tag, or a digest."""
    assert re.search(r":v?\d+(\.\d+)*(-[a-z]+)?(@sha256:[0-9a-f]{64})?$", image)


@pytest.mark.parametrize("name", JOBS)
def test_jobs_are_short(name: str) -> None:
    """Every line of a job is an existing make target, or an executable script."""
    targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    lines = script_of(name)

    assert 1 <= len(lines) <= 6
    for command, *words in (line.split() for line in lines):
        if command == "make":
            assert {word for word in words if "=" not in word} <= set(targets)
        else:
            script = words[0] if command == "sh" else command
            assert Path(script).parts[0] in FOLDERS
            assert os.access(ROOT / script, os.X_OK)
            assert (command == "sh") == image_of(name).startswith(DISTROLESS)


def test_merge_is_short() -> None:
    """A merge has at most ten jobs; three in sequence publish a version, and a fourth notifies Flux."""
    assert len(MERGE) <= 10
    assert sequence("release") == ["build", "sbom", "release"]
    assert len(sequence("notify-flux")) == 4
    assert max(len(sequence(name)) for name in MERGE) == 4


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_shellcheck(script: Path) -> None:
    """ShellCheck finds nothing in a script."""
    if not shutil.which("shellcheck"):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no shellcheck: install it")
    result = subprocess.run(
        ["shellcheck", "--external-sources", "--source-path=SCRIPTDIR", script],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout.decode()


def test_one_release_at_a_time() -> None:
    """Releases run one after the other, are not cancelled, and run on main only."""
    releasing = {name for name, job in JOBS.items() if inherited(job, "stage") in {"release", "publish"}}
    assert releasing == {"release", "gitlab-release", "notify-flux"}
    assert inherited(JOBS["release"], "resource_group") == "release"
    assert not any(inherited(JOBS[name], "interruptible") for name in releasing)


def test_no_token() -> None:
    """No script reads GITLAB_TOKEN, as glab would prefer it to the job token."""
    for file in (FILE, CHILD_FILE, *(ROOT / "ci").glob("*")):
        assert file.is_dir() or "GITLAB_TOKEN" not in file.read_text(), file


def test_renovate() -> None:
    """Renovate's settings are valid, and find the version of every chart that provisioning installs."""
    file = ROOT / "renovate.json"
    result = program("check-jsonschema", "--builtin-schema", "renovate", str(file))
    assert result.returncode == 0, result.stdout

    managers = json.loads(file.read_text())["customManagers"]
    versions = (ROOT / "provision/versions.sh").read_text()
    patterns = [
        pattern.replace("(?<", "(?P<")
        for manager in managers
        if manager["managerFilePatterns"] == ["/^provision/versions\\.sh$/"]
        for pattern in manager["matchStrings"]
    ]
    found = [match["currentValue"] for pattern in patterns for match in re.finditer(pattern, versions)]
    assert sorted(found) == sorted(re.findall(r"_CHART:=\S+\n: \S+_VERSION:=([^}]+)\}", versions))
    assert len(found) == 4
