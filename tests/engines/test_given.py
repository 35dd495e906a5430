"""What a service or a handler gives that no engine could go on with."""

from __future__ import annotations

import asyncio
from asyncio import CancelledError
from typing import Any

import order_saga
import pytest
from world import World

from sagadsl.engines.calls import Answer, Calls, now
from sagadsl.engines.dbos import DbosSaga, config
from sagadsl.engines.flow import RULES, Flow
from sagadsl.engines.front import Asked, Front
from sagadsl.runtime import Driver, Store
from sagadsl.runtime.decide import Reply
from sagadsl.runtime.given import DEEPEST, checked_id
from sagadsl.runtime.requests import fire
from sagadsl.runtime.saga import Saga

IDS: list[Any] = ["", "a\nb", "x" * 256, "\0", None, 7]


class Sent(Front[Asked]):
    """Gives what it would send."""

    def __init__(self) -> None:
        self.saga = Saga(order_saga)

    def _ask(self, aggregate_id: str, asked: Asked) -> Asked:
        del aggregate_id
        return asked


@pytest.mark.parametrize("given", IDS)
def test_an_id_is_a_text_that_can_be_shown(
    given: Any, driver: Driver, store: Store
) -> None:
    with pytest.raises(ValueError, match="a text of 1 to 255 characters"):
        checked_id(given)
    with pytest.raises(ValueError, match="a text of 1 to 255 characters"):
        driver.start(given)
    assert not store.database.rows("SELECT * FROM saga_process")
    assert checked_id("ü" * 255) == "ü" * 255


def test_what_a_process_could_not_take_is_not_sent() -> None:
    """It would be stored, and end the workflow whenever that is run again."""
    front = Sent()
    wrong: list[dict[str, Any]] = [
        {"action": 7},
        {"by": None},
        {"note": 7},
        {"data": {"at": object()}},
        {"data": {"at": {1, 2}}},
    ]
    for one in wrong:
        with pytest.raises(TypeError):
            front.fire(**{"aggregate_id": "42", "action": "check_out", **one})
    with pytest.raises(ValueError, match="not JSON compliant"):
        front.fire("42", "check_out", "user", {"rate": float("inf")})
    wrong_version: Any = "latest"
    with pytest.raises(TypeError, match="`to` is of the type int, not 'latest'"):
        front.upgrade("42", wrong_version)
    asked = front.fire("42", "check_out", "user", {"at": (2, 3)})
    assert asked.values["values"] == {"at": [2, 3]}, "as a worker reads it"


def test_data_nest_as_deep_as_every_engine_can_store() -> None:
    """Each stores them in its own way, and some take more calls for each level."""
    front = Sent()
    data: dict[str, Any] = {}
    for _ in range(DEEPEST - 1):
        data = {"at": data}
    asked = front.fire("42", "check_out", "user", data)
    assert Asked.of(front.saga, [*asked]) == asked
    for more in (1, 10_000):
        deep = data
        for _ in range(more):
            deep = {"at": [deep]}
        with pytest.raises(ValueError, match="data may nest 100 levels deep"):
            front.fire("42", "check_out", "user", deep)
        values = {**asked.values, "values": deep}
        with pytest.raises(TypeError, match="fire has odd data"):
            Asked.of(front.saga, ["fire", values, "key", 1])


def test_workers_of_dbos_share_what_they_recover_only_if_told_so() -> None:
    """Our rules are part of it in any case: by others a process would go wrong."""
    url = "sqlite:///shop.db"
    alone = config("shop", url, "shop-1")
    shared = config("shop", url, "shop-1", application_version="7")
    assert alone["executor_id"] == shared["executor_id"] == "shop-1"
    assert alone["application_version"] == f"{RULES}/shop-1"
    assert shared["application_version"] == f"{RULES}/7"
    with pytest.raises(ValueError, match="a worker needs a name of its own"):
        config("shop", url, "")


def test_what_no_front_sends_is_no_request() -> None:
    """Whoever reaches the engine can send anything, and a process would end by it."""
    saga = Saga(order_saga)
    told: list[Any] = [*Sent().fire("42", "check_out", "user")]
    assert Asked.of(saga, told) == Asked(*told)
    kind, values, *rest = told
    wrong: list[Any] = [
        "check_out",
        None,
        told[:3],
        [*told, 1],
        ["check_out", values, *rest],
        ["look", values, *rest],
        [kind, {}, *rest],
        [kind, {**values, "action": 7}, *rest],
        [kind, {**values, "more": 7}, *rest],
        [kind, {**values, "values": {"at": {1, 2}}}, *rest],
        [kind, values, 7, 1],
        [kind, values, "key", "now"],
        ["upgrade", {"to": "latest", "by": "ann"}, *rest],
        ["upgrade", {}, *rest],
    ]
    for one in wrong:
        with pytest.raises(TypeError):
            Asked.of(saga, one)


def test_a_version_that_is_not_known_is_named() -> None:
    with pytest.raises(LookupError, match="order has no version 9"):
        Flow(Saga(order_saga), 9, "42", {}, 1_000)


def test_no_call_on_an_engine_has_a_lower_fence_than_another() -> None:
    """Who asks takes it from no worker: what is under way would be refused."""
    flow = Flow(Saga(order_saga), 1, "42", {}, 1_000)
    asked = [fire(one, "user", {}, "") for one in ("check_out", "make_payment")]
    (payment,) = flow.go_on(1_000, requests=asked).calls
    follows = [fire("validate_payment", "ops", {}, "")]
    packing = flow.go_on(2_000, [(payment, Reply("done"))], follows).calls
    done = [(call, Reply("done")) for call in packing]
    follows = [fire("hand_to_courier", "ops", {}, "")]
    flow.go_on(3_000, done)
    (parcel,) = flow.go_on(4_000, requests=follows).calls
    assert {call.fence for call in (*packing, parcel)} == {payment.fence}


def test_who_asks_dbos_in_a_loop_is_told_how() -> None:
    """It would be started there, and then be an error of DBOS."""

    async def in_a_loop() -> None:
        orders = DbosSaga(order_saga, World())
        with pytest.raises(RuntimeError, match="call it by `asyncio"):
            orders.start("42")
        with pytest.raises(RuntimeError, match="`fire` waits for DBOS"):
            orders.fire("42", "check_out", "user")

    asyncio.run(in_a_loop())


async def _async(error: BaseException) -> None:
    await asyncio.gather(_raised(error), asyncio.sleep(0))


async def _raised(error: BaseException) -> None:
    raise error


def _plain(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize("end", [_plain, _raised, _async])
@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit(), CancelledError()]
)
def test_what_ends_a_program_ends_no_engine(end: Any, error: BaseException) -> None:
    """A handler that raises it leaves its call in doubt, and the loops running."""
    world = World()
    world.tell("make_payment", lambda _: end(error), lambda _: asyncio.sleep(0))
    saga = Saga(order_saga)
    began = now()
    flow = Flow(saga, 1, "42", {}, began)
    asked = [fire(one, "user", {}, "") for one in ("check_out", "make_payment")]
    (call,) = flow.go_on(began, requests=asked).calls
    calls = Calls(saga, world)
    answer = Answer(*calls.begin(call, calls.draw()))
    assert answer.word == "raised"
    wake = flow.go_on(began + 1_000, [(call, answer.reply)]).wake
    assert wake == began + 31_000, "then it is probed"
    assert Answer(*calls.begin(call, calls.draw())).word == "done"
