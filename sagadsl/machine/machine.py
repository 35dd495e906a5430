"""One version of a saga, for those who ask it."""

from __future__ import annotations

from collections.abc import Iterable

from sagadsl.machine.guards import Guards
from sagadsl.machine.plans import Plan
from sagadsl.machine.record import (
    ABORTING,
    FINISHED,
    Compensation,
    Event,
    Kind,
    Record,
    Refused,
    Transition,
)
from sagadsl.machine.tables import Table

Step = int
State = str


class Machine:
    """One version of the saga.

    A mask is one integer, bit i set where step i is done. A record also knows what has
    begun, what failed and what was compensated. Arguments are never changed.
    """

    def __init__(self, table: Table) -> None:
        """Take the rows of one version and work out the guards."""
        self.version = table.version
        self.digest = table.digest
        self.draft = table.draft
        self.expires = table.expires
        self.remember = table.remember
        self.abort = table.abort
        self.rules = table.rules
        self.actions = {action.name: action for action in table.actions}
        self.waives = table.waives
        self.transitions = Transition.rows(table)
        self.guards = Guards.of(table)
        self._plans: dict[Step, Plan] = {
            plan.rule.step: plan for plan in sorted(self.guards.plans)
        }
        self.compensations = tuple(
            Compensation(step, plan.undo)
            for step, plan in self._plans.items()
            if plan.undo
        )
        self._rounds = self._rounds_by_name()
        self._quick = self._quick_guards()

    def __repr__(self) -> str:
        return f"<Machine version {self.version}>"

    def advance(self, mask: int, step: Step | str) -> int:
        """The mask with the step's bit set, or `Refused`."""
        try:
            care, need, bit = self._quick[step]
            if mask & care == need:
                return mask | bit
        except (KeyError, TypeError):
            pass  # below it is said what is wrong, or found which round is meant
        record = self._done(mask)
        plan = self._due(record, Kind.BEGIN, step, mask)
        self._demand(record, Kind.BEGIN, plan, mask)
        return mask | plan.bit

    def can(self, mask: int, step: Step | str) -> bool:
        """Whether `advance` accepts the step."""
        record = self._done(mask)
        plan = self._due(record, Kind.BEGIN, step, mask)
        return self.guards.may(record, Kind.BEGIN, plan)

    def allowed(self, mask: int) -> tuple[Step, ...]:
        """The steps that `advance` accepts, in order of position."""
        record = self._done(mask)
        return tuple(
            step
            for step, plan in self._plans.items()
            if self.guards.may(record, Kind.BEGIN, plan)
        )

    def held(self, mask: int) -> tuple[State, ...]:
        """The states where the process stands, in order of declaration."""
        return self.guards.states(self._done(mask))

    def replay(self, steps: Iterable[Step | str]) -> int:
        """The mask that the steps lead to from the start, or `Refused` with `index`."""
        quick = self._quick
        mask = 0
        for step in steps:
            try:
                care, need, bit = quick[step]
                if mask & care == need:
                    mask |= bit
                    continue
            except (KeyError, TypeError):
                pass  # as in `advance`, which takes over
            try:
                mask = self.advance(mask, step)
            except Refused as refused:
                refused.index = mask.bit_count()  # each step before has set its bit
                raise
        return mask

    def is_valid(self, mask: int) -> bool:
        """Whether some run leads here."""
        return self.is_valid_record(Record(mask, mask))

    def is_final(self, mask: int) -> bool:
        """Whether the process stands in final states only."""
        return self.guards.at_end(self._done(mask))

    def undo(self, mask: int) -> tuple[str, ...]:
        """The compensations to run if it is given up here, in an order that is allowed.

        None once a pivot is done: from there the process only goes forward.
        """
        return self.to_undo(self._done(mask))

    def apply(self, record: Record, event: Event) -> Record:
        """The record after the event, or `Refused`."""
        self._check(record, record)
        kind = Kind(event.kind)
        begun, done, closed, control = record
        if kind is Kind.ABORT or kind is Kind.FINISH:
            self._demand(record, kind, None, record)
            sets = ABORTING if kind is Kind.ABORT else FINISHED
            return Record(begun, done, closed, control | sets)
        plan = self._due(record, kind, event.step, record)
        self._demand(record, kind, plan, record)
        if kind is Kind.BEGIN:
            return Record(begun | plan.bit, done, closed, control)
        if kind is Kind.DONE:
            return Record(begun, done | plan.bit, closed, control)
        return Record(begun, done, closed | plan.bit, control)

    def events(self, record: Record) -> tuple[Event, ...]:
        """The events that `apply` accepts: by kind, then by position."""
        self._check(record, record)
        of_steps = [
            Event(kind, step)
            for kind in (Kind.BEGIN, Kind.DONE, Kind.FAIL, Kind.UNDO)
            for step, plan in self._plans.items()
            if self.guards.may(record, kind, plan)
        ]
        of_all = [
            Event(kind)
            for kind in (Kind.ABORT, Kind.FINISH)
            if self.guards.may(record, kind, None)
        ]
        return (*of_steps, *of_all)

    def to_undo(self, record: Record) -> tuple[str, ...]:
        """The compensations to run if a record is given up, in an allowed order."""
        self._check(record, record)
        actions: list[str] = []
        if self.guards.may(record, Kind.ABORT, None):
            record = record._replace(control=ABORTING)
        for plan in reversed(self.guards.plans):
            if self.guards.may(record, Kind.UNDO, plan):
                record = record._replace(closed=record.closed | plan.bit)
                actions.append(plan.undo)
        return tuple(actions)

    def due(self, record: Record, kind: Kind, step: Step | str) -> Step:
        """The step that a name means for an event: of rounds, the one that is due."""
        self._check(record, record)
        return self._due(record, kind, step, record).rule.step

    def is_valid_record(self, record: Record) -> bool:
        """Whether some run leads here."""
        return not self.why_invalid(record)

    def why_invalid(self, record: Record) -> str:
        """Why no run leads to a record; empty if one does."""
        try:
            self._check(record, record)
        except Refused as refused:
            return refused.reason
        return self.guards.why_unreachable(record)

    def upgrade(self, record: Record, old: Machine) -> Record:
        """A record of another version in the terms of this one, or `Refused`."""
        if why := old.why_invalid(record):
            raise Refused(old, record, None, why)
        if gone := (record.begun | record.done) & ~self.guards.steps:
            why = f"version {self.version} has no step {old.guards.names(gone)}"
            raise Refused(self, record, None, why)
        moved = self.moved(record, old.version)
        if why := self.why_invalid(moved):
            raise Refused(self, record, None, why)
        if why := self.guards.why_stays(moved, old.guards):
            raise Refused(self, record, None, f"in version {self.version} {why}")
        return moved

    def moved(self, record: Record, version: int) -> Record:
        """A record of a version with what the upgrade from there waives, judged not."""
        waived = 0
        for waiver in self.guards.waivers:
            if waiver.version == version and record.begun & waiver.causes:
                waived |= waiver.bit
        return record._replace(done=record.done | waived & ~record.begun)

    def standing(self, record: Record) -> tuple[State, ...]:
        """The states where a record stands, in order of declaration."""
        self._check(record, record)
        return self.guards.states(record)

    def _rounds_by_name(self) -> dict[Step | str, list[Plan]]:
        """The plans that a step or a name may mean: of an action, all its rounds."""
        rounds: dict[Step | str, list[Plan]] = {}
        alone: dict[Step | str, list[Plan]] = {}
        for step, plan in self._plans.items():
            rounds.setdefault(plan.rule.action, []).append(plan)
            alone[step] = alone[plan.rule.name] = [plan]
        return alone | rounds

    def _quick_guards(self) -> dict[Step | str, tuple[int, int, int]]:
        """The first alternative of each step as one comparison: care, need and bit.

        The sign and the bits that no step owns are cared for and never needed.
        """
        quick: dict[Step | str, tuple[int, int, int]] = {}
        for step, plan in self._plans.items():
            first = plan.alternatives[0]
            sources = [p.producers for p in first.places if p.kind != "initial"]
            need = 0
            for producers in sources:
                need |= producers & -producers
            block = first.rivals | plan.bit | ~self.guards.steps
            if all(sources) and not need & block:
                quick[step] = (need | block, need, plan.bit)
        for name, rounds in self._rounds.items():
            if len(rounds) == 1 and rounds[0].rule.step in quick:
                quick[name] = quick[rounds[0].rule.step]
        return quick

    def _done(self, mask: int) -> Record:
        """The record of a mask: what is done has begun, and nothing failed."""
        record = Record(mask, mask)
        self._check(record, mask)
        return record

    def _check(self, record: Record, given: int | Record) -> None:
        """Refuse what cannot be a record of this version, whatever its runs.

        Here and below `given` is the mask or record that was asked about.
        """
        known_bits = (*[self.guards.steps] * 3, ABORTING | FINISHED)
        for lane, value, known in zip(Record._fields, record, known_bits, strict=True):
            if not self._is_natural(value):
                reason = f"{value!r} is not a non-negative integer"
                raise Refused(self, given, None, reason)
            if unknown := value & ~known:
                bit = (unknown & -unknown).bit_length() - 1
                reason = f"bit {bit} belongs to no step of version {self.version}"
                if lane == "control":
                    reason = f"bit {bit} of the control word means nothing"
                raise Refused(self, given, None, reason)

    @staticmethod
    def _is_natural(value: object) -> bool:
        """Whether a value from anywhere is an integer that can be a mask."""
        return isinstance(value, int) and value >= 0

    def _due(
        self, record: Record, kind: Kind, step: Step | str | None, given: int | Record
    ) -> Plan:
        """The plan of a step; of an action with rounds, that of the round due."""
        try:
            rounds = [] if step is None else self._rounds.get(step, [])
        except TypeError:
            rounds = []  # what has no hash is no step
        if not rounds:
            reason = f"version {self.version} has no step {step!r}"
            raise Refused(self, given, step, reason)
        for plan in rounds:
            if self.guards.may(record, kind, plan):
                return plan
        begun = [plan for plan in rounds if record.begun & plan.bit]
        if kind is Kind.BEGIN:
            return next((p for p in rounds if p not in begun), rounds[-1])
        return begun[-1] if begun else rounds[0]

    def _demand(
        self, record: Record, kind: Kind, plan: Plan | None, given: int | Record
    ) -> None:
        """Refuse an event whose guard fails, and say why."""
        if not self.guards.may(record, kind, plan):
            step = plan.rule.step if plan else None
            why = self.guards.why_not(record, kind, plan)
            raise Refused(self, given, step, why)
