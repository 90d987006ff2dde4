"""``handrail inbox`` commands that put a matter off, pass it on, or ask back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from handrail.desk.cli.inbox import (
    Acknowledge,
    Actor,
    Id,
    Message,
    conversation_of,
    decide,
    name_of,
)
from handrail.desk.cli.running import AsJson, print_json, run

FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M%z"]
"""Moments without a zone are this machine's."""


def ask(
    review: Id,
    message: Message,
    acknowledge: Acknowledge = None,
    actor: Actor = None,
    json: AsJson = False,
) -> None:
    """Ask the customer something; the matter goes on with what they answer."""
    decision = {"kind": "ask_customer", "text": message, "acknowledge": acknowledge or []}
    decide(review, decision, actor, json)


def snooze(
    review: Id,
    minutes: Annotated[int | None, typer.Option(min=1, help="For so many minutes.")] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=FORMATS, help="Until this moment.")
    ] = None,
    actor: Actor = None,
    json: AsJson = False,
) -> None:
    """Take a review out of the queue for a while; its due time waits as long."""
    if (minutes is None) == (until is None):
        raise typer.BadParameter("give either --minutes or --until")
    moment = until.astimezone() if until else None
    decide(review, {"kind": "snooze", "minutes": minutes, "until": moment}, actor, json)


def escalate(
    review: Id,
    team: Annotated[str, typer.Argument(help="A team of the playbook.")],
    message: Annotated[str, typer.Option("--message", "-m", help="A note for that team.")] = "",
    actor: Actor = None,
    json: AsJson = False,
) -> None:
    """Give a review to another team; it gets a due time in their hours."""
    decide(review, {"kind": "escalate", "team": team, "note": message}, actor, json)


def look_again(
    conversation: Annotated[str, typer.Argument(help="A conversation or a review.")],
    at: Annotated[datetime, typer.Option(formats=FORMATS, help="When.")],
    message: Message,
    actor: Actor = None,
    json: AsJson = False,
) -> None:
    """Have a conversation come up again later, unless the customer writes before."""
    run(_look_again(conversation, at.astimezone(), message, actor, json))


async def _look_again(
    reference: str, at: datetime, note: str, actor: str | None, as_json: bool
) -> None:
    from handrail.desk.compose import open_engine

    async with open_engine(work=False) as engine:
        conversation_id = await conversation_of(engine, reference)
        accepted = await engine.look_again(conversation_id, at=at, note=note, actor=name_of(actor))
    if as_json:
        print_json(accepted)
    else:
        typer.echo(f"looks again at {at:%Y-%m-%d %H:%M %Z}: {conversation_id}")


COMMANDS = {"ask": ask, "snooze": snooze, "escalate": escalate, "again": look_again}
