"""`make seal`: what it writes only the cluster can read, and nobody else sees the value."""

import os
import pty
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.provision.checkout import Checkout
from tests.requirements import require

VALUE = 'the % "very" \\ secret'


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the public certificate and the private key of a cluster that there is not."""
    require("kubeseal")
    folder = tmp_path_factory.mktemp("keys")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test",
         "-keyout", "tls.key", "-out", "tls.crt"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder / "tls.crt", folder / "tls.key"


def unsealed(checkout: Checkout, key: Path) -> dict[str, str]:
    """Return what the cluster would read."""
    sealed = checkout.folder / "releases" / checkout.environment / "secrets/app-secret.yml"
    done = subprocess.run(
        ["kubeseal", "--recovery-unseal", "--recovery-private-key", key, "--format", "yaml"],
        input=sealed.read_text(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    secret = yaml.safe_load(done.stdout)
    assert secret["metadata"]["namespace"] == checkout.namespace
    data: dict[str, str] = secret["data"]
    return data


def test_seal(checkout: Checkout, keys: tuple[Path, Path]) -> None:
    """The value should be sealed for this environment's Secret only, and be listed for Flux, once."""
    certificate, key = keys
    first = checkout.run("seal", "APP_SECRET", text=f"{VALUE}\n", SEALED_SECRETS_CERT=str(certificate))
    second = checkout.run("seal", "OTHER", text="another", SEALED_SECRETS_CERT=str(certificate))

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert set(unsealed(checkout, key)) == {"APP_SECRET", "OTHER"}
    folder = checkout.folder / "releases" / checkout.environment / "secrets"
    assert yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"] == [
        "../../base/secrets", "app-secret.yml"
    ]  # fmt: skip
    assert "scope" not in (folder / "app-secret.yml").read_text()  # strict has no annotation
    assert VALUE not in checkout.arguments() + first.stdout + first.stderr
    for path in checkout.folder.rglob("*"):
        assert not path.is_file() or VALUE not in path.read_text(errors="ignore"), path


def test_strict(checkout: Checkout, keys: tuple[Path, Path]) -> None:
    """What was sealed for one environment should be of no use in another."""
    certificate, key = keys
    checkout.run("seal", "APP_SECRET", text=VALUE, SEALED_SECRETS_CERT=str(certificate))
    sealed = checkout.folder / "releases" / checkout.environment / "secrets/app-secret.yml"
    sealed.write_text(sealed.read_text().replace(checkout.namespace, "app-prod"))

    with pytest.raises(AssertionError, match="decrypt"):
        unsealed(checkout, key)


def test_terminal(checkout: Checkout, keys: tuple[Path, Path]) -> None:
    """At a terminal the value should be asked for, and not be shown while it is typed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [checkout.folder / "provision/seal.sh", "APP_SECRET"],
        env={**os.environ, "ENVIRONMENT": checkout.environment, "SEALED_SECRETS_CERT": str(keys[0])},
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    shown = b""
    while b"is not shown): " not in shown:
        shown += os.read(ours, 1000)
    os.write(ours, f"{VALUE}\n".encode())
    while b"sealed APP_SECRET" not in shown:
        shown += os.read(ours, 1000)

    assert process.wait(10) == 0
    assert VALUE.encode() not in shown
    for end in (ours, theirs):
        os.close(end)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("", "x", "NAME: missing; expected the key of the Secret, such as APP_SECRET"),
        ("app secret", "x", "NAME: app secret; expected the key of the Secret, such as APP_SECRET"),
        ("APP_SECRET", "", "APP_SECRET: no value; expected it on standard input"),
        ("APP_SECRET", "\n", "APP_SECRET: empty; expected a value"),
    ],
)
def test_value(checkout: Checkout, keys: tuple[Path, Path], name: str, text: str, said: str) -> None:
    """No name or no value should be refused with one line, and leave no file behind."""
    result = checkout.run("seal", name, text=text, SEALED_SECRETS_CERT=str(keys[0]))

    assert result.returncode == 2
    assert result.stderr == f"seal: {said}\n"
    assert not list((checkout.folder / "releases").rglob("app-secret.yml"))


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("ENVIRONMENT", "nowhere", "ENV: nowhere; expected dev, staging or prod"),
        ("SEALED_SECRETS_CERT", "/none", "no public key: expected Sealed Secrets in the cluster of KUBECONFIG, or its"),
    ],
)
def test_place(checkout: Checkout, keys: tuple[Path, Path], setting: str, value: str, said: str) -> None:
    """No environment or no public key should be refused with one line."""
    result = checkout.run("seal", "APP_SECRET", **{"SEALED_SECRETS_CERT": str(keys[0]), setting: value})

    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"seal: {said}")
