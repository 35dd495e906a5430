"""What comes of asking something of a process: a value, never an exception."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple


class Outcome(StrEnum):
    """What became of a request."""

    ACCEPTED = "accepted"
    ALREADY_DONE = "already done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Result(NamedTuple):
    """What became of a request, and why; nothing has changed unless it was accepted.

    `record` is the record after it, and `held` the states where the process stands,
    where it is still there to be asked.
    """

    outcome: Outcome
    reason: str = ""
    record: Any = None
    held: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether it was accepted."""
        return self.outcome is Outcome.ACCEPTED
