"""Terraform on the project's root, with a cloud that is only on paper: it needs no provider, no account, no network."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.processes import ROOT, Result, environment
from tests.requirements import require

INFRASTRUCTURE = ROOT / "infrastructure"
LEFT_OUT = (".terraform*", "terraform.tfstate*", "digitalocean", "hcp", "tests")
# A module with the inputs and outputs of any cloud: another folder beside modules/digitalocean.
CLOUD = """
variable "name" { type = string }
variable "region" { type = string }
variable "cluster" { type = any }
variable "database" { type = any }
variable "maintenance" { type = any }

resource "terraform_data" "cluster" {
  triggers_replace = [var.region]
  input            = var.cluster
}

resource "terraform_data" "database" {
  triggers_replace = [var.region]
  input            = var.database
}

output "kubeconfig" { value = "kubeconfig of ${var.name}" }

output "database" {
  value = {
    host  = "${var.name}.example.com"
    port  = 3306
    name  = "app"
    ca    = "-----BEGIN CERTIFICATE-----"
    users = { for user in ["admin", "app", "migrations"] : user => { name = user, password = "its password" } }
  }
}

output "protected" { value = [terraform_data.cluster.id, terraform_data.database.id] }
"""


class Terraform:
    """`infrastructure/terraform.sh` in a copy of the folder that uses this cloud."""

    def __init__(self, folder: Path) -> None:
        require("terraform")
        shutil.copytree(INFRASTRUCTURE, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
        (folder / "modules" / "paper").mkdir()
        (folder / "modules" / "paper" / "main.tf").write_text(CLOUD)
        (folder / "main_override.tf").write_text('module "cloud" { source = "./modules/paper" }\n')
        (folder / "versions.tf").write_text("")  # no provider
        self.folder = folder

    def run(self, *arguments: str, **settings: str) -> Result:
        """Run it to its end, with the state in files."""
        return self._run([self.folder / "terraform.sh", *arguments], {"TERRAFORM_BACKEND": "local"} | settings)

    def plan_in(self, workspace: str) -> Result:
        """Plan in a workspace without the script, once it was run."""
        return self._run(["terraform", "plan"], {"TF_DATA_DIR": ".terraform/local", "TF_WORKSPACE": workspace})

    def _run(self, command: list[str | Path], settings: dict[str, str]) -> Result:
        quiet = {"TF_CLI_ARGS": "-no-color", "TF_CLI_CONFIG_FILE": os.devnull}
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment(None, **(quiet | settings)),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
