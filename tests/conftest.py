"""What all tests share: golden files, rewritten by `--update`; and what was tried."""

from __future__ import annotations

import signal
from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytest_plugins = ["postgres_server", "drivers", "judges", "kills", "places"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the golden files")


def pytest_configure() -> None:
    # What a shell runs in its background ignores interrupts, as would all that it runs.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say of tests with random sagas how often each verdict was come to."""
    tallies: dict[str, Counter[str]] = {}
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "verdicts":
                test = report.nodeid.partition("[")[0]
                tallies.setdefault(test, Counter()).update(value)
    for test, tally in tallies.items():
        counts = ", ".join(f"{name} {count}" for name, count in tally.most_common())
        terminalreporter.write_line(f"{test}: {counts}")


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be rewritten."""
    return bool(request.config.getoption("--update"))


@pytest.fixture
def golden(update: bool) -> Callable[[Path, str], None]:
    """Hold a text to a file, byte for byte."""

    def hold(path: Path, actual: str) -> None:
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(actual.encode())
        assert path.is_file(), f"no golden file {path}: run pytest --update"
        assert path.read_bytes().decode() == actual

    return hold
