"""The numbers of the requests to a process on Restate, as its context gives them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import restate

from sagadsl.engines.restate import _Numbers


class Promises:
    """The context of a process, with promises that have been resolved."""

    def __init__(self, *taken: int) -> None:
        self.taken = {f"event {number}" for number in taken}
        self.peeked = 0
        self.gone = False

    def key(self) -> str:
        """The id of the process."""
        return "42"

    async def get(self, name: str, **_: object) -> Any:
        """The number that the process listens for: it listens for none yet."""
        if self.gone:
            await asyncio.Event().wait()
        return None if name == "next" else 0

    def promise(self, name: str) -> Promise:
        """A promise."""
        return Promise(self, name)


class Promise:
    """One of the promises."""

    def __init__(self, context: Promises, name: str) -> None:
        self.context, self.name = context, name

    async def peek(self) -> list[Any] | None:
        """What it was resolved with."""
        self.context.peeked += 1
        await asyncio.sleep(0)
        return [] if self.name in self.context.taken else None

    async def resolve(self, _: object) -> None:
        """Resolve it, unless another has."""
        await asyncio.sleep(0)
        if self.name in self.context.taken:
            raise restate.TerminalError("it is resolved")
        self.context.taken.add(self.name)


def give(numbers: _Numbers, context: Any) -> asyncio.Task[int]:
    """Begin to number a request."""
    return asyncio.create_task(numbers.give(context, []))


@pytest.mark.parametrize("taken", range(70))
def test_the_first_number_that_is_free_is_given(taken: int) -> None:
    context: Any = Promises(*range(1, taken + 1))
    assert asyncio.run(_Numbers().give(context, [])) == taken + 1
    assert context.peeked <= 13


def test_many_at_once_are_numbered_one_after_the_other() -> None:
    async def many() -> list[int]:
        context, numbers = Promises(), _Numbers()
        return await asyncio.gather(*(give(numbers, context) for _ in range(50)))

    assert asyncio.run(many()) == [*range(1, 51)]


def test_who_hears_nothing_of_the_server_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its connection may be open for hours after the machine has gone."""
    monkeypatch.setattr("sagadsl.engines.restate.TURN", 0.05)

    async def others() -> list[int]:
        numbers, context, gone = _Numbers(), Promises(), Promises()
        gone.gone = True
        lost = give(numbers, gone)
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            given = await asyncio.gather(*(give(numbers, context) for _ in range(3)))
        lost.cancel()
        return sorted(given)

    assert asyncio.run(others()) == [1, 2, 3]
