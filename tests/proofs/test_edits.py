"""What an edit of a released saga breaks, who can move, and that those who move arrive.

`edits/<name>.edit` says which lines of the sound saga are replaced, `edits/<name>.txt`
what is said of the change. A new edit is a new file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from sound import WITHOUT_SCENARIOS, edited, saga_of

from sagadsl.diagnostics.text import render_text
from sagadsl.emit.difference import emit_difference
from sagadsl.machine import Event, Kind, Machine, Record, Refused
from sagadsl.model import Pinned
from sagadsl.versions import Lock, check_upgrades, pin, release
from sagadsl.versions.breaking import Category, find_breaking
from sagadsl.versions.changes import changes_of

EDITS = sorted((Path(__file__).parent / "edits").glob("*.edit"))


def pinned_after(path: Path) -> Pinned:
    """The sound saga, released, and then edited."""
    first, _ = pin(saga_of(WITHOUT_SCENARIOS), None)
    assert first
    lock = Lock("sound", release(first).versions)
    text = edited(WITHOUT_SCENARIOS, path.read_text(encoding="utf-8"))
    pinned, findings = pin(saga_of(text), lock)
    assert pinned, render_text(findings)
    assert not list(check_upgrades(pinned))
    return pinned


@pytest.mark.parametrize("path", EDITS, ids=lambda path: path.stem)
def test_an_edit_gets_its_verdict(
    path: Path, golden: Callable[[Path, str], None]
) -> None:
    pinned = pinned_after(path)
    findings = find_breaking(pinned, pinned.versions, list(Category))
    told = [render_text(findings) or "nothing breaks\n"]
    if len(pinned.versions) > 1:
        told.append(emit_difference(changes_of(*pinned.versions)))
    golden(path.with_suffix(".txt"), "\n".join(told))


@pytest.mark.parametrize("path", EDITS, ids=lambda path: path.stem)
def test_whoever_moves_arrives_with_each_effect_once(path: Path) -> None:
    """From every point of a few runs: moved where that is allowed, and else not."""
    pinned = pinned_after(path)
    if len(pinned.versions) < 2:
        return
    old, new = (version.machine() for version in pinned.versions)
    moved = 0
    for failing in ("", "pack_parcel", "make_payment"):
        for at in range(40):
            done: Counter[str] = Counter()
            record = walk(old, Record(), done, failing, at)
            machine = old
            try:
                record = new.upgrade(record, old)
                machine = new
                moved += 1
            except Refused:
                pass  # it ends on its own version
            record = walk(machine, record, done, failing, 1000)
            assert machine.guards.may(record, Kind.FINISH, None), machine
            assert max(done.values()) == 1
            undone = machine.guards.effects & record.begun & ~record.closed
            assert not record.control or not undone
    assert moved, "no record moved"


def walk(
    machine: Machine, record: Record, done: Counter[str], failing: str, most: int
) -> Record:
    """A process driven onwards: one action fails, and the first choice is taken."""
    for _ in range(most):
        events = machine.events(record)
        given_up = record.closed & ~record.done & machine.guards.dead_ends
        forward = [e for e in events if e.kind in (Kind.DONE, Kind.UNDO, Kind.BEGIN)]
        fails = [
            event
            for event in events
            if event.kind is Kind.FAIL and name(machine, event) == failing
        ]
        if given_up and Event(Kind.ABORT) in events:
            event = Event(Kind.ABORT)
        elif fails:
            event = fails[0]
        elif forward:
            rank = (Kind.DONE, Kind.UNDO, Kind.BEGIN)
            event = min(forward, key=lambda e: rank.index(e.kind))
        else:
            break
        if event.kind is Kind.DONE:
            done[name(machine, event)] += 1
        record = machine.apply(record, event)
    return record


def name(machine: Machine, event: Event) -> str:
    """The name of an event's step."""
    plans = machine.guards.plans
    return next(plan.rule.name for plan in plans if plan.rule.step == event.step)
