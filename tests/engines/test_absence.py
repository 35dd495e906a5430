"""What goes on while no worker lives: time, and what is asked."""

from __future__ import annotations

import asyncio
import importlib
import json
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import scenarios
from backends import HERE, Process
from places import sagac
from restate_server import RestateServer
from workers import Place, place, server

from sagadsl.runtime import Result

__all__ = ["place", "server"]
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("place", ["dbos", "dbos-postgres"], indirect=True)
def test_no_worker_lives_while_a_timer_runs(
    place: Place, compiled: Path, aggregate: str
) -> None:
    """The time goes on: it is over when a worker comes, who does not wait anew."""
    with place.worker(compiled / "v1") as first:
        hold = Process(first, "hold", aggregate)
        hold.ask("start")
        hold.ask("fire", "take", by="user")
        hold.held("held")
        first.kill()
        time.sleep(4)
        first.begin()
        begun = time.monotonic()
        while "release" not in hold.effects:
            assert time.monotonic() < begun + 3
            time.sleep(0.05)
        hold.ends("expired")


def test_a_time_passes_before_a_worker_takes_a_process_up(
    server: RestateServer, tmp_path: Path, compiled: Path, aggregate: str
) -> None:
    """It was started two seconds ago, so its four seconds end in two."""
    with Place("restate", tmp_path, server.options).worker(compiled / "v1"):
        url = f"{server.options['ingress']}/hold/{aggregate}/run"
        given = {"version": 1, "data": {}, "time": time.time_ns() // 1_000_000 - 2000}
        headers = {"content-type": "application/json"}
        begun = time.monotonic()
        request = urllib.request.Request(url, json.dumps(given).encode(), headers)
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer)["outcome"] == "expired"
        assert time.monotonic() < begun + 3.5


def test_a_request_waits_no_longer_than_its_timeout_for_a_worker(
    server: RestateServer,
    tmp_path: Path,
    compiled: Path,
    aggregate: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server waits for one as long as there is none."""
    modules = compiled / "v1"
    with Place("restate", tmp_path, server.options).worker(modules) as backend:
        scenarios.ready(Process(backend, "trip", aggregate))

    async def look() -> Result:
        async with httpx.AsyncClient(base_url=server.options["ingress"]) as http:
            trips = module.TripClient(http)
            trips.timeout = 0.5
            async with asyncio.timeout(10):
                result: Result = await trips.look(aggregate)
            return result

    monkeypatch.syspath_prepend(modules)
    module = importlib.import_module("trip_restate")
    assert asyncio.run(look()).reason == "it was not judged within 0.5 seconds"


@pytest.mark.parametrize("place", ["dbos"], indirect=True)
def test_what_was_asked_before_a_time_is_judged_before_it(
    place: Place, compiled: Path, aggregate: str
) -> None:
    """Also where no worker lived from before the one until after the other."""
    modules = compiled / "v1"
    with (
        place.worker(modules) as first,
        place.worker(modules, "b") as second,
        ThreadPoolExecutor(1) as pool,
    ):
        hold = Process(first, "hold", aggregate)
        hold.ask("start")
        first.kill()
        beside = Process(second, "hold", aggregate)
        asked = pool.submit(beside.ask, "fire", "take", by="user")
        time.sleep(4)
        first.begin()
        assert asked.result().outcome == "accepted"


@pytest.mark.parametrize("place", ["dbos"], indirect=True)
def test_a_process_waits_for_a_worker_with_its_own_draft(
    place: Place, tmp_path: Path, aggregate: str
) -> None:
    """Another would do something else, and DBOS would end the workflow by that."""
    text = (HERE / "hold.saga").read_text().replace("    expires after 4 seconds\n", "")
    drafts = []
    for name in ("take", "grab"):
        drafts.append(tmp_path / name)
        drafts[-1].mkdir()
        (drafts[-1] / "hold.saga").write_text(text.replace("take", name))
        sagac(drafts[-1], "build", "--target", "py,dbos")
    with place.worker(drafts[0]) as backend:
        hold = Process(backend, "hold", aggregate)
        hold.ask("start")
        hold.ask("fire", "take", by="user")
        hold.held("held")
        backend.replace(drafts[1])
        while "its own draft" not in (tmp_path / "stderr").read_text():
            time.sleep(0.1)
        backend.replace(drafts[0])
        hold.ask("fire", "buy", by="user")
        hold.ends("bought")
