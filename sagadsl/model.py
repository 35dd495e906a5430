"""What a saga means: names resolved, times in seconds, loops unrolled into rounds."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from sagadsl.machine import Abort, Machine, Rule, Table
from sagadsl.machine import Action as ActionRow
from sagadsl.machine import Waive as WaiveRow
from sagadsl.source import Source, Span


class State(NamedTuple):
    """A declared state; `kind` is empty, `initial`, `final` or `final failure`."""

    name: str
    kind: str
    was: str
    doc: str
    span: Span


class Trigger(NamedTuple):
    """What fires a transition: its actors, or a timer of `delay` seconds, or anyone.

    `text` is how it is written, as in `by user | ops` or `after 15 minutes`.
    """

    text: str
    actors: tuple[str, ...]
    delay: int
    span: Span | None


class Transition(NamedTuple):
    """A declared row. `sources` are the alternatives, each a set of joined states."""

    sources: tuple[tuple[str, ...], ...]
    targets: tuple[str, ...]
    otherwise: tuple[str, ...]
    action: str
    trigger: Trigger
    limit: int
    was: str
    doc: str
    span: Span
    name_span: Span
    limit_span: Span | None


class Action(NamedTuple):
    """How an action is performed; one whose row has no effect is a fact.

    `parks` says that a step in doubt waits for a person. `spans` has the place of
    each clause, by its first word.
    """

    row: ActionRow
    parks: bool
    doc: str
    span: Span
    spans: dict[str, Span]

    @property
    def performed(self) -> bool:
        """Whether our code does something for it."""
        return bool(self.row.effect)


class Compensation(NamedTuple):
    """Which action takes back which."""

    action: str
    compensation: str
    span: Span


class Needs(NamedTuple):
    """A property: the action never happens before the other is done."""

    action: str
    needed: str
    span: Span


class Never(NamedTuple):
    """A property: the two actions never both happen."""

    action: str
    other: str
    span: Span


class Always(NamedTuple):
    """A property: whoever has held the state ends in one of the outcomes."""

    state: str
    outcomes: tuple[str, ...]
    span: Span


class Move(NamedTuple):
    """A step of a scenario."""

    action: str
    fails: bool
    span: Span

    @property
    def text(self) -> str:
        """How it is written, as in `pay fails`."""
        return f"{self.action} fails" if self.fails else self.action


class Scenario(NamedTuple):
    """A worked example; `result` is a state, `refused`, `compensated` or `expired`."""

    title: str
    moves: tuple[Move, ...]
    result: str
    span: Span


class Waive(NamedTuple):
    """A step that records of an older version need not have taken.

    It is waived where `when` has begun.
    """

    version: int
    action: str
    when: str
    span: Span


class Step(NamedTuple):
    """A transition in one of its rounds; `round` is empty in the first."""

    name: str
    round: str
    sources: tuple[tuple[str, ...], ...]
    targets: tuple[str, ...]
    otherwise: tuple[str, ...]
    transition: Transition


class Saga(NamedTuple):
    """A whole saga.

    `states` and `transitions` are as declared. `places` maps each state of each round
    to the declared one, `steps` are all rounds of all transitions; both stand in order
    of declaration, rounds last.
    """

    source: Source
    name: str
    name_span: Span
    title: str
    aggregate: str
    expires: int
    remember: int
    abort: Abort | None
    abort_span: Span | None
    states: dict[str, State]
    transitions: dict[str, Transition]
    compensations: dict[str, Compensation]
    actions: dict[str, Action]
    properties: tuple[Needs | Never | Always, ...]
    scenarios: tuple[Scenario, ...]
    waives: tuple[Waive, ...]
    places: dict[str, str]
    steps: tuple[Step, ...]

    def action(self, name: str) -> ActionRow:
        """How an action is performed; a fact has an empty effect."""
        found = self.actions.get(name)
        return found.row if found else ActionRow(name, "")


class Rows(NamedTuple):
    """The meaning of one version, without its words: what the lock file keeps.

    `states` maps each state of each round to its kind, `copies` those of later rounds
    to the declared state; the rules stand so that causes precede effects.
    """

    aggregate: str
    expires: int
    remember: int
    abort: Abort | None
    states: dict[str, str]
    copies: dict[str, str]
    rules: tuple[Rule, ...]
    actions: tuple[ActionRow, ...]
    compensations: dict[str, str]
    waives: tuple[WaiveRow, ...] = ()


class Version(NamedTuple):
    """A numbered version; a draft may still change.

    `approved` has the rules of what breaks others that were accepted for it, by name,
    each with the reason.
    """

    number: int
    digest: str
    released: bool
    rows: Rows
    approved: Mapping[str, str] = MappingProxyType({})

    def actions(self) -> dict[str, ActionRow]:
        """How each action is performed; one without an effect is a fact."""
        names = [*(rule.action for rule in self.rows.rules), *self.rows.compensations]
        plain = {name: ActionRow(name, "") for name in names}
        return plain | {action.name: action for action in self.rows.actions}

    def table(self) -> Table:
        """The rows as the machine takes them."""
        rows = self.rows
        return Table(
            self.number,
            self.digest,
            not self.released,
            rows.expires,
            rows.remember,
            rows.abort,
            rows.states,
            rows.copies,
            rows.rules,
            rows.actions,
            rows.compensations,
            rows.waives,
        )

    def machine(self) -> Machine:
        """The machine that judges records of this version."""
        return Machine(self.table())


class Pinned(NamedTuple):
    """A saga with its positions and all its versions, the newest last."""

    saga: Saga
    positions: dict[str, int]
    versions: tuple[Version, ...]

    @property
    def latest(self) -> Version:
        """The version that new processes start with."""
        return self.versions[-1]
