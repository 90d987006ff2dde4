"""The open page follows what happens elsewhere: an action that a back office tells of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.chatting import say, write_as
from tests.browser.promising_model import CLAIM

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The demo shop with a model that claims what was not done."""
    return {
        "HANDRAIL_HOME": str(tmp_path_factory.mktemp("shop")),
        "HANDRAIL_MODEL": "function:promising_model:claim",
        "PYTHONPATH": str(Path(__file__).parent),
    }


def test_a_finding_goes_when_what_the_draft_claims_is_done(
    windows: Any, settings: dict[str, str]
) -> None:
    chat, desk = windows("/chat"), windows("/desk")
    write_as(chat, "Ada")
    say(chat, "Please cancel my order LF1001")
    row = desk.locator(".row", has_text="cancel my order LF1001")
    expect(row).to_be_visible(timeout=30_000)
    row.click()
    box = desk.locator("[data-acknowledge='act.claim:not_done']")
    expect(box).to_have_count(1)
    told = "action tell cancel_order --id bo-1 --customer cust_001 --record order/LF1001"
    subprocess.run(
        [sys.executable, "-c", "from handrail.desk.cli import main; main()", *told.split()],
        env={**os.environ, **settings},
        check=True,
    )
    expect(box).to_have_count(0, timeout=20_000)
    expect(desk.locator(".reason").first).to_contain_text("Judged again by what was done")
    desk.click("[data-act='approve']")
    expect(chat.locator(".bubble", has_text=CLAIM)).to_be_visible(timeout=30_000)
