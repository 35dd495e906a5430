"""Kill the worker again and again while sagas run, and count what happened twice.

Where an engine is a server, it is killed as well, and begins again on what it stored.
`python tests/conformance/kill_loop.py` prints a table of the backends, beside sagas
that were written by hand for the engines. `--sagas` and `--kills` say how many.
"""
# ruff: noqa: T201  it talks

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from backends import HERE, Backend
from restate_server import RestateServer, program

PATIENCE = 60.0  # seconds until what must come to its end has not
PACE = 0.02  # seconds before and after each effect
ONCE = ("pay", "send", "tell")


class Tally(NamedTuple):
    """What came of a loop: `twice` and `lost` count effects that are `once`."""

    sagas: int
    kills: int
    twice: int
    lost: int
    unfinished: int


def loop(
    backend: Backend,
    sagas: int,
    kills: int,
    seed: int = 1,
    beside: Backend | None = None,
    server: RestateServer | None = None,
) -> Tally:
    """Start sagas, kill the worker at random moments, and let all come to an end.

    `beside` is another worker, which lives and starts every other saga. If a `server`
    is given, it is killed in the worker's stead.
    """
    rng = random.Random(seed)
    run = uuid4()  # a server remembers those of other loops
    names = [f"{run}-{number}" for number in range(sagas)]
    fatal = set(rng.sample(range(sagas), kills))
    killed = 0
    strike = server.restart if server else backend.kill
    for number, name in enumerate(names):
        asked = beside if beside and number % 2 else backend
        while asked.ask("errand", "start", name) is None:
            pass
        if number in fatal and (server or backend.child):
            time.sleep(rng.random() * 12 * PACE)
            strike()
            killed += 1
    unfinished = sum(not _ends(backend, name) for name in names)
    effects = Counter((name, what) for name in names for what in _of(backend, name))
    found = {(name, what): effects[name, what] for name in names for what in ONCE}
    twice = sum(max(count - 1, 0) for count in found.values())
    lost = sum(count == 0 for count in found.values())
    return Tally(sagas, killed, twice, lost, unfinished)


def _ends(backend: Backend, name: str) -> bool:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answer = backend.ask("errand", "look", name)
        if answer is not None and answer.end:
            return True
        time.sleep(0.02)
    return False


def _of(backend: Backend, name: str) -> list[str]:
    return backend.script.effects(name)


def compile_errand(folder: Path) -> Path:
    """The modules of the errand, in a folder."""
    shutil.copy(HERE / "errand.saga", folder)
    words = ["build", "errand.saga", "--out", "modules", "--target", "py,dbos,restate"]
    subprocess.run(
        [sys.executable, "-m", "sagadsl", *words],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return folder / "modules"


@contextmanager
def placed(kind: str, options: Mapping[str, str]) -> Iterator[Backend]:
    """A backend with a worker, in a folder of its own."""
    os.environ["SAGA_PACE"] = str(PACE)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        given = {key: text.format(folder=folder) for key, text in options.items()}
        backend = Backend(kind, folder, compile_errand(folder), given)
        backend.begin()
        try:
            yield backend
        finally:
            backend.kill()


class Row(NamedTuple):
    """A row of the table: a backend, what it is on, and the server that is killed."""

    kind: str
    on: str
    options: Mapping[str, str]
    server: RestateServer | None = None


def rows(database: Callable[[str], str], server: RestateServer) -> Iterator[Row]:
    """All rows of the table."""
    kinds = ("embedded", "dbos", "naive-dbos")
    for kind in kinds:
        yield Row(kind, "SQLite", {"url": "sqlite:///{folder}/store.db"})
    for kind in kinds:
        yield Row(kind, "PostgreSQL", {"url": database(kind.replace("-", "_"))})
    for kind in ("restate", "naive-restate"):
        yield Row(kind, "its server", server.options)
        yield Row(kind, "its server, which is killed", server.options, server)


def main() -> None:
    """The table."""
    sys.path.insert(0, str(HERE.parents[1] / "examples"))
    from own_postgres import server as postgres_server

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sagas", type=int, default=200)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--only", default="", help="rows whose words have this")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, postgres_server() as postgres:
        server = RestateServer(program(), Path(place))
        server.begin()
        print("| backend | on | sagas | kills | twice | lost | unfinished |")
        print("|---|---|---|---|---|---|---|")
        for row in rows(postgres.database, server):
            if asked.only not in f"{row.kind} on {row.on}":
                continue
            with placed(row.kind, row.options) as backend:
                tally = loop(backend, asked.sagas, asked.kills, server=row.server)
            cells = (row.kind, row.on, *tally)
            print(f"| {' | '.join(map(str, cells))} |", flush=True)
        server.kill()


if __name__ == "__main__":
    main()
