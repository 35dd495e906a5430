"""The scripts themselves: byte for byte, and whatever a saga calls its things."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from judges import DATABASES, Open, Row, judged
from sagas import compiled, example
from subjects import random_sagas

from sagadsl.emit.sql import emit_sql
from sagadsl.sql import POSTGRES, SQLITE, Dialect

GOLDEN = Path(__file__).parent / "golden"
LONG = "a" * 63
NAMES = ("order", "select", "saga", "saga_process", "x$".replace("$", "_process"), LONG)
SAGA = """
saga {name} {{
    aggregate id
    states {{ initial running, doubt, in_doubt, {long}, {long2}, final table }}
    transitions {{
        running  -> doubt    : version   by user
        doubt    -> in_doubt : held      by user
        in_doubt -> {long}   : begun     by user
        {long}   -> {long2}  : {long}    by user
        {long2}  -> table    : {long2}   by user
    }}
}}
"""


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRES], ids=lambda d: d.name)
@pytest.mark.parametrize("name", ["order", "sign_up"])
def test_a_script_is_always_written_the_same(
    name: str, dialect: Dialect, golden: Callable[[Path, str], None]
) -> None:
    golden(GOLDEN / f"{name}.{dialect.name}.sql", emit_sql(example(name), dialect))


@pytest.mark.parametrize("database", DATABASES)
def test_words_of_sql_and_long_names_do_no_harm(open_judge: Open) -> None:
    """Sagas side by side, each with names that are taken or differ at their end."""
    judge = open_judge()
    for name in NAMES:
        text = SAGA.format(name=name, long="b" * 63, long2="b" * 62 + "c")
        pinned = compiled(f"{name}.saga", text)
        judge.run(emit_sql(pinned, judge.dialect))
        judge.run(emit_sql(pinned, judge.dialect))
    for name in NAMES:
        judge.run(
            "INSERT INTO saga_process (saga, aggregate_id, version, seq)"
            f" VALUES ('{name}', '1', 1, 1)"
        )
    found = judge.rows("SELECT held, running, version, version_ FROM order_process")
    assert found == [("running", True, 1, False)]
    assert judge.rows("SELECT in_doubt, in_doubt_, in_running FROM select_process") == [
        (False, False, True)
    ]


@pytest.mark.parametrize("database", DATABASES)
def test_no_name_is_cut_off(open_judge: Open) -> None:
    """PostgreSQL cuts a name after 63 bytes and only gives a notice."""
    judge = open_judge()
    for pinned in [
        compiled(f"{LONG}.saga", SAGA.format(name=LONG, long="b" * 63, long2="c"))
    ]:
        script = emit_sql(pinned, judge.dialect)
        assert max(len(word) for word in script.split('"')[1::2]) <= 63
        judge.run(script)


@pytest.mark.parametrize("database", DATABASES)
def test_the_scripts_of_any_saga_run(open_judge: Open) -> None:
    """Whatever is in a saga, its script is SQL; and 63 steps are not too many."""
    judge = open_judge()
    for pinned in random_sagas(range(50), 8):
        judge.run(emit_sql(pinned, judge.dialect))
    rows = "\n".join(f"s{i} -> s{i + 1} : go_{i} by user" for i in range(63))
    states = ", ".join(f"s{i}" for i in range(1, 63))
    text = (
        f"saga walk {{ aggregate id\nstates {{ initial s0, {states}, final s63 }}\n"
        f"transitions {{\n{rows}\n}} }}"
    )
    full = (1 << 63) - 1
    before = Row(1, full, full >> 1, 0, 0)
    after = before._replace(done=full, seq=2)
    moves = [(0, after), (0, after._replace(closed=1)), (0, after._replace(begun=-1))]
    pinned = compiled("walk.saga", text)
    assert judged(judge, pinned, [before], moves) == [True, False, False]
