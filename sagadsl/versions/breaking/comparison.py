"""What the rules are asked about: a released version, and the one that follows it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from sagadsl.machine import Machine, Record, Refused
from sagadsl.model import Pinned, Saga, Version
from sagadsl.proofs.pair import Pair
from sagadsl.source import Span
from sagadsl.versions.changes import Changes, changes_of


class Comparison:
    """Two versions with all that differs, and the source of the newer one."""

    def __init__(self, pinned: Pinned, released: Sequence[Version]) -> None:
        self.saga: Saga = pinned.saga
        self.released = released
        self.versions = pinned.versions
        self.old = released[-1]
        self.new = pinned.latest
        self._steps = {pinned.positions[step.name]: step for step in pinned.saga.steps}

    @cached_property
    def changes(self) -> Changes:
        """The rows, states and settings side by side."""
        return changes_of(self.old, self.new)

    @cached_property
    def pair(self) -> Pair:
        """All records of the old version in the new machine."""
        return Pair(self.old, self.new)

    @cached_property
    def machine(self) -> Machine:
        """The new machine."""
        return self.new.machine()

    def why_refused(self, record: Record) -> str:
        """Why a record may not move to the new version."""
        try:
            self.machine.upgrade(record, self.pair.machine)
        except Refused as refused:
            return refused.reason.removeprefix("no run leads here: ")
        raise AssertionError("a proof and the machine disagree")

    def blamed(self, record: Record) -> Span:
        """Where the source speaks of the step for which a record is refused."""
        record = self.machine.moved(record, self.old.number)
        seen = 0
        for plan in self.machine.guards.plans:
            seen |= plan.bit
            lanes = (record.begun & seen, record.done & seen, record.closed & seen)
            if self.machine.why_invalid(Record(*lanes, record.control)):
                return self.span(plan.rule.step)
        return self.saga.name_span

    def span(self, step: int) -> Span:
        """Where the source speaks of a step; its first line if it is gone."""
        found = self._steps.get(step)
        return found.transition.name_span if found else self.saga.name_span
