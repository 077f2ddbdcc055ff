"""The project's own commands, run as people run them, but quickly.

Most of a short program's time goes to loading libraries. So each one is forked from a process that has them loaded;
the project's own code is loaded anew.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
import warnings
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import URL

ROOT = Path(__file__).parent.parent
Result = subprocess.CompletedProcess[str]

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.programs", "tests.libraries"])


def environment(url: URL | None = None, **settings: str) -> dict[str, str]:
    """Return an environment with these settings, and no others of the service."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    if url is not None:
        kept["DATABASE_URL"] = url.render_as_string(hide_password=False)
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", **settings}


def _run(
    command: list[str], files: tuple[Path, Path], cwd: Path, env: dict[str, str], first: Callable[[], None] | None
) -> None:
    os.setsid()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    warnings.simplefilter("error")
    for number, path in enumerate(files, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    if first:
        first()
    sys.argv = command
    runpy.run_path(command[0], run_name="__main__")


def start(
    name: str,
    *arguments: str,
    files: tuple[Path, Path],
    cwd: Path = ROOT,
    env: dict[str, str] | None = None,
    first: Callable[[], None] | None = None,
) -> BaseProcess:
    """Start a program of the environment, in a session of its own, with files for its output and errors to be added to.

    `first` is called in its process before it. Not to be used by several threads at once.
    """
    command = [str(Path(sys.executable).with_name(name)), *arguments]
    process = _forks.Process(target=_run, args=(command, files, cwd, env or environment(), first), daemon=True)
    process.start()
    return process


def program(name: str, *arguments: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> Result:
    """Run a program of the environment to its end, at most for a minute."""
    with TemporaryDirectory() as folder:
        output, errors = Path(folder, "output"), Path(folder, "errors")
        process = start(name, *arguments, files=(output, errors), cwd=cwd, env=env)
        process.join(60)
        assert process.exitcode is not None, f"{name} has run for a minute"
        return Result([name, *arguments], process.exitcode, output.read_text(), errors.read_text())


def migrate(url: URL, revision: str = "head", cwd: Path = ROOT) -> None:
    """Bring a database to a revision."""
    result = program("alembic", "upgrade", revision, cwd=cwd, env=environment(url))
    assert result.returncode == 0, result.stderr
