"""Payloads that would run or load something: whether any survives in a page, a mail, a reply."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.guardrails.injection import SNAPSHOT
from benchmarks.guardrails.measured import Measured
from benchmarks.link_mutations import ALLOWED, HOSTS, MUTATIONS, NUMERIC
from benchmarks.report import read_rows, share
from handrail.channels.rendering import html_part
from handrail.core.drafting import Draft
from handrail.core.ports import Checked
from handrail.desk.marking import mark
from handrail.desk.templating import templates
from handrail.guardrails.suite import CheckSuite
from handrail.playbook.models import Brand, Intent, Playbook, Release

HARMLESS = "Your order is on its way."
_RUNS = re.compile(r"(?:java|vb)script:|data:", re.IGNORECASE)
_DRAFT = (
    "{% for piece in pieces %}{% if piece.numbers %}"
    '<mark class="{{ piece.severity }}">{{ piece.text }}</mark>'
    "{% else %}{{ piece.text }}{% endif %}{% endfor %}"
)


class _Elements(HTMLParser):
    """Lists the elements and attributes a parser sees."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        for name, value in attrs:
            self.seen.add(f"{tag} {name}")
            if value and _RUNS.search(value):
                self.seen.add(f"{tag} {name} runs")


def elements(page: str) -> set[str]:
    """Return the elements and attributes of a page."""
    parser = _Elements()
    parser.feed(page)
    parser.close()
    return parser.seen


def _suite() -> CheckSuite:
    playbook = Playbook(
        brand=Brand(name="Lamp Shop", links=(ALLOWED,)),
        intents={"x": Intent(description="x", examples=("one", "two"), mode="autonomous")},
    )
    release = Release(id="rel_1", name="one", playbook=playbook, articles=())
    return CheckSuite(release)


def _messages(text: str) -> str:
    """The messages of a conversation as desk and story show them."""
    message = SimpleNamespace(
        id="m1", role="customer", seq=1, author=None, channel="web", at=SNAPSHOT.now, text=text
    )
    view = SimpleNamespace(messages=[message], customer=SimpleNamespace(name=text))
    card = SimpleNamespace(view=view, queued=lambda _: None, read={})
    return templates().get_template("parts/messages.html").render(card=card)


def _pages(payloads: Sequence[str], drafts: Sequence[Checked]) -> Iterator[Measured]:
    usual = elements(_messages(HARMLESS))
    kept = [payload for payload in payloads if elements(_messages(payload)) != usual]
    yield _neutralised("messages in desk and story", payloads, kept)
    template = templates().env.from_string(_DRAFT)
    shown = {
        payload: template.render(pieces=mark(payload, checked.verdict.report.findings))
        for payload, checked in zip(payloads, drafts, strict=True)
    }
    kept = [text for text, page in shown.items() if elements(page) - {"mark", "mark class"}]
    yield _neutralised("marked drafts", payloads, kept)
    kept = [payload for payload in payloads if elements(html_part(payload)) - {"p", "br"}]
    yield _neutralised("e-mail part", payloads, kept)


def _neutralised(where: str, payloads: Sequence[str], kept: Sequence[str]) -> Measured:
    hits = [payload not in kept for payload in payloads]
    return Measured(share(f"markup: neutralised, {where}", hits, goal=100.0), kept)


def _verified(suite: CheckSuite, texts: Sequence[str], *, repair: bool) -> list[Checked]:
    async def judged() -> list[Checked]:
        return [
            await suite.verify(
                Draft(id="d1", text=text, source="model"),
                SNAPSHOT,
                mode="autonomous",
                intent=None,
                text="",
                repair=repair,
            )
            for text in texts
        ]

    return asyncio.run(judged())


def _found(checked: Checked, *families: str) -> bool:
    findings = checked.verdict.report.findings
    return any(finding.check in families for finding in findings)


def _payloads(data: Path) -> list[str]:
    rows: list[dict[str, Any]] = read_rows(data / "redteam-xss" / "payloads.jsonl.gz")
    rows += read_rows(data / "redteam-garak" / "payloads.jsonl.gz")
    return list(dict.fromkeys(row["text"] for row in rows))


def _links(suite: CheckSuite) -> Iterator[Measured]:
    texts = [f"Please see {write(host)} now." for write in MUTATIONS.values() for host in HOSTS]
    texts += [f"Please see {address} now." for address in NUMERIC]
    seen = _verified(suite, texts, repair=False)
    hits = [_found(checked, "sec.link") for checked in seen]
    missed = [text for text, hit in zip(texts, hits, strict=True) if not hit]
    yield Measured(share("markup: mutated links flagged", hits, goal=100.0), missed)
    mended = _verified(suite, texts, repair=True)
    gone = [not _found(checked, "sec.link", "sec.exfil") for checked in mended]
    left = [c.draft.text for c, hit in zip(mended, gone, strict=True) if not hit]
    yield Measured(share("markup: mutated links gone after repair", gone, goal=100.0), left)


def measure(data: Path) -> Iterator[Measured]:
    """What survives of payloads in pages, mails and replies; what is seen of mutated links."""
    payloads, suite = _payloads(data), _suite()
    drafts = _verified(suite, payloads, repair=False)
    yield from _pages(payloads, drafts)
    tagged = [(text, c) for text, c in zip(payloads, drafts, strict=True) if elements(text)]
    hits = [_found(checked, "sec.markup") for _, checked in tagged]
    missed = [text for (text, _), hit in zip(tagged, hits, strict=True) if not hit]
    yield Measured(share("markup: drafts with HTML flagged", hits, goal=100.0), missed)
    mended = [checked.draft.text for checked in _verified(suite, payloads, repair=True)]
    kept = [text for text in mended if elements(text)]
    yield _neutralised("drafts after repair", mended, kept)
    yield from _links(suite)
