"""The verdicts on a saga by binary decision diagrams: sets of records, not records.

A third engine beside the formula and the search. It knows the token game of the
reference only: from the first record it adds what each event leads to until nothing is
new (Burch, Clarke, McMillan, Dill, Hwang 1992). Bits only rise, so that one pass for
each step is enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from dd.autoref import BDD, Function
from reference import Reference

from sagadsl.model import Saga


class Symbolic:
    """All records of one saga that are not finished, as one diagram."""

    def __init__(self, saga: Saga) -> None:
        self.saga = saga
        self.reference = Reference(saga)
        self.bdd = BDD()
        self.bdd.declare("aborting")
        for name in self.reference.steps:
            self.bdd.declare(
                *(f"{name}:{lane}" for lane in ("begun", "done", "closed"))
            )
        self.aborting = self.bdd.var("aborting")
        self.forward = self._closure(self._forward_events())
        events = [*self._forward_events(), *self._backward_events()]
        self.reachable = self._closure(events)

    def bit(self, name: str, lane: str) -> Function:
        return self.bdd.var(f"{name}:{lane}")

    def all_of(self, parts: Iterable[Function]) -> Function:
        return reduce(lambda a, b: a & b, parts, self.bdd.true)

    def any_of(self, parts: Iterable[Function]) -> Function:
        return reduce(lambda a, b: a | b, parts, self.bdd.false)

    def failed(self, name: str) -> Function:
        return self.bit(name, "closed") & ~self.bit(name, "done")

    def open(self, name: str) -> Function:
        return self.bit(name, "begun") & ~self.bit(name, "closed")

    def in_doubt(self, name: str) -> Function:
        return self.open(name) & ~self.bit(name, "done")

    def reached(self, place: str) -> Function:
        if self.reference.kind(place) == "initial":
            return self.bdd.true
        done = (self.bit(n, "done") for n in sorted(self.reference.producers[place]))
        failed = (self.failed(n) for n in sorted(self.reference.failers[place]))
        return self.any_of((*done, *failed))

    def held(self, place: str) -> Function:
        takers = sorted(self.reference.consumers[place])
        left = self.all_of(~self.bit(name, "begun") for name in takers)
        return self.reached(place) & left

    def enabled(self, name: str) -> Function:
        ways = self.reference.steps[name].sources
        some = self.any_of(self.all_of(map(self.held, way)) for way in ways)
        return ~self.aborting & ~self.bit(name, "begun") & some

    def may_abort(self) -> Function:
        pivots = filter(self.reference.is_pivot, self.reference.steps)
        return ~self.aborting & self.all_of(~self.open(name) for name in pivots)

    def _forward_events(self) -> list[tuple[str, Function]]:
        events = []
        for name in self.reference.steps:
            events.append((f"{name}:begun", self.enabled(name)))
            events.append((f"{name}:done", self.in_doubt(name)))
            if self.reference.can_fail(name):
                events.append((f"{name}:closed", self.in_doubt(name)))
        return events

    def _backward_events(self) -> list[tuple[str, Function]]:
        events = [("aborting", self.may_abort())]
        for name in self.reference.steps:
            undo = self.reference.compensation(name)
            if undo:
                known = self.bit(name, "done")
                if self.saga.action(undo).even_if_in_doubt:
                    known = self.bdd.true
                after = sorted(self.reference.after[name])
                gone = self.all_of(~self.open(other) for other in after)
                guard = self.aborting & self.open(name) & known & gone
                events.append((f"{name}:closed", guard))
        return events

    def _closure(self, events: list[tuple[str, Function]]) -> Function:
        every = self.all_of(~self.bdd.var(name) for name in self.bdd.vars)
        while True:
            before = every
            for name, guard in events:
                clear = every & guard & ~self.bdd.var(name)
                every |= self.bdd.exist([name], clear) & self.bdd.var(name)
            if every == before:
                return every

    def count(self, records: Function) -> int:
        return int(self.bdd.count(records, nvars=len(self.bdd.vars)))

    def ever(self, what: Function) -> bool:
        return bool((self.forward & what) != self.bdd.false)

    # the verdicts, by what each rule asks

    def stuck(self) -> Function:
        """Records that no event leads on from, but for a request to abort."""
        names = self.reference.steps
        places = list(self.saga.places)
        ends = [p for p in places if self.reference.kind(p).startswith("final")]
        given_up = self.any_of(
            self.failed(name) for name, step in names.items() if not step.otherwise
        )
        at_end = (
            self.any_of(map(self.held, ends))
            & self.all_of(~self.held(p) for p in places if p not in ends)
            & ~given_up
        )
        return (
            self.all_of(~self.in_doubt(name) for name in names)
            & self.all_of(~self.enabled(name) for name in names)
            & ~at_end
            & ~(given_up & self.may_abort())
        )

    def ended_early(self) -> set[str]:
        busy = self.any_of(map(self.enabled, self.reference.steps))
        return {
            state
            for place, state in self.saga.places.items()
            if self.reference.kind(place).startswith("final")
            and self.ever(self.held(place) & busy)
        }

    def never_begun(self) -> set[str]:
        steps = self.reference.steps
        return {name for name in steps if not self.ever(self.bit(name, "begun"))}

    def left_standing(self) -> set[str]:
        found = set()
        for name, step in self.reference.steps.items():
            row = self.saga.action(step.transition.action)
            stays = row.pivot or row.no_undo or self.reference.compensation(name)
            done = self.bit(name, "done")
            if row.effect and not stays and self.ever(done & self.may_abort()):
                found.add(row.name)
        return found
