"""A worker of the SDK, and whoever asks it, on the double of the Temporal service."""

from __future__ import annotations

import asyncio
import importlib
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporal_execution import Execution
from temporal_service import TemporalService
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import Replayer
from world import World

from sagadsl.driver import compile_saga, release_text
from sagadsl.emit.engines import emit_engine
from sagadsl.emit.python import emit_python
from sagadsl.engines.temporal import SagaWorkflow
from sagadsl.runtime import Result

HERE = Path(__file__).parent
BOOKING = (HERE / "booking.saga").read_text(encoding="utf-8")
# A step more, before `ready`: what makes version 2.
INSURED = (
    ("        ready\n", "        insured\n        ready\n"),
    (
        "-> ready              : join   by system",
        "-> insured : join by system\ninsured -> ready : insure by system",
    ),
    ("recall : idem", "insure : idempotent, no undo\nrecall : idem"),
)
PATIENCE = 30.0  # seconds until what must come has not come


def build(folder: Path, *edits: tuple[str, str], text: str = BOOKING) -> None:
    """Write the modules of a saga `booking`; with edits, those of two versions."""
    pinned, findings = compile_saga("booking.saga", text.encode(), None)
    assert pinned, findings
    lock = release_text(pinned)
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    pinned, findings = compile_saga("booking.saga", text.encode(), lock)
    assert pinned, findings
    folder.mkdir(exist_ok=True)
    (folder / "booking_saga.py").write_text(emit_python(pinned), "utf-8")
    emitted = emit_engine(pinned, "temporal")
    (folder / "booking_temporal.py").write_text(emitted, "utf-8")


class Bench:
    """A worker with handlers that do as told, and a client of it."""

    def __init__(self, service: TemporalService) -> None:
        self.service = service
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.world = World()
        self.client = self.wait(Client.connect(service.address, identity="bench"))
        self.worker: Any = None

    def wait(self, wanted: Coroutine[Any, Any, Any]) -> Any:
        """What is awaited."""
        return asyncio.run_coroutine_threadsafe(wanted, self.loop).result(PATIENCE)

    def work(self, folder: Path) -> None:
        """Have a worker that knows the modules in a folder."""
        self.stop()
        self.folder = str(folder)
        sys.path.insert(0, self.folder)  # the sandbox imports it for each workflow
        for name in ("booking_saga", "booking_temporal"):
            sys.modules.pop(name, None)
        module = importlib.import_module("booking_temporal")
        self.world.failed = sys.modules["booking_saga"].Failed
        self.module = module
        self.front = module.BookingClient(self.client)

        async def begin() -> None:
            self.worker = module.BookingOnTemporal(self.world).worker(self.client)
            self.running = asyncio.create_task(self.worker.run())

        self.wait(begin())

    def stop(self) -> None:
        """Shut the worker down, if there is one."""
        if self.worker is not None:
            self.wait(self.worker.shutdown())
            sys.path.remove(self.folder)
            self.worker = None

    def ask(self, word: str, booking: str, *given: Any, **named: Any) -> Result:
        """Ask, and wait for what comes of it."""
        return self.later(word, booking, *given, **named).result(PATIENCE)

    def later(
        self, word: str, booking: str, *given: Any, **named: Any
    ) -> Future[Result]:
        """Ask, and do not wait."""
        asked = getattr(self.front, word)

        async def waited() -> Result:
            result: Result = await asked(booking, *given, **named)
            return result

        return asyncio.run_coroutine_threadsafe(waited(), self.loop)

    def late(self, handler: str) -> None:
        """Have the next call of a handler happen, and come back after its timeout."""

        def act(_: object) -> None:
            self.world.effects[handler] += 1
            time.sleep(1.5)

        self.world.tell(handler, act)

    def together(self, word: str, bookings: Sequence[str], *given: Any) -> None:
        """Ask the same of many."""
        asked = getattr(self.front, word)

        async def waited() -> None:
            await asyncio.gather(*(asked(one, *given) for one in bookings))

        self.wait(waited())

    def until(self, true: Callable[[], Any]) -> None:
        """Wait until something is so."""
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end
            time.sleep(0.02)

    def held(self, booking: str, *states: str) -> None:
        """Wait until a booking stands in these states."""
        self.until(lambda: self.ask("look", booking).held == states)

    def ends(self, booking: str, outcome: str) -> None:
        """Wait until a booking has ended, and see how."""
        self.until(lambda: not self.ask("look", booking).accepted)
        reason = f"booking {booking} ended as {outcome}"
        assert self.ask("look", booking).reason == reason

    def unlike(self, history: WorkflowHistory) -> Exception | None:
        """Why the workflow of the worker's modules does not replay a history."""

        async def replay() -> Exception | None:
            replayer = Replayer(workflows=[self.module.BookingV1])
            result = await replayer.replay_workflow(
                history, raise_on_replay_failure=False
            )
            return result.replay_failure

        found: Exception | None = self.wait(replay())
        return found

    def execution(self, booking: str) -> Execution:
        """What the service keeps of a booking."""
        return self.service.servicer.executions[f"booking/{booking}"]

    def history(self, booking: str) -> WorkflowHistory:
        """The history of a booking."""
        events = list(self.execution(booking).history)
        return WorkflowHistory(f"booking/{booking}", events)


@pytest.fixture(scope="module")
def temporal() -> Iterator[TemporalService]:
    service = TemporalService()
    yield service
    service.close()


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("booking")
    build(folder)
    return folder


@pytest.fixture
def bench(
    temporal: TemporalService, modules: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bench]:
    monkeypatch.setattr(SagaWorkflow, "heartbeat", timedelta(seconds=1))
    made = Bench(temporal)
    made.work(modules)
    yield made
    made.stop()
    made.loop.call_soon_threadsafe(made.loop.stop)
