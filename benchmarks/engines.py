"""A saga on an engine beside the same written by hand for it: steps in a second.

`python benchmarks/engines.py` prints a table. Each row is of processes of eight steps
whose handlers do nothing, in one worker or two, which are processes of the machine. It
needs the extras `dbos` and `restate`, npm for the server of Restate, and the wheel of
PostgreSQL. `--only` takes the backends whose names have a word.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

import peers
from engine_workers import STEPS

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "conformance"))

SAGAS = 100
ROUNDS = 7
RUNS = itertools.count()
DBOS = ("dbos", "dbos by hand", "dbos by hand, as a coroutine")


class Backend(NamedTuple):
    """A backend: ours, and those by hand; and where the next run is to be."""

    name: str
    kinds: tuple[str, ...]
    place: Callable[[], str]


class Row(NamedTuple):
    """Steps in a second, ours and by hand, and how much longer ours takes."""

    speeds: list[float]
    ratios: list[float]


def source(how: str) -> str:
    """A saga of a line of steps, all `once` or all `idempotent`."""
    states = "\n".join(f"        s{n}" for n in range(1, STEPS))
    rows = "\n".join(
        f"        s{n} -> s{n + 1} : do_{n} by system" for n in range(STEPS)
    )
    doubt = ", in doubt park" if how == "once" else ""
    actions = "\n".join(f"        do_{n} : {how}{doubt}, no undo" for n in range(STEPS))
    return (
        "saga line {\n    aggregate line_id\n    states {\n        initial s0\n"
        f"{states}\n        final s{STEPS}\n    }}\n"
        f"    transitions {{\n{rows}\n    }}\n"
        f"    actions {{\n{actions}\n    }}\n}}\n"
    )


def compiled(folder: Path, how: str) -> Path:
    """A folder with the modules of that saga."""
    modules = folder / how
    modules.mkdir()
    (modules / "line.saga").write_text(source(how))
    words = ["build", "line.saga", "--target", "py,dbos,restate"]
    subprocess.run(
        [sys.executable, "-m", "sagadsl", *words],
        cwd=modules,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return modules


def speed(kind: str, modules: Path, url: str, workers: int) -> float:
    """How many steps a second so many workers take together."""
    share, run = SAGAS // workers, next(RUNS)
    program = str(HERE / "engine_workers.py")
    children = []
    for worker in range(workers):
        names = json.dumps([f"{run}-{worker}-{number}" for number in range(share)])
        words = [kind, str(modules), url, names, f"w{worker}"]
        child = subprocess.Popen(
            [sys.executable, program, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        children.append(child)
        assert child.stdout
        assert child.stdout.readline(), f"{kind} does not begin"
    for child in children:
        assert child.stdin
        child.stdin.write("go\n")
        child.stdin.flush()
    times = [float(child.stdout.readline()) for child in children if child.stdout]
    for child in children:
        child.communicate("end\n")
    return workers * share * STEPS / max(times)


def measured(backend: Backend, modules: Path, workers: int) -> Row:
    """The medians of some rounds, in each of which every kind has its turn."""
    found: list[list[float]] = []
    for number in range(ROUNDS):
        turns = backend.kinds if number % 2 else backend.kinds[::-1]
        each = {kind: speed(kind, modules, backend.place(), workers) for kind in turns}
        found.append([each[kind] for kind in backend.kinds])
    speeds = [median(column) for column in zip(*found, strict=True)]
    ratios = [
        median(row[number] / row[0] for row in found)
        for number in range(1, len(backend.kinds))
    ]
    return Row(speeds, ratios)


def backends(folder: Path, database: Callable[[str], str]) -> Iterator[Backend]:
    """All that are compared."""
    from restate_server import RestateServer, program

    def file() -> str:
        return f"sqlite:///{folder / f'{next(RUNS)}.db'}"

    def created() -> str:
        return database(f"run_{next(RUNS)}")

    for where, place in (("SQLite", file), ("PostgreSQL", created)):
        yield Backend(f"embedded, {where}", ("embedded",), place)
        yield Backend(f"DBOS, {where}", DBOS, place)
    home = folder / "restate"
    home.mkdir()
    server = RestateServer(program(), home)
    server.begin()
    kinds = ("restate", "restate by hand")
    yield Backend("Restate", kinds, lambda: json.dumps(server.options))
    server.kill()


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--only", default="")
    only = parser.parse_args().only
    print("| on | steps are | workers | sagas/s | steps/s | by hand | times as long |")
    print(f"|{'---|' * 7}")
    with tempfile.TemporaryDirectory() as place, peers.postgres() as server:
        folder = Path(place)
        modules = {how: compiled(folder, how) for how in ("idempotent", "once")}
        for backend in backends(folder, server.database):
            if only not in backend.name:
                continue
            for how, workers in itertools.product(modules, (1, 2)):
                row = measured(backend, modules[how], workers)
                ours, *others = (f"{one:,.0f}" for one in row.speeds)
                ratios = " / ".join(f"{one:.2f}" for one in row.ratios)
                sagas = f"{row.speeds[0] / STEPS:,.0f}"
                by_hand = " / ".join(others)
                cells = (backend.name, how, workers, sagas, ours, by_hand, ratios)
                print(f"| {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    main()
