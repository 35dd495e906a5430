"""What comes after the pivots of a saga, as a definition can know it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sagadsl.machine.tables import Action, Rule


class Pivots(NamedTuple):
    """`past` are the steps that can only be taken when there is no way back.

    `before` names the pivots that may have been taken on the way to a place.
    """

    past: frozenset[int]
    before: Mapping[str, frozenset[str]]


def pivots_of(rules: Iterable[Rule], actions: Mapping[str, Action]) -> Pivots:
    """Follow all ways of a saga, whose rules come after those that lead to them."""
    certain: dict[str, bool] = {}
    before: dict[str, frozenset[str]] = {}
    past: set[int] = set()
    for rule in rules:
        ways = [any(certain.get(p, False) for p in one) for one in rule.sources]
        inside, pivot = all(ways), actions[rule.action].pivot
        if inside:
            past.add(rule.step)
        came = {n for one in rule.sources for p in one for n in before.get(p, ())}
        for places, taken in ((rule.targets, pivot), (rule.fallbacks, False)):
            names = came | {rule.name} if taken else came
            for place in places:
                certain[place] = certain.get(place, True) and (inside or taken)
                before[place] = before.get(place, frozenset()) | names
    return Pivots(frozenset(past), before)
