"""`sagac ps --watch` and `sagac show --watch`, on a real terminal."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time

import order_saga
import pytest
from world import World

from sagadsl.runtime import Driver, open_store


@pytest.mark.parametrize("command", [["ps"], ["show", "waiting"]])
def test_a_view_follows_what_happens_until_it_is_interrupted(operate, command):
    pty = pytest.importorskip("pty")
    assert operate(*command, "--watch")[0] == 2, "it needs a terminal"
    ours, theirs = pty.openpty()
    environment = {**os.environ, "SAGAC_STORE": operate.url, "TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, "-m", "sagadsl", *command, "--watch"],
        cwd=operate.folder,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    seen = read_until(ours, "waiting")
    with open_store(operate.url) as store, Driver(order_saga, World(), store) as driver:
        driver.fire("waiting", "make_payment", by="user")
    seen += read_until(ours, "payment_made")
    process.send_signal(signal.SIGINT)
    seen += read_until(ours, "\x1b[?1049l")
    assert process.wait(timeout=20) == 0
    assert seen.count("\x1b[?1049h") == seen.count("\x1b[?1049l") == 1
    assert "\x1b[2J" not in seen, "it never wipes the screen"
    os.close(ours)


def test_a_view_outlives_a_store_that_cannot_be_used_for_a_while(operate):
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "sagadsl", "ps", "--watch"],
        cwd=operate.folder,
        env={**os.environ, "SAGAC_STORE": operate.url, "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    read_until(ours, "waiting")
    with open_store(operate.url) as store:
        execute = store.database.execute
        execute("ALTER TABLE saga_process RENAME TO away")
        read_until(ours, "cannot use the store")
        execute("ALTER TABLE away RENAME TO saga_process")
    read_until(ours, "waiting")
    process.send_signal(signal.SIGINT)
    read_until(ours, "\x1b[?1049l")
    assert process.wait(timeout=20) == 0
    os.close(ours)


def read_until(terminal, text):
    """What a terminal shows until a text comes."""
    seen, limit = "", time.monotonic() + 30
    while text not in seen:
        assert time.monotonic() < limit, seen
        if select.select([terminal], [], [], 1)[0]:
            seen += os.read(terminal, 100_000).decode()
    return seen


def test_commands_are_offered_with_their_options(sagac):
    words = {"COMP_WORDS": "sagac show 1 --wa", "COMP_CWORD": "3"}
    _, out, _ = sagac(_SAGAC_COMPLETE="bash_complete", **words)
    assert out.split() == ["plain,--watch"]
