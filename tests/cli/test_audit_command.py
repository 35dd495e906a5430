"""`sagac audit`: tables from files and databases, and the bad rows in them."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import subprocess
import sys

import pytest
from project import ORDER, write

HEAD = ("aggregate_id", "seq", "version", "event", "step")
ROWS = [
    ("a", 1, 1, "start", ""),
    ("a", 2, 1, "begin", "0"),
    ("b", 1, 1, "begin", "pay"),
    ("a", 3, 1, "done", "pay"),
    ("b", 2, 1, "done", "pay"),
    ("b", 3, 1, "begin", "pay"),
    ("c", 1, 7, "begin", "pay"),
    ("d", 2, 1, "begin", "pay"),
    ("e", 1, 1, "begun", "pay"),
    ("f", 1, 1, "begin", "rob"),
]
BAD = [
    ("b", 6, 3, "begin pay", "refused", "`pay` is already done"),
    ("c", 7, 1, "begin pay", "version", "version 7 is unknown; there are 1"),
    ("d", 8, 2, "begin pay", "sequence", "row 1 is due, this is 2"),
    ("e", 9, 1, "begun pay", "event", "`begun` is no event"),
    ("f", 10, 1, "begin rob", "step", "version 1 has no step 'rob'"),
]
KEYS = ("aggregate", "row", "seq", "what", "kind", "why")
TEXT = """\
order b, row 6, seq 3: `begin pay`: `pay` is already done
order c, row 7, seq 1: `begin pay`: version 7 is unknown; there are 1
order d, row 8, seq 2: `begin pay`: row 1 is due, this is 2
order e, row 9, seq 1: `begun pay`: `begun` is no event
order f, row 10, seq 1: `begin rob`: version 1 has no step 'rob'
6 aggregates, 10 events: 5 bad
"""


def write_csv(path, rows=ROWS, head=HEAD, delimiter=","):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows([head, *rows])


def write_lines(path):
    rows = (dict(zip(HEAD, row, strict=True)) for row in ROWS)
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")


def write_parquet(path):
    import pyarrow as pa
    from pyarrow import parquet

    columns = zip(*ROWS, strict=True)
    parquet.write_table(
        pa.table(dict(zip(HEAD, map(list, columns), strict=True))), path
    )


WRITERS = {
    "rows.csv": write_csv,
    "rows.tsv": lambda path: write_csv(path, delimiter="\t"),
    "rows.jsonl": write_lines,
    "rows.parquet": write_parquet,
}


def hide(folder, *libraries):
    """An environment in which some libraries are not installed."""
    for library in libraries:
        text = f'raise ImportError("no {library}")\n'
        (folder / f"{library}.py").write_text(text, encoding="utf-8")
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    return {"PYTHONPATH": path.rstrip(os.pathsep)}


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_of_rows_is_judged(name, sagac):
    write(sagac)
    WRITERS[name](sagac.folder / name)
    assert sagac("audit", "order.saga", name) == (1, TEXT, "")


@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv", "rows.jsonl"])
def test_without_pyarrow_what_is_text_is_judged_the_same(name, sagac, tmp_path):
    write(sagac)
    WRITERS[name](sagac.folder / name)
    hidden = hide(tmp_path, "pyarrow")
    assert sagac("audit", "order.saga", name, **hidden) == (1, TEXT, "")


def test_what_is_not_installed_is_named_with_its_extra(sagac, tmp_path):
    write(sagac)
    for name in ("rows.csv", "rows.parquet"):
        WRITERS[name](sagac.folder / name)
    hidden = hide(tmp_path, "pyarrow", "psycopg")
    status, _, err = sagac("audit", "order.saga", "rows.parquet", **hidden)
    assert status == 2
    assert "Parquet needs pyarrow: pip install 'sagadsl[audit]'" in err
    status, _, err = sagac("audit", "order.saga", "postgresql://u:pw@host/x", **hidden)
    assert status == 2
    assert "pip install 'sagadsl[postgres]'" in err
    assert "pw" not in err
    hidden = hide(tmp_path, "numpy")
    status, _, err = sagac("audit", "order.saga", "rows.csv", **hidden)
    needs = "sagac: an audit needs NumPy: pip install 'sagadsl[audit]'\n"
    assert (status, err) == (2, needs)


def test_json_tells_the_same(sagac):
    write(sagac)
    write_csv(sagac.folder / "rows.csv")
    status, out, _ = sagac("audit", "order.saga", "rows.csv", "--json")
    bad = [dict(zip(KEYS, each, strict=True)) for each in BAD]
    assert status == 1
    assert json.loads(out) == {"aggregates": 6, "events": 10, "bad": bad}


def test_good_rows_are_good(sagac):
    write(sagac)
    write_csv(sagac.folder / "rows.csv", [ROWS[0], ROWS[1], ROWS[3]])
    out = "1 aggregate, 3 events: none bad\n"
    assert sagac("audit", "order.saga", "rows.csv") == (0, out, "")


def test_steps_alone_are_judged_as_masks(sagac):
    """Of the saga's own column, and of columns that are named."""
    write(sagac)
    rows = [(1, "pay"), (2, "ship"), (1, "ship")]
    out = "order 2, row 2: `ship`: `ship` waits for `pay`\n"
    out += "2 aggregates, 3 events: 1 bad\n"
    for head, options in (
        (("order_id", "step"), ()),
        (("nr", "event"), ("--id", "nr", "--step", "event")),
    ):
        write_csv(sagac.folder / "rows.csv", rows, head)
        assert sagac("audit", "order.saga", "rows.csv", *options) == (1, out, "")


