"""Whole processes, as a person at a terminal or a build waits for them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import peers
import samples
from timing import Measured, Target, interleaved, process

ROUNDS = 21
FEW_ROUNDS = 5
SIZE = 60
SIZES = (1_000, 3_000, 10_000)

SAGAC = str(Path(sys.executable).with_name("sagac"))
COMPILE = [SAGAC, "build", "--target", "py,dot"]

Build = Callable[[str, str], Path]


def start(folder: Path) -> Iterator[Measured]:
    """How long it takes until there is help."""
    runs = {
        "ours": process([SAGAC, "--help"], folder=folder),
        "peer": process([sys.executable, "-c", "pass"], folder=folder),
    }
    taken = interleaved(runs, ROUNDS)
    yield Measured("`sagac --help`", taken["ours"], "python -c pass", taken["peer"])


def compiling(build: Build, folder: Path) -> Iterator[Measured]:
    """A compile to Python and DOT, beside smcat that turns the same rows into JSON."""
    rows = samples.branching(SIZE)
    texts = {
        "plain": samples.saga("plain", rows),
        "undone": samples.effects("undone", rows),
        "wide": samples.parallel("wide", 19, 3),
    }
    for name, text in texts.items():
        build(name, text)
    source = folder / "plain.smcat"
    source.write_text(samples.smcat(rows))
    smcat = [str(peers.smcat(folder)), "-T", "json", source.name, "-o", "plain.json"]
    runs = {name: _compile(name, folder) for name in texts}
    runs["smcat"] = process(smcat, folder=folder, remove=["plain.json"])
    taken = interleaved(runs, ROUNDS)
    for name, more in (
        ("plain", ""),
        ("undone", ", 30 compensations"),
        ("wide", ", a fork of 19"),
    ):
        what = f"compile {SIZE} transitions{more}"
        yield Measured(what, taken[name], "smcat -T json", taken["smcat"], Target(1.3))


def nothing_to_do(build: Build, folder: Path) -> Iterator[Measured]:
    """A build whose results are all there, beside native buf that always compiles."""
    rows = samples.branching(SIZE)
    saga = build("same", samples.saga("same", rows)).with_name("same.saga")
    module = folder / "proto"
    module.mkdir(exist_ok=True)
    (module / "buf.yaml").write_text("version: v2\n")
    (module / "bench.proto").write_text(samples.protobuf(SIZE))
    runs = {
        "ours": process([*COMPILE, saga.name], folder=folder),
        "peer": process([peers.buf(folder), "build"], folder=module),
    }
    taken = interleaved(runs, ROUNDS)
    what = "build, nothing to do"
    yield Measured(what, taken["ours"], "buf build", taken["peer"], Target(0.6))


def growth(build: Build, folder: Path) -> Iterator[Measured]:
    """Time for one transition as sagas grow, beside that of the smallest.

    What a compile of one transition takes is the start, and does not count.
    """
    names = {size: f"rows{size}" for size in (1, *SIZES)}
    for size, name in names.items():
        build(name, samples.saga(name, samples.branching(size)))
    taken = interleaved(
        {name: _compile(name, folder) for name in names.values()}, FEW_ROUNDS
    )
    each = {
        size: [
            (whole - start) / size
            for whole, start in zip(taken[names[size]], taken[names[1]], strict=True)
        ]
        for size in SIZES
    }
    least = min(SIZES)
    for size in SIZES[1:]:
        what = f"compile {size:_} transitions, for each".replace("_", " ")
        peer = f"of {least:_}".replace("_", " ")
        yield Measured(what, each[size], peer, each[least], Target(1.5))


def _compile(name: str, folder: Path) -> Callable[[], float]:
    outputs = [f"{name}_saga.py", f"{name}.dot"]
    return process([*COMPILE, f"{name}.saga"], folder=folder, remove=outputs)
