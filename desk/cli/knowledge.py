"""``handrail knowledge``: brings articles in, searches them, and says which need care."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from handrail.desk.cli.running import AsJson, clean, print_json, settings_with

app = typer.Typer(help="Articles of the playbook.", no_args_is_help=True)

PlaybookOption = Annotated[
    Path | None,
    typer.Option("--playbook", help="Folder of the playbook; HANDRAIL_PLAYBOOK, or the demo shop."),
]
Day = Annotated[
    datetime | None,
    typer.Option("--on", formats=["%Y-%m-%d"], help="Day to look at; today where left out."),
]


def _folder(playbook: Path | None) -> Path:
    from handrail.playbook.loading import demo_path

    return settings_with(playbook=playbook).playbook or demo_path()


def _day(on: datetime | None) -> date:
    from datetime import UTC

    return (on or datetime.now(UTC)).date()


@app.command("search")
def search(  # noqa: PLR0917 - typer reads options from parameters
    query: Annotated[str, typer.Argument(help="What a customer would ask.")],
    playbook: PlaybookOption = None,
    language: Annotated[
        str | None, typer.Option(help="Only articles in this language, such as es.")
    ] = None,
    tier: Annotated[str | None, typer.Option(help="As a customer of this tier.")] = None,
    internal: Annotated[
        bool, typer.Option("--internal", help="Search as the team: internal articles too.")
    ] = False,
    on: Day = None,
    limit: Annotated[int, typer.Option(min=1, help="Most passages.")] = 5,
    json: AsJson = False,
) -> None:
    """Show the passages that a draft would be given; exit code 1 where there are none."""
    from handrail.language.knowledge import ArticleIndex
    from handrail.playbook.loading import load_release

    index = ArticleIndex(load_release(_folder(playbook)).articles)
    found = index.search(
        query, limit=limit, language=language, internal=internal, tier=tier, on=_day(on)
    )
    if json:
        print_json({"passages": found})
    else:
        for passage in found:
            note = " (internal)" if passage.internal else ""
            typer.echo(f"{passage.score:6.2f}  {passage.id}  {clean(passage.title)}{note}")
            typer.echo("        " + clean(passage.text).replace("\n", "\n        "))
        if not found:
            typer.echo("no passage speaks of that")
    raise typer.Exit(0 if found else 1)


@app.command("check")
def check(
    path: Annotated[
        Path | None, typer.Argument(help="Folder of the playbook; HANDRAIL_PLAYBOOK, or the demo.")
    ] = None,
    on: Day = None,
    json: AsJson = False,
) -> None:
    """List articles that cannot be read, are out of date, or say different things."""
    from handrail.playbook.article_checks import check_articles
    from handrail.playbook.problems import listed

    folder = _folder(path)
    problems = check_articles(folder, _day(on))
    if json:
        print_json({"ok": not problems, "problems": problems})
    else:
        typer.echo(listed(problems) if problems else f"the articles of {folder} are right")
    raise typer.Exit(1 if problems else 0)


@app.command("import")
def import_folder(
    folder: Annotated[Path, typer.Argument(help="Folder with Markdown files, at any depth.")],
    playbook: Annotated[
        Path | None, typer.Option("--playbook", help="Folder of the playbook; HANDRAIL_PLAYBOOK.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Language of files that do not say theirs, such as es.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Write over articles that have other text.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Copy Markdown files into the playbook as articles; where one is wrong, nothing is written."""
    from handrail.core.errors import ImportDataError
    from handrail.playbook.article_import import prepare_import, write_articles
    from handrail.playbook.problems import Problem, listed

    target = settings_with(playbook=playbook).playbook
    if target is None or not target.is_dir():
        raise ImportDataError("no playbook folder to import into; name it with --playbook")
    ready, problems = prepare_import(folder, target, language)
    if not replace:
        message = "the playbook has articles/{}.md with other text; --replace writes over it"
        problems += [
            Problem(file=one.file, message=message.format(one.id))
            for one in ready
            if one.state == "changed"
        ]
    if problems:
        raise ImportDataError(
            f"{len(problems)} file(s) cannot be imported, and none was:\n{listed(problems)}",
            problems=[problem.model_dump() for problem in problems],
        )
    write_articles(ready, target)
    _tell_import([{"file": one.file, "id": one.id, "state": one.state} for one in ready], json)


def _tell_import(done: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json({"articles": done})
        return
    for one in done:
        typer.echo(f"{one['state']:8} articles/{one['id']}.md  from {clean(one['file'])}")
    typer.echo("look at them with 'handrail knowledge check'")
