"""Tests for the user's own suite: runs that leave nothing out, and the scenarios."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sagadsl.emit.jinja import render
from sagadsl.machine import Event, Kind, Machine, Record
from sagadsl.model import Pinned, Scenario
from sagadsl.proofs import Proof
from sagadsl.proofs.cover import Walk, cover
from sagadsl.proofs.scenario import event_of, give_up, play

_WIDTH = 88
_DEEP, _DEEPER = 8, 12  # how far arguments and what is listed in them are indented
_WORDS = {Kind.DONE: "done", Kind.FAIL: "fails", Kind.UNDO: "undo"}


def emit_pytest(pinned: Pinned) -> str:
    """The text of `test_<saga>_saga.py`, for the newest version.

    Raises `OverBudget`.
    """
    saga = pinned.saga
    proof = Proof(saga)
    walked = [_walked(proof.machine, walk) for walk in cover(proof)]
    runs = [
        run._replace(title=f"run {number}: {run.title}")
        for number, run in enumerate(walked, start=1)
    ]
    runs += [_played(proof, scenario) for scenario in saga.scenarios]
    text = _Text(proof.machine)
    return render(
        "tests.py.jinja",
        name=saga.name,
        version=pinned.latest.number,
        runs=[text.run(run) for run in runs],
        idle=text.idle(walked),
    )


class _Run(NamedTuple):
    """Moves and the record that they lead to; of a scenario also what is refused."""

    title: str
    moves: tuple[Event, ...]
    record: Record
    end: tuple[Event, ...] = ()
    refused: Event | None = None


def _walked(machine: Machine, walk: Walk) -> _Run:
    """A covering run, named by its end."""
    record = walk.record
    moves = tuple(
        Event(Kind.DONE if record.done & plan.bit else Kind.FAIL, plan.rule.step)
        for plan in machine.guards.plans
        if record.begun & plan.bit
    )
    if walk.aborts:
        return _Run("compensated", moves, record, give_up(machine, record))
    held = " and ".join(machine.standing(record))
    return _Run(held, moves, record, (Event(Kind.FINISH),))


def _played(proof: Proof, scenario: Scenario) -> _Run:
    """A scenario, which holds, as every other is a finding."""
    played = play(proof.saga, proof.machine, scenario)
    run = _Run(scenario.title, played.events, played.record)
    if scenario.result == "refused":
        move = scenario.moves[-1]
        refused = event_of(proof.saga, proof.machine, played.record, move)
        return run._replace(refused=refused)
    if scenario.result in ("compensated", "expired"):
        return run._replace(end=give_up(proof.machine, played.record))
    return run


class _View(NamedTuple):
    title: str
    lines: list[str]


class _Text:
    """Runs as they are written; each shows another step refused, while there is one."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.names = {rule.step: rule.name.upper() for rule in machine.rules}
        self.seen: set[Event] = set()

    def run(self, run: _Run) -> _View:
        """A run as what `Run` is called with."""
        refused = run.refused or self._refused(run.record)
        self.seen.add(refused)
        states = self.machine.standing(run.record)
        lines = [
            *_listed("moves", [self._event("", event) for event in run.moves]),
            *_listed("held", [[f"State.{state.upper()},"] for state in states]),
            *self._event("refused=", refused),
            *_listed("end", [self._event("", event) for event in run.end]),
        ]
        return _View(_literal(run.title), lines)

    def idle(self, runs: Sequence[_Run]) -> list[str]:
        """The steps that have a compensation and are undone in no run."""
        undone = {event.step for run in runs for event in run.end}
        steps = [step for step, _ in self.machine.compensations]
        return [f"Step.{self.names[step]}" for step in steps if step not in undone]

    def _refused(self, record: Record) -> Event:
        """A step that cannot begin here; rather one that has not been begun at all."""
        begins = {e.step for e in self.machine.events(record) if e.kind is Kind.BEGIN}
        waits = [step for step in sorted(self.names) if step not in begins]
        fresh = [step for step in waits if not record.begun >> step & 1]
        events = [Event(Kind.DONE, step) for step in (*fresh, *waits)]
        return next((e for e in events if e not in self.seen), events[0])

    def _event(self, before: str, event: Event) -> list[str]:
        """An event in as many lines as it needs, a comma behind it."""
        if not isinstance(event.step, int):
            return [f"{before}{event.kind.upper()},"]
        opening = f"{before}{_WORDS[event.kind]}("
        step = f"Step.{self.names[event.step]}"
        indent = _DEEP if before else _DEEPER
        if indent + len(opening) + len(step) + 2 <= _WIDTH:
            return [f"{opening}{step}),"]
        return [opening, f"    {step}", "),"]


def _listed(key: str, items: Sequence[list[str]]) -> list[str]:
    """A list as an argument: on one line if it fits, else one item a line."""
    plain = ", ".join(line.removesuffix(",") for item in items for line in item)
    whole = f"{key}=[{plain}],"
    if _DEEP + len(whole) <= _WIDTH and all(len(item) == 1 for item in items):
        return [whole]
    return [f"{key}=[", *(f"    {line}" for item in items for line in item), "],"]


def _literal(text: str) -> str:
    """A text as a literal in ASCII, in the quotes that a formatter leaves."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    body = text.encode("unicode_escape").decode().replace(quote, f"\\{quote}")
    return f"{quote}{body}{quote}"
