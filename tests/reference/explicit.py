"""The verdicts on a saga by looking at every record: slow, and without a formula.

It knows the token game of `tests/reference` only, so that it can disagree.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from reference import Event, Record, Reference

from sagadsl.model import Always, Needs, Never, Saga

FORWARD = ("begin", "done", "fail")
Verdicts = dict[str, set[str]]


def forward_records(reference: Reference, most: int) -> list[Record] | None:
    """Every record that some run without an abort leads to; None if too many."""
    seen = {Record()}
    stack = [Record()]
    while stack:
        record = stack.pop()
        for event in forward_events(reference, record):
            after = reference.apply(record, event)
            if after not in seen:
                seen.add(after)
                stack.append(after)
        if len(seen) > most:
            return None
    return list(seen)


def forward_events(reference: Reference, record: Record) -> list[Event]:
    return [e for e in reference.events(record) if e.kind in FORWARD]


class Explicit:
    """All records of one saga, and what is true of them."""

    def __init__(self, saga: Saga, records: list[Record]) -> None:
        self.saga = saga
        self.reference = Reference(saga)
        self.records = records

    def overlap(self) -> set[str]:
        """Actions with two ways at once, and states that are reached twice."""
        steps = self.reference.steps
        found = {
            steps[name].transition.action
            for _, name, _ in self.reference.swallows(self.records)
        }
        for record in self.records:
            for place, state in self.saga.places.items():
                came = len(self.reference.producers[place] & record.done)
                came += len(self.reference.failers[place] & record.failed)
                if came > 1:
                    found.add(state)
        return found

    def verdicts(self) -> Verdicts:
        """What each rule finds, by name; for records whose ways do not overlap."""
        return {
            "nondeterminism": set(self._chosen_by_chance()),
            "improper-completion": set(self._ended_early()),
            "stuck": {"stuck" for record in self.records if self._is_stuck(record)},
            "never-happens": set(self.reference.steps)
            - {name for record in self.records for name in record.begun},
            "never-final": self._never_final(),
            "undo": set(self._left_standing()),
            "idle-compensation": self._idle(),
            "waits-for-person": set(self._waiting()),
            "late-deadline": self._late(),
            "broken-property": set(self._broken()),
        }

    def _may_abort(self, record: Record) -> bool:
        return self.reference.may(record, Event("abort"))

    def _action(self, name: str) -> str:
        return self.reference.steps[name].transition.action

    def _done(self, record: Record) -> set[str]:
        return {self._action(name) for name in record.done}

    def _beginning(self, record: Record) -> list[str]:
        events = self.reference.events(record)
        return [event.step for event in events if event.kind == "begin"]

    def _chosen_by_chance(self) -> Iterator[str]:
        for record in self.records:
            system = [
                self.reference.steps[name]
                for name in self._beginning(record)
                if self._is_automatic(name)
            ]
            for one, other in combinations(system, 2):
                for place in {p for way in one.sources for p in way}:
                    both = [
                        {*a, *b}
                        for a in one.sources
                        for b in other.sources
                        if place in a and place in b
                    ]
                    if any(
                        all(self.reference.is_held(record, p) for p in places)
                        for places in both
                    ):
                        yield self.saga.places[place]

    def _ended_early(self) -> Iterator[str]:
        for record in self.records:
            if self._beginning(record):
                for place in self.reference.held(record):
                    if self.reference.kind(place).startswith("final"):
                        yield self.saga.places[place]

    def _is_stuck(self, record: Record) -> bool:
        """No event is left but a request to abort, and there is no cause for one."""
        if forward_events(self.reference, record):
            return False
        if self.reference.may(record, Event("finish")):
            return False
        steps = self.reference.steps
        dead = any(not steps[name].otherwise for name in record.failed)
        return not (dead and self._may_abort(record))

    def _never_final(self) -> set[str]:
        if not any(state.kind == "final" for state in self.saga.states.values()):
            return set()
        for record in self.records:
            kinds = {self.reference.kind(p) for p in self.reference.held(record)}
            if kinds == {"final"} and self.reference.may(record, Event("finish")):
                return set()
        return {"never"}

    def _left_standing(self) -> Iterator[str]:
        for record in filter(self._may_abort, self.records):
            for name in record.done:
                row = self.saga.action(self._action(name))
                stays = row.pivot or row.no_undo or self.reference.compensation(name)
                if row.effect and not stays:
                    yield row.name

    def _idle(self) -> set[str]:
        early = [record for record in self.records if self._may_abort(record)]
        done = {action for record in early for action in self._done(record)}
        return set(self.saga.compensations) - done

    def _waiting(self) -> Iterator[str]:
        for record in filter(self._may_abort, self.records):
            for name in record.done:
                back = self.saga.actions.get(self.reference.compensation(name))
                if back and back.parks:
                    yield back.row.name
            for name in record.in_doubt:
                action = self.saga.actions.get(self._action(name))
                undo = self.reference.compensation(name)
                waits = undo and not self.saga.action(undo).even_if_in_doubt
                if action and action.parks and waits:
                    yield action.row.name

    def _late(self) -> set[str]:
        """The saga, if no time passes where its deadline would give it up."""
        early = list(filter(self._may_abort, self.records))
        waits = any(
            not self._is_automatic(name)
            for record in early
            for name in self._beginning(record)
        )
        works = any(
            self._is_automatic(name) and self.saga.action(self._action(name)).effect
            for record in early
            for name in record.in_doubt
        )
        return {self.saga.name} if self.saga.expires and not (waits or works) else set()

    def _is_automatic(self, name: str) -> bool:
        return self.reference.steps[name].transition.trigger.actors == ("system",)

    def _broken(self) -> Iterator[str]:
        for item in self.saga.properties:
            if any(self._breaks(item, record) for record in self.records):
                yield str(item.span.start)

    def _breaks(self, item: Needs | Never | Always, record: Record) -> bool:
        if isinstance(item, Needs):
            begun = {self._action(name) for name in record.begun}
            return item.action in begun and item.needed not in self._done(record)
        if isinstance(item, Never):
            return {item.action, item.other} <= self._done(record)
        came = any(
            state == item.state and self.reference.is_reached(record, place)
            for place, state in self.saga.places.items()
        )
        held = {self.saga.places[place] for place in self.reference.held(record)}
        if not came:
            return False
        at_end = self.reference.may(record, Event("finish"))
        if at_end and not held & set(item.outcomes):
            return True
        return "compensated" not in item.outcomes and self._may_abort(record)
