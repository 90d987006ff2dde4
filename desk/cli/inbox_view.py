"""What ``handrail inbox`` prints for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from handrail.core.decisions import Review
from handrail.desk.cards import Card, is_urgent, why
from handrail.desk.cli.running import clean
from handrail.desk.templating import words
from handrail.store.reviews import QueueLine

LAST_MESSAGES = 6
_COLOURS = {"low": "dim", "medium": "yellow", "high": "dark_orange", "critical": "bold red"}


def queue_table(
    lines: Sequence[QueueLine], snoozed: Sequence[QueueLine], now: datetime
) -> RenderableType:
    """The open reviews as a table, those that are snoozed last."""
    if not lines and not snoozed:
        return Text("Nothing waits for a person.")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for header in ("review", "customer", "why", "intent", "team", "due", "holder", "last words"):
        table.add_column(header, no_wrap=header != "last words")
    for line in (*lines, *snoozed):
        review = line.review
        claimed = review.claimed_by if review.claim_until and review.claim_until > now else None
        sure = f" {line.confidence:.0%}" if line.confidence is not None else ""
        table.add_row(
            review.id,
            clean(line.customer) or "unknown",
            Text(why(review.reason), style="red" if is_urgent(review.reason) else ""),
            f"{words(review.intent)}{sure}" if review.intent else "",
            review.team,
            due_text(review, now),
            claimed or line.holder_agent or "",
            clean(line.last_words).replace("\n", " ")[:60],
        )
    return table


def _clock_lines(card: Card, review: Review) -> list[RenderableType]:
    lines: list[RenderableType] = [Text()]
    if review.status == "open":
        lines.append(Text.assemble(f"{review.team} · due ", due_text(review, card.now)))
    if card.change():
        lines.append(Text(card.change(), style="yellow"))
    lines += [
        Text(f"told {item.at:%d %b %H:%M} UTC: {clean(item.worded)}", style="dim")
        for item in card.view.actions
    ]
    lines += [
        Text(f"look again {item.at:%d %b %H:%M} UTC: {clean(item.note)}", style="dim")
        for item in card.view.follow_ups
    ]
    return lines


def due_text(review: Review, now: datetime) -> Text:
    """When a review is due: ``in 12 min``, ``reminded, in 3 min``, ``2 h late``, or snoozed."""
    if review.snoozed_until is not None:
        return Text(f"snoozed, back in {_length(review.snoozed_until - now)}", style="dim")
    if review.due_at is None:
        return Text("")
    if review.due_at < now:
        return Text(f"{_length(now - review.due_at)} late", style="red")
    due = f"in {_length(review.due_at - now)}"
    return Text(f"reminded, {due}", style="yellow") if review.reminded_at else Text(due)


def _length(length: timedelta) -> str:
    minutes = max(round(length.total_seconds() / 60), 0)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h"


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
    for action in review.draft.actions if review.draft else ():
        asked = ", ".join(f"{name} {value}" for name, value in action.arguments.items())
        parts.append(Text(f"proposed with it: {clean(f'{words(action.name)} {asked}')}"))
    for number, finding in enumerate(card.findings, 1):
        line = f"{number} {finding.severity} {finding.key}: {clean(finding.message)}"
        parts.append(Text(line, style=_COLOURS[finding.severity]))
        for proof in finding.evidence:
            quote = f" “{clean(proof.quote)}”" if proof.quote else ""
            parts.append(Text(f"    {proof.relation} {proof.source}{quote}", style="dim"))
        if finding.proposal:
            parts.append(Text(f"    proposed: {clean(finding.proposal.replacement)}"))
    possible = ", ".join(words(kind) for kind in review.allowed)
    parts += _clock_lines(card, review)
    parts += [Text(f"{review.id} · {review.status} · possible: {possible}", style="dim")]
    return Group(*parts)
