"""What is drawn and written, byte for byte, for the example that has everything."""

from __future__ import annotations

from pathlib import Path

import pytest
from sagas import after, example

from sagadsl.emit.audit_sql import emit_audit_sql
from sagadsl.emit.dot import emit_dot
from sagadsl.emit.engines import emit_engine
from sagadsl.emit.html import emit_html
from sagadsl.emit.markdown import emit_markdown
from sagadsl.emit.mermaid import emit_mermaid
from sagadsl.emit.table import emit_table

GOLDEN = Path(__file__).parent / "golden"
PAID = ("do check_out", "do make_payment", "do validate_payment")
DECLINED = ("do check_out", "begin make_payment", "fail make_payment")
SENT = (*PAID, "do pack_parcel", "do send_invoice", "do close_parcel")
IN_DOUBT = (*PAID, "do pack_parcel", "begin send_invoice")
RECORDS = {
    "round": (*DECLINED, "do try_another_card"),
    "doubt": (*PAID, "begin pack_parcel", "do send_invoice"),
    "undo": (*IN_DOUBT, "abort", "undo send_invoice"),
    "end": (*SENT, "do hand_to_courier", "do sign_receipt", "finish"),
}
TEXTS = {
    "order.dot": emit_dot,
    "order.mmd": emit_mermaid,
    "order.md": emit_markdown,
    "order.txt": emit_table,
    "order.audit.sql": emit_audit_sql,
    "order_dbos.py.txt": lambda pinned: emit_engine(pinned, "dbos"),
    "order_restate.py.txt": lambda pinned: emit_engine(pinned, "restate"),
    "order_temporal.py.txt": lambda pinned: emit_engine(pinned, "temporal"),
    "order.html": lambda pinned: emit_html(pinned, None, "<svg></svg>\n"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_saga_is_always_written_the_same(name, golden):
    golden(GOLDEN / name, TEXTS[name](example("order")))


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("emit", [emit_dot, emit_mermaid])
def test_a_record_is_always_drawn_the_same(name, emit, golden):
    order = example("order")
    suffix = emit.__name__.removeprefix("emit_")
    golden(GOLDEN / f"order_{name}.{suffix}", emit(order, after(order, *RECORDS[name])))


def test_every_golden_file_is_asked_for():
    suffixes = ("dot", "mermaid")
    marked = {f"order_{name}.{suffix}" for name in RECORDS for suffix in suffixes}
    drawn = {path.name for path in GOLDEN.glob("order*") if "_saga.py" not in path.name}
    assert drawn == marked | TEXTS.keys()


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_ends_with_one_line_end_and_names_only_its_source(name):
    text = TEXTS[name](example("order"))
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert name.endswith(".txt") or "order.saga" in text
