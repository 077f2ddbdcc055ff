"""The shell that the scripts need, and the output of a trace of them."""

from pathlib import Path

import pytest

from tests.processes import ROOT
from tests.provision.checkout import Checkout

SOURCED = {"bash", "contexts", "hcp-api", "lib", "versions"}
SCRIPTS = sorted({path.stem for path in (ROOT / "provision").glob("*.sh")} - SOURCED)


@pytest.mark.parametrize("version", ["3.2.57(1)-release", "4.3.48(1)-release"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_old_bash(checkout: Checkout, tmp_path: Path, script: str, version: str) -> None:
    """Every script names in one line the bash that it needs, as that of macOS is from 2007."""
    startup = tmp_path / "startup"
    startup.write_text(f"BASH_VERSION='{version}'\n")
    result = checkout.run(script, "APP_SECRET", BASH_ENV=str(startup))

    assert result.returncode == 2
    assert result.stderr == (f"bash: {version}; expected 4.4 or newer, first on the PATH (macOS: brew install bash)\n")


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_trace(checkout: Checkout, script: str) -> None:
    """A trace that the caller has enabled ends before any secret is read."""
    result = checkout.run(script, SHELLOPTS="xtrace", REGISTRY_PASSWORD="very-secret", TF_HTTP_PASSWORD="very-secret")

    traced = [line for line in result.stderr.splitlines() if line.startswith("+")]
    assert all("bash.sh" in line or "lib.sh" in line or "dirname" in line or "set +x" in line for line in traced)
    assert "very-secret" not in result.stderr


def test_scripts_are_short() -> None:
    """No script has more than 100 lines, and all of them have at most 700."""
    lines = {path.name: len(path.read_text().splitlines()) for path in (ROOT / "provision").rglob("*.sh")}
    assert {name: count for name, count in lines.items() if count > 100} == {}
    assert sum(lines.values()) <= 700
