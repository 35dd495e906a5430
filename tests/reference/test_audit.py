"""An audit finds what the reference finds, however the rows come."""

from __future__ import annotations

from decimal import Decimal
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judged import by_numpy, found_in, saga_of
from logs import Told, first_bad, write_log
from strategies import sagas
from subjects import load_module, pinned_of, random_sagas

from sagadsl import machine
from sagadsl.audit import Audit, Encoded, Log, judge
from sagadsl.emit.python import emit_python
from sagadsl.model import Pinned
from sagadsl.parser import parse_saga
from sagadsl.resolve import resolve_saga
from sagadsl.source import Source
from sagadsl.versions import Lock, pin, release

EXAMPLES = Path(__file__).parents[2] / "examples"


def shuffled(rows: list[Told], rng: Random) -> list[Told]:
    """The rows in another order, those of an aggregate in their own."""
    own = {key: list(some) for key, some in groupby(rows, lambda row: row.aggregate)}
    order = [row.aggregate for row in rows]
    rng.shuffle(order)
    return [own[aggregate].pop(0) for aggregate in order]


def tell_apart(pinned: Pinned, rng: Random) -> int:
    """Compare an audit with the reference in all the ways that rows may come."""
    rows = write_log(pinned, rng, 12)
    saga = saga_of(pinned)
    if not rows:
        return 0
    for counted in (True, False):
        expected = sorted(first_bad(pinned, rows, counted=counted))
        for each in (rows, shuffled(rows, rng)):
            for pieces in (1, 3):
                report = by_numpy(saga, each, counted=counted, pieces=pieces)
                assert found_in(report, each) == expected, each
                assert report.aggregates == len({row.aggregate for row in rows})
                assert report.events == len(rows)
                assert all(bad.why for bad in report.bad)
    return len(expected)


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_an_audit_finds_what_the_reference_finds(first: int) -> None:
    """In logs of random sagas, of which rows were changed, lost, doubled and moved."""
    found = [
        tell_apart(pinned, Random(seed))
        for seed, pinned in enumerate(random_sagas(range(first, first + 50), 8))
    ]
    assert sum(found) > 200


