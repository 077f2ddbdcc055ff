"""The end-to-end test without a named cluster: created objects, messages, and reuse of all of it."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ci.test_file import script_of
from tests.kind.programs import Laptop
from tests.processes import ROOT, environment

LAPTOP = ROOT / "hack/kind"
# Steps of the pipeline's release that a laptop skips: installing packages, and signing.
LEFT_OUT = {"ci/install-packages.sh", "ci/install-uv.sh", "ci/install-k8s-tools.sh", "ci/sign.sh"}


@pytest.fixture
def laptop(tmp_path: Path) -> Laptop:
    """Return a laptop on which nothing was created yet."""
    return Laptop(tmp_path)


def test_missing_programs(laptop: Laptop, tmp_path: Path) -> None:
    """Each missing program is reported in a line, before anything is created."""
    folder = tmp_path / "few"
    folder.mkdir()
    for name in ("bash", "dirname", "git"):
        (folder / name).symlink_to(str(shutil.which(name)))

    result = laptop.run("run", "true", path=str(folder))

    assert result.returncode == 2
    assert result.stderr.splitlines() == [
        *(f"missing: the program {name}" for name in ("docker", "kind", "kubectl", "helm", "kubeseal", "jq")),
        "missing: the program curl",
        "missing: the program openssl",
        "missing: the program skopeo",
        "missing: the program vegeta, or go to build it",
        "missing: the program chromium, or google-chrome",
    ]
    assert result.stdout == ""


def test_made_once(laptop: Laptop) -> None:
    """A second run uses the cluster, the registry and the Git server of the first."""
    for _ in range(2):
        result = laptop.run("run", "true")
        assert result.returncode == 0, result.stderr

    assert "make kind-down" in result.stdout
    assert laptop.calls("kind create cluster") == 1
    assert laptop.calls("docker run") == 2
    assert laptop.calls("kubectl --namespace pebble create secret") == 1


def test_names(laptop: Laptop) -> None:
    """The domain's names lead pods to the ingress controller, and the registry's two names lead nodes to it."""
    laptop.run("run", "true")
    laptop.run("run", "true")

    corefile = json.loads((laptop.made / "corefile").read_text())["data"]["Corefile"]
    first, rule, *_ = corefile.splitlines()
    assert first == ".:53 {"
    (pattern,) = re.findall(
        r"rewrite stop name regex (\S+) nginx-ingress-controller\.nginx-ingress\.svc\S+ answer", rule
    )
    assert re.match(pattern, "dev.app-loop.localhost.")
    assert not re.match(pattern, "dev.app-loop.localhost.app-dev.svc.cluster.local.")
    assert corefile.count("rewrite") == 1
    assert laptop.calls("docker exec --interactive app-loop-control-plane cp /dev/stdin /etc/containerd/certs.d/") == 4
    assert set((laptop.made / "exec").read_text().splitlines()) == {'[host."http://app-loop-registry:5000"]'}


def test_settings(laptop: Laptop) -> None:
    """The end-to-end test lacks no setting: all of its variables are set."""
    asked = "from tests.e2e.__main__ import missing; print(missing())"
    result = laptop.run("run", sys.executable, "-c", asked)
    assert "\n[]\n" in result.stdout, result.stdout + result.stderr


def test_status(laptop: Laptop) -> None:
    """The exit status is that of the command."""
    assert laptop.run("run", "sh", "-c", "exit 3").returncode == 3


def test_down(laptop: Laptop) -> None:
    """The created objects are removed."""
    laptop.run("run", "true")
    assert laptop.run("down").returncode == 0
    assert laptop.calls("kind delete cluster --name app-loop") == 1
    for container in ("app-loop-registry", "app-loop-git"):
        assert laptop.calls(f"docker rm --force --volumes {container}") == 1


def test_down_again(laptop: Laptop) -> None:
    """If nothing was created, nothing has to be removed."""
    assert laptop.run("down").returncode == 0
    assert laptop.calls("docker rm") == 0


@pytest.mark.parametrize(("settings", "makes"), [({}, True), ({"KUBECONFIG": "/some/file"}, False)])
def test_only_where_no_cluster_is_named(settings: dict[str, str], makes: bool) -> None:  # noqa: FBT001  a case's
    """`make test-e2e` creates a cluster only if none is named."""
    shell = {**environment(), **settings}
    command = ["make", "--dry-run", "test-e2e"]
    result = subprocess.run(command, cwd=ROOT, env=shell, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1].startswith("hack/kind/laptop.sh run ") == makes


def test_release_does_what_the_pipeline_does() -> None:
    """A release without a runner runs the scripts of the jobs that release, in their order."""
    script = re.compile(r"^(?:\w+=\S+ )?(make \w+|ci/\S+\.sh)", re.MULTILINE)
    steps = script.findall((ROOT / "ci/release.sh").read_text())
    build, release, notify = (
        script.findall("\n".join(script_of(name))) for name in ("build", "release", "notify-flux")
    )
    assert release[-1] == "make release"
    ran = script.findall((LAPTOP / "release.sh").read_text().replace("--no-print-directory ", ""))
    assert [step for step in [*build, *release[:-1], *steps, *notify] if step not in LEFT_OUT] == ran


@pytest.mark.parametrize("arguments", [(), ("merge-request", "."), ("main",)])
def test_other_events(arguments: tuple[str, ...]) -> None:
    """Other events are rejected, as they need a runner."""
    result = subprocess.run([LAPTOP / "release.sh", *arguments], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stderr == "usage: release.sh main DIR; all other events need a runner\n"
