"""What a store needs of a database: statements, rows, and transactions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from sagadsl.sql import Dialect

Values = Sequence[Any]


def storable(text: str) -> bool:
    """Whether every database takes a text, which from outside may hold anything."""
    return _UNSTORABLE.search(text) is None


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class Append(NamedTuple):
    """A row for a log, and the update of its process that makes room for it."""

    update: str
    values: Values
    row: Values


class StoreError(Exception):
    """A store that cannot be opened, read or written; the message says why."""


class UnwritableError(StoreError):
    """A database does not take what is written: a trigger or constraint refuses it."""


class DamagedError(StoreError):
    """One process of a store whose rows no run leads to; `why` says what is wrong."""

    def __init__(self, saga: str, aggregate_id: str, why: str) -> None:
        super().__init__(f"{saga} {aggregate_id} is damaged: {why}")
        self.why = why


def split(one: Append) -> str:
    """What is wrong if a database takes a part of the rows of a process."""
    return f"the database refuses {one} and took what came before"


class Database(Protocol):
    """A database that any number of threads may use."""

    dialect: Dialect

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing, durable at its end; others see nothing of it before."""
        ...

    def rows(self, sql: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """The rows that a statement gives."""
        ...

    def execute(self, sql: str, values: Values = ()) -> int:
        """How many rows a statement changed."""
        ...

    def append(self, logs: Sequence[Sequence[Append]]) -> list[bool]:
        """Add rows to the logs of different processes; whether those of each were.

        They are if the first update changes its process, and then each must. The
        caller has a transaction.
        """
        ...

    def now(self) -> int:
        """The time by the clock of the database, in milliseconds since 1970."""
        ...

    def close(self) -> None:
        """Close what is open."""
        ...
