"""Containers that end with the block that started them."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.commands import FailedError, run

OURS = f"app-benchmarks-{os.getpid()}"  # the network, and how each container's name begins


@contextmanager
def network() -> Iterator[str]:
    """Make a network of its own for the containers."""
    try:
        run("docker", "network", "create", OURS)
        yield OURS
    finally:
        _remove("network", OURS)


@contextmanager
def container(name: str, *arguments: str) -> Iterator["Container"]:
    """Run a container; the arguments are those of `docker run`: options, image and command."""
    full_name = f"{OURS}-{name}"
    try:
        run("docker", "run", "--detach", "--network", OURS, "--name", full_name, *arguments)
        yield Container(full_name)
    finally:
        _remove("container", full_name)


class Container:
    """A container that runs."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.pid = int(self._inspect("{{.State.Pid}}"))
        if not Path(f"/proc/{self.pid}/stat").exists():
            raise FailedError(f"the container {name} has ended, or Docker runs on another machine")

    @property
    def address(self) -> str:
        """Its address on the network, which this machine reaches too."""
        return self._inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")

    def _inspect(self, template: str) -> str:
        return run("docker", "inspect", "--format", template, self.name)


def _remove(kind: str, name: str) -> None:
    """Remove what this run made, which may be gone already; its anonymous volumes go with a container."""
    force = {"container": ["--force", "--volumes"], "network": []}[kind]
    subprocess.run(["docker", kind, "rm", *force, name], capture_output=True, check=False)
