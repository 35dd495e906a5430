"""What a proof takes, beside a search through the masks and beside SPIN."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import samples
from peers import NoPeer
from timing import Measured, Target, each_time, interleaved, process

from sagadsl.checks import check_saga
from sagadsl.model import Saga
from sagadsl.parser import parse_saga
from sagadsl.resolve import resolve_saga
from sagadsl.source import Source

ROUNDS = 21
FEW_ROUNDS = 5
AT_ONCE = (10, 14, 18)
HASH_TABLE = "-w20"  # SPIN's own choice takes longer to set up than a small search
SEARCH = Target(1, faster=True)


def large(folder: Path) -> Iterator[Measured]:
    """Eight branches side by side: too many records to be looked at one by one."""
    runs = {
        f"prove {8 * length + 3} steps, 8 at a time": _proof(8, length)
        for length in (7, 25)
    }
    start = process([sys.executable, "-c", "pass"], folder=folder)
    taken = interleaved({**runs, "start": start}, ROUNDS)
    for what in runs:
        yield Measured(what, taken[what], "python -c pass", taken["start"])


def searched() -> Iterator[Measured]:
    """Few enough steps for a search, which takes four times as long for two more."""
    for steps in AT_ONCE:
        masks = _masks(_saga(steps, 1))
        runs = {"ours": _proof(steps, 1), "peer": each_time(masks, 1)}
        taken = interleaved(runs, FEW_ROUNDS)
        what = f"prove {steps + 3} steps, {steps} at a time"
        yield Measured(what, taken["ours"], "search", taken["peer"], SEARCH)


def spin(folder: Path) -> Iterator[Measured]:
    """The verifier that SPIN writes for the same saga, when it is compiled."""
    for steps in AT_ONCE:
        verifier = _verifier(_saga(steps, 1), folder / f"spin{steps}")
        runs = {
            "ours": _proof(steps, 1),
            "peer": process([verifier, HASH_TABLE], folder=verifier.parent),
        }
        taken = interleaved(runs, FEW_ROUNDS)
        what = f"prove {steps + 3} steps, {steps} at a time"
        yield Measured(what, taken["ours"], "SPIN's verifier", taken["peer"], SEARCH)


def _saga(branches: int, length: int) -> Saga:
    text = samples.undone_in_parallel("proved", branches, length)
    tree, findings = parse_saga(Source("proved.saga", text))
    assert tree, findings
    saga, findings = resolve_saga(tree)
    assert saga, findings
    assert check_saga(saga) == ()
    return saga


def _proof(branches: int, length: int) -> Callable[[], float]:
    saga = _saga(branches, length)
    return each_time(lambda: check_saga(saga), 1)


def _needs(saga: Saga) -> list[list[int]]:
    """For each step the steps that it waits for; there is one way to each state."""
    producers = {
        place: n for n, step in enumerate(saga.steps) for place in step.targets
    }
    return [
        [producers[place] for place in step.sources[0] if place in producers]
        for step in saga.steps
    ]


def _masks(saga: Saga) -> Callable[[], object]:
    """A search through all masks, as the least that a search can look at."""
    pairs = [
        (sum(1 << other for other in needed), 1 << number)
        for number, needed in enumerate(_needs(saga))
    ]
    rules = [(need | bit, need, bit) for need, bit in pairs]

    def search() -> set[int]:
        seen = {0}
        stack = [0]
        while stack:
            mask = stack.pop()
            for care, need, bit in rules:
                if mask & care == need and mask | bit not in seen:
                    seen.add(mask | bit)
                    stack.append(mask | bit)
        return seen

    return search


def _verifier(saga: Saga, folder: Path) -> Path:
    """A program that looks for a mask where a process is stuck."""
    spin, compiler = shutil.which("spin"), shutil.which("cc")
    if not spin or not compiler:
        raise NoPeer("spin and a C compiler are not both installed")
    folder.mkdir(exist_ok=True)
    (folder / "saga.pml").write_text(samples.promela(_needs(saga)))
    compile_it = [compiler, "-O2", "-DSAFETY", "-w", "-o", "pan", "pan.c"]
    for command in ([spin, "-a", "saga.pml"], compile_it):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "pan"
