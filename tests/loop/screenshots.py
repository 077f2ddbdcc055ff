"""The pages of the three environments, as a browser shows them."""

import shutil
from collections.abc import Iterable

from playwright.sync_api import sync_playwright

from tests.loop.environment import Environment
from tests.programs import ROOT

FOLDER = ROOT / "build" / "loop"


def screenshots(environments: Iterable[Environment]) -> None:
    """Write build/loop/NAME.png for each, where there is a browser."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        print("no screenshots, as there is no chromium")  # noqa: T201  no reason to fail
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        for environment in environments:
            address = ":".join(map(str, environment.address))
            browser = playwright.chromium.launch(
                executable_path=path,
                args=["--no-sandbox", "--disable-gpu", f"--host-resolver-rules=MAP {environment.host} {address}"],
            )
            # The certificate was verified by all who asked before; this browser does not know the authority.
            page = browser.new_page(viewport={"width": 640, "height": 640}, ignore_https_errors=True)
            page.goto(f"https://{environment.host}/")
            page.screenshot(path=FOLDER / f"{environment.name}.png")
            browser.close()
