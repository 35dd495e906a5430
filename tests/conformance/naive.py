"""The errand as one writes it by hand for each engine: a step for each action.

It follows the samples of the engines: steps in a row, and in an `except` what takes
back those that were done. There is no intent, and nothing is asked after a crash.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import restate
from served import OnRestate, Worker

from sagadsl.runtime import Outcome, Result

FORWARD = ("pay", "pack", "send", "tell")
UNDO = {"pay": "refund", "pack": "unpack"}


class Told:
    """What a handler of the script reads of its context."""

    def __init__(self, aggregate: str, handler: str) -> None:
        self.aggregate_id = aggregate
        self.idempotency_key = f"errand/{aggregate}/{handler}/{handler}"


class AskedOnDbos:
    """Starts a workflow of DBOS, and looks whether it has ended."""

    def __init__(self, workflow: Callable[[str], str]) -> None:
        self.workflow = workflow

    def start(self, aggregate_id: str) -> Result:
        """Start it, once for each id."""
        from dbos import DBOS, SetWorkflowID

        with SetWorkflowID(aggregate_id):
            DBOS.start_workflow(self.workflow, aggregate_id)
        return Result(Outcome.ACCEPTED)

    def look(self, aggregate_id: str) -> Result:
        """Whether it has ended, and how."""
        from dbos import DBOS

        status = DBOS.get_workflow_status(aggregate_id)
        if status is None:
            return Result(Outcome.UNKNOWN)
        if status.status in ("PENDING", "ENQUEUED", "DELAYED"):
            return Result(Outcome.ACCEPTED)
        return Result(Outcome.REFUSED, f"errand ended as {status.output}")


class NaiveDbos(Worker):
    """The errand on DBOS."""

    def begin(self) -> None:
        from dbos import DBOS, DBOSConfig

        config: DBOSConfig = {
            "name": "naive",
            "system_database_url": self.options["url"],
            "application_version": "1",
            "executor_id": "w",
            "log_level": "CRITICAL",
            "notification_listener_polling_interval_sec": 0.01,
        }
        DBOS(config=config)
        handlers = self.handlers["errand"]

        def step_of(handler: str) -> Callable[[str], None]:
            def step(aggregate: str) -> None:
                getattr(handlers, handler)(Told(aggregate, handler))

            return DBOS.step(name=handler)(step)

        steps = {name: step_of(name) for name in (*FORWARD, *UNDO.values())}

        @DBOS.workflow(name="errand")
        def errand(aggregate: str) -> str:
            done = []
            try:
                for name in FORWARD:
                    steps[name](aggregate)
                    done.append(name)
            except Exception:  # noqa: BLE001  as the samples have it
                for name in reversed(done):
                    if name in UNDO:
                        steps[UNDO[name]](aggregate)
                return "compensated"
            return "told"

        self.asked["errand"] = AskedOnDbos(errand)
        DBOS.launch()


class NaiveRestate(OnRestate):
    """The errand on Restate."""

    def services_of(self, name: str, http: Any) -> list[Any]:
        handlers = self.handlers[name]
        workflow = restate.Workflow("naive")

        @workflow.main()
        async def run(ctx: restate.WorkflowContext, given: dict[str, Any]) -> str:
            del given
            done: list[str] = []
            key = ctx.key()
            try:
                for handler in FORWARD:
                    told = Told(key, handler)
                    call = partial(asyncio.to_thread, getattr(handlers, handler), told)
                    await ctx.run_typed(handler, call)
                    done.append(handler)
            except restate.TerminalError:
                return "compensated"
            return "told"

        class Asked:
            async def start(self, aggregate_id: str) -> Result:
                path = f"naive/{aggregate_id}/run/send"
                (await http.post(path, json={}, timeout=None)).raise_for_status()
                return Result(Outcome.ACCEPTED)

            async def look(self, aggregate_id: str) -> Result:
                path = f"restate/workflow/naive/{aggregate_id}/output"
                answer = await http.get(path, timeout=None)
                if answer.status_code != 200:
                    return Result(Outcome.ACCEPTED)
                return Result(Outcome.REFUSED, f"errand ended as {answer.json()}")

        self.asked[name] = Asked()
        return [workflow]


NAIVE: dict[str, type[Worker]] = {
    "naive-dbos": NaiveDbos,
    "naive-restate": NaiveRestate,
}
