"""Handlers that fail, raise, and come late at random: no effect twice, none left."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest
from at_work import made, serving, wait_until
from world import outbox, outcome

from sagadsl.runtime import Context, Driver, Store

STALL = """\
saga stall {
    aggregate stall_id
    abort call_off
    states {
        initial asked
        paid
        sent
        final over
    }
    transitions {
        asked -> paid : pay by system
        paid -> sent : ship by system
        sent -> over : close after 1 second
    }
    compensations {
        pay : refund
        ship : fetch
    }
    actions {
        pay : once, probe pay_status, timeout 1 second, retry 9 times
        ship : idempotent, timeout 1 second, retry 9 times
        refund : once, probe refund_status, timeout 1 second, retry 9 times
        fetch : once, probe fetch_status, timeout 1 second, retry 9 times
    }
}
"""


class Clumsy:
    """Each handler works in the end; its first few calls may end in any other way."""

    def __init__(self, failed: type[Exception], seed: int) -> None:
        self.failed = failed
        self.random = Random(seed)
        self.lock = threading.Lock()
        self.calls: Counter[str] = Counter()
        self.effects: Counter[str] = Counter()

    def pay(self, context: Context) -> None:
        self._act(context)

    refund = ship = fetch = pay

    def pay_status(self, context: Context) -> bool:
        return self.effects[context.idempotency_key] > 0

    refund_status = fetch_status = pay_status

    def _act(self, context: Context) -> None:
        key = context.idempotency_key
        with self.lock:
            self.calls[key] += 1
            way = self.random.random() if self.calls[key] < 4 else 1.0
        if way < 0.1:
            raise self.failed("no")
        if way < 0.2:
            raise OSError("nothing was done")
        if way < 0.3:
            time.sleep(self.random.choice((0.9, 2.2)))
        with self.lock:
            assert context.deadline
            if time.time() > context.deadline:
                raise OSError("it is too late to begin")
            done = key in self.effects and key.endswith("ship")  # it knows the key
            self.effects[key] += not done
        if way < 0.4:
            raise OSError("the line is dead")
        if way < 0.5:
            time.sleep(self.random.choice((1.1, 2.2)))

    def of(self, order: str) -> dict[str, int]:
        """How often each handler had its effect."""
        ours = {
            key.rpartition("/")[2]: count
            for key, count in self.effects.items()
            if key.split("/")[1] == order
        }
        return {name: ours.get(name, 0) for name in ("pay", "ship", "refund", "fetch")}


def play(
    folder: Path, store: Store, threads: tuple[int, ...], orders: int, seed: int
) -> None:
    saga = made(STALL, folder)
    world = Clumsy(saga.Failed, seed)
    random = Random(seed)
    names = [str(number) for number in range(orders)]
    with ExitStack() as stack:
        drivers = [
            stack.enter_context(Driver(saga, world, store, threads=n, lease=1))
            for n in threads
        ]
        for name in names:
            drivers[0].start(name)
        for driver in drivers:
            stack.enter_context(serving(driver))
        for name in random.sample(names, orders // 2):
            time.sleep(random.random() * 6 / orders)
            drivers[0].abort(name)
        wait_until(lambda: all(outcome(store, name) for name in names))
    for name in names:
        once = {"pay": 1, "ship": 1, "refund": 0, "fetch": 0}
        did = world.of(name)
        if outcome(store, name) == "compensated":
            assert (did["pay"], did["ship"]) == (did["refund"], did["fetch"]), name
            assert max(did.values()) <= 1, (name, did)
        else:
            assert did == once, name
    told = Counter(line.split()[1] for line in outbox(store))
    assert set(told) <= {"finish", "abort", "late"}, told


@pytest.mark.parametrize("threads", [(1, 1), (2, 3)])
def test_some_orders(tmp_path: Path, store: Store, threads: tuple[int, ...]) -> None:
    play(tmp_path, store, threads, 8, 1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("threads", [(1, 1), (2, 1), (2, 3), (8, 8)])
def test_many_orders(
    tmp_path: Path, store: Store, threads: tuple[int, ...], seed: int
) -> None:
    play(tmp_path, store, threads, 32, 100 + seed)
