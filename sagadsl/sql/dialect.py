"""Where the databases differ."""

from __future__ import annotations

from typing import NamedTuple


class Dialect(NamedTuple):
    """A database: its name in messages and files, and how it says a few things.

    `now` is its clock, in milliseconds since 1970, and `read_now` the same where it may
    stand still for a statement, so that an index can be asked. `time` makes a timestamp
    of such a number. `table` ends a table that is found by its primary key, `counter`
    is the type of a key that only rises. With `row_locks` a writer waits for the rows
    that another has changed, else for all of them.
    """

    name: str
    integer: str
    counter: str
    table: str
    now: str
    read_now: str
    time: str
    row_locks: bool


SQLITE = Dialect(
    name="sqlite",
    integer="INTEGER",
    counter="INTEGER PRIMARY KEY AUTOINCREMENT",
    table=" WITHOUT ROWID, STRICT",
    now="CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
    read_now="CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
    time="strftime('%Y-%m-%d %H:%M:%f', nullif({}, 0) / 1000.0, 'unixepoch')",
    row_locks=False,
)
POSTGRES = Dialect(
    name="postgres",
    integer="BIGINT",
    counter="BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    table="",
    now="CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
    read_now="CAST(extract(epoch FROM statement_timestamp()) * 1000 AS BIGINT)",
    time="to_timestamp(nullif({}, 0) / 1000.0)",
    row_locks=True,
)
DIALECTS = {dialect.name: dialect for dialect in (SQLITE, POSTGRES)}
