"""Imports every module of the installed package and runs the migrations on an empty database."""

from __future__ import annotations

import importlib
import pkgutil
import sys
import tempfile
import warnings
from pathlib import Path

import handrail
from handrail.store.database import Database
from handrail.store.migrating import head, revision, upgrade

MODULES_RUN_AS_PROGRAMS = "__main__"
LOADED_BY_PYTEST = "handrail.desk.pytest_plugin"


def main() -> None:
    """Fail on the first module that cannot be imported or warns about a deprecation."""
    warnings.simplefilter("error", DeprecationWarning)
    names = [
        info.name
        for info in pkgutil.walk_packages(handrail.__path__, "handrail.")
        if not info.name.endswith((MODULES_RUN_AS_PROGRAMS, LOADED_BY_PYTEST))
        and ".migrations" not in info.name
    ]
    for name in names:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'smoke.db'}")
        upgrade(database)
        if revision(database) != head():
            sys.exit("the migrations did not reach the newest revision")
        database.close()
    print(f"{len(names)} modules imported from {Path(handrail.__file__).parent}")


if __name__ == "__main__":
    main()
