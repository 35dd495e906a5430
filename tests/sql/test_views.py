"""What an operator reads: views in the words of the saga, and indexes that are used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from judges import DATABASES, LANES, Judge, Open

from sagadsl.driver import compile_saga
from sagadsl.emit.sql import emit_sql
from sagadsl.machine import FINISHED, Machine, Record
from sagadsl.model import Pinned

EXAMPLE = Path(__file__).parents[2] / "examples" / "order.saga"
MANY = 20_000
NOW = 1_900_000_000_000  # milliseconds: in 2030
PAGE = Path(__file__).parents[2] / "docs" / "sql.md"
INDEXES = (
    "order$running",
    "order$in_doubt",
    "order$overdue",
    "order$held$packing",
    "saga_process_parked",
)


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def order() -> Pinned:
    pinned, findings = compile_saga(EXAMPLE.name, EXAMPLE.read_bytes(), None)
    assert pinned, findings
    return pinned


def some_records(machine: Machine) -> list[Record]:
    """Every record of a run that has not finished, up to a few thousand."""
    found = [Record()]
    for record in found:
        for event in machine.events(record):
            after = machine.apply(record, event)
            if len(found) < 3000 and after not in found and after.control < FINISHED:
                found.append(after)
    return found


def fill(judge: Judge, rows: Iterator[tuple[object, ...]]) -> None:
    columns = f"saga, aggregate_id, version, {LANES}, seq, started, deadline, parked"
    judge.fill("saga_process", columns, rows)


def test_a_view_tells_what_the_machine_tells(order: Pinned, open_judge: Open) -> None:
    """Of every record: the states in order, the steps done, failed and undone."""
    machine = order.latest.machine()
    records = some_records(machine)
    judge = open_judge()
    fill(judge, (("order", str(n), 1, *r, 1, 0, 0, 0) for n, r in enumerate(records)))
    judge.run(emit_sql(order, judge.dialect))
    steps = {plan.rule.name: plan.bit for plan in sorted(machine.guards.plans)}
    columns = ", ".join(f'"{name}"' for name in steps)
    view = judge.rows(
        "SELECT aggregate_id, held, doubtful, failed, undone, aborting, in_doubt,"
        f" running, {columns} FROM order_process"
    )
    assert len(view) == len(records)
    for number, *told in view:
        begun, done, closed, control = record = records[int(number)]

        def named(mask: int) -> str:
            return ", ".join(name for name, bit in steps.items() if mask & bit)

        assert told == [
            ", ".join(machine.standing(record)),
            named(begun & ~done & ~closed),
            named(closed & ~done),
            named(closed & done),
            bool(control & 1),
            bool(begun & ~done & ~closed),
            True,
            *(bool(done & bit) for bit in steps.values()),
        ]


def test_times_are_times_and_masks_are_names(order: Pinned, open_judge: Open) -> None:
    judge = open_judge()
    judge.run(emit_sql(order, judge.dialect))
    judge.run(
        "INSERT INTO saga_process (saga, aggregate_id, version, seq, started, parked)"
        f" VALUES ('order', '42', 1, 1, {NOW}, 3)"
    )
    judge.run(
        "INSERT INTO saga_event (saga, aggregate_id, seq, version, event, time)"
        f" VALUES ('order', '42', 1, 1, 'start', {NOW})"
    )
    judge.run("UPDATE saga_process SET seq = 2")
    judge.run(
        "INSERT INTO saga_event (saga, aggregate_id, seq, version, event, step, time)"
        f" VALUES ('order', '42', 2, 1, 'parked', 1, {NOW})"
    )
    started, deadline, parked, waiting, overdue = judge.rows(
        "SELECT started, deadline, parked, waiting, overdue FROM order_process"
    )[0]
    assert str(started).startswith("2030-03-17 17:46:40")
    assert (deadline, waiting, overdue) == (None, True, False)
    assert parked == "check_out, make_payment"
    log = judge.rows("SELECT seq, event, step FROM order_event ORDER BY seq")
    assert log == [(1, "start", None), (2, "parked", "make_payment")]


def many(machine: Machine, sagas: tuple[str, ...]) -> Iterator[tuple[object, ...]]:
    """Most processes wait at the start; one in a hundred is somewhere else."""
    records = some_records(machine)
    for n in range(MANY):
        record = records[n % len(records)] if n % 100 == 0 else Record()
        deadline = 1_000 if n % 200 == 0 else 0
        for saga in sagas:
            yield saga, str(n), 1, *record, 1, n, deadline, int(n % 500 == 0)


@pytest.mark.parametrize("sagas", [("order",), ("order", "other")])
def test_each_question_has_its_index(
    order: Pinned, open_judge: Open, sagas: tuple[str, ...]
) -> None:
    """Of many rows, be they of one saga or two, no question of the page reads all."""
    judge = open_judge()
    fill(judge, many(order.latest.machine(), sagas))
    judge.run(emit_sql(order, judge.dialect))
    judge.run("ANALYZE")
    explain = "EXPLAIN QUERY PLAN" if judge.dialect.name == "sqlite" else "EXPLAIN"
    questions = re.findall(r"\| `(SELECT [^`]*)` \|", PAGE.read_text(encoding="utf-8"))
    for index, question in zip(INDEXES, questions, strict=True):
        plan = "\n".join(str(row) for row in judge.rows(f"{explain} {question}"))
        assert index in plan, plan
        assert judge.rows(question)
    one = f"{explain} SELECT held FROM order_process WHERE aggregate_id = '7'"
    plan = "\n".join(str(row) for row in judge.rows(one))
    assert "aggregate_id" in plan
    assert "USING PRIMARY KEY" in plan or "saga_process_pkey" in plan
