"""Spans and metrics through the API of OpenTelemetry, where it is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
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
        """Call a handler in a span of its own."""
        purpose = "probe" if call.probe else "undo" if call.undo else "perform"
        common: dict[str, str | int] = {
            "saga.name": self._saga,
            "saga.step": call.step.name,
            "saga.purpose": purpose,
        }
        own: dict[str, str | int] = {
            "saga.aggregate_id": call.aggregate_id,
            "saga.attempt": call.attempt,
            "code.function.name": call.handler,
        }
        name, began = f"{self._saga} {call.handler}", perf_counter()
        span = self._tracer.start_span(name, attributes={**common, **own})
        # Making a span the current one takes long, and is for nothing without an SDK.
        real = span.get_span_context().is_valid
        with trace.use_span(span, end_on_exit=True) if real else nullcontext():
            answer = perform(call)
            span.set_attribute("saga.outcome", answer.word)
            common["saga.outcome"] = answer.word
            if answer.word in ("failed", "raised"):
                common["error.type"] = _error_type(answer)
                span.set_attribute("error.type", common["error.type"])
                span.set_status(Status(StatusCode.ERROR, answer.note))
        self._duration.record(perf_counter() - began, common)
        return answer

    def written(self, rows: Iterable[Row]) -> None:
        """Count rows that are being added to a log."""
        for row in rows:
            told = {"saga.name": self._saga, "saga.event": row.event}
            self._events.add(1, told)

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


def _error_type(answer: Reply) -> str:
    """The class of what was raised, as its reply tells it."""
    if answer.word == "failed":
        return "Failed"
    name = answer.note.partition(":")[0]
    return name if name.isidentifier() else "_OTHER"
