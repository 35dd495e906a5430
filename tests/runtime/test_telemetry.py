"""What the runtime tells of itself: spans, metrics, and attributes of log records."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import order_saga
import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from world import World, paid

from sagadsl.runtime import Driver, Store

SPANS = InMemorySpanExporter()
METRICS = InMemoryMetricReader()


@pytest.fixture(scope="module", autouse=True)
def _gathered() -> None:
    """One SDK for all tests here: the API takes no second one."""
    tracing = TracerProvider()
    tracing.add_span_processor(SimpleSpanProcessor(SPANS))
    trace.set_tracer_provider(tracing)
    metrics.set_meter_provider(MeterProvider([METRICS]))


@pytest.fixture(autouse=True)
def _fresh() -> None:
    SPANS.clear()


def measured(name: str) -> list[tuple[dict, float]]:
    data = METRICS.get_metrics_data()
    return [
        (dict(point.attributes or {}), getattr(point, "value", None) or 0)
        for resource in (data.resource_metrics if data else [])
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == name
        for point in metric.data.data_points
    ]


def test_each_call_of_a_handler_is_a_span(driver: Driver) -> None:
    paid(driver, "42")
    (span,) = SPANS.get_finished_spans()
    assert span.name == "order make_payment"
    assert dict(span.attributes or {}) == {
        "saga.name": "order",
        "saga.step": "make_payment",
        "saga.purpose": "perform",
        "saga.aggregate_id": "42",
        "saga.attempt": 1,
        "saga.outcome": "done",
        "code.function.name": "make_payment",
    }
    assert span.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize(
    ("act", "outcome", "error"),
    [("fail", "failed", "Failed"), ("raise", "raised", "OSError")],
)
def test_a_span_says_what_went_wrong(
    driver: Driver, world: World, act: str, outcome: str, error: str
) -> None:
    world.tell("make_payment", act)
    paid(driver, "42")
    (span,) = SPANS.get_finished_spans()
    told = span.attributes or {}
    assert (told["saga.outcome"], told["error.type"]) == (outcome, error)
    assert span.status.status_code is StatusCode.ERROR


@pytest.mark.parametrize("moment", ["on_start", "on_end"])
def test_what_is_wrong_with_spans_hurts_no_process(
    driver: Driver,
    world: World,
    moment: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The handler is called once, and what came of it is taken."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(SimpleSpanProcessor, moment, broken)
    paid(driver, "42")
    assert driver.look("42").held == ("payment_made",)
    assert world.calls == ["make_payment"]
    assert "telemetry failed" in caplog.text


def test_a_span_belongs_to_the_request_that_fired(driver: Driver) -> None:
    driver.start("42")
    driver.fire("42", "check_out", by="user")
    with trace.get_tracer("web").start_as_current_span("POST /pay"):
        driver.fire("42", "make_payment", by="user")
    payment, request = SPANS.get_finished_spans()
    assert payment.parent == request.context


def test_events_and_processes_are_counted(driver: Driver, store: Store) -> None:
    before = {told["saga.event"]: n for told, n in measured("saga.events")}
    paid(driver, "1")
    driver.start("2")
    after = {told["saga.event"]: n for told, n in measured("saga.events")}
    assert after["start"] - before.get("start", 0) == 2
    assert after["done"] - before.get("done", 0) == 2
    found = {t["saga.condition"]: n for t, n in measured("saga.processes")}
    assert found["waiting"] == 2
    assert found["stuck"] == 0
    assert measured("saga.handler.duration")


def test_a_driver_that_is_closed_counts_no_more(store: Store, world: World) -> None:
    with Driver(order_saga, world, store) as driver:
        driver.start("1")
    store.close()
    assert [n for _, n in measured("saga.processes") if n] == []


def test_every_record_of_a_log_says_what_it_is_of(
    driver: Driver, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.tell("make_payment", lambda context: context.logger.info("to the bank"))
    caplog.set_level(logging.INFO, "sagadsl.runtime")
    paid(driver, "42")
    world.tell("make_payment", "raise")
    paid(driver, "43")
    told = [
        (one.saga, one.aggregate_id, one.step, one.attempt)  # type: ignore[attr-defined]  # what `extra` gave
        for one in caplog.records
    ]
    assert told == [
        ("order", "42", "make_payment", 1),
        ("order", "43", "make_payment", 1),
    ]


WITHOUT = """\
import sys
sys.modules["opentelemetry"] = None
import order_saga
from world import World, paid
from sagadsl.runtime import Driver, open_store
with open_store(sys.argv[1]) as store, Driver(order_saga, World(), store) as driver:
    paid(driver, "42")
    print(sorted(name for name in sys.modules if name.startswith("opentelemetry")))
"""


def test_without_the_api_all_goes_on(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, f"sqlite:///{tmp_path}/orders.db"],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout.decode().replace("'", '"')) == ["opentelemetry"]
