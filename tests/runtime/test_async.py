"""Handlers that are async, and do what would end the loop in which they run."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

import order_saga
import pytest
from world import World, log

from sagadsl.runtime import Driver, Result, Store


def checked_out(driver: Driver, *orders: str) -> None:
    for order in orders:
        driver.start(order)
        driver.fire(order, "check_out", by="user")


async def pays(_: object) -> None:
    pass


class Payment:
    """One that may be dropped before anybody has waited for it."""

    def __await__(self) -> Iterator[None]:
        yield from ()


def raises(error: BaseException) -> Callable[[object], Awaitable[None]]:
    async def handler(_: object) -> None:
        raise error

    return handler


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
def test_one_that_exits_takes_no_other_with_it(
    driver: Driver, store: Store, world: World, error: BaseException
) -> None:
    """As of a plain one it is raised where the handler was called, and tells nothing.

    It leaves a loop at once, and what came to that later was never answered.
    """
    world.tell("make_payment", raises(error))
    checked_out(driver, "1", "2")
    with pytest.raises(type(error)):
        driver.fire("1", "make_payment", by="user")
    assert log(store, "1")[-1] == "begin make_payment"
    world.tell("make_payment", pays)
    assert driver.fire("2", "make_payment", by="user").held == ("payment_made",)


def test_one_that_never_returns_is_in_doubt_once_the_driver_is_closed(
    store: Store, world: World
) -> None:
    entered = threading.Event()

    async def waits(_: object) -> None:
        entered.set()
        await asyncio.Event().wait()

    world.tell("make_payment", waits)
    driver = Driver(order_saga, world, store)
    checked_out(driver, "42")
    results: list[Result] = []
    fires = threading.Thread(
        target=lambda: results.append(driver.fire("42", "make_payment", by="user"))
    )
    fires.start()
    assert entered.wait(60)
    driver.close()
    fires.join(60)
    assert [result.held for result in results] == [()]
    assert log(store, "42")[-1] == "raised make_payment"


def test_a_driver_leaves_no_loop_behind(
    store: Store, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    loops: list[asyncio.AbstractEventLoop] = []
    new = asyncio.new_event_loop

    def noted() -> asyncio.AbstractEventLoop:
        loops.append(new())
        return loops[-1]

    monkeypatch.setattr(asyncio, "new_event_loop", noted)
    others = {*threading.enumerate()}  # of tests before
    world.tell("make_payment", pays)
    with Driver(order_saga, world, store) as driver:
        checked_out(driver, "42")
        assert driver.fire("42", "make_payment", by="user").held == ("payment_made",)
    for thread in {*threading.enumerate()} - others:
        if thread.name == "sagadsl-async":
            thread.join(60)
    assert [loop.is_closed() for loop in loops] == [True]


@pytest.mark.parametrize("name", ["sagadsl-async", "sagadsl-lease"])
def test_a_thread_that_cannot_be_started_is_started_later(
    name: str, driver: Driver, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else no handler would ever be answered, or no lease renewed."""
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == name:
            raise RuntimeError("can't start new thread")
        start(thread)

    checked_out(driver, "1", "2")
    world.tell("make_payment", *[lambda _: Payment()] * 2)
    with monkeypatch.context() as full, suppress(RuntimeError):
        full.setattr(threading.Thread, "start", refuse)
        driver.fire("1", "make_payment", by="user")
    paying = threading.Thread(
        target=driver.fire, args=("2", "make_payment", "user"), daemon=True
    )
    paying.start()
    paying.join(20)
    assert not paying.is_alive()
    assert driver.look("2").held == ("payment_made",)
    assert name in [thread.name for thread in threading.enumerate()]
