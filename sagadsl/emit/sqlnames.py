"""What things are called in a database, where names are short and must not clash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from sagadsl.sql import NAMES

LONGEST = 63  # bytes of a name in PostgreSQL, which cuts off the rest
DIGITS = 16


def table_name(text: str) -> str:
    """The name of a view or of what belongs to a table, unlike any of the schema.

    What is too long or taken gets a digest, and ends with a `$`. No other name does:
    a saga, a step or a state has none in its name.
    """
    if len(text) <= LONGEST and text not in NAMES:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
    return f"{text[: LONGEST - DIGITS - 2]}${digest}$"


def column_names(own: Iterable[str], wanted: Iterable[str]) -> dict[str, str]:
    """The column for each name that is wanted; a `_` follows one that is taken.

    A column of our own is never renamed, and of two others the first is not.
    """
    taken = set(own)
    names: dict[str, str] = {}
    for text in wanted:
        name = table_name(text)
        while name in taken:
            name = table_name(f"{name}_")
        taken.add(name)
        names[text] = name
    return names


def quoted(name: str) -> str:
    """A name as an identifier, be it a word of SQL or not."""
    assert '"' not in name
    return f'"{name}"'
