"""The root module in Terraform itself: its environment, its locks, and the outputs that others read."""

import json
import os
import re
from base64 import b64encode
from pathlib import Path

import pytest

from tests.infrastructure.apis import Api
from tests.infrastructure.conftest import Script, refusal
from tests.infrastructure.terraform import INFRASTRUCTURE, Terraform
from tests.requirements import is_available


@pytest.fixture
def terraform(tmp_path: Path) -> Terraform:
    """Return Terraform with nothing applied."""
    if os.environ.get("GITLAB_CI") == "true" and not is_available("terraform"):
        pytest.skip("the job `test` has no Terraform")  # the job `terraform` checks the directory
    return Terraform(tmp_path / "infrastructure")


def test_applied_outputs_are_what_provisioning_reads(terraform: Terraform, script: Script, tmp_path: Path) -> None:
    """Every output that the provisioning jobs read is there after an apply, in the form that they read."""
    done = terraform.run("staging", "apply", "-auto-approve")
    assert done.returncode == 0, done.stderr
    file = tmp_path / "outputs.json"
    file.write_text(terraform.run("staging", "output", "-json").stdout)
    outputs = json.loads(script("terraform-outputs.sh", ENVIRONMENT="staging", TERRAFORM_OUTPUTS=str(file)).stdout)
    assert outputs["kubeconfig"]["value"] == "kubeconfig of app-staging"
    assert outputs["database_url"]["value"] == "mysql+pymysql://app:its%20password@app-staging.example.com:3306/app"
    assert all(output["sensitive"] for output in outputs.values())


def test_each_environment_has_a_state_of_its_own(terraform: Terraform) -> None:
    """Resources applied in one environment are not in another, even if the shell has selected its workspace."""
    assert terraform.run("dev", "apply", "-auto-approve").returncode == 0
    assert json.loads(terraform.run("staging", "output", "-json", TF_WORKSPACE="app-dev").stdout) == {}


def test_dev_can_be_removed(terraform: Terraform) -> None:
    """An environment without a lock goes as it came."""
    assert terraform.run("dev", "apply", "-auto-approve").returncode == 0
    assert terraform.run("dev", "destroy", "-auto-approve").returncode == 0


def test_prod_cannot_be_lost_by_any_plan(terraform: Terraform) -> None:
    """In prod each way to lose the database is refused, until the lock is taken out of the state by its name."""
    assert terraform.run("prod", "apply", "-auto-approve").returncode == 0
    unlocked = terraform.folder / "modules" / "environment" / "environments.tf"
    ways = {
        "removing everything": ("destroy", "-auto-approve"),
        "removing the database": ("destroy", "-auto-approve", "-target=module.cloud.terraform_data.database"),
        "replacing the database": ("apply", "-auto-approve", "-replace=module.cloud.terraform_data.database"),
        "moving to another region": ("apply", "-auto-approve", "-var=region=elsewhere"),
    }
    for way, command in ways.items():
        assert "prevent_destroy" in terraform.run("prod", *command).stderr, way
    locked = unlocked.read_text()
    unlocked.write_text(locked.replace("deletion_protection = true", "deletion_protection = false"))
    assert "prevent_destroy" in terraform.run("prod", "apply", "-auto-approve").stderr, "unlocking in the table"
    unlocked.write_text(locked)
    assert terraform.run("prod", "state", "rm", "terraform_data.deletion_protection[0]").returncode == 0
    assert terraform.run("prod", "destroy", "-auto-approve").returncode == 0


def test_prod_can_be_changed(terraform: Terraform) -> None:
    """The lock hinders nothing that loses nothing."""
    assert terraform.run("prod", "apply", "-auto-approve").returncode == 0
    table = terraform.folder / "modules" / "environment" / "environments.tf"
    table.write_text(table.read_text().replace("max = 6", "max = 9"))
    done = terraform.run("prod", "apply", "-auto-approve")
    assert done.returncode == 0, done.stderr
    assert "0 added, 1 changed, 0 destroyed" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "settings", "line"),
    [
        (("test", "plan"), {}, 'environment: "test"; expected dev, staging or prod'),
        (("dev",), {}, "usage: infrastructure/terraform.sh dev|staging|prod COMMAND…"),
        (("dev", "plan"), {"TERRAFORM_BACKEND": "s3"}, 'TERRAFORM_BACKEND: "s3"; expected hcp, gitlab or local'),
        (
            ("dev", "plan"),
            {"TERRAFORM_BACKEND": "hcp"},
            "TF_CLOUD_ORGANIZATION: missing; expected the organisation's name in HCP Terraform",
        ),
        (
            ("dev", "plan"),
            {"TERRAFORM_BACKEND": "gitlab"},
            "CI_API_V4_URL: missing; expected what GitLab sets in a pipeline",
        ),
        (
            ("dev", "plan"),
            {"TERRAFORM_BACKEND": "gitlab", "CI_API_V4_URL": "https://gitlab.example.com/api/v4", "CI_PROJECT_ID": "7"},
            "TF_HTTP_PASSWORD: missing; expected an access token of GitLab, with the scope api",
        ),
        (
            ("dev", "plan"),
            {"TERRAFORM": "no-terraform"},
            "no-terraform: not installed; expected Terraform or OpenTofu 1.9 or newer",
        ),
    ],
)
def test_a_wrong_setting_is_named(
    terraform: Terraform, arguments: tuple[str, ...], settings: dict[str, str], line: str
) -> None:
    """A missing or wrong setting is reported in one line, before Terraform starts."""
    assert refusal(terraform.run(*arguments, **settings)) == line


