"""PostgreSQL's own programs for a backup: ``pg_dump`` and ``pg_restore``."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from handrail.core.errors import ConfigurationError, DatabaseDamagedError
from handrail.store.database import Database


def dump(database: Database, file: Path) -> None:
    """Write a database to a file in PostgreSQL's custom format.

    Raises:
        ConfigurationError: there is such a file, or the program is missing or fails; the text
            names the command to run elsewhere.
    """
    if file.exists():
        raise ConfigurationError(f"{file} is there already; name another file, or move it away")
    partial = file.with_name(f"{file.name}.partial")
    try:
        _run(database, "pg_dump", "--format=custom", f"--file={partial}", _address(database))
        revision_in(partial)
        partial.chmod(0o600)
        partial.rename(file)
    finally:
        partial.unlink(missing_ok=True)


def load(database: Database, file: Path) -> None:
    """Put what a dump holds in the place of what is in a database, all of it or nothing."""
    _run(
        database,
        "pg_restore",
        "--clean",
        "--if-exists",
        "--no-owner",
        "--single-transaction",
        f"--dbname={_address(database)}",
        str(file),
    )


def revision_in(file: Path) -> str:
    """Read from a dump which revision of our tables it holds.

    Raises:
        DatabaseDamagedError: it is no dump, or not of a Handrail database.
    """
    try:
        told = _run(None, "pg_restore", "--data-only", "--table=alembic_version", "-f-", str(file))
    except ConfigurationError as error:
        raise DatabaseDamagedError(f"{file} is no dump: {error.message}") from error
    _, _, rows = told.partition("COPY public.alembic_version")
    lines = rows.splitlines()[1:2]
    if not lines:
        raise DatabaseDamagedError(f"{file} holds no Handrail database; name a backup of one")
    return lines[0].strip()


def _address(database: Database) -> str:
    """The address as PostgreSQL's programs read it; the password goes another way."""
    url = database.engine.url.set(drivername="postgresql", password=None)
    return url.render_as_string(hide_password=False)


def _run(database: Database | None, program: str, *arguments: str) -> str:
    found = shutil.which(program)
    command = " ".join([program, *arguments])
    if found is None:
        raise ConfigurationError(
            f"{program} is not on this machine; install PostgreSQL's client programs, or run this "
            f"where they are: {command}"
        )
    secret = database.engine.url.password if database else None
    done = subprocess.run(  # noqa: S603 - no shell, and the program is PostgreSQL's
        [found, *arguments],
        env={**os.environ, **({"PGPASSWORD": str(secret)} if secret else {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["it gave no reason"])[0]
        raise ConfigurationError(f"{command} failed: {reason}")
    return done.stdout
