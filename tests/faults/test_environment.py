"""The database is away, locked, read-only, full, old or broken: said clearly, and nothing lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from handrail.core.errors import (
    ConfigurationError,
    DatabaseDamagedError,
    DatabaseUnavailableError,
    DatabaseVersionError,
)
from handrail.desk.signing import load_secret
from handrail.desk.testing import open_world
from handrail.store import migrating
from handrail.store import tables as t
from handrail.store.database import Database

ASKS = "Where is my order?"
RUN = "from handrail.desk.cli import main; main()"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that keeps the trained classifier."""
    return tmp_path_factory.mktemp("home")


async def open_refused(url: str, home: Path) -> ConfigurationError:
    """The error with which an engine does not open."""
    with pytest.raises(ConfigurationError) as caught:
        async with open_world(url, home):
            pass
    return caught.value


# At the start


async def test_a_server_that_does_not_listen(home: Path) -> None:
    pytest.importorskip("psycopg")
    error = await open_refused("postgresql+psycopg://me:hidden@127.0.0.1:1/db", home)
    assert isinstance(error, DatabaseUnavailableError)
    assert "See that the server runs" in error.message
    assert "hidden" not in error.message


def put_first(file: Path, line: str) -> None:
    file.write_text(line + file.read_text())


@pytest.mark.postgres
async def test_a_wrong_password(own_postgres: Any, home: Path) -> None:
    engine = create_engine(own_postgres.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE ROLE locked LOGIN PASSWORD 'right'"))
        rules = connection.execute(text("SHOW hba_file")).scalar_one()
        put_first(Path(rules), "host all locked 127.0.0.1/32 scram-sha-256\n")
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()
    url = own_postgres.url.replace("postgres@", "locked:wrong@")
    error = await open_refused(url, home)
    assert isinstance(error, DatabaseUnavailableError)
    assert "password" in error.message
    assert "wrong" not in error.message


@pytest.mark.parametrize("where", ["directory", "under_a_file", "unwritable"])
async def test_a_file_that_cannot_be_opened(where: str, tmp_path: Path, home: Path) -> None:
    (tmp_path / "file").write_text("")
    path = {
        "directory": tmp_path,
        "under_a_file": tmp_path / "file" / "handrail.db",
        "unwritable": Path("/proc/handrail.db"),  # not even for root
    }[where]
    error = await open_refused(f"sqlite:///{path}", home)
    assert isinstance(error, DatabaseUnavailableError)
    assert "HANDRAIL_DATABASE" in error.message


@pytest.mark.parametrize("words", [("up", "--port", "0"), ("audit", "verify"), ("db", "upgrade")])
def test_the_command_line_says_so_in_one_line(words: tuple[str, ...], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN, *words],
        env={
            **os.environ,
            "HANDRAIL_HOME": str(tmp_path),
            "HANDRAIL_DATABASE": "sqlite:////proc/x",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("HR2"), done.stderr
    assert "Traceback" not in done.stderr


def test_a_home_where_no_secret_can_be_kept() -> None:
    with pytest.raises(ConfigurationError, match="HANDRAIL_SECRET"):
        load_secret(Path("/proc/handrail/secret"))


@pytest.mark.parametrize(
    "content", [b"this is no database at all" * 100, b"SQLite format 3\x00" * 99]
)
async def test_a_file_that_is_no_database(content: bytes, tmp_path: Path, home: Path) -> None:
    file = tmp_path / "handrail.db"
    file.write_bytes(content)
    error = await open_refused(f"sqlite:///{file}", home)
    assert isinstance(error, DatabaseDamagedError)
    assert "handrail db restore" in error.message
    assert file.read_bytes() == content


def damage(file: Path) -> None:
    """Overwrite all but the first two pages."""
    content = file.read_bytes()
    file.write_bytes(content[:8192] + b"\x55" * (len(content) - 8192))


async def test_a_damaged_file(sqlite_template: Path, tmp_path: Path, home: Path) -> None:
    file = Path(shutil.copy(sqlite_template, tmp_path / "handrail.db"))
    damage(file)
    assert isinstance(await open_refused(f"sqlite:///{file}", home), DatabaseDamagedError)


def test_a_table_that_is_missing(database: Database) -> None:
    database.write_now(lambda c: c.execute(text("DROP TABLE verdicts")))
    with pytest.raises(DatabaseVersionError, match="handrail db upgrade"):
        database.read_now(lambda c: c.execute(t.verdicts.select()).all())


async def test_a_newer_database_is_not_opened(database_url: str, home: Path) -> None:
    opened = Database(database_url)
    opened.write_now(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    opened.close()
    error = await open_refused(database_url, home)
    assert isinstance(error, DatabaseVersionError)
    assert "newer Handrail" in error.message


def test_an_older_database_names_the_command(database: Database) -> None:
    database.write_now(lambda c: c.execute(text("DELETE FROM alembic_version")))
    with pytest.raises(DatabaseVersionError, match="handrail db upgrade"):
        migrating.check_revision(database)
