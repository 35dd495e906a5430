"""A small order service on SQLite that trusts the compiled `order.saga` with its rules.

An order is a few rows of events. They are selected by its id and turned into bits; the
machine of the order's version judges them, and a new event is appended only if it may
follow. Each step is written down before its effect and again after it, so that a crash
in between leaves it in doubt: then the world is asked, and no step is done twice. (A
crash between a compensation and the note of it repeats the compensation, with the same
idempotency key.)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from order_saga import (
    ABORTING,
    FINISHED,
    LATEST,
    Event,
    Handlers,
    Kind,
    Machine,
    Record,
    Step,
    machine,
)

# A process that was purged leaves its row behind: the tombstone.
SCHEMA = """
CREATE TABLE IF NOT EXISTS process (
    order_id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    outcome TEXT,
    forget_after TEXT
);
CREATE TABLE IF NOT EXISTS event (
    order_id TEXT NOT NULL REFERENCES process,
    kind TEXT NOT NULL,
    step INTEGER
);
CREATE INDEX IF NOT EXISTS event_by_order ON event (order_id);
"""
LANES = {
    Kind.BEGIN: 0,
    Kind.DONE: 1,
    Kind.FAIL: 2,
    Kind.UNDO: 2,
    Kind.ABORT: 3,
    Kind.FINISH: 3,
}
CONTROL = {Kind.ABORT: ABORTING, Kind.FINISH: FINISHED}


class EffectFailed(Exception):
    """What a handler raises when its effect has failed for good and left no trace."""


class StartedBefore(ValueError):
    """A second start of the same order."""


class Call(NamedTuple):
    """What a handler is told."""

    aggregate_id: str
    step: Step
    attempt: int
    idempotency_key: str


class Orders:
    """All orders, their events, and the handlers that touch the world."""

    def __init__(
        self, path: Path, handlers: Handlers, say: Callable[[str], None]
    ) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.executescript(SCHEMA)
        self.handlers = handlers
        self.say = say

    def start(self, order: str) -> None:
        """Begin the process of an order: one per order, once only."""
        try:
            self.db.execute(
                "INSERT INTO process VALUES (?, ?, NULL, NULL)", (order, LATEST.version)
            )
        except sqlite3.IntegrityError:
            raise StartedBefore(f"order {order} was started before") from None

    def load(self, order: str) -> tuple[Machine, Record]:
        """The machine of the order's version, and its events as bits."""
        found = self.db.execute(
            "SELECT version FROM process WHERE order_id = ?", (order,)
        ).fetchone()
        if found is None:
            raise LookupError(f"there is no order {order}")
        lanes = [0, 0, 0, 0]
        for name, step in self.db.execute(
            "SELECT kind, step FROM event WHERE order_id = ?", (order,)
        ):
            kind = Kind(name)
            lanes[LANES[kind]] |= CONTROL[kind] if step is None else 1 << step
        return machine(found[0]), Record(*lanes)

    def append(self, order: str, kind: Kind, step: Step | None = None) -> None:
        """Write an event down, or raise `Refused` and write nothing."""
        with self._alone():
            judge, record = self.load(order)
            judge.apply(record, Event(kind, step))
            self.db.execute("INSERT INTO event VALUES (?, ?, ?)", (order, kind, step))

    def take(self, order: str, step: Step) -> None:
        """One step: the intent, the effect, the outcome; each durable before the next.

        A failure without an `else` aborts the process; the last step finishes it.
        """
        self.append(order, Kind.BEGIN, step)
        self._attempt(order, step)

    def recover(self, order: str) -> None:
        """After a crash: settle what is in doubt by asking, or by repeating if safe."""
        _, record = self.load(order)
        in_doubt = record.begun & ~record.done & ~record.closed
        for step in (step for step in Step if in_doubt >> step & 1):
            self.say(f"{step.name.lower()} is in doubt")
            happened = self._happened(order, step)
            if happened is None:
                self.say("nobody knows: it waits for a person")
            elif happened:
                self.append(order, Kind.DONE, step)
                self.say(f"{step.name.lower()} done")
            else:
                self._attempt(order, step)

    def compensate(self, order: str) -> None:
        """Abort, and take back what was done: effects before what they build on."""
        self.append(order, Kind.ABORT)
        self.say("the process aborts, and takes back what it has done")
        while True:
            judge, record = self.load(order)
            undoes = (e.step for e in judge.events(record) if e.kind is Kind.UNDO)
            step = next(undoes, None)
            if not isinstance(step, Step):
                break
            undo = dict(judge.compensations)[step]
            self._call(undo, order, step)
            self.append(order, Kind.UNDO, step)
            self.say(f"{step.name.lower()} undone by {undo}")

    def purge(self, order: str, outcome: str) -> None:
        """Delete the events of a finished order; its row stays and remembers it."""
        with self._alone():
            self.db.execute("DELETE FROM event WHERE order_id = ?", (order,))
            self.db.execute(
                "UPDATE process SET outcome = ?, forget_after = date('now', '+90 days')"
                " WHERE order_id = ?",
                (outcome, order),
            )

    def _attempt(self, order: str, step: Step) -> None:
        judge, _ = self.load(order)
        rule = next(rule for rule in judge.rules if rule.step == step)
        action = judge.actions.get(rule.action)
        try:
            if action and action.effect:  # else a fact: there is nothing to perform
                self._call(rule.action, order, step)
        except EffectFailed as failed:
            self.append(order, Kind.FAIL, step)
            self.say(f"{rule.name} failed: {failed}")
            if not rule.otherwise:
                self.compensate(order)
        else:
            self.append(order, Kind.DONE, step)
            self.say(f"{rule.name} done")
        judge, record = self.load(order)
        if Event(Kind.FINISH) in judge.events(record):
            self.append(order, Kind.FINISH)

    def _happened(self, order: str, step: Step) -> object:
        """Whether a step in doubt has happened, or need not be known; None: unknown."""
        judge, _ = self.load(order)
        rule = next(rule for rule in judge.rules if rule.step == step)
        action = judge.actions.get(rule.action)
        if action is None or action.effect != "once":
            return False  # repeating it does no harm
        if not action.probe:
            return None
        answer = self._call(action.probe, order, step)
        word = "nothing" if answer is None else "yes" if answer else "no"
        self.say(f"{action.probe} says {word}")
        return answer

    def _call(self, handler: str, order: str, step: Step) -> object:
        call = Call(order, step, 1, f"{order}/{step.name}/{handler}")
        return getattr(self.handlers, handler)(call)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """A transaction that others wait for: two workers never both go ahead."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")
