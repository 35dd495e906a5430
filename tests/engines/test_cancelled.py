"""An invocation of Restate that is cancelled or killed by its server's admin API."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import scenarios
from backends import Backend, Process
from restate_server import RestateServer
from workers import Place, server

__all__ = ["server"]

pytestmark = pytest.mark.slow


@pytest.fixture
def worker(server: RestateServer, tmp_path: Path, compiled: Path) -> Iterator[Backend]:
    with Place("restate", tmp_path, server.options).worker(compiled / "v1") as made:
        yield made


def stop(server: RestateServer, trip: Process, how: str) -> None:
    """Have the server `cancel` or `kill` the invocation of a process."""
    admin = server.options["admin"]
    wanted = f"target_service_key = '{trip.aggregate}' and target_handler_name = 'run'"
    query = {"query": f"select id from sys_invocation where {wanted}"}
    accept = {"accept": "application/json"}
    found = httpx.post(f"{admin}/query", json=query, headers=accept).json()["rows"]
    url = f"{admin}/invocations/{found[0]['id']}/{how}"
    httpx.patch(url).raise_for_status()


def test_to_cancel_is_to_abort(
    server: RestateServer, worker: Backend, aggregate: str
) -> None:
    """Also where its server dies after it."""
    trip = Process(worker, "trip", aggregate)
    scenarios.ready(trip)
    trip.tell("refund", "slow 0.5")
    stop(server, trip, "cancel")
    time.sleep(0.2)
    server.restart()
    trip.ends("compensated")
    scenarios.undone(trip)


def test_to_cancel_during_a_call_is_to_abort_after_it(
    server: RestateServer, worker: Backend, aggregate: str
) -> None:
    trip = Process(worker, "trip", aggregate)
    trip.tell("pay", "slow 0.6")
    trip.ask("start")
    trip.ask("fire", "confirm", by="user")
    stop(server, trip, "cancel")
    trip.ends("compensated")
    scenarios.once(trip, "pay", "refund")


def test_to_cancel_after_the_pivot_changes_nothing(
    server: RestateServer, worker: Backend, aggregate: str
) -> None:
    trip = Process(worker, "trip", aggregate)
    scenarios.ready(trip)
    trip.ask("fire", "depart", by="user")
    trip.held("travelling")
    stop(server, trip, "cancel")
    stop(server, trip, "cancel")
    trip.ask("fire", "arrive", by="carrier")
    trip.ends("home")
    scenarios.once(trip, *scenarios.FORWARD, "depart")


def test_of_what_was_killed_it_is_told(
    server: RestateServer, worker: Backend, aggregate: str
) -> None:
    """Nobody works on it, and it can do nothing any more."""
    trip = Process(worker, "trip", aggregate)
    scenarios.ready(trip)
    stop(server, trip, "kill")
    for word in ("look", "start"):
        told = trip.ask(word)
        assert told.outcome == "refused"
        assert told.reason == "its invocation has failed: killed"
