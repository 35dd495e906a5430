"""A whole table from a file or a database, with its columns by their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sagadsl.audit.bulk import Audit
from sagadsl.audit.columns import Encoded, Log
from sagadsl.audit.process import Saga
from sagadsl.audit.report import Report
from sagadsl.audit.sources import Source, Unreadable

MOST_DIGITS = 1000  # Python refuses to read numbers of some thousand digits


class Columns(NamedTuple):
    """The names of columns; None is the usual one, which only the first two need."""

    aggregate: str | None = None
    step: str | None = None
    event: str | None = None
    version: str | None = None
    seq: str | None = None

    def among(self, names: Sequence[str], aggregate: str) -> Columns:
        """Those that a table has; `aggregate` is what the saga calls its own.

        Raises `Unreadable` for one that the table has not, or has several times.
        """
        for asked in self:
            if asked is not None and asked not in names:
                raise Unreadable(_lacks(asked, names))
        step = self.step or _first(("step",), names)
        usual = [name for name in names if name != step]
        found = Columns(
            self.aggregate or _first(("aggregate_id", aggregate), names),
            step,
            self.event or _first(("event",), usual, needed=False),
            self.version or _first(("version",), usual, needed=False),
            self.seq or _first(("seq",), usual, needed=False),
        )
        for name in found:
            if name is not None and names.count(name) > 1:
                raise Unreadable(f"there are {names.count(name)} columns `{name}`")
        return found


def audit_table(
    saga: Saga,
    source: Source,
    columns: Columns,
    *,
    version: int | None = None,
    progress: Callable[[float], object] = lambda fraction: fraction,
) -> Report:
    """Judge all rows of a source, in its order.

    `columns` are those of the source; with `version` all rows are of that one.
    `progress` is told how much has been judged, of 1. Raises `Unreadable`.
    """
    if version is not None:
        columns = columns._replace(version=None)
    audit = Audit(saga, version=version, lanes=columns.event is not None)
    wanted = [name for name in columns if name is not None]
    for piece in source.pieces(wanted):
        found = dict(zip(wanted, piece.columns, strict=True))
        ids, steps, events, versions, seq = (
            None if name is None else found[name] for name in columns
        )
        assert ids
        assert steps
        audit.feed(
            Log(
                ids,
                _numbers(steps),
                None if events is None else _words(events),
                None if versions is None else _numbers(versions),
                None if seq is None else _numbers(seq),
            )
        )
        progress(piece.fraction)
    return audit.report()


def _first(
    usual: Sequence[str], names: Sequence[str], *, needed: bool = True
) -> str | None:
    found = next((name for name in usual if name in names), None)
    if found is None and needed:
        raise Unreadable(_lacks(usual[0], names))
    return found


def _lacks(name: str, names: Sequence[str]) -> str:
    return f"there is no column `{name}`; there are {', '.join(names) or 'none'}"


def _words(column: Encoded) -> Encoded:
    words = ["" if value is None else str(value) for value in column.values]
    return column._replace(values=words)


def _numbers(column: Encoded) -> Encoded:
    """What is written as a number is one; what is empty is None."""
    return column._replace(values=[_number(value) for value in column.values])


def _number(value: object) -> object:
    if not isinstance(value, str):
        return value
    digits = value.removeprefix("-")
    number = digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS
    return int(value) if number else value or None
