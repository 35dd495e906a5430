"""What the runs of a saga show: its scenarios, and where a finding goes wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sagadsl.checks import failing_scenario
from sagadsl.diagnostics import Finding
from sagadsl.driver import check_bytes
from sagadsl.machine import Record
from sagadsl.model import Pinned, Scenario, Version
from sagadsl.proofs import Proof
from sagadsl.proofs.run import walk
from sagadsl.proofs.scenario import Played, play
from sagadsl.versions import pin
from sagadsl.versions.breaking import RULES, Category, find_breaking


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


class Stopped(NamedTuple):
    """Where the run of a finding leads: a record of a version of a saga."""

    pinned: Pinned
    version: Version
    record: Record


def where_it_stops(path: str, data: bytes, code: str) -> Stopped | None:
    """Where the run of the first finding of a code leads, in a saga that has positions.

    None if there is no such finding, or none with a run.
    """
    saga, findings = check_bytes(path, data)
    pinned = pin(saga, None)[0] if saga else None
    return _stopped(pinned, pinned.latest, findings, code) if pinned else None


def breaks(code: str) -> bool:
    """Whether findings of a code are of two versions."""
    return any(rule.RULE.code == code for rules in RULES.values() for rule in rules)


def where_it_breaks(pinned: Pinned, code: str) -> Stopped | None:
    """Where the run of what a draft breaks leads, in the version released before it.

    None if there is no such finding, or none with a run.
    """
    released = [version for version in pinned.versions if version.released]
    findings = find_breaking(pinned, released, list(Category))
    return _stopped(pinned, released[-1], findings, code) if released else None


def _stopped(
    pinned: Pinned, version: Version, findings: Iterable[Finding], code: str
) -> Stopped | None:
    runs = (finding.run for finding in findings if finding.code == code)
    run = next(filter(None, runs), None)
    return Stopped(pinned, version, walk(version.machine(), run)) if run else None
