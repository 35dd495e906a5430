"""What the rules are asked about: a released version, and the one that follows it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from sagadsl.machine import Machine, Record, Refused
from sagadsl.model import Pinned, Saga, Transition, Version
from sagadsl.proofs.pair import Pair
from sagadsl.source import Span
from sagadsl.versions.changes import Changes, changes_of
from sagadsl.versions.renamed import renames


class Comparison:
    """Two versions with all that differs, and the source of the newer one."""

    def __init__(self, pinned: Pinned, released: Sequence[Version]) -> None:
        self.pinned = pinned
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

    @cached_property
    def renamed(self) -> dict[str, Transition]:
        """The rows that may be steps which are gone, by the name that was."""
        taken = {rule.step for v in self.released for rule in v.rows.rules}
        owned = {r.name for r in self.new.rows.rules if r.step in taken}
        return dict(renames(self.saga, self.old, owned))

    def span(self, step: int) -> Span:
        """Where the source speaks of a step; its first line if it is gone."""
        found = self._steps.get(step)
        return found.transition.name_span if found else self.saga.name_span
