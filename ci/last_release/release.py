"""The last release, as it was published: its image, else its commit with its own locked packages."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sqlalchemy import URL

from ci import mysql

ROOT = Path(__file__).parent.parent.parent
TIMEOUT = 300  # seconds for a program that ends by itself


class Release:
    """A release with programs that can be run on a database."""

    def __init__(self, tag: str, folder: Path) -> None:
        self.version = tag.removeprefix("v")
        self._image = (
            os.environ.get("LAST_RELEASE_IMAGE")
            or subprocess.check_output([ROOT / "ci/last-image.sh", self.version], text=True).strip()
        )
        self._folder = folder
        self.host = mysql.docker_host() if self._image else "127.0.0.1"  # of its ports
        self.source = self._image or f"the commit of {tag}"
        if not self._image:
            self._install(tag)

    def _install(self, tag: str) -> None:
        files = subprocess.Popen(["git", "archive", tag], cwd=ROOT, stdout=subprocess.PIPE)
        subprocess.run(["tar", "--extract", "--directory", self._folder], stdin=files.stdout, check=True)
        if files.wait():
            raise RuntimeError(f"{tag}: git archive failed")
        (self._folder / "app/version.txt").write_text(f"{self.version}\n")
        uv = [Path(sys.executable).with_name("uv")]
        subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, ".venv"], cwd=self._folder, check=True)
        subprocess.run(
            [*uv, "pip", "install", "--quiet", "--python", ".venv", "--require-hashes", "-r", "requirements.lock"],
            cwd=self._folder, check=True,
        )  # fmt: skip

    def _command(self, url: URL, program: str, *arguments: str, **settings: str) -> tuple[list[str], dict[str, str]]:
        settings = {"APP_ENVIRONMENT": "local", "LOG_LEVEL": "WARNING", "TRUSTED_HOSTS": "*", **settings}
        if self._image:  # its network is that of the engine, on which MySQL's port is published
            url = url.set(host="127.0.0.1") if (mysql.source() or "").startswith("Docker") else url
            options = ["--rm", "--init", "--interactive", "--network", "host"]
            settings["DATABASE_URL"] = url.render_as_string(hide_password=False)
            options += [word for name in settings for word in ("--env", name)]
            return ["docker", "run", *options, self._image, program, *arguments], {**os.environ, **settings}
        settings["DATABASE_URL"] = url.render_as_string(hide_password=False)
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        return [f".venv/bin/{program}", *arguments], {**kept, **settings}

    def run(self, url: URL, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program to its end."""
        command, env = self._command(url, program, *arguments)
        return subprocess.run(
            command, cwd=self._folder, env=env, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )

    @contextmanager
    def serving(self, url: URL, **settings: str) -> Iterator[None]:
        """Serve the page until the end of the block; the log is a file, as a pipe that is not read would fill up."""
        with (self._folder / "log").open("w") as log, self.running(url, "gunicorn", stdout=log, **settings):
            yield

    @contextmanager
    def running(
        self, url: URL, program: str, *arguments: str, stdout: int | IO[str] = subprocess.PIPE, **settings: str
    ) -> Iterator[subprocess.Popen[str]]:
        """Run a program until the end of the block; its output can be read."""
        command, env = self._command(url, program, *arguments, **settings)
        with subprocess.Popen(
            command, cwd=self._folder, env=env, stdin=subprocess.DEVNULL, stdout=stdout,
            stderr=subprocess.STDOUT, text=True,
        ) as process:  # fmt: skip
            try:
                yield process
            finally:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
