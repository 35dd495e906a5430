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
    say = Columns(prefix)
    if kind == "abort":
        return all_of([f"{say.control} = 0", none(say.running, guards.pivots)])
    if kind == "finish":
        return finish_guard(guards, say)
    if plan is None:
        return FALSE
    if kind == "begin":
        return all_of(
            [
                f"{say.control} = 0",
                none(say.taken, plan.bit),
                any_of(_open(alternative, say) for alternative in plan.alternatives),
            ]
        )
    if kind == "undo":
        return _undo(plan, say)
    if kind == "done" or (kind == "fail" and plan.fallible):
        return all_of([f"{say.control} < {FINISHED}", some(say.doubt, plan.bit)])
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
    return reached(place, Columns(prefix))


def held_guard(place: Place, prefix: str = "") -> str:
    """Whether a process stands in a place."""
    return _held(place, Columns(prefix))


class Columns:
    """The columns, and what is read from several of them."""

    def __init__(self, prefix: str = "") -> None:
        begun, done, closed, control = (f"{prefix}{lane}" for lane in LANES)
        self.begun = begun
        self.done = done
        self.closed = closed
        self.control = control
        self.taken = f"({begun} | {done})"
        self.failed = f"({closed} & ~{done})"
        self.running = f"({begun} & ~{closed})"
        self.doubt = f"({begun} & ~{done} & ~{closed})"


def _undo(plan: Plan, say: Columns) -> str:
    if not plan.undo:
        return FALSE
    return all_of(
        [
            f"{say.control} = {ABORTING}",
            some(say.running, plan.bit),
            TRUE if plan.undo_in_doubt else some(say.done, plan.bit),
            none(say.running, plan.after),
        ]
    )


def finish_guard(guards: Guards, say: Columns, control: str = "") -> str:
    """When a process may finish; `control` is what stands for that column."""
    control = control or say.control
    held = [(place.kind, _held(place, say)) for place in guards.places]
    at_end = all_of(
        [
            any_of(guard for kind, guard in held if kind.startswith("final")),
            *(f"NOT ({guard})" for kind, guard in held if not kind.startswith("final")),
        ]
    )
    ended = [f"{control} = 0", none(say.failed, guards.dead_ends), at_end]
    undone = [f"{control} = {ABORTING}", none(say.running, guards.effects)]
    return all_of(
        [none(say.doubt, guards.steps), any_of([all_of(ended), all_of(undone)])]
    )


def _open(alternative: Alternative, say: Columns) -> str:
    places = (reached(place, say) for place in alternative.places)
    return all_of([none(say.taken, alternative.rivals), *places])


def _held(place: Place, say: Columns) -> str:
    return all_of([reached(place, say), none(say.taken, place.consumers)])


def reached(place: Place, say: Columns, seen: int = -1) -> str:
    """Whether a process has come to a place, by one of the steps that are seen."""
    if place.kind == "initial":
        return TRUE
    by = ((say.done, place.producers & seen), (say.failed, place.failers & seen))
    return any_of(some(words, mask) for words, mask in by if mask)


def some(words: str, mask: int) -> str:
    """Whether a word has one of the bits."""
    return f"({words} & {mask}) <> 0" if mask else FALSE


def none(words: str, mask: int) -> str:
    """Whether a word has none of the bits."""
    return f"({words} & {mask}) = 0" if mask else TRUE


def all_of(guards: Iterable[str]) -> str:
    """Whether each of some guards holds."""
    parts = [guard for guard in guards if guard != TRUE]
    if FALSE in parts:
        return FALSE
    return " AND ".join(_grouped(part, " OR ") for part in parts) or TRUE


def any_of(guards: Iterable[str]) -> str:
    """Whether one of some guards holds."""
    parts = [guard for guard in dict.fromkeys(guards) if guard != FALSE]
    if TRUE in parts:
        return TRUE
    return " OR ".join(_grouped(part, " AND ") for part in parts) or FALSE


def _grouped(part: str, joiner: str) -> str:
    return f"({part})" if joiner in part or part.startswith("NOT ") else part
