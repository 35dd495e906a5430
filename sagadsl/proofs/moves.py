"""Which records of one version can move to the next, in the words of the saga."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sagadsl.machine import Refused
from sagadsl.model import Version
from sagadsl.proofs.pair import Pair
from sagadsl.proofs.solver import OverBudget

DOUBT = " in doubt"
_MOST_NAMES = 12
ABORTED = "being aborted"


class Moves(NamedTuple):
    """Where records of a version stand that can move, and that cannot.

    A place is a state that is held, as in `` `paid` ``, or a step in doubt, as in
    `` `pay` in doubt ``, both of records that are not being aborted; or `ABORTED`. Of
    places in both lists some records can move. `why` says of each place in `stay` what
    stands against a shortest run to it. Nothing is known if it was not `proved` within
    the budget.
    """

    old: int
    new: int
    move: tuple[str, ...]
    stay: tuple[str, ...]
    why: dict[str, str]
    proved: bool = True


def moves_of(old: Version, new: Version) -> Moves:
    """Judge all records of a version that are in flight."""
    try:
        return _judged(old, new)
    except OverBudget:
        return Moves(old.number, new.number, (), (), {}, proved=False)


def _judged(old: Version, new: Version) -> Moves:
    pair = Pair(old, new)
    here = _places(pair)
    move = pair.possible(here, -pair.stays)
    stay = pair.possible(here, pair.stays)
    machine, ahead = old.machine(), new.machine()
    why = {}
    for place in here:
        if place in stay:
            run = pair.find(here[place], pair.stays)
            assert run is not None, "what was found can be found again"
            try:
                ahead.upgrade(run.record, machine)
            except Refused as refused:
                why[place] = refused.reason.removeprefix("no run leads here: ")
    return Moves(
        old.number,
        new.number,
        tuple(place for place in here if place in move),
        tuple(place for place in here if place in stay),
        why,
    )


def _places(pair: Pair) -> dict[str, int]:
    """Where a record can stand: the states, the steps in doubt, and in an abort."""
    aborting = pair.old.record.aborting
    held: dict[str, list[int]] = {}
    for place in pair.old.guards.places:
        held.setdefault(f"`{place.state}`", []).append(pair.old.held[place.name])
    for step, plan in sorted(pair.old_plans.items()):
        doubt = pair.lanes(step).in_doubt
        held.setdefault(f"`{plan.rule.action}`{DOUBT}", []).append(doubt)
    places = {
        place: pair.solver.all_of((pair.solver.any_of(literals), -aborting))
        for place, literals in held.items()
    }
    return {**places, ABORTED: aborting}


def describe(moves: Moves) -> list[str]:
    """The sentences that say who can move and who stays, and why."""
    route = f"from {moves.old} to {moves.new}"
    if not moves.proved:
        return [f"{route}: which records can move is not proved within the budget"]
    if not moves.stay:
        return [f"{route}: every record can move"]
    if not moves.move:
        return [f"{route}: no record can move, {_why(moves, moves.stay)}"]
    both = [place for place in moves.move if place in moves.stay]
    only = [place for place in moves.move if place not in moves.stay]
    never = [place for place in moves.stay if place not in moves.move]
    lines = []
    if never and len(never) <= len(only):
        lines = [f"all can move but those {_where(never)}, {_why(moves, never)}"]
    elif never and only:
        lines = [f"only those {_where(only)} can move, {_why(moves, never)}"]
    elif never:
        lines = [f"those {_where(never)} stay, {_why(moves, never)}"]
    if both and not never:
        lines = [f"all can move but some of those {_where(both)}, {_why(moves, both)}"]
    elif both:
        lines.append(f"of those {_where(both)} some can, {_why(moves, both)}")
    return [f"{route}: {line}" for line in lines]


def _where(places: Sequence[str]) -> str:
    held = [place for place in places if place.endswith("`")]
    doubts = [place.removesuffix(DOUBT) for place in places if place.endswith(DOUBT)]
    parts = [f"that hold {_either(held)}"] if held else []
    parts += [f"in doubt on {_either(doubts)}"] if doubts else []
    parts += [ABORTED] if ABORTED in places else []
    return " or ".join(parts)


def _why(moves: Moves, places: Sequence[str]) -> str:
    reasons = list(dict.fromkeys(moves.why[place] for place in places))
    return f"as {reasons[0]}" + (", for one" if len(reasons) > 1 else "")


def _either(names: Sequence[str]) -> str:
    if len(names) > _MOST_NAMES:
        names = [*names[: _MOST_NAMES - 1], f"{len(names) - _MOST_NAMES + 1} more"]
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last
