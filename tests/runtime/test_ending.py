"""Deadlines, timers and what is left of a process that has ended."""

from __future__ import annotations

import json

import order_saga
from world import ACTOR, FORWARD, World, outcome, paid, pass_time

from sagadsl.runtime import Driver, Outcome, Store

DAY = 86_400


def test_a_timer_starts_when_its_source_is_reached(
    driver: Driver, store: Store
) -> None:
    driver.start("42")
    pass_time(store, 3600)
    driver.fire("42", "check_out", by="user")
    pass_time(store, 899)
    driver.run()
    assert outcome(store, "42") == ""
    pass_time(store, 1)
    driver.run()
    assert outcome(store, "42") == "cancelled"


def test_a_timer_of_a_later_round_starts_with_that_round(
    driver: Driver, store: Store, world: World
) -> None:
    world.tell("make_payment", *["fail"] * 3)
    driver.start("42")
    driver.fire("42", "check_out", by="user")
    driver.fire("42", "make_payment", by="user")
    for _ in range(2):
        pass_time(store, 5)
        driver.run()
    pass_time(store, 800)
    driver.run()
    driver.fire("42", "try_another_card", by="user")
    pass_time(store, 800)
    driver.run()
    assert outcome(store, "42") == ""
    pass_time(store, 100)
    driver.run()
    assert outcome(store, "42") == "cancelled"


def test_a_process_expires_and_is_compensated(
    driver: Driver, store: Store, world: World
) -> None:
    paid(driver, "42")
    pass_time(store, 30 * DAY - 60)
    driver.run()
    assert outcome(store, "42") == ""
    pass_time(store, 60)
    driver.run()
    assert outcome(store, "42") == "expired"
    assert world.effects["refund_payment"] == 1


def test_past_the_pivot_it_does_not_expire(
    driver: Driver, store: Store, world: World
) -> None:
    paid(driver, "42")
    driver.fire("42", "validate_payment", by="ops")
    driver.run()
    driver.fire("42", "hand_to_courier", by="ops")
    pass_time(store, 31 * DAY)
    driver.run()
    assert driver.abort("42").outcome is Outcome.REFUSED
    driver.fire("42", "sign_receipt", by="courier")
    assert outcome(store, "42") == "delivered"
    assert world.effects["refund_payment"] == 0


def test_the_tombstone_says_what_the_log_said(driver: Driver, store: Store) -> None:
    paid(driver, "42")
    for action in FORWARD:
        driver.fire("42", action, by=ACTOR[action])
        driver.run()
    ((*lanes, events, started, ended, forget),) = store.database.rows(
        "SELECT begun, done, closed, control, events, started, ended, forget"
        " FROM saga_tombstone"
    )
    assert order_saga.is_valid_record(order_saga.Record(*lanes))
    assert lanes[3] == order_saga.FINISHED
    assert events == 18
    assert started <= ended == forget - 90 * DAY * 1000
    for table in ("saga_process", "saga_event", "saga_archive"):
        assert store.database.rows(f"SELECT * FROM {table}") == []


def test_the_log_can_be_archived(store: Store, world: World) -> None:
    with Driver(order_saga, world, store, archive=True) as driver:
        driver.start("42", {"card": "1234"})
        driver.fire("42", "check_out", by="user")
        driver.fire("42", "cancel_order", by="user", note="too dear")
    ((data, events),) = store.database.rows("SELECT data, events FROM saga_archive")
    assert json.loads(data) == {"card": "1234"}
    kinds = [row[2] for row in json.loads(events)]
    assert kinds == ["start", "begin", "done", "begin", "done", "finish"]
