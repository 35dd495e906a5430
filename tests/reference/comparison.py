"""A machine held to the reference: every record, and every record one bit away."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from reference import STEP_KINDS, Event, Record, Reference

from sagadsl.model import Saga


class Tally(NamedTuple):
    """How much was compared."""

    evaluations: int
    records: int
    exact: bool


class Difference(AssertionError):
    """Where the machine and the reference part."""


class Comparison:
    """One machine beside the reference of its saga.

    `machine` is anything with the names of the contract, `types` the module that has
    its `Record`, `Event`, `Kind` and `Refused`; `positions` maps steps to their bits.
    """

    def __init__(
        self, saga: Saga, machine: Any, types: Any, positions: dict[str, int]
    ) -> None:
        self.reference = Reference(saga)
        self.machine = machine
        self.types = types
        self.positions = dict(sorted(positions.items(), key=lambda item: item[1]))
        self.evaluations = 0

    def run(self, most: int, every: int = 1) -> Tally | None:
        """Compare everything; None if there are more records than `most`.

        Of the records one bit away, only one of so many is looked at as `every` says.

        Validity is only compared where no step swallows a state, since the theorem
        that lets a record be judged without its log wants alternatives to exclude
        each other.
        """
        reachable = self.reference.reachable(most)
        if reachable is None:
            return None
        exact = not any(self.reference.swallows(reachable))
        near = self._near(reachable)[::every]
        for record in (*reachable, *near):
            self._compare_events(record)
            if exact:
                valid = record in reachable
                packed = self.packed(record)
                self._equal("is_valid_record", record, valid, packed)
        masks = self.reference.reachable_masks()
        self._compare_masks({r.done for r in (*reachable, *near)}, masks, exact)
        return Tally(self.evaluations, len(reachable) + len(near), exact)

    def _equal(self, name: str, at: Record, expected: object, *given: object) -> None:
        actual = getattr(self.machine, name)(*given)
        self._same(name, at, expected, actual)

    def _same(self, name: str, at: Record, expected: object, actual: object) -> None:
        self.evaluations += 1
        if expected != actual:
            text = self.reference.saga.source.text
            shown = "\n".join(f"{k}: {v}" for k, v in at._asdict().items())
            raise Difference(
                f"{name}\nexpected {expected}\nactual   {actual}\n{shown}\n{text}"
            )

    def _bits(self, names: Collection[str]) -> int:
        return sum(1 << self.positions[name] for name in names)

    def packed(self, record: Record) -> Any:
        control = record.aborting + 2 * record.finished
        lanes = map(self._bits, (record.begun, record.done, record.closed))
        return self.types.Record(*lanes, control)

    def _near(self, records: Collection[Record]) -> list[Record]:
        """The records one bit away from some, and not among them."""
        found: dict[Record, None] = {}
        for record in records:
            for name in self.positions:
                bit = {name}
                found[record._replace(begun=record.begun ^ bit)] = None
                found[record._replace(done=record.done ^ bit)] = None
                found[record._replace(closed=record.closed ^ bit)] = None
            found[record._replace(aborting=not record.aborting)] = None
            found[record._replace(finished=not record.finished)] = None
        return [record for record in found if record not in records]

    def _event(self, event: Event) -> Any:
        kind = self.types.Kind(event.kind)
        return self.types.Event(kind, self.positions.get(event.step))

    def _every_event(self) -> Iterator[Event]:
        for kind in (*STEP_KINDS, "waive"):
            for name in self.positions:
                yield Event(kind, name)
        yield Event("abort")
        yield Event("finish")

    def _compare_events(self, record: Record) -> None:
        """What may happen is accepted with the right outcome, all else is refused."""
        packed = self.packed(record)
        allowed = []
        for event in self._every_event():
            expected = "refused"
            given = self._event(event)
            if self.reference.may(record, event):
                allowed.append(given)
                expected = self.packed(self.reference.apply(record, event))
            actual = self._outcome("apply", packed, given)
            self._same(f"apply {event.kind} {event.step}", record, expected, actual)
        self._equal("events", record, tuple(allowed), packed)

    def _outcome(self, name: str, *given: object) -> Any:
        try:
            return getattr(self.machine, name)(*given)
        except self.types.Refused as refused:
            whole = refused.reason and not refused.reason.endswith((" ", "``"))
            return "refused" if whole else f"refused: {refused.reason!r}"

    def _compare_masks(
        self, done: Iterable[frozenset[str]], valid: set[frozenset[str]], exact: bool
    ) -> None:
        near = {mask ^ {name} for mask in done for name in self.positions}
        for names in {*done, *near}:
            mask = self._bits(names)
            at = Record(names, names)
            allowed = self.reference.allowed(names)
            for name, position in self.positions.items():
                can = name in allowed
                after = mask | 1 << position if can else "refused"
                self._equal("can", at, can, mask, position)
                actual = self._outcome("advance", mask, position)
                self._same(f"advance {name}", at, after, actual)
            steps = tuple(sorted(self.positions[name] for name in allowed))
            self._equal("allowed", at, steps, mask)
            self._equal("held", at, self.reference.held(at), mask)
            self._equal("is_final", at, self.reference.is_final(at), mask)
            if exact:
                self._equal("is_valid", at, names in valid, mask)
            self._compare_undo(at, self.machine.undo(mask))

    def _compare_undo(self, at: Record, actions: tuple[str, ...]) -> None:
        """That the order is allowed, and nothing is left that could be undone.

        Several steps may share a compensation, so all that an action can mean is kept.
        """
        reference = self.reference
        records = {at}
        if reference.may(at, Event("abort")):
            records = {reference.apply(at, Event("abort"))}
        for action in actions:
            records = {
                reference.apply(record, Event("undo", name))
                for record in records
                for name in self.positions
                if reference.compensation(name) == action
                and reference.may(record, Event("undo", name))
            }
        complete = any(
            not any(reference.may(r, Event("undo", name)) for name in self.positions)
            for r in records
        )
        self._same(f"undo {', '.join(actions)}", at, expected=True, actual=complete)
