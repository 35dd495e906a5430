"""SAGA405: what was emitted and released, and the lock file does not know.

The emitted module is the one other place that tells positions and versions. So if it
stands there and the lock file is lost or taken back, the build stops.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sagadsl.diagnostics import Finding, Rule
from sagadsl.source import Source, Span
from sagadsl.versions.lock import Lock

LOCK_LOST = Rule("SAGA405", "lock-lost")

_VERSION = re.compile(
    r"(?P<number>version=(\d{1,9})),\s+digest=\"([0-9a-f]{64})\",\s+draft=False,"
)
_STEPS = re.compile(r"^class Step\(IntEnum\):\n(?:.+\n|\n(?=    ))+", re.MULTILINE)
_MEMBER = re.compile(r"^    ([A-Z][A-Z0-9_]*) = (\d{1,9})$", re.MULTILINE)


def check_emitted(
    module: Source, lock: Lock | None, positions: Mapping[str, int]
) -> Iterator[Finding]:
    """That the lock file holds the released versions of the module as they are.

    Without a lock file even a draft's `positions` must be those of the module.
    """
    what = "the lock file is missing" if lock is None else "the lock file is not whole"
    kept = {(v.number, v.digest) for v in (lock.versions if lock else ()) if v.released}
    for version in _VERSION.finditer(module.text):
        if (int(version[2]), version[3]) not in kept:
            yield _finding(
                f"{what}: version {version[2]} is released",
                Span(module, *version.span("number")),
                "released, and the lock file does not hold it",
            )
            return
    if lock is None:
        yield from _check_positions(what, module, positions)


def _check_positions(
    what: str, module: Source, positions: Mapping[str, int]
) -> Iterator[Finding]:
    steps = _STEPS.search(module.text)
    for member in _MEMBER.finditer(module.text, *steps.span()) if steps else ():
        name, position = member[1].lower(), int(member[2])
        if positions.get(name, position) != position:
            yield _finding(
                f"{what}: `{name}` would move from position {position}"
                f" to {positions[name]}",
                Span(module, member.start(1), member.end()),
                "the position that it has",
            )
            return


def _finding(message: str, span: Span, label: str) -> Finding:
    return LOCK_LOST.finding(
        message,
        span,
        label,
        why="only the lock file tells what the bits of stored records mean; made anew,"
        " it would give them another meaning",
        help="restore the lock file from version control; if no process was ever"
        f" started,\ndelete `{span.source.path}` and build again",
    )
