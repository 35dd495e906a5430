"""The rows that a machine is made of: one version of a saga, as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

Step = int
State = str


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

    @property
    def sources(self) -> list[list[str]]:
        """The alternatives to start from, each the states that it joins."""
        return [joined.split(" & ") for joined in self.prev.split(" | ")]

    @property
    def targets(self) -> list[str]:
        """The states that it leads to."""
        return self.next.split(" & ")

    @property
    def fallbacks(self) -> list[str]:
        """The states that it leads to if it fails."""
        return self.otherwise.split(" & ") if self.otherwise else []

    @staticmethod
    def cell(alternatives: Iterable[Iterable[str]]) -> str:
        """How `sources` are written, as in `a & b | c`."""
        return " | ".join(map(" & ".join, alternatives))


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


class Waive(NamedTuple):
    """A step that records of an older version need not have taken.

    It is waived where the action `when` has begun.
    """

    version: int
    action: str
    when: str


class Table(NamedTuple):
    """One version of the saga, its rules in an order in which causes precede effects.

    `states` maps each state of each round of a loop to its kind, `copies` those of
    later rounds to the state that was declared. A process expires so many seconds
    after its start, never if 0, and is remembered so many seconds after its end.
    """

    version: int
    digest: str
    draft: bool
    expires: int
    remember: int
    abort: Abort | None
    states: Mapping[str, str]
    copies: Mapping[str, str]
    rules: tuple[Rule, ...]
    actions: tuple[Action, ...]
    compensations: Mapping[str, str]
    waives: tuple[Waive, ...] = ()
