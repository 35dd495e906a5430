"""The model as a token game with a log: slow, obvious, and without a bit.

It is written from the model's table of guards, so that whatever judges by masks can be
held to it. A run is a sequence of events; a record is what a run has left behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sagadsl.model import Saga, Step

NOTHING: frozenset[str] = frozenset()
STEP_KINDS = ("begin", "done", "fail", "undo")


class Event(NamedTuple):
    """What happens, and to which step."""

    kind: str
    step: str = ""


class Record(NamedTuple):
    """Which steps have begun, are done, are closed, and where the whole stands."""

    begun: frozenset[str] = NOTHING
    done: frozenset[str] = NOTHING
    closed: frozenset[str] = NOTHING
    aborting: bool = False
    finished: bool = False

    @property
    def taken(self) -> frozenset[str]:
        """Begun, or waived: done without ever having begun."""
        return self.begun | self.done

    @property
    def failed(self) -> frozenset[str]:
        return self.closed - self.done

    @property
    def open(self) -> frozenset[str]:
        return self.begun - self.closed

    @property
    def in_doubt(self) -> frozenset[str]:
        return self.begun - self.done - self.closed


class Reference:
    """The token game of one saga."""

    def __init__(self, saga: Saga) -> None:
        self.saga = saga
        self.steps: dict[str, Step] = {step.name: step for step in saga.steps}
        self.consumers: dict[str, set[str]] = {place: set() for place in saga.places}
        self.producers: dict[str, set[str]] = {place: set() for place in saga.places}
        self.failers: dict[str, set[str]] = {place: set() for place in saga.places}
        for name, step in self.steps.items():
            for place in {place for group in step.sources for place in group}:
                self.consumers[place].add(name)
            for place in step.targets:
                self.producers[place].add(name)
            for place in step.otherwise:
                self.failers[place].add(name)
        self.after = {name: self._after(name) for name in self.steps}

    # what the text says of a step

    def can_fail(self, name: str) -> bool:
        row = self.saga.action(self.steps[name].transition.action)
        return bool(row.effect) and not row.cannot_fail

    def is_pivot(self, name: str) -> bool:
        return self.saga.action(self.steps[name].transition.action).pivot

    def compensation(self, name: str) -> str:
        found = self.saga.compensations.get(self.steps[name].transition.action)
        return found.compensation if found else ""

    def has_effect(self, name: str) -> bool:
        row = self.saga.action(self.steps[name].transition.action)
        return bool(row.effect and not row.no_undo) or bool(self.compensation(name))

    def kind(self, place: str) -> str:
        """The kind of a state; a later round of an initial one is not initial."""
        state = self.saga.places[place]
        kind = self.saga.states[state].kind
        return "" if kind == "initial" and place != state else kind

    def _after(self, name: str) -> set[str]:
        """The steps with an effect that depend on a step, on whatever way."""
        found: set[str] = set()
        ahead = [name]
        while ahead:
            step = self.steps[ahead.pop()]
            for place in (*step.targets, *step.otherwise):
                ahead.extend(self.consumers[place] - found)
                found |= self.consumers[place]
        return {other for other in found if self.has_effect(other)}

    # where a record stands

    def is_reached(self, record: Record, place: str) -> bool:
        return (
            self.kind(place) == "initial"
            or not self.producers[place].isdisjoint(record.done)
            or not self.failers[place].isdisjoint(record.failed)
        )

    def is_held(self, record: Record, place: str) -> bool:
        return self.is_reached(record, place) and self.consumers[place].isdisjoint(
            record.taken
        )

    def held(self, record: Record) -> tuple[str, ...]:
        """The declared states, in whatever round they are held."""
        held = {
            s for place, s in self.saga.places.items() if self.is_held(record, place)
        }
        return tuple(state for state in self.saga.states if state in held)

    def is_final(self, record: Record) -> bool:
        kinds = {self.saga.states[state].kind for state in self.held(record)}
        return bool(kinds) and all(kind.startswith("final") for kind in kinds)

    # what may happen

    def may(self, record: Record, event: Event) -> bool:
        """Whether the guard holds; nothing happens to what has finished."""
        name = event.step
        if record.finished:
            return False
        match event.kind:
            case "begin":
                return (
                    not record.aborting
                    and name not in record.taken
                    and any(
                        all(self.is_held(record, place) for place in group)
                        for group in self.steps[name].sources
                    )
                )
            case "done":
                return name in record.in_doubt
            case "fail":
                return name in record.in_doubt and self.can_fail(name)
            case "undo":
                return self._may_undo(record, name)
            case "abort":
                return not record.aborting and not any(
                    self.is_pivot(other) for other in record.open
                )
            case "finish":
                return self._may_finish(record)
        return False

    def _may_undo(self, record: Record, name: str) -> bool:
        compensation = self.compensation(name)
        return (
            record.aborting
            and bool(compensation)
            and name in record.open
            and (name in record.done or self.saga.action(compensation).even_if_in_doubt)
            and self.after[name].isdisjoint(record.open)
        )

    def _may_finish(self, record: Record) -> bool:
        """At the end, or wholly taken back: an abort is not forgotten at the end."""
        if record.in_doubt:
            return False
        if record.aborting:
            return not any(self.has_effect(other) for other in record.open)
        dead = any(not self.steps[other].otherwise for other in record.failed)
        return self.is_final(record) and not dead

    def events(self, record: Record) -> list[Event]:
        """By kind, then in order of the steps."""
        every = [Event(kind, name) for kind in STEP_KINDS for name in self.steps]
        every += [Event("abort"), Event("finish")]
        return [event for event in every if self.may(record, event)]

    def apply(self, record: Record, event: Event) -> Record:
        """The record after an event that may happen."""
        name = frozenset([event.step])
        match event.kind:
            case "begin":
                return record._replace(begun=record.begun | name)
            case "done":
                return record._replace(done=record.done | name)
            case "fail" | "undo":
                return record._replace(closed=record.closed | name)
            case "abort":
                return record._replace(aborting=True)
        return record._replace(finished=True)

    # everything that can happen

    def reachable(self, most: int) -> dict[Record, tuple[Record, Event] | None] | None:
        """Every record that some run leads to, and how; None if they are too many."""
        start = Record()
        came: dict[Record, tuple[Record, Event] | None] = {start: None}
        level = [start]
        while level:
            following: list[Record] = []
            for record in level:
                for event in self.events(record):
                    after = self.apply(record, event)
                    if after not in came:
                        came[after] = record, event
                        following.append(after)
            if len(came) > most:
                return None
            level = following
        return came

    def reachable_masks(self) -> set[frozenset[str]]:
        """Every set of steps that can be done one after the other."""
        masks = {NOTHING}
        level = [NOTHING]
        while level:
            following = [mask | {name} for mask in level for name in self.allowed(mask)]
            level = list(set(following) - masks)
            masks.update(level)
        return masks

    def allowed(self, mask: frozenset[str]) -> list[str]:
        record = Record(mask, mask)
        return [n for n in self.steps if self.may(record, Event("begin", n))]

    def swallows(self, records: Iterable[Record]) -> Iterator[tuple[Record, str, str]]:
        """Where a step can begin one way while a state of another way is held too.

        There the record cannot tell whether that state was taken or left behind.
        """
        several = {n: s for n, s in self.steps.items() if len(s.sources) > 1}
        for record in records:
            for name, step in several.items():
                if not self.may(record, Event("begin", name)):
                    continue
                held = {
                    place
                    for group in step.sources
                    for place in group
                    if self.is_held(record, place)
                }
                for group in step.sources:
                    if held.issuperset(group):
                        for place in held.difference(group):
                            yield record, name, place
