"""Serve the page with gunicorn, and start it again after each change of a file: `make dev`.

A start migrates the database first, as a release does. The settings are the service's own.
"""

import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
WATCHED = ("app", "migrations", "gunicorn.conf.py")
SUFFIXES = {".py", ".html", ".css"}
INTERVAL = 0.3  # seconds between two looks at the files
GRACE_PERIOD = 5  # seconds for gunicorn to end


def main() -> None:
    """Run until SIGINT (Ctrl-C) or SIGTERM."""
    server = None
    for number in (signal.SIGINT, signal.SIGTERM):  # also if the parent ignores them, as a shell's `&` does
        signal.signal(number, signal.default_int_handler)
    try:
        while True:
            before, server = files(), start()
            while files() == before:
                time.sleep(INTERVAL)
            changed = {path for path, _ in before ^ files()}
            print(f"changed: {', '.join(sorted(changed))}; starting again …", flush=True)
            stop(server)
    except KeyboardInterrupt:  # gunicorn has received it, too
        stop(server)


def start() -> subprocess.Popen[bytes] | None:
    """Migrate, then serve. After a failure, which is printed, wait for the next change."""
    if subprocess.run([BIN / "alembic", "upgrade", "head"], cwd=ROOT, check=False).returncode:  # noqa: S603  the project's own
        return None
    return subprocess.Popen([BIN / "gunicorn"], cwd=ROOT)  # noqa: S603  the project's own


def stop(server: subprocess.Popen[bytes] | None) -> None:
    """End gunicorn quickly: SIGTERM would wait for a browser's idle connection."""
    if server and server.poll() is None:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(GRACE_PERIOD)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def files() -> set[tuple[str, int]]:
    """Return the watched files, each with the time of its last change."""
    found = set()
    for name in WATCHED:
        path = ROOT / name
        for file in path.rglob("*") if path.is_dir() else [path]:
            try:
                if file.suffix in SUFFIXES:
                    found.add((str(file.relative_to(ROOT)), file.stat().st_mtime_ns))
            except FileNotFoundError:  # an editor replaces a file
                continue
    return found


if __name__ == "__main__":
    main()
