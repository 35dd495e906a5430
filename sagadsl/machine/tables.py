"""The values that a machine is made of and that it judges."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

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
    """One event: its kind and, save for abort and finish, its step."""

    kind: Kind
    step: Step | None = None


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


class Compensation(NamedTuple):
    """The action that takes a step's effect back."""

    step: Step
    action: str


class Rule(NamedTuple):
    """One step: where it starts from, where it leads, and where if it fails.

    `delay` counts the seconds of a timer. `round` tells the rounds of a loop apart.
    """

    step: Step
    action: str
    prev: str
    next: str
    otherwise: str = ""
    trigger: str = ""
    delay: int = 0
    round: str = ""

    @property
    def name(self) -> str:
        """The action, with its round where that is not the first."""
        return f"{self.action}_{self.round}" if self.round else self.action


class Action(NamedTuple):
    """How an action is performed: `once` or `idempotent`; one without a row is a fact.

    Times are in seconds, 0 where none is set. With `longest` the pause between
    attempts doubles up to it.
    """

    name: str
    effect: str
    probe: str = ""
    attempts: int = 1
    pause: int = 0
    longest: int = 0
    timeout: int = 0
    pivot: bool = False
    cannot_fail: bool = False
    no_undo: bool = False
    even_if_in_doubt: bool = False


class Abort(NamedTuple):
    """The request to give up, and the actors who may make it; none means anyone."""

    name: str
    actors: tuple[str, ...] = ()


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


class UnknownVersion(LookupError):
    """A version that is not in this module; its records are not to be guessed at."""
