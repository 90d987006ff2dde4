"""Payloads in a customer's words, in drafts and in replies stay text: nothing runs or is fetched.

The windows fail a test on any dialog, script error, violation of the content policy and foreign
request; a script that a page refuses to run would already be one.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from handrail.core.events import MAX_MESSAGE_CHARS
from handrail.playbook.loading import demo_path
from tests.browser.chatting import say

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
ASKS = "How do I reset my password?"
PAYLOADS = (
    "<script>window.ran = 1; alert(1)</script>",
    '<img src=x onerror="window.ran = 1; alert(1)">',
    "<svg/onload=alert(1)>",
    "</div></li></main><script src=//evil.example/a.js></script>",
    '"><img src=//evil.example/p.png>',
    '" autofocus onfocus=alert(1) x="',
    "' onmouseover='alert(1)",
    '<iframe srcdoc="<script>parent.ran = 1</script>"></iframe>',
    '<a href="javascript:alert(1)" id="lure">open</a>',
    "[open](javascript:alert(1)) ![x](https://evil.example/p.png?q=1)",
    "<style>@import url(//evil.example/a.css)</style>",
    "<base href=//evil.example/><link rel=stylesheet href=//evil.example/b.css>",
    '<meta http-equiv=refresh content="0;url=//evil.example">',
    "<form action=//evil.example><button formaction=//evil.example>Send</button></form>",
    '<math><mtext></mtext><mglyph><style><!--</style><img title="--><img src=1 onerror=alert(1)>">',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<textarea></textarea><script>alert(1)</script>",
    "<!--><script>alert(1)</script>-->",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;img src=x onerror=alert(1)&#62;",
    "{{7*7}} {% raw %} ${7*7} <%= 7*7 %> {{constructor.constructor('alert(1)')()}}",
    "<x-y onclick=alert(1) tabindex=1 autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)><video><source onerror=alert(1)></video></details>",
    "\u202e<script>alert(1)</script>\u2066",
    "`-alert(1)-` \\\\x3cscript\\\\x3e \\\\u003cscript\\\\u003e",
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The demo shop with a model that repeats the customer, and without repairs."""
    folder = tmp_path_factory.mktemp("playbook") / "shop"
    shutil.copytree(demo_path(), folder)
    file = folder / "playbook.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("repairs: 2", "repairs: 0"))
    return {
        "HANDRAIL_PLAYBOOK": str(folder),
        "HANDRAIL_MODEL": "function:echoing_model:answer",
        "PYTHONPATH": str(Path(__file__).parent),
    }


def packed(payloads: list[str], limit: int) -> Iterator[str]:
    """Messages that hold all payloads, as many in each as there is room for."""
    lines: list[str] = []
    for payload in payloads:
        if lines and sum(len(line) + 1 for line in lines) + len(payload) > limit:
            yield "\n".join(lines)
            lines = []
        lines.append(payload)
    yield "\n".join(lines)


def nothing_ran(page: Page) -> None:
    """Nothing set the flag, and no element of a payload is there."""
    assert page.evaluate("window.ran") is None
    lured = "#lure, img, iframe, object, embed, video, form[action*='evil'], script:not([src])"
    assert page.locator(f"main :is({lured}, [onload], [onerror], [onclick])").count() == 0


def test_payloads_of_a_customer_and_a_model_stay_text(windows: Any) -> None:
    chat, desk = windows("/chat"), windows("/desk")
    text = f"{ASKS}\n" + "\n".join(PAYLOADS)
    say(chat, text)
    expect(chat.locator(".bubble.customer .text")).to_have_text(text, timeout=30_000)
    row = desk.locator(".row").first
    expect(row).to_be_visible(timeout=30_000)
    row.click()
    expect(desk.locator("#draft")).to_contain_text("window.ran = 1", timeout=30_000)
    expect(desk.locator("#messages .customer .text").first).to_have_text(text)
    expect(desk.locator("main")).to_contain_text("sec.markup:tag")
    nothing_ran(desk)
    nothing_ran(chat)


def test_payloads_of_an_agent_reach_the_chat_as_text(windows: Any) -> None:
    chat, desk = windows("/chat"), windows("/desk")
    say(chat, "I want to talk to a human about <b>payloads</b>")
    row = desk.locator(".row", has_text="payloads")
    expect(row).to_be_visible(timeout=30_000)
    row.click()
    expect(desk.locator("[data-act='respond']")).to_be_visible(timeout=30_000)
    desk.keyboard.press("e")
    words = "Hello. " + " ".join(PAYLOADS[:3])
    desk.locator("#words").fill(words)
    desk.keyboard.press("Control+Enter")
    expect(chat.locator(".bubble.agent .text")).to_have_text(words, timeout=30_000)
    story = windows(f"/c/{_conversations(desk)[0]}")
    expect(story.locator(".story .agent .text")).to_have_text(words)
    for page in (chat, desk, story):
        nothing_ran(page)


def _conversations(page: Page) -> list[str]:
    """The conversations of the server, the last changed first."""
    page.goto(page.url.partition("/desk")[0].partition("/conversations")[0] + "/conversations")
    links = page.locator("tbody a[href^='/c/']").all()
    return list(dict.fromkeys(str(link.get_attribute("href")).rpartition("/")[2] for link in links))


@pytest.mark.data
def test_known_payloads_stay_text_everywhere(windows: Any, payload_file: Path) -> None:
    with gzip.open(payload_file, "rt", encoding="utf-8") as lines:
        payloads = [" ".join(json.loads(line)["text"].split()) for line in lines]
    assert len(payloads) > 100
    for text in packed(payloads, MAX_MESSAGE_CHARS - 100):
        chat = windows("/chat")
        say(chat, text)
        expect(chat.locator(".bubble.customer .text")).to_have_text(text, timeout=60_000)
        expect(chat.locator("#text")).to_have_value("", timeout=60_000)
        nothing_ran(chat)
    listed = windows("/conversations")
    for name in _conversations(listed):
        for path in (f"/desk?conversation={name}", f"/c/{name}", f"/t/{name}"):
            page = windows(path)
            expect(page.locator("main")).to_be_visible(timeout=60_000)
            nothing_ran(page)


@pytest.fixture
def payload_file() -> Path:
    """The public list of payloads, beside the repository."""
    name = "shared/datasets/redteam-xss/payloads.jsonl.gz"
    found = [parent / name for parent in Path(__file__).resolve().parents]
    file = next((path for path in found if path.is_file()), None)
    if file is None:
        pytest.skip("needs ../shared/datasets/redteam-xss")
    return file
