"""`make dev` and `docker compose watch`."""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
import yaml

from tests.processes import ROOT, environment
from tests.server import free_port


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of what the service is made of."""
    for name in ("app", "migrations", "hack"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("gunicorn.conf.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.fixture
def page(copy: Path) -> Iterator[Callable[[str], None]]:
    """Serve the copy, and return a function that waits for a text on the page."""
    port = free_port()
    env = environment(
        DATABASE_URL=f"sqlite:///{copy}/x.db", PORT=str(port), METRICS_PORT=str(free_port()), WEB_CONCURRENCY="1",
        BIND_ADDRESS="127.0.0.1", PYTHONPATH=str(copy),
    )  # fmt: skip
    dev = subprocess.Popen([sys.executable, copy / "hack/dev.py"], cwd=copy, env=env, stdout=subprocess.DEVNULL)

    def expect(text: str, path: str = "/") -> None:
        deadline, found = time.monotonic() + 30, ""
        while text not in found:
            assert time.monotonic() < deadline, found
            time.sleep(0.1)
            try:
                found = requests.get(f"http://127.0.0.1:{port}{path}", timeout=5).text
            except requests.ConnectionError as error:
                found = str(error)

    yield expect
    dev.terminate()
    assert dev.wait(15) == 0


def test_change(copy: Path, page: Callable[[str], None]) -> None:
    """A changed template and changed code are on the page, after a mistake in between as well."""
    page("3</span> records")

    template = copy / "app/templates/page.html"
    template.write_text(template.read_text().replace("<h1>", "<h1>hello "))
    page("<h1>hello ")

    code = copy / "app/page.py"
    text = code.read_text()
    code.write_text("this is no Python")
    page("Connection")  # refused
    code.write_text(text.replace("VERSION,", '"changed by hand",', 1))
    page("changed by hand")


def test_compose_watches_all_that_the_image_is_made_of() -> None:
    """`docker compose watch` rebuilds for each file that the Dockerfile copies."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    copied = re.findall(r"^COPY (?!--)(.*) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    files = {name for line in copied for name in line.split()} | {"Dockerfile"}

    for name in ("app", "migrate"):
        watched = services[name]["develop"]["watch"]
        assert {entry["path"] for entry in watched} == files
        assert {entry["action"] for entry in watched} == {"rebuild"}
