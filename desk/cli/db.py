"""``handrail db``: the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from handrail.desk.cli import upkeep

if TYPE_CHECKING:
    from handrail.store.database import Database

app = typer.Typer(help="The database.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """The database."""


@app.command("upgrade")
def upgrade() -> None:
    """Bring the tables to this version; a new database is made."""
    from handrail.desk.settings import Settings
    from handrail.engine.preparing import prepare
    from handrail.store import migrating
    from handrail.store.database import Database

    database = Database(Settings().database_url)
    try:
        prepare(database)
        typer.echo(f"at {migrating.revision(database)}: {database.engine.url!r}")
    finally:
        database.close()


app.command("size")(upkeep.size)
app.command("prune")(upkeep.prune)
app.command("erase")(upkeep.erase)
app.command("vacuum")(upkeep.vacuum)
app.command("backup")(upkeep.backup)
app.command("restore")(upkeep.restore)


def existing() -> Database:
    """Open the database that the settings name, which must be there and of this version.

    Raises:
        ConfigurationError: there is none yet.
        DatabaseVersionError: it is of another version.
    """
    from handrail.core.errors import ConfigurationError
    from handrail.desk.settings import Settings
    from handrail.store import migrating
    from handrail.store.database import Database

    url = Settings().database_url
    database = Database(url)
    if database.path is not None and not database.path.is_file():
        raise ConfigurationError(
            f"there is no database at {database.path}; start with `handrail up`, or name one in "
            "HANDRAIL_DATABASE"
        )
    migrating.check_revision(database)
    return database
