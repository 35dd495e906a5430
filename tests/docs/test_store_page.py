"""The page about the store tells of every table, column and word that there is."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from sagadsl.sql import (
    MARKS,
    NOTES,
    OF_ALL,
    OF_STEPS,
    SCHEMA_VERSION,
    SQLITE,
    schema,
)

PAGE = (Path(__file__).parents[2] / "docs" / "store.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    """What stands below a heading, up to the next."""
    found = re.search(rf"^#+ {heading}\n(.*?)(?=^#|\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found, f"there is no section {heading}"
    return found[1]


def rows(text: str) -> list[str]:
    """The names in the first cells of the tables of a text."""
    cells = re.findall(r"^\| (`[^|]*`) \|", text, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]


def test_every_table_and_column_is_told_of_and_no_other() -> None:
    db = sqlite3.connect(":memory:")
    for statement in schema(SQLITE):
        db.execute(statement)
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'saga%'"
    names = {name for (name,) in db.execute(tables)}
    assert set(re.findall(r"^### (\w+)$", PAGE, re.MULTILINE)) == names
    for name in names:
        there = [column[1] for column in db.execute(f"PRAGMA table_info({name})")]
        assert sorted(rows(section(name))) == sorted(there), name


def test_every_word_of_the_log_is_told_of_and_no_other() -> None:
    told = rows(section("The words of the log"))
    assert sorted(told) == sorted((*OF_STEPS, *OF_ALL, *MARKS, *NOTES))


def test_the_version_of_the_tables_is_told() -> None:
    assert f"have version {SCHEMA_VERSION}," in section("Version of the tables")