def test_what_is_no_number_that_counts_is_told(sagac):
    """Be it missing, below zero, or longer than Python reads."""
    write(sagac)
    long = "1" * 5000
    rows = [("a", "", "pay"), ("b", -1, "pay"), ("c", long, "pay"), ("d", 1, long)]
    write_csv(sagac.folder / "rows.csv", rows, ("order_id", "seq", "step"))
    status, out, _ = sagac("audit", "order.saga", "rows.csv", "--json")
    assert status == 1
    assert [
        (None, "sequence", "row 1 is due, this has no number"),
        (-1, "sequence", "row 1 is due, this is -1"),
        (None, "sequence", "row 1 is due, this has no number"),
        (1, "step", f"version 1 has no step '{long}'"),
    ] == [(bad["seq"], bad["kind"], bad["why"]) for bad in json.loads(out)["bad"]]


def test_one_version_can_judge_all(sagac):
    write(sagac)
    write_csv(sagac.folder / "rows.csv", [ROWS[6]])
    status, _, _ = sagac("audit", "order.saga", "rows.csv", "--version", 1)
    assert status == 0
    status, _, err = sagac("audit", "order.saga", "rows.csv", "--version", 2)
    assert status == 2
    assert "order has no version 2; it has 1" in err


STORED = [
    ("order", aggregate, seq, version, event, int(step) if step.isdigit() else None)
    for aggregate, seq, version, event, step in [
        ("a", 1, 1, "begin", "0"),
        ("b", 1, 1, "begin", "0"),
        ("a", 2, 1, "done", "0"),
        ("b", 2, 1, "finish", ""),
    ]
] + [("other", "c", 1, 1, "begin", 1)]
CREATE = (
    "CREATE TABLE saga_event (saga TEXT, aggregate_id TEXT, seq BIGINT,"
    " version BIGINT, event TEXT, step BIGINT)"
)
OF_STORE = """\
order b, row 4, seq 2: `finish`: `pay` may or may not have happened
2 aggregates, 4 events: 1 bad
"""


def test_a_store_in_sqlite_is_judged(sagac):
    write(sagac)
    with sqlite3.connect(sagac.folder / "a b.db") as store:
        store.execute(CREATE)
        store.executemany("INSERT INTO saga_event VALUES (?, ?, ?, ?, ?, ?)", STORED)
        store.execute("CREATE VIEW mine AS SELECT *, seq AS time FROM saga_event")
    url = "sqlite:///a b.db"
    assert sagac("audit", "order.saga", url) == (1, OF_STORE, "")
    more = ("--table", "mine", "--order", "time")
    assert sagac("audit", "order.saga", url, *more) == (1, OF_STORE, "")


