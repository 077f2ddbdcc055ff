"""`make status`: a line for each environment, for any state of its cluster."""

import json
from pathlib import Path

import pytest

from tests.provision.checkout import Checkout


def test_table(checkout: Checkout, cluster: dict[str, str]) -> None:
    """Each environment has its line: range, version, last change, and whether it is healthy."""
    result = checkout.run("status", **cluster)

    assert result.returncode == 0, result.stderr
    head, *lines = result.stdout.splitlines()
    assert head.split() == ["environment", "range", "version", "last", "change", "healthy"]
    assert [line.split()[0] for line in lines] == ["dev", "staging", "prod"]
    assert all(len(line.split()) >= 5 for line in lines)


def test_no_cluster(checkout: Checkout) -> None:
    """If there is no kubeconfig, one line reports it."""
    result = checkout.run("status", KUBECONFIG="/none")

    assert result.returncode == 2
    assert result.stderr == (
        "status: KUBECONFIG: no context in /none; expected the file that the clusters are reached with\n"
    )


@pytest.mark.parametrize(
    ("contexts", "expected"),
    [
        ("app-dev other", ["app-dev", "current", "current"]),
        ("do-fra1-app-dev do-fra1-app-prod app-prod-old", ["do-fra1-app-dev", "current", "do-fra1-app-prod"]),
    ],
)
def test_contexts(checkout: Checkout, contexts: str, expected: list[str]) -> None:
    """The context of an environment is found by DigitalOcean's names, too."""
    checkout.replace(
        "kubectl",
        f"""
        case "$*" in *get-contexts*) printf '%s\\n' {contexts} ;; *current-context) echo current ;; *) exit 1 ;; esac
    """,
    )
    lines = checkout.run("status").stdout.splitlines()[1:]

    assert [line.rpartition(" ")[2] for line in lines] == expected


def test_what_failed(checkout: Checkout) -> None:
    """After a rollback the line reports the failure and its version, not the success of the rollback."""
    release = "release app-dev/app with chart app"
    conditions = [
        {"type": "Ready", "status": "False", "message": f"Helm rollback to previous {release}@1.1.1+3b60 succeeded"},
        {"type": "Released", "status": "False", "message": f"Helm upgrade failed for {release}@1.3.0+c85c: timeout"},
    ]
    found = json.dumps({"status": {"conditions": conditions}, "items": []})
    checkout.replace("kubectl", f"case $1 in config) echo lab ;; *) echo '{found}' ;; esac")

    result = checkout.run("status")

    assert result.returncode == 0, result.stderr
    assert [line.partition("no: ")[2] for line in result.stdout.splitlines()[1:]] == (
        ["Helm upgrade failed for 1.3.0: timeout"] * 3
    )


def ingress(namespace: str, created: str, host: str = "dev.example.com", **spec: object) -> dict[str, object]:
    """Return an Ingress as the cluster has it."""
    metadata = {"namespace": namespace, "name": "app", "uid": namespace, "creationTimestamp": created}
    return {"metadata": metadata, "spec": {"ingressClassName": "nginx", "rules": [{"host": host}], **spec}}


OWN = ingress("app-dev", "2026-01-02T00:00:00Z")


@pytest.mark.parametrize(
    ("others", "pods", "said"),
    [
        ([], "pod/nginx", "yes"),
        (
            [ingress("other", "2026-01-01T00:00:00Z")],
            "pod/nginx",
            "no: dev.example.com belongs to the older Ingress other/app",
        ),
        ([ingress("other", "2026-01-03T00:00:00Z")], "pod/nginx", "yes"),
        ([ingress("other", "2026-01-01T00:00:00Z", "dev.example.org")], "pod/nginx", "yes"),
        ([ingress("other", "2026-01-01T00:00:00Z", ingressClassName="internal")], "pod/nginx", "yes"),
        ([ingress("other", "2026-01-01T00:00:00Z", rules=None)], "pod/nginx", "yes"),
        ([], "", "no: INGRESS_NAMESPACE: no pods in edge"),
    ],
)
def test_unreachable_page(
    checkout: Checkout, tmp_path: Path, others: list[dict[str, object]], pods: str, said: str
) -> None:
    """A host of another Ingress, or a wrong INGRESS_NAMESPACE, is reported: the release itself is deployed."""
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "edge"}}}
    answers = {
        "helmrelease": {"status": {"conditions": [{"type": "Ready", "status": "True"}]}},
        "deployment": {"spec": {"replicas": 1}, "status": {"availableReplicas": 1}},
        "ingress": {"items": [OWN, *others]},
        "networkpolicy": {"spec": {"ingress": [{"from": [peer]}]}},
    }
    for name, answer in answers.items():
        (tmp_path / name).write_text(json.dumps(answer))
    kinds = " ".join(f'*" {name} "*) cat {tmp_path}/{name} ;;' for name in answers)
    checkout.replace(
        "kubectl",
        f"""
        case "$*" in *get-contexts*) echo app-dev ;; *"get pods"*) echo {pods} ;; *" ocirepository "*) echo "{{}}" ;;
        {kinds} esac
    """,
    )
    result = checkout.run("status")

    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[1].endswith(f"  {said}")
