"""What a failure is: nothing happened, or nobody knows."""

from __future__ import annotations

import threading
from collections import UserDict
from pathlib import Path

import order_saga
import pytest
from modules import emitted, load
from world import World, log, outbox, outcome, paid, pass_time

from sagadsl.runtime import Driver, Store, open_store

SIGN_UP = Path(__file__).parents[2] / "examples" / "sign_up.saga"


def packing(driver: Driver, order: str = "42") -> None:
    paid(driver, order)
    assert driver.fire(order, "validate_payment", by="ops").accepted


def test_a_clean_failure_is_tried_again_after_a_pause_and_then_leads_on(
    driver: Driver, store: Store, world: World
) -> None:
    world.tell("make_payment", "fail", "fail", "fail")
    driver.start("42")
    driver.fire("42", "check_out", by="user")
    assert driver.fire("42", "make_payment", by="user").held == ()
    assert driver.run() == 0
    for calls in (2, 3):
        pass_time(store, 5)
        driver.run()
        assert world.calls == ["make_payment"] * calls
    result = driver.fire("42", "try_another_card", by="user")
    assert result.held == ("checkout",)
    assert log(store, "42")[3:] == [
        "begin make_payment",
        "failed make_payment",
        "try make_payment",
        "failed make_payment",
        "try make_payment",
        "fail make_payment",
        "begin try_another_card",
        "done try_another_card",
    ]
    assert driver.fire("42", "make_payment", by="user").held == ("payment_made",)
    assert world.effects["make_payment"] == 1


def test_a_failure_that_leads_nowhere_aborts_and_compensates(
    driver: Driver, store: Store, world: World
) -> None:
    world.tell("pack_parcel", "fail")
    packing(driver)
    driver.run()
    assert outcome(store, "42") == "compensated"
    assert world.calls[-2:] == ["send_credit_note", "refund_payment"]
    assert world.effects["unpack_parcel"] == 0, "what failed is not compensated"
    assert outbox(store) == ["42 abort", "42 finish"]


@pytest.mark.parametrize(("act", "times"), [("raise", 1), ("raise late", 1)])
def test_a_once_step_whose_handler_raised_is_asked_about(
    driver: Driver, store: Store, world: World, act: str, times: int
) -> None:
    """Not before its timeout: the call may still be under way elsewhere."""
    world.tell("make_payment", act)
    driver.start("42")
    driver.fire("42", "check_out", by="user")
    driver.fire("42", "make_payment", by="user")
    driver.run()
    assert world.calls == ["make_payment"]
    pass_time(store, 30)
    driver.run()
    pass_time(store, 5)
    driver.run()
    assert world.effects["make_payment"] == times
    assert world.calls[:2] == ["make_payment", "payment_status"]
    assert log(store, "42")[-1] == "done make_payment"


def test_an_idempotent_step_whose_handler_raised_is_repeated(
    driver: Driver, store: Store, world: World
) -> None:
    world.tell("pack_parcel", "raise", "raise late")
    packing(driver)
    driver.run()
    for pause in (1, 2):
        pass_time(store, pause)
        driver.run()
    assert world.calls.count("pack_parcel") == 3
    assert world.effects["pack_parcel"] == 2
    assert "done pack_parcel" in log(store, "42")


def test_a_compensation_waits_for_what_builds_on_it(
    driver: Driver, store: Store, world: World
) -> None:
    packing(driver)
    driver.run()
    driver.fire("42", "call_off", by="user", note="no longer wanted")
    driver.run()
    assert outcome(store, "42") == "compensated"
    assert world.calls[-1] == "refund_payment"
    assert set(world.calls[-3:-1]) == {"unpack_parcel", "send_credit_note"}


def test_a_compensation_that_fails_for_good_is_stuck_and_told_of(
    driver: Driver, store: Store, world: World
) -> None:
    world.tell("refund_payment", *["fail"] * 10)
    paid(driver, "42")
    driver.fire("42", "call_off", by="user")
    for times in range(10):
        driver.run()
        pass_time(store, min(60 * 2**times, 3600))
    assert driver.run() == 0
    assert world.calls.count("refund_payment") == 10
    assert outbox(store) == ["42 abort", "42 stuck"]
    ((stuck, due),) = store.database.rows("SELECT stuck, due FROM saga_process")
    assert (stuck, due) == (2, 0)
    assert driver.retry("42", "refund_payment").accepted
    driver.run()
    assert outcome(store, "42") == "compensated"
    assert world.effects["refund_payment"] == 1


