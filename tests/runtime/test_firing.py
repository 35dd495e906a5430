"""What others ask of a process is judged, and the answer is a value."""

from __future__ import annotations

import threading

import order_saga
import pytest
from world import World, log, paid

from sagadsl.runtime import Driver, Outcome, Result, Store, open_store


@pytest.mark.parametrize(
    ("action", "by", "outcome", "reason"),
    [
        (
            "check_out",
            "user",
            Outcome.ALREADY_DONE,
            "`check_out` is already done",
        ),
        (
            "make_payment",
            "ops",
            Outcome.REFUSED,
            "`make_payment` is for `user`, not `ops`",
        ),
        (
            "make_payment",
            "",
            Outcome.REFUSED,
            "`make_payment` is for `user`, and nobody is named",
        ),
        ("abandon", "user", Outcome.REFUSED, "`abandon` is taken by the driver"),
        ("pack_parcel", "ops", Outcome.REFUSED, "`pack_parcel` is taken by the driver"),
        (
            "sign_receipt",
            "courier",
            Outcome.REFUSED,
            "`sign_receipt` waits for `hand_to_courier`",
        ),
        ("fly", "user", Outcome.REFUSED, "version 1 has no step 'fly'"),
        ("call_off", "ops", Outcome.REFUSED, "`call_off` is for `user`, not `ops`"),
    ],
)
def test_an_event_is_refused_with_the_reason(
    driver: Driver, store: Store, action: str, by: str, outcome: Outcome, reason: str
) -> None:
    driver.start("42")
    driver.fire("42", "check_out", by="user")
    before = log(store, "42")
    result = driver.fire("42", action, by=by)
    assert (result.outcome, result.reason) == (outcome, reason)
    assert result.held == ("checkout",)
    assert result.record == order_saga.Record(1, 1)
    assert log(store, "42") == before


def test_an_unknown_id_is_told_as_such(driver: Driver) -> None:
    result = driver.fire("43", "check_out", by="user")
    assert result == Result(Outcome.UNKNOWN, "there is no order 43")


@pytest.mark.parametrize("odd", ["a\0b", "\ud800"])
def test_what_no_database_takes_is_answered_too(
    driver: Driver, store: Store, odd: str
) -> None:
    assert driver.fire(odd, "check_out", by="user").outcome is Outcome.UNKNOWN
    assert driver.start("42", by=odd).accepted
    assert driver.fire("42", odd, by="user").outcome is Outcome.REFUSED
    assert driver.fire("42", "check_out", by=odd).outcome is Outcome.REFUSED
    assert driver.abort("42", by=odd, note=odd).accepted
    assert store.database.rows("SELECT outcome FROM saga_tombstone") == [
        ("compensated",)
    ]


def test_an_action_is_performed_before_the_answer(driver: Driver, world: World) -> None:
    driver.start("42")
    driver.fire("42", "check_out", by="user")
    result = driver.fire("42", "make_payment", by="user")
    assert result.accepted
    assert result.held == ("payment_made",)
    assert world.effects["make_payment"] == 1
    assert driver.fire("42", "make_payment", by="user").outcome is Outcome.ALREADY_DONE
    assert world.effects["make_payment"] == 1


def test_eight_that_fire_at_once_pay_once(url: str, world: World) -> None:
    """Each with its own connection, all started together."""
    with open_store(url) as store:
        drivers = [Driver(order_saga, world, store) for _ in range(8)]
        drivers[0].start("42")
        drivers[0].fire("42", "check_out", by="user")
        together = threading.Barrier(8)
        results: list[Result] = []

        def pay(driver: Driver) -> None:
            together.wait()
            results.append(driver.fire("42", "make_payment", by="user"))

        threads = [threading.Thread(target=pay, args=[one]) for one in drivers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert world.calls == ["make_payment"]
        assert sorted(result.accepted for result in results) == [False] * 7 + [True]
        assert log(store, "42")[-2:] == ["begin make_payment", "done make_payment"]
        for driver in drivers:
            driver.close()


def test_an_event_for_a_process_that_a_worker_has_is_left_to_it(
    driver: Driver, store: Store, world: World
) -> None:
    """While the parcel is being packed, somebody gives the order up."""
    paid(driver, "42")
    driver.fire("42", "validate_payment", by="ops")
    said: list[Result] = []
    other = Driver(order_saga, world, store)
    world.tell(
        "pack_parcel", lambda _: said.append(other.fire("42", "call_off", by="user"))
    )
    driver.run()
    other.close()
    assert [result.accepted for result in said] == [True]
    assert world.effects["refund_payment"] == 1
    assert world.calls[-3:] in (
        ["unpack_parcel", "send_credit_note", "refund_payment"],
        ["send_credit_note", "unpack_parcel", "refund_payment"],
    )
