"""``handrail graph``: the flows, and whether they are safe to run."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handrail.desk.cli.running import AsJson, print_json, run

if TYPE_CHECKING:
    from handrail.engine.versions import Graphs
    from handrail.graphs.definition import GraphDefinition
    from handrail.store.database import Database

app = typer.Typer(help="Graphs: list, show, check.", no_args_is_help=True)


@app.command("ls")
def list_graphs(json: AsJson = False) -> None:
    """List the graphs of all installed packages."""
    found = [
        {"name": item.name, "version": item.version, "description": item.description}
        for item in _all().values()
    ]
    if json:
        print_json({"graphs": found})
        return
    for item in found:
        typer.echo(f"{item['name']}@{item['version']}  {item['description']}")


@app.command("show")
def show(
    name: str,
    svg: Annotated[
        Path | None, typer.Option(help="Write the picture to this file.", dir_okay=False)
    ] = None,
    json: AsJson = False,
) -> None:
    """Show a graph's nodes and edges."""
    from handrail.desk.api.traces import describe_graph
    from handrail.graphs.drawing import draw_svg, draw_text

    graph = _graph(name)
    if svg is not None:
        svg.write_text(draw_svg(graph), encoding="utf-8")
        typer.echo(f"wrote {svg}", err=True)
    if json:
        print_json(describe_graph(graph))
    elif svg is None:
        typer.echo(draw_text(graph))


@app.command("check")
def check(
    name: Annotated[str | None, typer.Argument(help="One graph; all where left out.")] = None,
    against: Annotated[
        str | None,
        typer.Option(help="Database whose waiting conversations are tried too.", metavar="URL"),
    ] = None,
    json: AsJson = False,
) -> None:
    """Apply the static rules; exit code 1 where one is broken, or a conversation is stranded."""
    graphs = {name: _graph(name)} if name else _all()
    problems = {each: [str(found) for found in graph.check()] for each, graph in graphs.items()}
    prospects = None if against is None else _rehearse(against, _graph(name).name if name else None)
    if json:
        print_json({"graphs": problems, **({"against": prospects} if prospects else {})})
    else:
        _print_problems(problems)
        if prospects is not None:
            _print_prospects(prospects)
    stranded = prospects is not None and bool(prospects["stranded"])
    raise typer.Exit(1 if any(problems.values()) or stranded else 0)


def _print_problems(problems: dict[str, list[str]]) -> None:
    for graph, found in problems.items():
        typer.echo(f"{graph}: " + ("safe to run" if not found else f"{len(found)} problem(s)"))
        for line in found:
            typer.echo(f"  {line}")


def _rehearse(url: str, name: str | None) -> dict[str, Any]:
    """Try the conversations that wait in a database, which is only read."""
    from sqlalchemy.engine import make_url

    from handrail.core.errors import DatabaseVersionError
    from handrail.engine.rehearsal import rehearse
    from handrail.store import migrating

    database = _existing(url)
    try:
        shown = make_url(url).render_as_string(hide_password=True)
        if migrating.revision(database) is None:
            raise DatabaseVersionError(f"{shown} holds no conversations; name another database")
        found = [p for p in run(rehearse(database, _graphs())) if name in (None, p.graph)]
    finally:
        database.close()
    counted = Counter(prospect.outcome for prospect in found)
    return {
        "database": shown,
        "waiting": len(found),
        "resumes": counted["resumes"],
        "migrates": counted["migrates"],
        "stranded": [prospect for prospect in found if prospect.outcome == "stranded"],
    }


def _existing(url: str) -> Database:
    """Open a database that is there; SQLite would make one."""
    from handrail.core.errors import ConfigurationError
    from handrail.store.database import Database

    database = Database(url)
    if database.path is not None and not database.path.is_file():
        raise ConfigurationError(f"there is no database at {database.path}; name one that is used")
    return database


def _print_prospects(prospects: dict[str, Any]) -> None:
    stranded = prospects["stranded"]
    typer.echo(
        f"{prospects['database']}: {prospects['waiting']} conversation(s) wait: "
        f"{prospects['resumes']} as they are, {prospects['migrates']} by rule, "
        f"{len(stranded)} stranded"
    )
    for each in stranded:
        typer.echo(
            f"  {each.conversation_id} in {each.node} of {each.graph}@{each.version}: {each.reason}"
        )


def _graphs() -> Graphs:
    from handrail.core.registry import registered
    from handrail.engine.versions import Graphs

    return Graphs(registered("graph").values())


def _all() -> dict[str, GraphDefinition]:
    """The newest version of every graph by its name, older ones as ``support@1``."""
    graphs = _graphs()
    found: dict[str, Any] = {}
    for name in sorted(graphs):
        *older, newest = graphs.versions(name)
        found[name] = newest
        found |= {f"{name}@{graph.version}": graph for graph in older}
    return found


def _graph(name: str) -> GraphDefinition:
    from handrail.core.errors import NotFoundError

    graphs = _all()
    if name not in graphs:
        raise NotFoundError(f"no graph {name!r}; there are {', '.join(graphs)}")
    return graphs[name]
