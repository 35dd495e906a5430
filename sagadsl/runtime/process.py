"""A process as it is stored: its row, the rows of its log, and what these add up to."""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple

from sagadsl.sql import MOST_STEPS

# The lane of each kind of the machine, and its bit where it is of no step.
LANE = {
    "begin": (0, 0),
    "done": (1, 0),
    "waive": (1, 0),
    "fail": (2, 0),
    "undo": (2, 0),
    "abort": (3, 1),
    "finish": (3, 2),
}
BITS = frozenset(LANE)
_STEPS = range(MOST_STEPS)
TOLD = frozenset({"abort", "parked", "stuck", "late", "finish"})


class Row(NamedTuple):
    """One row of a log; `seq` counts from 1, `attempt` too where it is of a handler.

    `event` is one of `BITS`, the kinds of the machine, or a note, which sets no bit.
    `time` is in milliseconds since 1970.
    """

    seq: int
    version: int
    event: str
    step: int | None
    attempt: int
    actor: str
    time: int
    note: str


class Process(NamedTuple):
    """One process at rest; times are in milliseconds since 1970, 0 for never.

    `record` is a `Record` of the emitted module. `due` is when a driver must look at
    it, `lease` until when `worker` has it to itself, `fence` rises with each claim.
    """

    saga: str
    aggregate_id: str
    version: int
    record: Any
    seq: int
    parked: int
    stuck: int
    started: int
    deadline: int
    due: int
    fence: int
    lease: int
    worker: str
    data: str


class Status(StrEnum):
    """How far the work on a step has come.

    WANTED: to be done, or done again, without doubt. TRYING: under way, or its worker
    is gone. FAILED: without effect, and to be tried again. RAISED and LOST: nobody
    knows, the handler raised or never came back. WAITS: for a person.
    """

    WANTED = "wanted"
    TRYING = "trying"
    FAILED = "failed"
    RAISED = "raised"
    LOST = "lost"
    WAITS = "waits"


class Effort(NamedTuple):
    """The work on one step: `undo` is its compensation.

    `attempt` is the last one, `first` the one from which attempts are counted since a
    person had it tried again, `began` when the last one did, or at the latest may have,
    `time` when its status changed, `asked` how often the probe failed to answer.
    `stuck` waits for a person since it failed for good.
    """

    attempt: int
    first: int
    status: Status
    began: int
    time: int
    undo: bool = False
    asked: int = 0
    stuck: bool = False


class Log:
    """What the rows of one process add up to; a new row is taken in as it is made."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows: list[Row] = []
        self.efforts: dict[int, Effort] = {}
        self.times: dict[tuple[str, int | None], int] = {}
        self.cause = ""
        self.lanes = [0, 0, 0, 0]
        self.odd = ""
        for row in rows:
            if _is_sound(row):
                self.take(row)
            else:
                self.rows.append(row)
                self.odd = f"row {row.seq} of its log is not one that there can be"

    def take(self, row: Row) -> None:
        """Take one more row in, of the types that its columns have."""
        self.rows.append(row)
        if row.event in BITS:
            self.times[row.event, row.step] = row.time
            lane, bit = LANE[row.event]
            self.lanes[lane] |= bit if row.step is None else 1 << row.step
        if row.event == "abort":
            self.cause = row.note
        if row.step is None:
            return
        if row.event in ("done", "fail", "undo", "waive"):
            self.efforts.pop(row.step, None)
        elif row.event in ("begin", "try", "undoing"):
            self.efforts[row.step] = self._begun(row)
        elif effort := self.efforts.get(row.step):
            self.efforts[row.step] = _told(effort, row)

    def why_damaged(self, process: Process) -> str:
        """Why these cannot be the rows of a process; empty if they can."""
        if not all(type(number) is int for number in process[4:12]):
            return "what should be a number is none"
        numbers = [row.seq for row in self.rows]
        if len(numbers) != process.seq or numbers != list(range(1, len(numbers) + 1)):
            return f"its log has not the rows 1 to {process.seq}"
        if self.odd:
            return self.odd
        if self.lanes != list(process.record):
            return f"its log adds up to {self.lanes}, its row to {[*process.record]}"
        if not _is_object(process.data):
            return "its data is no JSON object"
        return self._why_no_work(*self.lanes)

    def _why_no_work(self, begun: int, done: int, closed: int, control: int) -> str:
        """Why there is work that its lanes know nothing of; empty if there is none."""
        for step, effort in self.efforts.items():
            rest = begun & ~closed if effort.undo else begun & ~done & ~closed
            if not rest >> step & 1 or (effort.undo and not control):
                return f"its log is out of order: it ends in work on step {step}"
        return ""

    def mask(self, *, stuck: bool) -> int:
        """The bits of the steps that wait for a person, in doubt or stuck."""
        bits = 0
        for step, effort in self.efforts.items():
            if effort.status is Status.WAITS and effort.stuck is stuck:
                bits |= 1 << step
        return bits

    def _begun(self, row: Row) -> Effort:
        """An attempt that begins; one with the number 0 is only asked for."""
        assert row.step is not None
        undo = row.event == "undoing"
        before = self.efforts.get(row.step)
        same = before is not None and before.undo is undo and row.event != "begin"
        first = before.first if before and same else 1
        status = Status.TRYING if row.attempt else Status.WANTED
        return Effort(row.attempt, first, status, row.time, row.time, undo)


def _is_sound(row: Row) -> bool:
    """Whether the columns of a row are of their types; a damaged file has any."""
    numbers = type(row.attempt) is int and type(row.time) is int
    return numbers and (row.step is None or row.step in _STEPS)


def _is_object(data: object) -> bool:
    """Whether this is the text of a JSON object, or no text."""
    try:
        return data == "" or isinstance(json.loads(str(data)), dict)
    except (ValueError, RecursionError):
        return False


def _told(effort: Effort, row: Row) -> Effort:
    """What a note says of the work on its step."""
    time = row.time
    match row.event:
        case "failed":
            return effort._replace(status=Status.FAILED, time=time)
        case "raised" | "lost" as word:
            # When the handler was called is not known: at the latest just before.
            began = time if effort.status is Status.TRYING else effort.began
            status = Status(word)
            return effort._replace(status=status, began=began, time=time, asked=0)
        case "asked" if row.note == "no":
            return effort._replace(status=Status.WANTED, time=time)
        case "asked":
            return effort._replace(time=time, asked=effort.asked + 1)
        case "parked" | "stuck":
            stuck = row.event == "stuck"
            return effort._replace(status=Status.WAITS, time=time, stuck=stuck)
        case "resume":
            first = effort.attempt + 1
            return effort._replace(status=Status.WANTED, time=time, first=first)
    return effort
