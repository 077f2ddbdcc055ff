"""Bad input: one line that names the problem and the expected value, and status 2, before anything is changed."""

import json
from pathlib import Path

import pytest

from tests.provision.checkout import Checkout

JOBS = (
    "add_docker_registry_secret", "add_mysql_secret", "install_cert_manager", "install_gitops",
    "install_nginx_ingress", "install_sealed_secrets",
)  # fmt: skip
URL = "mysql+pymysql://{}:very-secret@db.example.com:25060/app"
OUTPUTS = {
    "database_url": URL.format("app"),
    "migrations_database_url": URL.format("migrations"),
    "admin_database_url": URL.format("admin"),
    "database_ca": "-----BEGIN CERTIFICATE-----\n",
}
GITOPS = {
    "REGISTRY": "registry.example.com/group/app",
    "DOMAIN": "app.example.com",
    "GIT_URL": "https://git.example.com/group/app.git",
}


def outputs(folder: Path, **changed: str) -> str:
    """Return a file with the output of `terraform output -json`."""
    path = folder / "outputs.json"
    path.write_text(json.dumps({name: {"value": value} for name, value in {**OUTPUTS, **changed}.items()}))
    return str(path)


def refusal(checkout: Checkout, job: str, **settings: str) -> str:
    """Return the single line that a job prints before it exits."""
    result = checkout.run(job, **settings)
    assert result.returncode == 2, result.stderr
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"{job}: ")
    assert "very-secret" not in line + checkout.arguments()
    return line.removeprefix(f"{job}: ")


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize(("environment", "said"), [("", "missing"), ("production", "production"), ("base", "base")])
def test_environment(checkout: Checkout, job: str, environment: str, said: str) -> None:
    """A job names the existing environments."""
    expected = f"ENVIRONMENT: {said}; expected dev, staging or prod"
    assert expected == refusal(checkout, job, ENVIRONMENT=environment)


@pytest.mark.parametrize("job", JOBS)
def test_no_cluster(checkout: Checkout, job: str, tmp_path: Path) -> None:
    """A job with correct settings reports that no cluster is named, or that it does not answer."""
    given = {
        **GITOPS, "REGISTRY_USER": "reader", "REGISTRY_PASSWORD": "very-secret", "TERRAFORM_OUTPUTS": outputs(tmp_path)
    }  # fmt: skip
    without = {name: value for name, value in given.items() if name != "TERRAFORM_OUTPUTS" or "mysql" in job}
    silent = tmp_path / "kubeconfig"
    silent.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "silent",
        "contexts": [{"name": "silent", "context": {"cluster": "silent", "user": ""}}],
        "clusters": [{"name": "silent", "cluster": {"server": "http://127.0.0.1:1"}}],
    }))  # fmt: skip

    if "mysql" in job:
        expected = "TERRAFORM_OUTPUTS: no output kubeconfig; expected the kubeconfig of the cluster"
    else:
        expected = "KUBECONFIG: missing; expected the kubeconfig of the cluster"
    assert expected == refusal(checkout, job, **without)
    assert refusal(checkout, job, **given, KUBECONFIG=str(tmp_path / "none")).startswith("KUBECONFIG: no such file: ")
    assert refusal(checkout, job, **given, KUBECONFIG=str(silent)) == (
        f"KUBECONFIG: no answer from the cluster of {silent} within 10 s; expected one that lets you in"
    )


