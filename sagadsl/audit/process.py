"""One process, judged row by row: slow, exact, and in the words of the machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from sagadsl.sql import MARKS, NOTES, OF_ALL, OF_STEPS

UPGRADE, WAIVE, TAKEN = "upgrade", "waive", ""
UNCOUNTED = -1 << 63  # the `seq` of a row that has no number where others have one


class Saga(Protocol):
    """What is asked of a saga: an emitted module has it."""

    @property
    def MACHINES(self) -> Mapping[int, Any]:  # noqa: N802  the module's name
        """The machine of each version."""

    @property
    def Record(self) -> Any:  # noqa: N802  as above
        """The lanes of a process."""

    @property
    def Event(self) -> Any:  # noqa: N802  as above
        """A kind, and the step that it happens to."""

    @property
    def Kind(self) -> Any:  # noqa: N802  as above
        """The kinds of events."""

    @property
    def Refused(self) -> Any:  # noqa: N802  as above
        """What a machine raises."""


class Row(NamedTuple):
    """A row of a log; an empty event says that the step was taken: begun and done.

    `step` is a position or a name, `seq` counts the rows of the process from 1 and is
    None where nothing counts them.
    """

    version: Any
    event: str
    step: Any
    seq: int | None = None

    @property
    def number(self) -> int | None:
        """What it has in `seq`, if that is a number."""
        return None if self.seq == UNCOUNTED else self.seq

    def __str__(self) -> str:
        said = [self.event, "" if self.step is None else str(self.step)]
        return " ".join(word for word in said if word) or "nothing"


class Wrong(NamedTuple):
    """Why a row is bad: a kind, as of `Bad`, and words."""

    kind: str
    why: str


class Process:
    """Where a process stands after the rows so far.

    `waived` has the bits that an upgrade waives and whose rows have yet to come.
    """

    def __init__(
        self, saga: Saga, record: Any = None, version: int | None = None, seq: int = 0
    ) -> None:
        self.saga = saga
        self.record = saga.Record() if record is None else record
        self.version = version
        self.seq = seq
        self.waived = 0

    def take(self, row: Row) -> Wrong | None:
        """Move on by a row, or say what is wrong with it; then nothing has changed."""
        if row.seq is not None and row.seq != self.seq + 1:
            this = "has no number" if row.number is None else f"is {row.seq}"
            return Wrong("sequence", f"row {self.seq + 1} is due, this {this}")
        try:
            wrong = self._unreadable(row) or self._take(row)
        except self.saga.Refused as refused:
            return Wrong("refused", refused.reason)
        if wrong is None:
            self.version = row.version
            self.seq += 1
        return wrong

    def _unreadable(self, row: Row) -> Wrong | None:
        machine = self.saga.MACHINES.get(row.version)
        if machine is None:
            known = ", ".join(map(str, self.saga.MACHINES))
            why = f"version {row.version} is unknown; there are {known}"
            return Wrong("version", why)
        if row.event != UPGRADE and self.version not in (None, row.version):
            why = f"it is of version {row.version}, the process of {self.version}"
            return Wrong("version", why)
        if row.event in (*MARKS, *NOTES, *OF_ALL):
            return None
        if row.event not in OF_STEPS and row.event != TAKEN:
            return Wrong("event", f"`{row.event}` is no event")
        if row.step is None:
            return Wrong("step", "it names no step")
        try:
            machine.due(self.saga.Record(), self.saga.Kind.BEGIN, row.step)
        except self.saga.Refused as refused:
            return Wrong("step", refused.reason)
        return None

    def _take(self, row: Row) -> Wrong | None:
        machine = self.saga.MACHINES[row.version]
        if row.event == UPGRADE:
            return self._upgrade(machine)
        if row.event in (*MARKS, *NOTES):
            return None
        if row.event == WAIVE:
            return self._waive(machine, row.step)
        if self.waived:
            waits = machine.guards.names(self.waived)
            return Wrong("refused", f"the upgrade waives {waits}, which comes first")
        if row.event in OF_ALL:
            self.record = machine.apply(self.record, self.saga.Event(row.event))
            return None
        kind = row.event or "begin"
        step = machine.due(self.record, self.saga.Kind(kind), row.step)
        record = machine.apply(self.record, self.saga.Event(kind, step))
        if row.event == TAKEN:
            record = record._replace(done=record.done | 1 << int(step))
        self.record = record
        return None

    def _upgrade(self, machine: Any) -> Wrong | None:
        if self.version is None or machine.version <= self.version:
            why = f"version {machine.version} is no upgrade of {self.version or 'none'}"
            return Wrong("refused", why)
        moved = machine.upgrade(self.record, self.saga.MACHINES[self.version])
        self.waived = moved.done & ~self.record.done
        return None

    def _waive(self, machine: Any, step: object) -> Wrong | None:
        bit = 1 << int(machine.due(self.record, self.saga.Kind.WAIVE, step))
        if not self.waived & bit:
            name = machine.guards.names(bit)
            return Wrong("refused", f"{name} cannot be waived: no upgrade says so")
        self.waived &= ~bit
        self.record = self.record._replace(done=self.record.done | bit)
        return None
