"""A saga on an engine beside the same written by hand for it: steps in a second.

`python benchmarks/engines.py` prints a table. Each row is of processes of eight steps
whose handlers do nothing, in one worker or two, which are processes of the machine. It
needs the extras `dbos` and `restate`, and npm for the server of Restate.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "conformance"))

STEPS = 8
SAGAS = 100
ROUNDS = 3


def source(how: str) -> str:
    """A saga of a line of steps, all `once` or all `idempotent`."""
    states = "\n".join(f"        s{n}" for n in range(1, STEPS))
    rows = "\n".join(
        f"        s{n} -> s{n + 1} : do_{n} by system" for n in range(STEPS)
    )
    doubt = ", in doubt park" if how == "once" else ""
    actions = "\n".join(f"        do_{n} : {how}{doubt}, no undo" for n in range(STEPS))
    return (
        "saga line {\n    aggregate line_id\n    states {\n        initial s0\n"
        f"{states}\n        final s{STEPS}\n    }}\n"
        f"    transitions {{\n{rows}\n    }}\n"
        f"    actions {{\n{actions}\n    }}\n}}\n"
    )


class Handlers:
    """Handlers of every name, which do nothing."""

    def __getattr__(self, name: str) -> Callable[[Any], None]:
        return lambda _: None


def embedded(saga: ModuleType, url: str, names: list[str], worker: str) -> None:
    """The embedded runtime, on a store in SQLite."""
    from sagadsl.runtime import Driver, open_store

    store = open_store(f"sqlite:///{url}")
    with store, Driver(saga, Handlers(), store, worker=worker) as driver:
        timed(lambda: _embedded(driver, names))


def _embedded(driver: Any, names: list[str]) -> None:
    for name in names:
        driver.start(name)
    while any(driver.look(name).held for name in names[-1:]) or driver.run():
        driver.run()


def ours_on_dbos(saga: ModuleType, url: str, names: list[str], worker: str) -> None:
    """The emitted module, on DBOS with SQLite."""
    from dbos import DBOS

    del saga
    _dbos(url, worker)
    line = importlib.import_module("line_dbos").LineOnDbos(Handlers())
    DBOS.launch()
    timed(lambda: _await(names, line.start, line.workflow_id))


def hand_on_dbos(saga: ModuleType, url: str, names: list[str], worker: str) -> None:
    """A workflow as one writes it for DBOS, with a step for each action."""
    from dbos import DBOS, SetWorkflowID

    del saga
    _dbos(url, worker)
    handlers = Handlers()
    steps = [
        DBOS.step(name=f"do_{n}")(getattr(handlers, f"do_{n}")) for n in range(STEPS)
    ]

    @DBOS.workflow(name="line")
    def line(name: str) -> None:
        for step in steps:
            step(name)

    def start(name: str) -> None:
        with SetWorkflowID(name):
            DBOS.start_workflow(line, name)

    DBOS.launch()
    timed(lambda: _await(names, start, str))


def _dbos(url: str, worker: str) -> None:
    from dbos import DBOS, DBOSConfig

    config: DBOSConfig = {
        "name": "line",
        "system_database_url": f"sqlite:///{url}",
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
        for number in range(STEPS):
            name = f"do_{number}"
            await ctx.run_typed(name, partial(getattr(handlers, name), given))

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
    import hypercorn
    import hypercorn.asyncio
    import restate

    config = hypercorn.Config()
    config.bind = [f"127.0.0.1:{at['port']}"]
    config.errorlog = None
    end = asyncio.Event()
    app: Any = restate.app(services)
    serve = hypercorn.asyncio.serve(app, config, shutdown_trigger=end.wait)
    served = asyncio.create_task(serve)
    await asyncio.sleep(0.5)
    async with httpx.AsyncClient(base_url=at["ingress"], timeout=None) as http:
        uri = {"uri": f"http://127.0.0.1:{at['port']}", "force": True}
        (await http.post(f"{at['admin']}/deployments", json=uri)).raise_for_status()
        print("ready", flush=True)
        sys.stdin.readline()
        begun = time.perf_counter()

        async def one(name: str) -> None:
            path = f"{service}/{name}/run"
            (await http.post(path, json=given)).raise_for_status()

        await asyncio.gather(*map(one, names))
        print(time.perf_counter() - begun, flush=True)
    end.set()
    await served


def timed(work: Callable[[], None]) -> None:
    """Say when it is ready, begin when told to, and say how long it took."""
    print("ready", flush=True)
    sys.stdin.readline()
    begun = time.perf_counter()
    work()
    print(time.perf_counter() - begun, flush=True)


KINDS = {
    "embedded": embedded,
    "DBOS": ours_on_dbos,
    "DBOS, by hand": hand_on_dbos,
    "Restate": ours_on_restate,
    "Restate, by hand": hand_on_restate,
}


def measured(kind: str, modules: Path, url: str, workers: int, run: str) -> float:
    """How many steps a second so many workers take together."""
    share = SAGAS // workers
    children = []
    for worker in range(workers):
        names = [f"{run}-{worker}-{number}" for number in range(share)]
        words = [kind, str(modules), url, json.dumps(names), f"w{worker}"]
        children.append(
            subprocess.Popen(
                [sys.executable, __file__, *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        assert children[-1].stdout
        assert children[-1].stdout.readline(), f"{kind} does not begin"
    for child in children:
        assert child.stdin
        child.stdin.write("go\n")
        child.stdin.flush()
    times = [float(child.stdout.readline()) for child in children if child.stdout]
    for child in children:
        child.communicate()
    return workers * share * STEPS / max(times)


def rows(
    folder: Path, restate: dict[str, str]
) -> Iterator[tuple[str, str, int, float]]:
    """Kind, how, workers and the best of some rounds of each."""
    runs = itertools.count()
    for how in ("idempotent", "once"):
        modules = folder / how
        modules.mkdir()
        (modules / "line.saga").write_text(source(how))
        words = ["build", "line.saga", "--target", "py,dbos,restate"]
        subprocess.run(
            [sys.executable, "-m", "sagadsl", *words],
            cwd=modules,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        for kind, workers in itertools.product(KINDS, (1, 2)):
            if kind.startswith("Restate") and workers > 1:
                continue  # one address is called, whoever listens there
            found = []
            for _ in range(ROUNDS):
                run = f"r{next(runs)}"
                place = json.dumps(restate) if "Restate" in kind else folder / run
                found.append(measured(kind, modules, str(place), workers, run))
            yield kind, how, workers, sorted(found)[len(found) // 2]


def main() -> None:
    """The table, or one worker of it."""
    if sys.argv[1:]:
        kind, modules, url, names, worker = sys.argv[1:]
        sys.path.insert(0, modules)
        saga = importlib.import_module("line_saga")
        KINDS[kind](saga, url, json.loads(names), worker)
        return
    from restate_server import RestateServer, program

    with tempfile.TemporaryDirectory() as place:
        server = RestateServer(program(), Path(place))
        server.begin()
        print("| backend | steps are | workers | sagas/s | steps/s |")
        print("|---|---|---|---|---|")
        for kind, how, workers, speed in rows(Path(place), server.options):
            sagas = f"{speed / STEPS:,.0f}"
            print(
                f"| {kind} | {how} | {workers} | {sagas} | {speed:,.0f} |", flush=True
            )
        server.kill()


if __name__ == "__main__":
    main()
