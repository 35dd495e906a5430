"""A worker outlasts its database, and what others do to the processes it has."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import psycopg
import pytest
from at_work import SHOP, made, serving, shop, wait_until
from modules import emitted, load
from world import World, outbox, outcome, pass_time

from sagadsl.driver import compile_saga, release_text
from sagadsl.runtime import Driver, Store, StoreError, open_store

__all__ = ["shop"]


def test_connections_may_end_while_a_handler_is_called(
    shop: ModuleType, postgres_url: str
) -> None:
    world, over = World(shop.Failed), threading.Event()
    world.tell("ship", lambda _: over.wait(60))
    with (
        open_store(postgres_url) as store,
        Driver(shop, world, store, threads=2) as driver,
        psycopg.connect(postgres_url, autocommit=True) as client,
        serving(driver),
    ):
        driver.start("1")
        wait_until(lambda: "ship" in world.calls)
        for _ in range(20):
            client.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            time.sleep(0.05)
        over.set()
        wait_until(lambda: client.execute("SELECT 1 FROM saga_tombstone").fetchone())
    assert world.calls == ["pay", "ship"]


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("call", ["pay", "ship"])
def test_nobody_may_know_whether_a_turn_was_committed(
    kept: bool, call: str, shop: ModuleType, store: Store, url: str, monkeypatch
) -> None:
    """What was to be called after it was not, and what was done is done once."""
    world, database = World(shop.Failed), store.database
    transaction, broken = database.transaction, threading.Event()

    @contextmanager
    def breaking() -> Iterator[None]:
        with transaction():
            yield
            breaks = world.effects[call] and not broken.is_set()
            if breaks and not kept:
                broken.set()
                raise StoreError("the line is dead")
        if breaks:
            broken.set()
            raise StoreError("the line is dead")

    monkeypatch.setattr(database, "transaction", breaking)
    with (
        open_store(url) as another,
        Driver(shop, world, another) as other,
        Driver(shop, world, store, lease=1, threads=2) as driver,
        serving(driver),
    ):
        driver.start("1")
        assert broken.wait(60)
        with serving(other):
            wait_until(lambda: outcome(another, "1") == "sent")
    assert world.effects == {"pay": 1, "ship": 1}
    assert outbox(store) == ["1 finish"]


@pytest.mark.parametrize("act", ["fail", "raise"])
def test_what_went_wrong_is_not_late_if_its_turn_was_committed(
    act: str, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is taken again, since nobody could know, and is in the log already."""
    how = "idempotent, retry 3 times"
    saga = made(SHOP.replace("once, probe pay_status", how), tmp_path)
    world, database = World(saga.Failed), store.database
    world.tell("pay", act)
    transaction, broken = database.transaction, threading.Event()

    @contextmanager
    def breaking() -> Iterator[None]:
        with transaction():
            yield
        if world.calls and not broken.is_set():
            broken.set()
            raise StoreError("the line is dead")

    monkeypatch.setattr(database, "transaction", breaking)
    with Driver(saga, world, store, threads=2) as driver, serving(driver):
        driver.start("1")
        wait_until(lambda: outcome(store, "1") == "sent")
    assert broken.is_set()
    assert outbox(store) == ["1 finish"]


def test_one_that_is_damaged_meanwhile_holds_up_no_other(
    shop: ModuleType, store: Store
) -> None:
    world, over, another = World(shop.Failed), threading.Event(), threading.Event()
    world.tell("pay", lambda _: over.wait(60), lambda _: another.wait(60))
    with Driver(shop, world, store, threads=2) as driver, serving(driver):
        driver.start("1")
        driver.start("2")
        wait_until(lambda: len(world.calls) == 2)
        key = world.contexts[0].aggregate_id
        damage = "UPDATE saga_process SET seq = seq + 1 WHERE aggregate_id = ?"
        store.database.execute(damage, (key,))
        over.set()
        wait_until(lambda: f"{key} late" in outbox(store))
        another.set()
        other = {"1": "2", "2": "1"}[key]
        wait_until(lambda: outcome(store, other) == "sent")


def test_a_damaged_tombstone_holds_up_no_other(
    shop: ModuleType, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    world, over = World(shop.Failed), threading.Event()
    world.tell("pay", lambda _: over.wait(60))
    with Driver(shop, world, store, threads=2) as driver:
        with serving(driver):
            driver.start("1")
            wait_until(lambda: world.calls)
            store.database.execute("DELETE FROM saga_process")
            store.database.execute(
                "INSERT INTO saga_tombstone (saga, aggregate_id, ended, forget)"
                " VALUES ('shop', '1', -1, 9223372036854775807)"
            )
            over.set()
            wait_until(lambda: "1 late" in outbox(store))
        assert "the store cannot be used" not in caplog.text
        with pytest.raises(StoreError, match="shop 1 is damaged"):
            driver.abort("1")


def test_one_that_moves_to_an_unknown_version_holds_up_no_other(
    shop: ModuleType, tmp_path: Path, store: Store
) -> None:
    """A newer release does that to one whose lease has run out."""
    first, _ = compile_saga("shop.saga", SHOP.encode(), None)
    assert first
    text = SHOP.replace(
        "paid -> sent", "paid -> packed : pack by user\n  packed -> sent"
    )
    text = text.replace("        paid\n", "        paid\n        packed\n")
    path = tmp_path / "newer_saga.py"
    lock = release_text(first).encode()
    path.write_text(emitted(Path("shop.saga"), text.encode(), lock), "utf-8")
    newer, world, over = load(path), World(shop.Failed), threading.Event()
    world.tell("pay", lambda _: over.wait(60))
    with (
        Driver(newer, World(newer.Failed), store) as upgrading,
        Driver(shop, world, store, threads=2) as driver,
        serving(driver),
    ):
        driver.start("1")
        wait_until(lambda: world.calls)
        pass_time(store, 11)
        assert upgrading.upgrade("1").accepted
        over.set()
        driver.start("2")
        wait_until(lambda: outcome(store, "2") == "sent")
        assert "1 late" in outbox(store)


def test_a_worker_that_waits_for_its_calls_is_at_rest(
    shop: ModuleType, store: Store, monkeypatch
) -> None:
    world, over = World(shop.Failed), threading.Event()
    world.tell("pay", lambda _: over.wait(60))
    looks, now = list[int](), store.database.now

    def looked() -> int:
        looks.append(1)
        return now()

    with Driver(shop, world, store, threads=2) as driver:
        with serving(driver):
            driver.start("1")
            wait_until(lambda: world.calls)
            monkeypatch.setattr(store.database, "now", looked)
            threading.Timer(1, over.set).start()
        assert len(looks) < 50
