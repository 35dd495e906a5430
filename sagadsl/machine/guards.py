"""What may happen to a record, why not, and which records some run leads to."""

from __future__ import annotations

from typing import NamedTuple

from sagadsl.machine.plans import Place, Plan, Waiver
from sagadsl.machine.record import ABORTING, FINISHED, Kind, Record
from sagadsl.machine.tables import Table

Step = int
State = str


class Guards(NamedTuple):
    """All that is compared: plans in causal order, and masks over all steps.

    `dead_ends` are the steps after whose failure no `else` goes on.
    """

    plans: tuple[Plan, ...]
    places: tuple[Place, ...]
    steps: int
    pivots: int
    effects: int
    dead_ends: int
    waivers: tuple[Waiver, ...]

    @classmethod
    def of(cls, table: Table) -> Guards:
        """The guards of a table."""
        places = Place.of(table)
        plans = Plan.of(table, places)
        steps = pivots = effects = dead_ends = 0
        for plan in plans:
            steps |= plan.bit
            pivots |= plan.bit if plan.pivot else 0
            effects |= plan.bit if plan.effect else 0
            dead_ends |= 0 if plan.rule.otherwise else plan.bit
        masks = (steps, pivots, effects, dead_ends)
        waivers = Waiver.of(table, plans)
        return cls(plans, tuple(places.values()), *masks, waivers)

    def held(self, record: Record) -> list[Place]:
        """The places where a record stands, in order of declaration."""
        failed = record.closed & ~record.done
        taken = record.begun | record.done
        return [
            place
            for place in self.places
            if not taken & place.consumers and place.reached(record.done, failed)
        ]

    def states(self, record: Record) -> tuple[State, ...]:
        """The declared states where a record stands."""
        return tuple(dict.fromkeys(place.state for place in self.held(record)))

    def at_end(self, record: Record) -> bool:
        """Whether a record stands in final states only."""
        held = self.held(record)
        return bool(held) and all(place.kind.startswith("final") for place in held)

    def may(self, record: Record, kind: Kind, plan: Plan | None) -> bool:
        """The guard of an event; `plan` is of its step, None for abort and finish."""
        begun, done, closed, control = record
        taken, failed, running = begun | done, closed & ~done, begun & ~closed
        doubt = running & ~done
        if control & FINISHED:
            return False
        if kind is Kind.ABORT:
            return not control and not running & self.pivots
        if kind is Kind.FINISH:
            if control:
                return not doubt and not running & self.effects
            return not doubt and not failed & self.dead_ends and self.at_end(record)
        if plan is None:
            return False
        if kind is Kind.BEGIN:
            fresh = not control and not taken & plan.bit
            return fresh and any(
                not taken & alternative.rivals and alternative.reached(done, failed)
                for alternative in plan.alternatives
            )
        if kind is Kind.UNDO:
            known = plan.undo_in_doubt or not doubt & plan.bit
            due = control and plan.undo and running & plan.bit
            return bool(due) and known and not running & plan.after
        if kind is Kind.DONE or (kind is Kind.FAIL and plan.fallible):
            return bool(doubt & plan.bit)
        return False

    def why_not(self, record: Record, kind: Kind, plan: Plan | None) -> str:
        """Why the guard of an event fails."""
        if record.control & FINISHED:
            return "the process is finished"
        if plan is None:
            return self._why_not_end(record, kind)
        name = f"`{plan.rule.name}`"
        if kind is Kind.WAIVE:
            return f"{name} cannot be waived: no upgrade says so"
        if kind is Kind.BEGIN and record.control:
            return f"{name} cannot begin: the process is aborting"
        if kind is Kind.BEGIN:
            return self._why_not_begin(record, plan)
        if not (record.begun | record.done) & plan.bit:
            return f"{name} has not begun"
        if record.closed & plan.bit:
            return plan.outcome(record)
        if kind is Kind.UNDO:
            return self._why_not_undo(record, plan)
        if record.done & plan.bit:
            return plan.outcome(record)
        return f"{name} cannot fail"

    def why_stays(self, record: Record, old: Guards) -> str:
        """Why a record that both know would lose something here; empty if nothing."""
        begun, done, closed, control = record
        running = begun & ~closed
        doubt = running & ~done
        ended = not control and old.may(record, Kind.FINISH, None)
        if ended and not self.may(record, Kind.FINISH, None):
            return "it would go on after its end"
        plans = {plan.bit: plan for plan in self.plans}
        for before in old.plans:
            if not running & before.bit:
                continue
            plan, name = plans[before.bit], f"`{before.rule.name}`"
            if doubt & plan.bit and (before.how, plan.how) == ("once", "idempotent"):
                return f"{name} could happen twice"
            lost = before.undo and not plan.undo
            if doubt & plan.bit:
                lost = lost or (before.undo_in_doubt and not plan.undo_in_doubt)
            if lost and not running & self.pivots:
                return f"{name} could not be undone by `{before.undo}`"
        return ""

    def why_unreachable(self, record: Record) -> str:
        """Why no run leads to a record; empty if one does.

        No log is needed: steps are taken in causal order, which some run has followed
        if any has, since a step looks only at what causes it and at its rivals.
        """
        begun, done, closed, control = record
        waivable = 0
        for waiver in self.waivers:
            waivable |= waiver.bit if begun & waiver.causes else 0
        if orphans := (done & ~waivable | closed) & ~begun:
            return f"{self.names(orphans)} cannot have ended without having begun"
        failed = closed & ~done
        aborting = control & ABORTING
        seen = 0
        for plan in self.plans:
            bit = plan.bit
            before = Record(begun & seen, done & seen, closed & seen)
            if (begun | done) & bit and not self.may(before, Kind.BEGIN, plan):
                return "no run leads here: " + self.why_not(before, Kind.BEGIN, plan)
            if closed & bit and not (failed & bit and plan.fallible):
                before = Record(begun, done, closed & ~bit, aborting)
                if not self.may(before, Kind.UNDO, plan):
                    fails = failed & bit and not plan.undo_in_doubt
                    kind = Kind.FAIL if fails else Kind.UNDO
                    return "no run leads here: " + self.why_not(before, kind, plan)
            seen |= bit
        before = Record(begun, done, closed)
        if aborting and not self.may(before, Kind.ABORT, None):
            return "no run aborts here: " + self.why_not(before, Kind.ABORT, None)
        before = Record(begun, done, closed, aborting)
        if control & FINISHED and not self.may(before, Kind.FINISH, None):
            return "no run finishes here: " + self.why_not(before, Kind.FINISH, None)
        return ""

    def names(self, mask: int) -> str:
        """The steps of a mask, in words."""
        plans = sorted(plan for plan in self.plans if mask & plan.bit)
        return self._listed([f"`{plan.rule.name}`" for plan in plans])

    def _why_not_end(self, record: Record, kind: Kind) -> str:
        """Why a process can be neither given up nor finished."""
        begun, done, closed, control = record
        running = begun & ~closed
        if kind is Kind.ABORT:
            if control:
                return "the process is already aborting"
            return f"{self.names(running & self.pivots)} is past the point of no return"
        if doubt := running & ~done:
            return f"{self.names(doubt)} may or may not have happened"
        if control:
            return f"{self.names(running & self.effects)} has yet to be undone"
        if failed := closed & ~done & self.dead_ends:
            return f"{self.names(failed)} failed and nothing goes on from there"
        held = " and ".join(f"`{state}`" for state in self.states(record))
        return f"it stands in {held or 'no state'}, which is not the end"

    def _why_not_undo(self, record: Record, plan: Plan) -> str:
        """Why a step cannot be taken back, or not yet."""
        begun, done, closed, control = record
        name = f"`{plan.rule.name}`"
        if not plan.undo:
            return f"{name} has no compensation"
        if not control:
            return f"{name} cannot be undone: the process is not aborting"
        if not done & plan.bit and not plan.undo_in_doubt:
            return f"{name} may or may not have happened"
        return (
            f"{name} waits for {self.names(begun & ~closed & plan.after)} to be undone"
        )

    def _why_not_begin(self, record: Record, plan: Plan) -> str:
        """What became of a step, or of its earlier round, and what it waits for."""
        if (record.begun | record.done) & plan.bit:
            return plan.outcome(record)
        waits = self._obstacle(record, plan)
        rounds = [p for p in self.plans if p.rule.action == plan.rule.action]
        earlier = [p for p in rounds if record.begun & p.bit]
        return f"{earlier[-1].outcome(record)}; {waits}" if earlier else waits

    def _obstacle(self, record: Record, plan: Plan) -> str:
        """What a step waits for, where that is least, or what rules it out."""
        name = f"`{plan.rule.name}`"
        begun, done, closed, _ = record
        taken, failed = begun | done, closed & ~done
        live = self._live(record)
        missing = [
            [place for place in alternative.places if not place.reached(done, failed)]
            for alternative in plan.alternatives
            if alternative.open(record, live)
        ]
        if missing:
            fewest = min(map(len, missing))
            waits = [
                self._listed([self._producers(place) for place in places])
                for places in missing
                if len(places) == fewest
            ]
            return f"{name} waits for {', or for '.join(dict.fromkeys(waits))}"
        rivals = 0
        for alternative in plan.alternatives:
            rivals |= taken & alternative.rivals
        if rivals:
            return f"{name} is ruled out by {self.names(rivals)}"
        places = plan.alternatives[0].places
        never = [self._producers(p) for p in places if not p.reached(done, failed)]
        return f"{name} waits for {self._listed(never)}, which can no longer happen"

    def _live(self, record: Record) -> int:
        """The steps that are in doubt or may still begin, at once or later."""
        begun, done, closed, _ = record
        live = begun & ~done & ~closed
        for plan in self.plans:
            if not (begun | done) & plan.bit and any(
                alternative.open(record, live) for alternative in plan.alternatives
            ):
                live |= plan.bit
        return live

    def _producers(self, place: Place) -> str:
        """The steps that lead to a place, in words."""
        plans = sorted(self.plans)
        steps = [f"`{p.rule.name}`" for p in plans if place.producers & p.bit]
        steps += [
            f"the failure of `{p.rule.name}`" for p in plans if place.failers & p.bit
        ]
        return " or ".join(steps) or f"`{place.name}`, where nothing leads to"

    @staticmethod
    def _listed(names: list[str], most: int = 6) -> str:
        """Names in a sentence, as many as a reader looks at."""
        if len(names) > most:
            names = [*names[: most - 1], f"{len(names) - most + 1} more"]
        return " and ".join(names)
