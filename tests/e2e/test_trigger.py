"""From Terraform's notification to a provisioned cluster, by the real pipeline and its child pipeline."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import report
from tests.ci import runner
from tests.ci.test_rules import CHILD, PROVISIONING
from tests.cluster.cluster import must
from tests.e2e.conftest import Loop
from tests.infrastructure.apis import ORGANIZATION, TOKEN, Api, api

# On a laptop's own cluster releases are made by the jobs' scripts, and a trigger has none.
pytestmark = pytest.mark.skipif(not runner.whole(), reason="a trigger needs a runner of .gitlab-ci.yml: set PIPELINE")
SETTINGS = (
    "DOMAIN", "ACME_SERVER", "CHARTS_PLAIN_HTTP", "CERT_MANAGER_CHART", "CERT_MANAGER_VALUES", "SEALED_SECRETS_CHART",
    "SEALED_SECRETS_VALUES", "MYSQL_IMAGE", "INGRESS_NAMESPACE",
)  # fmt: skip
FILES = ("ACME_CA_BUNDLE", "CERT_MANAGER_VALUES", "SEALED_SECRETS_VALUES")
# A trigger's body; the pipeline reads none of them.
PAYLOADS = {
    "notification": {"run_id": "run-2", "workspace_name": "app-dev", "notifications": [{"run_status": "applied"}]},
    "no notification": {"hello": "world"},
    "hostile": {"run_id": "$(id)", "inputs": {"environment": "qa"}},
}


@pytest.fixture(scope="module")
def hcp(loop: Loop) -> Iterator[Api]:
    """Serve HCP Terraform's API to the pipeline's jobs, which know dev's outputs by it alone."""
    with api(os.environ["CONTAINERS_REACH"]) as hcp:
        hcp.add_workspace("dev")
        outputs = json.loads((loop.folder / "outputs-dev.json").read_text())
        known = {name: output["value"] for name, output in outputs.items()}
        hcp.add_outputs("dev", known | {"kubeconfig": kubeconfig()})
        settings = {name: os.environ[name] for name in SETTINGS if os.environ.get(name)}
        loop.project.tell(
            **settings, TF_API=hcp.address, TF_CLOUD_ORGANIZATION=ORGANIZATION, TF_TOKEN_app_terraform_io=TOKEN,
            GIT_URL=loop.project.clone.origin, REGISTRY_USER="reads", REGISTRY_PASSWORD="x",
        )  # fmt: skip
        for name in FILES:
            if path := os.environ.get(name):
                loop.project.tell_file(name, Path(path).read_text())
        yield hcp


def kubeconfig() -> str:
    """Return the kubeconfig of the cluster, usable from containers too."""
    found = must("kubectl", "config", "view", "--raw", "--minify", "--flatten")
    return found.replace("127.0.0.1", os.environ["CONTAINERS_REACH"])


@pytest.mark.parametrize("name", PAYLOADS)
def test_payload(loop: Loop, name: str) -> None:
    """With any body, a trigger starts the child pipeline of the environment in its address, and no job."""
    file = loop.folder / "payload.json"
    file.write_text(json.dumps(PAYLOADS[name]))
    listed = loop.project.clone.jobs("trigger", str(file), "--input", "environment=dev")
    assert {job for job, when in listed.items() if when != "never"} == {"provision-dev"}


def test_child(loop: Loop, hcp: Api, request: pytest.FixtureRequest) -> None:
    """The child pipeline provisions its environment by all six jobs; the runner here starts it by its file."""
    options = [*CHILD, "--input", "environment=dev"]
    pipeline = loop.project.pipeline("provision-dev", "web", options=options).wait()
    report.add(request.config, "trigger: the child pipeline of dev", "6 of 6 jobs", f"{pipeline.seconds:.0f} s")

    assert hcp.address
    assert pipeline.passed, pipeline.log
    assert {job for job in PROVISIONING if pipeline.began(job)} == PROVISIONING
