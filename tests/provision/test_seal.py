"""`make seal`: only the cluster can read its output, and no other user sees the value."""

import base64
import os
import pty
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.provision.checkout import Checkout
from tests.requirements import require

VALUE = 'the % "very" \\ secret'


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the public certificate and the private key of a cluster that does not exist."""
    require("kubeseal")
    folder = tmp_path_factory.mktemp("keys")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test",
         "-keyout", "tls.key", "-out", "tls.crt"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder / "tls.crt", folder / "tls.key"


def unsealed(checkout: Checkout, key: Path) -> dict[str, str]:
    """Return the values that the cluster would read."""
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
    """The value is sealed for this environment's Secret only, and is listed for Flux, once."""
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


PEM = "-----BEGIN PRIVATE KEY-----\r\nMIIB\\nAQ==\n\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    "value", [PEM, "caf\u00e9 \U0001f511", "replaced \ufffd", "-n", "--", "%s\\n", "two\nlines", "inner  blanks"]
)
def test_whole_value(checkout: Checkout, keys: tuple[Path, Path], value: str) -> None:
    """The whole of standard input is sealed, such as a PEM file, but for the newline at its end."""
    result = checkout.run("seal", "APP_SECRET", text=value, SEALED_SECRETS_CERT=str(keys[0]))

    assert result.returncode == 0, result.stderr
    assert base64.b64decode(unsealed(checkout, keys[1])["APP_SECRET"]).decode() == value.rstrip("\r\n")


@pytest.mark.parametrize(
    "text",
    [
        "resources:\n- ../../base/secrets\n",
        "resources:\n  - ../../base/secrets # the namespace\nnamespace: {namespace}\n",
        "resources:\n    - '../../base/secrets'\nlabels: []",
        "resources:\n- ../../base/secrets\n- 'app-secret.yml'\n",
    ],
)
def test_edited_kustomization(checkout: Checkout, keys: tuple[Path, Path], text: str) -> None:
    """A kustomization.yaml that was edited by hand lists the SealedSecret once, with any indentation."""
    file = checkout.folder / "releases" / checkout.environment / "secrets/kustomization.yaml"
    file.write_text(text.replace("{namespace}", checkout.namespace))
    for _ in range(2):
        result = checkout.run("seal", "APP_SECRET", text="value", SEALED_SECRETS_CERT=str(keys[0]))
        assert result.returncode == 0, result.stderr

    assert yaml.safe_load(file.read_text())["resources"] == ["../../base/secrets", "app-secret.yml"]


@pytest.mark.parametrize("text", ["resources: [../../base/secrets]\n", "resources:\n  - elsewhere\n", "not: [YAML\n"])
def test_other_kustomization(checkout: Checkout, keys: tuple[Path, Path], text: str) -> None:
    """A kustomization.yaml of another form is rejected with one line, and nothing is changed."""
    folder = checkout.folder / "releases" / checkout.environment / "secrets"
    (folder / "kustomization.yaml").write_text(text)
    result = checkout.run("seal", "APP_SECRET", text="value", SEALED_SECRETS_CERT=str(keys[0]))

    assert result.returncode == 2
    path = f"releases/{checkout.environment}/secrets/kustomization.yaml"
    assert result.stderr == f"seal: {path}: does not have app-secret.yml; expected it among its resources\n"
    assert [file.name for file in folder.iterdir()] == ["kustomization.yaml"]
    assert (folder / "kustomization.yaml").read_text() == text


def test_broken_file(checkout: Checkout, keys: tuple[Path, Path]) -> None:
    """A file that is no SealedSecret is rejected with one line, and stays as it is."""
    file = checkout.folder / "releases" / checkout.environment / "secrets/app-secret.yml"
    file.write_text("not: [YAML\n")
    result = checkout.run("seal", "APP_SECRET", text="value", SEALED_SECRETS_CERT=str(keys[0]))

    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"seal: releases/{checkout.environment}/secrets/app-secret.yml: ")
    assert file.read_text() == "not: [YAML\n"


CLUSTERS = """
case "$*" in
*get-contexts*) printf '%s\\n' {contexts} ;;
*current-context*) echo current ;;
*"namespace app-"*"--context {own}"*) echo namespace/found ;;
*"namespace app-"*) ;;
*) exec {real} "$@" ;;
esac
"""


