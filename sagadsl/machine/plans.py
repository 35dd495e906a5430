"""From the rows of a machine to the masks that its guards compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sagadsl.machine.record import Record
from sagadsl.machine.tables import Rule, Table

Step = int
State = str


class Place(NamedTuple):
    """A state in one round, and the steps that lead to it, by failing too, or leave it.

    `name` is the round's own, `state` the declared one.
    """

    name: str
    state: State
    kind: str
    producers: int
    failers: int
    consumers: int

    def reached(self, done: int, failed: int) -> bool:
        """Whether the process has come here, be it still here or not."""
        if done & self.producers or failed & self.failers:
            return True
        return self.kind == "initial"

    @classmethod
    def of(cls, table: Table) -> dict[str, Place]:
        """Each place of a table by its name, in order of declaration."""
        producers = dict.fromkeys(table.states, 0)
        failers = producers.copy()
        consumers = producers.copy()
        for rule in table.rules:
            bit = 1 << rule.step
            for name in rule.targets:
                producers[name] |= bit
            for name in rule.fallbacks:
                failers[name] |= bit
            for joined in rule.sources:
                for name in joined:
                    consumers[name] |= bit
        return {
            name: cls(
                name,
                State(table.copies.get(name, name)),
                kind,
                producers[name],
                failers[name],
                consumers[name],
            )
            for name, kind in table.states.items()
        }


class Alternative(NamedTuple):
    """What a step may start from: places, and its rivals for any of them."""

    places: tuple[Place, ...]
    rivals: int

    def reached(self, done: int, failed: int) -> bool:
        """Whether every place has been come to."""
        return all(place.reached(done, failed) for place in self.places)

    def open(self, record: Record, live: int) -> bool:
        """Whether every place has been come to, or may be by a step that is live."""
        begun, done, closed, _ = record
        return not (begun | done) & self.rivals and all(
            live & (place.producers | place.failers)
            or place.reached(done, closed & ~done)
            for place in self.places
        )

    @classmethod
    def of(cls, places: Iterable[Place], bit: int) -> Alternative:
        """An alternative of the step with this bit."""
        places = tuple(places)
        rivals = 0
        for place in places:
            rivals |= place.consumers
        return cls(places, rivals & ~bit)


class Plan(NamedTuple):
    """What the guards must know of a step; `after` are the effects that build on it.

    `how` is empty for a fact, else `once` or `idempotent`.
    """

    rule: Rule
    bit: int
    alternatives: tuple[Alternative, ...]
    after: int
    effect: bool
    how: str
    fallible: bool
    pivot: bool
    undo: str
    undo_in_doubt: bool

    def outcome(self, record: Record) -> str:
        """How far a step that has begun has come, in words."""
        if record.closed & self.bit:
            outcome = "was compensated" if record.done & self.bit else "failed"
            return f"`{self.rule.name}` {outcome} before"
        how = "is already done" if record.done & self.bit else "has already begun"
        return f"`{self.rule.name}` {how}"

    @classmethod
    def of(cls, table: Table, places: Mapping[str, Place]) -> tuple[Plan, ...]:
        """A plan for each rule of a table, in its order."""
        actions = {action.name: action for action in table.actions}
        plans: list[Plan] = []
        below = dict.fromkeys(places, 0)
        for rule in reversed(table.rules):
            bit = 1 << rule.step
            action = actions.get(rule.action)
            performed = action if action and action.effect else None
            undo = table.compensations.get(rule.action, "")
            after = 0
            for name in (*rule.targets, *rule.fallbacks):
                after |= below[name]
            plan = cls(
                rule,
                bit,
                tuple(
                    Alternative.of([places[name] for name in joined], bit)
                    for joined in rule.sources
                ),
                after,
                effect=bool(undo or (performed and not performed.no_undo)),
                how=action.effect if action else "",
                fallible=bool(performed and not performed.cannot_fail),
                pivot=bool(action and action.pivot),
                undo=undo,
                undo_in_doubt=undo in actions and actions[undo].even_if_in_doubt,
            )
            for joined in rule.sources:
                for name in joined:
                    below[name] |= after | (bit if plan.effect else 0)
            plans.append(plan)
        return tuple(reversed(plans))


class Waiver(NamedTuple):
    """The bit of a step that an upgrade waives, and of the steps where it does.

    In a loop a round is waived where the same round of the other has begun.
    """

    version: int
    bit: int
    causes: int

    @classmethod
    def of(cls, table: Table, plans: Iterable[Plan]) -> tuple[Waiver, ...]:
        """The waivers of all upgrades to a table, one for each round of a step."""
        rounds: dict[str, list[Plan]] = {}
        for plan in plans:
            rounds.setdefault(plan.rule.action, []).append(plan)
        waivers: list[Waiver] = []
        for waive in table.waives:
            waived = rounds[waive.action]
            for plan in waived:
                causes = 0
                for cause in rounds[waive.when]:
                    if len(waived) == 1 or cause.rule.round == plan.rule.round:
                        causes |= cause.bit
                waivers.append(cls(waive.version, plan.bit, causes))
        return tuple(waivers)
