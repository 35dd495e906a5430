"""Whole logs judged at once, beside a loop in Python that takes the same masks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from calls import validator
from numpy.typing import NDArray
from timing import Measured, Run, Target, each_time, interleaved

from sagadsl.audit import Encoded, judge

ROUNDS = 5
ROWS = 10_000_000
LOOPED = 1_000_000  # the loop takes so many rows, as it would take its time for all
RUNS = 1_000  # different ones, over and over
USUAL = 0.9  # of the steps
OF_LOOP = Target(12, faster=True)

# A process that judges a whole file, and says how large it grew and how long it took.
PEAK = """\
import sys, time
from pathlib import Path
from sagadsl.__main__ import main
name = sys.argv[2]
sys.argv[1:] = ["audit", "order.saga", sys.argv[1]]
start = time.perf_counter()
try:
    main()
finally:
    took = time.perf_counter() - start
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0])
    print(f"{name}: {peak >> 10} MiB, {took:.1f} s", file=sys.stderr)
"""


class Rows(NamedTuple):
    """The columns of a log."""

    ids: NDArray[np.int64]
    steps: NDArray[np.uint8]


def measure(build: Callable[[str, str], Path], order: str) -> Iterator[Measured]:
    """Lines about one row of ten million, for each way that they may come."""
    module = validator(build("order", order))
    rows = _together(module)
    mixed = _mixed(rows)
    events = _with_events(rows)
    runs = {
        "together": _per_row(lambda: judge(module, *rows)),
        "mixed": _per_row(lambda: judge(module, *mixed)),
        "events": _per_row(
            lambda: judge(module, events[0], events[1], events=events[2])
        ),
        "loop": _loop(module, rows),
    }
    taken = interleaved(runs, ROUNDS)
    for name, what, target in (
        ("together", "audit, for each row, by aggregate", OF_LOOP),
        ("mixed", "audit, for each row, in any order", None),
        ("events", "audit, for each row, with events", None),
    ):
        yield Measured(what, taken[name], "Python loop", taken["loop"], target)


def _per_row(audit: Callable[[], Any]) -> Run:
    whole = each_time(audit, 1)
    return lambda: whole() / ROWS


def _together(module: ModuleType) -> Rows:
    """Runs from start to end, aggregate by aggregate; most take the first way."""
    rng = Random(1)
    runs = []
    for _ in range(RUNS):
        mask = 0
        run: list[int] = []
        while allowed := module.allowed(mask):
            usual = rng.random() < USUAL
            run.append(allowed[0] if usual else rng.choice(allowed))
            mask |= 1 << run[-1]
        runs.append(run)
    steps = np.array([step for run in runs for step in run], np.uint8)
    ids = np.repeat(np.arange(RUNS), [len(run) for run in runs])
    times = -(-ROWS // len(steps))
    first = np.repeat(np.arange(times) * RUNS, len(steps))
    return Rows((first + np.tile(ids, times))[:ROWS], np.tile(steps, times)[:ROWS])


def _mixed(rows: Rows) -> Rows:
    """The same rows shuffled as a whole, those of each aggregate in their order."""
    ids = np.random.default_rng(1).permutation(rows.ids)
    steps = np.empty_like(rows.steps)
    steps[np.argsort(ids, kind="stable")] = rows.steps
    return Rows(ids, steps)


def _with_events(rows: Rows) -> tuple[NDArray[np.int64], NDArray[np.uint8], Encoded]:
    """Each step begun and then done: half as many steps in as many rows."""
    half = ROWS // 2
    ids, steps = np.repeat(rows.ids[:half], 2), np.repeat(rows.steps[:half], 2)
    return ids, steps, Encoded(np.tile([0, 1], half), ["begin", "done"])


def _loop(module: ModuleType, rows: Rows) -> Run:
    """The least that a loop must do: no reason is given, and no step has two ways."""
    ids, steps = rows.ids[:LOOPED].tolist(), rows.steps[:LOOPED].tolist()
    rules = [(0, 0, 0)] * len(module.Step)
    for plan in module.LATEST.guards.plans:
        first = plan.alternatives[0]
        needs = [p.producers & -p.producers for p in first.places]
        bit = int(plan.bit)
        rules[int(plan.rule.step)] = (sum(needs) | first.rivals | bit, sum(needs), bit)

    def loop() -> int:
        bad = mask = 0
        before = None
        for aggregate, step in zip(ids, steps, strict=True):
            if aggregate != before:
                mask, before = 0, aggregate
            care, need, bit = rules[step]
            bad += mask & care != need
            mask |= bit
        return bad

    whole = each_time(loop, 1)
    return lambda: whole() / LOOPED


def peaks(module: ModuleType, folder: Path) -> None:
    """Say how large a process grows that judges a file of one or ten million rows.

    `folder` has the saga.
    """
    import pyarrow as pa
    from pyarrow import csv, parquet

    together = _together(module)
    for order, rows in ("by aggregate", together), ("in any order", _mixed(together)):
        for count in (ROWS // 10, ROWS):
            columns = {"order_id": rows.ids[:count], "step": rows.steps[:count]}
            parquet.write_table(pa.table(columns), folder / "rows.parquet")
            csv.write_csv(pa.table(columns), folder / "rows.csv")
            for file in ("rows.parquet", "rows.csv"):
                name = f"{file}, {count} rows {order}"
                command = [sys.executable, "-c", PEAK, file, name]
                subprocess.run(
                    command, cwd=folder, stdout=subprocess.DEVNULL, check=True
                )


if __name__ == "__main__":
    from run import FOLDER, ORDER, build

    peaks(validator(build("order", ORDER.read_text(encoding="utf-8"))), FOLDER)
