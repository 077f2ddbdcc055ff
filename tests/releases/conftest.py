"""What the tests of releases/ share."""

import os
from collections.abc import Callable
from functools import cache

import pytest

from tests.releases import rendered
from tests.releases.rendered import Manifest, MissingError

Render = Callable[..., dict[str, Manifest]]


@pytest.fixture(scope="session")
def render(tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Return a function that renders an environment; without kubectl the tests are skipped, but fail in CI."""

    @cache  # many tests look at the same
    def rendering(environment: str, components: tuple[str, ...] = (), **settings: str) -> dict[str, Manifest]:
        folder = tmp_path_factory.mktemp("releases")
        try:
            return rendered.rendered(environment, folder, components, **settings)
        except MissingError as reason:
            return (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(reason))

    return rendering
