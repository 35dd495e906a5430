"""Saga `ticket`: A kitchen's ticket, from the order to the pick-up.

    previous                                  next                       action                 trigger
    create_pending                            awaiting_acceptance        confirm_create
    awaiting_acceptance                       accepted                   accept                 by restaurant
    accepted                                  preparing                  prepare                by restaurant
    preparing                                 ready_for_pickup           finish_preparing       by restaurant
    ready_for_pickup                          picked_up                  pick_up                by courier
    awaiting_acceptance                       cancel_pending             cancel
    cancel_pending                            awaiting_acceptance        undo_cancel            up to 1 time
    accepted                                  accepted_cancel_pending    cancel_accepted
    accepted_cancel_pending                   accepted                   undo_cancel_accepted   up to 1 time
    cancel_pending | accepted_cancel_pending  cancelled                  confirm_cancel
    awaiting_acceptance                       revision_pending           begin_revise           up to 2 times
    revision_pending                          awaiting_acceptance        end_revise
    accepted                                  accepted_revision_pending  begin_revise_accepted  up to 2 times
    accepted_revision_pending                 accepted                   end_revise_accepted

Generated from ticket.saga; change that instead.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from logging import Logger, LoggerAdapter

__all__ = [
    "ABORTING",
    "FINISHED",
    "LATEST",
    "MACHINES",
    "NAME",
    "Abort",
    "Action",
    "Answer",
    "Compensation",
    "Context",
    "Effect",
    "Event",
    "Failed",
    "Handlers",
    "Kind",
    "Machine",
    "Record",
    "Refused",
    "Rule",
    "State",
    "Step",
    "Table",
    "Transition",
    "UnknownVersion",
    "Waive",
    "advance",
    "allowed",
    "apply",
    "can",
    "events",
    "held",
    "is_final",
    "is_valid",
    "is_valid_record",
    "machine",
    "replay",
    "undo",
    "upgrade",
]

NAME = "ticket"


class Step(IntEnum):
    """Every step of every version; the value is its position in a mask."""

    CONFIRM_CREATE = 0
    ACCEPT = 1
    PREPARE = 2
    FINISH_PREPARING = 3
    PICK_UP = 4
    CANCEL = 5
    UNDO_CANCEL = 6
    CANCEL_ACCEPTED = 7
    UNDO_CANCEL_ACCEPTED = 8
    CONFIRM_CANCEL = 9
    BEGIN_REVISE = 10
    BEGIN_REVISE_ACCEPTED = 11
    CANCEL_1_2 = 12
    CANCEL_2 = 13
    CANCEL_2_2 = 14
    CANCEL_3 = 15
    CANCEL_3_2 = 16
    UNDO_CANCEL_2 = 17
    UNDO_CANCEL_3 = 18
    CANCEL_ACCEPTED_1_2 = 19
    CANCEL_ACCEPTED_2 = 20
    CANCEL_ACCEPTED_2_2 = 21
    CANCEL_ACCEPTED_3 = 22
    CANCEL_ACCEPTED_3_2 = 23
    UNDO_CANCEL_ACCEPTED_2 = 24
    UNDO_CANCEL_ACCEPTED_3 = 25
    BEGIN_REVISE_1_2 = 26
    BEGIN_REVISE_2 = 27
    BEGIN_REVISE_2_2 = 28
    END_REVISE_2 = 29
    END_REVISE_2_2 = 30
    END_REVISE_3 = 31
    END_REVISE_3_2 = 32
    BEGIN_REVISE_ACCEPTED_1_2 = 33
    BEGIN_REVISE_ACCEPTED_2 = 34
    BEGIN_REVISE_ACCEPTED_2_2 = 35
    END_REVISE_ACCEPTED_2 = 36
    END_REVISE_ACCEPTED_2_2 = 37
    END_REVISE_ACCEPTED_3 = 38
    END_REVISE_ACCEPTED_3_2 = 39


class State(StrEnum):
    """Every state of every version."""

    CREATE_PENDING = "create_pending"
    AWAITING_ACCEPTANCE = "awaiting_acceptance"
    CANCEL_PENDING = "cancel_pending"
    REVISION_PENDING = "revision_pending"
    ACCEPTED = "accepted"
    ACCEPTED_CANCEL_PENDING = "accepted_cancel_pending"
    ACCEPTED_REVISION_PENDING = "accepted_revision_pending"
    PREPARING = "preparing"
    READY_FOR_PICKUP = "ready_for_pickup"
    PICKED_UP = "picked_up"
    CANCELLED = "cancelled"


class Rule(NamedTuple):
    """One step: where it starts from, where it leads, and where if it fails.

    `delay` counts the seconds of a timer. `round` tells the rounds of a loop apart.
    """

    step: Step
    action: str
    prev: str
    next: str
    otherwise: str = ""
    trigger: str = ""
    delay: int = 0
    round: str = ""

    @property
    def name(self) -> str:
        """The action, with its round where that is not the first."""
        return f"{self.action}_{self.round}" if self.round else self.action

    @property
    def sources(self) -> list[list[str]]:
        """The alternatives to start from, each the states that it joins."""
        return [joined.split(" & ") for joined in self.prev.split(" | ")]

    @property
    def targets(self) -> list[str]:
        """The states that it leads to."""
        return self.next.split(" & ")

    @property
    def fallbacks(self) -> list[str]:
        """The states that it leads to if it fails."""
        return self.otherwise.split(" & ") if self.otherwise else []

    @staticmethod
    def cell(alternatives: Iterable[Iterable[str]]) -> str:
        """How `sources` are written, as in `a & b | c`."""
        return " | ".join(map(" & ".join, alternatives))


class Action(NamedTuple):
    """How an action is performed: `once` or `idempotent`; one without a row is a fact.

    Times are in seconds, 0 where none is set. With `longest` the pause between
    attempts doubles up to it.
    """

    name: str
    effect: str
    probe: str = ""
    attempts: int = 1
    pause: int = 0
    longest: int = 0
    timeout: int = 0
    pivot: bool = False
    cannot_fail: bool = False
    no_undo: bool = False
    even_if_in_doubt: bool = False


class Abort(NamedTuple):
    """The request to give up, and the actors who may make it; none means anyone."""

    name: str
    actors: tuple[str, ...] = ()


class Waive(NamedTuple):
    """A step that records of an older version need not have taken.

    It is waived where the action `when` has begun.
    """

    version: int
    action: str
    when: str


class Table(NamedTuple):
    """One version of the saga, its rules in an order in which causes precede effects.

    `states` maps each state of each round of a loop to its kind, `copies` those of
    later rounds to the state that was declared. A process expires so many seconds
    after its start, never if 0, and is remembered so many seconds after its end.
    """

    version: int
    digest: str
    draft: bool
    expires: int
    remember: int
    abort: Abort | None
    states: Mapping[str, str]
    copies: Mapping[str, str]
    rules: tuple[Rule, ...]
    actions: tuple[Action, ...]
    compensations: Mapping[str, str]
    waives: tuple[Waive, ...] = ()


# fmt: off
_V1 = Table(
    version=1,
    digest="34164975e25d4c8c36b8571681dc0f2f4bce431d74334c45fbb386686b25b548",
    draft=True,
    expires=0,
    remember=7776000,
    abort=None,
    states={
        "create_pending":                "initial",
        "awaiting_acceptance":           "",
        "awaiting_acceptance_1_2":       "",
        "awaiting_acceptance_2":         "",
        "awaiting_acceptance_2_2":       "",
        "awaiting_acceptance_3":         "",
        "awaiting_acceptance_3_2":       "",
        "cancel_pending":                "",
        "cancel_pending_1_2":            "",
        "cancel_pending_2":              "",
        "cancel_pending_2_2":            "",
        "cancel_pending_3":              "",
        "cancel_pending_3_2":            "",
        "revision_pending_2":            "",
        "revision_pending_2_2":          "",
        "revision_pending_3":            "",
        "revision_pending_3_2":          "",
        "accepted":                      "",
        "accepted_1_2":                  "",
        "accepted_2":                    "",
        "accepted_2_2":                  "",
        "accepted_3":                    "",
        "accepted_3_2":                  "",
        "accepted_cancel_pending":       "",
        "accepted_cancel_pending_1_2":   "",
        "accepted_cancel_pending_2":     "",
        "accepted_cancel_pending_2_2":   "",
        "accepted_cancel_pending_3":     "",
        "accepted_cancel_pending_3_2":   "",
        "accepted_revision_pending_2":   "",
        "accepted_revision_pending_2_2": "",
        "accepted_revision_pending_3":   "",
        "accepted_revision_pending_3_2": "",
        "preparing":                     "",
        "ready_for_pickup":              "",
        "picked_up":                     "final",
        "cancelled":                     "final failure",
    },
    copies={
        "awaiting_acceptance_1_2":       "awaiting_acceptance",
        "awaiting_acceptance_2":         "awaiting_acceptance",
        "awaiting_acceptance_2_2":       "awaiting_acceptance",
        "awaiting_acceptance_3":         "awaiting_acceptance",
        "awaiting_acceptance_3_2":       "awaiting_acceptance",
        "cancel_pending_1_2":            "cancel_pending",
        "cancel_pending_2":              "cancel_pending",
        "cancel_pending_2_2":            "cancel_pending",
        "cancel_pending_3":              "cancel_pending",
        "cancel_pending_3_2":            "cancel_pending",
        "revision_pending_2":            "revision_pending",
        "revision_pending_2_2":          "revision_pending",
        "revision_pending_3":            "revision_pending",
        "revision_pending_3_2":          "revision_pending",
        "accepted_1_2":                  "accepted",
        "accepted_2":                    "accepted",
        "accepted_2_2":                  "accepted",
        "accepted_3":                    "accepted",
        "accepted_3_2":                  "accepted",
        "accepted_cancel_pending_1_2":   "accepted_cancel_pending",
        "accepted_cancel_pending_2":     "accepted_cancel_pending",
        "accepted_cancel_pending_2_2":   "accepted_cancel_pending",
        "accepted_cancel_pending_3":     "accepted_cancel_pending",
        "accepted_cancel_pending_3_2":   "accepted_cancel_pending",
        "accepted_revision_pending_2":   "accepted_revision_pending",
        "accepted_revision_pending_2_2": "accepted_revision_pending",
        "accepted_revision_pending_3":   "accepted_revision_pending",
        "accepted_revision_pending_3_2": "accepted_revision_pending",
    },
    rules=(
        #    step                             action                    previous                          next                              else  trigger           delay  round
        Rule(Step.CONFIRM_CREATE,             "confirm_create",         "create_pending",                 "awaiting_acceptance",            "",   "",               0,     ""),
        Rule(Step.CANCEL,                     "cancel",                 "awaiting_acceptance",            "cancel_pending",                 "",   "",               0,     ""),
        Rule(Step.UNDO_CANCEL,                "undo_cancel",            "cancel_pending",                 "awaiting_acceptance_1_2",        "",   "",               0,     ""),
        Rule(Step.CANCEL_1_2,                 "cancel",                 "awaiting_acceptance_1_2",        "cancel_pending_1_2",             "",   "",               0,     "1_2"),
        Rule(Step.BEGIN_REVISE,               "begin_revise",           "awaiting_acceptance",            "revision_pending_2",             "",   "",               0,     ""),
        Rule(Step.BEGIN_REVISE_1_2,           "begin_revise",           "awaiting_acceptance_1_2",        "revision_pending_2_2",           "",   "",               0,     "1_2"),
        Rule(Step.END_REVISE_2,               "end_revise",             "revision_pending_2",             "awaiting_acceptance_2",          "",   "",               0,     "2"),
        Rule(Step.CANCEL_2,                   "cancel",                 "awaiting_acceptance_2",          "cancel_pending_2",               "",   "",               0,     "2"),
        Rule(Step.UNDO_CANCEL_2,              "undo_cancel",            "cancel_pending_2",               "awaiting_acceptance_2_2",        "",   "",               0,     "2"),
        Rule(Step.BEGIN_REVISE_2,             "begin_revise",           "awaiting_acceptance_2",          "revision_pending_3",             "",   "",               0,     "2"),
        Rule(Step.END_REVISE_2_2,             "end_revise",             "revision_pending_2_2",           "awaiting_acceptance_2_2",        "",   "",               0,     "2_2"),
        Rule(Step.CANCEL_2_2,                 "cancel",                 "awaiting_acceptance_2_2",        "cancel_pending_2_2",             "",   "",               0,     "2_2"),
        Rule(Step.BEGIN_REVISE_2_2,           "begin_revise",           "awaiting_acceptance_2_2",        "revision_pending_3_2",           "",   "",               0,     "2_2"),
        Rule(Step.END_REVISE_3,               "end_revise",             "revision_pending_3",             "awaiting_acceptance_3",          "",   "",               0,     "3"),
        Rule(Step.CANCEL_3,                   "cancel",                 "awaiting_acceptance_3",          "cancel_pending_3",               "",   "",               0,     "3"),
        Rule(Step.UNDO_CANCEL_3,              "undo_cancel",            "cancel_pending_3",               "awaiting_acceptance_3_2",        "",   "",               0,     "3"),
        Rule(Step.END_REVISE_3_2,             "end_revise",             "revision_pending_3_2",           "awaiting_acceptance_3_2",        "",   "",               0,     "3_2"),
        Rule(Step.ACCEPT,                     "accept",                 "awaiting_acceptance | awaiting_acceptance_1_2 | awaiting_acceptance_2 | awaiting_acceptance_2_2 | awaiting_acceptance_3 | awaiting_acceptance_3_2",  "accepted",                       "",   "by restaurant",  0,     ""),
        Rule(Step.CANCEL_3_2,                 "cancel",                 "awaiting_acceptance_3_2",        "cancel_pending_3_2",             "",   "",               0,     "3_2"),
        Rule(Step.CANCEL_ACCEPTED,            "cancel_accepted",        "accepted",                       "accepted_cancel_pending",        "",   "",               0,     ""),
        Rule(Step.UNDO_CANCEL_ACCEPTED,       "undo_cancel_accepted",   "accepted_cancel_pending",        "accepted_1_2",                   "",   "",               0,     ""),
        Rule(Step.CANCEL_ACCEPTED_1_2,        "cancel_accepted",        "accepted_1_2",                   "accepted_cancel_pending_1_2",    "",   "",               0,     "1_2"),
        Rule(Step.BEGIN_REVISE_ACCEPTED,      "begin_revise_accepted",  "accepted",                       "accepted_revision_pending_2",    "",   "",               0,     ""),
        Rule(Step.BEGIN_REVISE_ACCEPTED_1_2,  "begin_revise_accepted",  "accepted_1_2",                   "accepted_revision_pending_2_2",  "",   "",               0,     "1_2"),
        Rule(Step.END_REVISE_ACCEPTED_2,      "end_revise_accepted",    "accepted_revision_pending_2",    "accepted_2",                     "",   "",               0,     "2"),
        Rule(Step.CANCEL_ACCEPTED_2,          "cancel_accepted",        "accepted_2",                     "accepted_cancel_pending_2",      "",   "",               0,     "2"),
        Rule(Step.UNDO_CANCEL_ACCEPTED_2,     "undo_cancel_accepted",   "accepted_cancel_pending_2",      "accepted_2_2",                   "",   "",               0,     "2"),
        Rule(Step.BEGIN_REVISE_ACCEPTED_2,    "begin_revise_accepted",  "accepted_2",                     "accepted_revision_pending_3",    "",   "",               0,     "2"),
        Rule(Step.END_REVISE_ACCEPTED_2_2,    "end_revise_accepted",    "accepted_revision_pending_2_2",  "accepted_2_2",                   "",   "",               0,     "2_2"),
        Rule(Step.CANCEL_ACCEPTED_2_2,        "cancel_accepted",        "accepted_2_2",                   "accepted_cancel_pending_2_2",    "",   "",               0,     "2_2"),
        Rule(Step.BEGIN_REVISE_ACCEPTED_2_2,  "begin_revise_accepted",  "accepted_2_2",                   "accepted_revision_pending_3_2",  "",   "",               0,     "2_2"),
        Rule(Step.END_REVISE_ACCEPTED_3,      "end_revise_accepted",    "accepted_revision_pending_3",    "accepted_3",                     "",   "",               0,     "3"),
        Rule(Step.CANCEL_ACCEPTED_3,          "cancel_accepted",        "accepted_3",                     "accepted_cancel_pending_3",      "",   "",               0,     "3"),
        Rule(Step.UNDO_CANCEL_ACCEPTED_3,     "undo_cancel_accepted",   "accepted_cancel_pending_3",      "accepted_3_2",                   "",   "",               0,     "3"),
        Rule(Step.END_REVISE_ACCEPTED_3_2,    "end_revise_accepted",    "accepted_revision_pending_3_2",  "accepted_3_2",                   "",   "",               0,     "3_2"),
        Rule(Step.PREPARE,                    "prepare",                "accepted | accepted_1_2 | accepted_2 | accepted_2_2 | accepted_3 | accepted_3_2",  "preparing",                      "",   "by restaurant",  0,     ""),
        Rule(Step.FINISH_PREPARING,           "finish_preparing",       "preparing",                      "ready_for_pickup",               "",   "by restaurant",  0,     ""),
        Rule(Step.PICK_UP,                    "pick_up",                "ready_for_pickup",               "picked_up",                      "",   "by courier",     0,     ""),
        Rule(Step.CANCEL_ACCEPTED_3_2,        "cancel_accepted",        "accepted_3_2",                   "accepted_cancel_pending_3_2",    "",   "",               0,     "3_2"),
        Rule(Step.CONFIRM_CANCEL,             "confirm_cancel",         "cancel_pending | cancel_pending_1_2 | cancel_pending_2 | cancel_pending_2_2 | cancel_pending_3 | cancel_pending_3_2 | accepted_cancel_pending | accepted_cancel_pending_1_2 | accepted_cancel_pending_2 | accepted_cancel_pending_2_2 | accepted_cancel_pending_3 | accepted_cancel_pending_3_2",  "cancelled",                      "",   "",               0,     ""),
    ),
    actions=(),
    compensations={},
)
_TABLES = (_V1,)
# fmt: on


class Context(Protocol):
    """What a handler is told about the call."""

    @property
    def aggregate_id(self) -> str:
        """The id of the process: its `ticket_id`."""
        ...

    @property
    def step(self) -> Step:
        """The step that is performed, undone or asked about."""
        ...

    @property
    def attempt(self) -> int:
        """Which attempt this is, counted from 1."""
        ...

    @property
    def idempotency_key(self) -> str:
        """The same for every attempt of one handler at one step of one process."""
        ...

    @property
    def fence(self) -> int:
        """A number that rises with each worker that takes the process over."""
        ...

    @property
    def deadline(self) -> float | None:
        """When the attempt times out, in seconds since 1970, if it does."""
        ...

    @property
    def data(self) -> Mapping[str, Any]:
        """What is kept with the process: from its start, and from what was done."""
        ...

    @property
    def logger(self) -> LoggerAdapter[Logger]:
        """Where to log; it adds the process, the step and the attempt."""
        ...


class Failed(Exception):
    """What a handler raises to say that it has failed and that nothing has happened.

    Whatever else it raises leaves open whether its effect has happened.
    """


Effect = Awaitable[Mapping[str, Any] | None] | Mapping[str, Any] | None
Answer = Awaitable[bool | None] | bool | None


class Handlers(Protocol):
    """What our code does: each effect, compensation and probe, plain or async.

    What an effect returns is kept with the process, as JSON. A probe answers whether
    its action has happened, or None if it cannot tell.
    """


# What follows is the same for every saga.

ABORTING, FINISHED = 1, 2


class Kind(StrEnum):
    """What an event does to its step or to the whole process."""

    BEGIN = "begin"
    DONE = "done"
    FAIL = "fail"
    UNDO = "undo"
    WAIVE = "waive"
    ABORT = "abort"
    FINISH = "finish"


class Event(NamedTuple):
    """One event: its kind and, save for abort and finish, its step.

    An action's name as the step means the round that is due.
    """

    kind: Kind
    step: Step | str | None = None


class Record(NamedTuple):
    """A process at rest: three words with a bit for each step, and a control word.

    A step that has begun and is neither done nor closed is in doubt; closed without
    being done, it failed; done and closed, it was compensated. The control word adds
    ABORTING and FINISHED.
    """

    begun: int = 0
    done: int = 0
    closed: int = 0
    control: int = 0

    def pack(self) -> int:
        """One integer: 20 bits for each lane, then the control word."""
        if min(self) < 0 or max(self[:3]) >> 20 or self.control >> 2:
            raise ValueError(f"{self} does not fit: one integer holds 20 steps")
        return self.begun | self.done << 20 | self.closed << 40 | self.control << 60

    @classmethod
    def unpack(cls, packed: int) -> Record:
        """The record that `pack` turned into an integer."""
        if packed < 0 or packed >> 62:
            raise ValueError(f"{packed} is not a packed record, which has 62 bits")
        lane = (1 << 20) - 1
        return cls(
            packed & lane, packed >> 20 & lane, packed >> 40 & lane, packed >> 60
        )


class Transition(NamedTuple):
    """A row of the table, as it was written."""

    prev: str
    next: str
    action: str
    trigger: str

    @classmethod
    def rows(cls, table: Table) -> tuple[Transition, ...]:
        """One row for each action, whatever its rounds."""

        def declared(states: list[str]) -> tuple[str, ...]:
            return tuple(dict.fromkeys(table.copies.get(s, s) for s in states))

        rounds: dict[str, list[Rule]] = {}
        for rule in table.rules:
            rounds.setdefault(rule.action, []).append(rule)
        rows: list[Transition] = []
        for action, (first, *_) in rounds.items():
            sources = [declared(s) for rule in rounds[action] for s in rule.sources]
            prev = Rule.cell(dict.fromkeys(sources))
            leads = [declared(first.targets), declared(first.fallbacks)]
            ends = " else ".join(Rule.cell([states]) for states in leads if states)
            rows.append(cls(prev, ends, action, first.trigger))
        return tuple(rows)


class Compensation(NamedTuple):
    """The action that takes a step's effect back."""

    step: Step
    action: str


