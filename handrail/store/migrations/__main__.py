"""Writes a migration: ``python -m handrail.store.migrations "what changes"``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command

from handrail.store.database import Database
from handrail.store.migrating import configuration, upgrade


def write(message: str) -> None:
    """Add the operations from the newest migration to the tables as a new file in ``versions``."""
    number = len(list(Path(__file__).parent.glob("versions/[0-9]*.py"))) + 1
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'reference.db'}")
        upgrade(database)
        database.write_now(
            lambda connection: command.revision(
                configuration(connection), message, autogenerate=True, rev_id=f"{number:04}"
            )
        )
        database.close()


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1]:
        sys.exit('say what changes: make migration NAME="reviews have a team"')
    write(sys.argv[1])
