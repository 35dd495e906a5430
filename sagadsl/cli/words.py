"""Processes of a store in words: where each stands, what it waits for, since when."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from sagadsl.cli.records import written
from sagadsl.machine import ABORTING, Record
from sagadsl.runtime.listing import Condition

if TYPE_CHECKING:
    from sagadsl.cli.stores import Known
    from sagadsl.runtime.listing import Listed
    from sagadsl.runtime.process import Process

COLORS = {
    Condition.STRANDED: "red",
    Condition.STUCK: "red",
    Condition.PARKED: "yellow",
    Condition.OVERDUE: "yellow",
    Condition.RUNNING: "green",
    Condition.WAITING: "",
}
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def span(milliseconds: int) -> str:
    """How long something is, in its largest unit; a moment short of a day is 1 d."""
    seconds = max(milliseconds, 0) / 1000
    for (size, unit), (smaller, _) in pairwise(_UNITS):
        if round(seconds / smaller) * smaller >= size:
            return f"{round(seconds / size)} {unit}"
    return f"{round(seconds)} s"


def moment(milliseconds: int) -> str:
    """A time of the store, in UTC; empty for never."""
    if not milliseconds:
        return ""
    try:
        when = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):  # of a damaged row
        return str(milliseconds)
    return when.strftime("%Y-%m-%d %H:%M:%S")


def standing(process: Process, known: Known) -> str:
    """Where a process stands; its four words where nothing here knows its version."""
    version = known.version(process.version)
    record = Record(*process.record)
    if version is None:
        return written(record)
    machine = version.machine()
    if machine.why_invalid(record):
        return written(record)
    held = " & ".join(machine.standing(record))
    if record.control & ABORTING:
        return f"aborting from {held}" if held else "aborting"
    doubt = record.begun & ~record.done & ~record.closed & ~process.parked
    told = [held, *(f"{name} begun" for name in _names(known, process, doubt))]
    return "; ".join(filter(None, told))


def waits_for(listed: Listed, known: Known, now: int) -> str:
    """What has to happen before a process goes on, and until when it can wait."""
    process = listed.process
    match listed.condition:
        case Condition.STRANDED:
            return f"a worker of version {process.version}"
        case Condition.STUCK:
            return f"{_whats(known, process, process.stuck)} failed"
        case Condition.PARKED:
            return f"{_whats(known, process, process.parked)} in doubt"
        case Condition.OVERDUE:
            return f"a worker, for {span(now - process.due)}"
        case Condition.RUNNING:
            return f"{process.worker}, for {span(process.lease - now)} at most"
    if not process.due:
        return "an event"
    left = process.due - now
    return f"an event, or {span(left)}" if left > 0 else "a worker"


def as_data(listed: Listed, known: Known) -> dict[str, object]:
    """A process for programs: lanes as hexadecimal, as JSON keeps only 53 bits."""
    process = listed.process
    version = known.version(process.version)
    record = Record(*process.record)
    sound = version is not None and not version.machine().why_invalid(record)
    return {
        "saga": known.name,
        "id": process.aggregate_id,
        "process": str(listed.condition),
        "version": process.version,
        "record": [f"{word:#x}" for word in process.record],
        "held": [*version.machine().standing(record)] if version and sound else None,
        "parked": _names(known, process, process.parked),
        "stuck": _names(known, process, process.stuck),
        "since": listed.since,
        "started": process.started,
        "deadline": process.deadline,
        "due": process.due,
        "lease": process.lease,
        "worker": process.worker,
    }


def _whats(known: Known, process: Process, mask: int) -> str:
    """The handlers that a mask is of: of a step that is done, its compensation."""
    names = _names(known, process, mask)
    return ", ".join(names) or f"{mask:#x}"


def _names(known: Known, process: Process, mask: int) -> list[str]:
    version = known.saga.versions.get(process.version) if known.saga else None
    if version is None:
        return []
    record = Record(*process.record)
    return [
        step.backward.handler
        if step.backward and record.control & ABORTING and record.done & step.bit
        else step.name
        for step in version.steps.values()
        if mask & step.bit
    ]
