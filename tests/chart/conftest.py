"""Fixtures of the chart's tests: Helm and rendered charts."""

from collections.abc import Callable

import pytest

from tests.chart.helm import CHART, Helm
from tests.chart.rendered import Rendered

Package = Callable[[str, str], Rendered]


@pytest.fixture(scope="session")
def helm() -> Helm:
    """Return Helm."""
    return Helm()


@pytest.fixture(scope="session")
def defaults(helm: Helm) -> Rendered:
    """Return the chart rendered with its default values."""
    return helm.template()


@pytest.fixture(scope="session")
def package(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Return a function that packages the chart, with the chart's version and that of the app, and renders it."""

    def packaged(version: str, app_version: str) -> Rendered:
        folder = tmp_path_factory.mktemp("packaged")
        numbers = ("--version", version, "--app-version", app_version)
        done = helm.run("package", str(CHART), *numbers, "--destination", str(folder))
        assert done.returncode == 0, done.stderr
        return helm.template(chart=folder / f"app-{version}.tgz")

    return packaged
