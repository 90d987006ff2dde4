"""``handrail action``: tell what was done for a customer, as a back office does."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from handrail.desk.cli.inbox import Actor, name_of
from handrail.desk.cli.inbox_clocks import FORMATS
from handrail.desk.cli.running import AsJson, print_json, run

app = typer.Typer(help="What was done for customers: tell of it.", no_args_is_help=True)


@app.callback()
def commands() -> None:
    """Keep ``tell`` a command of its own, though it is the only one."""


@app.command("tell")
def tell(
    action: Annotated[str, typer.Argument(help="Its name, verb first: refund_order.")],
    *,
    customer: Annotated[str, typer.Option(help="Id of the customer it was done for.")],
    id: Annotated[str, typer.Option("--id", help="Its id; told again it counts once.")],  # noqa: A002
    record: Annotated[
        str | None, typer.Option(help="What it was done on: order/LF1003, or LF1003.")
    ] = None,
    amount: Annotated[str | None, typer.Option(help="20.00; with --currency.")] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217 code: USD.")] = None,
    outcome: Annotated[str, typer.Option(help="done, failed or pending.")] = "done",
    at: Annotated[datetime | None, typer.Option(formats=FORMATS, help="When; now if left out.")] = (
        None
    ),
    detail: Annotated[
        list[str] | None, typer.Option(help="More, NAME=TEXT, for the customer too; repeatable.")
    ] = None,
    actor: Actor = None,
    json: AsJson = False,
) -> None:
    """Tell what was done for a customer, so that replies may say so."""
    kind, _, number = (record or "").rpartition("/")
    told = {
        "id": id,
        "action": action,
        "customer_id": customer,
        "record_kind": kind or None,
        "record": number or None,
        "amount": amount,
        "currency": currency,
        "outcome": outcome,
        "actor": name_of(actor),
        "details": dict(_detail(text) for text in detail or ()),
    }
    run(_tell(told, at.astimezone() if at else None, json))


def _detail(text: str) -> tuple[str, str]:
    name, given, value = text.partition("=")
    if not given:
        raise typer.BadParameter(f"{text!r}: write NAME=TEXT", param_hint="--detail")
    return name, value


async def _tell(told: dict[str, Any], at: datetime | None, as_json: bool) -> None:
    from pydantic import ValidationError

    from handrail.core.conversation import ActionNotice
    from handrail.core.errors import InvalidRequestError
    from handrail.desk.compose import open_engine

    async with open_engine(work=False) as engine:
        try:
            notice = ActionNotice(**told, at=at or engine.clock.now())
        except ValidationError as error:
            said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise InvalidRequestError(f"this is no action: {said}") from error
        receipt = await engine.tell_action(notice)
    if as_json:
        print_json(receipt)
    elif receipt.duplicate:
        typer.echo(f"told before: {receipt.id}")
    else:
        number = len(receipt.conversations)
        typer.echo(f"told: {receipt.id}, in {number} open conversation{'s' * (number != 1)}")
