"""The manifests, as the API server of a cluster with Flux judges them: known fields only, of the right types."""

import json
import os
import secrets
from collections.abc import Iterator

import pytest

from tests.cluster.cluster import Namespace, run
from tests.gitops.conftest import Render
from tests.gitops.rendered import COMPONENTS, ENVIRONMENTS, Manifest


@pytest.fixture(scope="module")
def namespace(cluster: dict[str, str]) -> Iterator[Namespace]:
    """Return a namespace to try objects in."""
    assert cluster
    namespace = Namespace(f"releases-{secrets.token_hex(3)}", os.environ["REGISTRY"])
    namespace.create()
    yield namespace
    namespace.delete()


def accepted(namespace: Namespace, manifest: Manifest) -> None:
    """Let the API server judge a manifest, without making it."""
    if manifest["kind"] != "Namespace":
        manifest["metadata"]["namespace"] = namespace.name
    text = json.dumps(manifest)
    done = run("kubectl", "apply", "--dry-run=server", "--validate=strict", "--filename", "-", text=text)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_environments_are_valid(namespace: Namespace, render: Render, environment: str) -> None:
    """All objects of an environment are valid."""
    for manifest in render(environment).values():
        accepted(namespace, manifest)


@pytest.mark.parametrize("component", COMPONENTS)
def test_components_are_valid(namespace: Namespace, render: Render, component: str) -> None:
    """Each optional part is valid, and changes or adds something."""
    plain, objects = render("dev"), render("dev", (component,))
    assert objects != plain
    known = run("kubectl", "get", "crd", "receivers.notification.toolkit.fluxcd.io", "--output", "json").stdout
    if component == "receiver-oidc" and "generic-oidc" not in known:
        pytest.skip("Flux is older than 2.9")  # its Receivers have no type generic-oidc
    for manifest in objects.values():
        accepted(namespace, manifest)
