"""From the rows of a machine to the masks that its guards compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sagadsl.machine.tables import Action, Rule, Transition

Step = int
State = str


class Place(NamedTuple):
    """A state, and the steps that make it, make it by failing, and take it."""

    state: State
    kind: str
    makers: int
    failers: int
    takers: int

    def reached(self, done: int, failed: int) -> bool:
        """Whether the process has come here, be it still here or not."""
        if done & self.makers or failed & self.failers:
            return True
        return self.kind == "initial"


class Way(NamedTuple):
    """One alternative of a step: its places, and its rivals for any of them."""

    places: tuple[Place, ...]
    rivals: int

    def reached(self, done: int, failed: int) -> bool:
        """Whether every place has been come to."""
        return all(place.reached(done, failed) for place in self.places)


class Plan(NamedTuple):
    """What the guards must know of a step; `after` are the effects that build on it."""

    rule: Rule
    bit: int
    ways: tuple[Way, ...]
    after: int
    effect: bool
    fallible: bool
    pivot: bool
    undo: str
    undo_in_doubt: bool


class Guards(NamedTuple):
    """All that is compared: plans in causal order, and masks over all steps.

    `dead_ends` are the steps after whose failure no `else` goes on.
    """

    plans: tuple[Plan, ...]
    places: tuple[Place, ...]
    steps: int
    pivots: int
    effects: int
    dead_ends: int

    def names(self, mask: int) -> str:
        """The steps of a mask, in words."""
        plans = sorted(plan for plan in self.plans if mask & plan.bit)
        return " and ".join(f"`{plan.rule.name}`" for plan in plans)


def table_of(
    rules: Sequence[Rule], copies: Mapping[State, State]
) -> tuple[Transition, ...]:
    """The rows as they were written: one for each action, whatever its rounds."""

    def written(cell: str) -> str:
        states = split(cell)
        return " & ".join(dict.fromkeys(copies.get(state, state) for state in states))

    rows: dict[str, Transition] = {}
    for rule in rules:
        target = written(rule.next)
        if rule.otherwise:
            target += f" else {written(rule.otherwise)}"
        row = Transition("", target, rule.action, rule.trigger)
        row = rows.setdefault(rule.action, row)
        ways = [*row.prev.split(" | "), *map(written, rule.prev.split(" | "))]
        prev = " | ".join(filter(None, dict.fromkeys(ways)))
        rows[rule.action] = row._replace(prev=prev)
    return tuple(rows.values())


def guards_of(
    states: Mapping[State, str],
    rules: Sequence[Rule],
    actions: Mapping[str, Action],
    undoes: Mapping[str, str],
) -> Guards:
    """The guards of rows in which causes precede effects."""
    places = places_of(states, rules)
    plans = plans_of(rules, places, actions, undoes)
    steps = pivots = effects = dead_ends = 0
    for plan in plans:
        steps |= plan.bit
        pivots |= plan.bit if plan.pivot else 0
        effects |= plan.bit if plan.effect else 0
        dead_ends |= 0 if plan.rule.otherwise else plan.bit
    return Guards(plans, tuple(places.values()), steps, pivots, effects, dead_ends)


def places_of(states: Mapping[State, str], rules: Sequence[Rule]) -> dict[State, Place]:
    """Each state with the steps around it, in order of declaration."""
    makers = dict.fromkeys(states, 0)
    failers = makers.copy()
    takers = makers.copy()
    for rule in rules:
        bit = 1 << rule.step
        for name in split(rule.next):
            makers[name] |= bit
        for name in split(rule.otherwise):
            failers[name] |= bit
        for name in split(rule.prev):
            takers[name] |= bit
    return {
        state: Place(state, kind, makers[state], failers[state], takers[state])
        for state, kind in states.items()
    }


def plans_of(
    rules: Sequence[Rule],
    places: Mapping[State, Place],
    actions: Mapping[str, Action],
    undoes: Mapping[str, str],
) -> tuple[Plan, ...]:
    """What the guards need of each step, in the order of the rules."""
    plans: list[Plan] = []
    below = dict.fromkeys(places, 0)
    for rule in reversed(rules):
        bit = 1 << rule.step
        action = actions.get(rule.action)
        performed = action if action and action.effect else None
        undo = undoes.get(rule.action, "")
        after = 0
        for name in split(f"{rule.next} & {rule.otherwise}"):
            after |= below[name]
        ways = tuple(
            way_of([places[name] for name in split(alternative)], bit)
            for alternative in rule.prev.split(" | ")
        )
        plan = Plan(
            rule,
            bit,
            ways,
            after,
            effect=bool(undo or (performed and not performed.no_undo)),
            fallible=bool(performed and not performed.cannot_fail),
            pivot=bool(action and action.pivot),
            undo=undo,
            undo_in_doubt=undo in actions and actions[undo].even_if_in_doubt,
        )
        for way in ways:
            for place in way.places:
                below[place.state] |= after | (bit if plan.effect else 0)
        plans.append(plan)
    return tuple(reversed(plans))


def rounds_of(plans: Iterable[Plan]) -> dict[Step | str, list[Plan]]:
    """The plans that a step or a name may mean: of an action, all its rounds."""
    rounds: dict[Step | str, list[Plan]] = {}
    alone: dict[Step | str, list[Plan]] = {}
    for plan in plans:
        rounds.setdefault(plan.rule.action, []).append(plan)
        alone[plan.rule.step] = alone[plan.rule.name] = [plan]
    return alone | rounds


def way_of(places: Sequence[Place], bit: int) -> Way:
    """An alternative of the step with this bit."""
    rivals = 0
    for place in places:
        rivals |= place.takers
    return Way(tuple(places), rivals & ~bit)


def split(states: str) -> list[State]:
    """The states in a row's cell, whatever joins them."""
    return [State(name) for name in states.replace("|", "&").split(" & ") if name]
