"""Fixtures of the tests of releases/."""

from collections.abc import Callable
from functools import cache

import pytest

from tests.gitops import rendered
from tests.gitops.rendered import Manifest

Render = Callable[..., dict[str, Manifest]]


@pytest.fixture(scope="session")
def render(tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Return a function that renders an environment."""

    @cache  # many tests look at the same
    def rendering(environment: str, components: tuple[str, ...] = (), **settings: str) -> dict[str, Manifest]:
        folder = tmp_path_factory.mktemp("releases")
        return rendered.rendered(environment, folder, components, **settings)

    return rendering
