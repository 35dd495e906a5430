"""Pinned sagas for the tests of what is drawn and written."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sagadsl.driver import compile_saga
from sagadsl.machine import Event, Kind, Record
from sagadsl.model import Pinned

ROOT = Path(__file__).parents[2]


@cache
def example(name: str) -> Pinned:
    """A saga of the examples."""
    path = f"{name}.saga"
    return compiled(path, (ROOT / "examples" / path).read_text(encoding="utf-8"))


def compiled(path: str, text: str) -> Pinned:
    """A saga without a lock file."""
    pinned, findings = compile_saga(path, text.encode(), None)
    assert pinned, findings
    return pinned


def after(pinned: Pinned, *events: str) -> Record:
    """The record after events such as `begin pay`, `abort` and, for both, `do pay`."""
    machine = pinned.latest.machine()
    record = Record()
    for event in events:
        word, _, step = event.partition(" ")
        for kind in ("begin", "done") if word == "do" else (word,):
            record = machine.apply(record, Event(Kind(kind), step or None))
    return record


def walk(steps: int) -> Pinned:
    """A saga of so many steps in a row."""
    states = "\n".join(f"s{i}" for i in range(1, steps))
    rows = "\n".join(f"s{i} -> s{i + 1} : go_{i} by user" for i in range(steps))
    return compiled(
        "walk.saga",
        f"saga walk {{\naggregate id\nstates {{\ninitial s0\n{states}\n"
        f"final s{steps}\n}}\ntransitions {{\n{rows}\n}}\n}}\n",
    )
