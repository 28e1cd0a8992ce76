"""A headless Chromium that looks at pages as a person would; nothing of it is left behind."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

_OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--hide-scrollbars", "--force-device-scale-factor=1"),
)
_WAIT_SECONDS = 20


class Browser:
    """One window; ``text`` is what a person could read on the page."""

    def __init__(self, driver: Chrome) -> None:
        self._driver = driver

    def open(self, url: str) -> None:
        """Open a page."""
        self._driver.get(url)

    def text(self) -> str:
        """Return the visible text of the page, without what styles hide."""
        shown: str = self._driver.execute_script("return document.body.innerText")
        return shown

    def run(self, script: str) -> object:
        """Run a script in the page."""
        return self._driver.execute_script(script)

    def send(self, headers: Mapping[str, str]) -> None:
        """Send headers with every further request."""
        self._driver.execute_cdp_cmd("Network.enable", {})
        self._driver.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": dict(headers)})

    def resize(self, width: int, height: int) -> None:
        """Give what the window shows a size in pixels."""
        self._driver.set_window_size(width, height)
        # The window is larger than what it shows by the frame that it would have.
        inner = self.run("return window.innerHeight")
        if isinstance(inner, int):
            self._driver.set_window_size(width, 2 * height - inner)

    def picture(self, path: Path) -> None:
        """Take a picture of what the window shows."""
        path.parent.mkdir(parents=True, exist_ok=True)
        assert self._driver.save_screenshot(str(path))


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a browser with a new profile; the test is skipped where there is none."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("Chromium and its driver are not installed; run 'make setup'")
    with tempfile.TemporaryDirectory(prefix="vigia-chromium-") as profile:
        options = Options()
        options.binary_location = program
        for option in (*_OPTIONS, f"--user-data-dir={profile}"):
            options.add_argument(option)
        # Named, or Selenium would look for a driver elsewhere.
        window = Chrome(options=options, service=Service(driver))
        try:
            window.set_page_load_timeout(_WAIT_SECONDS)
            yield Browser(window)
        finally:
            window.quit()
