"""What a page says: of the version that was asked for, and no column for nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from sagas import ROOT, compiled, example

from sagadsl.emit.dot import emit_dot
from sagadsl.emit.page import page_of
from sagadsl.emit.rows import rows
from sagadsl.model import Pinned

SAGAS = sorted((ROOT / "examples").glob("*.saga"))
PLAIN = """saga plain {
aggregate id
states {
initial a
final b
}
transitions {
a -> b : go
}
}
"""


def heads(pinned: Pinned) -> dict[str, list[str]]:
    """The heads of each table."""
    return {
        section.title: [column.head for column in section.columns]
        for section in page_of(pinned).sections
    }


@pytest.mark.parametrize("path", SAGAS, ids=lambda path: path.stem)
def test_the_table_of_a_page_is_the_table_that_was_written(path: Path):
    pinned = compiled(path.name, path.read_text(encoding="utf-8"))
    table = page_of(pinned).sections[0]
    names = [column.head for column in table.columns]
    written = [dict(zip(names, row, strict=True)) for row in table.rows]
    assert [
        tuple(row.get(name, "") for name in ("previous", "next", "action", "trigger"))
        for row in written
    ] == [row[:4] for row in rows(pinned.saga)]


def test_what_nothing_is_said_of_has_no_column_and_no_table():
    assert heads(compiled("plain.saga", PLAIN)) == {
        "Transitions": ["previous", "next", "action"],
        "States": ["state", "kind"],
        "Positions": ["bit", "step", "versions"],
        "Versions": ["version", "status", "digest"],
    }


def test_a_page_tells_what_holds_for_the_whole_process():
    assert page_of(example("order")).terms == (
        "expires after 30 days",
        "call_off by user aborts it until the point of no return",
        "one process for each order_id",
        "remembered for 90 days after its end",
    )


def test_nothing_is_said_of_a_pivot_that_is_not_there():
    text = PLAIN.replace("aggregate id", "aggregate id\nabort stop by user | ops")
    assert page_of(compiled("plain.saga", text)).terms[:1] == (
        "stop by user or ops aborts it",
    )


def test_one_of_several_versions_is_named():
    once = compiled("plain.saga", PLAIN)
    first = once.latest
    both = once._replace(versions=(first, first._replace(number=2)))
    assert "version" not in emit_dot(once)
    assert ">version 1<" in emit_dot(both, None, first)
    assert ">version 2<" in emit_dot(both)
    assert page_of(both, first).terms[0] == "version 1"
