"""Whoever may write to a store drives no terminal of who reads it, and hides nothing.

Of what would be seen on a terminal alone nothing is tried: a bell passes everywhere.
"""

from __future__ import annotations

import pytest

from sagadsl.runtime import open_store

BELL, SHOWN = "\a", r"\x07"
SAGA, ID = f"s{BELL}", f"i{BELL}"


@pytest.fixture
def hostile(operate):
    """A store in which there is a bell in each text."""
    with open_store(operate.url) as store:
        execute = store.database.execute
        texts = f"'{BELL}'"
        execute(f"UPDATE saga_tombstone SET outcome = {texts}")
        execute(f"UPDATE saga_archive SET outcome = {texts}")
        for saga in (SAGA, "order"):
            execute(
                "INSERT INTO saga_process (saga, aggregate_id, version, seq, worker,"
                f" lease, data) VALUES (?, ?, 1, 1, {texts}, 9999999999999, {texts})",
                (saga, ID),
            )
        execute(
            "INSERT INTO saga_event (saga, aggregate_id, seq, event, actor, note)"
            f" VALUES ('order', ?, 1, {texts}, {texts}, {texts})",
            (ID,),
        )
    return operate


@pytest.mark.parametrize(
    "arguments",
    [
        ("ps",),
        ("ps", "--damaged"),
        ("ps", "--saga", SAGA),
        ("ps", "--saga", f"other{BELL}"),
        ("show", "ended"),
        ("show", ID),
        ("show", ID, "--saga", SAGA),
        ("show", ID, "--saga", "order"),
        ("show", f"other{BELL}"),
        ("abort", ID, "--saga", "order"),
        ("abort", ID, "--saga", SAGA),
        ("resolve", "parked", BELL, "--happened", "--saga", "order"),
        ("purge",),
        ("purge", "--saga", f"other{BELL}"),
    ],
)
def test_what_cannot_be_seen_is_shown_as_its_code(hostile, arguments):
    _, out, err = hostile(*arguments)
    assert BELL not in out + err
    assert SHOWN in out + err


@pytest.mark.parametrize(
    "arguments", [("purge", "--saga", "parcel"), ("purge", "--saga", "\udcff")]
)
def test_a_saga_that_there_is_not_is_not_purged(operate, arguments):
    status, out, err = operate(*arguments)
    assert (status, out) == (2, "")
    assert "Invalid value for --saga: there is no " in err


@pytest.mark.parametrize(
    ("column", "number"),
    [("seq", 1 << 62), ("version", 1 << 62), ("begun", -1), ("parked", -1)],
)
def test_no_number_keeps_a_process_from_being_told_of(operate, column, number):
    """A bit of it may have flipped; nothing of that size is made of it."""
    with open_store(operate.url) as store:
        store.database.execute(
            f"UPDATE saga_process SET {column} = ? WHERE aggregate_id = 'waiting'",
            (number,),
        )
    assert "order: 4 processes" in operate("ps")[1]
    status, out, err = operate("show", "waiting")
    assert (status in (0, 1), err) == (True, "")
    assert out.startswith("order waiting, version ")
    status, _, err = operate("ps", "--damaged")
    assert (status in (0, 1), err) == (True, "")


@pytest.mark.parametrize("events", ["[1", "[[1]]", "null", '[[1,1,2,0,0,"",0,""]]'])
def test_an_archive_that_is_no_log_is_damaged(operate, events):
    with open_store(operate.url) as store:
        store.database.execute("UPDATE saga_archive SET events = ?", (events,))
    status, out, err = operate("show", "ended")
    assert (status, err) == (1, "")
    assert "order ended, version 1" in out
    assert "damaged:     what is archived of it is no log" in out
    with open_store(operate.url) as store:
        store.database.execute("DELETE FROM saga_tombstone")
    assert operate("show", "ended")[0] == 1


@pytest.mark.parametrize(("column", "number"), [("done", 1 << 62), ("control", -1)])
def test_a_tombstone_that_no_run_leads_to_is_damaged(operate, column, number):
    with open_store(operate.url) as store:
        store.database.execute(f"UPDATE saga_tombstone SET {column} = {number}")
    status, out, err = operate("show", "ended")
    assert (status, err) == (1, "")
    assert "damaged:" in out
    status, _, err = operate("show", "ended", "-o", "order.svg")
    assert status == 1
    assert err.startswith("cannot draw it: ")
