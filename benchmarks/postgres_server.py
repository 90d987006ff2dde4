"""A private PostgreSQL server for a benchmark, with the durability that a real one has."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "track_commit_timestamp": "on",
}


@contextmanager
def postgres_server() -> Generator[str]:
    """Start a server, give the address of its first database, and remove it."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name)
    if not found:
        print("no PostgreSQL server in /usr/lib/postgresql; install postgresql", file=sys.stderr)
        raise SystemExit(2)
    account = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="handrail-benchmark-"))
    if account:
        shutil.chown(folder, account)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(program: str, *arguments: Any) -> None:
        command = [found[-1] / program, "-D", folder / "data", *arguments]
        subprocess.run(command, check=True, user=account, cwd=folder, stdout=subprocess.DEVNULL)

    run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
    given = {**SETTINGS, "port": port, "unix_socket_directories": folder}
    options = " ".join(f"-c {name}={value}" for name, value in given.items())
    run("pg_ctl", "-w", "-l", folder / "server.log", "-o", options, "start")
    try:
        yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)


def settle(url: str) -> None:
    """Do what the server does by itself within a minute of a bulk change."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
        connection.exec_driver_sql("CHECKPOINT")
    engine.dispose()


def new_database(server: str, name: str) -> str:
    """Make an empty database on a server and return its address."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    engine.dispose()
    return engine.url.set(database=name).render_as_string(hide_password=False)
