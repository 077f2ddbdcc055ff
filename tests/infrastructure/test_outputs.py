"""Terraform's outputs, from each place of the state."""

import json
from base64 import b64encode
from pathlib import Path

import pytest

from tests.infrastructure.apis import Api
from tests.infrastructure.conftest import Script, refusal

OUTPUTS = {
    "kubeconfig": "apiVersion: v1\nkind: Config\n",
    "database_url": "mysql+pymysql://app:p%40ss@db.example.com:25060/app",
    "migrations_database_url": "mysql+pymysql://migrations:p%40ss@db.example.com:25060/app",
    "admin_database_url": "mysql+pymysql://admin:p%40ss@db.example.com:25060/app",
    "database_ca": "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n",
}
FORM = {name: {"value": value, "sensitive": True} for name, value in OUTPUTS.items()}


@pytest.fixture
def outputs_file(tmp_path: Path) -> Path:
    """Return a file as `terraform output -json` writes it."""
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps({name: output | {"type": "string"} for name, output in FORM.items()}))
    return file


def test_a_file_comes_before_everything(script: Script, hcp: Api, outputs_file: Path) -> None:
    """A file of outputs is used as it is, without a request."""
    done = script("terraform-outputs.sh", TERRAFORM_OUTPUTS=str(outputs_file))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json.loads(outputs_file.read_text())
    assert hcp.asked == []


def test_hcp_terraform_gives_each_value_by_itself(script: Script, hcp: Api) -> None:
    """HCP Terraform lists sensitive outputs without values, so each is asked for."""
    hcp.add_workspace("dev")
    hcp.add_outputs("dev", OUTPUTS)
    done = script("terraform-outputs.sh")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == FORM


def test_outputs_that_are_not_ready_are_waited_for(script: Script, hcp: Api) -> None:
    """Right after an apply HCP Terraform still reads the state, and says so with 503."""
    hcp.add_workspace("dev")
    hcp.add_outputs("dev", OUTPUTS)
    hcp.failing["/workspaces/ws-dev/current-state-version-outputs"] = 1
    assert json.loads(script("terraform-outputs.sh").stdout) == FORM


def test_gitlab_gives_the_state(script: Script, hcp: Api) -> None:
    """GitLab's state of the environment is read with the job's own token."""
    hcp.authorization = f"Basic {b64encode(b'gitlab-ci-token:job').decode()}"
    hcp.answers["/projects/7/terraform/state/app-dev"] = {"version": 4, "outputs": FORM, "resources": []}
    pipeline = {"CI_API_V4_URL": hcp.address, "CI_PROJECT_ID": "7", "CI_JOB_TOKEN": "job"}
    done = script("terraform-outputs.sh", TERRAFORM_BACKEND="gitlab", **pipeline)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == FORM


@pytest.mark.parametrize("name", OUTPUTS)
@pytest.mark.parametrize("value", [None, "", 5])
def test_an_output_that_is_missing_is_named(script: Script, tmp_path: Path, name: str, value: object) -> None:
    """An output that is not there, empty, or no text is named before any job needs it."""
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps({**FORM, name: {"value": value}}))
    line = f"{name}: missing in the outputs of dev; expected a text, which applying infrastructure/ writes"
    assert refusal(script("terraform-outputs.sh", TERRAFORM_OUTPUTS=str(file))) == line


def test_an_environment_that_was_never_applied_has_no_outputs(script: Script, hcp: Api) -> None:
    """A workspace without a state is reported with the next step."""
    hcp.add_workspace("dev")
    hcp.add_outputs("dev", {})
    line = "kubeconfig: missing in the outputs of dev; expected a text, which applying infrastructure/ writes"
    assert refusal(script("terraform-outputs.sh")) == line


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"ENVIRONMENT": ""}, 'ENVIRONMENT: ""; expected dev, staging or prod'),
        ({"TERRAFORM_BACKEND": "s3"}, 'TERRAFORM_BACKEND: "s3"; expected hcp, gitlab or local'),
        (
            {"TERRAFORM_BACKEND": "local"},
            "TERRAFORM_OUTPUTS: missing; expected a file of `infrastructure/terraform.sh dev output -json`",
        ),
        ({"TERRAFORM_BACKEND": "gitlab"}, "CI_API_V4_URL: missing; expected what GitLab sets in a pipeline"),
        (
            {"TERRAFORM_BACKEND": "gitlab", "CI_API_V4_URL": "https://gitlab.example.com/api/v4", "CI_PROJECT_ID": "7"},
            "CI_JOB_TOKEN: missing; expected what GitLab sets in a pipeline, or TF_HTTP_USERNAME and TF_HTTP_PASSWORD",
        ),
        (
            {"TF_CLOUD_ORGANIZATION": ""},
            "TF_CLOUD_ORGANIZATION: missing; expected the organisation's name in HCP Terraform",
        ),
        (
            {"TERRAFORM_OUTPUTS": "none.json"},
            'TERRAFORM_OUTPUTS: "none.json" cannot be read; expected a file of `terraform output -json`',
        ),
        (
            {"TERRAFORM_OUTPUTS": "/dev/null"},
            'TERRAFORM_OUTPUTS: "/dev/null" is no JSON object; expected a file of `terraform output -json`',
        ),
    ],
)
def test_a_missing_setting_is_named(script: Script, settings: dict[str, str], line: str) -> None:
    """Each missing or wrong setting is named, with the expected value."""
    assert refusal(script("terraform-outputs.sh", **settings)) == line


def test_a_workspace_that_cannot_be_seen_is_told(script: Script, hcp: Api) -> None:
    """Nothing is printed for a workspace that is not there, and one line says which address was asked."""
    done = script("terraform-outputs.sh")
    address = f"{hcp.address}/organizations/acme/workspaces/app-dev"
    line = f"terraform-outputs: {address}: not found (HTTP 404), or hidden from this token\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", line)
