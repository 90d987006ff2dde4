"""``handrail playbook``: says whether a playbook is right, and what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from handrail.desk.cli.running import AsJson, print_json

app = typer.Typer(help="Playbooks.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Playbooks."""


@app.command("check")
def check(
    path: Annotated[
        Path | None, typer.Argument(help="Folder of the playbook; the demo where left out.")
    ] = None,
    json: AsJson = False,
) -> None:
    """List everything that is wrong, with line and column; exit code 1 where something is.

    What is not written in all languages of the brand is told too, and is no mistake.
    """
    from handrail.playbook.loading import check_playbook, demo_path, find_untranslated

    folder = path or demo_path()
    problems = check_playbook(folder)
    lacking = [] if problems else find_untranslated(folder)
    if json:
        print_json({"ok": not problems, "problems": problems, "untranslated": lacking})
    else:
        for problem in (*problems, *lacking):
            typer.echo(str(problem))
        if not problems:
            typer.echo(f"{folder} is right")
    raise typer.Exit(1 if problems else 0)
