"""A PostgreSQL is there for as long as it is needed, whoever asks, and no longer."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import own_postgres
import psycopg
import pytest
from own_postgres import VERSIONS, NoServer, server

ROOT = Path(__file__).parents[2]
USE = """
import sys, time
from own_postgres import server
from sagadsl.runtime import open_store
with server(int(sys.argv[1])) as postgres:
    with open_store(postgres.database("orders")) as store:
        print(store.database.now() > 0, postgres.url, flush=True)
    time.sleep(float(sys.argv[2]))
"""


def used(version: int, seconds: float, **options: Any) -> subprocess.Popen[str]:
    """A program that opens a store on a server of its own, and stays for a while."""
    return subprocess.Popen(
        [sys.executable, "-c", USE, str(version), str(seconds)],
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'examples'}"},
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


def home_of(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0])


@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_serves_and_leaves_nothing(version):
    with server(version) as postgres:
        url = postgres.database("one")
        with psycopg.connect(url) as connection:
            assert connection.info.server_version // 10_000 == version
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert home_of(url).stat().st_mode & 0o077 == 0
    assert not home_of(url).exists()


@pytest.mark.parametrize("version", VERSIONS)
def test_an_ordinary_user_needs_no_help(version):
    """Where the tests are run by root, the others leave that to PostgreSQL alone."""
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    try:
        with used(version, 0, **user) as program:
            said, _ = program.communicate()
    except PermissionError:
        pytest.skip("this Python is for root alone")
    assert said.startswith("True ")
    assert not home_of(said.split()[1]).exists()


@pytest.mark.parametrize("last", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_its_caller(last):
    with used(VERSIONS[0], 60) as program:
        assert program.stdout
        home = home_of(program.stdout.readline().split()[1])
        assert home.exists()
        program.send_signal(last)
    deadline = time.monotonic() + 30
    while home.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_ends_with_its_keeper():
    words = [sys.executable, own_postgres.__file__, str(VERSIONS[0])]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(words, text=True, **pipes) as keeper:
        assert keeper.stdout
        home = home_of(keeper.stdout.readline())
        keeper.terminate()
        keeper.wait()
    assert not home.exists()


def test_where_there_is_none_it_says_why(monkeypatch):
    monkeypatch.setenv("PGSERVER_POSTGRES_VERSION", "9")
    with pytest.raises(NoServer, match="Unsupported Postgres version: 9"), server():
        pass


def test_where_it_does_not_start_its_log_says_why():
    told = pytest.raises(NoServer, match=r'unrecognized .* "nonsense"')
    with told, server(VERSIONS[0], "-c nonsense=1"):
        pass
