"""`sagac build --watch`: what it says, and that it ends well."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import contextmanager

from project import BROKEN, ORDER, write


@contextmanager
def watching(sagac):
    """A `sagac build --watch` that works; gives its lines, then its status."""
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "sagadsl", "build", "--watch", "--target", "py"],
        cwd=sagac.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout
            begun = process.stdout.readline()
            assert begun == "watching for changes; Ctrl-C ends it\n"
            yield process
        finally:
            process.kill()


def line_with(process, words):
    for line in process.stdout:
        if words in line:
            return line
    raise AssertionError(f"{words} was never said")


def test_watch_builds_again_and_waits_for_a_file_that_is_replaced(sagac):
    path = write(sagac)
    with watching(sagac) as process:
        assert line_with(process, "wrote order.saga.lock, order_saga.py")
        path.unlink()
        assert line_with(process, "there is no .saga file in .")
        write(sagac, ORDER.replace("ship ", "send "))
        assert line_with(process, "wrote order.saga.lock, order_saga.py")


def test_watch_builds_what_changed_and_says_what_is_fixed(sagac):
    write(sagac)
    write(sagac, ORDER.replace("order", "parcel"), "parcel.saga")
    with watching(sagac) as process:
        line_with(process, "parcel.saga: version 1 (draft), wrote")
        write(sagac, BROKEN)
        line_with(process, "order.saga: not built")
        write(sagac)
        assert "order.saga: version 1 (draft), up to date" in process.stdout.readline()
        assert process.stdout.readline() == "order.saga: fixed\n"


def test_watch_ends_well_on_an_interrupt(sagac):
    write(sagac)
    with watching(sagac) as process:
        line_with(process, "wrote")
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert process.stdout.read() == ""
