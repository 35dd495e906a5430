"""One worker of one engine at work on a line of steps: a process of its own.

`engine_workers.py KIND FOLDER URL NAMES WORKER` imports the compiled saga from a folder
and says when it is ready; told to begin, it says how many seconds it took.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

STEPS = 8
ACTIONS = [f"do_{number}" for number in range(STEPS)]


class Handlers:
    """Handlers of every name, which do nothing."""

    def __getattr__(self, name: str) -> Callable[[Any], None]:
        return lambda _: None


def embedded(saga: ModuleType, url: str, names: list[str], worker: str) -> None:
    """The embedded runtime."""
    from sagadsl.runtime import Driver, open_store

    store = open_store(url)
    with store, Driver(saga, Handlers(), store, worker=worker) as driver:
        timed(lambda: _embedded(driver, names))


def _embedded(driver: Any, names: list[str]) -> None:
    for name in names:
        driver.start(name)
    while any(driver.look(name).held for name in names[-1:]) or driver.run():
        driver.run()


def ours_on_dbos(saga: ModuleType, url: str, names: list[str], worker: str) -> None:
    """The emitted module, on DBOS."""
    from dbos import DBOS

    del saga
    _dbos(url, worker)
    line = importlib.import_module("line_dbos").LineOnDbos(Handlers())
    DBOS.launch()
    timed(lambda: _await(names, line.start, line.workflow_id))


def hand_on_dbos(saga: ModuleType, url: str, names: list[str], worker: str) -> None:
    """A function as one writes it for DBOS, with a step for each action."""
    from dbos import DBOS

    del saga
    _dbos(url, worker)
    steps = [DBOS.step(name=one)(getattr(Handlers(), one)) for one in ACTIONS]

    @DBOS.workflow(name="line")
    def line(name: str) -> None:
        for step in steps:
            step(name)

    DBOS.launch()
    timed(lambda: _await(names, partial(_start, line), str))


def coroutine_on_dbos(
    saga: ModuleType, url: str, names: list[str], worker: str
) -> None:
    """A coroutine as one writes it for DBOS, which no thread waits for."""
    from dbos import DBOS

    del saga
    _dbos(url, worker)
    handlers = Handlers()

    @DBOS.workflow(name="line")
    async def line(name: str) -> None:
        for one in ACTIONS:
            await DBOS.run_step_async({"name": one}, getattr(handlers, one), name)

    DBOS.launch()
    timed(lambda: _await(names, partial(_start, line), str))


def _start(workflow: Callable[[str], Any], name: str) -> None:
    from dbos import DBOS, SetWorkflowID

    with SetWorkflowID(name):
        DBOS.start_workflow(workflow, name)


def _dbos(url: str, worker: str) -> None:
    from dbos import DBOS, DBOSConfig

    config: DBOSConfig = {
        "name": "line",
        "system_database_url": url,
        "executor_id": worker,
        "log_level": "CRITICAL",
        "application_version": "sagadsl-1",
    }
    DBOS(config=config)


def _await(
    names: list[str], start: Callable[[str], Any], known_as: Callable[[str], str]
) -> None:
    from dbos import DBOS

    for name in names:
        start(name)
    for name in names:
        DBOS.retrieve_workflow(known_as(name)).get_result(polling_interval_sec=0.01)


def ours_on_restate(saga: ModuleType, url: str, names: list[str], worker: str) -> None:
    """The emitted module, on Restate."""
    del saga, worker
    made = importlib.import_module("line_restate").LineOnRestate(Handlers())
    given = {"version": 1, "data": {}, "time": time.time_ns() // 1_000_000}
    asyncio.run(_restate(made.services, "line", given, json.loads(url), names))


def hand_on_restate(saga: ModuleType, url: str, names: list[str], worker: str) -> None:
    """A workflow as one writes it for Restate, with a run for each action."""
    import restate

    del saga, worker
    workflow = restate.Workflow("hand")
    handlers = Handlers()

    async def run(ctx: restate.WorkflowContext, given: dict[str, Any]) -> None:
        for one in ACTIONS:
            await ctx.run_typed(one, partial(getattr(handlers, one), given))

    run.__annotations__ = {"ctx": restate.WorkflowContext, "given": dict[str, Any]}
    workflow.main()(run)
    asyncio.run(_restate([workflow], "hand", {}, json.loads(url), names))


async def _restate(
    services: list[Any],
    service: str,
    given: object,
    at: dict[str, str],
    names: list[str],
) -> None:
    import httpx

    end = asyncio.Event()
    served = asyncio.create_task(serve(services, int(at["port"]), end))
    await asyncio.sleep(0.5)
    async with httpx.AsyncClient(base_url=at["ingress"], timeout=None) as http:
        uri = {"uri": f"http://127.0.0.1:{at['port']}", "force": True}
        (await http.post(f"{at['admin']}/deployments", json=uri)).raise_for_status()
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)  # it may be called already
        begun = time.perf_counter()

        async def one(name: str) -> None:
            path = f"{service}/{name}/run"
            (await http.post(path, json=given)).raise_for_status()

        await asyncio.gather(*map(one, names))
        print(time.perf_counter() - begun, flush=True)
        await asyncio.to_thread(
            sys.stdin.readline
        )  # the server may have others call us
    end.set()
    await served


async def serve(services: list[Any], port: int, end: asyncio.Event) -> None:
    """Serve what Restate calls, on a port that workers share."""
    import hypercorn
    import hypercorn.asyncio
    import restate

    shared = socket.socket()
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    shared.bind(("127.0.0.1", port))
    config = hypercorn.Config()
    config.bind = [f"fd://{shared.fileno()}"]
    config.errorlog = None
    config.graceful_timeout = 0.1
    app: Any = restate.app(services)
    await hypercorn.asyncio.serve(app, config, shutdown_trigger=end.wait)


def timed(work: Callable[[], None]) -> None:
    """Say when it is ready, begin when told to, and say how long it took."""
    print("ready", flush=True)
    sys.stdin.readline()
    begun = time.perf_counter()
    work()
    print(time.perf_counter() - begun, flush=True)


KINDS = {
    "embedded": embedded,
    "dbos": ours_on_dbos,
    "dbos by hand": hand_on_dbos,
    "dbos by hand, as a coroutine": coroutine_on_dbos,
    "restate": ours_on_restate,
    "restate by hand": hand_on_restate,
}


def main(kind: str, modules: str, url: str, names: str, worker: str) -> None:
    """Work on the processes of these names."""
    sys.path.insert(0, modules)
    saga = importlib.import_module("line_saga")
    KINDS[kind](saga, url, json.loads(names), worker)


if __name__ == "__main__":
    main(*sys.argv[1:])