@pytest.mark.parametrize(
    ("contexts", "own", "said"),
    [
        ("other app-ENV", "app-ENV", ""),
        ("other do-fra1-app-ENV", "do-fra1-app-ENV", ""),
        ("other", "current", ""),
        ("other", "none", "the cluster of context current has no namespace app-ENV; expected that of ENV"),
        ("do-fra1-app-ENV do-nyc3-app-ENV", "current", "no context for ENV, or several; expected one, named app-ENV"),
        ("do-fra1-app-ENV2 app-ENV-old", "none", "the cluster of context current has no namespace app-ENV"),
    ],
)
def test_cluster(checkout: Checkout, keys: tuple[Path, Path], contexts: str, own: str, said: str) -> None:
    """The value is sealed for the environment's own cluster, with any current context, or not at all."""
    certificate, _ = keys
    kubeseal, kubectl = shutil.which("kubeseal"), shutil.which("kubectl")
    names = {"contexts": contexts, "own": own, "real": kubectl}
    checkout.replace("kubectl", CLUSTERS.format(**names).replace("ENV", checkout.environment))
    fetch = f"*--fetch-cert*) echo $* >>{checkout.folder}/fetched; exec cat {certificate} ;;"
    checkout.replace("kubeseal", f'case "$*" in {fetch} *) exec {kubeseal} "$@" ;; esac')
    result = checkout.run("seal", "APP_SECRET", text="value")

    own, said = (text.replace("ENV", checkout.environment) for text in (own, said))
    if said:
        assert result.returncode == 2
        (line,) = result.stderr.splitlines()
        assert line.startswith(f"seal: KUBECONFIG: {said}")
    else:
        assert result.returncode == 0, result.stderr
        assert (checkout.folder / "fetched").read_text() == f"--fetch-cert --context {own}\n"


def test_strict(checkout: Checkout, keys: tuple[Path, Path]) -> None:
    """A value that was sealed for one environment is of no use in another."""
    certificate, key = keys
    checkout.run("seal", "APP_SECRET", text=VALUE, SEALED_SECRETS_CERT=str(certificate))
    sealed = checkout.folder / "releases" / checkout.environment / "secrets/app-secret.yml"
    sealed.write_text(sealed.read_text().replace(checkout.namespace, "app-prod"))

    with pytest.raises(AssertionError, match="decrypt"):
        unsealed(checkout, key)


def test_terminal(checkout: Checkout, keys: tuple[Path, Path]) -> None:
    """At a terminal the script prompts for the value, and does not show it while it is typed."""
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


def test_pasted_lines(checkout: Checkout, keys: tuple[Path, Path]) -> None:
    """Several lines at a terminal are rejected, and none is left for the shell to run."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [checkout.folder / "provision/seal.sh", "APP_SECRET"],
        env={**os.environ, "ENVIRONMENT": checkout.environment, "SEALED_SECRETS_CERT": str(keys[0])},
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    shown = b""
    while b"is not shown): " not in shown:
        shown += os.read(ours, 1000)
    os.write(ours, b"first line\nsecond line\nthird line\n")
    while b"<FILE" not in shown:
        shown += os.read(ours, 1000)

    assert process.wait(10) == 2
    assert b"APP_SECRET: several lines; expected one, or a file" in shown
    assert b"second line" not in shown
    os.set_blocking(theirs, False)
    with pytest.raises(BlockingIOError):
        os.read(theirs, 1000)
    for end in (ours, theirs):
        os.close(end)
    assert not list((checkout.folder / "releases").rglob("app-secret.yml"))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("", "x", "NAME: missing; expected the key of the Secret, such as APP_SECRET"),
        ("app secret", "x", "NAME: app secret; expected the key of the Secret, such as APP_SECRET"),
        ("APP_SECRET", "", "APP_SECRET: empty; expected a value"),
        ("APP_SECRET", "\n", "APP_SECRET: empty; expected a value"),
        ("APP_SECRET", "a\0b", "APP_SECRET: has a NUL byte; expected text in UTF-8"),
        ("APP_SECRET", "s\0e\0c\0", "APP_SECRET: has a NUL byte; expected text in UTF-8"),
        *(
            ("APP_SECRET", text, "APP_SECRET: begins or ends with a blank; expected none, as the service removes them")
            for text in (" secret", "secret \n", "\tsecret", "\n\nsecret", "  ")
        ),
        *(
            ("APP_SECRET", text, "APP_SECRET: of another encoding; expected text in UTF-8, without a byte order mark")
            for text in ("caf\udce9", "\udcff\udcfe", "\ufeffsecret")
        ),
    ],
)
def test_value(checkout: Checkout, keys: tuple[Path, Path], name: str, text: str, said: str) -> None:
    """No name or no value is rejected with one line, and leaves no file behind."""
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
    """No environment or no public key is rejected with one line."""
    result = checkout.run("seal", "APP_SECRET", **{"SEALED_SECRETS_CERT": str(keys[0]), setting: value})

    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"seal: {said}")
