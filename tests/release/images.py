"""The images that the pipeline's jobs run in, where public registries cannot be reached: stand-ins of their names.

They hold the same programs, built from the Go module proxy or from Debian's packages. Where an image is there, or
can be pulled, nothing is made.
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.ci.runner import run
from tests.ci.test_file import images

# The image's name, and the package that its program is built from
BUILT = {
    "anchore/syft": "github.com/anchore/syft/cmd/syft",
    "anchore/grype": "github.com/anchore/grype/cmd/grype",
    "ghcr.io/gitleaks/gitleaks": "github.com/zricethezav/gitleaks/v8",
}
FROM_DEBIAN = {"ghcr.io/sigstore/cosign/cosign": "cosign"}
PROGRAMS = ("helm", "kubectl", "kubeseal")  # as ci/install-k8s-tools.sh takes them out of an image
LATEST = {"registry.gitlab.com/gitlab-org/cli"}  # not run: it is GitLab's runner that calls it


def provide() -> None:
    """Make what is missing."""
    for image in images():
        name, _, tag = image.rpartition(":")
        if name not in {*BUILT, *FROM_DEBIAN, *LATEST} or _there(image):
            continue
        print(f"{image} cannot be had here: making a stand-in …")  # noqa: T201  it takes minutes
        if name in LATEST:
            run("docker", "tag", f"{name}:latest", image)
        elif name in BUILT:
            _build(image, BUILT[name], re.sub(r"-[a-z]+$", "", tag))
        else:
            _docker_build(image, f"FROM docker:28-cli\nRUN apt-get update && apt-get install -y {FROM_DEBIAN[name]}\n")


def provide_programs(registry: str) -> None:
    """Put an image with this machine's helm, kubectl and kubeseal where the engine beside a job looks first."""
    (image,) = (image for image in images() if image.startswith("alpine/k8s:"))
    name = f"{registry}/{image}"
    with tempfile.TemporaryDirectory() as folder:
        for program in PROGRAMS:
            shutil.copy(str(shutil.which(program)), folder)
        _docker_build(name, 'FROM scratch\nCOPY . /usr/bin/\nENTRYPOINT ["helm"]\n', Path(folder))
    run("docker", "push", "--quiet", name)


def _there(image: str) -> bool:
    commands = (["docker", "image", "inspect", image], ["docker", "pull", "--quiet", image])
    return any(subprocess.run(command, capture_output=True, check=False).returncode == 0 for command in commands)


def _build(image: str, package: str, version: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "GOBIN": folder, "CGO_ENABLED": "0"}
        subprocess.run(["go", "install", f"{package}@{version}"], env=environment, check=True, capture_output=True)
        _docker_build(image, "FROM python:3.13\nCOPY . /usr/local/bin/\n", Path(folder))


def _docker_build(image: str, dockerfile: str, folder: Path | None = None) -> None:
    with tempfile.TemporaryDirectory() as empty:
        file = Path(empty) / "Dockerfile"
        file.write_text(dockerfile)
        run("docker", "build", "--quiet", "--tag", image, "--file", str(file), str(folder or empty))
