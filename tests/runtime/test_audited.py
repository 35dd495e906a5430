"""What the runtime writes down is good, for the judge of whole tables and the query."""

from __future__ import annotations

import logging
from pathlib import Path
from random import Random
from types import ModuleType

import pytest
from strategies import write_saga
from subjects import load_module, pinned_of
from test_random_walk import WORDS, Dice, Dies, do
from test_upgrading import drive
from test_upgrading import versions as two_versions
from world import World

from sagadsl.audit import judge
from sagadsl.emit.audit_sql import emit_audit_sql
from sagadsl.emit.python import emit_python
from sagadsl.runtime import Driver, Store

COLUMNS = "aggregate_id, step, event, version, seq"


def audited(module: ModuleType, store: Store) -> int:
    """How many rows there are, all of them good."""
    rows = store.database.rows(f"SELECT {COLUMNS} FROM saga_event ORDER BY seq")
    if rows:
        ids, steps, events, versions, seq = zip(*rows, strict=True)
        report = judge(module, ids, steps, events=events, versions=versions, seq=seq)
        assert report.bad == ()
    return len(rows)


def test_a_log_of_random_runs_is_good(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "sagadsl.runtime")
    rows = 0
    for seed in range(5000, 5040):
        rng = Random(seed)
        pinned = pinned_of(write_saga(rng, 6))
        module = load_module(emit_python(pinned), tmp_path / f"random_{seed}_saga.py")
        for table in ("process", "event", "tombstone"):
            store.database.execute(f"DELETE FROM saga_{table}")
        actions = sorted({rule.action for rule in module.LATEST.rules})
        with Driver(module, Dice(module.Failed, rng), store) as driver:
            driver.start("1")
            for _ in range(10):
                try:
                    word = rng.choice(("fire", "fire", "run", *WORDS))
                    do(word, rng, driver, rng.choice(actions))
                except Dies:
                    pass
        rows += audited(module, store)
        query = emit_audit_sql(pinned).rstrip().removesuffix(";")
        assert store.database.rows(query) == []
    assert rows > 100


def test_a_log_with_an_upgrade_is_good(store: Store, tmp_path: Path) -> None:
    old, new = two_versions("insert_and_waive", tmp_path)
    world = World(old.Failed)
    with Driver(old, world, store) as driver:
        driver.start("42")
        drive(driver, world, 3)
    with Driver(new, World(new.Failed), store) as driver:
        assert driver.upgrade("42").accepted
    events = [row[0] for row in store.database.rows("SELECT event FROM saga_event")]
    assert "upgrade" in events
    assert audited(new, store) == len(events)
