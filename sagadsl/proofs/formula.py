"""Which records some run leads to, as one formula over the bits of a record.

A record is reachable if and only if each step in it is accounted for by those before it
in causal order; the model's page has the theorem and where it comes from. So no run is
unrolled: a saga of n rows gives a formula whose size is proportional to n.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sagadsl import machine
from sagadsl.machine.guards import Guards
from sagadsl.machine.plans import Place, Plan
from sagadsl.proofs.solver import Solver

Clause = tuple[int, ...]


class Lanes(NamedTuple):
    """The literals of one step's bits, and what they say together."""

    begun: int
    done: int
    closed: int
    failed: int
    open: int
    in_doubt: int


class Record(NamedTuple):
    """The literals of a record: the lanes of each step by its bit, and `aborting`."""

    lanes: dict[int, Lanes]
    aborting: int


def record_of(solver: Solver, bits: Iterable[int]) -> Record:
    """A record of which nothing is known."""
    unknown = solver.variable
    lanes = {bit: lanes_of(solver, unknown(), unknown(), unknown()) for bit in bits}
    return Record(lanes, unknown())


def lanes_of(solver: Solver, begun: int, done: int, closed: int) -> Lanes:
    """The literals of a step, given those of its bits."""
    return Lanes(
        begun,
        done,
        closed,
        failed=solver.all_of((closed, -done)),
        open=solver.all_of((begun, -closed)),
        in_doubt=solver.all_of((begun, -done, -closed)),
    )