class Refused(ValueError):
    """What may not happen, or a value that no process of this version can have.

    `mask` is the mask or record, `index` the refused step's place in a replay.
    """

    def __init__(
        self,
        machine: Machine,
        mask: int | Record,
        step: Step | str | None,
        reason: str,
    ) -> None:
        super().__init__(reason)
        self.machine = machine
        self.mask = mask
        self.step = step
        self.reason = reason
        self.index: int | None = None

    def __reduce__(self) -> tuple[object, ...]:
        made_of = (self.machine, self.mask, self.step, self.reason)
        return Refused, made_of, {"index": self.index}


class UnknownVersion(LookupError):
    """A version that is not in this module; its records are not to be guessed at."""


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
    waivers: tuple[Waiver, ...]

    @classmethod
    def of(cls, table: Table) -> Guards:
        """The guards of a table."""
        places = Place.of(table)
        plans = Plan.of(table, places)
        steps = pivots = effects = dead_ends = 0
        for plan in plans:
            steps |= plan.bit
            pivots |= plan.bit if plan.pivot else 0
            effects |= plan.bit if plan.effect else 0
            dead_ends |= 0 if plan.rule.otherwise else plan.bit
        masks = (steps, pivots, effects, dead_ends)
        waivers = Waiver.of(table, plans)
        return cls(plans, tuple(places.values()), *masks, waivers)

    def held(self, record: Record) -> list[Place]:
        """The places where a record stands, in order of declaration."""
        failed = record.closed & ~record.done
        taken = record.begun | record.done
        return [
            place
            for place in self.places
            if not taken & place.consumers and place.reached(record.done, failed)
        ]

    def states(self, record: Record) -> tuple[State, ...]:
        """The declared states where a record stands."""
        return tuple(dict.fromkeys(place.state for place in self.held(record)))

    def at_end(self, record: Record) -> bool:
        """Whether a record stands in final states only."""
        held = self.held(record)
        return bool(held) and all(place.kind.startswith("final") for place in held)

    def may(self, record: Record, kind: Kind, plan: Plan | None) -> bool:
        """The guard of an event; `plan` is of its step, None for abort and finish."""
        begun, done, closed, control = record
        taken, failed, running = begun | done, closed & ~done, begun & ~closed
        doubt = running & ~done
        if control & FINISHED:
            return False
        if kind is Kind.ABORT:
            return not control and not running & self.pivots
        if kind is Kind.FINISH:
            if control:
                return not doubt and not running & self.effects
            return not doubt and not failed & self.dead_ends and self.at_end(record)
        if plan is None:
            return False
        if kind is Kind.BEGIN:
            fresh = not control and not taken & plan.bit
            return fresh and any(
                not taken & alternative.rivals and alternative.reached(done, failed)
                for alternative in plan.alternatives
            )
        if kind is Kind.UNDO:
            known = plan.undo_in_doubt or not doubt & plan.bit
            due = control and plan.undo and running & plan.bit
            return bool(due) and known and not running & plan.after
        if kind is Kind.DONE or (kind is Kind.FAIL and plan.fallible):
            return bool(doubt & plan.bit)
        return False

    def why_not(self, record: Record, kind: Kind, plan: Plan | None) -> str:
        """Why the guard of an event fails."""
        if record.control & FINISHED:
            return "the process is finished"
        if plan is None:
            return self._why_not_end(record, kind)
        name = f"`{plan.rule.name}`"
        if kind is Kind.WAIVE:
            return f"{name} cannot be waived: no upgrade says so"
        if kind is Kind.BEGIN and record.control:
            return f"{name} cannot begin: the process is aborting"
        if kind is Kind.BEGIN:
            return self._why_not_begin(record, plan)
        if not (record.begun | record.done) & plan.bit:
            return f"{name} has not begun"
        if record.closed & plan.bit:
            return plan.outcome(record)
        if kind is Kind.UNDO:
            return self._why_not_undo(record, plan)
        if record.done & plan.bit:
            return plan.outcome(record)
        return f"{name} cannot fail"

    def why_stays(self, record: Record, old: Guards) -> str:
        """Why a record that both know would lose something here; empty if nothing."""
        begun, done, closed, control = record
        running = begun & ~closed
        doubt = running & ~done
        ended = not control and old.may(record, Kind.FINISH, None)
        if ended and not self.may(record, Kind.FINISH, None):
            return "it would go on after its end"
        plans = {plan.bit: plan for plan in self.plans}
        for before in old.plans:
            if not running & before.bit:
                continue
            plan, name = plans[before.bit], f"`{before.rule.name}`"
            if doubt & plan.bit and (before.how, plan.how) == ("once", "idempotent"):
                return f"{name} could happen twice"
            lost = before.undo and not plan.undo
            if doubt & plan.bit:
                lost = lost or (before.undo_in_doubt and not plan.undo_in_doubt)
            if lost and not running & self.pivots:
                return f"{name} could not be undone by `{before.undo}`"
        return ""

    def why_unreachable(self, record: Record) -> str:
        """Why no run leads to a record; empty if one does.

        No log is needed: steps are taken in causal order, which some run has followed
        if any has, since a step looks only at what causes it and at its rivals.
        """
        begun, done, closed, control = record
        waivable = 0
        for waiver in self.waivers:
            waivable |= waiver.bit if begun & waiver.causes else 0
        if orphans := (done & ~waivable | closed) & ~begun:
            return f"{self.names(orphans)} cannot have ended without having begun"
        failed = closed & ~done
        aborting = control & ABORTING
        seen = 0
        for plan in self.plans:
            bit = plan.bit
            before = Record(begun & seen, done & seen, closed & seen)
            if (begun | done) & bit and not self.may(before, Kind.BEGIN, plan):
                return "no run leads here: " + self.why_not(before, Kind.BEGIN, plan)
            if closed & bit and not (failed & bit and plan.fallible):
                before = Record(begun, done, closed & ~bit, aborting)
                if not self.may(before, Kind.UNDO, plan):
                    fails = failed & bit and not plan.undo_in_doubt
                    kind = Kind.FAIL if fails else Kind.UNDO
                    return "no run leads here: " + self.why_not(before, kind, plan)
            seen |= bit
        before = Record(begun, done, closed)
        if aborting and not self.may(before, Kind.ABORT, None):
            return "no run aborts here: " + self.why_not(before, Kind.ABORT, None)
        before = Record(begun, done, closed, aborting)
        if control & FINISHED and not self.may(before, Kind.FINISH, None):
            return "no run finishes here: " + self.why_not(before, Kind.FINISH, None)
        return ""

    def names(self, mask: int) -> str:
        """The steps of a mask, in words."""
        plans = sorted(plan for plan in self.plans if mask & plan.bit)
        return self._listed([f"`{plan.rule.name}`" for plan in plans])

    def _why_not_end(self, record: Record, kind: Kind) -> str:
        """Why a process can be neither given up nor finished."""
        begun, done, closed, control = record
        running = begun & ~closed
        if kind is Kind.ABORT:
            if control:
                return "the process is already aborting"
            return f"{self.names(running & self.pivots)} is past the point of no return"
        if doubt := running & ~done:
            return f"{self.names(doubt)} may or may not have happened"
        if control:
            return f"{self.names(running & self.effects)} has yet to be undone"
        if failed := closed & ~done & self.dead_ends:
            return f"{self.names(failed)} failed and nothing goes on from there"
        held = " and ".join(f"`{state}`" for state in self.states(record))
        return f"it stands in {held or 'no state'}, which is not the end"

    def _why_not_undo(self, record: Record, plan: Plan) -> str:
        """Why a step cannot be taken back, or not yet."""
        begun, done, closed, control = record
        name = f"`{plan.rule.name}`"
        if not plan.undo:
            return f"{name} has no compensation"
        if not control:
            return f"{name} cannot be undone: the process is not aborting"
        if not done & plan.bit and not plan.undo_in_doubt:
            return f"{name} may or may not have happened"
        return (
            f"{name} waits for {self.names(begun & ~closed & plan.after)} to be undone"
        )

    def _why_not_begin(self, record: Record, plan: Plan) -> str:
        """What became of a step, or of its earlier round, and what it waits for."""
        if (record.begun | record.done) & plan.bit:
            return plan.outcome(record)
        waits = self._obstacle(record, plan)
        rounds = [p for p in self.plans if p.rule.action == plan.rule.action]
        earlier = [p for p in rounds if record.begun & p.bit]
        return f"{earlier[-1].outcome(record)}; {waits}" if earlier else waits

    def _obstacle(self, record: Record, plan: Plan) -> str:
        """What a step waits for, where that is least, or what rules it out."""
        name = f"`{plan.rule.name}`"
        begun, done, closed, _ = record
        taken, failed = begun | done, closed & ~done
        live = self._live(record)
        missing = [
            [place for place in alternative.places if not place.reached(done, failed)]
            for alternative in plan.alternatives
            if alternative.open(record, live)
        ]
        if missing:
            fewest = min(map(len, missing))
            waits = [
                self._listed([self._producers(place) for place in places])
                for places in missing
                if len(places) == fewest
            ]
            return f"{name} waits for {', or for '.join(dict.fromkeys(waits))}"
        rivals = 0
        for alternative in plan.alternatives:
            rivals |= taken & alternative.rivals
        if rivals:
            return f"{name} is ruled out by {self.names(rivals)}"
        places = plan.alternatives[0].places
        never = [self._producers(p) for p in places if not p.reached(done, failed)]
        return f"{name} waits for {self._listed(never)}, which can no longer happen"

    def _live(self, record: Record) -> int:
        """The steps that are in doubt or may still begin, at once or later."""
        begun, done, closed, _ = record
        live = begun & ~done & ~closed
        for plan in self.plans:
            if not (begun | done) & plan.bit and any(
                alternative.open(record, live) for alternative in plan.alternatives
            ):
                live |= plan.bit
        return live

    def _producers(self, place: Place) -> str:
        """The steps that lead to a place, in words."""
        plans = sorted(self.plans)
        steps = [f"`{p.rule.name}`" for p in plans if place.producers & p.bit]
        steps += [
            f"the failure of `{p.rule.name}`" for p in plans if place.failers & p.bit
        ]
        return " or ".join(steps) or f"`{place.name}`, where nothing leads to"

    @staticmethod
    def _listed(names: list[str], most: int = 6) -> str:
        """Names in a sentence, as many as a reader looks at."""
        if len(names) > most:
            names = [*names[: most - 1], f"{len(names) - most + 1} more"]
        return " and ".join(names)


