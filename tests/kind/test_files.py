"""Files of the kind cluster: they are valid, and their ports agree."""

import json
import re
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest
import yaml

from tests.processes import ROOT

LAPTOP = ROOT / "hack/kind"
SCRIPT = (LAPTOP / "laptop.sh").read_text()
OBJECTS: dict[str, Any] = {each["kind"]: each for each in yaml.safe_load_all((LAPTOP / "pebble.yaml").read_text())}


@pytest.mark.parametrize("kind", OBJECTS)
def test_valid(kind: str) -> None:
    """The cluster's Kubernetes knows every object and every field."""
    image = yaml.safe_load((LAPTOP / "kind.yaml").read_text())["nodes"][0]["image"]
    version = re.search(r":v(\d+\.\d+)", image)
    assert version
    kubernetes_validate.validate(OBJECTS[kind], version[1], strict=True)


def test_authority() -> None:
    """The Service leads to Pebble's port; the test's URL of its roots and cert-manager's URL lead to Pebble."""
    settings = json.loads(OBJECTS["ConfigMap"]["data"]["pebble.json"])["pebble"]
    ports = {port["name"]: port["port"] for port in OBJECTS["Service"]["spec"]["ports"]}

    assert settings["listenAddress"] == f":{ports['acme']}"
    assert settings["managementListenAddress"] == f":{ports['management']}"
    assert f"https://pebble.pebble.svc:{ports['acme']}/dir" in SCRIPT
    assert f"/services/https:pebble:{ports['management']}/proxy/roots/0" in SCRIPT


def test_ingress() -> None:
    """The port of this machine leads to that of the ingress controller."""
    (mapping,) = yaml.safe_load((LAPTOP / "kind.yaml").read_text())["nodes"][0]["extraPortMappings"]
    service = yaml.safe_load((LAPTOP / "nginx-ingress.yaml").read_text())["controller"]["service"]

    assert mapping["containerPort"] == service["httpsPort"]["nodePort"]
    assert f"INGRESS_ADDRESS={mapping['listenAddress']}:{mapping['hostPort']} " in SCRIPT
    assert f"RECEIVER_ADDRESS=https://flux-dev.$DOMAIN:{mapping['hostPort']} " in SCRIPT
