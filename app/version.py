"""The version that was built."""

from pathlib import Path


def _read() -> str:
    """Return what the build wrote beside this file (from the git tag), or that nobody has built this."""
    try:
        return Path(__file__).with_name("version.txt").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return "0.0.0+unknown"


VERSION = _read()
