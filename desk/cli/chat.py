"""``handrail chat``: write as a customer in the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from handrail.desk.cli.running import AsJson, clean, print_json, run

if TYPE_CHECKING:
    from handrail.core.conversation import Message
    from handrail.engine.service import Engine

WAIT_SECONDS = 20.0
"""Longest wait for an answer, in seconds."""


def chat(
    message: Annotated[
        str | None, typer.Argument(help="Say this and leave; left out: a conversation.")
    ] = None,
    customer: Annotated[
        str | None, typer.Option("--as", help="Id of the customer, such as cust_001.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Write to the team as a customer; works beside a running server and without one."""
    if message is None and json:
        raise typer.BadParameter("--json needs a message as argument")
    run(_chat(message, customer, json))


async def _chat(message: str | None, customer: str | None, as_json: bool) -> None:
    import getpass

    from handrail.desk.compose import open_engine

    address = f"customer:{customer}" if customer else f"visitor:terminal-{getpass.getuser()}"
    async with open_engine(work=None) as engine:
        if message is not None:
            answers = await _say(engine, message, address, customer)
            if as_json:
                print_json({"messages": answers})
            else:
                _print(answers)
            return
        typer.echo("Write a message and press Enter; an empty line ends the chat.")
        while line := await _read():
            _print(await _say(engine, line, address, customer))


async def _read() -> str:
    import asyncio

    def ask() -> str:
        try:
            return input("you> " if sys.stdin.isatty() else "")
        except EOFError:
            return ""

    return (await asyncio.to_thread(ask)).strip()


async def _say(
    engine: Engine, text: str, address: str, customer: str | None
) -> tuple[Message, ...]:
    """Send a message and wait for what comes back: replies, or word that a person is asked."""
    import asyncio

    from handrail.core.conversation import Customer
    from handrail.core.events import CustomerMessage, Event
    from handrail.core.ids import new_id

    accepted = await engine.ingest(
        Event(
            channel="web",
            external_id=f"{address}:{new_id('say')}",
            body=CustomerMessage(
                text=text,
                address=address,
                customer=Customer(id=customer) if customer else None,
                verified=customer is not None,
            ),
        )
    )
    end = asyncio.get_running_loop().time() + WAIT_SECONDS
    while asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0.05)
        view = await engine.conversation(accepted.conversation_id)
        mine = next(m.seq for m in view.messages if m.id == accepted.message_id)
        answers = await engine.messages(accepted.conversation_id, after_seq=mine)
        replies = tuple(item for item in answers if item.role in ("ai", "agent"))
        if replies:
            return replies
        if any(item.status == "open" for item in view.reviews):
            typer.echo(
                "(a person of the team is asked; see `handrail inbox` or the desk)", err=True
            )
            return ()
    typer.echo("(no answer yet: is `handrail up` running?)", err=True)
    return ()


def _print(messages: tuple[Message, ...]) -> None:
    for item in messages:
        typer.echo(f"{item.author or 'team' if item.role == 'agent' else 'AI'}> {clean(item.text)}")
