"""The driver does nothing that the triggers refuse, whatever goes wrong on its way."""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random

import psycopg
import pytest
from judges import DATABASES
from strategies import write_saga
from subjects import load_module, pinned_of
from test_random_walk import WORDS, Dice, Dies, do

from sagadsl.emit.python import emit_python
from sagadsl.emit.sql import emit_sql
from sagadsl.model import Pinned
from sagadsl.runtime import Driver, open_store
from sagadsl.runtime.purge import purge
from sagadsl.sql import POSTGRES, SQLITE


def database_with(pinned: Pinned, database: str, place: str) -> str:
    """The URL of an empty database with the script of a saga."""
    if database == "sqlite":
        path = Path(place)
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(emit_sql(pinned, SQLITE))
        return f"sqlite:///{path}"
    with psycopg.connect(place, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        connection.execute(emit_sql(pinned, POSTGRES).encode())
    return place


def walk(seed: int, database: str, place: str, folder: Path) -> Counter[str]:
    """Random events, answers and crashes; time only passes by itself."""
    rng = Random(seed)
    tally: Counter[str] = Counter()
    pinned = pinned_of(write_saga(rng, 6))
    module = load_module(emit_python(pinned), folder / f"guarded_{seed}_saga.py")
    actions = sorted({rule.action for rule in module.LATEST.rules})
    abort = [module.LATEST.abort.name] if module.LATEST.abort else []
    words = ["run", "fire", "fire", *(word for word in WORDS if word != "time")]
    url = database_with(pinned, database, place)
    with open_store(url) as store, Driver(module, Dice(module.Failed, rng), store) as d:
        d.start("1")
        for _ in range(40):
            try:
                do(rng.choice(words), rng, d, rng.choice(actions + abort))
            except Dies:
                tally["killed"] += 1
            if not store.database.rows("SELECT 1 FROM saga_process"):
                tally["ended"] += 1
                break
            tally["moved"] += 1
    return tally


@pytest.mark.parametrize("database", DATABASES)
def test_random_walks(
    database: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL, "sagadsl.runtime")
    if database == "sqlite":
        place = str(tmp_path / "orders.db")
    else:
        place = request.getfixturevalue("postgres_url")
    tally: Counter[str] = Counter()
    for seed in range(500, 540):
        tally += walk(seed, database, place, tmp_path)
    assert min(tally["ended"], tally["moved"]) > 5, tally


@pytest.mark.parametrize("database", DATABASES)
def test_what_is_over_is_forgotten(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = str(tmp_path / "orders.db")
    if database == "postgres":
        place = request.getfixturevalue("postgres_url")
    pinned = pinned_of(write_saga(Random(500), 6))
    module = load_module(emit_python(pinned), tmp_path / "forgotten_saga.py")
    url = database_with(pinned, database, place)
    with (
        open_store(url) as store,
        Driver(module, Dice(module.Failed, Random()), store) as d,
    ):
        for order, forget in {"41": 1, "42": 4_000_000_000_000, "43": 1}.items():
            store.database.execute(
                "INSERT INTO saga_tombstone (saga, aggregate_id, forget)"
                " VALUES (?, ?, ?)",
                (pinned.saga.name, order, forget),
            )
        assert d.start("41").accepted
        assert not d.start("42").accepted
        assert purge(store.database, pinned.saga.name).tombstones == 1
        left = store.database.rows("SELECT aggregate_id FROM saga_tombstone")
        assert left == [("42",)]
