"""What is kept of processes that have ended: tombstones, and logs in the archive."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from sagadsl.runtime.database import Database
from sagadsl.runtime.process import Log, Row


class Ended(NamedTuple):
    """A process that has ended; times are in milliseconds since 1970.

    `lanes` are the four words of its record, `events` is how many rows its log had.
    `forget` is 0 where it is remembered no longer, and only archived. `log` and `data`
    are empty unless it is; `damage` says that what is archived cannot be read.
    """

    version: int
    lanes: tuple[int, ...]
    events: int
    outcome: str
    started: int
    ended: int
    forget: int
    data: str
    log: tuple[Row, ...]
    damage: str = ""


def find_ended(database: Database, saga: str, aggregate_id: str) -> Ended | None:
    """The last process of an id that has ended, if anything is kept of it."""
    key = (saga, aggregate_id)
    stones = database.rows(_TOMBSTONE, key)
    archived = database.rows(_ARCHIVED, key)
    data, log, damage = "", tuple[Row, ...](), ""
    if archived and (not stones or archived[0][3] == stones[0][8]):
        data, events = archived[0][4:]
        try:
            log = tuple(_rows(events))
        except (TypeError, ValueError, RecursionError):
            damage = "what is archived of it is no log"
    if stones:
        version, begun, done, closed, control, *rest = stones[0]
        lanes: tuple[int, ...] = (begun, done, closed, control)
        events, outcome, started, ended, forget = rest
    elif archived:
        version, outcome, started, ended = archived[0][:4]
        lanes, events, forget = tuple(Log(log).lanes), len(log), 0
    else:
        return None
    of_end = (events, outcome, started, ended, forget)
    return Ended(version, lanes, *of_end, data, log, damage)


def _rows(events: str) -> Iterator[Row]:
    """The rows of an archived log. Raises `TypeError` or `ValueError` if it is none."""
    for row in json.loads(events):
        for value, kind in zip(row, _KINDS, strict=True):
            if not isinstance(value, kind):
                raise TypeError(value)
        yield Row(*row)


_KINDS = (int, int, str, int | None, int, str, int, str)
_TOMBSTONE = (
    "SELECT version, begun, done, closed, control, events, outcome, started, ended,"
    " forget FROM saga_tombstone WHERE saga = ? AND aggregate_id = ?"
)
_ARCHIVED = (
    "SELECT version, outcome, started, ended, data, events FROM saga_archive"
    " WHERE saga = ? AND aggregate_id = ? ORDER BY started DESC LIMIT 1"
)
