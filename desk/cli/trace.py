"""``handrail trace``: why a reply was sent, and where the time went."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from handrail.desk.cli.running import AsJson, print_json, print_rich

if TYPE_CHECKING:
    from handrail.store.database import Database

app = typer.Typer(help="Traces: list, show.", no_args_is_help=True)

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Status(StrEnum):
    """How a turn stands."""

    ok = "ok"
    waiting = "waiting"
    error = "error"


def since(text: str | None, now: datetime) -> datetime | None:
    """Read a length of time such as ``90s``, ``30m``, ``1h`` or ``7d`` before now.

    Raises:
        typer.BadParameter: it is none.
    """
    if text is None:
        return None
    amount, unit = text[:-1], text[-1:]
    if not (amount.isascii() and amount.isdigit() and len(amount) < 6 and unit in _UNITS):
        raise typer.BadParameter(f"{text!r} is no length of time; write 30m, 1h or 7d")
    return now - timedelta(**{_UNITS[unit]: int(amount)})


@app.command("ls")
def list_traces(  # noqa: PLR0917 - typer reads options from parameters
    age: Annotated[
        str | None, typer.Option("--since", help="Only the last 30m, 1h, 7d ...")
    ] = None,
    status: Annotated[Status | None, typer.Option(help="Only those that stand so.")] = None,
    node: Annotated[str | None, typer.Option(help="Only those that ran this node.")] = None,
    slow: Annotated[
        float | None, typer.Option(help="Only graph times above so many seconds.")
    ] = None,
    conversation: Annotated[str | None, typer.Option(help="Only this conversation's.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    json: AsJson = False,
) -> None:
    """List traces, newest first."""
    from handrail.core.clock import SystemClock
    from handrail.traces.reading import find_traces

    begin = since(age, SystemClock().now())
    found = _database().read_now(
        lambda c: find_traces(
            c,
            since=begin,
            status=status.value if status else None,
            node=node,
            slower_than=slow,
            conversation_id=conversation,
            limit=limit,
        )
    )
    if json:
        print_json({"traces": found})
        return
    from handrail.traces.rendering import render_list

    print_rich(render_list(found))


@app.command("show")
def show(
    reference: Annotated[
        str, typer.Argument(help="A trace or its beginning, a turn, or a conversation.")
    ],
    depth: Annotated[int | None, typer.Option(min=1, help="Levels of the tree.")] = None,
    only_flagged: Annotated[
        bool, typer.Option("--only-flagged", help="Only spans with findings or errors.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Show one turn as a tree with times, people's waits included, and its audit rows."""
    from handrail.traces.reading import read_trace

    trace = _database().read_now(lambda c: read_trace(c, reference))
    if json:
        print_json(trace)
        return
    from handrail.traces.rendering import render_trace

    print_rich(render_trace(trace, depth=depth, only_flagged=only_flagged))


def _database() -> Database:
    from handrail.desk.cli.db import existing

    return existing()
