"""What may happen to a record, why not, and which records some run leads to."""

from __future__ import annotations

from sagadsl.machine.guards import Guards, Place, Plan
from sagadsl.machine.tables import ABORTING, FINISHED, Kind, Record

State = str


def standing(guards: Guards, record: Record) -> tuple[State, ...]:
    """The states where a record stands, in order of declaration."""
    failed = record.closed & ~record.done
    taken = record.begun | record.done
    return tuple(
        place.state
        for place in guards.places
        if not taken & place.takers and place.reached(record.done, failed)
    )


def at_end(guards: Guards, record: Record) -> bool:
    """Whether a record stands in final states only."""
    held = set(standing(guards, record))
    return bool(held) and all(
        place.kind.startswith("final") for place in guards.places if place.state in held
    )


def may(guards: Guards, record: Record, kind: Kind, plan: Plan | None) -> bool:
    """The guard of an event; `plan` is of its step, None for abort and finish."""
    begun, done, closed, control = record
    taken, failed, running = begun | done, closed & ~done, begun & ~closed
    doubt = running & ~done
    if control & FINISHED:
        return False
    if kind is Kind.ABORT:
        return not control and not running & guards.pivots
    if kind is Kind.FINISH:
        if control:
            return not doubt and not running & guards.effects
        return not doubt and not failed & guards.dead_ends and at_end(guards, record)
    if plan is None:
        return False
    if kind is Kind.BEGIN:
        fresh = not control and not taken & plan.bit
        return fresh and any(
            not taken & way.rivals and way.reached(done, failed) for way in plan.ways
        )
    if kind is Kind.UNDO:
        known = plan.undo_in_doubt or not doubt & plan.bit
        due = control and plan.undo and running & plan.bit
        return bool(due) and known and not running & plan.after
    if kind is Kind.DONE or (kind is Kind.FAIL and plan.fallible):
        return bool(doubt & plan.bit)
    return False


def reason(guards: Guards, record: Record, kind: Kind, plan: Plan | None) -> str:
    """Why the guard of an event fails."""
    if record.control & FINISHED:
        return "the process is finished"
    if plan is None:
        return _why_not_end(guards, record, kind)
    name = f"`{plan.rule.name}`"
    if kind is Kind.WAIVE:
        return f"{name} cannot be waived: no upgrade says so"
    if kind is Kind.BEGIN and record.control:
        return f"{name} cannot begin: the process is aborting"
    if kind is Kind.BEGIN:
        return _why_not_begin(guards, record, plan)
    if not (record.begun | record.done) & plan.bit:
        return f"{name} has not begun"
    if record.closed & plan.bit:
        return _outcome(record, plan)
    if kind is Kind.UNDO:
        return _why_not_undo(guards, record, plan)
    if record.done & plan.bit:
        return _outcome(record, plan)
    return f"{name} cannot fail"


def _why_not_end(guards: Guards, record: Record, kind: Kind) -> str:
    """Why a process can be neither given up nor finished."""
    begun, done, closed, control = record
    running = begun & ~closed
    if kind is Kind.ABORT:
        if control:
            return "the process is already aborting"
        pivots = guards.names(running & guards.pivots)
        return f"{pivots} is past the point of no return"
    if doubt := running & ~done:
        return f"{guards.names(doubt)} may or may not have happened"
    if control:
        return f"{guards.names(running & guards.effects)} has yet to be undone"
    if failed := closed & ~done & guards.dead_ends:
        return f"{guards.names(failed)} failed and nothing goes on from there"
    held = " and ".join(f"`{state}`" for state in standing(guards, record))
    return f"it stands in {held or 'no state'}, which is not the end"


def _why_not_undo(guards: Guards, record: Record, plan: Plan) -> str:
    """Why a step cannot be taken back, or not yet."""
    begun, done, closed, control = record
    name = f"`{plan.rule.name}`"
    if not plan.undo:
        return f"{name} has no compensation"
    if not control:
        return f"{name} cannot be undone: the process is not aborting"
    if not done & plan.bit and not plan.undo_in_doubt:
        return f"{name} may or may not have happened"
    return f"{name} waits for {guards.names(begun & ~closed & plan.after)} to be undone"


