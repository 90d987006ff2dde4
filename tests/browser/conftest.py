"""A server of its own and windows that fail the test on whatever must not happen in them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright


@contextmanager
def served(home: Path, **settings: str) -> Generator[str]:
    """Run ``handrail up`` and yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", "from handrail.desk.cli import main; main()", "up"],
        env={**os.environ, "HANDRAIL_HOME": str(home), "HANDRAIL_PORT": str(port), **settings},
    )
    base = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{base}/healthz", timeout=5)
            break
        except (urllib.error.URLError, TimeoutError):
            assert process.poll() is None
            time.sleep(0.1)
    yield base
    process.terminate()
    process.wait(30)


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """Settings of the server; override it for others."""
    return {}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, settings: dict[str, str]) -> Iterator[str]:
    """Address of a server with the demo shop."""
    with served(tmp_path_factory.mktemp("up"), **settings) as base:
        yield base


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=chromium, chromium_sandbox=False, args=["--disable-gpu"]
        )
        yield opened
        opened.close()


class Window:
    """A browser window that fails the test on any script error, violation or foreign request."""

    def __init__(self, browser: Browser, base: str, locale: str) -> None:
        self.problems: list[str] = []
        self.page: Page = browser.new_context(locale=locale).new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("dialog", lambda dialog: self.problems.append(dialog.message))
        self.page.on("request", self._request)
        self._base = base

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(message.text)

    def _request(self, request: Request) -> None:
        if not request.url.startswith(self._base):
            self.problems.append(f"asked {request.url}")


@pytest.fixture
def windows(browser: Browser, server: str) -> Iterator[Any]:
    opened: list[Window] = []

    def open_window(path: str, locale: str = "en-US") -> Page:
        window = Window(browser, server, locale)
        opened.append(window)
        window.page.goto(server + path)
        return window.page

    yield open_window
    for window in opened:
        window.page.context.close()
    assert [problem for window in opened for problem in window.problems] == []
