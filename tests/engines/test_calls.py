"""Calls in one worker: what a handler gives, and who comes to a call again."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import defaultdict
from typing import Any

import order_saga
import pytest
from world import World

from sagadsl.engines.calls import RUNNING, Answer, Calls, now
from sagadsl.engines.flow import Flow
from sagadsl.runtime.requests import fire
from sagadsl.runtime.saga import Saga
from sagadsl.runtime.turn import Call

SAGA = Saga(order_saga)


def payment(ago: int = 0) -> Call:
    """The call of a step that must never be done twice; it began so long ago."""
    began = now() - ago
    flow = Flow(SAGA, 1, "42", {}, began)
    asked = [fire(one, "user", {}, "") for one in ("check_out", "make_payment")]
    (call,) = flow.go_on(began, requests=asked).calls
    return call


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def calls(world: World) -> Calls:
    return Calls(SAGA, world)


def test_what_a_handler_returns_is_json_whatever_it_was(calls, world):
    """An engine may have another way to store it, and fail at that."""
    given = {"sums": defaultdict(lambda: 0, card=42), "at": (2, 3)}
    world.tell("make_payment", lambda _: given)
    answer = Answer(*calls.begin(payment(), calls.draw()))
    assert answer.values == json.loads(json.dumps(given))
    assert answer.values is not None
    assert type(answer.values["sums"]) is dict


def test_who_comes_back_to_his_own_call_waits_for_it(calls, world):
    """As on Restate, whose server was killed meanwhile; also after its end."""
    goes_on = threading.Event()
    world.tell("make_payment", lambda _: goes_on.wait(10) and {"paid": 42})
    call, token = payment(), calls.draw()

    async def again() -> list[Any]:
        first = asyncio.create_task(calls.perform(call, token))
        await asyncio.sleep(0.05)
        first.cancel()
        second = asyncio.create_task(calls.perform(call, token))
        await asyncio.sleep(0.05)
        goes_on.set()
        return [await second, await calls.perform(call, token)]

    for told in asyncio.run(again()):
        assert Answer(*told).values == {"paid": 42}
    calls.drop([token])
    (lost,) = [asyncio.run(calls.perform(call, token))]
    assert Answer(*lost).word == "lost", "its result is stored, so nobody comes back"
    assert world.calls == ["make_payment"]


def test_who_comes_back_to_a_long_call_waits_for_it(calls, world, monkeypatch):
    monkeypatch.setattr("sagadsl.engines.calls.PATIENCE", 0.01)
    goes_on = threading.Event()
    world.tell("make_payment", lambda _: goes_on.wait(10) and {"paid": 42})
    call = payment()
    running = Answer(*calls.begin(call, calls.draw()))
    assert running.word == RUNNING
    goes_on.set()
    for _ in range(2):
        told = asyncio.run(calls.end(call, running.token))
        assert Answer(*told).values == {"paid": 42}
    calls.drop([running.token])
    assert Answer(*asyncio.run(calls.end(call, running.token))).word == "lost"
    assert world.calls == ["make_payment"]


@pytest.mark.parametrize("token", [True, False])
def test_a_worker_that_ends_tells_nothing_of_what_it_cannot_call(calls, world, token):
    """An error would be stored as what came of the call, and end the process."""
    calls._threads.shutdown()
    with pytest.raises(asyncio.CancelledError):
        calls.begin(payment()._replace(probe=not token), calls.draw())
    assert world.calls == []


def test_what_no_thread_can_be_started_for_waits_for_one(calls, world, monkeypatch):
    """It was queued even so: a worker that gave it up would make it some time later."""
    monkeypatch.setattr("sagadsl.engines.calls.PATIENCE", 0.01)
    call, token = payment(), calls.draw()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", _refuse)
        running = Answer(*calls.begin(call, token))
    assert (running.word, world.calls) == (RUNNING, [])
    calls.begin(call._replace(aggregate_id="43"), calls.draw())
    told = asyncio.run(calls.end(call, running.token))
    assert Answer(*told).word == "done"
    assert world.calls == ["make_payment"] * 2


def _refuse(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_what_no_thread_has_come_to_in_its_time_is_not_called(world, monkeypatch):
    """It would be called after its probe was asked, and once more before that."""
    monkeypatch.setattr("sagadsl.engines.calls.CALLS", 1)
    calls = Calls(SAGA, world)
    goes_on = threading.Event()
    world.tell("make_payment", lambda _: goes_on.wait(10) and {"paid": 42})
    call = payment()
    work = call.work._replace(timeout=100)
    busy, token = call._replace(aggregate_id="41"), calls.draw()
    running = Answer(*calls.begin(busy._replace(work=work), calls.draw()))
    late = call._replace(work=work)
    for _ in range(2):
        assert Answer(*calls.begin(late, token)).word == "idle"
        assert Answer(*asyncio.run(calls.perform(late, token))).word == "idle"
    goes_on.set()
    calls._threads.shutdown()
    assert running.word == "lost"
    assert world.calls == ["make_payment"]


@pytest.mark.parametrize("gone", [True, False])
def test_what_nobody_waits_for_any_more_is_not_called(world, monkeypatch, gone):
    """Its connection is gone: another worker has asked about it, and made it again."""
    monkeypatch.setattr("sagadsl.engines.calls.CALLS", 1)
    monkeypatch.setattr("sagadsl.engines.calls.PATIENCE", 0.01)
    calls = Calls(SAGA, world)
    goes_on = threading.Event()
    world.tell("make_payment", lambda _: goes_on.wait(10) and {"paid": 42})
    call, token = payment(), calls.draw()
    calls.begin(call._replace(aggregate_id="41"), calls.draw())

    async def leave() -> None:
        waiting = asyncio.create_task(calls.perform(call, token))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.wait([waiting])

    if gone:
        asyncio.run(leave())
        assert Answer(*calls.begin(call, token)).word == "idle"
    else:
        call = call._replace(work=call.work._replace(timeout=100))
        assert Answer(*calls.begin(call, token)).word == RUNNING
        time.sleep(0.2)
    goes_on.set()
    calls._threads.shutdown()
    assert world.calls == ["make_payment"]


def test_what_is_come_to_after_its_time_is_not_called(calls, world):
    """It would be asked about at once, while its effect may be on its way."""
    token = calls.draw()
    late = payment(ago=30_000)
    for _ in range(2):
        assert Answer(*calls.begin(late, token)).word == "idle"
    assert world.calls == []
    assert Answer(*calls.begin(payment(ago=20_000), calls.draw())).word == "done"


def test_what_needs_no_token_may_have_been_called_by_another(calls, world):
    """Who comes to it late does not know: a worker that died may have made it."""
    late = payment(ago=30_000)
    late = late._replace(work=late.work._replace(how="idempotent"))
    assert Answer(*calls.begin(late)).word == "lost"
    assert world.calls == []


def test_what_is_too_large_to_be_stored_is_not_kept(calls, world, monkeypatch):
    """The call is done: it would be made again, or told again, without end."""
    monkeypatch.setattr("sagadsl.engines.calls.LARGEST", 20)
    world.tell("make_payment", lambda _: {"receipt": "x" * 20})
    answer = Answer(*calls.begin(payment(), calls.draw()))
    assert answer.reply == (
        "done",
        "what it returned is not kept: it is too large",
        None,
    )


@pytest.mark.parametrize("levels", [200, 490, 800, 980, 10_000])
def test_what_nests_too_deep_to_be_stored_is_not_kept(calls, world, levels):
    """DBOS can pickle half as many levels as JSON has, and would end the process."""
    deep: dict[str, Any] = {}
    for _ in range(levels):
        deep = {"at": deep}
    world.tell("make_payment", lambda _: deep)
    answer = Answer(*calls.begin(payment(), calls.draw()))
    assert (answer.word, answer.values) == ("done", None)
    assert answer.note.startswith("what it returned is not kept: data may nest 100")


def test_a_long_error_is_cut(calls, world):
    def fail(_: Any) -> None:
        raise OSError("x" * 10_000)

    world.tell("make_payment", fail)
    answer = Answer(*calls.begin(payment(), calls.draw()))
    assert (answer.word, len(answer.note)) == ("raised", 500)
