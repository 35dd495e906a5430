"""What a table cannot be read for is told with its line, or with its column."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from judged import saga_of
from pyarrow import parquet
from test_audit import upgraded

from sagadsl.audit.arrow import CsvFile
from sagadsl.audit.databases import DatabaseTable
from sagadsl.audit.sources import (
    AT_ONCE,
    JsonLines,
    PlainCsv,
    Source,
    Unreadable,
    source_of,
)
from sagadsl.audit.table import Columns, audit_table

FULL = b"order_id,step\n" + b"1,pay\n" * 2 * AT_ONCE


def read(source: Source, aggregate: str = "order_id") -> list[list[object]]:
    """The distinct values of the columns that an audit asks for."""
    found = Columns().among(source.names, aggregate)
    columns = [name for name in found if name is not None]
    pieces = [piece.columns for piece in source.pieces(columns)]
    return [[*column.values] for piece in pieces for column in piece]


@pytest.mark.parametrize("kind", [CsvFile, PlainCsv])
@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"order_id,step\n1,pay\n\n2\n", "line 4: expected 2 columns, got 1"),
        (b"order_id,step\n1,pay,3\n", "line 2: expected 2 columns, got 3"),
        (b'order_id,step\n"1\n2",pay\n3\n', "line 4: expected 2 columns, got 1"),
        (b"order_id,step\n1,pay\n\xe9,pay\n", "line 3: 'utf-8' codec"),
        (FULL + b"1\n", f"line {2 * AT_ONCE + 2}: expected 2 columns, got 1"),
        (b"order_id,step,step\n1,pay,ship\n", "there are 2 columns `step`"),
    ],
)
def test_a_csv_file_that_cannot_be_read(
    tmp_path: Path, kind: Callable[[Path, str], Source], data: bytes, why: str
) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(data)
    with pytest.raises(Unreadable, match=why):
        read(kind(path, ","))


@pytest.mark.parametrize("kind", [CsvFile, PlainCsv])
def test_blank_lines_and_a_mark_of_the_encoding_are_passed_over(
    tmp_path: Path, kind: Callable[[Path, str], Source]
) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"\xef\xbb\xbforder_id,step\r\n\r\n1,pay\r\n\r\n")
    assert read(kind(path, ",")) == [["1"], ["pay"]]


@pytest.mark.parametrize(
    ("second", "why"),
    [
        ('{"order_id": 1, "step": [0]}', "line 3: `step` is a list or an object"),
        ('{"order_id": 1, "step": 0, "event": "done"}', "line 3: it has `event`, and"),
        ("7", "line 3: it is no object"),
    ],
)
def test_lines_of_json_that_cannot_be_read(
    tmp_path: Path, second: str, why: str
) -> None:
    """A column that came later would be passed over, and with it what rows say."""
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"order_id": 1, "step": 0}}\n\n{second}\n', encoding="utf-8")
    with pytest.raises(Unreadable, match=why):
        read(JsonLines(path))


@pytest.mark.parametrize("word", ["0", "false", "0.0"])
def test_an_event_that_is_no_word_is_not_an_empty_one(
    tmp_path: Path, word: str
) -> None:
    """What is empty says that the step was taken, and nothing else does."""
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"order_id": 1, "step": 0, "event": {word}}}\n')
    columns = Columns("order_id", "step", "event")
    (bad,) = audit_table(saga_of(upgraded()), source_of(path), columns).bad
    assert (bad.row, bad.kind) == (1, "event")


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.parquet"])
def test_a_truth_value_is_no_step(tmp_path: Path, name: str) -> None:
    """For Python it is the number 0 or 1, which are steps."""
    path = tmp_path / name
    if name == "rows.parquet":
        parquet.write_table(pa.table({"order_id": [1], "step": [False]}), path)
    else:
        path.write_text('{"order_id": 2, "step": 0}\n{"order_id": 1, "step": false}\n')
    columns = Columns("order_id", "step")
    (bad,) = audit_table(saga_of(upgraded()), source_of(path), columns).bad
    assert (bad.aggregate, bad.kind) == (1, "step")


@pytest.mark.parametrize(
    "ids", [[[1]], [{"a": 1}], pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int8()))]
)
def test_what_is_no_single_value_in_parquet(tmp_path: Path, ids: Any) -> None:
    path = tmp_path / "rows.parquet"
    parquet.write_table(pa.table({"order_id": ids, "step": [0]}), path)
    with pytest.raises(Unreadable, match="`order_id` is a list or an object"):
        read(source_of(path))


def test_times_that_python_has_none_for_are_texts(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    for unit, text in (("ns", "00:00:00.000000007"), ("s", "00:00:07")):
        time = pa.array([7], pa.timestamp(unit))
        parquet.write_table(pa.table({"order_id": time, "step": [0]}), path)
        ((found,), _) = read(source_of(path))
        assert str(found) == f"1970-01-01 {text}"


def test_what_is_no_single_value_in_postgresql(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as store:
        store.execute("CREATE TABLE rows AS SELECT '{}'::jsonb order_id, 0 step")
    source = DatabaseTable(postgres_url, "rows", "order")
    source.order = ("step",)
    with pytest.raises(Unreadable, match="`order_id` is a list or an object"):
        read(source)
