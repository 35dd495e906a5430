"""One turn of a process: what is done to it in one transaction, before any is written.

A turn is pure. It starts from the stored row and its log, takes events and notes, and
ends as a `Change` for the store and as calls to be made once that is durable.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from sagadsl.runtime.process import LANE, Effort, Log, Process, Row
from sagadsl.runtime.saga import Chances, Taken, Version, Work

EXPIRED = "expired"
LONGEST_NOTE = 500


class Call(NamedTuple):
    """A handler to be called: to perform or take back a step, or to ask about it.

    `began` is when the attempt began, in milliseconds since 1970.
    """

    aggregate_id: str
    step: Taken
    work: Work
    handler: str
    attempt: int
    undo: bool
    probe: bool
    fence: int
    began: int
    data: Mapping[str, Any]


class End(NamedTuple):
    """How a process ended; it is remembered so many milliseconds."""

    outcome: str
    remember: int


class Change(NamedTuple):
    """What a turn wants written: rows in their order, and the columns after them.

    `before` is the row that it was judged by; nothing is written if that has changed.
    """

    before: Process
    rows: tuple[Row, ...]
    after: Process
    end: End | None


class Turn:
    """A process in one turn; `live` are the steps whose handler is being called."""

    def __init__(
        self, version: Version, process: Process, log: Log, live: set[int], now: int
    ) -> None:
        self.version = version
        self.process = process
        self.log = log
        self.live = live
        self.now = now
        self.record = process.record
        self.seq = process.seq
        self.fence = process.fence
        self.data = process.data
        self.rows: list[Row] = []
        self.calls: list[Call] = []
        self.wakes: list[int] = []
        self.ended: End | None = None
        self.owned = False

    @property
    def leased(self) -> bool:
        """Whether a worker has the process to itself."""
        return self.process.lease > self.now

    def own(self) -> None:
        """Take the process, which nobody has, or go on with one that was taken."""
        if not (self.owned or self.leased):
            self.fence = self.process.fence + 1
        self.owned = True

    def upgrade(self, version: Version, record: Any, actor: str) -> None:
        """Go on by another version, with the record that its machine makes of this."""
        waived = record[1] & ~self.record[1]
        self.version, self.record = version, record
        self.note("upgrade", actor=actor)
        for step in version.steps.values():
            if waived & step.bit:
                self.note("waive", step, actor=actor)

    @property
    def chances(self) -> Chances:
        """What a driver may do now."""
        return self.version.chances(self.record)

    def may(self, kind: str, step: Taken | None = None) -> bool:
        """Whether an event may happen now."""
        return self.version.may(self.record, kind, step)

    def event(
        self,
        kind: str,
        step: Taken | None = None,
        attempt: int = 0,
        actor: str = "",
        note: str = "",
    ) -> None:
        """Take an event, which may happen."""
        if kind == "finish":
            held = self.version.machine.standing(self.record)
            aborted = EXPIRED if self.log.cause == EXPIRED else "compensated"
            note = aborted if self.record[3] else " & ".join(held)
            self.ended = End(note, self.version.remember)
        lanes = list(self.record)
        lane, bit = LANE[kind]
        lanes[lane] |= step.bit if step else bit
        self.record = type(self.record)(*lanes)
        self.note(kind, step, attempt, actor, note)

    def note(
        self,
        word: str,
        step: Taken | None = None,
        attempt: int = 0,
        actor: str = "",
        note: str = "",
    ) -> None:
        """Add a row to the log."""
        self.seq += 1
        position = step.step if step else None
        number = self.version.number
        text = stored(note) if note else ""
        who = stored(actor) if actor else ""
        row = Row(self.seq, number, word, position, attempt, who, self.now, text)
        self.rows.append(row)
        self.log.take(row)

    def effort(self, step: Taken) -> Effort | None:
        """The work on a step, if there is any."""
        return self.log.efforts.get(step.step)

    def call(self, step: Taken, *, probe: bool = False) -> None:
        """Have a handler called once this turn is durable."""
        effort = self.log.efforts[step.step]
        work = step.backward if effort.undo else step.forward
        assert work is not None
        self.live.add(step.step)
        self.calls.append(
            Call(
                self.process.aggregate_id,
                step,
                work,
                work.probe if probe else work.handler,
                effort.attempt,
                effort.undo,
                probe,
                self.fence,
                effort.began,
                json.loads(self.data) if self.data else {},
            )
        )

    def keep(self, values: Mapping[str, Any] | None) -> None:
        """Merge what a handler or an event brings into the data of the process."""
        if values:
            known = json.loads(self.data) if self.data else {}
            self.data = json.dumps({**known, **values}, separators=(",", ":"))

    def wake(self, time: int) -> None:
        """Have a driver look again at this time."""
        self.wakes.append(time)

    def change(self, lease: int, worker: str) -> Change:
        """What is to be written.

        Who owns the process keeps it until `lease` while something is being called; of
        one that is another's, nothing but the log and what follows from it changes.
        """
        process = self.process
        fence, until, holder = process.fence, process.lease, process.worker
        busy = bool(self.live) or self.leased
        if self.owned:
            fence, busy = self.fence, bool(self.live)
            until, holder = (lease, worker) if busy else (0, "")
        due = min(self.wakes, default=0)
        if busy:  # as it was, if that will do: the index of it need not be touched
            due = process.due if 0 < process.due <= self.now else self.now
        after = Process(
            process.saga,
            process.aggregate_id,
            self.version.number,
            self.record,
            self.seq,
            self.log.mask(stuck=False),
            self.log.mask(stuck=True),
            process.started,
            process.deadline,
            due,
            fence,
            until,
            holder,
            self.data,
        )
        return Change(process, tuple(self.rows), after, self.ended)


def stored(text: str) -> str:
    """A text as every database takes it: an error may say anything, at any length."""
    short = text[:LONGEST_NOTE].replace("\0", "")
    return short.encode(errors="replace").decode()
