"""Access to the tests' cluster, by kubectl and helm, as an operator has it."""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import requests

from tests.processes import ROOT

Result = subprocess.CompletedProcess[str]
Object = dict[str, Any]
NEEDED = ("KUBECONFIG", "REGISTRY")
PROGRAMS = ("kubectl", "helm", "docker", "jq", "kubeseal")


def missing() -> list[str]:
    """Return the missing requirements of these tests."""
    variables = [f"the variable {name}" for name in NEEDED if not os.environ.get(name)]
    programs = [f"the program {name}" for name in PROGRAMS if not shutil.which(name)]
    if "the program docker" not in programs and run("docker", "version").returncode:
        programs.append("a Docker engine")
    return variables + programs


def run(*command: str, text: str | None = None) -> Result:
    """Run a program to its end, with any exit status."""
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, cwd=ROOT)


def must(*command: str, text: str | None = None) -> str:
    """Run a program that has to succeed, and return its output."""
    result = run(*command, text=text)
    assert result.returncode == 0, f"{' '.join(command)}: {result.stdout}{result.stderr}"
    return result.stdout


def provide(image: str) -> str:
    """Push an image to the cluster's registry, pulled first if it is not local, and return its name there."""
    if run("docker", "image", "inspect", image).returncode:
        must("docker", "pull", image)
    name = f"{os.environ['REGISTRY']}/e2e/{image}"
    must("docker", "tag", image, name)
    must("docker", "push", name)
    return name


class Namespace:
    """A namespace of the cluster, with the Pod Security Standard `restricted`, and the release `app` in it."""

    def __init__(self, name: str, repository: str) -> None:
        self.name = name
        self.repository = repository
        self.values: Object = {
            "image": {"repository": repository},
            "imagePullSecrets": [],
            "service": {"type": "NodePort"},
            "migrations": {"backoffLimit": 1},
            "networkPolicy": {"database": {"port": 25060}},
        }
        self.url = ""  # of the page, once it is served

    def create(self) -> None:
        """Create the namespace, after the remains of an earlier run are gone."""
        run("kubectl", "delete", "namespace", self.name, "--ignore-not-found", "--timeout=120s")
        must("kubectl", "create", "namespace", self.name)
        standard = "pod-security.kubernetes.io/enforce=restricted"
        must("kubectl", "label", "namespace", self.name, standard)

    def delete(self) -> None:
        """Delete the namespace and its contents, without waiting for the last pod to end."""
        must("kubectl", "delete", "namespace", self.name, "--wait=false")

    def kubectl(self, *arguments: str, text: str | None = None) -> str:
        """Run kubectl in this namespace."""
        return must("kubectl", "--namespace", self.name, *arguments, text=text)

    def apply(self, *objects: Object) -> None:
        """Create or change objects."""
        for each in objects:
            self.kubectl("apply", "--filename", "-", text=json.dumps(each))

    def get(self, kind: str, *arguments: str) -> list[Object]:
        """Return objects of a kind."""
        items: list[Object] = json.loads(self.kubectl("get", kind, "--output", "json", *arguments))["items"]
        return items

    def pods(self, component: str = "web") -> list[Object]:
        """Return the pods of a component of the app that are not about to end."""
        pods = self.get("pods", "--selector", f"app.kubernetes.io/component={component}")
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def helm(self, chart: Path, *options: str, timeout: str = "180s") -> Result:
        """Install or upgrade the release, and wait until it serves."""
        return run(
            "helm", "upgrade", "--install", "app", str(chart), "--namespace", self.name, "--wait", "--timeout", timeout,
            "--values", "-", *options, text=json.dumps(self.values),
        )  # fmt: skip

    def wait_for_flux(self, version: str) -> None:
        """Wait until Flux has released a version."""

        def release() -> Object:
            status: Object = self.get("helmreleases")[0].get("status", {})
            return status

        def is_released() -> bool:
            ready = {each["type"]: each["status"] for each in release().get("conditions", [])}.get("Ready")
            newest = release().get("history", [{}])[0]
            return ready == "True" and str(newest.get("chartVersion")).split("+")[0] == version

        try:
            eventually(is_released, 240, f"Flux has released {version}")
        except AssertionError as error:
            raise AssertionError(f"{error}: {release()}") from None

    def settle(self) -> None:
        """Wait until the previous release's pods have ended, and the app answers at its port."""
        address = os.environ.get("E2E_ADDRESS", "127.0.0.1")  # host of the nodes' ports
        self.url = f"http://{address}:{self.node_port()}/"
        selector = "app.kubernetes.io/component=web"
        eventually(lambda: len(self.get("pods", "--selector", selector)) == len(self.pods()), 60, "old pods have ended")
        eventually(self._answers, 30, f"{self.url} answers")

    def _answers(self) -> bool:
        try:
            return self.page().ok
        except requests.ConnectionError:
            return False

    def page(self) -> requests.Response:
        """Return the page, as JSON, from a new connection."""
        return requests.get(self.url, headers={"Accept": "application/json"}, timeout=5)

    def node_port(self) -> int:
        """Return the app's port, which is the same on every node."""
        (service,) = self.get("services", "--selector", "app.kubernetes.io/component=web")
        return int(service["spec"]["ports"][0]["nodePort"])


class PodWatcher(threading.Thread):
    """Watcher of a namespace's pods: it records how their containers ended, and how often they restarted."""

    def __init__(self, namespace: Namespace) -> None:
        super().__init__(daemon=True)
        command = ["kubectl", "--namespace", namespace.name, "get", "pods", "--watch", "--output", "json"]
        self._process = subprocess.Popen(
            [*command, "--selector", "app.kubernetes.io/component=web"], stdout=subprocess.PIPE, text=True
        )
        self.statuses: dict[str, int] = {}
        self.restarts: dict[str, int] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self.join()
        assert self._process.stdout
        self._process.stdout.close()
        self._process.wait()

    def run(self) -> None:
        """Read kubectl's output: one object after the other, each over many lines."""
        assert self._process.stdout
        lines: list[str] = []
        for line in self._process.stdout:
            lines.append(line)
            if line == "}\n":
                self._keep(json.loads("".join(lines)))
                lines.clear()

    def _keep(self, pod: Object) -> None:
        for container in pod["status"].get("containerStatuses", []):
            self.restarts[pod["metadata"]["name"]] = container["restartCount"]
            if ended := container["state"].get("terminated"):
                self.statuses[pod["metadata"]["name"]] = ended["exitCode"]


def eventually(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until the condition holds, or fail."""
    event = threading.Event()
    for _ in range(int(seconds * 5)):
        if condition():
            return
        event.wait(0.2)
    raise AssertionError(f"not within {seconds} s: {what}")
