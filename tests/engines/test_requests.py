"""What reaches a process on an engine: odd ids, many at once, and no requests."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from backends import Process
from dbos import DBOSClient
from restate_server import RestateServer, program
from workers import Place, place, reworded

from sagadsl.engines.dbos_run import TOPIC

__all__ = ["place"]
pytestmark = pytest.mark.slow
ODD = [
    ".",
    "..",
    "a/b",
    "%2F",
    "a?b#c",
    " ",
    "+",
    "x" * 255,
    "ü" * 255,
    "ß/ä\U0001f600",
]
BAD = httpx.codes.BAD_REQUEST
JSON = {"content-type": "application/json"}
NONE = ["", "\0", "x" * 256, "a\nb", "\ud800"]
NO_REQUEST: list[Any] = [
    "hello",
    ["fire", {"action": 7}, "key", 1],
    ["fire", {}, "key", 1],
    ["melt", {}, "key", 1],
    ["look", {}, "key", "now"],
    ["\ud800", {}, "key", 1],
]
NO_START: list[Any] = [
    "hello",
    {},
    {"version": "1", "data": {}, "time": 1},
    {"version": 1, "data": [], "time": 1},
    {"version": 1, "data": {}, "time": "now"},
]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RestateServer]:
    """A server that forgets what is over soon after its time."""
    monkeypatch.setenv("RESTATE_WORKER__CLEANUP_INTERVAL", "1s")
    made = RestateServer(program(), tmp_path)
    made.begin()
    yield made
    made.kill()


@pytest.mark.parametrize("place", ["dbos", "dbos-postgres", "restate"], indirect=True)
def test_an_id_may_be_any_text_that_can_be_shown(place: Place, compiled: Path) -> None:
    with place.worker(compiled / "v1") as backend:
        for odd in ODD:
            hold = Process(backend, "trip", odd)
            assert hold.ask("start").outcome == "accepted"
            assert hold.ask("start").outcome == "already done"
            assert hold.ask("look").held == ["requested"]
        for none in NONE:
            assert Process(backend, "trip", none).ask("look").outcome == "unknown"


def test_what_is_no_request_is_refused_by_restate(
    server: RestateServer, tmp_path: Path, compiled: Path, aggregate: str
) -> None:
    """The process would be called with it again and again."""
    with Place("restate", tmp_path, server.options).worker(compiled / "v1") as backend:
        trip = Process(backend, "trip", aggregate)
        trip.ask("start")
        for wrong in NO_REQUEST:
            url = f"{server.options['ingress']}/trip/{aggregate}/post"
            text = json.dumps(wrong)
            assert httpx.post(url, content=text, headers=JSON).status_code == BAD
        assert trip.ask("look").held == ["requested"]


def test_what_is_no_start_is_refused_by_restate(
    server: RestateServer, tmp_path: Path, compiled: Path, aggregate: str
) -> None:
    """The id would be taken for ever, by what cannot even be cancelled."""
    with Place("restate", tmp_path, server.options).worker(compiled / "v1") as backend:
        for number, wrong in enumerate(NO_START):
            url = f"{server.options['ingress']}/trip/{aggregate}-{number}/run"
            assert httpx.post(url, json=wrong).status_code == BAD
        told = Process(backend, "trip", f"{aggregate}-0").ask("start")
        assert told.reason == "its invocation has failed: 'hello' is no start"


@pytest.mark.parametrize("place", ["dbos"], indirect=True)
def test_what_is_no_request_is_passed_over_on_dbos(
    place: Place, compiled: Path, aggregate: str
) -> None:
    with place.worker(compiled / "v1") as backend:
        trip = Process(backend, "trip", aggregate)
        trip.ask("start")
        client = DBOSClient(system_database_url=place.options["url"])
        for wrong in NO_REQUEST:
            client.send(f"trip/{aggregate}", wrong, topic=TOPIC)
        client.destroy()
        assert trip.ask("look").held == ["requested"]


def test_of_many_events_at_once_each_is_judged_once(
    server: RestateServer, tmp_path: Path, compiled: Path, aggregate: str
) -> None:
    with Place("restate", tmp_path, server.options).worker(compiled / "v1") as backend:
        trip = Process(backend, "trip", aggregate)
        trip.ask("start")
        path = f"{server.options['ingress']}/trip/{aggregate}/"

        def confirmed(number: int) -> str:
            values = {"action": "confirm", "by": "user", "values": {}, "note": ""}
            asked = ["fire", values, f"key {number}", time.time_ns() // 1_000_000]
            with httpx.Client(base_url=path, timeout=30) as http:
                heard = http.post("post", json=asked).json()
                return str(http.post("answer", json=heard).json()[0])

        with ThreadPoolExecutor(8) as pool:
            outcomes = [*pool.map(confirmed, range(24))]
        assert sorted(set(outcomes)) == ["accepted", "already done"]
        assert outcomes.count("accepted") == 1
        assert trip.ask("look").outcome == "accepted"


def test_who_asks_beside_many_takes_few_steps_to_a_number(
    server: RestateServer, tmp_path: Path, compiled: Path, aggregate: str
) -> None:
    """Each would look at the numbers of all others, and lose each to one of them."""
    options = server.options
    with Place("restate", tmp_path, options).worker(compiled / "v1") as backend:
        Process(backend, "trip", aggregate).ask("start")

        async def numbers() -> list[int]:
            async with httpx.AsyncClient(base_url=options["ingress"]) as http:
                look = ["look", {}, "key", time.time_ns() // 1_000_000]
                path = f"/trip/{aggregate}/post"
                sent = (http.post(path, json=look, timeout=60) for _ in range(60))
                return [answer.json() for answer in await asyncio.gather(*sent)]

        assert sorted(asyncio.run(numbers())) == [*range(1, 61)]
    posts = "from sys_invocation where target_handler_name = 'post'"
    query = {"query": f"select max(journal_size) as most {posts}"}
    accept = {"accept": "application/json"}
    told = httpx.post(f"{options['admin']}/query", json=query, headers=accept)
    assert told.json()["rows"][0]["most"] < 60


def test_an_id_runs_again_when_it_is_no_longer_remembered(
    server: RestateServer, tmp_path: Path, aggregate: str
) -> None:
    words = {"expires": "remember for 1 second\n    expires"}
    modules = reworded(tmp_path, "hold", "restate", words)
    with Place("restate", tmp_path, server.options).worker(modules) as backend:
        hold = Process(backend, "hold", aggregate)
        for _ in range(2):
            assert hold.ask("start").outcome == "accepted"
            assert hold.ask("fire", "take", by="user").outcome == "accepted"
            hold.held("held")
            assert hold.ask("fire", "buy", by="user").outcome == "accepted"
            hold.ends("bought")
            hold.until(lambda answer: answer.outcome == "unknown")


def test_nothing_waits_for_an_answer_of_a_process_that_is_over(
    server: RestateServer, tmp_path: Path, compiled: Path, aggregate: str
) -> None:
    """Who asks as it ends is told so; else the server would keep the question."""
    with Place("restate", tmp_path, server.options).worker(compiled / "v1") as backend:
        hold = Process(backend, "hold", aggregate)
        hold.ask("start")
        ingress = f"{server.options['ingress']}/hold/{aggregate}"
        httpx.post(f"{ingress}/answer/send", json=1000).raise_for_status()
        hold.ends("expired")
        httpx.post(f"{ingress}/answer/send", json=1001).raise_for_status()
        query = {"query": "select id from sys_invocation where status <> 'completed'"}
        url, accept = f"{server.options['admin']}/query", {"accept": "application/json"}
        end = time.monotonic() + 5
        while httpx.post(url, json=query, headers=accept).json()["rows"]:
            assert time.monotonic() < end
            time.sleep(0.1)