def test_pauses_between_attempts_double_up_to_the_longest(
    driver: Driver, store: Store, world: World
) -> None:
    world.tell("refund_payment", *["fail"] * 9)
    paid(driver, "42")
    driver.fire("42", "call_off", by="user")
    driver.run()
    pauses = []
    for _ in range(8):
        ((due, failed),) = store.database.rows(
            "SELECT due, (SELECT max(time) FROM saga_event) FROM saga_process"
        )
        pauses.append((due - failed) // 1000)
        pass_time(store, pauses[-1])
        driver.run()
    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_async_handlers_are_awaited_and_cancelled_when_their_time_is_out(
    driver: Driver, store: Store, world: World
) -> None:
    import asyncio

    cancelled = []

    async def too_slow() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def quick() -> dict[str, str]:
        await asyncio.sleep(0)
        return {"box": "b-1"}

    world.tell("pack_parcel", lambda _: quick())
    packing(driver)
    driver.run()
    ((data,),) = store.database.rows("SELECT data FROM saga_process")
    assert data == '{"box":"b-1"}'
    step = driver.saga.latest.steps[1]
    assert step.forward
    driver.saga.latest.steps[1] = step._replace(
        forward=step.forward._replace(timeout=50)
    )
    driver.start("43")
    driver.fire("43", "check_out", by="user")
    world.tell("make_payment", lambda _: too_slow())
    driver.fire("43", "make_payment", by="user")
    assert cancelled == [True]
    assert log(store, "43")[-1] == "raised make_payment"


def test_what_cannot_fail_is_tried_until_it_succeeds(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "sign_up_saga.py").write_text(emitted(SIGN_UP), encoding="utf-8")
    saga = load(tmp_path / "sign_up_saga.py")
    world = World(saga.Failed)
    world.tell("send_welcome", *["fail"] * 9)
    with Driver(saga, world, store) as driver:
        driver.start("42")
        driver.fire("42", "choose_plan", by="customer")
        driver.fire("42", "charge_card", by="customer")
        driver.run()
        for pause in (1, 2, 4, 8, 16, 32, 60, 60):
            assert outcome(store, "42") == ""
            pass_time(store, pause)
            driver.run()
    assert outcome(store, "42") == "welcomed"
    assert world.effects["send_welcome"] == 1


def test_no_handler_is_called_where_its_intent_was_not_committed(
    postgres_url: str, world: World
) -> None:
    with open_store(postgres_url) as store, Driver(order_saga, world, store) as driver:
        packing(driver)
        store.database.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RAISE EXCEPTION ''the disk is full''; END'"
        )
        store.database.execute(
            "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON saga_event"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
        called = len(world.calls)
        stop = threading.Event()
        threading.Timer(0.5, stop.set).start()
        assert driver.serve(stop, poll=0.05) == 0
        assert len(world.calls) == called
        store.database.execute("DROP TRIGGER at_commit ON saga_event")
        pass_time(store, 11)
        driver.run()
        assert world.effects["pack_parcel"] == world.effects["send_invoice"] == 1


class Mute(order_saga.Failed):
    """A failure that cannot be written."""

    def __str__(self) -> str:
        raise LookupError("no text")


class Gone(UserDict[str, str]):
    """A row of a session that is closed."""

    def __getitem__(self, key: str) -> str:
        raise LookupError("the session is closed")


def test_what_cannot_be_written_or_read_ends_no_worker(
    driver: Driver, store: Store, world: World
) -> None:
    """Of what a handler raises or gives back, which may be code of its own."""

    def fail(_: object) -> None:
        raise Mute

    world.tell("make_payment", fail, lambda _: Gone(receipt="r-1"))
    driver.start("42")
    driver.fire("42", "check_out", by="user")
    assert driver.fire("42", "make_payment", by="user").accepted
    pass_time(store, 5)
    driver.run()
    assert driver.look("42").held == ("payment_made",)
    assert world.calls == ["make_payment"] * 2
    notes = "SELECT note FROM saga_event WHERE event = 'failed'"
    assert store.database.rows(notes) == [("Mute, which cannot be written",)]
