"""Telling of what came too late for its process."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sagadsl.runtime.aside import Aside
from sagadsl.runtime.database import UnwritableError
from sagadsl.runtime.hands import Arrived
from sagadsl.runtime.lease import Keeper
from sagadsl.runtime.processes import Processes
from sagadsl.runtime.requests import tell
from sagadsl.runtime.turn import Turn


class Late:
    """Tells of it, save where it brought an end of which nobody could be sure."""

    def __init__(self, processes: Processes, keeper: Keeper, aside: Aside) -> None:
        self._processes = processes
        self._keeper = keeper
        self._aside = aside
        self._ends: dict[tuple[str, int], int] = {}

    def doubt(self, turns: Mapping[str, Turn], arrived: Collection[Arrived]) -> None:
        """Turns may be committed or not; the replies are to be taken again."""
        keys = {one.key for one in arrived}
        self._ends = {of: end for of, end in self._ends.items() if of[0] in keys}
        for key, turn in turns.items():
            if turn.ended:
                self._ends[key, turn.process.fence] = turn.now

    def tell(self, one: Arrived) -> None:
        """Tell of what came too late."""
        call, keeper = one.call, self._keeper
        of = (one.key, call.fence)
        end = self._ends.get(of)
        stone = self._processes.ended(one.key) if end is not None else None
        if stone and stone.ended == end:
            return
        at, last = (keeper.worker, keeper.lease), not keeper.has_another(call)

        def ending(turn: Turn) -> None:
            self._ends[of] = turn.now

        try:
            tell(self._processes, call, one.reply, *at, last=last, ending=ending)
            self._ends.pop(of, None)
        except UnwritableError as error:
            self._aside.complain(one.key, error)
