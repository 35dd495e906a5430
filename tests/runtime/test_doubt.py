"""A step in doubt is asked about, repeated if that is safe, or parked."""

from __future__ import annotations

from pathlib import Path

import order_saga
import pytest
from at_work import SHOP, made
from world import World, log, outbox, outcome, paid, pass_time

from sagadsl.engines.flow import Flow
from sagadsl.runtime import Driver, Outcome, Store
from sagadsl.runtime.decide import Reply
from sagadsl.runtime.requests import abort, fire
from sagadsl.runtime.saga import Saga


class Killed(BaseException):
    """The worker dies in the middle of a handler."""


def die(_: object) -> None:
    raise Killed


def killed_in(driver: Driver, store: Store, world: World, handler: str) -> None:
    """Kill the driver's worker in a handler, and let its lease run out."""
    world.tell(handler, die)
    with pytest.raises(Killed):
        driver.run()
    pass_time(store, 60)


def in_doubt_about_the_payment(driver: Driver, store: Store, world: World) -> None:
    driver.start("42")
    driver.fire("42", "check_out", by="user")
    world.tell("make_payment", die)
    with pytest.raises(Killed):
        driver.fire("42", "make_payment", by="user")
    assert log(store, "42")[-1] == "begin make_payment"


def its_time_is_over(driver: Driver, store: Store) -> None:
    """Somebody finds the worker gone, and waits for what may be on its way."""
    pass_time(store, 10)
    assert driver.run() == 0
    assert log(store, "42")[-1] == "lost make_payment"
    pass_time(store, 29)
    assert driver.run() == 0, "the call may have begun just before"
    pass_time(store, 1)


@pytest.mark.parametrize(
    ("answer", "calls", "last"),
    [
        ("yes", ["payment_status"], "done make_payment"),
        ("no", ["payment_status", "make_payment"], "done make_payment"),
        ("unknown", ["payment_status"], "parked make_payment"),
    ],
)
def test_the_probe_decides(
    driver: Driver, store: Store, world: World, answer: str, calls: list[str], last: str
) -> None:
    in_doubt_about_the_payment(driver, store, world)
    assert driver.run() == 0, "its worker may be alive: the lease protects it"
    its_time_is_over(driver, store)
    world.tell("payment_status", answer)
    driver.run()
    assert world.calls[1:] == calls
    assert log(store, "42")[-1] == last


def test_a_probe_that_raises_is_asked_again_later_and_later(
    driver: Driver, store: Store, world: World
) -> None:
    in_doubt_about_the_payment(driver, store, world)
    its_time_is_over(driver, store)
    world.tell("payment_status", die_softly, die_softly, "yes")
    for pause in (1, 2, 4):
        driver.run()
        pass_time(store, pause)
    assert world.calls.count("payment_status") == 3
    assert log(store, "42")[-1] == "done make_payment"


def die_softly(_: object) -> None:
    raise OSError("the bank does not answer")


def test_a_repetition_that_is_not_made_leaves_the_doubt() -> None:
    """The first attempt may have packed it: an abort has to find out, and unpack."""
    saga = Saga(order_saga)
    flow = Flow(saga, 1, "42", {}, 0)
    asked = [fire(one, "user", {}, "") for one in ("check_out", "make_payment")]
    (pay,) = flow.go_on(0, requests=asked).calls
    validated = [fire("validate_payment", "ops", {}, "")]
    pack, send = flow.go_on(0, [(pay, Reply("done"))], validated).calls
    (again,) = flow.go_on(0, [(pack, Reply("raised")), (send, Reply("done"))]).calls
    flow.go_on(0, requests=[abort("operator", "")])
    (third,) = flow.go_on(0, [(again, Reply("idle"))]).calls or flow.go_on(2000).calls
    assert (third.handler, third.attempt) == ("pack_parcel", 3)
    (undo, *_) = flow.go_on(2000, [(third, Reply("done"))]).calls
    assert undo.handler == "unpack_parcel"


def test_what_failed_is_in_no_doubt_where_its_repetition_is_not_made(
    tmp_path: Path,
) -> None:
    """An abort need not find out, and calls nothing only to take it back."""
    how = "idempotent, retry 3 times"
    saga = Saga(made(SHOP.replace("once, probe pay_status", how), tmp_path))
    flow = Flow(saga, 1, "42", {}, 0)
    (pay,) = flow.go_on(0).calls
    (again,) = flow.go_on(0, [(pay, Reply("failed"))]).calls or flow.go_on(5000).calls
    following = flow.go_on(5000, [(again, Reply("idle"))], [abort("operator", "")])
    assert not following.calls
    assert following.end


def test_without_a_probe_it_waits_for_a_person(
    driver: Driver, store: Store, world: World
) -> None:
    paid(driver, "42")
    driver.fire("42", "validate_payment", by="ops")
    killed_in(driver, store, world, "send_invoice")
    world.calls.clear()
    driver.run()
    assert "send_invoice" not in world.calls
    assert "42 parked" in outbox(store)
    retried = driver.retry("42", "send_invoice")
    assert retried.outcome is Outcome.REFUSED
    assert "nobody can be asked" in retried.reason


