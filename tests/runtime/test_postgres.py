"""What only PostgreSQL does: snapshots of many kinds, and commits out of order."""

from __future__ import annotations

import threading
from typing import Any

import order_saga
import psycopg
import pytest
from world import World

from sagadsl.runtime import Driver, Message, Outcome, StoreError, open_store
from sagadsl.runtime.database import UnwritableError
from sagadsl.runtime.process import Log, Process


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_who_loses_a_race_gets_a_value_at_any_level_of_isolation(
    postgres_url: str, world: World, level: str
) -> None:
    """A database may have another default, with errors for whoever comes second."""
    with psycopg.connect(postgres_url, autocommit=True) as client:
        alter = f"ALTER DATABASE {client.info.dbname} SET default_transaction_isolation"
        client.execute(f"{alter} = '{level}'".encode())
    together = threading.Barrier(4)
    outcomes: list[Outcome] = []

    def check_out() -> None:
        for order in map(str, range(10)):
            together.wait(60)
            driver.start(order)
            together.wait(60)
            outcomes.append(driver.fire(order, "check_out", by="user").outcome)

    with open_store(postgres_url) as store, Driver(order_saga, world, store) as driver:
        threads = [threading.Thread(target=check_out) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert outcomes.count(Outcome.ACCEPTED) == 10
    assert outcomes.count(Outcome.ALREADY_DONE) == 30


def test_a_message_that_is_slow_to_be_committed_stays_the_first_of_its_process(
    postgres_url: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not there yet when the delivery passes, and both are when it comes on."""
    monkeypatch.setattr("sagadsl.runtime.relay.PAGE", 2)
    insert = (
        b"INSERT INTO saga_outbox (saga, aggregate_id, seq, event)"
        b" VALUES ('order', %s, %s, 'late')"
    )
    sent: list[tuple[str, int]] = []
    with (
        open_store(postgres_url) as store,
        Driver(order_saga, world, store) as driver,
        psycopg.connect(postgres_url, autocommit=True) as client,
        psycopg.connect(postgres_url) as slow,
    ):
        client.execute(insert, ("42", 1))
        slow.execute(insert, ("43", 1))
        client.execute(insert, ("42", 2))

        def send(message: Message) -> None:
            sent.append((message.aggregate_id, message.seq))
            if sent[-1] == ("42", 2):
                slow.commit()
                client.execute(insert, ("43", 2))

        assert driver.deliver(send) == 2
        assert driver.deliver(send) == 2
    assert sent == [("42", 1), ("42", 2), ("43", 1), ("43", 2)]


def test_leases_are_renewed_while_others_write_in_another_order(
    postgres_url: str, world: World
) -> None:
    """With all rows in one transaction each would wait for the other."""
    update = b"UPDATE saga_process SET data = '{}' WHERE aggregate_id = %s"
    waiting = b"SELECT count(*) FROM pg_locks WHERE NOT granted"
    renewed: list[set[str]] = []
    with (
        open_store(postgres_url) as store,
        Driver(order_saga, world, store, worker="me") as driver,
        psycopg.connect(postgres_url, autocommit=True) as looks,
        psycopg.connect(postgres_url) as writes,
    ):
        for order in ("1", "2"):
            driver.start(order)
        store.database.execute("UPDATE saga_process SET worker = 'me'")
        writes.execute(update, ("2",))
        thread = threading.Thread(
            target=lambda: renewed.append(
                driver.processes.renew([("1", 0), ("2", 0)], "me", 60_000)
            )
        )
        thread.start()
        while looks.execute(waiting).fetchone() == (0,):
            pass
        writes.execute(update, ("1",))
        writes.commit()
        thread.join()
    assert renewed == [{"1", "2"}]


def test_who_may_not_read_the_tables_is_told_so(postgres_url: str) -> None:
    """And not that there are none."""
    with (
        open_store(postgres_url),
        psycopg.connect(postgres_url, autocommit=True) as client,
    ):
        guest = f"guest_of_{client.info.dbname}"
        client.execute(f"CREATE ROLE {guest}".encode())
        for create in (False, True):
            with pytest.raises(StoreError, match="denied for table saga_schema"):
                open_store(f"{postgres_url}&options=-crole%3D{guest}", create=create)
        client.execute(f"DROP ROLE {guest}".encode())


def test_who_is_interrupted_leaves_no_transaction_to_others(
    postgres_url: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they wrote would be in it, and never be committed."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with open_store(postgres_url) as store, Driver(order_saga, world, store) as driver:
        with monkeypatch.context() as patch:
            patch.setattr(psycopg.Transaction, "__exit__", interrupted)
            with pytest.raises(KeyboardInterrupt):
                driver.start("1")
        assert driver.start("2").accepted
        with psycopg.connect(postgres_url) as client:
            found = client.execute("SELECT aggregate_id FROM saga_process").fetchall()
            assert found == [("2",)]


def test_who_cannot_have_what_is_due_asks_for_it_no_more_than_now_and_then(
    postgres_url: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody has left a transaction open that has changed the row."""
    with (
        open_store(postgres_url) as store,
        Driver(order_saga, world, store) as driver,
        psycopg.connect(postgres_url) as slow,
    ):
        driver.start("42")
        slow.execute("UPDATE saga_process SET due = 1")
        asked: list[int] = []
        claim = driver.processes.claim

        def counted(*wanted: Any) -> list[tuple[Process, Log]]:
            asked.append(1)
            return claim(*wanted)

        monkeypatch.setattr(driver.processes, "claim", counted)
        stop = threading.Event()
        threading.Timer(1, stop.set).start()
        driver.serve(stop)
    assert 0 < len(asked) < 60


@pytest.mark.parametrize("code", ["P0001", "P0004", "SG042", "45000", "23514"])
def test_a_trigger_refuses_with_whatever_code_it_likes(
    postgres_url: str, code: str
) -> None:
    """It is about the row, and not about the store."""
    with open_store(postgres_url) as store:
        raising = f"BEGIN RAISE EXCEPTION ''no'' USING ERRCODE = ''{code}''; END"
        store.database.execute(
            f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS '{raising}'"
        )
        store.database.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON saga_outbox"
            " FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
        with pytest.raises(UnwritableError):
            store.database.execute(
                "INSERT INTO saga_outbox (saga, aggregate_id, seq, event)"
                " VALUES ('order', '42', 1, 'late')"
            )
        with pytest.raises(StoreError) as missing:
            store.database.execute("DELETE FROM nowhere")
        assert not isinstance(missing.value, UnwritableError)
