"""What becomes of the records of one version in the machine of another."""

from __future__ import annotations

from functools import cached_property

from sagadsl.machine import Machine
from sagadsl.machine.guards import Guards
from sagadsl.machine.plans import Plan, Waiver
from sagadsl.model import Version
from sagadsl.proofs.formula import Formula, Lanes, Record, lanes_of, record_of
from sagadsl.proofs.questions import Questions
from sagadsl.proofs.solver import Solver


class Pair(Questions):
    """All records of an old version, each beside what a new one makes of it.

    Positions never move, so both judge the same bits. Literals are of a record that
    some run of the old version leads to and that is not finished; maps go by position.
    """

    def __init__(self, old: Version, new: Version) -> None:
        solver = Solver()
        before, after = Guards.of(old.table()), Guards.of(new.table())
        self._versions = old, new
        self.old_plans = {plan.rule.step: plan for plan in before.plans}
        self.new_plans = {plan.rule.step: plan for plan in after.plans}
        bits = record_of(solver, (plan.bit for plan in before.plans))
        self.old = Formula(solver, before, bits)
        self.old.require()
        self.waived = {
            waiver: self._waived(waiver, bits)
            for waiver in after.waivers
            if waiver.version == old.number
        }
        lanes = {plan.bit: self._moved(plan, bits) for plan in after.plans}
        self.new = Formula(solver, after, bits._replace(lanes=lanes))

    def _moved(self, plan: Plan, bits: Record) -> Lanes:
        """The literals of a step of the new version once a record has moved."""
        begun, done, closed, *_ = bits.lanes.get(plan.bit, [-self.solver.true] * 3)
        waived = [one for waiver, one in self.waived.items() if waiver.bit == plan.bit]
        return lanes_of(self.solver, begun, self.solver.any_of((done, *waived)), closed)

    def _waived(self, waiver: Waiver, bits: Record) -> int:
        """Whether a step has begun where the upgrade waives another."""
        lanes = bits.lanes.items()
        return self.solver.any_of(
            each.begun for bit, each in lanes if bit & waiver.causes
        )

    @property
    def formula(self) -> Formula:
        """The records of the old version."""
        return self.old

    @cached_property
    def machine(self) -> Machine:
        """The old machine, which a run is taken through before it is shown."""
        return self._versions[0].machine()

    def lanes(self, step: int) -> Lanes:
        """The literals of a step of the old version."""
        return self.old.record.lanes[1 << step]

    @cached_property
    def shared(self) -> list[int]:
        """The steps that both versions have."""
        return [step for step in self.old_plans if step in self.new_plans]

    @cached_property
    def refused(self) -> int:
        """Whether no run of the new version leads to the record."""
        lost = [self.lanes(s) for s in self.old_plans if s not in self.new_plans]
        gone = [literal for lanes in lost for literal in (lanes.begun, lanes.done)]
        broken = [
            self.solver.all_of(-literal for literal in clause)
            for clause in self.new.clauses
        ]
        return self.solver.any_of((*gone, *broken))

    @cached_property
    def in_flight(self) -> int:
        """Whether there is more to come in the old version than that it finishes."""
        return -self.old.may_finish()

    @cached_property
    def repeated(self) -> dict[int, int]:
        """By step: it is in doubt, must happen once only, and may now be repeated."""
        before, after = (version.actions() for version in self._versions)
        return {
            step: self.lanes(step).in_doubt
            for step in self.shared
            if before[self.old_plans[step].rule.action].effect == "once"
            and after[self.new_plans[step].rule.action].effect == "idempotent"
        }

    @cached_property
    def lost_undo(self) -> dict[int, int]:
        """By step: an abort is possible, and could take it back but no longer can."""
        found = {}
        for step in self.shared:
            old, new = self.old_plans[step], self.new_plans[step]
            lanes = self.lanes(step)
            stands = -self.solver.true
            if old.undo and not new.undo:
                stands = lanes.open
            elif self._lost(step):
                stands = lanes.in_doubt
            found[step] = self.solver.all_of((stands, -self.new.past_pivot))
        return found

    def _lost(self, step: int) -> bool:
        """Whether the step was taken back in a case in which it no longer is."""
        old, new = self.old_plans[step], self.new_plans[step]
        in_doubt = old.undo_in_doubt and not new.undo_in_doubt
        return in_doubt or bool(old.undo and not new.undo)

    @cached_property
    def lost_events(self) -> dict[int, int]:
        """By step: it may begin, and neither may it in the new version nor later."""
        live, never = self.new.live(), -self.solver.true
        return {
            step: self.solver.all_of(
                (self.old.enabled[plan.bit], -live.get(plan.bit, never))
            )
            for step, plan in self.old_plans.items()
        }

    @cached_property
    def lost_abort(self) -> int:
        """Whether an abort is possible, and no longer is."""
        running = (-self.old.record.aborting, -self.old.past_pivot)
        return self.solver.all_of((*running, self.new.past_pivot))

    @cached_property
    def lost(self) -> int:
        """Whether it goes on, is not refused, and lost a step, an undo or the abort."""
        what = (*self.lost_events.values(), *self.lost_undo.values(), self.lost_abort)
        return self.solver.all_of(
            (self.solver.any_of(what), self.in_flight, -self.refused)
        )

    @cached_property
    def past_loss(self) -> int:
        """Whether the record has gone on by what was lost before, and is refused so."""
        begun = self.possible(self.lost_events, self.in_flight, -self.refused)
        undone = [self.lanes(step).closed for step in self.shared if self._lost(step)]
        aborted = self.solver.any_of((*undone, self.new.past_pivot))
        return self.solver.any_of(
            (
                *(self.lanes(step).begun for step in begun),
                self.solver.all_of((self.old.record.aborting, aborted)),
            )
        )

    @cached_property
    def reopened(self) -> int:
        """Whether the record is at its end in the old version only."""
        ended, going_on = self.old.at_end(), -self.new.at_end()
        return self.solver.all_of((-self.old.record.aborting, ended, going_on))

    @cached_property
    def stays(self) -> int:
        """Whether the record cannot move to the new version."""
        lost = (*self.repeated.values(), *self.lost_undo.values())
        return self.solver.any_of((self.refused, self.reopened, *lost))
