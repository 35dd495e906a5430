"""Interleaved timing: A B A B …, so that a busy moment of the machine hits both."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from types import FunctionType
from typing import Any, NamedTuple

Call = tuple[Any, Any]
Run = Callable[[], float]


def medians(runs: Mapping[str, Run], rounds: int) -> dict[str, float]:
    """The median of what each run says it took, after one round to warm up."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(rounds):
        for name, run in runs.items():
            taken[name].append(run())
    return {name: median(times) for name, times in taken.items()}


def each_call(function: Callable[..., object], calls: Sequence[Call]) -> Run:
    """Seconds for one call with two arguments, the loop around it included."""

    def loop(function: Callable[..., object], calls: Sequence[Call]) -> float:
        start = perf_counter()
        for first, second in calls:
            function(first, second)
        return perf_counter() - start

    own = _own_code(loop)
    return lambda: own(function, calls) / len(calls)


def each_time(function: Callable[[], object], times: int) -> Run:
    """Seconds for one call without arguments, the loop around it included."""

    def loop(function: Callable[[], object], times: Iterable[int]) -> float:
        start = perf_counter()
        for _ in times:
            function()
        return perf_counter() - start

    own = _own_code(loop)
    return lambda: own(function, range(times)) / times


def process(
    command: Sequence[str | Path],
    *,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    remove: Sequence[str] = (),
) -> Run:
    """Seconds for one whole process with its start, after some files are removed."""
    variables = {**os.environ, **(environment or {})}

    def run() -> float:
        for name in remove:
            (folder / name).unlink(missing_ok=True)
        start = perf_counter()
        subprocess.run(
            command,
            cwd=folder,
            env=variables,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        return perf_counter() - start

    return run


def _own_code(function: Callable[..., float]) -> Callable[..., float]:
    """A copy that CPython specialises for what it alone calls."""
    assert isinstance(function, FunctionType)
    return FunctionType(function.__code__.replace(), function.__globals__)


class Measured(NamedTuple):
    """One line of the table: two times of the same run, in seconds."""

    what: str
    ours: float
    peer: str
    theirs: float
    target: Target | None = None

    @property
    def ratio(self) -> float:
        """How often faster if that is the target, else ours over theirs."""
        if self.target and self.target.faster:
            return self.theirs / self.ours
        return self.ours / self.theirs

    @property
    def met(self) -> bool | None:
        """Whether the target is reached, if there is one."""
        if self.target is None:
            return None
        if self.target.faster:
            return self.ratio >= self.target.bound
        return self.ratio <= self.target.bound


class Target(NamedTuple):
    """A bound on a ratio: at least so often faster, or at most so often the time."""

    bound: float
    faster: bool = False

    def __str__(self) -> str:
        return f"{'≥' if self.faster else '≤'} {self.bound:g} ×"  # noqa: RUF001  times
