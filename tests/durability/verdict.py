"""Whether what is stored, what was done outside and what was told agree."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any, NamedTuple

from outside import Outside

from sagadsl.runtime import Store
from sagadsl.runtime.process import BITS, Row
from sagadsl.runtime.saga import Saga
from sagadsl.sql import MARKS, NOTES, OF_ALL, OF_STEPS

ALL_EVENTS = frozenset((*OF_STEPS, *OF_ALL, *MARKS, *NOTES))
_RECORD = "version, begun, done, closed, control"
_LOG = "seq, version, event, step, attempt, actor, time, note"
_OF_ONE = "WHERE aggregate_id = ?"


class Stored(NamedTuple):
    """A process as it is found: `lanes` of its row or else of its tombstone.

    `outcome` is empty while it is under way, `version` is 0 if there is none.
    """

    version: int
    lanes: tuple[int, ...]
    log: list[Row]
    outcome: str


def read(store: Store, key: str) -> Stored:
    """Find a process in the tables, and that it is there only once."""
    rows = store.database.rows
    live = rows(f"SELECT seq, {_RECORD} FROM saga_process {_OF_ONE}", (key,))
    ended = rows(
        f"SELECT events, outcome, {_RECORD} FROM saga_tombstone {_OF_ONE}", (key,)
    )
    events = rows(f"SELECT {_LOG} FROM saga_event {_OF_ONE} ORDER BY seq", (key,))
    kept = rows(f"SELECT events, outcome FROM saga_archive {_OF_ONE}", (key,))
    assert len(live) + len(ended) <= 1, "it is under way and has ended"
    assert len(kept) == len(ended), "it is archived with its end, and only then"
    if ended:
        assert not events, "it has ended, and its log is still there"
        ((count, outcome, version, *lanes),) = ended
        assert kept[0][1] == outcome
        log = [Row(*row) for row in json.loads(kept[0][0])]
    else:
        ((count, version, *lanes),) = live or [(0, 0, 0, 0, 0, 0)]
        outcome, log = "", [Row(*row) for row in events]
    assert [row.seq for row in log] == list(range(1, count + 1)), "rows are missing"
    return Stored(version, tuple(lanes), log, outcome)


def judge(store: Store, module: ModuleType, outside: Outside, key: str) -> Stored:
    """Hold log, lanes, tombstone, outbox and world to each other."""
    stored = read(store, key)
    record = _replayed(module, stored)
    _judge_effects(module, stored, record, outside)
    _judge_messages(store, stored, outside, key)
    return stored


def _replayed(module: ModuleType, stored: Stored) -> Any:
    """The record that the emitted module makes of a log, which is what is stored."""
    record, version = module.Record(0, 0, 0, 0), 0
    for row in stored.log:
        if row.event == "start":
            assert row.seq == 1
            version = row.version
        if row.event == "upgrade":
            record = module.upgrade(record, version, row.version)
            version = row.version
        assert row.version == version
        if row.event in BITS and row.event != "waive":
            step = None if row.step is None else module.Step(row.step)
            event = module.Event(module.Kind(row.event), step)
            record = module.MACHINES[version].apply(record, event)
    assert (stored.version, stored.lanes) == (version, tuple(record))
    if version:
        assert module.MACHINES[version].is_valid_record(record)
        assert bool(stored.outcome) == bool(record.control & 2)
    if stored.outcome:
        assert stored.log[-1][2::5] == ("finish", stored.outcome)
    return record


def _judge_effects(
    module: ModuleType, stored: Stored, record: Any, outside: Outside
) -> None:
    """No effect that must happen once did so twice, none is unknown, none is lost."""
    done = outside.done()
    version = Saga(module).versions.get(stored.version)
    ended = bool(stored.outcome)
    undone = {row.step for row in stored.log if row.event == "undo"}
    tried = {row.step for row in stored.log if row.event == "undoing"}
    for step in version.steps.values() if version else ():
        begun, is_done, closed = (bool(lane & step.bit) for lane in record[:3])
        if step.forward:
            times = done.pop(f"{step.name}/{step.forward.handler}", 0)
            assert begun or not times, f"{step.name} without an intent"
            assert times <= 1 or step.forward.how != "once", (
                f"{step.name} {times} times"
            )
            assert times or not is_done, f"{step.name} is done, and never was"
            failed = closed and not is_done and step.step not in undone
            assert not (failed and times), f"{step.name} failed, and stands"
            assert not (ended and times) or is_done or closed, f"{step.name} is lost"
        if step.backward:
            times = done.pop(f"{step.name}/{step.backward.handler}", 0)
            assert step.step in tried or not times, f"{step.name} undone without intent"
            assert times <= 1 or step.backward.how != "once", (
                f"{step.name} undone twice"
            )
            assert times or step.step not in undone, (
                f"{step.name} is undone, and was not"
            )
            assert not (ended and times) or closed, f"undoing {step.name} is lost"
    assert not done, f"nobody knows of {done}"


def _judge_messages(store: Store, stored: Stored, outside: Outside, key: str) -> None:
    """What was sent and what waits to be sent is the log, in its order."""
    waits = store.database.rows(
        f"SELECT id, seq, event FROM saga_outbox {_OF_ONE} ORDER BY id", (key,)
    )
    told: list[tuple[int, int, str]] = []
    for word, *rest in outside.lines():
        if word == "sent":
            message = (int(rest[0]), int(rest[1]), rest[2])
            if not told or message[0] > told[-1][0]:
                told.append(message)
            else:
                assert message in told, "out of order"
    told += [one for one in waits if not told or one[0] > told[-1][0]]
    log = [(row.seq, row.event) for row in stored.log]
    if stored.outcome:  # what comes after the end is told, and has no log any more
        told = [one for one in told if one[1:] != (0, "late")]
    assert [one[1:] for one in told] == log, (told, log)
