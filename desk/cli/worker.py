"""``handrail worker``: one more process that runs turns, delivers replies and fires timers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handrail.desk.cli.running import collect_seldom, log_warnings, run, settings_with

if TYPE_CHECKING:
    from handrail.desk.settings import Settings


def worker(
    database: Annotated[
        str | None, typer.Option(help="SQLAlchemy URL; HANDRAIL_DATABASE where left out.")
    ] = None,
    playbook: Annotated[
        Path | None, typer.Option(help="Folder of the playbook; the demo shop where left out.")
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Conversations to run at once; 100 where left out.")
    ] = None,
) -> None:
    """Run turns until stopped; any number of workers share a PostgreSQL database.

    SIGTERM or Ctrl-C lets the turns under way come to an end (HANDRAIL_DRAIN_SECONDS); what is
    not done by then goes to another worker at once. A second signal stops at once.
    """
    log_warnings()
    run(_work(settings_with(database=database, playbook=playbook, concurrency=concurrency)))


async def _work(settings: Settings) -> None:
    import asyncio
    import signal

    from handrail.desk.compose import open_engine

    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def ask_to_stop(number: signal.Signals) -> None:
        loop.remove_signal_handler(number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask_to_stop, number)
    async with open_engine(settings=settings, work=True) as engine:
        collect_seldom()
        typer.echo(f"Worker {engine.owner} is at work. Stop with Ctrl-C.")
        await stop.wait()
        typer.echo("Stopping: the turns under way come to an end.")
