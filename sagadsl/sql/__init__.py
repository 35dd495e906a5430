"""What the database is told: the tables of a store, and the guards over their columns.

The compiler emits it and the runtime runs it, so it is written once, for both.
"""

from sagadsl.sql.dialect import POSTGRES, SQLITE, Dialect
from sagadsl.sql.guards import (
    LANES,
    MOST_STEPS,
    event_guard,
    held_guard,
    reached_guard,
    sets,
)
from sagadsl.sql.schema import SCHEMA_VERSION, schema

__all__ = [
    "LANES",
    "MOST_STEPS",
    "POSTGRES",
    "SCHEMA_VERSION",
    "SQLITE",
    "Dialect",
    "event_guard",
    "held_guard",
    "reached_guard",
    "schema",
    "sets",
]
