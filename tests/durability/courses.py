"""Courses of a saga, each told by a client that repeats itself until the end."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import order_saga
from killing import Points
from outside import Outside
from test_upgrading import versions
from verdict import ALL_EVENTS, judge
from world import outbox, outcome, pass_time

from sagadsl.runtime import Driver, Outcome, Store
from sagadsl.runtime.process import Status

KEY = "42"
ROUNDS = 12
PAST_A_LEASE, DAY = 61, 86_400

PAID = ("check_out user", "make_payment user", "validate_payment ops")
DELIVERED = (*PAID, "hand_to_courier ops", "sign_receipt courier")
SOUND = ("check_out user", "make_payment user", "validate ops")
ON_THE_ROAD = ("hand_to_courier ops", "leave_depot courier")
SIGNED = "sign_receipt courier"
WEIGHED = (ON_THE_ROAD[0], "weigh courier", ON_THE_ROAD[1], SIGNED)
LATER = (SOUND[2], *ON_THE_ROAD, SIGNED)


class Unfinished(Exception):
    """A process has not ended in all the rounds that a client went."""


class Course(NamedTuple):
    """What a client asks for, how the handlers act, and how it ends.

    A word of `way` is `action actor`, `wait days` or `upgrade edit`.
    """

    way: tuple[str, ...]
    outcome: str
    acts: Mapping[str, str] = {}

    @property
    def edit(self) -> str:
        """The change of the saga that comes on the way."""
        changes = [word.split()[1] for word in self.way if word.startswith("upgrade")]
        return changes[0] if changes else ""


COURSES = {
    "delivered": Course(DELIVERED, "delivered"),
    "second_card": Course(
        (
            "check_out user",
            "make_payment user",
            "try_another_card user",
            *DELIVERED[1:],
        ),
        "delivered",
        {"make_payment/make_payment": "fail"},
    ),
    "packing_fails": Course(
        DELIVERED, "compensated", {"pack_parcel/pack_parcel": "fail"}
    ),
    "called_off": Course(
        (*PAID[:2], "call_off user"),
        "compensated",
        {"make_payment/refund_payment": "raise late"},
    ),
    "in_doubt": Course(
        DELIVERED,
        "delivered",
        {
            "make_payment/make_payment": "raise late",
            "pack_parcel/pack_parcel": "raise late",
            "send_invoice/send_invoice": "raise late",
            "hand_to_courier/hand_to_courier": "raise late",
        },
    ),
    "nobody_knows": Course(
        DELIVERED,
        "delivered",
        {
            "make_payment/make_payment": "raise late",
            "payment_status": "unknown",
            "send_invoice/send_invoice": "raise",
            "parcel_status": "unknown",
        },
    ),
    "expired": Course((*PAID, "wait 31"), "expired"),
    "upgraded": Course(
        (*SOUND[:2], "upgrade insert_before_the_pivot", "check_fraud ops", *LATER),
        "delivered",
    ),
    "waived": Course(
        (*SOUND, *ON_THE_ROAD, "upgrade insert_and_waive", *WEIGHED),
        "delivered",
    ),
}


@cache
def modules(edit: str, folder: Path) -> tuple[ModuleType, ...]:
    """The emitted module, and the one after the edit; the last knows all versions."""
    return versions(edit, folder) if edit else (order_saga,)


class Client:
    """One process that takes a course as far as it comes, after others that died.

    A client with a name is restarted under the name of the one that died.
    """

    def __init__(
        self, course: Course, folder: Path, store: Store, points: Points, name: str
    ) -> None:
        self.course = course
        self.store = store
        self.points = points
        self.name = name
        self.modules = modules(course.edit, folder)
        failed = self.modules[-1].Failed
        self.outside = Outside(failed, folder / "outside", course.acts, points)

    def take(self) -> None:
        """Go on until the process has ended and all of it is told."""
        for _ in range(ROUNDS):
            self._ask()
            if outcome(self.store, KEY) and self._delivered():
                self.points()
                return
            self._wait(PAST_A_LEASE)
        raise Unfinished

    def judge(self) -> str:
        """Hold what is there to itself; how it has ended, empty if it has not."""
        with self.points.aside():
            stored = judge(self.store, self.modules[-1], self.outside, KEY)
        if not stored.outcome:
            return ""
        assert stored.outcome == self.course.outcome
        assert stored.version == self.modules[-1].LATEST.version
        return stored.outcome

    def _ask(self) -> None:
        number = 0
        driver = self._driver(0)
        try:
            driver.start(KEY, {"card": "4711"})
            for line in self.course.way:
                word, value = line.split()
                driver.run()
                if word == "wait":
                    self._wait(int(value) * DAY)
                elif word == "upgrade":
                    driver.close()
                    number += 1
                    driver = self._driver(number)
                    if not self._moved(driver):
                        return
                else:
                    driver.fire(KEY, word, by=value)
            driver.run()
            resolve(driver, self.outside)
            driver.run()
        finally:
            driver.close()

    def _delivered(self) -> bool:
        with self._driver(-1) as driver:
            driver.deliver(self.outside.send)
        with self.points.aside():
            return not outbox(self.store)

    def _driver(self, number: int) -> Driver:
        return Driver(
            self.modules[number],
            self.outside,
            self.store,
            worker=self.name,
            archive=True,
            publish=ALL_EVENTS,
        )

    def _moved(self, driver: Driver) -> bool:
        """Whether the process has the newest version, or is no more."""
        refused = driver.upgrade(KEY).outcome is Outcome.REFUSED
        return not refused or not driver.processes.load(KEY)

    def _wait(self, seconds: int) -> None:
        with self.points.aside():
            if not outcome(self.store, KEY):
                pass_time(self.store, seconds)
            self.store.database.execute("UPDATE saga_relay SET lease = 0")


def resolve(driver: Driver, outside: Outside) -> None:
    """Say what is true of each step that waits for a person."""
    found = driver.processes.load(KEY)
    if not found or found[0].version not in driver.saga.versions:
        return
    process, log = found
    for position, effort in log.efforts.items():
        if effort.status is Status.WAITS:
            assert not effort.stuck
            step = driver.saga.versions[process.version].steps[position]
            work = step.backward if effort.undo else step.forward
            assert work
            happened = outside.ask(f"{step.name}/{work.handler}", process.fence)
            driver.resolve(KEY, step.name, happened=happened)
