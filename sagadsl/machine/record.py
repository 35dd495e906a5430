"""The values that a machine takes and gives: events, records, refusals, the table."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from sagadsl.machine.tables import Rule, Table

if TYPE_CHECKING:
    from sagadsl.machine.machine import Machine

Step = int
State = str


ABORTING, FINISHED = 1, 2


class Kind(StrEnum):
    """What an event does to its step or to the whole process."""

    BEGIN = "begin"
    DONE = "done"
    FAIL = "fail"
    UNDO = "undo"
    WAIVE = "waive"
    ABORT = "abort"
    FINISH = "finish"


class Event(NamedTuple):
    """One event: its kind and, save for abort and finish, its step.

    An action's name as the step means the round that is due.
    """

    kind: Kind
    step: Step | str | None = None


class Record(NamedTuple):
    """A process at rest: three words with a bit for each step, and a control word.

    A step that has begun and is neither done nor closed is in doubt; closed without
    being done, it failed; done and closed, it was compensated. The control word adds
    ABORTING and FINISHED.
    """

    begun: int = 0
    done: int = 0
    closed: int = 0
    control: int = 0

    def pack(self) -> int:
        """One integer: 20 bits for each lane, then the control word."""
        if min(self) < 0 or max(self[:3]) >> 20 or self.control >> 2:
            raise ValueError(f"{self} does not fit: one integer holds 20 steps")
        return self.begun | self.done << 20 | self.closed << 40 | self.control << 60

    @classmethod
    def unpack(cls, packed: int) -> Record:
        """The record that `pack` turned into an integer."""
        if packed < 0 or packed >> 62:
            raise ValueError(f"{packed} is not a packed record, which has 62 bits")
        lane = (1 << 20) - 1
        return cls(
            packed & lane, packed >> 20 & lane, packed >> 40 & lane, packed >> 60
        )


class Transition(NamedTuple):
    """A row of the table, as it was written."""

    prev: str
    next: str
    action: str
    trigger: str

    @classmethod
    def rows(cls, table: Table) -> tuple[Transition, ...]:
        """One row for each action, whatever its rounds."""

        def declared(states: list[str]) -> tuple[str, ...]:
            return tuple(dict.fromkeys(table.copies.get(s, s) for s in states))

        rounds: dict[str, list[Rule]] = {}
        for rule in table.rules:
            rounds.setdefault(rule.action, []).append(rule)
        rows: list[Transition] = []
        for action, (first, *_) in rounds.items():
            sources = [declared(s) for rule in rounds[action] for s in rule.sources]
            prev = Rule.cell(dict.fromkeys(sources))
            leads = [declared(first.targets), declared(first.fallbacks)]
            ends = " else ".join(Rule.cell([states]) for states in leads if states)
            rows.append(cls(prev, ends, action, first.trigger))
        return tuple(rows)


class Compensation(NamedTuple):
    """The action that takes a step's effect back."""

    step: Step
    action: str


class Refused(ValueError):
    """What may not happen, or a value that no process of this version can have.

    `mask` is the mask or record, `index` the refused step's place in a replay.
    """

    def __init__(
        self,
        machine: Machine,
        mask: int | Record,
        step: Step | str | None,
        reason: str,
    ) -> None:
        super().__init__(reason)
        self.machine = machine
        self.mask = mask
        self.step = step
        self.reason = reason
        self.index: int | None = None

    def __reduce__(self) -> tuple[object, ...]:
        made_of = (self.machine, self.mask, self.step, self.reason)
        return Refused, made_of, {"index": self.index}


class UnknownVersion(LookupError):
    """A version that is not in this module; its records are not to be guessed at."""
