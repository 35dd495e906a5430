"""Processes that a worker leaves alone, since the database refuses to write them."""

from __future__ import annotations

from time import monotonic

from sagadsl.runtime.database import UnwritableError
from sagadsl.runtime.log import LOGGER, about


class Aside:
    """Each is left alone for as long as a lease."""

    def __init__(self, saga: str, lease: int) -> None:
        self._saga = saga
        self._lease = lease
        self._left: dict[str, float] = {}
        self._barred: dict[str, float] = {}

    def put(self, key: str, error: UnwritableError, *, claimed: bool) -> None:
        """Leave a process alone; of one that is not claimed that was refused."""
        of = self._left if claimed else self._barred
        of[key] = monotonic() + self._lease / 1000
        self.complain(key, error)

    def complain(self, key: str, error: UnwritableError) -> None:
        """Say that something of a process is not written."""
        why = "%s %s cannot be written, and is left alone: %s"
        LOGGER.error(why, self._saga, key, error, extra=about(self._saga, key))

    def __contains__(self, key: str) -> bool:
        return monotonic() < self._left.get(key, 0)

    @property
    def barred(self) -> list[str]:
        """Those that are not to be claimed; what may be is kept by a lease."""
        now = monotonic()
        self._left = {k: end for k, end in self._left.items() if end > now}
        self._barred = {k: end for k, end in self._barred.items() if end > now}
        return [*self._barred]
