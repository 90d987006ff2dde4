"""The command line. Commands import what they run, so that ``handrail --help`` stays fast."""

from __future__ import annotations

import typer

from handrail.desk.cli import (
    action,
    audit,
    chat,
    db,
    doctor,
    graph,
    guardrail,
    inbox,
    inbox_clocks,
    intents,
    knowledge,
    playbook,
    replay,
    simulate,
    trace,
    up,
    worker,
)
from handrail.desk.cli.running import run_app

app = typer.Typer(
    name="handrail",
    help="Customer support conversations shared by AI and people.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up")(up.up)
app.command("worker")(worker.worker)
app.command("chat")(chat.chat)
for name, command in inbox_clocks.COMMANDS.items():
    inbox.app.command(name)(command)
app.add_typer(inbox.app, name="inbox")
app.add_typer(action.app, name="action")
app.add_typer(trace.app, name="trace")
app.add_typer(audit.app, name="audit")
app.add_typer(graph.app, name="graph")
app.add_typer(guardrail.app, name="guardrail")
app.add_typer(playbook.app, name="playbook")
app.add_typer(intents.app, name="intents")
app.add_typer(knowledge.app, name="knowledge")
app.add_typer(db.app, name="db")
app.command("replay")(replay.replay)
app.command("simulate")(simulate.simulate)
app.command("doctor")(doctor.doctor)


def main() -> None:
    """Run the command line; the entry point ``handrail``."""
    run_app(app)


__all__ = ["app", "main"]
