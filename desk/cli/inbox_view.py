"""What ``handrail inbox`` prints for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from handrail.desk.cards import Card, is_urgent, why
from handrail.desk.cli.running import clean
from handrail.desk.templating import words
from handrail.store.reviews import QueueLine

LAST_MESSAGES = 6
_COLOURS = {"low": "dim", "medium": "yellow", "high": "dark_orange", "critical": "bold red"}


def queue_table(lines: Sequence[QueueLine], now: datetime) -> RenderableType:
    """The open reviews as a table."""
    if not lines:
        return Text("Nothing waits for a person.")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for header in ("review", "customer", "why", "intent", "due", "holder", "last words"):
        table.add_column(header, no_wrap=header != "last words")
    for line in lines:
        review = line.review
        claimed = review.claimed_by if review.claim_until and review.claim_until > now else None
        sure = f" {line.confidence:.0%}" if line.confidence is not None else ""
        table.add_row(
            review.id,
            clean(line.customer) or "unknown",
            Text(why(review.reason), style="red" if is_urgent(review.reason) else ""),
            f"{words(review.intent)}{sure}" if review.intent else "",
            _due(review.due_at, now),
            claimed or line.holder_agent or "",
            clean(line.last_words).replace("\n", " ")[:60],
        )
    return table


def _due(due: datetime | None, now: datetime) -> Text:
    if due is None:
        return Text("")
    minutes = round((due - now).total_seconds() / 60)
    length = f"{abs(minutes)} min" if abs(minutes) < 90 else f"{abs(minutes) // 60} h"
    return Text(f"{length} late", style="red") if minutes < 0 else Text(f"in {length}")


def card_text(card: Card) -> RenderableType:
    """One review: the last messages, the draft with its findings, what is possible."""
    review = card.review
    parts: list[RenderableType] = []
    for message in card.view.messages[-LAST_MESSAGES:]:
        who = message.author or {"customer": "customer", "ai": "AI"}.get(message.role, "team")
        parts.append(Text.assemble((f"{clean(who)}> ", "bold"), clean(message.text)))
    if review is None:
        return Group(*parts)
    parts += [Text(), Text(f"{review.explanation} ({why(review.reason)})", style="yellow")]
    draft = Text()
    for piece in card.pieces:
        style = f"underline {_COLOURS[piece.severity]}" if piece.severity else ""
        draft.append(clean(piece.text), style=style)
        if piece.numbers:
            draft.append(f"[{','.join(map(str, piece.numbers))}]", style="dim")
    if card.draft_text:
        parts += [Text(), Text("draft", style="dim"), draft]
    for number, finding in enumerate(card.findings, 1):
        line = f"{number} {finding.severity} {finding.key}: {clean(finding.message)}"
        parts.append(Text(line, style=_COLOURS[finding.severity]))
        for proof in finding.evidence:
            quote = f" “{clean(proof.quote)}”" if proof.quote else ""
            parts.append(Text(f"    {proof.relation} {proof.source}{quote}", style="dim"))
        if finding.proposal:
            parts.append(Text(f"    proposed: {clean(finding.proposal.replacement)}"))
    possible = ", ".join(words(kind) for kind in review.allowed)
    parts += [Text(), Text(f"{review.id} · {review.status} · possible: {possible}", style="dim")]
    return Group(*parts)
