"""Several workers of one engine, and a server that is killed: what the docs promise."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import scenarios
from backends import Backend, Process
from kill_loop import loop, placed
from restate_server import RestateServer
from workers import Place, place, server

__all__ = ["place", "server"]

pytestmark = pytest.mark.slow
PLACES = ("embedded", "embedded-postgres", "dbos", "dbos-postgres", "restate")


@pytest.fixture
def worker(server: RestateServer, tmp_path: Path, compiled: Path) -> Iterator[Backend]:
    """A worker on the server that is killed."""
    with Place("restate", tmp_path, server.options).worker(compiled / "v1") as made:
        yield made


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_one_worker_is_killed_beside_another(place: Place) -> None:
    with placed(place.kind, {**place.options, "worker": "a"}) as first:
        beside = Place(place.kind, first.folder, first.options)
        with beside.worker(first.modules, "b") as second:
            tally = loop(first, sagas=40, kills=10, seed=3, beside=second)
    assert tally.kills > 5
    assert (tally.twice, tally.lost, tally.unfinished) == (0, 0, 0)


@pytest.mark.parametrize("place", ["restate"], indirect=True)
def test_the_server_of_two_workers_is_killed_during_calls(
    place: Place, server: RestateServer, compiled: Path, aggregate: str
) -> None:
    """The other worker may come to a call under way: its timeout keeps that one off."""
    with (
        place.worker(compiled / "v1") as first,
        place.worker(compiled / "v1", "b") as second,
    ):
        for number in range(6):
            worker = second if number % 2 else first
            trip = Process(worker, "trip", f"{aggregate}-{number}")
            trip.tell("pay", "slow 0.9")
            trip.ask("start")
            trip.ask("fire", "confirm", by="user")
            time.sleep(0.1)
            server.restart()
            trip.held("ready")
            scenarios.home(trip)
            scenarios.once(trip, *scenarios.FORWARD, "depart")


@pytest.mark.parametrize("place", ["dbos"], indirect=True)
def test_a_process_outlives_any_number_of_workers(
    place: Place, compiled: Path, aggregate: str
) -> None:
    """DBOS of itself gives up a workflow that was recovered a hundred times."""
    with place.worker(compiled / "v1") as worker:
        trip = Process(worker, "trip", aggregate)
        scenarios.ready(trip)
        worker.kill()
        with sqlite3.connect(place.folder / "store.db") as database:
            database.execute("UPDATE workflow_status SET recovery_attempts = 1000")
        scenarios.home(trip)
        scenarios.once(trip, *scenarios.FORWARD, "depart")


@pytest.mark.parametrize("options", [{}, {"destroy": "yes"}])
@pytest.mark.parametrize("place", ["dbos"], indirect=True)
def test_a_worker_that_ends_leaves_its_processes_to_the_next(
    place: Place, compiled: Path, aggregate: str, options: dict[str, str]
) -> None:
    """DBOS would write that they have failed, and nothing would be compensated."""
    with place.worker(compiled / "v1", **options) as worker:
        waits = Process(worker, "trip", f"{aggregate}-1")
        scenarios.ready(waits)
        works = Process(worker, "trip", f"{aggregate}-2")
        works.tell("book_flight", "slow 0.6")
        works.ask("start")
        works.ask("fire", "confirm", by="user")
        works.held("slept")
        worker.end()
        for trip in (waits, works):
            trip.held("ready")
            scenarios.home(trip)
            once = [one for one in trip.effects if one != "book_flight"]
            assert sorted(once) == ["book_hotel", "depart", "pay"]


@pytest.mark.skipif(not Path("/proc").exists(), reason="it counts threads there")
@pytest.mark.parametrize("place", ["dbos"], indirect=True)
def test_a_process_that_waits_takes_no_thread_on_dbos(
    place: Place, compiled: Path, aggregate: str
) -> None:
    with place.worker(compiled / "v1") as worker:
        for number in range(60):
            Process(worker, "trip", f"{aggregate}-{number}").ask("start")
        assert worker.child is not None
        assert len([*Path(f"/proc/{worker.child.pid}/task").iterdir()]) < 60


def test_server_is_killed_during_a_call(
    server: RestateServer, worker: Backend, aggregate: str
) -> None:
    """What the worker does meanwhile is not done again: its probe tells of it."""
    trip = Process(worker, "trip", aggregate)
    trip.tell("pay", "slow 0.8")
    trip.ask("start")
    trip.ask("fire", "confirm", by="user")
    time.sleep(0.3)
    server.restart()
    trip.held("ready")
    scenarios.home(trip)
    scenarios.once(trip, *scenarios.FORWARD, "depart")


def test_server_is_killed_during_a_call_without_a_timeout(
    server: RestateServer, worker: Backend, aggregate: str
) -> None:
    """Its worker lives, and knows what comes of the call: nobody has to be asked."""
    trip = Process(worker, "trip", aggregate)
    trip.tell("book_hotel", "slow 2")
    trip.ask("start")
    trip.ask("fire", "confirm", by="user")
    trip.held("flown")
    server.restart()
    trip.held("ready")
    scenarios.home(trip)
    scenarios.once(trip, *scenarios.FORWARD, "depart")


def test_server_is_killed_while_an_event_is_waited_for(
    server: RestateServer, worker: Backend, aggregate: str
) -> None:
    trip = Process(worker, "trip", aggregate)
    scenarios.ready(trip)
    server.restart()
    scenarios.home(trip)
    scenarios.once(trip, *scenarios.FORWARD, "depart")


def test_server_is_killed_while_a_timer_runs(
    server: RestateServer, worker: Backend, aggregate: str
) -> None:
    hold = Process(worker, "hold", aggregate)
    hold.ask("start")
    hold.ask("fire", "take", by="user")
    hold.held("held")
    server.restart()
    hold.until(lambda answer: answer.held == ["warned"] or answer.end)
    server.restart()
    hold.ends("expired")
    assert set(hold.effects) == {"take", "release"}
