"""The page in headless Chromium."""

import shutil
from collections.abc import Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # has no types
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from sqlalchemy import URL

from app.version import VERSION
from tests.conftest import MakeServer
from tests.processes import environment, program
from tests.requirements import require
from tests.server import eventually

SIZES = {"desktop": (1280, 800), "phone": (360, 740)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return Chromium, the one that is installed."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        require("chromium")
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """Return the size of a window."""
    return SIZES[request.param]


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> Literal["light", "dark"]:
    """Return the reader's preferred color scheme."""
    scheme: Literal["light", "dark"] = request.param
    return scheme


@pytest.fixture
def page(browser: Browser, size: tuple[int, int], scheme: Literal["light", "dark"]) -> Iterator[Page]:
    """Return an empty page. Any error or warning of the browser fails the test."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, bypass_csp=False)
    page = context.new_page()
    complaints: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and "status of 503" not in message.text:
            complaints.append(message.text)

    page.on("console", complain)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith("http://127.0.0.1") or request.url.startswith("data:")
            else complaints.append(request.url)
        ),
    )
    yield page
    context.close()
    assert complaints == []


def check(page: Page, size: tuple[int, int], scheme: str) -> None:
    """Assert that nothing is cut off, the color scheme is used, and axe finds no violation."""
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    ground = sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")) / 3
    assert ground > 200 if scheme == "light" else ground < 60
    session = page.context.new_cdp_session(page)
    session.send("Page.setBypassCSP", {"enabled": True})  # axe is a script, which the page's own policy forbids
    page.reload()
    assert Axe().run(page).response["violations"] == []


def test_page(make_server: MakeServer, database: URL, page: Page, size: tuple[int, int], scheme: str) -> None:
    """The page shows all facts, in both color schemes and sizes, and follows the number of records."""
    service = make_server(database, APP_SECRET="tell-nobody-" + "x" * 80, APP_ENVIRONMENT="staging")
    page.goto(f"http://127.0.0.1:{service.port}/")
    assert page.title() == "3 records · staging"
    assert page.locator("h1").inner_text().split() == ["3", "records"]
    for shown in ("staging", VERSION, "0002", "tell-nobody"):
        assert page.get_by_text(shown).first.is_visible()

    assert program("flask", "--app", "app", "records", "add", "12345", env=environment(database)).returncode == 0

    def count() -> str:
        page.reload()
        return page.locator("h1").inner_text()

    eventually(lambda: count().split() == ["12,348", "records"])
    check(page, size, scheme)


def test_database_unavailable(make_server: MakeServer, page: Page, size: tuple[int, int], scheme: str) -> None:
    """During an outage of the database, the page explains it."""
    service = make_server("mysql+pymysql://u:p@127.0.0.1:1/d")
    page.goto(f"http://127.0.0.1:{service.port}/")

    assert page.locator("h1").inner_text() == "The database is unavailable"
    check(page, size, scheme)
