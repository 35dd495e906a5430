"""A workflow of the service that asks processes on DBOS."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import order_saga
import pytest
from dbos import DBOS, SetWorkflowID, WorkflowHandle
from dbos._debug_trigger import DebugAction, DebugTriggers
from world import World

from sagadsl.engines.dbos import DbosSaga, config

pytestmark = pytest.mark.slow


@pytest.fixture
def orders(tmp_path: Path) -> Iterator[DbosSaga]:
    """Orders on DBOS, which is yet to be launched."""
    DBOS.destroy(destroy_registry=True)
    begin(tmp_path)
    yield DbosSaga(order_saga, World())
    DBOS.destroy(destroy_registry=True)


def begin(folder: Path) -> None:
    """Begin as a worker."""
    url = f"sqlite:///{folder}/shop.db"
    DBOS(config=config("shop", url, "shop-1", log_level="CRITICAL"))


def test_a_workflow_that_runs_again_asks_the_same(
    orders: DbosSaga, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker dies between what it asks and what it hears."""

    @DBOS.workflow()
    def checked_out(order: str) -> list[str]:
        asked = orders.start(order), orders.fire(order, "check_out", "user")
        return [result.outcome for result in asked]

    def die(*_: object, **__: object) -> None:
        raise asyncio.CancelledError

    DBOS.launch()
    with monkeypatch.context() as dying, SetWorkflowID("checked out"):
        dying.setattr(DBOS, "get_event", die)
        with pytest.raises(asyncio.CancelledError):
            checked_out("42")
    DBOS.destroy()
    begin(tmp_path)
    DBOS.launch()
    handle: WorkflowHandle[list[str]] = DBOS.retrieve_workflow("checked out")
    assert handle.get_result() == ["accepted", "accepted"]


def test_what_is_stored_as_its_start_fails_is_run(
    orders: DbosSaga, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be under way, and wait for a worker that begins anew."""
    monkeypatch.setattr("sagadsl.engines.dbos_run.PAUSE", 0.2)
    broken = DebugAction(exception_to_throw=OSError("the disk says nothing"))
    stored = DebugTriggers.DEBUG_TRIGGER_INITWF_COMMIT
    DBOS.launch()
    DebugTriggers.set_debug_trigger(stored, broken)
    try:
        with pytest.raises(OSError, match="the disk says nothing"):
            orders.start("42")
    finally:
        DebugTriggers.clear_debug_triggers()
    assert orders.start("42").outcome == "already done"
    assert orders.fire("42", "check_out", "user").accepted


def test_what_was_started_again_goes_on_by_that(
    orders: DbosSaga, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was stored at first: to resume it would take it from who runs it."""
    monkeypatch.setattr("sagadsl.engines.dbos_run.PAUSE", 0.2)
    resume, resumed = DBOS.resume_workflow_async, list[str]()

    async def note(workflow: str) -> object:
        resumed.append(workflow)
        return await resume(workflow)

    async def fail(*_: object) -> None:
        raise OSError("the disk says nothing")

    monkeypatch.setattr(DBOS, "resume_workflow_async", note)
    DBOS.launch()
    with monkeypatch.context() as failing:
        failing.setattr(DBOS, "start_workflow_async", fail)
        with pytest.raises(OSError, match="the disk says nothing"):
            orders.start("42")
    time.sleep(0.01)  # else it is one start, for all that is stored of it
    assert orders.start("42").accepted
    time.sleep(0.5)
    assert orders.fire("42", "check_out", "user").accepted
    assert resumed == []
