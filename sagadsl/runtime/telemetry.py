"""Spans and metrics through the API of OpenTelemetry, where it is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from time import perf_counter
from typing import Any
from weakref import WeakSet

from sagadsl.runtime.database import StoreError
from sagadsl.runtime.decide import Reply
from sagadsl.runtime.log import LOGGER, about
from sagadsl.runtime.process import Row
from sagadsl.runtime.turn import Call

try:
    from opentelemetry import metrics, trace
    from opentelemetry.metrics import CallbackOptions, Observation
    from opentelemetry.trace import Status, StatusCode
except ImportError:
    INSTALLED = False
else:
    INSTALLED = True

SCOPE = "sagadsl.runtime"
Attributes = dict[str, str | int]


class Telemetry:
    """A span for each call of a handler; counts of events, and of processes.

    Who gathers them is the choice of the service, by the SDK that it sets up.
    """

    def __init__(self, saga: str, count: Callable[[], Mapping[Any, int]]) -> None:
        meter = metrics.get_meter(SCOPE)
        self._saga = saga
        self._count = count
        self._tracer = trace.get_tracer(SCOPE)
        self._events = meter.create_counter(
            "saga.events", "{event}", "rows added to the logs of processes"
        )
        self._duration = meter.create_histogram(
            "saga.handler.duration", "s", "how long calls of handlers took"
        )
        _gauge()
        _LIVE.add(self)

    def call(self, call: Call, perform: Callable[[Call], Reply]) -> Reply:
        """Call a handler in a span of its own; once, whatever is wrong with spans."""
        called, answer = False, Reply("raised", "it was not told what came of it")

        def performed(call: Call) -> Reply:
            nonlocal called, answer
            called = True
            answer = perform(call)
            return answer

        with self._harmless():
            self._told(call, performed)
        return answer if called else perform(call)

    def _told(self, call: Call, perform: Callable[[Call], Reply]) -> None:
        purpose = "probe" if call.probe else "undo" if call.undo else "perform"
        common: Attributes = {
            "saga.name": self._saga,
            "saga.step": call.step.name,
            "saga.purpose": purpose,
        }
        began = perf_counter()
        # Without an SDK a span takes long, too, and is for nothing.
        if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
            common.update(_outcome(perform(call)))
        else:
            self._traced(call, perform, common)
        self._duration.record(perf_counter() - began, common)

    def _traced(
        self, call: Call, perform: Callable[[Call], Reply], common: Attributes
    ) -> None:
        own: Attributes = {
            "saga.aggregate_id": call.aggregate_id,
            "saga.attempt": call.attempt,
            "code.function.name": call.handler,
        }
        span = self._tracer.start_as_current_span(
            f"{self._saga} {call.handler}", attributes={**common, **own}
        )
        with span as current:
            answer = perform(call)
            common.update(_outcome(answer))
            current.set_attributes(_outcome(answer))
            if answer.word in ("failed", "raised"):
                current.set_status(Status(StatusCode.ERROR, answer.note))

    def written(self, rows: Iterable[Row]) -> None:
        """Count rows that are being added to a log."""
        with self._harmless():
            for row in rows:
                told = {"saga.name": self._saga, "saga.event": row.event}
                self._events.add(1, told)

    @contextmanager
    def _harmless(self) -> Iterator[None]:
        """What a part of an SDK raises is only told of: the process goes on."""
        try:
            yield
        except Exception:  # noqa: BLE001  a service may have parts of its own there
            told = about(self._saga)
            LOGGER.warning("telemetry failed", exc_info=True, extra=told)

    def close(self) -> None:
        """Look at the store no more."""
        _LIVE.discard(self)

    def observe(self) -> list[Observation]:
        """How many processes are in each condition."""
        try:
            counts = self._count()
        except StoreError as error:
            told = about(self._saga)
            LOGGER.warning("the processes cannot be counted: %s", error, extra=told)
            return []
        named = {"saga.name": self._saga}
        return [
            Observation(number, {**named, "saga.condition": str(condition)})
            for condition, number in counts.items()
        ]


_LIVE: WeakSet[Telemetry] = WeakSet()


@cache
def _gauge() -> None:
    """Ask all of them by one callback: a meter keeps the first of a name, for good."""

    def observe(options: CallbackOptions) -> list[Observation]:
        del options
        return [each for one in list(_LIVE) for each in one.observe()]

    metrics.get_meter(SCOPE).create_observable_gauge(
        "saga.processes", [observe], "{process}", "processes under way"
    )


def _outcome(answer: Reply) -> Attributes:
    """What came of a call."""
    if answer.word in ("failed", "raised"):
        return {"saga.outcome": answer.word, "error.type": _error_type(answer)}
    return {"saga.outcome": answer.word}


def _error_type(answer: Reply) -> str:
    """The class of what was raised, as its reply tells it."""
    if answer.word == "failed":
        return "Failed"
    name = answer.note.partition(":")[0]
    return name if name.isidentifier() else "_OTHER"
