"""Running what kills processes, in a process of its own; the end tells how many.

A test may have threads, which a fork would leave behind in the middle of their work.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Kill = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def kill(record_property: Callable[[str, object], None]) -> Kill:
    """Run a script that lies here: the lines it prints, if nothing was found wrong."""

    def run(script: str, *arguments: object) -> list[dict[str, Any]]:
        done = subprocess.run(
            [sys.executable, Path(__file__).with_name(script), *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=False,
        )
        told = [json.loads(line) for line in done.stdout.splitlines()]
        for one in told:
            assert not one["wrong"], "\n".join(one["wrong"])
        assert done.returncode == 0, done.stderr.decode()
        kind = Path(script).stem
        record_property(f"kills: {kind}", sum(one["kills"] for one in told))
        return told

    return run


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many processes were killed."""
    sums: dict[str, int] = {}
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name.startswith("kills: "):
                kind = name.removeprefix("kills: ")
                sums[kind] = sums.get(kind, 0) + value
    if sums:
        told = ", ".join(f"{count:,} by {kind}" for kind, count in sorted(sums.items()))
        terminalreporter.write_line(f"processes killed: {told}")
