"""What all tests share: private databases, the browser, the data sets, and no network."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from socket import AF_INET, AF_INET6, socket
from typing import Any, NoReturn

import pytest
from sqlalchemy import URL, create_engine

from handrail.core.ids import new_id
from handrail.engine.preparing import prepare
from handrail.store.database import Database

SCRATCH = "handrail-tests-"
"""How the folder of a run begins; its process follows."""
MEMORY = Path("/dev/shm")
ROOM = 2 << 30
"""Bytes of memory that must be free for the files of a run to be kept there."""
ROOT = Path(__file__).resolve().parent.parent
REQUIRED = frozenset(filter(None, os.environ.get("HANDRAIL_REQUIRE", "").split(",")))
DATASETS = ROOT.parent / "shared" / "datasets"

# The data is thrown away with the test run, so nothing waits for the disk.
POSTGRES = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "dynamic_shared_memory_type": "mmap",  # in its folder, so that it goes with it
}


def pytest_configure(config: pytest.Config) -> None:
    """Have all files of this run made in one folder that goes with it.

    The folder is in memory where there is room, so that no commit waits for a disk. A run that
    was killed leaves its folder, with its process in the name, and the next run removes it.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        return  # it has its parent's
    for left in (*Path(tempfile.gettempdir()).glob(f"{SCRATCH}*"), *MEMORY.glob(f"{SCRATCH}*")):
        if not Path("/proc", left.name.split("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)
    roomy = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    made = tempfile.mkdtemp(prefix=f"{SCRATCH}{os.getpid()}-", dir=MEMORY if roomy else None)
    folder = Path(made)
    folder.chmod(0o755)  # PostgreSQL's account has its folder in it
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)


def _missing(part: str, reason: str) -> NoReturn:
    if part in REQUIRED:
        pytest.fail(f"HANDRAIL_REQUIRE names {part}, but {reason}")
    pytest.skip(reason)


def _is_local(family: int, address: Any) -> bool:
    if family not in {AF_INET, AF_INET6}:
        return True
    host = address[0]
    return host == "localhost" or ip_address(host.partition("%")[0]).is_loopback


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail every test that connects to another machine, even one that catches the error."""
    tried: list[Any] = []

    def guard(original: Any) -> Any:
        def connect(self: socket, address: Any) -> Any:
            if not _is_local(self.family, address):
                tried.append(address)
                raise OSError(f"tests use no network, and this one connects to {address}")
            return original(self, address)

        return connect

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket, name, guard(getattr(socket, name)))
    yield
    if tried:
        pytest.fail(f"the test connected to {tried}")


def _postgres_programs() -> Path | None:
    """Folder of the newest PostgreSQL server's programs, where one is installed."""
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(found, key=lambda path: float(path.parent.parent.name), default=None)
    return newest.parent if newest else None


def _account() -> str | None:
    """PostgreSQL refuses to run as root, so root hands it to an account without rights."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _free_port() -> int:
    """A TCP port nobody listens on."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass(frozen=True)
class Server:
    """A private PostgreSQL server."""

    binaries: Path
    folder: Path
    account: str | None
    port: int

    @property
    def url(self) -> str:
        """Address of its database ``postgres``."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs on the server's data."""
        command = [self.binaries / program, "-D", self.folder / "data", *arguments]
        subprocess.run(
            command, check=True, user=self.account, cwd=self.folder, stdout=subprocess.DEVNULL
        )

    def start(self) -> None:
        """Start, and wait until connections are taken."""
        settings = {
            **POSTGRES,
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
        }
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self.run("pg_ctl", "-w", "-l", str(self.folder / "server.log"), "-o", options, "start")

    def stop(self) -> None:
        """Stop, and end all connections."""
        self.run("pg_ctl", "-w", "-m", "fast", "stop")


@contextmanager
def _run_postgres() -> Generator[Server | None]:
    """Start a server (``None`` where none is installed), and remove it."""
    binaries = _postgres_programs()
    if binaries is None:
        yield None
        return
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="handrail-postgres-"))
    if account:
        shutil.chown(folder, account)
    server = Server(binaries, folder, account, _free_port())
    server.run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    try:
        server.start()
        yield server
    finally:
        with suppress(subprocess.CalledProcessError):  # a test may have stopped it
            server.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Address of a private PostgreSQL server whose database ``postgres`` is the caller's."""
    with _run_postgres() as server:
        if server is None:
            _missing("postgres", "there is no PostgreSQL server in /usr/lib/postgresql")
        yield server.url


@pytest.fixture
def own_postgres() -> Iterator[Server]:
    """A PostgreSQL server that a test may stop, start and set up."""
    with _run_postgres() as server:
        if server is None:
            _missing("postgres", "there is no PostgreSQL server in /usr/lib/postgresql")
        yield server


@contextmanager
def _postgres_database(server: str, template: str = "template0") -> Generator[URL]:
    """A database on a server, which is dropped in the end, whoever is still connected to it."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    name = new_id("test")
    with engine.connect() as connection:
        connection.exec_driver_sql(
            f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY'
        )
        yield engine.url.set(database=name)
        connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """Name of a PostgreSQL database with all tables and no rows."""
    with _postgres_database(postgres_url) as url:
        database = Database(str(url))
        prepare(database)
        database.close()
        assert url.database is not None
        yield url.database


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and no rows."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = Database(f"sqlite:///{path}")
    prepare(database)
    database.close()
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Address of a SQLite database that does not exist yet."""
    return f"sqlite:///{tmp_path / 'handrail.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def backend(request: pytest.FixtureRequest) -> str:
    """Name of the kind of database a test runs on; each such test runs on both."""
    return request.param


@pytest.fixture
def empty_url(backend: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of a database without tables."""
    if backend == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    with _postgres_database(request.getfixturevalue("postgres_url")) as url:
        yield str(url)


@pytest.fixture
def database_url(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of a database of this test's own, with all tables and no rows."""
    if backend == "sqlite":
        path = shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "handrail.db")
        yield f"sqlite:///{path}"
        return
    server, template = map(request.getfixturevalue, ("postgres_url", "postgres_template"))
    with _postgres_database(server, template) as url:
        yield str(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The database at ``database_url``, open."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of Chromium for Playwright's ``executable_path``."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    _missing("chromium", "there is no chromium on the path")


@pytest.fixture(scope="session")
def datasets() -> Path:
    """Folder of the public data sets."""
    if not DATASETS.is_dir():
        _missing("datasets", f"there is no folder {DATASETS}")
    return DATASETS