@pytest.mark.parametrize("name", ["REGISTRY", "REGISTRY_USER", "REGISTRY_PASSWORD"])
def test_registry(checkout: Checkout, name: str) -> None:
    """The Secret of the registry is not written without an address, a user and a password."""
    given = {"REGISTRY": "registry.example.com/app", "REGISTRY_USER": "reader", "REGISTRY_PASSWORD": "very-secret"}
    del given[name]
    assert refusal(checkout, "add_docker_registry_secret", **given).startswith(f"{name}: missing; expected ")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"DOMAIN": ""}, "DOMAIN: missing; expected "),
        ({"DOMAIN": "https://app.example.com"}, "DOMAIN: https://app.example.com; expected a name "),
        ({"REGISTRY": "https://registry.example.com/app"}, "REGISTRY: https://registry.example.com/app; expected "),
        ({"GIT_USER": "reader"}, "GIT_PASSWORD: missing; expected the token of GIT_USER"),
        ({"COMPONENTS": "verify"}, "COSIGN_PUBLIC_KEY: missing; expected the file cosign.pub"),
        ({"COMPONENTS": "notify-gitlab", "GITLAB_TOKEN": "very-secret"}, "GITLAB_URL: missing; expected GitLab's "),
        ({"REGISTRY_INSECURE": "yes"}, "REGISTRY_INSECURE: yes; expected true or false"),
        ({"GIT_URL": "https://me:very-secret@git.example.com/app.git"}, "GIT_URL: of another form; expected https://"),
        (
            {"COMPONENTS": "receiver-token nonsense", "RECEIVER_TOKEN": "very-secret"},
            "COMPONENTS: nonsense; expected some of: ",
        ),
    ],
)
def test_gitops(checkout: Checkout, changed: dict[str, str], said: str) -> None:
    """Flux gets no address that it could not use."""
    assert refusal(checkout, "install_gitops", **{**GITOPS, **changed}).startswith(said)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"database_url": "mysql://app:very-secret@db/app"},
            "database_url is of another form; expected mysql+pymysql:",
        ),
        *(
            (
                {"database_url": URL.format("app").replace("db.example.com:25060", place)},
                "database_url is of another form;",
            )
            for place in ("db:0", "db:65536", "db:025060", "db", "fd00::1:25060", "[db]:25060", "[fd00::1:25060")
        ),
        (
            {"migrations_database_url": URL.format("migrations").replace("25060", "3306")},
            "migrations_database_url has another port; expected that of database_url, 25060",
        ),
        ({"database_url": URL.format("app") + "?ssl_ca=x"}, "database_url is of another form; expected mysql+pymysql:"),
        ({"migrations_database_url": ""}, "no output migrations_database_url; expected mysql+pymysql://"),
        ({"admin_database_url": "very-secret"}, "admin_database_url is of another form; expected mysql+pymysql://"),
        ({"database_ca": "very-secret"}, "database_ca is no PEM certificate; expected -----BEGIN CERTIFICATE-----"),
        ({"database_url": URL.format("o%27app")}, "the user's name has other characters; expected A-Z a-z 0-9 _ . -"),
    ],
)
def test_mysql(checkout: Checkout, tmp_path: Path, changed: dict[str, str], said: str) -> None:
    """An output of Terraform that is missing, or has another form, is named without its value."""
    line = refusal(checkout, "add_mysql_secret", TERRAFORM_OUTPUTS=outputs(tmp_path, **changed))
    assert line.startswith(f"TERRAFORM_OUTPUTS: {said}")


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "no such file: "), ("not JSON", "not JSON; expected what `terraform output -json` prints")],
)
def test_outputs(checkout: Checkout, tmp_path: Path, text: str | None, said: str) -> None:
    """A file of outputs that is missing or invalid is named."""
    path = tmp_path / "outputs.json"
    if text is not None:
        path.write_text(text)
    line = refusal(checkout, "add_mysql_secret", TERRAFORM_OUTPUTS=str(path))
    assert line.startswith(f"TERRAFORM_OUTPUTS: {said}")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ACME_SERVER", "acme.example.com", "ACME_SERVER: acme.example.com; expected https://HOST/PATH"),
        ("ACME_CA_BUNDLE", "/none", "ACME_CA_BUNDLE: no such file: /none; expected a PEM file "),
    ],
)
def test_acme(checkout: Checkout, name: str, value: str, said: str) -> None:
    """The ACME server is an address, and its CA a file."""
    assert refusal(checkout, "install_cert_manager", **{name: value}).startswith(said)
