"""Calls on Restate that the server gives to a worker again while they go on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import scenarios
from backends import Process
from restate_server import RestateServer, free_ports, program
from workers import Place, moved, reworded, server

__all__ = ["server"]

pytestmark = pytest.mark.slow


@pytest.fixture
def impatient(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RestateServer]:
    """A server that waits for a tenth of a second where others wait for minutes."""
    for name in ("INACTIVITY", "ABORT"):
        monkeypatch.setenv(f"RESTATE_WORKER__INVOKER__{name}_TIMEOUT", "100ms")
    made = RestateServer(program(), tmp_path)
    made.begin()
    yield made
    made.kill()


def test_another_worker_comes_to_a_call_that_began_late(
    server: RestateServer, tmp_path: Path, aggregate: str
) -> None:
    """It was to be made a minute ago, when no worker was there, and goes on still."""
    words = {"1 second": "5 seconds"}
    modules = reworded(tmp_path, "errand", "restate", words)
    port = str(free_ports(1)[0])
    place = Place("restate", tmp_path, server.options)
    with (
        place.worker(modules) as other,
        place.worker(modules, "b", port=port),
    ):
        errand = Process(other, "errand", aggregate)
        errand.tell("pay", "slow 4")
        url = f"{server.options['ingress']}/errand/{aggregate}/run/send"
        long_ago = time.time_ns() // 1_000_000 - 60_000
        given = {"version": 1, "data": {}, "time": long_ago}
        httpx.post(url, json=given).raise_for_status()
        begun = time.monotonic()
        time.sleep(0.5)
        moved(server, port, place.options["port"])
        server.restart()
        errand.ends("told")
        time.sleep(max(begun + 5 - time.monotonic(), 0))
    scenarios.once(errand, "pay", "pack", "send", "tell")


def test_a_call_may_take_longer_than_the_server_waits(
    impatient: RestateServer, tmp_path: Path, compiled: Path, aggregate: str
) -> None:
    """It would be broken off and made again, without end if it is always as long."""
    place = Place("restate", tmp_path, impatient.options)
    with place.worker(compiled / "v1") as worker:
        trip = Process(worker, "trip", aggregate)
        trip.tell("book_flight", "slow 6", "slow 6")
        scenarios.confirmed(trip)
        trip.held("ready")
        scenarios.home(trip)
    scenarios.once(trip, *scenarios.FORWARD, "depart")


def test_a_call_that_goes_on_is_not_overtaken_by_its_compensation(
    server: RestateServer, tmp_path: Path, compiled: Path, aggregate: str
) -> None:
    """It may be repeated, but not beside itself: the first would end after the undo."""
    place = Place("restate", tmp_path, server.options)
    with place.worker(compiled / "v1") as worker:
        trip = Process(worker, "trip", aggregate)
        trip.tell("book_flight", "slow 4")
        scenarios.confirmed(trip)
        begun = time.monotonic()
        trip.held("slept")
        server.restart()
        trip.held("ready")
        trip.ask("abort")
        trip.ends("compensated")
        time.sleep(max(begun + 4.5 - time.monotonic(), 0))
        scenarios.undone(trip)


def test_a_deadline_is_slept_for_once(
    server: RestateServer, tmp_path: Path, aggregate: str
) -> None:
    """Each pause before a repetition would add a sleep that lasts until the end."""
    words = {
        "aggregate errand_id": "aggregate errand_id\n    expires after 30 days",
        "idempotent": "idempotent, retry 9 times every 1 second",
    }
    modules = reworded(tmp_path, "errand", "restate", words)
    place = Place("restate", tmp_path, server.options)
    with place.worker(modules) as worker:
        errand = Process(worker, "errand", aggregate)
        errand.tell("pack", "fail", "fail", "fail")
        errand.ask("start")
        errand.ends("told")
    query = {"query": "select id from sys_journal where entry_type = 'Command: Sleep'"}
    accept = {"accept": "application/json"}
    admin = server.options["admin"]
    found = httpx.post(f"{admin}/query", json=query, headers=accept).json()["rows"]
    assert len(found) == 1 + 3, "the deadline, and three pauses"