class Formula:
    """What the guards of one version say of a record.

    `reached` and `held` have a literal for each state, `enabled` one for each step that
    may begin, by its bit; `clauses` hold if and only if some run leads to the record.
    """

    def __init__(self, solver: Solver, guards: Guards, record: Record) -> None:
        self.solver = solver
        self.guards = guards
        self.record = record
        self.clauses: list[Clause] = []
        self.reached = {place.name: self._reached(place) for place in guards.places}
        self._taken = dict.fromkeys(self.reached, -solver.true)
        for plan in guards.plans:
            self._begins(plan)
        self.held = {
            state: solver.all_of((reached, -self._taken[state]))
            for state, reached in self.reached.items()
        }
        self.enabled = {plan.bit: self._enabled(plan) for plan in guards.plans}
        self._below = dict.fromkeys(self.reached, -solver.true)
        for plan in reversed(guards.plans):
            self._closes(plan)
        self.past_pivot = solver.any_of(
            lanes.open for lanes in self._those(guards.pivots)
        )
        self.clauses.append((-record.aborting, -self.past_pivot))

    def require(self) -> None:
        """That some run leads to the record."""
        for clause in self.clauses:
            self.solver.require(*clause)

    def found(self, case: frozenset[int]) -> machine.Record:
        """The record in a case that the solver has found."""
        begun = done = closed = 0
        for bit, lanes in self.record.lanes.items():
            begun |= bit if lanes.begun in case else 0
            done |= bit if lanes.done in case else 0
            closed |= bit if lanes.closed in case else 0
        control = machine.ABORTING if self.record.aborting in case else 0
        return machine.Record(begun, done, closed, control)

    @property
    def given_up(self) -> int:
        """Whether a step has failed from which no `else` leads on."""
        dead = self._those(self.guards.dead_ends)
        return self.solver.any_of(lanes.failed for lanes in dead)

    @property
    def in_doubt(self) -> int:
        """Whether some step is in doubt."""
        return self.solver.any_of(
            lanes.in_doubt for lanes in self.record.lanes.values()
        )

    @property
    def busy(self) -> int:
        """Whether some step may begin."""
        return self.solver.any_of(self.enabled.values())

    def live(self) -> dict[int, int]:
        """By bit: the step may begin now, or nothing is known to rule it out for ever.

        What several such steps need of each other is not looked at, so one that is not
        live can never begin, and one that is live nearly always can.
        """
        solver = self.solver
        makes: dict[str, int] = dict.fromkeys(self.reached, -solver.true)
        live = {}
        for plan in self.guards.plans:
            lanes = self.record.lanes[plan.bit]
            ways = [
                solver.all_of(
                    literal
                    for place in way.places
                    for literal in (
                        -self._taken[place.name],
                        solver.any_of((self.reached[place.name], makes[place.name])),
                    )
                )
                for way in plan.alternatives
            ]
            live[plan.bit] = solver.all_of(
                (-lanes.begun, -lanes.done, solver.any_of(ways))
            )
            still = solver.any_of((live[plan.bit], lanes.in_doubt))
            for name in (*plan.rule.targets, *plan.rule.fallbacks):
                makes[name] = solver.any_of((makes[name], still))
        return live

    def at_end(self, kinds: Iterable[str] = ("final", "final failure")) -> int:
        """Whether the process may finish, in states of these kinds only."""
        ends = [p.name for p in self.guards.places if p.kind in kinds]
        others = [state for state in self.held if state not in ends]
        return self.solver.all_of(
            (
                self.solver.any_of(self.held[state] for state in ends),
                *(-self.held[state] for state in others),
                -self.in_doubt,
                -self.given_up,
            )
        )

    def may_finish(self) -> int:
        """Whether it may finish: at its end, or with all effects taken back."""
        effects = self._those(self.guards.effects)
        standing = self.solver.any_of(lanes.open for lanes in effects)
        taken_back = (self.record.aborting, -self.in_doubt, -standing)
        at_end = (-self.record.aborting, self.at_end())
        return self.solver.any_of(map(self.solver.all_of, (taken_back, at_end)))

    def _those(self, mask: int) -> Iterator[Lanes]:
        while mask:
            yield self.record.lanes[mask & -mask]
            mask &= mask - 1

    def _reached(self, place: Place) -> int:
        if place.kind == "initial":
            return self.solver.true
        done = [lanes.done for lanes in self._those(place.producers)]
        failed = [lanes.failed for lanes in self._those(place.failers)]
        return self.solver.any_of((*done, *failed))

    def _begins(self, plan: Plan) -> None:
        """A step has begun only where one alternative was reached and not yet taken."""
        begun, done, closed, *_ = self.record.lanes[plan.bit]
        ways = [
            self.solver.all_of(
                literal
                for place in way.places
                for literal in (self.reached[place.name], -self._taken[place.name])
            )
            for way in plan.alternatives
        ]
        causes = 0
        for waiver in self.guards.waivers:
            causes |= waiver.causes if waiver.bit == plan.bit else 0
        waived = [lanes.begun for lanes in self._those(causes)]
        taken = self.solver.any_of((begun, done)) if waived else begun
        self.clauses.append((-done, begun, *waived))
        self.clauses += (-taken, *ways), (-closed, begun)
        for state in _sources(plan):
            self._taken[state] = self.solver.any_of((self._taken[state], taken))

    def _enabled(self, plan: Plan) -> int:
        ways = [
            self.solver.all_of(self.held[place.name] for place in way.places)
            for way in plan.alternatives
        ]
        begun, done, *_ = self.record.lanes[plan.bit]
        fresh = (-begun, -done, -self.record.aborting)
        return self.solver.all_of((*fresh, self.solver.any_of(ways)))

    def _closes(self, plan: Plan) -> None:
        """A step has ended by failing, or it was undone after all that build on it."""
        lanes = self.record.lanes[plan.bit]
        led_to = (*plan.rule.targets, *plan.rule.fallbacks)
        after = self.solver.any_of(self._below[state] for state in led_to)
        failed = (-lanes.closed, -lanes.done) if plan.fallible else (-lanes.closed,)
        if plan.undo:
            self.clauses += (*failed, self.record.aborting), (*failed, -after)
            if not plan.fallible and not plan.undo_in_doubt:
                self.clauses.append((-lanes.closed, lanes.done))
        else:
            self.clauses.append(failed)
        standing = self.solver.any_of((after, lanes.open)) if plan.effect else after
        for state in _sources(plan):
            self._below[state] = self.solver.any_of((self._below[state], standing))


def _sources(plan: Plan) -> dict[str, None]:
    """All places that a step may start from, in an order that does not vary."""
    return dict.fromkeys(p.name for way in plan.alternatives for p in way.places)
