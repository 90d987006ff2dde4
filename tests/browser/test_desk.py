"""The main job in a browser: chat, desk, and back."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.chatting import say, write_as

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
EVIL = "I want a human <script>alert(1)</script><img src=x onerror=alert(2)>"


def test_a_clean_answer_comes_by_itself(windows: Any) -> None:
    chat = windows("/chat")
    write_as(chat, "Ada")
    say(chat, "Where is my order LF1001?")
    expect(chat.locator(".bubble.ai")).to_contain_text("LF1001", timeout=30_000)


def test_a_person_answers_at_the_desk_by_keyboard_and_it_arrives(windows: Any) -> None:
    chat, desk = windows("/chat"), windows("/desk")
    say(chat, EVIL)
    row = desk.locator(".row", has_text="I want a human")
    expect(row).to_be_visible(timeout=30_000)
    desk.keyboard.press("j")
    desk.keyboard.press("Enter")
    expect(desk.locator("#messages .customer .text")).to_have_text(EVIL)
    desk.keyboard.press("e")
    desk.keyboard.type("Hello, this is Ana. What can I do for you?")
    say(chat, "Are you there?")
    expect(desk.locator("#messages .customer")).to_have_count(2, timeout=30_000)
    expect(desk.locator("#words")).to_have_value("Hello, this is Ana. What can I do for you?")
    desk.keyboard.press("Escape")
    desk.goto(desk.url.split("?")[0])
    desk.locator(".row").first.click()
    expect(desk.locator("[data-act='respond']")).to_be_visible()
    desk.keyboard.press("e")
    desk.keyboard.type("Hello, this is Ana. What can I do for you?")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator(".toast")).to_contain_text("Undo", timeout=20_000)
    expect(chat.locator(".bubble.agent")).to_contain_text("Ana", timeout=30_000)
    expect(chat.locator(".bubble.customer .text").first).to_have_text(EVIL)


def test_a_draft_is_approved_at_the_desk_and_arrives_once(windows: Any) -> None:
    chat, desk = windows("/chat"), windows("/desk")
    write_as(chat, "Dario")
    say(chat, "I ordered by mistake, please cancel my order LF1004")
    row = desk.locator(".row", has_text="LF1004")
    expect(row).to_be_visible(timeout=30_000)
    expect(chat.locator(".bubble.ai")).to_have_count(0)
    row.click()
    expect(desk.locator("[data-act='approve']")).to_be_visible()
    desk.keyboard.press("a")
    expect(desk.locator(".toast")).to_contain_text("Undo", timeout=20_000)
    expect(chat.locator(".bubble.ai")).to_contain_text("has not left us yet", timeout=30_000)
    expect(chat.locator(".bubble.ai")).to_have_count(1)


def test_what_the_playbook_names_is_in_the_readers_language(windows: Any) -> None:
    chat, desk = windows("/chat"), windows("/desk", locale="es-MX")
    write_as(chat, "Dario")
    say(chat, "I bought the wrong thing, cancel my order LF1004 please")
    row = desk.locator(".row", has_text="I bought the wrong thing")
    expect(row).to_contain_text("la cancelación de un pedido", timeout=30_000)
    row.click()
    context = desk.locator(".context")
    expect(context).to_contain_text("pedido LF1004")
    expect(context).to_contain_text("en preparación")
    expect(context).to_contain_text("forma de envío")
    expect(desk.locator(".reason").first).to_contain_text("atención al cliente")


def test_a_review_is_passed_on_and_put_off_by_keyboard(windows: Any) -> None:
    chat, desk = windows("/chat"), windows("/desk")
    say(chat, "I want a human to look at my lamp")
    row = desk.locator(".row", has_text="look at my lamp")
    expect(row).to_be_visible(timeout=30_000)
    row.click()
    expect(desk.locator("[data-act='snooze']")).to_be_visible()
    desk.keyboard.press("x")
    desk.locator("#team").select_option("leads")
    desk.keyboard.press("Tab")
    desk.keyboard.type("more than I may give")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator(".reason").first).to_contain_text("Given to leads by", timeout=20_000)
    expect(desk.locator("#messages .note")).to_contain_text("more than I may give")
    desk.keyboard.press("l")
    desk.locator("#words").fill("is the lamp back?")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator(".context")).to_contain_text("is the lamp back?", timeout=20_000)
    desk.keyboard.press("s")
    desk.keyboard.press("Control+Enter")
    snoozed = desk.locator("[aria-label='Snoozed reviews'] .row")
    expect(snoozed).to_have_count(1, timeout=20_000)
    expect(desk.locator(".reason").first).to_contain_text("snoozed until")
    say(chat, "Hello?")
    expect(snoozed).to_have_count(0, timeout=30_000)
    expect(desk.locator(".row", has_text="Hello?")).to_contain_text("leads")


def test_story_trace_and_graph_open_without_a_problem(windows: Any) -> None:
    windows("/graphs/support")
    page = windows("/conversations")
    page.locator("tbody a").first.click()
    expect(page.locator(".story .bubble").first).to_be_visible()
    page.goto(page.url.partition("/c/")[0] + "/traces")
    page.locator("tbody a").first.click()
    expect(page.locator("svg.waterfall")).to_be_visible()
