"""One worker of one backend, asked line by line: the process that is killed.

`served.py BACKEND FOLDER MODULES OPTIONS` imports the compiled sagas from a folder.
Each line of its input asks something, each line of its output says what came of it.
"""

# ruff: noqa: T201  it talks to who asks
from __future__ import annotations

import asyncio
import importlib
import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from backends import PATIENCE
from script import Script, Scripted

from sagadsl.runtime import Driver, Result, open_store


class Asked(Protocol):
    """Whoever is asked to start processes, and about them; async if an engine is."""

    def start(self, aggregate_id: str) -> Any:
        """Start a process."""

    def look(self, aggregate_id: str) -> Any:
        """Where it stands."""


class Worker:
    """The sagas of one backend at work; `options` say where the backend is."""

    def __init__(self, script: Script, options: dict[str, str]) -> None:
        self.options = options
        self.name = options.get("worker", "w")
        names = [path.stem for path in Path(self.options["modules"]).glob("*_saga.py")]
        found = {name: importlib.import_module(name) for name in sorted(names)}
        self.modules = {module.NAME: module for module in found.values()}
        self.handlers = {
            name: Scripted(script, module.Failed)
            for name, module in self.modules.items()
        }
        self.asked: dict[str, Asked] = {}
        self.begin()

    def begin(self) -> None:
        """Take up the work."""
        raise NotImplementedError

    def end(self) -> None:
        """Let the work be."""

    def emitted(self, engine: str, name: str, suffix: str) -> Callable[..., Any]:
        """What a module for an engine has for a saga."""
        module = importlib.import_module(f"{name}_{engine}")
        made: Callable[..., Any] = getattr(module, f"{name.capitalize()}{suffix}")
        return made

    def ask(self, saga: str, word: str, given: dict[str, Any]) -> Result:
        """Ask, and wait for what comes of it."""
        result: Result = getattr(self.asked[saga], word)(**given)
        return result


class Embedded(Worker):
    """The embedded runtime, on the store at `url`."""

    def begin(self) -> None:
        store = open_store(self.options["url"])
        for name, module in self.modules.items():
            driver = Driver(
                module, self.handlers[name], store, worker=self.name, threads=4, lease=2
            )
            self.asked[name] = driver
            given = (threading.Event(), 64, 0.02)
            threading.Thread(target=driver.serve, args=given, daemon=True).start()


class OnDbos(Worker):
    """DBOS, on the database at `url`; it is destroyed at the end, if that is told."""

    def begin(self) -> None:
        from dbos import DBOS

        from sagadsl.engines.dbos import config

        told = config(
            "conformance",
            self.options["url"],
            self.name,
            log_level="CRITICAL",
            notification_listener_polling_interval_sec=0.01,
        )
        DBOS(config=told)
        for name, handlers in self.handlers.items():
            self.asked[name] = self.emitted("dbos", name, "OnDbos")(handlers)
        DBOS.launch()

    def end(self) -> None:
        from dbos import DBOS

        if "destroy" in self.options:
            DBOS.destroy()


class Loop(Worker):
    """A backend that is asked from a loop."""

    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.await_(self.connect())

    async def connect(self) -> None:
        """Take up the work."""
        raise NotImplementedError

    def await_(self, wanted: Coroutine[Any, Any, Any]) -> Any:
        """What is awaited."""
        return asyncio.run_coroutine_threadsafe(wanted, self.loop).result()

    def ask(self, saga: str, word: str, given: dict[str, Any]) -> Result:
        asked = getattr(self.asked[saga], word)

        async def waited() -> Result:
            result: Result = await asked(**given)
            return result

        made: Result = self.await_(waited())
        return made


class OnRestate(Loop):
    """Restate, by its `ingress` and `admin`; this worker listens on `port`, as others
    may that know the same.
    """

    async def connect(self) -> None:
        import httpx
        import hypercorn
        import hypercorn.asyncio
        import restate

        services = []
        http = httpx.AsyncClient(base_url=self.options["ingress"])
        for name in self.modules:
            services += self.services_of(name, http)
        config = hypercorn.Config()
        address = "127.0.0.1", int(self.options["port"])
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.socket.bind(address)
        config.bind = [f"fd://{self.socket.fileno()}"]
        config.errorlog = None
        config.keep_alive_max_requests = 2**31
        never: asyncio.Future[None] = self.loop.create_future()
        serve = hypercorn.asyncio.serve(
            restate.app(services), config, shutdown_trigger=lambda: never
        )
        self.served = self.loop.create_task(serve)
        given = {"uri": "http://{}:{}".format(*address), "force": True}
        while not self.served.done():
            admin = f"{self.options['admin']}/deployments"
            answer = await http.post(admin, json=given, timeout=60)
            if answer.is_success:
                return
            await asyncio.sleep(0.1)
        await self.served

    def ask(self, saga: str, word: str, given: dict[str, Any]) -> Result:
        """Ask, and ask again while the server is gone."""
        from httpx import TransportError

        end = time.monotonic() + PATIENCE
        while True:
            try:
                return super().ask(saga, word, given)
            except TransportError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def services_of(self, name: str, http: Any) -> list[Any]:
        """What a worker serves of a saga; `http` leads to the ingress."""
        made = self.emitted("restate", name, "OnRestate")(self.handlers[name])
        self.asked[name] = self.emitted("restate", name, "Client")(http)
        return list(made.services)


class OnTemporal(Loop):
    """Temporal, at `address`; a worker is held to be dead after a second."""

    async def connect(self) -> None:
        from temporalio.client import Client
        from temporalio.runtime import Runtime, TelemetryConfig

        from sagadsl.engines.temporal import SagaWorkflow

        SagaWorkflow.heartbeat = timedelta(seconds=1)
        quiet = Runtime(telemetry=TelemetryConfig(logging=None))  # it logs to stdout
        client = await Client.connect(self.options["address"], runtime=quiet)
        self.workers = []
        for name, handlers in self.handlers.items():
            self.asked[name] = self.emitted("temporal", name, "Client")(client)
            worker = self.emitted("temporal", name, "OnTemporal")(handlers)
            self.workers.append(self.loop.create_task(worker.worker(client).run()))


BACKENDS: dict[str, type[Worker]] = {
    "embedded": Embedded,
    "dbos": OnDbos,
    "restate": OnRestate,
    "temporal": OnTemporal,
}


def main(backend: str, folder: str, modules: str, options: str) -> None:
    """Answer line after line, until the input ends."""
    sys.path.insert(0, modules)
    if backend.startswith("naive"):
        from naive import NAIVE

        BACKENDS.update(NAIVE)
    given = {**json.loads(options), "modules": modules}
    worker = BACKENDS[backend](Script(Path(folder)), given)
    print("ready", flush=True)
    for line in sys.stdin:
        saga, word, given = json.loads(line)
        result = worker.ask(saga, word, given)
        held = [str(state) for state in result.held]
        print(json.dumps([result.outcome, result.reason, held]), flush=True)
    worker.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
