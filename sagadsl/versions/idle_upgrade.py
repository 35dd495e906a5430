"""SAGA411: an upgrade that lets no record move."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.checks.not_proved import not_proved
from sagadsl.diagnostics import Finding, Rule, Severity
from sagadsl.model import Pinned, Waive
from sagadsl.proofs import OverBudget
from sagadsl.proofs.pair import Pair

RULE = Rule("SAGA411", "idle-upgrade", Severity.WARNING)


def check_idle_upgrades(pinned: Pinned) -> Iterator[Finding]:
    """That each line of `upgrades` is of use to some record."""
    versions = {version.number: version for version in pinned.versions}
    pairs: dict[int, Pair] = {}
    for waive in pinned.saga.waives:
        if waive.version not in pairs:
            pairs[waive.version] = Pair(versions[waive.version], pinned.latest)
        pair = pairs[waive.version]
        try:
            helps = pair.ever(_waived(pair, waive), -pair.stays)
        except OverBudget:
            yield not_proved(pinned.saga, RULE)
            continue
        if not helps:
            yield RULE.finding(
                f"waiving `{waive.action}` lets no record move to version"
                f" {pinned.latest.number}",
                waive.span,
                "of no use to any record",
                why="the records for which it is waived are refused for another reason,"
                " or there are none",
                help="waive what else these records lack, or remove the line",
            )


def _waived(pair: Pair, waive: Waive) -> int:
    """Whether a line waives a round of its step."""
    actions = {plan.bit: plan.rule.action for plan in pair.new_plans.values()}
    return pair.solver.any_of(
        waived
        for waiver, waived in pair.waived.items()
        if actions[waiver.bit] == waive.action
        and actions.get(waiver.causes & -waiver.causes) == waive.when
    )
