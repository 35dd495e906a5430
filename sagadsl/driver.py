"""The pipeline on one screen: from the bytes of a saga to its files, or to findings."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sagadsl.checks import check_saga, failing_scenario
from sagadsl.diagnostics import Finding, Severity
from sagadsl.emit.jinja import render
from sagadsl.emit.targets import TARGETS
from sagadsl.machine import Record
from sagadsl.model import Pinned, Saga, Scenario
from sagadsl.parser import parse_saga
from sagadsl.parser.encoding import decode_source
from sagadsl.proofs import Proof
from sagadsl.proofs.run import walk
from sagadsl.proofs.scenario import Played, play
from sagadsl.resolve import check_form, resolve_saga
from sagadsl.source import Source, Span
from sagadsl.syntax import Name
from sagadsl.versions import (
    Lock,
    check_emitted,
    check_idle_upgrades,
    check_upgrades,
    pin,
    read_lock,
    release,
    write_lock,
)
from sagadsl.versions.breaking import RULES, find_breaking


class Compiled(NamedTuple):
    """A saga with its versions; None if a finding is an error."""

    pinned: Pinned | None
    findings: tuple[Finding, ...]


def compile_saga(
    path: str, data: bytes, lock: str | None, emitted: Source | None = None
) -> Compiled:
    """Parse, resolve, check and pin the bytes of a `.saga` file.

    `path` is shown in findings and its stem must be the saga's name; `lock` is the
    text of the lock file beside it, None if there is none. `emitted` is the module
    that an earlier build has left: what it holds as released must not be lost.
    """
    saga, findings = _check(path, data)
    if saga is None or any(map(_is_error, findings)):
        return Compiled(None, findings)
    pinned, wrong = _pin(saga, lock, emitted)
    return Compiled(pinned, (*findings, *wrong))


def _pin(saga: Saga, lock: str | None, emitted: Source | None) -> Compiled:
    versions = None
    if lock is not None:
        kept = Source(f"{saga.source.path}.lock", lock)
        versions, findings = read_lock(kept, saga.name)
        if versions is None:
            return Compiled(None, findings)
    pinned, findings = pin(saga, versions)
    if emitted is not None:
        positions = pinned.positions if pinned else {}
        if lost := tuple(check_emitted(emitted, versions, positions)):
            return Compiled(None, lost)
    if pinned is None or not saga.waives:
        return Compiled(pinned, findings)
    if wrong := tuple(check_upgrades(pinned)):
        return Compiled(None, wrong)
    return Compiled(pinned, (*findings, *check_idle_upgrades(pinned)))


def breaking(
    pinned: Pinned, lock: str | None, categories: Collection[str]
) -> tuple[Finding, ...]:
    """What the newest version breaks for who relies on those in a lock file.

    The last released one is what counts; a lock file without any breaks nothing.
    """
    if lock is None:
        return ()
    kept = Source(f"{pinned.saga.source.path}.lock", lock)
    versions, wrong = read_lock(kept, pinned.saga.name)
    if versions is None:
        return wrong
    return find_breaking(pinned, versions.versions, categories)


def approve(pinned: Pinned, rule: str, reason: str) -> Pinned | str:
    """The saga with a rule's findings approved for its draft, or why not."""
    known = [module.RULE.name for rules in RULES.values() for module in rules]
    if rule not in known:
        return f"there is no rule `{rule}`; there are {', '.join(known)}"
    latest = pinned.latest
    if latest.released:
        return f"version {latest.number} is released, and there is no draft"
    latest = latest._replace(approved={**latest.approved, rule: reason})
    return pinned._replace(versions=(*pinned.versions[:-1], latest))


class Rehearsed(NamedTuple):
    """The scenarios of a saga as they went, and what else was found.

    None if a finding other than of a scenario is an error: it has no meaning to play.
    """

    scenarios: tuple[tuple[Scenario, Played], ...] | None
    findings: tuple[Finding, ...]


def rehearse_saga(path: str, data: bytes) -> Rehearsed:
    """Play the scenarios of the bytes of a `.saga` file."""
    saga, findings = _check(path, data)
    others = tuple(f for f in findings if f.rule != failing_scenario.RULE)
    if saga is None or any(map(_is_error, others)):
        return Rehearsed(None, findings)
    machine = Proof(saga).machine
    scenarios = tuple((each, play(saga, machine, each)) for each in saga.scenarios)
    return Rehearsed(scenarios, others)


def where_it_stops(path: str, data: bytes, code: str) -> tuple[Pinned, Record] | None:
    """Where the run of the first finding of a code leads, in a saga that has positions.

    None if there is no such finding, or none with a run.
    """
    saga, findings = _check(path, data)
    runs = [f.run for f in findings if f.code == code and f.run]
    pinned = pin(saga, None)[0] if saga and runs else None
    return (pinned, walk(pinned.latest.machine(), runs[0])) if pinned else None


def _check(path: str, data: bytes) -> tuple[Saga | None, tuple[Finding, ...]]:
    """A saga, if its names lead somewhere, and what is wrong with it."""
    source = decode_source(path, data)
    if isinstance(source, Finding):
        return None, (source,)
    syntax, findings = parse_saga(source)
    if syntax is None:
        return None, findings
    saga, findings = resolve_saga(syntax)
    return saga, check_saga(saga) if saga else findings


def _is_error(finding: Finding) -> bool:
    return finding.rule.severity is Severity.ERROR


def lock_text(pinned: Pinned) -> str:
    """The text of the lock file that goes with a saga."""
    return write_lock(Lock(pinned.saga.name, pinned.versions))


def release_text(pinned: Pinned) -> str:
    """The text of the lock file once the draft of a saga is released."""
    return lock_text(release(pinned))


def emit(pinned: Pinned, target: str, old: bytes | None = None) -> bytes:
    """The file of a target; `old` is what stands there, kept if it draws the same.

    Raises `RenderError` if Graphviz cannot draw it, `OverBudget` if no runs are found.
    """
    return TARGETS[target].emit(pinned, old)


def starter(name: str) -> str | Finding:
    """A small saga to start from, or what is wrong with its name."""
    source = Source(f"{name}.saga", name)
    wrong = check_form(Name(name, Span(source, 0, len(name))))
    return wrong or render("starter.saga.jinja", name=name)


def format_bytes(path: str, data: bytes) -> str | tuple[Finding, ...]:
    """The canonical text of a saga, or what is wrong with its syntax."""
    source = decode_source(path, data)
    if isinstance(source, Finding):
        return (source,)
    from sagadsl.format import format_saga  # noqa: PLC0415  a build formats nothing

    syntax, findings = parse_saga(source)
    return findings if syntax is None else format_saga(syntax)
