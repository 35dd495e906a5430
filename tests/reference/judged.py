"""Audits of logs as they are compared with the reference."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from logs import Found, Told

from sagadsl import machine
from sagadsl.audit import Audit, Log, Report
from sagadsl.model import Pinned


def saga_of(pinned: Pinned) -> Any:
    """What an emitted module has, without writing one."""
    machines = {version.number: version.machine() for version in pinned.versions}
    return SimpleNamespace(
        MACHINES=machines,
        Record=machine.Record,
        Event=machine.Event,
        Kind=machine.Kind,
        Refused=machine.Refused,
    )


def found_in(report: Report, rows: list[Told]) -> list[Found]:
    """The bad rows by their places within their aggregates."""
    places = [
        sum(other.aggregate == row.aggregate for other in rows[: n + 1])
        for n, row in enumerate(rows)
    ]
    return sorted(
        Found(int(str(bad.aggregate)), places[bad.row - 1], bad.kind)
        for bad in report.bad
    )


def by_numpy(saga: Any, rows: list[Told], *, counted: bool, pieces: int = 1) -> Report:
    audit = Audit(saga)
    for piece in range(pieces):
        part = rows[len(rows) * piece // pieces : len(rows) * (piece + 1) // pieces]
        audit.feed(
            Log(
                [row.aggregate for row in part],
                [row.step for row in part],
                [row.event for row in part],
                [row.version for row in part],
                [row.seq for row in part] if counted else None,
            )
        )
    return audit.report()