def _why_not_begin(guards: Guards, record: Record, plan: Plan) -> str:
    """What became of a step, or of its earlier round, and what it waits for."""
    if (record.begun | record.done) & plan.bit:
        return _outcome(record, plan)
    waits = _obstacle(guards, record, plan)
    rounds = [p for p in guards.plans if p.rule.action == plan.rule.action]
    earlier = [p for p in rounds if record.begun & p.bit]
    return f"{_outcome(record, earlier[-1])}; {waits}" if earlier else waits


def _outcome(record: Record, plan: Plan) -> str:
    """How far a step that has begun has come."""
    name = f"`{plan.rule.name}`"
    if record.closed & plan.bit:
        outcome = "was compensated" if record.done & plan.bit else "failed"
        return f"{name} {outcome} before"
    return (
        f"{name} {'is already done' if record.done & plan.bit else 'has already begun'}"
    )


def _obstacle(guards: Guards, record: Record, plan: Plan) -> str:
    """What a step waits for, of the way with the least to go, or what rules it out."""
    name = f"`{plan.rule.name}`"
    begun, done, closed, _ = record
    taken, failed = begun | done, closed & ~done
    live = _live(guards, record)
    missing = [
        [place for place in way.places if not place.reached(done, failed)]
        for way in plan.ways
        if not taken & way.rivals
        and all(_makeable(place, record, live) for place in way.places)
    ]
    if missing:
        fewest = min(map(len, missing))
        waits = [
            " and ".join(_makers(guards, place) for place in places)
            for places in missing
            if len(places) == fewest
        ]
        return f"{name} waits for {', or for '.join(dict.fromkeys(waits))}"
    rivals = 0
    for way in plan.ways:
        rivals |= taken & way.rivals
    if rivals:
        return f"{name} is ruled out by {guards.names(rivals)}"
    places = [p for p in plan.ways[0].places if not p.reached(done, failed)]
    never = " and ".join(_makers(guards, place) for place in places)
    return f"{name} waits for {never}, which can no longer happen"


def _live(guards: Guards, record: Record) -> int:
    """The steps that are in doubt or may still begin, at once or later."""
    begun, done, closed, _ = record
    taken = begun | done
    live = begun & ~done & ~closed
    for plan in guards.plans:
        if not taken & plan.bit and any(
            not taken & way.rivals
            and all(_makeable(place, record, live) for place in way.places)
            for way in plan.ways
        ):
            live |= plan.bit
    return live


def _makeable(place: Place, record: Record, live: int) -> bool:
    """Whether the process has come to a state, or may still."""
    if live & (place.makers | place.failers):
        return True
    return place.reached(record.done, record.closed & ~record.done)


def _makers(guards: Guards, place: Place) -> str:
    """The steps that lead to a state, in words."""
    plans = sorted(guards.plans)
    ways = [f"`{plan.rule.name}`" for plan in plans if place.makers & plan.bit]
    ways += [
        f"the failure of `{plan.rule.name}`"
        for plan in plans
        if place.failers & plan.bit
    ]
    return " or ".join(ways) or f"`{place.state}`, where nothing leads to"


def fault(guards: Guards, record: Record) -> str:
    """Why no run leads to a record; empty if one does.

    No log is needed: steps are taken in causal order, which some run has followed if
    any has, since a step looks only at what causes it and at its rivals.
    """
    begun, done, closed, control = record
    if orphans := (done | closed) & ~begun:
        return f"{guards.names(orphans)} cannot have ended without having begun"
    failed = closed & ~done
    seen = 0
    for plan in guards.plans:
        bit = plan.bit
        before = Record(begun & seen, done & seen, closed & seen)
        if begun & bit and not may(guards, before, Kind.BEGIN, plan):
            return "no run leads here: " + reason(guards, before, Kind.BEGIN, plan)
        if closed & bit and not (failed & bit and plan.fallible):
            before = Record(begun, done, closed & ~bit, control & ABORTING)
            if not may(guards, before, Kind.UNDO, plan):
                return "no run leads here: " + reason(guards, before, Kind.UNDO, plan)
        seen |= bit
    before = Record(begun, done, closed)
    if control & ABORTING and not may(guards, before, Kind.ABORT, None):
        return "no run aborts here: " + reason(guards, before, Kind.ABORT, None)
    before = Record(begun, done, closed, control & ABORTING)
    if control & FINISHED and not may(guards, before, Kind.FINISH, None):
        return "no run finishes here: " + reason(guards, before, Kind.FINISH, None)
    return ""
