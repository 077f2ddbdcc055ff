"""Backup of the sealing keys: it can decrypt every SealedSecret, and a cluster can restore it."""

import base64
import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.cluster.cluster import Namespace, eventually, run
from tests.provision.checkout import Checkout

CONTROLLER = "kube-system/sealed-secrets-controller"


def test_drill(checkout: Checkout, cluster: dict[str, str], namespace: Namespace, tmp_path: Path) -> None:
    """The backup alone decrypts a secret that was sealed for a cluster; so does a cluster after a restore."""
    backup = tmp_path / "keys.json"
    sealed = checkout.folder / "releases" / checkout.environment / "secrets/app-secret.yml"
    namespace.create()
    result = checkout.run("seal", "APP_SECRET", text="the value", **cluster)
    assert result.returncode == 0, result.stderr

    saved = checkout.run("sealed_secrets_keys", "backup", str(backup), **cluster)
    assert saved.returncode == 0, saved.stderr
    assert backup.stat().st_mode & 0o077 == 0
    keys = json.loads(backup.read_text())["items"]
    assert keys[0]["data"]["tls.key"] not in checkout.arguments() + saved.stdout
    read = subprocess.run(
        ["kubeseal", "--recovery-unseal", "--recovery-private-key", backup, "--format", "yaml"],
        input=sealed.read_text(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert base64.b64decode(yaml.safe_load(read.stdout)["data"]["APP_SECRET"]) == b"the value"

    restored = checkout.run("sealed_secrets_keys", "restore", str(backup), **cluster)
    assert restored.returncode == 0, restored.stderr
    namespace.kubectl("apply", "--filename", str(sealed))
    get = ("kubectl", "--namespace", namespace.name, "get", "secret", "app-secret")
    eventually(lambda: run(*get).returncode == 0, 60, "the SealedSecret is read")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("steal", "x"), "usage: provision/sealed_secrets_keys.sh backup|restore FILE"),
        (("backup",), "sealed-secrets-backup: FILE: missing; expected the file of the keys"),
        (
            ("backup", "x"),
            f"sealed-secrets-backup: KUBECONFIG: no Sealed Secrets there; expected {CONTROLLER}",
        ),
    ],
)
def test_refused(checkout: Checkout, arguments: tuple[str, ...], said: str) -> None:
    """Bad input is rejected with one line."""
    result = checkout.run("sealed_secrets_keys", *arguments, KUBECONFIG="/none")

    assert result.returncode == 2
    assert result.stderr == f"{said}\n"


def test_no_keys(checkout: Checkout, tmp_path: Path) -> None:
    """A backup without a key is rejected and leaves no file, which looks like a backup."""
    checkout.replace("kubectl", """case "$*" in *" secrets "*) echo '{"items": []}' ;; esac""")
    result = checkout.run("sealed_secrets_keys", "backup", str(tmp_path / "keys.json"))

    assert result.returncode == 2
    assert result.stderr == (
        "sealed-secrets-backup: KUBECONFIG: no keys in kube-system; "
        "expected one, which the controller makes when it starts\n"
    )
    assert not (tmp_path / "keys.json").exists()


def test_files(checkout: Checkout, cluster: dict[str, str], tmp_path: Path) -> None:
    """A backup neither overwrites another nor lies in a repository; a restore needs one."""
    subprocess.run(["git", "init", "--quiet"], cwd=checkout.folder, check=True)
    (tmp_path / "there").write_text("{}")
    for action, file, said in (
        ("backup", tmp_path / "there", "exists; expected a new file"),
        ("backup", checkout.folder / "keys.json", "could be committed; expected a file outside of repositories"),
        ("restore", tmp_path / "none", "no such file"),
        ("restore", tmp_path / "there", "has no keys"),
    ):
        result = checkout.run("sealed_secrets_keys", action, str(file), **cluster)
        assert result.returncode == 2
        (line,) = result.stderr.splitlines()
        assert said in line
