"""The guards of a machine as SQL over the columns `begun`, `done`, `closed`, `control`.

What is written here are integers and operators that every database shares; no text of
a saga gets into it. `prefix` goes before each column, as in `NEW.`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sagadsl.machine.guards import Guards
    from sagadsl.machine.plans import Alternative, Place, Plan

LANES = ("begun", "done", "closed", "control")
MOST_STEPS = 63  # of a signed integer of 64 bits, the sign stays 0
ABORTING, FINISHED = 1, 2
TRUE, FALSE = "1 = 1", "1 = 0"


def event_guard(guards: Guards, kind: str, plan: Plan | None, prefix: str = "") -> str:
    """When an event may happen, as `Guards.may` says; None for abort and finish."""
    say = _Columns(prefix)
    if kind == "abort":
        return _all([f"{say.control} = 0", _none(say.running, guards.pivots)])
    if kind == "finish":
        return _finish(guards, say)
    if plan is None:
        return FALSE
    if kind == "begin":
        return _all(
            [
                f"{say.control} = 0",
                _none(say.taken, plan.bit),
                _any(_open(alternative, say) for alternative in plan.alternatives),
            ]
        )
    if kind == "undo":
        return _undo(plan, say)
    if kind == "done" or (kind == "fail" and plan.fallible):
        return _all([f"{say.control} < {FINISHED}", _some(say.doubt, plan.bit)])
    return FALSE


def sets(kind: str, bit: int) -> dict[str, int]:
    """What an event adds to each column; `bit` is of its step."""
    if kind == "abort":
        return {"control": ABORTING}
    if kind == "finish":
        return {"control": FINISHED}
    lane = {"begin": "begun", "done": "done", "waive": "done"}.get(kind, "closed")
    return {lane: bit}


def reached_guard(place: Place, prefix: str = "") -> str:
    """Whether a process has come to a place, be it still there or not."""
    return _reached(place, _Columns(prefix))


def held_guard(place: Place, prefix: str = "") -> str:
    """Whether a process stands in a place."""
    return _held(place, _Columns(prefix))


class _Columns:
    """The columns, and what is read from several of them."""

    def __init__(self, prefix: str) -> None:
        begun, done, closed, control = (f"{prefix}{lane}" for lane in LANES)
        self.done = done
        self.control = control
        self.taken = f"({begun} | {done})"
        self.failed = f"({closed} & ~{done})"
        self.running = f"({begun} & ~{closed})"
        self.doubt = f"({begun} & ~{done} & ~{closed})"


def _undo(plan: Plan, say: _Columns) -> str:
    if not plan.undo:
        return FALSE
    return _all(
        [
            f"{say.control} = {ABORTING}",
            _some(say.running, plan.bit),
            TRUE if plan.undo_in_doubt else _some(say.done, plan.bit),
            _none(say.running, plan.after),
        ]
    )


def _finish(guards: Guards, say: _Columns) -> str:
    held = [(place.kind, _held(place, say)) for place in guards.places]
    at_end = _all(
        [
            _any(guard for kind, guard in held if kind.startswith("final")),
            *(f"NOT ({guard})" for kind, guard in held if not kind.startswith("final")),
        ]
    )
    ended = [f"{say.control} = 0", _none(say.failed, guards.dead_ends), at_end]
    undone = [f"{say.control} = {ABORTING}", _none(say.running, guards.effects)]
    return _all([_none(say.doubt, guards.steps), _any([_all(ended), _all(undone)])])


def _open(alternative: Alternative, say: _Columns) -> str:
    places = (_reached(place, say) for place in alternative.places)
    return _all([_none(say.taken, alternative.rivals), *places])


def _held(place: Place, say: _Columns) -> str:
    return _all([_reached(place, say), _none(say.taken, place.consumers)])


def _reached(place: Place, say: _Columns) -> str:
    if place.kind == "initial":
        return TRUE
    by = ((say.done, place.producers), (say.failed, place.failers))
    return _any(_some(words, mask) for words, mask in by if mask)


def _some(words: str, mask: int) -> str:
    """Whether a word has one of the bits."""
    return f"({words} & {mask}) <> 0" if mask else FALSE


def _none(words: str, mask: int) -> str:
    """Whether a word has none of the bits."""
    return f"({words} & {mask}) = 0" if mask else TRUE


def _all(guards: Iterable[str]) -> str:
    parts = [guard for guard in guards if guard != TRUE]
    if FALSE in parts:
        return FALSE
    return " AND ".join(_grouped(part, " OR ") for part in parts) or TRUE


def _any(guards: Iterable[str]) -> str:
    parts = [guard for guard in dict.fromkeys(guards) if guard != FALSE]
    if TRUE in parts:
        return TRUE
    return " OR ".join(_grouped(part, " AND ") for part in parts) or FALSE


def _grouped(part: str, joiner: str) -> str:
    return f"({part})" if joiner in part or part.startswith("NOT ") else part
