"""The tables of a store, the same for every saga and in every database.

Times are integers: milliseconds since 1970 by the clock of the database, 0 for never.
`docs/store.md` tells what each column means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from sagadsl.sql.dialect import Dialect

SCHEMA_VERSION = 1
# What turns the tables of the version before into those of one; then `schema` adds the
# tables and indexes that are missing.
MIGRATIONS: dict[int, Callable[[Dialect], Iterable[str]]] = {}


class _Table(NamedTuple):
    name: str
    columns: tuple[str, ...]
    key: str = ""


# `i` is an integer, `t` a text, `n` a counter; a text is empty and an integer 0 if
# nothing is said, save in the key.
_LANES = ("i begun", "i done", "i closed", "i control")
_TABLES = (
    _Table("saga_schema", ("i version",), "version"),
    _Table(
        "saga_process",
        (
            "t saga",
            "t aggregate_id",
            "i version",
            *_LANES,
            "i seq",
            "i parked",
            "i stuck",
            "i started",
            "i deadline",
            "i due",
            "i fence",
            "i lease",
            "t worker",
            "t data",
        ),
        "saga, aggregate_id",
    ),
    _Table(
        "saga_event",
        (
            "t saga",
            "t aggregate_id",
            "i seq",
            "i version",
            "t event",
            "i? step",
            "i attempt",
            "t actor",
            "i time",
            "t note",
        ),
        "saga, aggregate_id, seq",
    ),
    _Table(
        "saga_tombstone",
        (
            "t saga",
            "t aggregate_id",
            "i version",
            *_LANES,
            "i events",
            "t outcome",
            "i started",
            "i ended",
            "i forget",
        ),
        "saga, aggregate_id",
    ),
    _Table(
        "saga_archive",
        (
            "t saga",
            "t aggregate_id",
            "i started",
            "i ended",
            "i version",
            "t outcome",
            "t data",
            "t events",
        ),
        "saga, aggregate_id, started",
    ),
    _Table(
        "saga_outbox",
        (
            "n id",
            "t saga",
            "t aggregate_id",
            "i seq",
            "t event",
            "i? step",
            "i time",
            "t note",
        ),
    ),
    _Table("saga_relay", ("t saga", "i fence", "i lease", "t worker"), "saga"),
)
_INDEXES = (
    "saga_process_due ON saga_process (saga, due) WHERE due > 0",
    "saga_process_parked ON saga_process (saga) WHERE parked > 0 OR stuck > 0",
    "saga_tombstone_forget ON saga_tombstone (forget)",
    "saga_outbox_order ON saga_outbox (saga, id)",
)
# What is made here, which nothing else may be called.
NAMES = frozenset(
    [*(table.name for table in _TABLES), *(index.split()[0] for index in _INDEXES)]
)


def schema(dialect: Dialect) -> tuple[str, ...]:
    """The statements that make the tables where there are none."""
    indexes = (f"CREATE INDEX IF NOT EXISTS {index}" for index in _INDEXES)
    return (*(_create(table, dialect) for table in _TABLES), *indexes)


def _create(table: _Table, dialect: Dialect) -> str:
    lines = [f"    {_column(text, dialect)}" for text in table.columns]
    if table.key:
        lines.append(f"    PRIMARY KEY ({table.key})")
    ends = dialect.table if table.key else ""
    body = ",\n".join(lines)
    return f"CREATE TABLE IF NOT EXISTS {table.name} (\n{body}\n){ends}"


def _column(text: str, dialect: Dialect) -> str:
    kind, name = text.split()
    if kind == "n":
        return f"{name} {dialect.counter}"
    if kind == "i?":
        return f"{name} {dialect.integer}"
    if kind == "i":
        return f"{name} {dialect.integer} NOT NULL DEFAULT 0"
    return f"{name} TEXT NOT NULL DEFAULT ''"
