"""Forgetting: tombstones whose time is over, and what was kept beside them."""

from __future__ import annotations

from typing import NamedTuple

from sagadsl.runtime.database import Database

PAGE = 1_000  # at a time, so that nobody waits long for the lock


class Purged(NamedTuple):
    """How many were forgotten."""

    tombstones: int
    archives: int


def purge(database: Database, saga: str, *, archives: bool = False) -> Purged:
    """Forget the processes of a saga that were to be remembered until now.

    What was archived of those that nobody remembers any more goes only if asked for.
    Raises `StoreError`.
    """
    over = _TOMBSTONES.format(now=database.dialect.read_now)
    forgotten = 0
    while gone := database.execute(over, (saga, PAGE)):
        forgotten += gone
    dropped = database.execute(_ARCHIVES, (saga,)) if archives else 0
    return Purged(forgotten, dropped)


_TOMBSTONES = (
    "DELETE FROM saga_tombstone WHERE (saga, aggregate_id) IN"
    " (SELECT saga, aggregate_id FROM saga_tombstone WHERE saga = ? AND forget <= {now}"
    " LIMIT ?)"
)
_ARCHIVES = (
    "DELETE FROM saga_archive WHERE saga = ? AND NOT EXISTS"
    " (SELECT 1 FROM saga_tombstone t WHERE t.saga = saga_archive.saga"
    " AND t.aggregate_id = saga_archive.aggregate_id"
    " AND t.ended = saga_archive.ended)"
)