@pytest.mark.parametrize("happened", [True, False])
def test_a_person_resolves_it(
    driver: Driver, store: Store, world: World, happened: bool
) -> None:
    paid(driver, "42")
    driver.fire("42", "validate_payment", by="ops")
    killed_in(driver, store, world, "send_invoice")
    driver.run()
    world.calls.clear()
    result = driver.resolve(
        "42", "send_invoice", happened=happened, by="anna", note="asked the printer"
    )
    assert result.accepted
    driver.run()
    assert world.calls.count("send_invoice") == (0 if happened else 1)
    assert driver.fire("42", "hand_to_courier", by="ops").accepted
    rows = store.database.rows(
        "SELECT actor, note FROM saga_event WHERE event = 'resolve'"
    )
    said = "it has happened" if happened else "it has not happened"
    assert rows == [("anna", f"{said} asked the printer")]


def test_what_does_not_wait_is_not_resolved(driver: Driver) -> None:
    paid(driver, "42")
    for action, why in (
        ("make_payment", "`make_payment` does not wait for a person"),
        ("fly", "version 1 has no step `fly`"),
    ):
        result = driver.resolve("42", action, happened=True)
        assert (result.outcome, result.reason) == (Outcome.REFUSED, why)


def test_a_step_in_doubt_is_resolved_before_anything_is_undone(
    driver: Driver, store: Store, world: World
) -> None:
    in_doubt_about_the_payment(driver, store, world)
    assert driver.abort("42").accepted
    its_time_is_over(driver, store)
    world.tell("payment_status", "unknown")
    driver.run()
    assert outcome(store, "42") == ""
    driver.resolve("42", "make_payment", happened=True)
    driver.run()
    assert outcome(store, "42") == "compensated"
    assert world.effects["refund_payment"] == 1


def test_what_has_not_happened_is_not_undone(
    driver: Driver, store: Store, world: World
) -> None:
    in_doubt_about_the_payment(driver, store, world)
    driver.abort("42")
    its_time_is_over(driver, store)
    world.tell("payment_status", "no")
    driver.run()
    assert outcome(store, "42") == "compensated"
    assert world.calls == ["make_payment", "payment_status"]


def test_a_compensation_that_does_not_need_to_know_is_run_in_doubt(
    driver: Driver, store: Store, world: World
) -> None:
    paid(driver, "42")
    driver.fire("42", "validate_payment", by="ops")
    killed_in(driver, store, world, "send_invoice")
    driver.run()
    driver.abort("42")
    driver.run()
    assert outcome(store, "42") == "compensated"
    assert world.effects["send_credit_note"] == 1


@pytest.mark.parametrize("act", [die, "raise late"])
def test_a_refund_in_doubt_is_asked_about_and_not_repeated(
    driver: Driver, store: Store, world: World, act: object
) -> None:
    paid(driver, "42")
    driver.fire("42", "call_off", by="user")
    if act is die:
        killed_in(driver, store, world, "refund_payment")
        world.tell("refund_status", "yes")
    else:
        world.tell("refund_payment", act)
        driver.run()
    driver.run()
    assert outcome(store, "42") == "compensated"
    assert world.calls.count("refund_payment") == 1
    assert world.calls[-1] == "refund_status"


def test_news_of_a_worker_that_was_thought_dead_is_taken(
    driver: Driver, store: Store, world: World
) -> None:
    """It comes back after the step was parked, and knows that it has paid."""

    def slow(_: object) -> None:
        pass_time(store, 60)
        world.tell("payment_status", "unknown")
        with Driver(order_saga, world, store) as other:
            its_time_is_over(other, store)
            other.run()
        assert log(store, "42")[-1] == "parked make_payment"

    driver.start("42")
    driver.fire("42", "check_out", by="user")
    world.tell("make_payment", slow)
    result = driver.fire("42", "make_payment", by="user")
    assert result.held == ("payment_made",)
    assert driver.fire("42", "validate_payment", by="ops").accepted


def test_news_that_comes_after_the_end_is_told_of(
    driver: Driver, store: Store, world: World
) -> None:
    def slow(_: object) -> None:
        pass_time(store, 60)
        world.tell("payment_status", "no")
        with Driver(order_saga, world, store) as other:
            other.abort("42")
            its_time_is_over(other, store)
            other.run()
        assert outcome(store, "42") == "compensated"

    driver.start("42")
    driver.fire("42", "check_out", by="user")
    world.tell("make_payment", slow)
    driver.fire("42", "make_payment", by="user")
    assert outbox(store) == ["42 abort", "42 finish", "42 late"]


def test_a_look_tells_what_waits_for_a_person(driver, world):
    """In doubt, and failed for good; a process that runs waits for nobody."""
    paid(driver, "42")
    assert driver.look("42") == (
        "accepted",
        "",
        driver.look("42").record,
        ("payment_made",),
    )
    world.tell("send_invoice", "raise")
    driver.fire("42", "validate_payment", by="ops")
    driver.run()
    assert driver.look("42").reason == "`send_invoice` is in doubt"
    world.tell("unpack_parcel", "fail")
    driver.abort("42")
    driver.run()
    assert driver.look("42").reason == "`unpack_parcel` has failed for good"
    assert driver.look("43").outcome == "unknown"
