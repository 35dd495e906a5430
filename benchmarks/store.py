"""Processes in a store, beside engines and the bare database, all of it durable."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count, repeat
from pathlib import Path
from time import perf_counter
from typing import Any, Self
from uuid import uuid4

import peers
import samples
from handled import STEPS, THREADS, log_ahead
from timing import Measured, Run, Target, interleaved

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "conformance"))

ROUNDS = 5
DEATHS = 3
COMMITS = STEPS + 2  # of one order: its start, its claim, and each of its steps
RAW = 200  # commits a round
GROUP = 512
CROWD = 1_000_000
OF_RAW = Target(1.25)  # which is four fifths of its commits a second
OF_CROWD = Target(2)

Environment = dict[str, str]
Fresh = Callable[[str], str]
"""Makes an empty database of a name, and gives its URL."""


def measure(build: Callable[[str, str], Path], folder: Path) -> Iterator[Measured]:
    """Lines about SQLite and PostgreSQL, one after the other."""
    build("performed", samples.performed("performed", STEPS))
    environment = _environment(folder, peers.python_packages(folder))
    with peers.postgres() as server:
        for where, bound, fresh in _stores(folder, server.database):
            yield from _steps(where, bound, fresh, environment)
            own, others = fresh("own_deaths"), repeat(fresh("others_deaths"))
            yield _recovery(where, own, "DBOS", others, environment)
            yield _crowd(where, fresh, environment)


def beside_restate(
    build: Callable[[str, str], Path], folder: Path
) -> Iterator[Measured]:
    """Lines about both, beside a server of Restate."""
    build("performed", samples.performed("performed", STEPS))
    python, program = peers.restate(folder)
    environment = _environment(folder, python)
    with _restate(program) as server, peers.postgres() as postgres:
        for where, _, fresh in _stores(folder, postgres.database):
            own, orders = fresh("own_others"), _orders(server)
            yield _recovery(where, own, "Restate", orders, environment)


@contextmanager
def _restate(program: Path) -> Iterator[Mapping[str, str]]:
    """A server for a while, as the addresses of it and of its worker."""
    from restate_server import RestateServer

    with tempfile.TemporaryDirectory() as home:
        server = RestateServer(program, Path(home))
        try:
            try:
                server.begin()
            except (OSError, AssertionError) as error:
                raise peers.NoPeer(f"Restate: {error}") from error
            yield server.options
        finally:
            server.kill()


def _orders(server: Mapping[str, str]) -> Iterator[str]:
    """One order after the other, on a server: it remembers those that have ended."""
    while True:
        yield json.dumps({**server, "order": str(uuid4())})


def _environment(folder: Path, python: Path) -> Environment:
    path = os.pathsep.join([str(HERE.parent), str(folder), str(python)])
    return {**os.environ, "PYTHONPATH": path}


def _stores(folder: Path, database: Fresh) -> tuple[tuple[str, int, Fresh], ...]:
    """Each store by its name, and how much faster than DBOS it is to be."""
    return (
        ("SQLite", 8, lambda name: _file(folder / f"store_{name}.db")),
        ("PostgreSQL", 4, database),
    )


def _file(path: Path) -> str:
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    return f"sqlite:///{path}"


def _steps(
    where: str, bound: int, fresh: Fresh, environment: Environment
) -> Iterator[Measured]:
    """What a step takes, of one order after the other and of many at a time."""
    with (
        Side("ours", fresh("own"), environment) as ours,
        Side("dbos", fresh("others"), environment) as dbos,
    ):
        runs = {
            "one": lambda: ours("one", 20) / 20,
            "dbos": lambda: dbos("one", 8) / 8,
            "many": lambda: ours("many", 128, 64) / 128,
            "dbos many": lambda: dbos("many", 16, THREADS) / 16,
            "group": lambda: _group(ours),
            "raw": _raw(fresh("raw"), 1),
            "raw group": _raw(fresh("raw_group"), GROUP),
        }
        taken = interleaved(runs, ROUNDS)
    steps = {name: [time / STEPS for time in times] for name, times in taken.items()}
    commits = [time / COMMITS for time in taken["one"]]
    of_dbos = Target(bound, faster=True)
    yield Measured(f"{where}, a step", steps["one"], "DBOS", steps["dbos"], of_dbos)
    what = f"{where}, a step, 64 orders at a time"
    yield Measured(what, steps["many"], "DBOS", steps["dbos many"], of_dbos)
    yield Measured(f"{where}, a commit", commits, "bare driver", taken["raw"], OF_RAW)
    what = f"{where}, a step, {GROUP} orders at a time"
    yield Measured(what, steps["group"], "bare driver", taken["raw group"])


def _recovery(
    where: str, own: str, peer: str, theirs: Iterator[str], environment: Environment
) -> Measured:
    """How long it takes to end what a killed process has left."""
    runs = {
        "ours": _recovered("ours", repeat(own), environment),
        peer: _recovered(peer.lower(), theirs, environment),
    }
    taken = interleaved(runs, DEATHS)
    what = f"{where}, recovery of a killed process"
    return Measured(what, taken["ours"], peer, taken[peer], Target(1))


def _crowd(where: str, fresh: Fresh, environment: Environment) -> Measured:
    """What a step takes in a store with many processes that wait."""
    crowded = fresh("crowd")
    with (
        Side("ours", fresh("alone"), environment) as alone,
        Side("ours", crowded, environment) as among,
    ):
        _fill(crowded)
        runs = {
            "alone": lambda: alone("one", 20) / 20 / STEPS,
            "among": lambda: among("one", 20) / 20 / STEPS,
        }
        taken = interleaved(runs, ROUNDS)
    what = f"{where}, a step, a million orders wait"
    return Measured(what, taken["among"], "none wait", taken["alone"], OF_CROWD)


def _group(ours: Side) -> float:
    """Seconds for all steps of an order, of many that have been started before."""
    ours("start", GROUP)
    return ours("run", GROUP) / GROUP


class Side:
    """One side, in a process of its own: called with a command, it says how long."""

    def __init__(self, side: str, url: str, environment: Environment) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "handled.py"), side, url],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def __call__(self, command: str, *numbers: int) -> float:
        """Seconds that a command took."""
        print(command, *numbers, file=self._process.stdin, flush=True)
        return float(self._answer())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.communicate()

    def dies(self) -> None:
        """Have it killed in the middle of an order."""
        self._process.communicate("die\n")

    def _answer(self) -> str:
        assert self._process.stdout
        answer = self._process.stdout.readline()
        if not answer:
            raise subprocess.CalledProcessError(self._process.wait(), "handled.py")
        return answer


def _recovered(side: str, places: Iterator[str], environment: Environment) -> Run:
    """Seconds from the start of a process to the end of what another has left."""

    def recovery() -> float:
        url = next(places)
        with Side(side, url, environment) as one:
            one.dies()
        start = perf_counter()
        with Side(side, url, environment) as other:
            other("recover")
            return perf_counter() - start

    return recovery


def _raw(url: str, rows: int) -> Run:
    """Seconds for an update and an insert, of so many that share a commit."""
    connection: Any
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        log_ahead(path)
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA synchronous = FULL")
        mark = "?"
    else:
        import psycopg

        connection = psycopg.connect(url, autocommit=True, prepare_threshold=1)
        mark = "%s"
    for statement in _TABLES:
        connection.execute(statement)
    connection.execute("INSERT INTO process VALUES (1, 0, '')")
    move = f"UPDATE process SET seq = seq + 1 WHERE id = 1 AND seq = {mark}"
    append = f"INSERT INTO event VALUES (1, {mark}, {mark})"
    numbers = count()

    def raw() -> float:
        start = perf_counter()
        for _ in range(RAW if rows == 1 else 1):
            connection.execute("BEGIN")
            for _ in range(rows):
                number = next(numbers)
                connection.execute(move, (number,))
                connection.execute(append, (number, "done"))
            connection.execute("COMMIT")
        return (perf_counter() - start) / (RAW if rows == 1 else rows)

    return raw


_TABLES = (
    "CREATE TABLE process (id INTEGER PRIMARY KEY, seq INTEGER, note TEXT)",
    "CREATE TABLE event (id INTEGER, seq INTEGER, kind TEXT, PRIMARY KEY (id, seq))",
)


def _fill(url: str) -> None:
    """Put processes into a store that have done nothing, and are due in a month."""
    from sagadsl.runtime import open_store

    with open_store(url) as store:
        now = store.database.now()
        with store.database.transaction():
            for statement, values in _WAITING.items():
                times = [now + value for value in values]
                store.database.execute(statement, (CROWD, *times))


_NUMBERS = (
    "WITH RECURSIVE numbers (n) AS"
    " (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < CAST(? AS BIGINT))"
)
_WAITING = {
    "INSERT INTO saga_process (saga, aggregate_id, version, seq, started, due)"
    f" {_NUMBERS} SELECT 'performed', 'waiting ' || n, 1, 1, CAST(? AS BIGINT),"
    " CAST(? AS BIGINT) + n FROM numbers": (0, 30 * 86_400_000),
    "INSERT INTO saga_event (saga, aggregate_id, seq, version, event, time)"
    f" {_NUMBERS} SELECT 'performed', 'waiting ' || n, 1, 1, 'start',"
    " CAST(? AS BIGINT) FROM numbers": (0,),
}
