"""What the database is told: the tables of a store, and the guards over their columns.

The compiler emits it and the runtime runs it, so it is written once, for both.
"""

from sagadsl.sql.dialect import DIALECTS, POSTGRES, SQLITE, Dialect
from sagadsl.sql.guards import (
    LANES,
    MOST_STEPS,
    any_of,
    event_guard,
    held_guard,
    reached_guard,
    sets,
)
from sagadsl.sql.log import MARKS, NOTES, OF_ALL, OF_STEPS
from sagadsl.sql.records import by_version, move_guard, upgrade_guard, valid_guard
from sagadsl.sql.schema import MIGRATIONS, NAMES, SCHEMA_VERSION, schema

__all__ = [
    "DIALECTS",
    "LANES",
    "MARKS",
    "MIGRATIONS",
    "MOST_STEPS",
    "NAMES",
    "NOTES",
    "OF_ALL",
    "OF_STEPS",
    "POSTGRES",
    "SCHEMA_VERSION",
    "SQLITE",
    "Dialect",
    "any_of",
    "by_version",
    "event_guard",
    "held_guard",
    "move_guard",
    "reached_guard",
    "schema",
    "sets",
    "upgrade_guard",
    "valid_guard",
]
