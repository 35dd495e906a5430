"""Many processes on one order: some are killed, some stopped until others go on.

`python races.py URL WORKERS [--orders N] [--seed N]` takes each order to its end. It
prints one line of JSON, and ends with the status 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random
from time import monotonic, sleep
from types import ModuleType

from courses import DELIVERED, KEY, resolve
from crash import Trial, tell
from modules import ORDER, emitted, load
from outside import Outside
from verdict import ALL_EVENTS, judge
from world import outcome

from sagadsl.runtime import Driver, open_store

LEASE = 0.2
LONGEST_STOP = 0.8
PATIENCE = 120.0
MOST_HURTS = 60
WAY = ("start user", *DELIVERED)


class Race:
    """One order, and the processes that work on it."""

    def __init__(
        self, trial: Trial, module: ModuleType, way: tuple[str, ...], rng: Random
    ) -> None:
        self.trial = trial
        self.module = module
        self.way = way
        self.rng = rng
        self.told: Counter[str] = Counter()
        self._alive: list[int] = []
        self._stopped: dict[int, float] = {}

    def run(self, workers: int) -> None:
        """Take the order to its end, with so many processes at a time."""
        self.trial.clear(tables=True)
        for _ in range(workers):
            self._begin()
        ended, late = False, monotonic() + PATIENCE
        while self._alive:
            ended |= self._reap(again=not ended)
            if monotonic() > late:
                self.trial.wrong.append("it does not end")
                ended = True
                for child in self._alive:
                    os.kill(child, signal.SIGKILL)
            self._wake(everybody=ended)
            hurts = self.told["kills"] + self.told["stops"] < MOST_HURTS
            if hurts and not ended and self.rng.random() < 0.02 * workers:
                self._hurt()
            sleep(0.01)
        self.trial.died(self.trial.fork(self._judge))

    def _begin(self) -> None:
        seed = self.rng.random()
        self._alive.append(self.trial.fork(lambda: self._work(Random(seed))))

    def _reap(self, *, again: bool) -> bool:
        """Bury who is dead, and have others begin in their place; whether one has seen
        the end.
        """
        child, status = os.waitpid(-1, os.WNOHANG)
        if not child:
            return False
        self._alive.remove(child)
        self._stopped.pop(child, None)
        killed = self.trial.fate(status)
        if killed and again:
            self._begin()
        return not killed

    def _wake(self, *, everybody: bool) -> None:
        for child, until in list(self._stopped.items()):
            if everybody or until < monotonic():
                os.kill(child, signal.SIGCONT)
                del self._stopped[child]

    def _hurt(self) -> None:
        """Kill or stop one of those that run, of which one is left alone."""
        child = self.rng.choice(self._alive)
        if self.rng.random() < 0.3:
            os.kill(child, signal.SIGKILL)
            self.told["kills"] += 1
        elif len(self._stopped) + 1 < len(self._alive) and child not in self._stopped:
            os.kill(child, signal.SIGSTOP)
            self._stopped[child] = monotonic() + self.rng.random() * LONGEST_STOP
            self.told["stops"] += 1

    def _work(self, rng: Random) -> None:
        """Ask for anything, and do what is due, until the order has ended."""

        def pause(**_: object) -> None:
            sleep(rng.random() * 0.06)

        outside = self._outside(pause)
        with (
            open_store(self.trial.url) as store,
            Driver(
                self.module,
                outside,
                store,
                lease=LEASE,
                archive=True,
                publish=ALL_EVENTS,
            ) as driver,
        ):
            while not outcome(store, KEY):
                word, by = rng.choice(self.way).split()
                start = word == "start"
                result = driver.start(KEY) if start else driver.fire(KEY, word, by=by)
                if result.accepted:
                    outside.add("accepted", word, 0)
                driver.run()
                with suppress(OSError):  # somebody newer is asking
                    resolve(driver, outside)
                pause()

    def _outside(self, pause: Callable[..., object]) -> Outside:
        return Outside(self.module.Failed, self.trial.folder / "outside", {}, pause)

    def _judge(self) -> None:
        outside = self._outside(lambda: None)
        with open_store(self.trial.url) as store:
            stored = judge(store, self.module, outside, KEY)
        assert stored.outcome in ("delivered", "compensated")
        accepted = Counter(line[1] for line in outside.lines() if line[0] == "accepted")
        assert all(times == 1 for times in accepted.values()), accepted
        begun = {row.step for row in stored.log if row.event == "begin"}
        names = {step.name.lower() for step in self.module.Step if step in begun}
        names |= {row.note for row in stored.log if row.event == "abort"}
        assert set(accepted) - {"start"} <= names


def race(trial: Trial, workers: int, orders: int, seed: int) -> dict[str, object]:
    """Take so many orders to their end, every third of which may be called off."""
    path = trial.folder / "patient_saga.py"
    text = ORDER.read_text("utf-8").replace(", timeout 30 seconds", "")
    path.write_text(emitted(data=text.encode()), "utf-8")
    module, rng = load(path), Random(seed)
    told: Counter[str] = Counter(kills=0, stops=0, stale=0)
    for number in range(orders):
        way = (*WAY, "call_off user") if number % 3 == 2 else WAY
        run = Race(trial, module, way, rng)
        run.run(workers)
        told += run.told
        lines = (trial.folder / "outside").read_text("utf-8").splitlines()
        told["stale"] += sum(line.startswith("stale") for line in lines)
    return {"workers": workers, "orders": orders, **told}


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("workers", type=int)
    parser.add_argument("--orders", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    numbers = (arguments.workers, arguments.orders, arguments.seed)
    return tell(arguments.url, ["delivered"], lambda trial: race(trial, *numbers))


if __name__ == "__main__":
    sys.exit(main())
