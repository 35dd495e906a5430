"""Processes are started once, and remembered when they have ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import order_saga
import pytest
from psycopg.conninfo import conninfo_to_dict
from world import ACTOR, FORWARD, World, log, outcome, paid, pass_time

from sagadsl.runtime import Driver, Outcome, Store, StoreError, open_store
from sagadsl.runtime.purge import purge
from sagadsl.sql import schema
from sagadsl.sql.dialect import Dialect
from sagadsl.sql.url import why_malformed


def test_a_process_is_started_once(driver: Driver, store: Store) -> None:
    assert driver.start("42").outcome is Outcome.ACCEPTED
    again = driver.start("42")
    assert again.outcome is Outcome.ALREADY_DONE
    assert again.reason == "order 42 is under way"
    assert log(store, "42") == ["start"]


def test_an_order_goes_all_the_way(driver: Driver, store: Store, world: World) -> None:
    paid(driver, "42")
    for action in FORWARD:
        assert driver.fire("42", action, by=ACTOR[action]).accepted
        driver.run()
    assert outcome(store, "42") == "delivered"
    assert log(store, "42") == []
    assert world.effects == dict.fromkeys(
        ("make_payment", "pack_parcel", "send_invoice", "hand_to_courier"), 1
    )


def test_a_second_start_is_refused_and_told_how_the_first_ended(
    driver: Driver, store: Store
) -> None:
    driver.start("42")
    driver.fire("42", "check_out", by="user")
    driver.fire("42", "cancel_order", by="user")
    refused = driver.start("42")
    assert refused.outcome is Outcome.REFUSED
    assert "order 42 ended as cancelled on 20" in refused.reason
    late = driver.fire("42", "make_payment", by="user")
    assert (late.outcome, late.reason) == (Outcome.REFUSED, refused.reason)
    pass_time(store, 91 * 86_400)
    assert driver.start("42").accepted


def test_what_is_forgotten_meanwhile_is_in_no_way(
    driver: Driver, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is remembered when the start comes, and no more when it is looked for."""
    driver.start("42")
    driver.fire("42", "check_out", by="user")
    driver.fire("42", "cancel_order", by="user")

    def forgotten(_: str) -> None:
        pass_time(store, 91 * 86_400)
        purge(store.database, "order")

    monkeypatch.setattr(driver.processes, "load", forgotten)
    assert driver.start("42").accepted


def test_what_a_handler_is_told(driver: Driver, world: World) -> None:
    world.tell("make_payment", "fail", "fail", "fail")
    driver.start("42")
    driver.fire("42", "check_out", by="user")
    driver.fire("42", "make_payment", by="user")
    told = world.contexts[0]
    assert (told.aggregate_id, told.step) == ("42", order_saga.Step.MAKE_PAYMENT)
    assert told.idempotency_key == "order/42/make_payment/make_payment"
    assert (told.attempt, told.fence) == (1, 1)
    assert told.deadline is not None
    assert told.logger.extra is not None
    assert told.logger.extra["aggregate_id"] == "42"


def test_handlers_that_lack_one_are_refused(store: Store) -> None:
    with pytest.raises(TypeError, match="the handlers of order lack make_payment, "):
        Driver(order_saga, object(), store)


def test_a_class_of_handlers_is_refused(store: Store) -> None:
    with pytest.raises(TypeError, match=r"order are a class: give `World\(\)`"):
        Driver(order_saga, World, store)


def test_a_url_is_no_store(world: World) -> None:
    with pytest.raises(TypeError, match="write `open_store"):
        Driver(order_saga, world, cast("Store", "sqlite:///orders.db"))


@pytest.mark.parametrize("odd", ["", "a\0b", "\ud800"])
def test_an_id_that_no_database_takes_is_refused(driver: Driver, odd: str) -> None:
    with pytest.raises(ValueError, match="the id of a process"):
        driver.start(odd)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mysql://here/orders", "is no store; write sqlite:///file.db"),
        ("sqlite://", "is no store"),
        ("sqlite://host/file.db", "is no store"),
        ("sqlite:///:memory:", "is no store"),
        ("host=here password=secret", "is no store"),
        ("POSTGRESQL://me:secret@here/orders", "is no store"),
        ("sqlite:///file.db?sync=secret", "sync is no option of a store"),
        ("postgresql://me:sec@ret@here/orders", "the URL is malformed"),
        ("postgresql://me:sec/ret@here/orders", "the URL is malformed"),
        ("postgresql://me:sec?ret@here/orders", "the URL is malformed"),
        ("postgresql://me:sec%ret@here/orders", "the URL is malformed"),
        ("postgresql://me:sec ret@here/orders", "the URL is malformed"),
        ("postgresql://me:5432:secret/orders", "the URL is malformed"),
        ("postgresql://me:secret@[here/orders", "the URL is malformed"),
    ],
)
def test_what_is_no_url_of_a_store(url: str, why: str) -> None:
    """It is not repeated, and no piece of it: that may be of a password."""
    with pytest.raises(ValueError, match=why) as caught:
        open_store(url)
    assert "sec" not in str(caught.value)
    assert "ret" not in str(caught.value)


