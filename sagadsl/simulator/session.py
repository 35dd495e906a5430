"""The session: what is typed goes in, texts come out; nothing is read or printed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from sagadsl.machine import ABORTING, FINISHED, Event, Kind, Machine, Record, Refused
from sagadsl.model import Pinned, Version
from sagadsl.simulator.options import events_of, options
from sagadsl.simulator.transcript import NoScenario, write_scenario

HELP = """\
  1           what has this number
  NAME        take a step, run a compensation, or ask for the abort, by its name
  fail NAME   try a step, and it fails for good; also: NAME fails
  crash NAME  begin a step and lose its outcome; then: done NAME, fail NAME or stay
  abort       give up
  undo NAME   take a step back, once it is aborting
  back        as it was before the last input
  quit        end; so does the end of the input
In place of NAME its number will do."""


class _Taken(NamedTuple):
    """The events of an input, and the record that they led to."""

    events: tuple[Event, ...]
    record: Record


class Session:
    """One process of a version, stepped through by hand, until it is `over`."""

    def __init__(self, pinned: Pinned, version: Version) -> None:
        self.pinned = pinned
        self.machine: Machine = version.machine()
        self.over = False
        self._taken: list[_Taken] = []
        undoes: dict[object, str] = dict(self.machine.compensations)
        self._names: dict[object, tuple[str, str]] = {
            rule.step: (rule.name, undoes.get(rule.step, ""))
            for rule in self.machine.rules
        }

    @property
    def record(self) -> Record:
        """Where the process stands."""
        return self._taken[-1].record if self._taken else Record()

    def view(self) -> str:
        """Where it stands, and what may happen next, numbered."""
        offers = options(self.machine, self.record)
        wide = max((len(option.words) for option in offers), default=0)
        far = max((len(o.note) for o in offers if o.trigger), default=0)
        lines = [
            f"{number:>3}  {o.words:<{wide}}  {o.note:<{far}}  {o.trigger}".rstrip()
            for number, o in enumerate(offers, start=1)
        ]
        return "\n".join([self._standing(), *lines])

    def enter(self, line: str) -> str:
        """Do what is typed; gives what there is to say of it."""
        words = line.split()
        commands: dict[tuple[str, ...], Callable[[], str]] = {
            (): self.view,
            ("back",): self._back,
            ("stay",): self._stay,
            ("help",): lambda: HELP,
            ("?",): lambda: HELP,
            ("quit",): self._quit,
            ("exit",): self._quit,
        }
        try:
            events = events_of(self.machine, self.record, words)
            if events:
                return self._take(events)
        except Refused as refused:
            return f"refused: {refused.reason}"
        command = commands.get(tuple(words))
        return command() if command else self._unknown(words)

    def scenario(self) -> str:
        """The session as a line of `scenarios`, or why it cannot be one."""
        events = [event for taken in self._taken for event in taken.events]
        try:
            return write_scenario(self.pinned, self.machine, events, self.record)
        except NoScenario as reason:
            return f"no scenario: {reason}"

    def _standing(self) -> str:
        record = self.record
        held = " & ".join(self.machine.standing(record))
        if record.control & FINISHED:
            aborted = record.control & ABORTING
            return f"finished: {'compensated' if aborted else held}"
        where = "aborting" if record.control else f"at {held}" if held else "on its way"
        doubt = record.begun & ~record.done & ~record.closed
        names = self.machine.guards.names(doubt)
        return f"{where}, {names} in doubt" if names else where

    def _take(self, events: Sequence[Event]) -> str:
        """Let events happen, all or none, and end what has come to its end."""
        record = self.record
        for event in events:
            record = self.machine.apply(record, event)
        said = self._said(events[-1])
        if self.machine.guards.may(record, Kind.FINISH, None):
            events = [*events, Event(Kind.FINISH)]
            record = self.machine.apply(record, events[-1])
        self._taken.append(_Taken(tuple(events), record))
        return f"{said}\n{self.view()}"

    def _said(self, event: Event) -> str:
        """What has happened, in words."""
        if event.kind is Kind.ABORT:
            return "it is given up"
        name, undo = self._names[event.step]
        return {
            Kind.BEGIN: f"`{name}` has begun, and whether it happens is not known",
            Kind.DONE: f"`{name}` is done",
            Kind.FAIL: f"`{name}` has failed for good",
            Kind.UNDO: f"`{name}` is undone by `{undo}`",
        }[event.kind]

    def _back(self) -> str:
        if not self._taken:
            return "this is the start"
        self._taken.pop()
        return self.view()

    def _stay(self) -> str:
        record = self.record
        doubt = self.machine.guards.names(record.begun & ~record.done & ~record.closed)
        return f"{doubt} stays in doubt" if doubt else "nothing is in doubt"

    def _quit(self) -> str:
        self.over = True
        return ""

    def _unknown(self, words: Sequence[str]) -> str:
        typed = " ".join(words)
        shown = typed if typed.isprintable() else ascii(typed)
        offers = [option.words for option in options(self.machine, self.record)]
        names = [name for name, _ in self._names.values()]
        known = [*offers, *names, "help", "back", "quit"]
        close = get_close_matches(typed[:80], known, 1)
        hint = f"did you mean `{close[0]}`?" if close else "`help` says what can be"
        return f"`{shown[:80]}` is nothing to do here; {hint}"
