"""Any number of threads and processes on one store, and on one order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from time import sleep
from typing import TypeVar

import order_saga
import psycopg
import pytest
from kills import Kill
from world import World, log, outcome

from sagadsl.driver import compile_saga
from sagadsl.emit.sql import emit_sql
from sagadsl.runtime import Driver, Outcome, Result, open_store
from sagadsl.sql import POSTGRES

SQLITE = "sqlite:///FOLDER/orders.db"
Given = TypeVar("Given")


def together(count: int, do: Callable[[int], Given]) -> list[Given]:
    """What so many threads give that begin at the same moment."""
    barrier = threading.Barrier(count)
    given: list[Given] = []

    def run(number: int) -> None:
        barrier.wait()
        given.append(do(number))

    threads = [threading.Thread(target=run, args=[n]) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(given) == count, "a thread has raised"
    return given


def test_many_open_a_store_that_is_not_there(url: str) -> None:
    def begin(number: int) -> Outcome:
        with open_store(url) as store, Driver(order_saga, World(), store) as driver:
            return driver.start(str(number)).outcome

    assert together(16, begin) == [Outcome.ACCEPTED] * 16


def test_who_opens_a_store_disturbs_nobody(url: str) -> None:
    """Making tables takes locks, also where they are: two would wait for each other."""
    open_store(url).close()

    def work(number: int) -> None:
        for turn in range(20):
            with open_store(url) as store, Driver(order_saga, World(), store) as driver:
                assert driver.start(f"{number}/{turn}").accepted
                driver.run()

    together(6, work)


@pytest.mark.parametrize("shared", [True, False])
def test_a_process_is_started_by_one_of_many(url: str, shared: bool) -> None:
    """Whether they share a store or each has its own."""
    one = open_store(url)

    def start(_: int) -> Result:
        store = one if shared else open_store(url)
        with Driver(order_saga, World(), store) as driver:
            result = driver.start("42")
        if not shared:
            store.close()
        return result

    outcomes = sorted(result.outcome for result in together(8, start))
    assert outcomes == [Outcome.ACCEPTED, *[Outcome.ALREADY_DONE] * 7]
    assert log(one, "42") == ["start"]
    one.close()


@pytest.mark.parametrize(("workers", "orders"), [(2, 1), (8, 2)])
def test_killed_and_stopped(kill: Kill, url: str, workers: int, orders: int) -> None:
    where = SQLITE if url.startswith("sqlite") else url
    (told,) = kill("races.py", where, workers, "--orders", orders)
    assert told["kills"] + told["stops"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 8, 32])
def test_many_killed_and_stopped(kill: Kill, url: str, workers: int) -> None:
    where = SQLITE if url.startswith("sqlite") else url
    stale = 0
    for seed in range(7, 12):  # it is left to chance whether who is stopped has work
        (told,) = kill("races.py", where, workers, "--orders", 24, "--seed", seed)
        assert min(told["kills"], told["stops"]) > 0
        stale += told["stale"]
        if stale or workers == 2:
            break
    assert stale or workers == 2, "nobody came back too late"


SLOWLY = """
CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_sleep(0.6); RETURN NULL; END $$;
CREATE TRIGGER slowly AFTER DELETE ON saga_process FOR EACH ROW
EXECUTE FUNCTION slowly();
"""
RAW = (
    "INSERT INTO saga_process (saga, aggregate_id, version, seq)"
    " VALUES ('order', '42', 1, 1)"
)


@pytest.mark.parametrize("raw", [True, False])
def test_who_ends_and_who_starts_at_the_same_time(postgres_url: str, raw: bool) -> None:
    """While a process ends slowly, a client of any kind starts it again."""
    source = Path(order_saga.__file__).with_name("order.saga")
    pinned, findings = compile_saga(source.name, source.read_bytes(), None)
    assert pinned, findings
    with (
        open_store(postgres_url) as store,
        Driver(order_saga, World(), store) as driver,
        psycopg.connect(postgres_url, autocommit=True) as client,
    ):
        client.execute(emit_sql(pinned, POSTGRES).encode() + SLOWLY.encode())
        driver.start("42")
        driver.fire("42", "check_out", by="user")
        ending = threading.Thread(
            target=driver.fire, args=["42", "cancel_order", "user"]
        )
        ending.start()
        sleep(0.2)
        if raw:
            with pytest.raises(psycopg.Error, match="tombstone is still there"):
                client.execute(RAW.encode())
        else:
            assert driver.start("42").outcome is Outcome.REFUSED
        ending.join()
        assert outcome(store, "42") == "cancelled"
        assert store.database.rows("SELECT * FROM saga_process") == []
        with pytest.raises(psycopg.Error, match="has not come to this row"):
            client.execute(
                b"INSERT INTO saga_event (saga, aggregate_id, seq, version, event)"
                b" VALUES ('order', '42', 1, 1, 'start')"
            )
