"""``handrail audit``: says whether the record of changes is whole."""

from __future__ import annotations

from typing import Annotated

import typer

from handrail.desk.cli.running import AsJson, print_json

app = typer.Typer(help="The audit chain.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """The audit chain."""


@app.command("verify")
def verify(
    conversation: Annotated[
        str | None, typer.Argument(help="One conversation; all where left out.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Check every row against the one before; exit code 1 where the chain is broken."""
    from handrail.desk.cli.db import existing
    from handrail.store import audit

    database = existing()
    breaks = database.read_now(lambda c: audit.verify(c, conversation))
    gone = database.read_now(lambda c: audit.removal_of(c, conversation or ""))
    if gone is not None and not json:
        facts = gone["payload"]
        typer.echo(
            f"removed at {gone['at']:%Y-%m-%d %H:%M} UTC, {facts['rule']}; its chain ended at row "
            f"{facts['audit_no']} with {facts['audit_hash']}"
        )
    elif json:
        print_json({"ok": not breaks, "breaks": breaks})
    elif not breaks:
        typer.echo("the audit chain is whole")
    else:
        for item in breaks:
            typer.echo(str(item), err=True)
    raise typer.Exit(1 if breaks else 0)
