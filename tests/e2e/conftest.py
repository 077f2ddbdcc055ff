"""Fixtures of the end-to-end test: a project with its pipeline, three environments under load, and a report."""

import os
import secrets
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import report
from tests.cluster.cluster import Namespace, eventually, must, provide, run
from tests.cluster.conftest import MYSQL
from tests.cluster.database import Database
from tests.e2e.environment import Environment
from tests.e2e.people import RATE, People
from tests.release.conftest import Project, new_project
from tests.release.pipeline import Pipeline

HEAD = f"| step, at {RATE} requests/s on each environment | outcome | time |", "|---|---|--:|"
NAMES = ("dev", "staging", "prod")
RECEIVER_TOKEN = secrets.token_hex(20)


@dataclass
class Loop:
    """The project, its environments, and their clients."""

    project: Project
    environments: dict[str, Environment]
    folder: Path
    people: dict[str, People] = field(default_factory=dict)
    open: ExitStack = field(default_factory=ExitStack)  # closed at the end

    def make(self, target: str, text: str = "", **settings: str) -> str:
        """Run a make target in the project's checkout, as an operator does, and return its output."""
        words = ["make", "--no-print-directory", *shlex.split(target)]
        registry = {"REGISTRY": self.project.registry.image, "REGISTRY_INSECURE": "true"}
        environment = {**os.environ, **registry, **settings}
        print(f"  $ make {target}")  # noqa: T201  it takes a while
        result = subprocess.run(
            words,
            cwd=self.project.clone.folder,
            input=text,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"make {target}: {result.stdout}{result.stderr}"
        return result.stdout

    def provision(self, name: str, job: str = "") -> str:
        """Provision an environment, by all jobs or one, and return their output."""
        settings = self.environments[name].settings(self.folder / f"outputs-{name}.json")
        origin = self.project.clone.origin
        settings |= {"GIT_URL": origin, "REGISTRY_USER": "reads", "REGISTRY_PASSWORD": "x"}
        settings["REGISTRY"] = self.project.registry.in_cluster
        settings |= {"COMPONENTS": "receiver-token", "RECEIVER_TOKEN": RECEIVER_TOKEN}
        return self.make(f"provision ENV={name}" + (f" JOB={job}" if job else ""), **settings)

    def seal(self, name: str, value: str) -> None:
        """Seal an environment's secret."""
        self.make(f"seal ENV={name} NAME=APP_SECRET", text=f"{value}\n")

    def merge(self, message: str, **files: str) -> Pipeline:
        """Merge a commit with these files and the checkout's changes, and start its pipeline."""
        self.project.clone.commit(message, **files)
        name = message.replace(" ", "-").replace(":", "")
        return self.project.pipeline(f"loop-{name}")

    def push(self, message: str) -> None:
        """Merge a change of releases/, which publishes nothing."""
        self.project.clone.commit(message)
        self.project.clone.git("push", "--quiet", "origin", "HEAD:main")
        self.reconcile()

    def reconcile(self) -> None:
        """Have Flux fetch the repository now, as a webhook of the Git server does."""
        now = f"reconcile.fluxcd.io/requestedAt={time.time()}"
        must("kubectl", "--namespace", "flux-system", "annotate", "--overwrite", "gitrepository/app", now)

    def serve(self, versions: dict[str, str], seconds: float) -> None:
        """Wait until each environment shows its version, and no other pod is left there."""
        for name, version in versions.items():
            environment = self.environments[name]
            eventually(lambda e=environment, v=version: e.version() == v, seconds, f"{name} shows {version}")  # type: ignore[misc]  # bound here
            eventually(lambda e=environment, v=version: e.rolled_out(v), seconds, f"{name} runs only {version}")  # type: ignore[misc]  # bound here

    def tell_receivers(self) -> None:
        """Set the addresses of Flux's receivers in the pipeline."""
        eventually(lambda: len(self._receivers()) == len(NAMES), 90, "Flux has its receivers")
        self.project.tell(FLUX_RECEIVERS=" ".join(self._receivers()))

    def _receivers(self) -> list[str]:
        found = [each for name in NAMES for each in self.environments[name].receivers()]
        return [f"{os.environ['RECEIVER_ADDRESS']}{path}" for path in found]

    def versions(self) -> dict[str, str]:
        """Return the version that each environment shows."""
        return {name: environment.version() for name, environment in self.environments.items()}


@pytest.fixture(scope="session")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    """Return a new project, and a database for each environment; the cluster has no objects of theirs yet."""
    folder = tmp_path_factory.mktemp("loop")
    project = new_project("loop", folder)
    project.tell(RECEIVER_TOKEN=RECEIVER_TOKEN)
    image = os.environ["MYSQL_IMAGE"] = provide(MYSQL)
    roots = must(*shlex.split(os.environ["ROOT_CERTIFICATE"]))
    forget()
    environments = {}
    for name in NAMES:
        namespace = Namespace(f"loop-mysql-{name}", "")
        namespace.create()
        database = Database(namespace, image)
        database.create()
        environments[name] = Environment(name, database, roots)
    loop = Loop(project, environments, folder)
    yield loop
    loop.open.close()
    forget()
    for name in NAMES:
        run("kubectl", "delete", "namespace", f"loop-mysql-{name}", "--wait=false")


def forget() -> None:
    """Delete all that provisioning and Flux have put into the cluster, but not the installed charts."""
    names = [word for name in NAMES for word in (f"app-{name}", f"app-{name}-secrets")]
    flux = ("kubectl", "--namespace", "flux-system", "delete", "--ignore-not-found", "--timeout=120s")
    run(*flux, "kustomization", *names)
    run(*flux, "gitrepository", "app")
    run(*flux, "ingress", *(f"app-{name}-receiver" for name in NAMES))
    for name in NAMES:
        run("kubectl", "delete", "namespace", f"app-{name}", "--ignore-not-found", "--timeout=180s")
    run("kubectl", "delete", "clusterissuer", "letsencrypt", "letsencrypt-staging", "--ignore-not-found")


Step = Callable[[str, str], AbstractContextManager[None]]


@pytest.fixture
def step(request: pytest.FixtureRequest) -> Step:
    """Return a context that adds a row to the report: the action, its result, and its duration."""

    @contextmanager
    def measured(what: str, result: str) -> Iterator[None]:
        began = time.monotonic()
        print(f"\n  {what} …")  # noqa: T201  it takes a while
        yield
        report.add(request.config, what, result, f"{time.monotonic() - began:.0f} s")

    return measured


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the report, and write it to a file."""
    report.show(terminalreporter, config, "e2e", HEAD)
