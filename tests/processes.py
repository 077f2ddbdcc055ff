"""Processes of the project's own commands, run as users run them."""

import multiprocessing
import os
import runpy
import subprocess
import sys
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import URL

ROOT = Path(__file__).parent.parent
Result = subprocess.CompletedProcess[str]

# Half of a short program's time is the import of libraries. The fork server has imported them, not the project's code.
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["alembic.config", "flask.cli", "gunicorn.app.wsgiapp", "pydantic_settings", "pymysql"])


def environment(url: URL | None = None, **settings: str) -> dict[str, str]:
    """Return an environment with these settings, and no others of the service."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    if url is not None:
        kept["DATABASE_URL"] = url.render_as_string(hide_password=False)
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", **settings}


def command(name: str, *arguments: str) -> list[str]:
    """Return the command line of a program of the virtual environment."""
    return [str(Path(sys.executable).with_name(name)), *arguments]


def _run(argv: list[str], cwd: Path, env: dict[str, str], outputs: tuple[Path, Path]) -> None:
    """Become the program: in a session of its own, with files as standard output and standard error."""
    os.setsid()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    warnings.simplefilter("error")
    for descriptor, path in enumerate(outputs, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), descriptor)
    sys.argv = argv
    runpy.run_path(argv[0], run_name="__main__")


class Program:
    """A running program of the virtual environment. Start and wait in one thread: `multiprocessing` requires it."""

    def __init__(self, name: str, *arguments: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
        self._argv = command(name, *arguments)
        self._directory = TemporaryDirectory()
        self._outputs = Path(self._directory.name, "stdout"), Path(self._directory.name, "stderr")
        settings = environment() if env is None else env
        self._process = _forks.Process(target=_run, args=(self._argv, cwd, settings, self._outputs), daemon=True)
        self._process.start()

    def is_running(self) -> bool:
        """Return whether it has not ended."""
        return self._process.is_alive()

    def wait(self) -> Result:
        """Wait for its end, at most for 90 seconds."""
        with self._directory:
            self._process.join(90)
            if self._process.exitcode is None:
                self._process.kill()
                raise subprocess.TimeoutExpired(self._argv, 90)
            return Result(self._argv, self._process.exitcode, *(path.read_text() for path in self._outputs))


def program(name: str, *arguments: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> Result:
    """Run a program of the virtual environment to its end."""
    return Program(name, *arguments, cwd=cwd, env=env).wait()


def migrate(url: URL, revision: str = "head", cwd: Path = ROOT) -> None:
    """Migrate a database to a revision."""
    result = program("alembic", "upgrade", revision, cwd=cwd, env=environment(url))
    assert result.returncode == 0, result.stderr
