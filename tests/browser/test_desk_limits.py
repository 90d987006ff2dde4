"""Who may promise beyond a limit stands where an agent would look for a box to tick."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from handrail.playbook.loading import demo_path
from tests.browser.chatting import say
from tests.browser.promising_model import PROMISE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

UNKNOWN = "fact.value:money_not_in_evidence"
LIMIT = "act.authority:above_limit"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The demo shop with a lead, and limits for everybody."""
    shop = tmp_path_factory.mktemp("shop") / "playbook"
    shutil.copytree(demo_path(), shop)
    file = shop / "playbook.yaml"
    text = file.read_text()
    for before, more in (
        ("limits:\n", "  - {action: refund, amount: 60, currency: USD, role: agent}\n"),
        ("limits:\n", "  - {action: refund, amount: 70, currency: USD, role: lead}\n"),
        ("teams:\n  support:\n", "    leads: [lea]\n"),
    ):
        assert before in text
        text = text.replace(before, before + more, 1)
    file.write_text(text)
    return {
        "HANDRAIL_PLAYBOOK": str(shop),
        "HANDRAIL_MODEL": "function:promising_model:answer",
        "PYTHONPATH": str(Path(__file__).parent),
    }


def called(desk: Page, name: str) -> None:
    """Work at the desk under a name."""
    desk.fill("#agent", name)
    with desk.expect_navigation():
        desk.keyboard.press("Tab")


def answered(windows: Any, name: str, about: str) -> tuple[Page, Page]:
    """Have somebody of that name check a promise to a customer."""
    chat, desk = windows("/chat"), windows("/desk")
    called(desk, name)
    say(chat, f"I want a human, it is about {about}")
    row = desk.locator(".row", has_text=about)
    expect(row).to_be_visible(timeout=30_000)
    row.click()
    desk.click("[data-act='respond']")
    desk.fill("#words", PROMISE)
    desk.click("#check")
    expect(desk.locator(f"#blocked [data-acknowledge='{UNKNOWN}']")).to_have_count(1)
    return chat, desk


def test_an_agent_is_told_who_may_promise_more(windows: Any) -> None:
    _, desk = answered(windows, "kim", "a lamp")
    found = desk.locator("#blocked .finding", has_text="Only a lead may: ask lea")
    expect(found).to_have_count(1)
    expect(found.locator("input")).to_have_count(0)


def test_a_lead_is_asked_to_accept_it(windows: Any) -> None:
    chat, desk = answered(windows, "lea", "a chair")
    expect(desk.locator(f"#blocked [data-acknowledge='{LIMIT}']")).to_have_count(1)
    expect(desk.locator("#blocked")).not_to_contain_text("Only a lead may")
    for box in desk.locator("#blocked [data-acknowledge]").all():
        box.check()
    desk.click("#send")
    expect(chat.locator(".bubble", has_text=PROMISE)).to_be_visible(timeout=30_000)


def test_an_agent_who_approves_such_a_draft_is_told_too(
    windows: Any, browser: Browser, server: str
) -> None:
    chat = windows("/chat")
    desk = browser.new_context().new_page()  # a refusal is an error to the browser's console
    desk.goto(f"{server}/desk")
    called(desk, "kim")
    say(chat, "I would like a refund for my lamp")
    row = desk.locator(".row", has_text="refund for my lamp")
    expect(row).to_be_visible(timeout=30_000)
    row.click()
    box = desk.locator(f".draft [data-acknowledge^='{LIMIT.partition(':')[0]}']")
    expect(box).to_have_count(1)
    for each in desk.locator(".draft [data-acknowledge]").all():
        each.check()
    desk.click("[data-act='approve']")
    expect(desk.locator("#problem")).to_contain_text("ask lea")
    expect(box).to_have_count(0)
    expect(desk.locator(".draft .finding", has_text="Only a lead may: ask lea")).to_have_count(1)
    expect(chat.locator(".bubble.ai")).to_have_count(0)
    desk.context.close()