class Machine:
    """One version of the saga.

    A mask is one integer, bit i set where step i is done. A record also knows what has
    begun, what failed and what was compensated. Arguments are never changed.
    """

    def __init__(self, table: Table) -> None:
        """Take the rows of one version and work out the guards."""
        self.version = table.version
        self.digest = table.digest
        self.draft = table.draft
        self.expires = table.expires
        self.remember = table.remember
        self.abort = table.abort
        self.rules = table.rules
        self.actions = {action.name: action for action in table.actions}
        self.waives = table.waives
        self.transitions = Transition.rows(table)
        self.guards = Guards.of(table)
        self._plans: dict[Step, Plan] = {
            plan.rule.step: plan for plan in sorted(self.guards.plans)
        }
        self.compensations = tuple(
            Compensation(step, plan.undo)
            for step, plan in self._plans.items()
            if plan.undo
        )
        self._rounds = self._rounds_by_name()
        self._quick = self._quick_guards()

    def __repr__(self) -> str:
        return f"<Machine version {self.version}>"

    def advance(self, mask: int, step: Step | str) -> int:
        """The mask with the step's bit set, or `Refused`."""
        try:
            care, need, bit = self._quick[step]
            if mask & care == need:
                return mask | bit
        except (KeyError, TypeError):
            pass  # below it is said what is wrong, or found which round is meant
        record = self._done(mask)
        plan = self._due(record, Kind.BEGIN, step, mask)
        self._demand(record, Kind.BEGIN, plan, mask)
        return mask | plan.bit

    def can(self, mask: int, step: Step | str) -> bool:
        """Whether `advance` accepts the step."""
        record = self._done(mask)
        plan = self._due(record, Kind.BEGIN, step, mask)
        return self.guards.may(record, Kind.BEGIN, plan)

    def allowed(self, mask: int) -> tuple[Step, ...]:
        """The steps that `advance` accepts, in order of position."""
        record = self._done(mask)
        return tuple(
            step
            for step, plan in self._plans.items()
            if self.guards.may(record, Kind.BEGIN, plan)
        )

    def held(self, mask: int) -> tuple[State, ...]:
        """The states where the process stands, in order of declaration."""
        return self.guards.states(self._done(mask))

    def replay(self, steps: Iterable[Step | str]) -> int:
        """The mask that the steps lead to from the start, or `Refused` with `index`."""
        quick = self._quick
        mask = 0
        for step in steps:
            try:
                care, need, bit = quick[step]
                if mask & care == need:
                    mask |= bit
                    continue
            except (KeyError, TypeError):
                pass  # as in `advance`, which takes over
            try:
                mask = self.advance(mask, step)
            except Refused as refused:
                refused.index = mask.bit_count()  # each step before has set its bit
                raise
        return mask

    def is_valid(self, mask: int) -> bool:
        """Whether some run leads here."""
        return self.is_valid_record(Record(mask, mask))

    def is_final(self, mask: int) -> bool:
        """Whether the process stands in final states only."""
        return self.guards.at_end(self._done(mask))

    def undo(self, mask: int) -> tuple[str, ...]:
        """The compensations to run if it is given up here, in an order that is allowed.

        None once a pivot is done: from there the process only goes forward.
        """
        return self.to_undo(self._done(mask))

    def apply(self, record: Record, event: Event) -> Record:
        """The record after the event, or `Refused`."""
        self._check(record, record)
        kind = Kind(event.kind)
        begun, done, closed, control = record
        if kind is Kind.ABORT or kind is Kind.FINISH:
            self._demand(record, kind, None, record)
            sets = ABORTING if kind is Kind.ABORT else FINISHED
            return Record(begun, done, closed, control | sets)
        plan = self._due(record, kind, event.step, record)
        self._demand(record, kind, plan, record)
        if kind is Kind.BEGIN:
            return Record(begun | plan.bit, done, closed, control)
        if kind is Kind.DONE:
            return Record(begun, done | plan.bit, closed, control)
        return Record(begun, done, closed | plan.bit, control)

    def events(self, record: Record) -> tuple[Event, ...]:
        """The events that `apply` accepts: by kind, then by position."""
        self._check(record, record)
        of_steps = [
            Event(kind, step)
            for kind in (Kind.BEGIN, Kind.DONE, Kind.FAIL, Kind.UNDO)
            for step, plan in self._plans.items()
            if self.guards.may(record, kind, plan)
        ]
        of_all = [
            Event(kind)
            for kind in (Kind.ABORT, Kind.FINISH)
            if self.guards.may(record, kind, None)
        ]
        return (*of_steps, *of_all)

    def to_undo(self, record: Record) -> tuple[str, ...]:
        """The compensations to run if a record is given up, in an allowed order."""
        self._check(record, record)
        actions: list[str] = []
        if self.guards.may(record, Kind.ABORT, None):
            record = record._replace(control=ABORTING)
        for plan in reversed(self.guards.plans):
            if self.guards.may(record, Kind.UNDO, plan):
                record = record._replace(closed=record.closed | plan.bit)
                actions.append(plan.undo)
        return tuple(actions)

    def due(self, record: Record, kind: Kind, step: Step | str) -> Step:
        """The step that a name means for an event: of rounds, the one that is due."""
        self._check(record, record)
        return self._due(record, kind, step, record).rule.step

    def is_valid_record(self, record: Record) -> bool:
        """Whether some run leads here."""
        return not self.why_invalid(record)

    def why_invalid(self, record: Record) -> str:
        """Why no run leads to a record; empty if one does."""
        try:
            self._check(record, record)
        except Refused as refused:
            return refused.reason
        return self.guards.why_unreachable(record)

    def upgrade(self, record: Record, old: Machine) -> Record:
        """A record of another version in the terms of this one, or `Refused`."""
        if why := old.why_invalid(record):
            raise Refused(old, record, None, why)
        if gone := (record.begun | record.done) & ~self.guards.steps:
            why = f"version {self.version} has no step {old.guards.names(gone)}"
            raise Refused(self, record, None, why)
        moved = self.moved(record, old.version)
        if why := self.why_invalid(moved):
            raise Refused(self, record, None, why)
        if why := self.guards.why_stays(moved, old.guards):
            raise Refused(self, record, None, f"in version {self.version} {why}")
        return moved

    def moved(self, record: Record, version: int) -> Record:
        """A record of a version with what the upgrade from there waives, judged not."""
        waived = 0
        for waiver in self.guards.waivers:
            if waiver.version == version and record.begun & waiver.causes:
                waived |= waiver.bit
        return record._replace(done=record.done | waived & ~record.begun)

    def standing(self, record: Record) -> tuple[State, ...]:
        """The states where a record stands, in order of declaration."""
        self._check(record, record)
        return self.guards.states(record)

    def _rounds_by_name(self) -> dict[Step | str, list[Plan]]:
        """The plans that a step or a name may mean: of an action, all its rounds."""
        rounds: dict[Step | str, list[Plan]] = {}
        alone: dict[Step | str, list[Plan]] = {}
        for step, plan in self._plans.items():
            rounds.setdefault(plan.rule.action, []).append(plan)
            alone[step] = alone[plan.rule.name] = [plan]
        return alone | rounds

    def _quick_guards(self) -> dict[Step | str, tuple[int, int, int]]:
        """The first alternative of each step as one comparison: care, need and bit.

        The sign and the bits that no step owns are cared for and never needed.
        """
        quick: dict[Step | str, tuple[int, int, int]] = {}
        for step, plan in self._plans.items():
            first = plan.alternatives[0]
            sources = [p.producers for p in first.places if p.kind != "initial"]
            need = 0
            for producers in sources:
                need |= producers & -producers
            block = first.rivals | plan.bit | ~self.guards.steps
            if all(sources) and not need & block:
                quick[step] = (need | block, need, plan.bit)
        for name, rounds in self._rounds.items():
            if len(rounds) == 1 and rounds[0].rule.step in quick:
                quick[name] = quick[rounds[0].rule.step]
        return quick

    def _done(self, mask: int) -> Record:
        """The record of a mask: what is done has begun, and nothing failed."""
        record = Record(mask, mask)
        self._check(record, mask)
        return record

    def _check(self, record: Record, given: int | Record) -> None:
        """Refuse what cannot be a record of this version, whatever its runs.

        Here and below `given` is the mask or record that was asked about.
        """
        known_bits = (*[self.guards.steps] * 3, ABORTING | FINISHED)
        for lane, value, known in zip(Record._fields, record, known_bits, strict=True):
            if not self._is_natural(value):
                reason = f"{value!r} is not a non-negative integer"
                raise Refused(self, given, None, reason)
            if unknown := value & ~known:
                bit = (unknown & -unknown).bit_length() - 1
                reason = f"bit {bit} belongs to no step of version {self.version}"
                if lane == "control":
                    reason = f"bit {bit} of the control word means nothing"
                raise Refused(self, given, None, reason)

    @staticmethod
    def _is_natural(value: object) -> bool:
        """Whether a value from anywhere is an integer that can be a mask."""
        return isinstance(value, int) and value >= 0

    def _due(
        self, record: Record, kind: Kind, step: Step | str | None, given: int | Record
    ) -> Plan:
        """The plan of a step; of an action with rounds, that of the round due."""
        try:
            rounds = [] if step is None else self._rounds.get(step, [])
        except TypeError:
            rounds = []  # what has no hash is no step
        if not rounds:
            reason = f"version {self.version} has no step {step!r}"
            raise Refused(self, given, step, reason)
        for plan in rounds:
            if self.guards.may(record, kind, plan):
                return plan
        begun = [plan for plan in rounds if record.begun & plan.bit]
        if kind is Kind.BEGIN:
            return next((p for p in rounds if p not in begun), rounds[-1])
        return begun[-1] if begun else rounds[0]

    def _demand(
        self, record: Record, kind: Kind, plan: Plan | None, given: int | Record
    ) -> None:
        """Refuse an event whose guard fails, and say why."""
        if not self.guards.may(record, kind, plan):
            step = plan.rule.step if plan else None
            why = self.guards.why_not(record, kind, plan)
            raise Refused(self, given, step, why)


MACHINES: Mapping[int, Machine] = MappingProxyType(
    {table.version: Machine(table) for table in _TABLES}
)
LATEST = MACHINES[1]

advance = LATEST.advance
can = LATEST.can
allowed = LATEST.allowed
held = LATEST.held
replay = LATEST.replay
is_valid = LATEST.is_valid
is_final = LATEST.is_final
undo = LATEST.undo
apply = LATEST.apply
events = LATEST.events
is_valid_record = LATEST.is_valid_record


def machine(version: int) -> Machine:
    """The machine of a version, or `UnknownVersion`."""
    try:
        return MACHINES[version]
    except KeyError:
        raise UnknownVersion(f"{NAME} has no version {version!r}") from None


def upgrade(record: Record, from_version: int, to_version: int) -> Record:
    """The record in the terms of another version, or `Refused`.

    Positions never move, so its bits stay as they are, and what the upgrade waives is
    done with them. It may go where the other version knows it, nothing happens twice,
    nothing that stands is lost, and an end stays an end.
    """
    return machine(to_version).upgrade(record, machine(from_version))
