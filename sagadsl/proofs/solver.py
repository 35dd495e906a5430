"""A propositional formula and its solver: the one module that knows python-sat.

The solver is CaDiCaL (Biere et al., SAT Competition 2020). Its extension module is
imported without python-sat's front end, which takes longer than most proofs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

# Conflicts of one question, fewer where each costs more. Real sagas need some dozens;
# they are counted and not timed, so that every machine comes to the same verdict.
BUDGET = 10_000
LEAST_BUDGET = 500
BUDGET_FOR_ALL_VARIABLES = 10_000_000
# Above this many literals times length, a shortest run is not looked for.
MOST_COUNTED = 200_000


class OverBudget(Exception):
    """A question that is neither proved nor refuted within the budget."""


class Solver:
    """Clauses over literals: variables are 1, 2, …, and minus denies one."""

    def __init__(self) -> None:
        import pysolvers  # noqa: PLC0415  most builds prove nothing anew

        self._cadical = pysolvers
        self._solver = pysolvers.cadical195_new()
        self._last = 0
        self._known: dict[tuple[int, ...], int] = {}
        self.true = self.variable()
        self.require(self.true)

    def __del__(self) -> None:
        self._cadical.cadical195_del(self._solver, None)

    def variable(self) -> int:
        """A literal that nothing is known of."""
        self._last += 1
        return self._last

    def require(self, *literals: int) -> None:
        """That one of the literals holds."""
        self._cadical.cadical195_add_cl(self._solver, literals)

    def any_of(self, literals: Iterable[int]) -> int:
        """A literal that holds if and only if one of these does (Tseitin 1968)."""
        some = {literal for literal in literals if literal != -self.true}
        if self.true in some:
            return self.true
        if len(some) < 2:
            return some.pop() if some else -self.true
        key = tuple(sorted(some))
        if key not in self._known:
            self._known[key] = whole = self.variable()
            self.require(-whole, *key)
            for literal in key:
                self.require(whole, -literal)
        return self._known[key]

    def all_of(self, literals: Iterable[int]) -> int:
        """A literal that holds if and only if all of these do."""
        return -self.any_of(-literal for literal in literals)

    def find(self, *assumed: int) -> frozenset[int] | None:
        """What holds in some case where these do; None if there is no such case.

        Raises `OverBudget`.
        """
        budget = min(BUDGET, BUDGET_FOR_ALL_VARIABLES // self._last)
        self._cadical.cadical195_cbudget(self._solver, max(budget, LEAST_BUDGET))
        verdict = self._cadical.cadical195_solve_lim(self._solver, assumed, 0)
        if not verdict:
            raise OverBudget("nothing was found within the budget")
        if verdict < 0:
            return None
        return frozenset(self._cadical.cadical195_model(self._solver))

    def find_least(
        self, assumed: Sequence[int], counted: Sequence[int]
    ) -> frozenset[int] | None:
        """As `find`, with as few of the counted literals as can be."""
        found = self.find(*assumed)
        if found is None:
            return None
        found = self._dropped(found, assumed, counted)
        most = len(found.intersection(counted))
        if not most or most * len(counted) > MOST_COUNTED:
            return found
        at_least = self._totals(counted, most)
        try:
            while most and (
                fewer := self.find(
                    *assumed, *(-total for total in at_least[most - 1 :])
                )
            ):
                found = fewer
                most = len(found.intersection(counted))
        except OverBudget:
            pass  # what was found is right, only maybe not the least
        return found

    def find_first(
        self, assumed: Sequence[int], wished: Iterable[int]
    ) -> frozenset[int] | None:
        """As `find`, with each of the wished literals, in turn, that still can hold.

        Verdicts alone decide which, so it is the same case on every machine.
        """
        fixed = list(assumed)
        found = self.find(*fixed)
        if found is None:
            return None
        for literal in wished:
            if literal not in found:
                found = self.find(*fixed, literal) or found
            fixed.append(literal if literal in found else -literal)
        return found

    def find_first_least(
        self, assumed: Sequence[int], counted: Sequence[int]
    ) -> frozenset[int] | None:
        """As `find_least`; where there are several cases, the one of `find_first`."""
        found = self.find_least(assumed, counted)
        most = len(found.intersection(counted)) if found else 0
        room = []
        if most < len(counted) and 0 < most * len(counted) <= MOST_COUNTED:
            room = [-self._totals(counted, most)[most]]
        return found and self.find_first([*assumed, *room], [-one for one in counted])

    def _dropped(
        self, found: frozenset[int], assumed: Sequence[int], counted: Sequence[int]
    ) -> frozenset[int]:
        """A case without those of the counted literals that are not needed."""
        for literal in counted:
            if literal in found:
                without = [-other for other in counted if other not in found]
                found = self.find(*assumed, *without, -literal) or found
        return found

    def _totals(self, counted: Collection[int], most: int) -> list[int]:
        """Literals that tell whether at least 1, 2, … of the counted ones hold.

        An incremental totaliser (Martins, Joshi, Manquinho, Lynce 2014).
        """
        from pysat.card import ITotalizer  # noqa: PLC0415  only where there is a finding

        totals = ITotalizer(list(counted), most, top_id=self._last)
        for clause in totals.cnf.clauses:
            self.require(*clause)
        self._last = max(self._last, totals.top_id)
        return [int(total) for total in totals.rhs]
