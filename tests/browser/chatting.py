"""Writing to the chat as a customer does: on a page that has come, until the message is taken."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def write_as(chat: Page, customer: str) -> None:
    """Follow a link of the demo customers and wait for that customer's page."""
    link = chat.locator(".demo a", has_text=customer)
    link.click()
    expect(link).to_have_attribute("aria-current", "true", timeout=30_000)


def say(chat: Page, text: str) -> None:
    """Write a message and wait until the server has it, which empties the field."""
    expect(chat.locator("#connection")).to_have_text("live", timeout=30_000)
    chat.fill("#text", text)
    chat.keyboard.press("Enter")
    expect(chat.locator("#text")).to_have_value("", timeout=60_000)
