"""Screenshots of the pages of the three environments."""

import shutil
from collections.abc import Iterable

from playwright.sync_api import sync_playwright

from tests.e2e.environment import Environment
from tests.processes import ROOT

FOLDER = ROOT / "build" / "e2e"


def browser() -> str | None:
    """Return the program that takes them; None if there is none."""
    return shutil.which("chromium") or shutil.which("google-chrome")


def screenshots(environments: Iterable[Environment]) -> None:
    """Write build/e2e/NAME.png for each."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        for environment in environments:
            address = ":".join(map(str, environment.address))
            chromium = playwright.chromium.launch(
                executable_path=browser(),
                args=["--no-sandbox", "--disable-gpu", f"--host-resolver-rules=MAP {environment.host} {address}"],
            )
            # All earlier clients verified the certificate; this browser does not know the CA.
            page = chromium.new_page(viewport={"width": 640, "height": 640}, ignore_https_errors=True)
            page.goto(f"https://{environment.host}/")
            page.screenshot(path=FOLDER / f"{environment.name}.png")
            chromium.close()
