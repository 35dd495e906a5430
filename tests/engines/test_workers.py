"""Several workers of one engine, and a server that is killed: what the docs promise."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import scenarios
from backends import Backend, Process
from kill_loop import loop, placed
from restate_server import RestateServer, free_ports, program

pytestmark = pytest.mark.slow
SQLITE = "sqlite:///{folder}/store.db"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RestateServer]:
    """A server of Restate that may be killed."""
    home = tmp_path / "restate"
    home.mkdir()
    made = RestateServer(program(), home)
    made.begin()
    yield made
    made.kill()


@contextmanager
def worker(
    folder: Path, modules: Path, options: dict[str, str], kind: str = "restate"
) -> Iterator[Backend]:
    """A worker that ends with the test."""
    made = Backend(kind, folder, modules, options)
    made.begin()
    try:
        yield made
    finally:
        made.kill()


def two_workers(
    kind: str, server: RestateServer, folder: Path
) -> tuple[dict[str, str], dict[str, str]]:
    """The options of two workers on one place, each with an address of its own."""
    options = server.options
    if kind != "restate":
        options = {"url": SQLITE.format(folder=folder)}
    port = str(free_ports(1)[0])
    return {**options, "worker": "a"}, {**options, "worker": "b", "port": port}


def restarted(server: RestateServer) -> None:
    server.kill()
    server.begin()


@pytest.mark.parametrize("on", ["embedded", "dbos", "dbos-postgres", "restate"])
def test_one_worker_is_killed_beside_another(
    on: str, server: RestateServer, postgres_url: str
) -> None:
    kind = on.removesuffix("-postgres")
    url = SQLITE if kind == on else postgres_url
    options = server.options if kind == "restate" else {"url": url}
    with placed(kind, {**options, "worker": "a"}) as first:
        given = {**first.options, "worker": "b"}
        with worker(first.folder, first.modules, given, kind) as second:
            tally = loop(first, sagas=40, kills=10, seed=3, beside=second)
    assert tally.kills > 5
    assert (tally.twice, tally.lost, tally.unfinished) == (0, 0, 0)


def test_server_is_killed_during_a_call(
    server: RestateServer, tmp_path: Path, compiled: Path, aggregate: str
) -> None:
    """What the worker does meanwhile is not done again: its probe tells of it."""
    with worker(tmp_path, compiled / "v1", server.options) as backend:
        trip = Process(backend, "trip", aggregate)
        trip.tell("pay", "slow 0.8")
        trip.ask("start")
        trip.ask("fire", "confirm", by="user")
        time.sleep(0.3)
        restarted(server)
        trip.held("ready")
        scenarios.home(trip)
        scenarios.once(trip, *scenarios.FORWARD, "depart")


def test_server_is_killed_while_an_event_is_waited_for(
    server: RestateServer, tmp_path: Path, compiled: Path, aggregate: str
) -> None:
    with worker(tmp_path, compiled / "v1", server.options) as backend:
        trip = Process(backend, "trip", aggregate)
        scenarios.ready(trip)
        restarted(server)
        scenarios.home(trip)
        scenarios.once(trip, *scenarios.FORWARD, "depart")


def test_server_is_killed_while_a_timer_runs(
    server: RestateServer, tmp_path: Path, compiled: Path, aggregate: str
) -> None:
    with worker(tmp_path, compiled / "v1", server.options) as backend:
        hold = Process(backend, "hold", aggregate)
        hold.ask("start")
        hold.ask("fire", "take", by="user")
        hold.held("held")
        restarted(server)
        hold.until(lambda answer: answer.held == ["warned"] or answer.end)
        restarted(server)
        hold.ends("expired")
        assert set(hold.effects) == {"take", "release"}


@pytest.mark.parametrize("kind", ["embedded", "dbos", "restate"])
def test_workers_of_two_versions(
    kind: str, server: RestateServer, tmp_path: Path, compiled: Path, aggregate: str
) -> None:
    """Each process keeps its version, whichever of the workers is asked about it."""
    older, newer = two_workers(kind, server, tmp_path)
    with worker(tmp_path, compiled / "v1", older, kind) as old:
        scenarios.ready(Process(old, "trip", f"{aggregate}-1"))
        with worker(tmp_path, compiled / "v2", newer, kind) as new:
            first = Process(new, "trip", f"{aggregate}-1")
            second = Process(new, "trip", f"{aggregate}-2")
            assert first.ask("start").outcome == "already done"
            second.ask("start")
            second.ask("fire", "confirm", by="user")
            second.held("insured")
            scenarios.home(first)
            scenarios.home(second)
    scenarios.once(first, *scenarios.FORWARD, "depart")
    scenarios.once(second, *scenarios.FORWARD, "insure", "depart")


def test_newer_deployment_takes_over(
    server: RestateServer, tmp_path: Path, compiled: Path, aggregate: str
) -> None:
    """A deployment is gone: what it had goes on at another, by its own version."""
    newer = {**server.options, "port": str(free_ports(1)[0])}
    with worker(tmp_path, compiled / "v1", server.options) as old:
        scenarios.ready(Process(old, "trip", aggregate))
    with worker(tmp_path, compiled / "v2", newer) as new:
        trip = Process(new, "trip", aggregate)
        moved(server, server.options["port"], newer["port"])
        scenarios.home(trip)
    scenarios.once(trip, *scenarios.FORWARD, "depart")


def test_older_worker_leaves_newer_processes_alone(
    tmp_path: Path, compiled: Path, aggregate: str
) -> None:
    """A release is taken back for a while: what it moved is not lost on DBOS."""
    given = {"url": SQLITE.format(folder=tmp_path), "worker": "a"}
    with worker(tmp_path, compiled / "v2", given, "dbos") as new:
        begun = Process(new, "trip", f"{aggregate}-2")
        begun.ask("start")
        begun.ask("fire", "confirm", by="user")
        begun.held("insured")
    with worker(tmp_path, compiled / "v1", given, "dbos") as old:
        trip = Process(old, "trip", f"{aggregate}-1")
        scenarios.ready(trip)
        old.replace(compiled / "v2")
        trip.ask("upgrade")
        trip.held("insured")
    with worker(tmp_path, compiled / "v1", given, "dbos"):
        time.sleep(1)
    with worker(tmp_path, compiled / "v2", given, "dbos") as new:
        for number in (1, 2):
            trip = Process(new, "trip", f"{aggregate}-{number}")
            trip.held("insured")
            scenarios.home(trip)
            scenarios.once(trip, *scenarios.FORWARD, "insure", "depart")


def moved(server: RestateServer, port: str, to: str) -> None:
    """Tell the server that the deployment of a port is found at another."""
    deployments = f"{server.options['admin']}/deployments"
    with urllib.request.urlopen(deployments) as answer:
        (old,) = [
            one["id"]
            for one in json.load(answer)["deployments"]
            if f":{port}/" in one["uri"]
        ]
    body = json.dumps({"uri": f"http://127.0.0.1:{to}"}).encode()
    headers = {"content-type": "application/json"}
    url = f"{deployments}/{old}"
    request = urllib.request.Request(url, body, headers, method="PATCH")
    urllib.request.urlopen(request).close()


@pytest.mark.parametrize("kind", ["dbos", "restate"])
def test_upgrade_waits_for_the_older_worker_to_go(
    kind: str, server: RestateServer, tmp_path: Path, compiled: Path, aggregate: str
) -> None:
    """A worker refuses a version that it does not know, and the newer remembers it."""
    older, newer = two_workers(kind, server, tmp_path)
    with worker(tmp_path, compiled / "v1", older, kind) as old:
        scenarios.ready(Process(old, "trip", aggregate))
        with worker(tmp_path, compiled / "v2", newer, kind) as new:
            refused = Process(new, "trip", aggregate).ask("upgrade")
    assert refused.outcome == "refused"
    assert refused.reason == "trip has no version 2"
    newer["worker"] = "a"
    with worker(tmp_path, compiled / "v2", newer, kind) as new:
        trip = Process(new, "trip", aggregate)
        if kind == "restate":
            moved(server, server.options["port"], newer["port"])
        assert trip.ask("look").held == ["ready"]
        assert trip.ask("upgrade").outcome == "accepted"
        trip.held("insured")
        scenarios.home(trip)
    scenarios.once(trip, *scenarios.FORWARD, "insure", "depart")
