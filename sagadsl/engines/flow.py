"""A process inside an engine: the same rules, with the engine's memory and clock.

An engine calls a workflow again from its start after a crash and gives it the same
replies, events and times as before. So this is pure: from these alone it comes to the
same calls, in the same order, each time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sagadsl.runtime.ask import Request
from sagadsl.runtime.decide import Reply, reply, settle
from sagadsl.runtime.process import Effort, Log, Process, Row, Status
from sagadsl.runtime.requests import look
from sagadsl.runtime.result import Outcome, Result
from sagadsl.runtime.saga import Saga, Version
from sagadsl.runtime.turn import Call, Turn

RULES = "sagadsl-1"
"""These rules, for an engine that is told of its code: another flow, another name."""
WORKER = "engine"


class Next(NamedTuple):
    """What a process wants of its engine: handlers called, and to be woken at a time.

    `wake` is in milliseconds since 1970, 0 if only an event or a reply moves it on;
    `results` are those of the requests; `end` is what is kept of a process that has
    ended: its outcome, version and record, as JSON.
    """

    calls: tuple[Call, ...]
    wake: int
    results: tuple[Result, ...]
    end: dict[str, Any] | None


class Flow:
    """One process; times are in milliseconds since 1970, by the engine's clock."""

    def __init__(
        self,
        saga: Saga,
        version: int,
        aggregate_id: str,
        data: Mapping[str, Any] | None,
        now: int,
    ) -> None:
        """Start a process of a version. Raises `LookupError` for an unknown one."""
        self.saga = saga
        machine = saga.version(version)
        deadline = now + machine.expires if machine.expires else 0
        text = json.dumps(data, separators=(",", ":")) if data else ""
        record = saga.module.Record()
        self.process = Process(
            saga.name,
            aggregate_id,
            version,
            record,
            seq=1,
            parked=0,
            stuck=0,
            started=now,
            deadline=deadline,
            due=now,
            fence=1,
            lease=0,
            worker=WORKER,
            data=text,
        )
        self.log = Log([Row(1, version, "start", None, 0, "", now, "")])
        self._live: set[int] = set()

    @classmethod
    def restored(cls, saga: Saga, kept: Mapping[str, Any]) -> Flow:
        """A process as `kept` gave it."""
        process = Process(*kept["process"])
        record = saga.module.Record(*process.record)
        flow = cls(saga, process.version, process.aggregate_id, None, process.started)
        flow.process = process._replace(record=record)
        flow.log.cause = kept["cause"]
        flow.log.times = {(event, step): time for event, step, time in kept["times"]}
        for step, effort in kept["efforts"]:
            known = Effort(*effort)
            flow.log.efforts[step] = known._replace(status=Status(known.status))
        return flow

    def kept(self) -> dict[str, Any]:
        """All there is to know of a process that is idle, as JSON."""
        return {
            "process": [*self.process],
            "cause": self.log.cause,
            "times": [[*of, time] for of, time in self.log.times.items()],
            "efforts": [[step, [*one]] for step, one in self.log.efforts.items()],
        }

    @property
    def idle(self) -> bool:
        """Whether no handler is being called."""
        return not self._live

    @property
    def version(self) -> Version:
        """The version that judges the process now."""
        return self.saga.versions[self.process.version]

    def go_on(
        self,
        now: int,
        replies: Iterable[tuple[Call, Reply]] = (),
        requests: Sequence[Request] = (),
    ) -> Next:
        """Take replies and requests, and give what follows from them and the time."""
        turn = self._turn(now)
        for call, answer in replies:
            reply(turn, call, answer)
        results = tuple(_judged(turn, request) for request in requests)
        turn.wakes.clear()
        settle(turn)
        self.process, self._live = turn.change(0, WORKER).after, turn.live
        wake = min(turn.wakes, default=0)
        return Next(tuple(turn.calls), wake, results, self._end(turn))

    def look(self) -> Result:
        """Where the process stands, and what waits for a person."""
        return _judged(self._turn(self.process.due), look())

    def _turn(self, now: int) -> Turn:
        turn = Turn(self.version, self.process, self.log, set(self._live), now)
        turn.owned = True
        return turn

    def _end(self, turn: Turn) -> dict[str, Any] | None:
        if turn.ended is None:
            return None
        record, version = [*turn.record], turn.version.number
        return {"outcome": turn.ended.outcome, "version": version, "record": record}


def _judged(turn: Turn, request: Request) -> Result:
    """What comes of a request: the record and the states as they are after it."""
    result = request(turn) or Result(Outcome.ACCEPTED)
    held = tuple(turn.version.machine.standing(turn.record))
    return result._replace(record=turn.record, held=held)
