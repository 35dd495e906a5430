"""Errors of a database that DBOS does not try again by itself."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg
import pytest
import scenarios
from backends import Process
from workers import Place, place

__all__ = ["place"]
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("place", ["dbos-postgres"], indirect=True)
def test_a_process_outlives_what_a_database_refuses(
    place: Place, compiled: Path, aggregate: str
) -> None:
    """DBOS would write that it has failed, and nothing would be compensated."""
    url = place.options["url"]
    hasty = f"{url}&options=-c%20statement_timeout%3D500"
    with place.worker(compiled / "v1", url=hasty) as worker:
        trip = Process(worker, "trip", aggregate)
        trip.tell("pay", "slow 0.5")
        trip.ask("start")
        trip.ask("fire", "confirm", by="user")
        with psycopg.connect(url) as database:
            database.execute("LOCK TABLE dbos.operation_outputs")
            time.sleep(2)
        trip.held("ready")
        scenarios.home(trip)
        scenarios.once(trip, *scenarios.FORWARD, "depart")
        assert worker.kills == 0
