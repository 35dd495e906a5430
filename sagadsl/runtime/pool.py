"""The connections of a store: as many as are in use at once, whatever the threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

SPARE = 8  # that are kept open while nobody needs them


class Connection(Protocol):
    """What is known here of a connection."""

    def close(self) -> None:
        """Close it; again, if it was."""
        ...


C = TypeVar("C", bound=Connection)


class Pool(Generic[C]):
    """Lends each connection to one thread at a time, and closes what is left over."""

    def __init__(self, connect: Callable[[], C], usable: Callable[[C], bool]) -> None:
        self._connect = connect
        self._usable = usable
        self._idle: list[C] = []
        self._local = threading.local()
        self._closed = False

    @property
    def lent(self) -> C | None:
        """The connection that this thread has, if it has one."""
        lent: C | None = getattr(self._local, "lent", None)
        return lent

    @contextmanager
    def lend(self) -> Iterator[C]:
        """A connection for this thread alone, that of an outer `with` if there is."""
        if lent := self.lent:
            yield lent
            return
        connection = self.take()
        try:
            yield connection
        finally:
            self.give(connection)

    def take(self) -> C:
        """A connection for this thread, which has none, until it gives it back."""
        assert self.lent is None, "what is written would go on outside its transaction"
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        self._local.lent = connection
        return connection

    def give(self, connection: C) -> None:
        """Give back what this thread has taken."""
        self._local.lent = None
        spare = not self._closed and len(self._idle) < SPARE
        if spare and self._usable(connection):
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close what is not lent, and later what is."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()
