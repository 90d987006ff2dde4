"""``handrail up``: everything in one process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handrail.desk.cli.running import collect_seldom, log_warnings, run, settings_with

if TYPE_CHECKING:
    import socket

    from handrail.desk.settings import Settings


def up(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 8717 where left out.")] = None,
    playbook: Annotated[
        Path | None, typer.Option(help="Folder of the playbook; the demo shop where left out.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(help="SQLAlchemy URL; an SQLite file of its own where left out.")
    ] = None,
    work: Annotated[
        bool, typer.Option(help="Run turns here; without, `handrail worker` processes do.")
    ] = True,
) -> None:
    """Serve the desk, the chat and the worker."""
    from handrail.desk.binding import check_binding

    settings = settings_with(host=host, port=port, playbook=playbook, database=database)
    check_binding(settings.host, settings.trusted_user_header)
    log_warnings()
    with listen(settings.host, settings.port) as listener:
        run(_serve(settings, listener, work=work))


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else is started.

    Raises:
        PortInUseError: somebody listens there.
        ConfigurationError: there is no such address.
    """
    import errno
    import socket

    from handrail.core.errors import ConfigurationError, PortInUseError

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host.strip("[]"), port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(
                f"port {port} on {host} is taken; stop what listens there, or give another one "
                "with --port or HANDRAIL_PORT"
            ) from error
        raise ConfigurationError(
            f"cannot listen on {host}:{port}: {error.strerror}; give an address of this machine "
            "with --host or HANDRAIL_HOST"
        ) from error
    return listener


async def _serve(settings: Settings, listener: socket.socket, *, work: bool) -> None:
    import uvicorn

    from handrail.desk.app import create_app
    from handrail.desk.compose import open_engine

    async with open_engine(settings=settings, work=work) as engine:
        app = create_app(engine, settings)
        collect_seldom()
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_graceful_shutdown=3
        )
        _announce(settings, engine.kits.active.release.name, listener.getsockname()[1])
        await uvicorn.Server(config).serve(sockets=[listener])


def _announce(settings: Settings, release: str, port: int) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    base = f"http://{host}:{port}"
    typer.echo(f"Handrail is up with the playbook {release!r}. Stop with Ctrl-C.")
    typer.echo(f"  chat  {base}/chat    write as a customer")
    typer.echo(f"  desk  {base}/desk    decide as a person of the team")
    typer.echo(f"  all   {base}/")
