"""What the runs of a saga show: its scenarios, and where a finding goes wrong."""

from __future__ import annotations

from typing import NamedTuple

from sagadsl.checks import failing_scenario
from sagadsl.diagnostics import Finding
from sagadsl.driver import check_bytes
from sagadsl.machine import Record
from sagadsl.model import Pinned, Scenario
from sagadsl.proofs import Proof
from sagadsl.proofs.run import walk
from sagadsl.proofs.scenario import Played, play
from sagadsl.versions import pin


class Rehearsed(NamedTuple):
    """The scenarios of a saga as they went, and what else was found.

    None if a finding other than of a scenario is an error: it has no meaning to play.
    """

    scenarios: tuple[tuple[Scenario, Played], ...] | None
    findings: tuple[Finding, ...]


def rehearse_saga(path: str, data: bytes) -> Rehearsed:
    """Play the scenarios of the bytes of a `.saga` file."""
    saga, findings = check_bytes(path, data)
    others = tuple(f for f in findings if f.rule != failing_scenario.RULE)
    if saga is None or any(finding.is_error for finding in others):
        return Rehearsed(None, findings)
    machine = Proof(saga).machine
    scenarios = tuple((each, play(saga, machine, each)) for each in saga.scenarios)
    return Rehearsed(scenarios, others)


def where_it_stops(path: str, data: bytes, code: str) -> tuple[Pinned, Record] | None:
    """Where the run of the first finding of a code leads, in a saga that has positions.

    None if there is no such finding, or none with a run.
    """
    saga, findings = check_bytes(path, data)
    runs = [f.run for f in findings if f.code == code and f.run]
    pinned = pin(saga, None)[0] if saga and runs else None
    return (pinned, walk(pinned.latest.machine(), runs[0])) if pinned else None
