"""Whatever system call is the last one, or fails, SQLite's file tells what happened."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from kills import Kill


@pytest.fixture(autouse=True)
def strace() -> None:
    if not shutil.which("strace"):
        pytest.skip("there is no strace: it lets system calls fail")
    tried = subprocess.run(["strace", "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("strace is not allowed to trace here")


def test_killed_at_some_system_calls_and_some_fail(kill: Kill) -> None:
    (told,) = kill("syscalls.py", "called_off", "--every", 43)
    assert {"pwrite64", "fdatasync", "ftruncate", "unlink"} <= set(told["calls"])
    assert told["errors"] == 4 * told["kills"]


@pytest.mark.slow
@pytest.mark.parametrize("course", ["called_off", "packing_fails", "expired"])
def test_killed_at_every_system_call_and_each_fails(kill: Kill, course: str) -> None:
    (told,) = kill("syscalls.py", course)
    assert told["kills"] > 0.9 * sum(told["calls"].values())
