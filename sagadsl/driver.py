"""The pipeline on one screen: from the bytes of a saga to its files, or to findings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sagadsl.checks import check_saga
from sagadsl.diagnostics import Finding
from sagadsl.emit.targets import TARGETS
from sagadsl.model import Pinned, Saga
from sagadsl.parser import parse_saga
from sagadsl.parser.encoding import decode_source
from sagadsl.resolve import resolve_saga
from sagadsl.source import Source
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
    saga, findings = check_bytes(path, data)
    if saga is None or any(finding.is_error for finding in findings):
        return Compiled(None, findings)
    pinned, wrong = _pin(saga, lock, emitted)
    return Compiled(pinned, (*findings, *wrong))


def check_bytes(path: str, data: bytes) -> tuple[Saga | None, tuple[Finding, ...]]:
    """Parse, resolve and check a `.saga` file, and do not pin it.

    The saga is None if its names lead nowhere; it may be there and be wrong.
    """
    source = decode_source(path, data)
    if isinstance(source, Finding):
        return None, (source,)
    syntax, findings = parse_saga(source)
    if syntax is None:
        return None, findings
    saga, findings = resolve_saga(syntax)
    return saga, check_saga(saga) if saga else findings


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
    wrong = tuple(check_upgrades(pinned)) or tuple(check_idle_upgrades(pinned))
    stops = any(finding.is_error for finding in wrong)
    return Compiled(None if stops else pinned, (*findings, *wrong))


def lock_text(pinned: Pinned) -> str:
    """The text of the lock file that goes with a saga."""
    return write_lock(Lock(pinned.saga.name, pinned.versions))


def release_text(pinned: Pinned) -> str:
    """The text of the lock file once the draft of a saga is released."""
    return lock_text(release(pinned))


def check_targets(pinned: Pinned, targets: Iterable[str]) -> tuple[Finding, ...]:
    """Why targets that are asked for cannot be made of a saga, and warnings of them."""
    checks = dict.fromkeys(TARGETS[target].check for target in targets)
    return tuple(finding for check in checks if check for finding in check(pinned))


def emit(pinned: Pinned, target: str, old: bytes | None = None) -> bytes:
    """The file of a target; `old` is what stands there, kept if it draws the same.

    Raises `RenderError` if Graphviz cannot draw it, `OverBudget` if no runs are found.
    """
    return TARGETS[target].emit(pinned, old)