def test_a_store_in_postgresql_is_judged(sagac, postgres_url):
    import psycopg

    write(sagac)
    with psycopg.connect(postgres_url) as store:
        store.execute(CREATE)
        for row in STORED:
            store.execute("INSERT INTO saga_event VALUES (%s, %s, %s, %s, %s, %s)", row)
    assert sagac("audit", "order.saga", postgres_url) == (1, OF_STORE, "")
    status, _, err = sagac("audit", "order.saga", postgres_url, "--table", "none")
    assert status == 2
    assert 'relation "none" does not exist' in err


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("rows.csv", b"", "it is empty"),
        ("rows.csv", b"aggregate_id,step\n1,2,3\n", "line 2: expected 2 columns"),
        ("rows.csv", b"aggregate_id\n1\n", "there is no column `step`"),
        ("rows.jsonl", b"{", "line 1: "),
        ("rows.jsonl", b"[1]", "line 1: it is no object"),
        ("rows.jsonl", b'{"aggregate_id": [1], "step": 2}', "`aggregate_id` is a list"),
        ("rows.parquet", b"PAR1", "Parquet"),
        ("rows.txt", b"", "its name ends in none of"),
        ("rows.db", b"", "its name ends in none of"),
    ],
)
def test_what_is_no_table_of_rows_is_refused_in_words(name, data, why, sagac):
    write(sagac)
    write(sagac, data, name)
    status, out, err = sagac("audit", "order.saga", name)
    assert (status, out) == (2, "")
    assert err.startswith(f"sagac: cannot read {name}: ")
    assert why in err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("none.csv",), "there is no such file"),
        (("sqlite:///none.db",), "there is no such file"),
        (("sqlite:///order.saga",), "file is not a database"),
        (("postgresql://a:b@c@here/d",), "postgresql://…: the URL is malformed"),
        (("postgresql://:1/d?password=b",), "cannot read postgresql://:1/d: "),
        (("mysql://a:b@here/d",), "cannot read mysql://here/d: there is no such file"),
        (("rows.csv", "--step", "what"), "there is no column `what`"),
        (("rows.csv", "--order", "seq"), "rows of a file are in order"),
    ],
)
def test_what_is_not_there_is_said(arguments, why, sagac):
    write(sagac, ORDER)
    write_csv(sagac.folder / "rows.csv")
    status, out, err = sagac("audit", "order.saga", *arguments)
    assert (status, out) == (2, "")
    assert why in err


def test_a_terminal_shows_how_far_it_is(sagac):
    """On standard error, so that the result can go elsewhere."""
    pty = pytest.importorskip("pty")
    write(sagac)
    write_csv(sagac.folder / "rows.csv")
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "sagadsl", "audit", "order.saga", "rows.csv"],
        cwd=sagac.folder,
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=False,
    )
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert done.stdout.decode() == TEXT
    assert "100%" in shown


def test_the_query_is_for_as_many_steps_as_an_integer_has_bits(sagac):
    """A saga with more is told so, and its rows are judged all the same."""
    states = "\n".join(f"s{n}" for n in range(1, 64))
    rows = "\n".join(f"s{n} -> s{n + 1} : go_{n}" for n in range(64))
    text = f"saga long {{\naggregate id\nstates {{\ninitial s0\n{states}\n"
    write(sagac, f"{text}final s64\n}}\ntransitions {{\n{rows}\n}}\n}}\n", "long.saga")
    status, _, err = sagac("build", "long.saga", "--target", "audit-sql")
    assert status == 1
    assert "error[SAGA211]: `go_63` has position 63" in err
    taken = [(1, f"go_{n}") for n in range(64)]
    write_csv(sagac.folder / "rows.csv", [*taken, (1, "go_63")], ("id", "step"))
    status, out, _ = sagac("audit", "long.saga", "rows.csv")
    assert status == 1
    assert "row 65: `go_63`: `go_63` is already done" in out
