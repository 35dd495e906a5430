"""How a formula is asked: for one case, for all that can be, for each with a run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Mapping
from typing import TypeVar

from sagadsl.machine import Machine
from sagadsl.proofs.formula import Formula
from sagadsl.proofs.run import Run, run_to
from sagadsl.proofs.solver import Solver

Key = TypeVar("Key", bound=Hashable)


class Questions(ABC):
    """A question is a set of literals: is there a record where all of them hold?"""

    @property
    @abstractmethod
    def formula(self) -> Formula:
        """The records that are asked about."""

    @property
    @abstractmethod
    def machine(self) -> Machine:
        """The machine that a run is taken through before it is shown."""

    @property
    def solver(self) -> Solver:
        """The solver that answers."""
        return self.formula.solver

    def find(self, *literals: int) -> Run | None:
        """A shortest run to a record where all the literals hold.

        Of the shortest it is the plainest, in which all goes well that can.
        """
        record, guards = self.formula.record, self.formula.guards
        begun = [lanes.begun for lanes in record.lanes.values()]
        waivable = {waiver.bit: record.lanes[waiver.bit] for waiver in guards.waivers}
        waived = [
            self.solver.all_of((lanes.done, -lanes.begun))
            for lanes in waivable.values()
        ]
        counted = [*begun, *waived, record.aborting]
        found = self.solver.find_least(literals, counted)
        if found is None:
            return None
        for lanes in record.lanes.values():
            if lanes.failed in found or lanes.in_doubt in found:
                fixed = [one if one in found else -one for one in counted]
                plainer = (lanes.done, lanes.in_doubt)
                cases = (self.solver.find(*literals, *fixed, one) for one in plainer)
                found = next(filter(None, cases), found)
        return run_to(self.machine, self.formula.found(found))

    def ever(self, *literals: int) -> bool:
        """Whether some run leads to a record where all the literals hold."""
        return self.solver.find(*literals) is not None

    def each(
        self, questions: Mapping[Key, int], *also: int
    ) -> Iterator[tuple[Key, Run]]:
        """Those of the literals that can hold, each with a shortest run.

        All that cannot hold are refuted together, so many questions cost one.
        """
        left = dict(questions)
        while left:
            found = self.solver.find(self.solver.any_of(left.values()), *also)
            if found is None:
                return
            key = next(key for key, literal in left.items() if literal in found)
            run = self.find(left.pop(key), *also)
            assert run is not None, "what was found can be found again"
            yield key, run

    def possible(self, questions: Mapping[Key, int], *also: int) -> set[Key]:
        """Those of the literals that can hold."""
        left = dict(questions)
        while left:
            found = self.solver.find(self.solver.any_of(left.values()), *also)
            if found is None:
                break
            left = {key: one for key, one in left.items() if one not in found}
        return questions.keys() - left.keys()
