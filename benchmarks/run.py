"""Speed as ratios, ours and peers' in one run; `make bench` calls this.

It reports and never fails: what a ratio is worth depends on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median

import audits
import calls
import processes
import proofs
import store
from peers import NODE, PYTHON, RESTATE, SERVER, NoPeer
from timing import Measured

HERE = Path(__file__).parent
FOLDER = HERE.parent / "build" / "benchmarks"
ORDER = HERE.parent / "examples" / "order.saga"
README = HERE / "README.md"
BEGIN, END = "<!-- begin table -->\n", "<!-- end table -->"
HEADS = ("what", "ours", "peer", "", "ratio", "target", "met?")


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--update-readme", action="store_true", help="write the table into README.md"
    )
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    _keep_caches()
    rows = [measured for group in _groups() for measured in _shown(group)]
    table = _table(rows)
    if options.json:
        print(json.dumps([_as_json(row) for row in rows], indent=2))
    else:
        print(table)
    if options.update_readme:
        _write_readme(table)


def _keep_caches() -> None:
    """Have what runs here cache as it does for its users, but in our own folder."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(FOLDER / "bytecode")
    os.environ["XDG_CACHE_HOME"] = str(FOLDER / "cache")


def _groups() -> Iterator[Iterable[Measured]]:
    yield calls.measure(build, ORDER.read_text(encoding="utf-8"), FOLDER)
    yield processes.start(FOLDER)
    yield processes.compiling(build, FOLDER)
    yield processes.nothing_to_do(build, FOLDER)
    yield processes.growth(build, FOLDER)
    yield audits.measure(build, ORDER.read_text(encoding="utf-8"))
    yield proofs.large(FOLDER)
    yield proofs.searched()
    yield proofs.spin(FOLDER)
    yield store.measure(build, FOLDER)
    yield store.beside_restate(build, FOLDER)


def _shown(group: Iterable[Measured]) -> Iterator[Measured]:
    """What can be measured here, each line said as soon as it is known."""
    try:
        for measured in group:
            print(" ".join(_cells(measured)).strip("|"), file=sys.stderr)
            yield measured
    except NoPeer as missing:
        print(f"left out: {missing}", file=sys.stderr)
    except subprocess.CalledProcessError as error:
        said = (error.stderr or b"").decode(errors="replace").strip()
        print(f"left out: {error}\n{said}", file=sys.stderr)


def build(name: str, text: str) -> Path:
    """The validator of a saga, as `sagac build` emits it; twice, to fill the caches."""
    source = FOLDER / f"{name}.saga"
    source.write_text(text, encoding="utf-8")
    source.with_name(f"{source.name}.lock").unlink(missing_ok=True)
    for _ in range(2):
        subprocess.run(
            [*processes.COMPILE, source.name],
            cwd=FOLDER,
            check=True,
            capture_output=True,
        )
    return FOLDER / f"{name}_saga.py"


def _table(rows: list[Measured]) -> str:
    lines = [HEADS, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    ruled = [lines[0], tuple("-" * width for width in widths), *lines[1:]]
    return "\n".join(
        "| " + " | ".join(map(str.ljust, cells, widths)) + " |" for cells in ruled
    )


def _cells(row: Measured) -> tuple[str, ...]:
    return (
        row.what,
        _time(median(row.ours)),
        row.peer,
        _time(median(row.theirs)),
        f"{_digits(row.ratio)} ×",
        str(row.target or ""),
        {None: "", True: "yes", False: "no"}[row.met],
    )


def _time(seconds: float) -> str:
    for unit, scale in ("s", 1), ("ms", 1e3), ("µs", 1e6):
        if seconds * scale >= 1:
            return f"{_digits(seconds * scale)} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def _digits(number: float) -> str:
    """Three digits: more are not reproducible."""
    whole = len(str(int(number)))
    return f"{number:.{max(0, 3 - whole)}f}"


def _as_json(row: Measured) -> dict[str, object]:
    return {
        "what": row.what,
        "ours_seconds": median(row.ours),
        "peer": row.peer,
        "peer_seconds": median(row.theirs),
        "ratio": row.ratio,
        "target": str(row.target) if row.target else None,
        "met": row.met,
    }


def _write_readme(table: str) -> None:
    """Put the table and the versions into their place."""
    pinned = PYTHON | NODE | RESTATE | SERVER
    pins = ", ".join(f"{name} {version}" for name, version in sorted(pinned.items()))
    head, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    tail = rest.partition(END)[2]
    text = f"{head}{BEGIN}{table}\n\nPeers: {pins}.\n{END}{tail}"
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