@settings(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(sagas(6), st.randoms(use_true_random=False))
def test_smallest_difference(text: str, rng: Random) -> None:
    """As above; if this fails, what it shows is the smallest saga that does."""
    tell_apart(pinned_of(text), rng)


def test_an_emitted_module_is_all_that_is_needed(tmp_path: Path) -> None:
    """Of the example, with its rounds, and its rows as plain numbers."""
    pinned = pinned_of((EXAMPLES / "order.saga").read_text(encoding="utf-8"), "order")
    module = load_module(emit_python(pinned), tmp_path / "order_saga.py")
    rows = write_log(pinned, Random(7), 400)
    expected = sorted(first_bad(pinned, rows, counted=True))
    report = by_numpy(module, rows, counted=True)
    assert found_in(report, rows) == expected
    assert {found.kind for found in expected} == {
        "sequence",
        "version",
        "event",
        "step",
        "refused",
    }


def test_masks_alone_are_judged_as_by_replay() -> None:
    """Of rows that only name steps, the first that `replay` refuses is the bad one."""
    for seed, pinned in enumerate(random_sagas(range(300, 360), 8)):
        rng, latest = Random(seed), pinned.latest.machine()
        logs = []
        for _ in range(20):
            mask, steps = 0, []
            while (allowed := latest.allowed(mask)) and rng.random() < 0.9:
                steps.append(int(rng.choice(allowed)))
                mask = latest.advance(mask, steps[-1])
            if steps and rng.random() < 0.5:
                at = rng.randrange(len(steps))
                steps[at] = rng.randrange(len(pinned.positions) + 1)
            logs.append(steps)
        ids = [n for n, steps in enumerate(logs) for _ in steps]
        report = judge(saga_of(pinned), ids, [step for log in logs for step in log])
        expected = {}
        for n, steps in enumerate(logs):
            try:
                latest.replay(steps)
            except machine.Refused as refused:
                expected[n] = sum(map(len, logs[:n])) + (refused.index or 0) + 1
        assert {bad.aggregate: bad.row for bad in report.bad} == expected


def test_rows_of_many_aggregates_may_come_in_any_order() -> None:
    """Of which few come twice among rows near each other, as in a busy shop."""
    pinned = pinned_of((EXAMPLES / "order.saga").read_text(encoding="utf-8"), "order")
    rng, latest = np.random.default_rng(1), pinned.latest.machine()
    usual = [0]
    while len(usual) < 4:
        usual.append(int(latest.allowed(latest.replay(usual))[0]))
    logs = [usual[:length] for length in rng.integers(1, 5, 50_000)]
    ids = 7 * rng.permutation(np.repeat(np.arange(50_000), list(map(len, logs))))
    steps = np.array([step for log in logs for step in log])
    wrong = rng.random(len(steps)) < 0.02
    steps[wrong] = rng.integers(0, len(pinned.positions), np.count_nonzero(wrong))
    order = np.argsort(ids, kind="stable")
    mixed = np.empty_like(steps)
    mixed[order] = steps
    expected, start = [], 0
    for n, log in enumerate(logs):
        try:
            latest.replay(steps[start : start + len(log)].tolist())
        except machine.Refused as refused:
            expected.append((int(order[start + (refused.index or 0)]) + 1, 7 * n))
        start += len(log)
    report = judge(saga_of(pinned), ids, mixed)
    assert sorted(expected) == [(bad.row, bad.aggregate) for bad in report.bad]
    assert len(expected) > 1000
    assert report.aggregates == len(logs)


@pytest.mark.parametrize(
    "kind", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "uint64"]
)
def test_numbers_of_any_width_name_aggregates(kind: str) -> None:
    """Also the least and the largest, in any order."""
    pinned = pinned_of((EXAMPLES / "order.saga").read_text(encoding="utf-8"), "order")
    least = max(-128, np.iinfo(kind).min)
    ids = np.tile(np.arange(least, least + 256), 32).astype(kind)
    report = judge(saga_of(pinned), ids, np.zeros(len(ids), np.uint8))
    found = [(bad.aggregate, bad.row) for bad in report.bad]
    assert [(least + n, 257 + n) for n in range(256)] == found
    assert report.aggregates == 256


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"steps": [0.0, float("nan"), 0.0]}, [(2, "step")]),
        ({"steps": [Decimal(0), Decimal("1.5"), Decimal(0)]}, [(2, "step")]),
        ({"versions": [1, 1.0, Decimal(1)]}, []),
        ({"versions": [1, Decimal("1e30"), None]}, [(2, "version"), (3, "version")]),
        (
            {"versions": [1, Decimal("Infinity"), None]},
            [(2, "version"), (3, "version")],
        ),
        ({"seq": [1, None, 1]}, [(2, "sequence")]),
        ({"seq": [1.0, 2.5, 1.0]}, [(2, "sequence")]),
        ({"seq": [Decimal(1), Decimal(2), float("nan")]}, [(3, "sequence")]),
    ],
)
def test_numbers_of_any_type_are_read_or_told_of(columns: Any, expected: Any) -> None:
    """As they come out of data frames and databases: whole, broken, or missing."""
    pinned = pinned_of((EXAMPLES / "order.saga").read_text(encoding="utf-8"), "order")
    report = judge(saga_of(pinned), [1, 1, 2], **{"steps": [0, 1, 0], **columns})
    assert [(bad.row, bad.kind) for bad in report.bad] == expected


@pytest.mark.parametrize(
    "ids",
    [
        Encoded(np.array([0, 2, 1, 0]), ["a", "a", "b"]),
        [0.0, 1.0, -0.0, 0.0],
        np.array([0.0, 1.0, -0.0, 0.0]),
    ],
)
def test_what_is_equal_is_one_aggregate_however_it_is_encoded(ids: Any) -> None:
    """As where a dictionary of Arrow has a value twice."""
    pinned = pinned_of((EXAMPLES / "order.saga").read_text(encoding="utf-8"), "order")
    report = judge(saga_of(pinned), ids, [0, 0, 0, 0])
    assert [(bad.row, bad.kind) for bad in report.bad] == [(3, "refused")]
    assert report.aggregates == 2


