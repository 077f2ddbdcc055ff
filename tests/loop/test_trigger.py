"""From Terraform's notification to a provisioned cluster, by the real pipeline: which payload runs which jobs."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import report
from tests.ci import runner
from tests.ci.test_rules import PROVISIONING
from tests.e2e.cluster import must
from tests.infrastructure.apis import ORGANIZATION, TOKEN, Api, api
from tests.infrastructure.payloads import VERIFICATION, Payload, notification
from tests.loop.conftest import Loop

# On a laptop's own cluster releases are made by the jobs' scripts, and a trigger has none.
pytestmark = pytest.mark.skipif(not runner.whole(), reason="a trigger needs a runner of .gitlab-ci.yml: set PIPELINE")
SETTINGS = (
    "DOMAIN", "ACME_SERVER", "CHARTS_PLAIN_HTTP", "CERT_MANAGER_CHART", "CERT_MANAGER_VALUES", "SEALED_SECRETS_CHART",
    "SEALED_SECRETS_VALUES", "MYSQL_IMAGE", "INGRESS_NAMESPACE",
)  # fmt: skip
FILES = ("ACME_CA_BUNDLE", "CERT_MANAGER_VALUES", "SEALED_SECRETS_VALUES")
NOTHING, REFUSED = "nothing to do", "refused"
VERIFIED = {**VERIFICATION, "variables": {"ENVIRONMENT": "dev"}}
# What is sent, and what becomes of it. Of dev's workspace, run-2 was applied after run-1; run-9 was never there.
PAYLOADS: dict[str, tuple[Payload, str]] = {
    "applied": (notification("run-2", "applied"), "provisioned"),
    "planned": (notification("run-2", "planned"), NOTHING),
    "errored": (notification("run-2", "errored"), NOTHING),
    "verification": (VERIFIED, NOTHING),
    "workspace of another project": (notification("run-2", "applied") | {"workspace_name": "theirs-dev"}, REFUSED),
    "replayed": (notification("run-1", "applied"), REFUSED),
    "invented": (notification("run-9", "applied"), REFUSED),
    "no notification": ({"hello": "world", "variables": {"ENVIRONMENT": "dev"}}, REFUSED),
    "huge": (notification("run-2", "applied") | {"run_message": "x" * 70_000}, REFUSED),
}


@pytest.fixture(scope="module")
def hcp(loop: Loop) -> Iterator[Api]:
    """Serve HCP Terraform's API to the pipeline's jobs, which know dev's outputs by it alone."""
    with api(os.environ["CONTAINERS_REACH"]) as hcp:
        hcp.add_workspace("dev", {"run-2": "applied", "run-1": "applied"})
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
    """Return what the cluster is reached with, by containers too."""
    found = must("kubectl", "config", "view", "--raw", "--minify", "--flatten")
    return found.replace("127.0.0.1", os.environ["CONTAINERS_REACH"])


@pytest.mark.parametrize("name", PAYLOADS)
def test_payload(loop: Loop, hcp: Api, name: str, request: pytest.FixtureRequest) -> None:
    """Only the newest applied run of an environment's own workspace provisions it, and then by all six jobs."""
    payload, expected = PAYLOADS[name]
    file = loop.folder / "payload.json"
    file.write_text(json.dumps(payload))
    pipeline = loop.project.pipeline(f"trigger-{name.replace(' ', '-')}", "trigger", options=[str(file)]).wait()
    ran = {job for job in PROVISIONING if pipeline.began(job)}
    idle = {job for job in PROVISIONING if pipeline.printed(job, "nothing to provision")}
    outcome = f"{expected}: {len(ran - idle)} of 6 jobs provisioned"
    report.add(request.config, f"trigger: {name}", outcome, f"{pipeline.seconds:.0f} s")

    assert hcp.address
    assert pipeline.passed == (expected != REFUSED), pipeline.log
    assert ran == (set() if expected == REFUSED else PROVISIONING)
    assert idle == (PROVISIONING if expected == NOTHING else set())
