"""``handrail graph``: the flows, and whether they are safe to run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handrail.desk.cli.running import AsJson, print_json

if TYPE_CHECKING:
    from handrail.graphs.definition import GraphDefinition

app = typer.Typer(help="Graphs: list, show, check.", no_args_is_help=True)


@app.command("ls")
def list_graphs(json: AsJson = False) -> None:
    """List the graphs of all installed packages."""
    found = [
        {"name": item.name, "version": item.version, "description": item.description}
        for item in _graphs().values()
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
    json: AsJson = False,
) -> None:
    """Apply the static rules; exit code 1 where one is broken."""
    graphs = [_graph(name)] if name else list(_graphs().values())
    problems = {graph.name: [str(problem) for problem in graph.check()] for graph in graphs}
    if json:
        print_json({"graphs": problems})
    else:
        for graph, found in problems.items():
            typer.echo(f"{graph}: " + ("safe to run" if not found else f"{len(found)} problem(s)"))
            for line in found:
                typer.echo(f"  {line}")
    raise typer.Exit(1 if any(problems.values()) else 0)


def _graphs() -> dict[str, GraphDefinition]:
    from handrail.core.registry import registered

    return dict(sorted(registered("graph").items()))


def _graph(name: str) -> GraphDefinition:
    from handrail.core.errors import NotFoundError

    graphs = _graphs()
    if name not in graphs:
        raise NotFoundError(f"no graph {name!r}; there are {', '.join(graphs)}")
    return graphs[name]
