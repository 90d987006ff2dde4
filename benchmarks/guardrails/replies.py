"""Human replies with the one question and answer they rely on, and the suite they are judged by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from handrail.core.conversation import ConversationFacts, Customer, Passage, Snapshot
from handrail.core.drafting import Draft
from handrail.core.verdict import Report
from handrail.guardrails.contract import Check
from handrail.guardrails.suite import CheckSuite
from handrail.playbook.models import Brand, Intent, Playbook, Release

_SNAPSHOT: Final = Snapshot(
    conversation=ConversationFacts(id="k", customer_id="c", channel="web", address="a"),
    customer=Customer(id="c"),
    verified=False,
    messages=(),
    records=(),
    now=datetime(2026, 3, 5, tzinfo=UTC),
    release="rel",
)


@dataclass(frozen=True)
class Asked:
    """One text and its evidence."""

    text: str
    entity: str | None
    title: str
    body: str
    beside: tuple[Asked, ...] = ()
    """Whose evidence is found too."""

    @classmethod
    def of(cls, row: dict[str, Any]) -> Asked:
        """Read a reply, or a row of the knowledge with its answer as the text."""
        return cls(row.get("reply", row["body"]), row["entity"], row["title"], row["body"])

    def saying(self, text: str) -> Asked:
        """Return the same evidence for another text."""
        return replace(self, text=text)

    @property
    def evidence(self) -> str:
        """Question and answer."""
        return f"{self.title} {self.body}"


def bare_suite(checks: Iterable[Check[Any]] | None = None) -> CheckSuite:
    """All checks or some, over a playbook that says next to nothing."""
    intent = Intent(description="any", examples=("one", "two"), mode="supervised")
    playbook = Playbook(brand=Brand(name="Desk"), intents={"any": intent})
    return CheckSuite(Release(id="rel", name="one", playbook=playbook, articles=()), checks=checks)


async def judged(suite: CheckSuite, one: Asked) -> Report:
    """Judge a text beside its evidence; nothing is repaired."""
    passages = tuple(
        Passage(id=f"faq#{number}", article_id="faq", title=each.title, text=each.body)
        for number, each in enumerate((one, *one.beside), start=1)
    )
    draft = Draft(id="d", text=one.text, source="model", passages=passages)
    checked = await suite.verify(
        draft, _SNAPSHOT, mode="supervised", intent=None, text="", repair=False
    )
    return checked.verdict.report
