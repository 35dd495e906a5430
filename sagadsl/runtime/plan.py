"""What a worker has, and what its next turn is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sagadsl.runtime.hands import Arrived
from sagadsl.runtime.process import Log, Process


class Held(NamedTuple):
    """A process that a worker has: `live` are the steps whose handler is called.

    It is looked at again at the time `wake`, 0 for never.
    """

    process: Process
    log: Log
    live: set[int]
    wake: int


class Plan(NamedTuple):
    """Replies to take, processes held here, and how many are to be claimed.

    `left` are the replies that are for another turn.
    """

    taken: list[Arrived]
    left: list[Arrived]
    due: list[str]
    room: int

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.taken or self.due or self.room)


def everything(arrived: Sequence[Arrived], due: list[str], room: int) -> Plan:
    """All there is to do."""
    return Plan([*arrived], [], due, room)


def one_process(arrived: Sequence[Arrived], due: list[str], room: int) -> Plan:
    """What there is to do for one process."""
    if not arrived:
        return Plan([], [], due[:1], 0 if due else min(room, 1))
    key = arrived[0].key
    taken = [one for one in arrived if one.key == key]
    return Plan(taken, [one for one in arrived if one.key != key], [], 0)
