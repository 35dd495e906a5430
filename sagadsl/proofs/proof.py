"""What is asked of a saga: all records that some run of it leads to."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from sagadsl.machine import Kind, Machine
from sagadsl.machine.guards import Guards
from sagadsl.model import Saga, Step, Version
from sagadsl.proofs.formula import Formula, Lanes, record_of
from sagadsl.proofs.questions import Questions
from sagadsl.proofs.run import Run
from sagadsl.proofs.solver import Solver
from sagadsl.rows import rows_of


class Proof(Questions):
    """A question to a saga is a set of literals: is there a record where all hold?

    Literals are numbers, minus denies one. `formula` has those of states and of the
    whole record, `of` those of a step. Of records in which the process was given up
    none is looked at: what is undone then follows from what was done before.
    """

    def __init__(self, saga: Saga) -> None:
        self.saga = saga
        self.steps = {1 << number: step for number, step in enumerate(saga.steps)}
        self._bits = {step.name: bit for bit, step in self.steps.items()}
        self._rounds: dict[str, list[Step]] = {}
        for step in saga.steps:
            self._rounds.setdefault(step.transition.action, []).append(step)
        self._copies: dict[str, list[str]] = {}
        for place, state in saga.places.items():
            self._copies.setdefault(state, []).append(place)

    @cached_property
    def _version(self) -> Version:
        positions = {step.name: number for number, step in enumerate(self.saga.steps)}
        rows = rows_of(self.saga, positions)
        return Version(1, "", released=False, rows=rows)

    @cached_property
    def one_at_a_time(self) -> bool:
        """Whether no row forks or joins, so that one state is held at any time.

        The process then is where a path of rows has led it; there is nothing to prove
        that the checks of the graph have not seen.
        """
        return not any(
            len(states) > 1
            for step in self.saga.steps
            for states in (*step.sources, step.targets, step.otherwise)
        )

    @cached_property
    def pivots(self) -> bool:
        """Whether there is a point of no return."""
        return any(action.row.pivot for action in self.saga.actions.values())

    @cached_property
    def formula(self) -> Formula:
        """What all records satisfy."""
        guards = Guards.of(self._version.table())
        solver = Solver()
        record = record_of(solver, (plan.bit for plan in guards.plans))
        formula = Formula(solver, guards, record)
        formula.require()
        solver.require(-record.aborting)
        for lanes in record.lanes.values():  # only an upgrade waives
            solver.require(-lanes.done, lanes.begun)
        return formula

    @cached_property
    def machine(self) -> Machine:
        """The machine that all runs are taken through before they are shown."""
        return self._version.machine()

    def of(self, step: Step) -> Lanes:
        """The literals of a step."""
        return self.formula.record.lanes[self._bits[step.name]]

    def position(self, step: Step) -> int:
        """Where a step stands in the records of `machine`."""
        return self._bits[step.name].bit_length() - 1

    def enabled(self, step: Step) -> int:
        """Whether a step may begin."""
        return self.formula.enabled[self._bits[step.name]]

    def held(self, places: Iterable[str]) -> int:
        """Whether all these states are held."""
        return self.solver.all_of(self.formula.held[place] for place in places)

    def two_of(self, literals: Iterable[int]) -> int:
        """Whether at least two of the literals hold."""
        one = two = -self.solver.true
        for literal in literals:
            two = self.solver.any_of((two, self.solver.all_of((one, literal))))
            one = self.solver.any_of((one, literal))
        return two

    def rounds(self, action: str) -> list[Lanes]:
        """The literals of an action, in each of its rounds."""
        return [self.of(step) for step in self._rounds[action]]

    def states(self, state: str) -> list[str]:
        """A declared state, in each of its rounds."""
        return self._copies[state]

    def steps_in(self, mask: int) -> list[Step]:
        """The steps of a mask, as in `begun` of a record that was found."""
        return [step for bit, step in self.steps.items() if mask & bit]

    def allowed(self, run: Run) -> int:
        """The steps that may begin where a run has led, as a mask."""
        guards = self.machine.guards
        return sum(
            plan.bit
            for plan in guards.plans
            if guards.may(run.record, Kind.BEGIN, plan)
        )
