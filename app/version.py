"""The version of this build."""

from pathlib import Path


def _read() -> str:
    """Return the version that the build took from the git tag, or a placeholder if there was no build."""
    try:
        return Path(__file__).with_name("version.txt").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return "0.0.0+unknown"


VERSION = _read()