def test_another_workspace_is_refused(terraform: Terraform) -> None:
    """A workspace of another name is refused, and the valid ones are listed."""
    assert terraform.run("dev", "workspace", "new", "production").returncode == 0
    done = terraform.plan_in("production")
    assert 'workspace: "production"; expected app-ENVIRONMENT, which is one of dev, prod, staging' in " ".join(
        done.stderr.split()
    )


def test_gitlab_keeps_a_state_for_each_environment(terraform: Terraform, script: Script, hcp: Api) -> None:
    """A state applied with GitLab's backend is stored there, under a lock, and provisioning reads it there."""
    hcp.authorization = f"Basic {b64encode(b'gitlab-ci-token:job-token').decode()}"
    pipeline = {"CI_API_V4_URL": hcp.address, "CI_PROJECT_ID": "7", "CI_JOB_TOKEN": "job-token"}
    for environment in ("dev", "prod"):
        plan = terraform.run(environment, "plan", "-out=plan.tfplan", TERRAFORM_BACKEND="gitlab", **pipeline)
        assert plan.returncode == 0, plan.stderr
        locks = [asked for asked in hcp.asked if asked.startswith("POST") and f"app-{environment}/lock" in asked]
        assert locks == [], "a plan of a Developer, without the right to lock"
        done = terraform.run(environment, "apply", "plan.tfplan", TERRAFORM_BACKEND="gitlab", **pipeline)
        assert done.returncode == 0, done.stderr
        outputs = script("terraform-outputs.sh", ENVIRONMENT=environment, TERRAFORM_BACKEND="gitlab", **pipeline)
        assert json.loads(outputs.stdout)["kubeconfig"]["value"] == f"kubeconfig of app-{environment}"
    address = "/projects/7/terraform/state/app-prod"
    changes = [asked for asked in hcp.asked if address in asked and not asked.startswith("/")]
    assert changes[-3:] == [f"POST {address}/lock", f"POST {address}", f"DELETE {address}/lock"]


def test_write_only_values_have_a_version() -> None:
    """Each write-only value has a version, without which the provider refuses it at the first apply only."""
    text = (INFRASTRUCTURE / "hcp" / "main.tf").read_text()
    assert len(re.findall(r"\bvalue_wo +=", text)) == len(re.findall(r"\bvalue_wo_version +=", text)) == 1


def test_only_code_is_uploaded() -> None:
    """A run from a shell uploads nothing but infrastructure/, and none of its states, plans and values."""
    lines = (INFRASTRUCTURE.parent / ".terraformignore").read_text().splitlines()
    first, second, *denied = [line for line in lines if not line.startswith("#")]
    assert (first, second) == ("*", "!/infrastructure/")
    assert not [line for line in denied if line.startswith("!")]
    ignored = (INFRASTRUCTURE / ".gitignore").read_text().split()
    assert [name for name in ignored if not any(name.strip("/") in line for line in denied)] == []


def test_a_cloud_has_what_the_root_asks_for() -> None:
    """DigitalOcean's module has the inputs and outputs of the cloud on paper, as any other must."""
    module = INFRASTRUCTURE / "modules" / "digitalocean"
    names = {
        kind: set(re.findall(rf'^{kind} "(\w+)"', (module / f"{kind}s.tf").read_text(), re.MULTILINE))
        for kind in ("variable", "output")
    }
    assert names["variable"] == {"name", "region", "cluster", "database", "maintenance"}
    assert names["output"] == {"kubeconfig", "database", "protected"}


def test_nothing_outside_names_a_cloud() -> None:
    """Only the module of the cloud, and the line that chooses it, know which one it is."""
    files = [*INFRASTRUCTURE.glob("*.tf"), *(INFRASTRUCTURE / "modules" / "environment").glob("*.tf")]
    naming = {file.name for file in files if re.search(r"(?<!modules/)digitalocean", file.read_text())}
    assert naming == {"versions.tf"}


def test_every_output_that_provisioning_reads_exists() -> None:
    """No script needs an output that Terraform does not give, and terraform-outputs.sh checks each that it gives."""
    outputs = set(re.findall(r'^output "(\w+)"', (INFRASTRUCTURE / "outputs.tf").read_text(), re.MULTILINE))
    provision = INFRASTRUCTURE.parent / "provision"
    checked = re.search(r"^for name in (.*); do$", (provision / "terraform-outputs.sh").read_text(), re.MULTILINE)
    assert checked is not None
    assert set(checked[1].split()) == outputs
    settings = (provision / "database_settings.py").read_text()
    assert set(re.findall(r'output\(outputs, "(\w+)"', settings)) == {"database_ca"}
    assert 'for name in ("", "migrations_", "admin_")' in settings
    assert ".kubeconfig.value" in (provision / "lib.sh").read_text()


def test_all_outputs_are_sensitive() -> None:
    """No output is shown in a log of Terraform."""
    outputs = re.split(r"^output ", (INFRASTRUCTURE / "outputs.tf").read_text(), flags=re.MULTILINE)[1:]
    assert len(outputs) == 5
    assert all("sensitive   = true" in output for output in outputs)
