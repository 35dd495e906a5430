"""What a picture shows: one node for each state and each row, as they were declared."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from sagadsl.emit.rows import bound, duration
from sagadsl.emit.standing import StateMark, StepMark, stand
from sagadsl.machine import Action, Record, Rule
from sagadsl.model import Pinned, Version
from sagadsl.versions.changes import limit_of


class StateNode(NamedTuple):
    """A state; `kind` is empty, `initial`, `final` or `final failure`."""

    name: str
    kind: str
    doc: str
    standing: StateMark

    @property
    def ends(self) -> bool:
        """Whether a process may end here."""
        return self.kind.startswith("final")


class StepNode(NamedTuple):
    """A row. `driver` is `system`, `timer` or, if others take it, `actor`.

    `trigger` is how that was written. `undo` is the action that takes it back.
    """

    action: str
    sources: tuple[tuple[str, ...], ...]
    targets: tuple[str, ...]
    otherwise: tuple[str, ...]
    driver: str
    trigger: str
    limit: int
    effect: str
    pivot: bool
    undo: str
    doc: str
    standing: StepMark

    @property
    def joins(self) -> bool:
        """Whether it waits for several states at once."""
        return any(len(group) > 1 for group in self.sources)

    @property
    def forks(self) -> bool:
        """Whether it leads to several states at once."""
        return max(len(self.targets), len(self.otherwise)) > 1

    @property
    def origins(self) -> tuple[str, ...]:
        """All states that it may start from."""
        return tuple(dict.fromkeys(name for group in self.sources for name in group))

    @property
    def clauses(self) -> tuple[str, ...]:
        """What is said under its name: who takes it, how often, how it is repeated."""
        said = (self.trigger, bound(self.limit), self.effect)
        return tuple(filter(None, said))


class Diagram(NamedTuple):
    """A saga to be drawn; `choices` are the states that rival rows leave.

    `terms` are what holds for a process as a whole. `caption` says where a record
    stands; it is empty where none is shown.
    """

    name: str
    title: str
    terms: tuple[str, ...]
    caption: str
    states: tuple[StateNode, ...]
    steps: tuple[StepNode, ...]
    choices: frozenset[str]

    @property
    def marked(self) -> bool:
        """Whether it shows where a record stands."""
        return bool(self.caption)


def diagram_of(
    pinned: Pinned, record: Record | None = None, version: Version | None = None
) -> Diagram:
    """What to draw of a version, and of a record in it."""
    version = version or pinned.latest
    standing = stand(version, record) if record is not None else None
    rows, saga = version.rows, pinned.saga
    kinds: dict[str, str] = {}
    for place, kind in rows.states.items():
        kinds.setdefault(rows.copies.get(place, place), kind)
    states = tuple(
        StateNode(
            name,
            kind,
            _line(saga.states[name].doc) if name in saga.states else "",
            standing.states[name] if standing else StateMark(),
        )
        for name, kind in kinds.items()
    )
    steps = tuple(
        _step(pinned, version, rounds)._replace(
            standing=standing.steps[action] if standing else StepMark()
        )
        for action, rounds in _declared(pinned, version).items()
    )
    caption = standing.caption if standing else ""
    terms = _terms(pinned, version)
    return Diagram(
        saga.name, _line(saga.title), terms, caption, states, steps, _choices(steps)
    )


def _terms(pinned: Pinned, version: Version) -> tuple[str, ...]:
    """Which of several versions it is, when it expires, and who aborts it."""
    rows = version.rows
    terms: list[str] = []
    if len(pinned.versions) > 1:
        terms.append(f"version {version.number}")
    if rows.expires:
        terms.append(f"expires after {duration(rows.expires)}")
    if rows.abort:
        actors = " or ".join(rows.abort.actors)
        by = f" by {actors}" if actors else ""
        pivot = any(action.pivot for action in rows.actions)
        until = " until the point of no return" if pivot else ""
        terms.append(f"{rows.abort.name}{by} aborts it{until}")
    return tuple(terms)


def _declared(pinned: Pinned, version: Version) -> dict[str, list[Rule]]:
    """The rounds of each row, the rows in the order in which they were written."""
    order = {action: i for i, action in enumerate(pinned.saga.transitions)}
    rounds: dict[str, list[Rule]] = {}
    for rule in version.rows.rules:
        rounds.setdefault(rule.action, []).append(rule)
    return dict(sorted(rounds.items(), key=lambda row: order.get(row[0], len(order))))


def _step(pinned: Pinned, version: Version, rounds: list[Rule]) -> StepNode:
    rule, copies = rounds[0], version.rows.copies
    row = pinned.saga.transitions.get(rule.action)
    written = pinned.saga.actions.get(rule.action)
    action = next(
        (action for action in version.rows.actions if action.name == rule.action),
        Action(rule.action, ""),
    )

    def declared(states: list[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(copies.get(name, name) for name in states))

    by_system = rule.trigger == "by system"
    docs = (row.doc if row else "", written.doc if written else "")
    return StepNode(
        rule.action,
        tuple(dict.fromkeys(declared(j) for each in rounds for j in each.sources)),
        declared(rule.targets),
        declared(rule.fallbacks),
        "timer" if rule.delay else "system" if by_system else "actor",
        rule.trigger,
        row.limit
        if row and version == pinned.latest
        else limit_of(version, rule.action),
        action.effect,
        action.pivot,
        version.rows.compensations.get(rule.action, ""),
        "; ".join(filter(None, map(_line, docs))),
        StepMark(),
    )


def _line(doc: str) -> str:
    """A text on one line, empty if it has nothing to show."""
    return " ".join(doc.split())


def _choices(steps: tuple[StepNode, ...]) -> frozenset[str]:
    takers = Counter(state for step in steps for state in step.origins)
    return frozenset(state for state, count in takers.items() if count > 1)
