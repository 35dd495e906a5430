"""Interleaved timing, so that a busy moment of the machine hits both."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, median
from time import perf_counter
from types import FunctionType
from typing import Any, NamedTuple

Call = tuple[Any, Any]
Run = Callable[[], float]

SLICE = 0.002


def interleaved(runs: Mapping[str, Run], rounds: int) -> dict[str, list[float]]:
    """What each run says it took in each round, after a warm-up.

    Short runs are repeated: a burst of other work meets the side that takes longer
    more often, and would flatter the short one. The order differs from round to round,
    lest one side keep step with work that comes back regularly.
    """
    taken: dict[str, list[float]] = {name: [] for name in runs}
    repeats = {name: _repeats(run) for name, run in runs.items()}
    shuffle = random.Random(1).shuffle
    order = list(runs)
    for _ in range(rounds):
        shuffle(order)
        for name in order:
            taken[name].append(fmean(runs[name]() for _ in range(repeats[name])))
    return taken


def _repeats(run: Run) -> int:
    run()
    start = perf_counter()
    run()
    return max(1, round(SLICE / (perf_counter() - start)))


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
    """One line of the table: two times in each round of one run, in seconds."""

    what: str
    ours: list[float]
    peer: str
    theirs: list[float]
    target: Target | None = None

    @property
    def ratio(self) -> float:
        """How often faster if that is the target, else ours over theirs.

        It is the median of the rounds' ratios: in a slow moment both sides are slow,
        while the two medians alone may come from different moments.
        """
        pairs = list(zip(self.ours, self.theirs, strict=True))
        if self.target and self.target.faster:
            return median(theirs / ours for ours, theirs in pairs)
        return median(ours / theirs for ours, theirs in pairs)

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
        return f"{'≥' if self.faster else '≤'} {self.bound:g} ×"
