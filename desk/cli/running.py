"""How commands run, print and fail: exit codes 0, 1 and 2, ``--json``, errors without traces."""

from __future__ import annotations

import json
import sys
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

    from handrail.desk.settings import Settings
    from handrail.engine.service import Engine

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
UNDO_WAIT = 15.0
"""Longest a command waits for a reply to leave, in seconds."""
COLLECTED_AFTER = 20_000
"""Objects made and still there after which the young ones are looked through for garbage."""


def run_app(app: typer.Typer) -> None:
    """Run the command line; an error that Handrail raises on purpose is told in one line."""
    from handrail.core.errors import HandrailError

    try:
        app()
    except HandrailError as error:
        tell(error)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def tell(error: Any) -> None:
    """Print an error as ``code: message``."""
    typer.echo(f"{error.code}: {error.message}", err=True)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine."""
    import asyncio

    return asyncio.run(work)


def settings_with(**options: object) -> Settings:
    """Read the settings, with the options that were given in the place of the environment's."""
    from handrail.desk.settings import Settings

    given = {name: value for name, value in options.items() if value is not None}
    return Settings().model_copy(update=given)


def log_warnings() -> None:
    """Let a process that serves or works tell what is wrong."""
    import logging

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")


def collect_seldom() -> None:
    """Let a process that runs turns look for garbage less often than Python does by itself.

    What a turn makes goes away without it, and what was loaded stays: to look all of it through
    after every 700 objects is a tenth of a turn's time (``python -m benchmarks.turn``).
    """
    import gc

    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECTED_AFTER)


def print_json(value: Any) -> None:
    """Print a value for programs: models, dataclasses, moments."""
    import pydantic_core

    plain = json.loads(pydantic_core.to_json(value, fallback=str))
    typer.echo(json.dumps(plain, indent=2, ensure_ascii=False))


def print_rich(item: RenderableType) -> None:
    """Print for people: coloured on a terminal, plain elsewhere; wide enough not to cut."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=160)
    console.print(item)


def clean(text: str) -> str:
    """Take control characters out of what others wrote: a terminal would obey them."""
    return "".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in text)


async def finish(engine: Engine, conversation_id: str) -> bool:
    """Do the work a change has caused, unless a server does it; say whether it was done here.

    A reply in its undo window is waited for.
    """
    import asyncio

    from handrail.core.errors import DatabaseBusyError
    from handrail.desk.lock import worker_lock

    if engine.database.path is None:
        return False
    try:
        with worker_lock(engine.database.path):
            deadline = asyncio.get_running_loop().time() + UNDO_WAIT
            while asyncio.get_running_loop().time() < deadline:
                await engine.settle()
                if not (await engine.conversation(conversation_id)).outbox:
                    break
                await asyncio.sleep(0.2)
    except DatabaseBusyError:
        return False
    return True
