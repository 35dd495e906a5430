"""A compiled saga as the runtime sees it: who takes each step, and how it is performed.

The runtime knows nothing of the compiler. It takes the emitted module by its names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any, NamedTuple, Protocol

BY, SYSTEM, AFTER = "by ", "by system", "after "
REMEMBERED = 10_000  # records; most processes of a saga pass through the same few


class SagaModule(Protocol):
    """What the runtime needs of an emitted module such as `order_saga`."""

    @property
    def NAME(self) -> str:  # noqa: N802  the module's name
        """How the saga is named."""

    @property
    def MACHINES(self) -> Mapping[int, Any]:  # noqa: N802  as above
        """The machine of each version."""

    @property
    def LATEST(self) -> Any:  # noqa: N802  as above
        """The machine of the newest version."""

    @property
    def Record(self) -> Any:  # noqa: N802  as above
        """The lanes of a process."""

    @property
    def Kind(self) -> Any:  # noqa: N802  as above
        """The kinds of events."""

    @property
    def Step(self) -> Any:  # noqa: N802  as above
        """Every step of every version."""

    @property
    def Refused(self) -> Any:  # noqa: N802  as above
        """What a machine raises."""

    @property
    def Failed(self) -> Any:  # noqa: N802  as above
        """What a handler raises that has had no effect."""

    def upgrade(self, record: Any, from_version: int, to_version: int) -> Any:
        """The record in the terms of another version, or `Refused`."""
        ...


class Work(NamedTuple):
    """How a handler is called; times are in milliseconds, 0 where none is set.

    `how` is `once` or `idempotent`, `probe` the handler that tells whether it happened.
    `attempts` is 0 where it is tried until it succeeds.
    """

    handler: str
    how: str
    probe: str
    attempts: int
    pause: int
    longest: int
    timeout: int

    @classmethod
    def of(cls, action: Any) -> Work:
        """The work of a row of `actions`."""
        return cls(
            action.name,
            action.effect,
            action.probe,
            0 if action.cannot_fail else action.attempts,
            action.pause * 1000,
            action.longest * 1000,
            action.timeout * 1000,
        )

    def pause_after(self, attempts: int) -> int:
        """The pause after so many attempts; it doubles where a longest is set."""
        if not self.longest:
            return self.pause
        return min(self.pause << min(attempts - 1, 40), self.longest)


class Taken(NamedTuple):
    """A step with what a driver must know of it; `forward` is None for a fact.

    `plan` is the machine's own. Who takes it: `actors` (any, if there are none), the
    driver as soon as it can (`automatic`), or after `delay` milliseconds.
    """

    plan: Any
    step: int
    bit: int
    name: str
    action: str
    forward: Work | None
    backward: Work | None
    automatic: bool
    delay: int
    actors: tuple[str, ...]

    @classmethod
    def of(cls, plan: Any, actions: Mapping[str, Any]) -> Taken:
        """What a plan of the machine means to a driver."""
        trigger, action = plan.rule.trigger, actions.get(plan.rule.action)
        by = trigger.removeprefix(BY).partition(" up to ")[0]
        outside = trigger.startswith(BY) and by != "system"
        return cls(
            plan,
            int(plan.rule.step),
            plan.bit,
            plan.rule.name,
            plan.rule.action,
            Work.of(action) if action and action.effect else None,
            Work.of(actions[plan.undo]) if plan.undo else None,
            by == "system",
            plan.rule.delay * 1000,
            tuple(name.strip() for name in by.split("|")) if outside else (),
        )


class Chances(NamedTuple):
    """What the guards leave to a driver: ends, and its own steps in causal order."""

    finish: bool
    abort: bool
    begin: tuple[Taken, ...]
    undo: tuple[Taken, ...]


class Version:
    """The machine of one version, and what a driver must know of its steps.

    `chances` are those of a record.
    """

    def __init__(self, machine: Any, kinds: Iterable[Any]) -> None:
        self.machine = machine
        self._kinds = {str(kind): kind for kind in kinds}
        self.number: int = machine.version
        self.guards = machine.guards
        taken = [Taken.of(plan, machine.actions) for plan in sorted(self.guards.plans)]
        self.steps = {step.step: step for step in taken}
        self._own = [step for step in taken if step.automatic or step.delay]
        self._undoable = [step for step in taken if step.backward]
        self.expires: int = machine.expires * 1000
        self.remember: int = machine.remember * 1000
        self.chances = lru_cache(REMEMBERED)(self._chances)

    @cached_property
    def handlers(self) -> tuple[str, ...]:
        """The names of the handlers that this version calls, each once."""
        names: dict[str, None] = {}
        for step in self.steps.values():
            for work in (step.forward, step.backward):
                if work:
                    names[work.handler] = None
                    names.update({work.probe: None} if work.probe else {})
        return tuple(names)

    def may(self, record: Any, kind: str, step: Taken | None = None) -> bool:
        """Whether an event may happen to a record."""
        plan = step.plan if step else None
        allowed: bool = self.guards.may(record, self._kinds[kind], plan)
        return allowed

    def _chances(self, record: Any) -> Chances:
        return Chances(
            self.may(record, "finish"),
            self.may(record, "abort"),
            tuple(step for step in self._own if self.may(record, "begin", step)),
            tuple(step for step in self._undoable if self.may(record, "undo", step)),
        )

    def why_not(self, record: Any, kind: str, step: Taken | None = None) -> str:
        """Why an event may not happen."""
        plan = step.plan if step else None
        why: str = self.guards.why_not(record, self._kinds[kind], plan)
        return why

    def due(self, record: Any, action: str) -> Taken:
        """The step that an action begins: of the rounds of a loop, the one that is due.

        Raises the `Refused` of the emitted module if there is no such action.
        """
        return self.steps[int(self.machine.due(record, self._kinds["begin"], action))]


class Saga:
    """Every version of a saga."""

    def __init__(self, module: SagaModule) -> None:
        self.module = module
        self.name = module.NAME
        self.versions = {
            number: Version(machine, module.Kind)
            for number, machine in module.MACHINES.items()
        }
        self.latest = self.versions[module.LATEST.version]

    def version(self, number: int) -> Version:
        """The machine of a version. Raises `LookupError` if it is not known here."""
        if number not in self.versions:
            raise LookupError(self.no_version(number))
        return self.versions[number]

    def no_version(self, number: int) -> str:
        """The words for a version that is not known here."""
        return f"{self.name} has no version {number}"

    @cached_property
    def handlers(self) -> tuple[str, ...]:
        """The names of every handler that some version calls."""
        called = (version.handlers for version in self.versions.values())
        return tuple(dict.fromkeys(chain.from_iterable(called)))