@pytest.mark.parametrize(
    "place",
    ["", "one", "me@one", "me:@one", "me:%40%2F:@one:1,[::1]:2,three:", "%2Ftmp"],
)
@pytest.mark.parametrize("rest", ["", "/orders", "/?host=/tmp&application_name=a%20b"])
def test_urls_of_postgresql_are_read_as_it_reads_them(place: str, rest: str) -> None:
    url = f"postgresql://{place}{rest}"
    assert why_malformed(url) == ""
    assert conninfo_to_dict(url) is not None


def test_a_file_may_have_any_name(tmp_path) -> None:
    for url in ("orders #1.db", "a%25b.db", "a@b[.db?synchronous=NORMAL"):
        open_store(f"sqlite:///{tmp_path}/{url}").close()
    found = {file.name for file in tmp_path.iterdir()}
    assert found >= {"orders #1.db", "a%b.db", "a@b[.db"}


def test_a_store_that_cannot_be_opened_says_why(tmp_path) -> None:
    with pytest.raises(StoreError, match="its folder does not exist"):
        open_store(f"sqlite:///{tmp_path}/none/orders.db")
    (tmp_path / "text.db").write_text("no database at all, only a text " * 100)
    with pytest.raises(StoreError, match="file is not a database"):
        open_store(f"sqlite:///{tmp_path}/text.db")
    with pytest.raises(StoreError, match=r"^postgresql: "):
        open_store(f"postgresql://nobody:secret@/none?host={tmp_path}")


def test_a_store_of_a_later_release_is_left_alone(url: str) -> None:
    with open_store(url) as store:
        store.database.execute("UPDATE saga_schema SET version = 99")
    with pytest.raises(StoreError, match="tables of version 99"):
        open_store(url)


def released(patch: pytest.MonkeyPatch, migrations: dict[int, Any]) -> None:
    """A release with these migrations, the last of which leads to its tables."""
    patch.setattr("sagadsl.runtime.store.SCHEMA_VERSION", max(migrations))
    patch.setattr("sagadsl.runtime.store.MIGRATIONS", migrations)


def test_an_older_store_is_migrated_by_who_may_make_tables(
    url: str, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is under way stays; nobody who only looks changes the tables."""
    driver.start("42")
    columns = "ALTER TABLE saga_process ADD COLUMN region TEXT DEFAULT 'north'"
    note = "UPDATE saga_process SET region = region || '!'"
    later: dict[int, Any] = {2: lambda _: (columns,), 3: lambda _: (note,)}
    released(monkeypatch, later)
    with pytest.raises(StoreError, match=r"has tables of version 1, .* works on 3"):
        open_store(url, create=False)
    for _ in range(2):
        with open_store(url) as store:
            rows = store.database.rows("SELECT aggregate_id, region FROM saga_process")
            assert rows == [("42", "north!")]
            versions = store.database.rows("SELECT version FROM saga_schema ORDER BY 1")
            assert versions == [(1,), (2,), (3,)]


def test_a_migration_that_fails_changes_nothing(
    url: str, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.start("42")
    statements = (
        "ALTER TABLE saga_process ADD COLUMN region TEXT",
        "no such statement",
    )
    with monkeypatch.context() as patch:
        released(patch, {2: lambda _: statements})
        with pytest.raises(StoreError):
            open_store(url)
    with open_store(url) as store:
        assert store.database.rows("SELECT version FROM saga_schema") == [(1,)]
        with pytest.raises(StoreError, match="region"):
            store.database.rows("SELECT region FROM saga_process")


def test_an_index_of_a_column_that_a_migration_adds(
    url: str, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the release has anew is made once the old tables are those of it."""
    driver.start("42")
    column = "ALTER TABLE saga_process ADD COLUMN region TEXT"
    index = "CREATE INDEX IF NOT EXISTS saga_process_region ON saga_process (region)"
    released(monkeypatch, {2: lambda _: (column,)})
    monkeypatch.setattr(
        "sagadsl.runtime.store.schema", lambda dialect: (*schema(dialect), index)
    )
    with open_store(url) as store:
        assert store.database.rows("SELECT region FROM saga_process") == [(None,)]


def test_who_opens_an_empty_store_beside_others_makes_no_tables_again(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To make an index waits for all who write, and they may wait for it."""
    made: list[str] = []

    def make(dialect: Dialect) -> tuple[str, ...]:
        made.append(dialect.name)
        return schema(dialect)

    monkeypatch.setattr("sagadsl.runtime.store.schema", make)
    alone = Store._alone

    @contextmanager
    def late(store: Store) -> Iterator[None]:
        monkeypatch.setattr(Store, "_alone", alone)
        open_store(url).close()
        with alone(store):
            yield

    monkeypatch.setattr(Store, "_alone", late)
    open_store(url).close()
    assert len(made) == 1
