"""Asking something of a process from outside: judged as it is now, and written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from sagadsl.runtime.database import DamagedError, storable
from sagadsl.runtime.processes import Processes
from sagadsl.runtime.result import Outcome, Result
from sagadsl.runtime.turn import Call, Turn

_TOO_LATE = 253_402_300_800_000  # the year 10000, in milliseconds

Request = Callable[[Turn], Result | None]
"""Changes a turn and gives None, or changes nothing and says why."""


def ask(
    processes: Processes, aggregate_id: str, request: Request, worker: str, lease: int
) -> tuple[Result, list[Call]]:
    """The result of a request, and the calls to be made for it now that it is durable.

    If another was faster, it is judged again by what that one left. Raises
    `StoreError`.
    """
    if not storable(aggregate_id):
        why = f"there is no {processes.saga.name} {aggregate_id!a}"
        return Result(Outcome.UNKNOWN, why), []
    while True:
        found = processes.load(aggregate_id)
        if found is None:
            return missing(processes, aggregate_id), []
        process, log = found
        version = processes.saga.versions.get(process.version)
        if version is None:
            why = f"version {process.version} of {process.saga} is not known here"
            return Result(Outcome.REFUSED, why, process.record), []
        now = processes.database.now()
        turn = Turn(version, process, log, set(), now)
        refused = request(turn)
        if refused is not None:
            held = tuple(version.machine.standing(process.record))
            return refused._replace(record=process.record, held=held), []
        with processes.database.transaction():
            (written,) = processes.write([turn.change(now + lease, worker)])
        if written:
            held = tuple(turn.version.machine.standing(turn.record))
            return Result(Outcome.ACCEPTED, "", turn.record, held), turn.calls


def missing(processes: Processes, aggregate_id: str) -> Result:
    """Why there is no process to be asked."""
    ended = processes.ended(aggregate_id)
    name = processes.saga.name
    if ended is None:
        return Result(Outcome.UNKNOWN, f"there is no {name} {aggregate_id}")
    if type(ended.ended) is not int or not 0 <= ended.ended < _TOO_LATE:
        raise DamagedError(name, aggregate_id, "what is kept of it has no time")
    when = datetime.fromtimestamp(ended.ended / 1000, UTC)
    at = f"{when:%Y-%m-%d %H:%M:%S} UTC"
    why = f"{name} {aggregate_id} ended as {ended.outcome} on {at}"
    return Result(Outcome.REFUSED, why)
