"""`make status`: a line for each environment, whatever its cluster says."""

import json

import pytest

from tests.provision.checkout import Checkout


def test_table(checkout: Checkout, cluster: dict[str, str]) -> None:
    """Each environment should have its line: range, version, last change, and whether it is healthy."""
    result = checkout.run("status", **cluster)

    assert result.returncode == 0, result.stderr
    head, *lines = result.stdout.splitlines()
    assert head.split() == ["environment", "range", "version", "last", "change", "healthy"]
    assert [line.split()[0] for line in lines] == ["dev", "staging", "prod"]
    assert all(len(line.split()) >= 5 for line in lines)


def test_no_cluster(checkout: Checkout) -> None:
    """Where there is no kubeconfig, one line should say so."""
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
    """The context of an environment should be found by DigitalOcean's names, too."""
    checkout.replace(
        "kubectl",
        f"""
        case "$*" in *get-contexts*) printf '%s\\n' {contexts} ;; *current-context) echo current ;; *) exit 1 ;; esac
    """,
    )
    lines = checkout.run("status").stdout.splitlines()[1:]

    assert [line.rpartition(" ")[2] for line in lines] == expected


def test_what_failed(checkout: Checkout) -> None:
    """After a rollback the line should say what failed, and for which version, not that the rollback succeeded."""
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
