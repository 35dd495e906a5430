"""What an audit tells."""

from __future__ import annotations

from typing import NamedTuple


class Bad(NamedTuple):
    """The first bad row of an aggregate.

    `row` counts the rows of the table from 1, `seq` is its number within its aggregate
    where rows have one, and `what` is what the row says. `kind` is
    `sequence`, `version`, `event` or `step` where a row cannot be read as one of this
    saga, `refused` where the machine refuses it; `why` says it in words.
    """

    aggregate: object
    row: int
    seq: int | None
    what: str
    kind: str
    why: str


class Report(NamedTuple):
    """How many aggregates and rows were judged, and the bad ones by their rows."""

    aggregates: int
    events: int
    bad: tuple[Bad, ...]
