"""Programs that tests need: a missing one skips a test on a laptop, and fails it in CI."""

import os
import shutil
import socket

import pytest

from ci.mysql import is_docker_available, is_mysqld_available

VERSIONS = {"chromium": "any", "helm": "3.18", "kubeseal": "0.40", "terraform": "1.9"}  # the oldest that works


def require(*programs: str) -> None:
    """Skip the test, or fail it in CI, unless all these programs are installed; `docker` also needs an engine."""
    missing = [program for program in programs if not is_available(program)]
    if missing:
        needs = ", ".join(f"{name} {VERSIONS.get(name, '')}".strip() for name in missing)
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"not available: {needs}")


def require_ipv6() -> None:
    """Skip the test if this machine has no IPv6: in CI, too, because GitLab's containers have none."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError as error:
        pytest.skip(f"no IPv6: {error.strerror}")  # .ci/run has it, and runs the test


def is_available(program: str) -> bool:
    """Return whether a program can be used."""
    if program == "docker":
        return is_docker_available()
    if program == "mysqld":
        return is_mysqld_available()
    return bool(shutil.which(program))