LOOPED = [
    ("begin", "check_out"),
    ("done", "check_out"),
    ("begin", "make_payment"),
    ("fail", "make_payment"),
    ("begin", "try_another_card"),
    ("done", "try_another_card"),
    ("begin", "make_payment"),
    ("done", "make_payment"),
    ("abort", None),
    ("undo", "make_payment"),
    ("finish", None),
]


@pytest.mark.parametrize("pieces", [1, 2, 5])
def test_the_name_of_an_action_means_the_round_that_is_due(pieces: int) -> None:
    """So the second payment is of the second round; a third is none."""
    pinned = pinned_of((EXAMPLES / "order.saga").read_text(encoding="utf-8"), "order")
    rows = [("good", *row) for row in LOOPED]
    rows += [("bad", *row) for row in (*LOOPED[:8], LOOPED[6])]
    audit = Audit(saga_of(pinned))
    for piece in range(pieces):
        part = rows[len(rows) * piece // pieces : len(rows) * (piece + 1) // pieces]
        ids, events, steps = zip(*part, strict=True)
        audit.feed(Log(ids, steps, events))
    assert [(bad.aggregate, bad.row) for bad in audit.report().bad] == [("bad", 20)]


def test_what_is_named_by_rounds_is_judged_like_what_is_numbered() -> None:
    """In corrupted logs, where the name of a later round means that one alone."""
    for seed, pinned in enumerate(random_sagas(range(800, 860), 8)):
        rows = write_log(pinned, Random(seed), 12)
        names: dict[Any, Any] = {step: name for name, step in pinned.positions.items()}
        named = [row._replace(step=names.get(row.step, row.step)) for row in rows]
        expected = sorted(first_bad(pinned, rows, counted=True))
        report = by_numpy(saga_of(pinned), named, counted=True)
        assert found_in(report, rows) == expected


def upgraded() -> Any:
    """A parcel whose second version weighs, which those that are packed need not."""
    states = "states {{ initial paid, packed, {} final sent }}"
    old = f"saga random {{ aggregate id\n{states.format('')}\ntransitions {{"
    old += "paid -> packed : pack\npacked -> sent : send } }"
    new = f"saga random {{ aggregate id\n{states.format('weighed,')}\ntransitions {{"
    new += "paid -> packed : pack\npacked -> weighed : weigh\nweighed -> sent : send }"
    new += "\nupgrades { from 1 waive weigh when send } }"
    first = release(pinned_of(old))
    tree, findings = parse_saga(Source("random.saga", new))
    assert tree, findings
    saga, findings = resolve_saga(tree)
    assert saga, findings
    pinned, findings = pin(saga, Lock("random", first.versions))
    assert pinned, findings
    return pinned


SENT = [(1, "begin", 0), (1, "done", 0), (1, "begin", 1), (1, "done", 1)]
MOVED = [(2, "upgrade", None), (2, "waive", 2)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([*SENT[:2], (2, "upgrade", None), (2, "begin", 2), (2, "done", 2)], None),
        ([*SENT, *MOVED, (2, "finish", None)], None),
        ([*SENT, MOVED[0], (2, "finish", None)], (6, "refused")),
        ([*SENT[:2], *MOVED], (4, "refused")),
        ([*SENT[:3], *MOVED, MOVED[1]], (6, "refused")),
        ([*SENT[:2], (2, "begin", 2)], (3, "version")),
        ([*SENT[:2], (3, "upgrade", None)], (3, "version")),
        ([*SENT[:2], (1, "upgrade", None)], (3, "refused")),
        ([(2, "upgrade", None)], (1, "refused")),
        ([*SENT[:2], (1, "begin", 2)], (3, "step")),
        ([(2, "begin", 0), (2, "done", 0), (2, "begin", 1)], (3, "refused")),
    ],
)
def test_an_upgrade_is_judged_with_what_it_waives(
    rows: list[Any], expected: object
) -> None:
    """A version changes by an upgrade only, and that as the newer machine allows."""
    pinned = upgraded()
    log = [Told(1, n, *row) for n, row in enumerate(rows, start=1)]
    for pieces in (1, len(log)):
        report = by_numpy(saga_of(pinned), log, counted=True, pieces=pieces)
        found = [(bad.row, bad.kind) for bad in report.bad]
        assert found == ([expected] if expected else [])
