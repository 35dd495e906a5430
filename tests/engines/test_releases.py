"""Workers of two versions: an upgrade, and a release that is taken back."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import scenarios
from backends import Backend, Process
from restate_server import RestateServer, free_ports
from workers import Place, moved, place, server

__all__ = ["place", "server"]

pytestmark = pytest.mark.slow
EMBEDDED = ("embedded", "embedded-postgres")
ENGINES = ("dbos", "dbos-postgres", "restate")
# What is put at the end of a module whose worker is killed as it judges an upgrade.
DYING = """

def upgrade(*_):
    import os
    import signal

    os.kill(os.getpid(), signal.SIGKILL)
"""


@contextmanager
def two(place: Place, first: Path, second: Path) -> Iterator[tuple[Backend, Backend]]:
    """Two workers of their own names, each with an address of its own."""
    port = str(free_ports(1)[0])
    with place.worker(first) as one, place.worker(second, "b", port=port) as other:
        yield one, other


@pytest.mark.parametrize("place", [*EMBEDDED, *ENGINES], indirect=True)
def test_workers_of_two_versions(place: Place, compiled: Path, aggregate: str) -> None:
    """Each process keeps its version, whichever of the workers is asked about it."""
    with place.worker(compiled / "v1") as old:
        scenarios.ready(Process(old, "trip", f"{aggregate}-1"))
        port = str(free_ports(1)[0])
        with place.worker(compiled / "v2", "b", port=port) as new:
            first = Process(new, "trip", f"{aggregate}-1")
            second = Process(new, "trip", f"{aggregate}-2")
            assert first.ask("start").outcome == "already done"
            scenarios.confirmed(second)
            second.held("insured")
            looked = Process(old, "trip", second.aggregate).try_("look")
            assert looked
            if place.kind.startswith("embedded"):  # who looks judges it
                assert looked.reason == "version 2 of trip is not known here"
            else:
                assert looked.held == ["insured"]
            scenarios.home(first)
            scenarios.home(second)
    scenarios.once(first, *scenarios.FORWARD, "depart")
    scenarios.once(second, *scenarios.FORWARD, "insure", "depart")


@pytest.mark.parametrize("place", ENGINES, indirect=True)
def test_upgrade_waits_for_the_older_worker_to_go(
    place: Place, compiled: Path, aggregate: str, request: pytest.FixtureRequest
) -> None:
    """A worker refuses a version that it does not know, and the newer remembers it."""
    port = str(free_ports(1)[0])
    with place.worker(compiled / "v1") as old:
        scenarios.ready(Process(old, "trip", aggregate))
        with place.worker(compiled / "v2", "b", port=port) as new:
            refused = Process(new, "trip", aggregate).ask("upgrade")
    assert refused.outcome == "refused"
    assert refused.reason == "trip has no version 2"
    with place.worker(compiled / "v2", port=port) as new:
        trip = Process(new, "trip", aggregate)
        if place.kind == "restate":
            moved(request.getfixturevalue("server"), place.options["port"], port)
        assert trip.ask("look").held == ["ready"]
        assert trip.ask("upgrade").outcome == "accepted"
        trip.held("insured")
        scenarios.home(trip)
    scenarios.once(trip, *scenarios.FORWARD, "insure", "depart")


@pytest.mark.parametrize("place", [*EMBEDDED, *ENGINES], indirect=True)
def test_a_release_is_taken_back(place: Place, compiled: Path, aggregate: str) -> None:
    """What it began or moved waits for a newer worker, also beside an older one."""
    with two(place, compiled / "v1", compiled / "v1") as (old, new):
        first = Process(new, "trip", f"{aggregate}-1")
        second = Process(new, "trip", f"{aggregate}-2")
        scenarios.ready(first)
        new.replace(compiled / "v2")
        assert first.ask("upgrade").outcome == "accepted"
        first.held("insured")
        scenarios.confirmed(second)
        second.held("insured")
        new.replace(compiled / "v1")
        time.sleep(1)
        for number, backend in enumerate((old, new), 3):
            trip = Process(backend, "trip", f"{aggregate}-{number}")
            scenarios.ready(trip)
            scenarios.home(trip)
            scenarios.once(trip, *scenarios.FORWARD, "depart")
        new.replace(compiled / "v2")
        for trip in (first, second):
            trip.held("insured")
            scenarios.home(trip)
            scenarios.once(trip, *scenarios.FORWARD, "insure", "depart")


@pytest.mark.parametrize("place", ENGINES, indirect=True)
def test_a_release_is_taken_back_as_it_judges_an_upgrade(
    place: Place, compiled: Path, aggregate: str, tmp_path: Path
) -> None:
    """That it knew the version is stored, and no older worker answers in its stead."""
    dying = tmp_path / "dying"
    shutil.copytree(compiled / "v2", dying)
    with (dying / "trip_saga.py").open("a") as module:
        module.write(DYING)
    with place.worker(compiled / "v1") as worker:
        trip = Process(worker, "trip", aggregate)
        scenarios.ready(trip)
        worker.replace(dying)
        assert trip.try_("upgrade") is None
        worker.replace(compiled / "v1")
        time.sleep(1)
        worker.replace(compiled / "v2")
        trip.held("insured")
        scenarios.home(trip)
        scenarios.once(trip, *scenarios.FORWARD, "insure", "depart")


@pytest.mark.parametrize("place", ["restate"], indirect=True)
def test_an_older_deployment_is_put_back(
    place: Place, compiled: Path, aggregate: str
) -> None:
    """What the newer one began stays there; what its clients start waits for one."""
    with two(place, compiled / "v1", compiled / "v2") as (old, new):
        begun = Process(new, "trip", f"{aggregate}-1")
        scenarios.confirmed(begun)
        begun.held("insured")
        old.replace(compiled / "v1")
        older = Process(old, "trip", f"{aggregate}-2")
        early = Process(new, "trip", f"{aggregate}-3")
        scenarios.ready(older)
        assert early.ask("start").outcome == "accepted"
        for trip in (begun, older):
            scenarios.home(Process(old, "trip", trip.aggregate))
        new.replace(compiled / "v2")
        early.ask("fire", "confirm", by="user")
        early.held("insured")
        scenarios.home(early)
    scenarios.once(older, *scenarios.FORWARD, "depart")
    for trip in (begun, early):
        scenarios.once(trip, *scenarios.FORWARD, "insure", "depart")


@pytest.mark.parametrize("place", ["restate"], indirect=True)
def test_newer_deployment_takes_over(
    place: Place, server: RestateServer, compiled: Path, aggregate: str
) -> None:
    """A deployment is gone: what it had goes on at another, by its own version."""
    port = str(free_ports(1)[0])
    with place.worker(compiled / "v1") as old:
        scenarios.ready(Process(old, "trip", aggregate))
    with place.worker(compiled / "v2", port=port) as new:
        trip = Process(new, "trip", aggregate)
        moved(server, place.options["port"], port)
        scenarios.home(trip)
    scenarios.once(trip, *scenarios.FORWARD, "depart")
