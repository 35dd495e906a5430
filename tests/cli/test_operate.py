"""`sagac ps`, `show`, `resolve`, `retry`, `abort` and `purge`, on a real store."""

from __future__ import annotations

import json

import order_saga
import pytest
from orders import ORDER
from world import World

from sagadsl.cli.words import span
from sagadsl.runtime import Driver, open_store


def listed(run, *arguments):
    status, out, err = run("ps", "--json", *arguments)
    assert (status, err) == (0, "")
    return json.loads(out)


def first_column(out):
    return [line.split()[0] for line in out.split("\n\n")[0].splitlines()[1:]]


def test_the_pressing_ones_come_first_and_all_are_counted(operate):
    status, out, _ = operate("ps", COLUMNS="80")
    assert status == 0
    assert first_column(out) == ["stranded", "stuck", "parked", "waiting"]
    assert out.endswith(
        "order: 4 processes: 1 stranded, 1 stuck, 1 parked, 1 waiting\n"
        "5 messages wait to be delivered\n"
    )
    assert "refund_payment failed" in out
    assert "send_invoice in doubt" in out
    assert max(map(len, out.splitlines())) <= 80
    wide = operate("ps", COLUMNS="200")[1]
    assert "EXPIRES" in wide
    assert "EXPIRES" not in out


def test_filters_and_limits(operate):
    found = listed(operate, "--is", "stuck", "--is", "parked")
    assert [one["id"] for one in found["processes"]] == ["stuck", "parked"]
    assert found["processes"][0]["stuck"] == ["refund_payment"]
    found = listed(operate, "--at", "checkout")
    assert [(one["id"], one["held"]) for one in found["processes"]] == [
        ("waiting", ["checkout"])
    ]
    assert sum(found["counts"]["order"].values()) == 1
    found = listed(operate, "--limit", "1")
    assert [one["process"] for one in found["processes"]] == ["stranded"]
    assert sum(found["counts"]["order"].values()) == 4
    assert found["messages"] == 5


def test_a_state_or_a_saga_that_there_is_not(operate):
    assert operate("ps", "--at", "check")[0] == 2
    assert operate("ps", "--saga", "parcel")[0] == 2


def test_a_source_that_is_not_there(operate):
    """It would be taken for a saga without processes."""
    for words in (("ps", "oder.saga"), ("show", "stranded", "oder.saga")):
        status, out, err = operate(*words)
        assert (status, out) == (2, "")
        assert "oder.saga: there is no such file" in err


def test_an_id_that_is_no_text(operate):
    """As the shell gives what is not UTF-8."""
    for command in ("show", "abort"):
        status, _, err = operate(command, "\udcff")
        assert status in (1, 2)
        assert "there is no order" in err
        assert "Traceback" not in err
    assert operate("abort", "waiting", "--by", "\udcff")[0] == 0


def test_without_the_source_the_numbers_are_told(operate):
    (operate.folder / "order.saga").unlink()
    status, out, _ = operate("ps")
    assert status == 0
    assert "0xe3,0x63,0x0,0x0" in out
    assert "order: 4 processes: 1 stuck, 1 parked" in out
    status, out, _ = operate("show", "parked")
    assert status == 0
    assert "parked" in out
    status, _, err = operate("abort", "parked")
    assert (status, err) == (
        2,
        "sagac: there is no order.saga here; name it as PATH\n",
    )
    (operate.folder / "elsewhere").mkdir()
    (operate.folder / "elsewhere/order.saga").write_text(ORDER, encoding="utf-8")
    assert operate("abort", "waiting", "elsewhere")[0] == 0


def test_damage_is_looked_for(operate):
    assert operate("ps", "--damaged")[0] == 0
    with open_store(operate.url) as store:
        store.database.execute(
            "UPDATE saga_process SET done = 64 WHERE aggregate_id = 'waiting'"
        )
    status, out, _ = operate("ps", "--damaged")
    assert status == 1
    assert first_column(out) == ["damaged"]
    assert "its log adds up to" in out
    status, out, _ = operate("show", "waiting")
    assert status == 1
    assert out.startswith("order waiting, version 1 (draft): damaged\n")
    assert operate("show", "waiting", "-o", "order.svg")[0] == 1


def test_damage_of_many_is_counted_and_some_of_it_shown(operate):
    with open_store(operate.url) as store:
        store.database.execute("UPDATE saga_process SET done = 64")
    status, out, _ = operate("ps", "--damaged", "--limit", "1")
    assert (status, first_column(out)[0]) == (1, "damaged")
    assert out.splitlines()[2] == "and 3 more that are damaged"
    told = json.loads(operate("ps", "--damaged", "--limit", "3", "--json")[1])
    assert (len(told["processes"]), told["more"]) == (3, 1)
    for option in (("--is", "stuck"), ("--at", "checkout")):
        status, _, err = operate("ps", "--damaged", *option)
        assert status == 2
        assert "leave out --is and --at" in err


def test_a_process_is_shown(operate):
    status, out, _ = operate("show", "parked", COLUMNS="100")
    assert status == 0
    assert out.startswith("order parked, version 1 (draft): parked\n")
    assert "  stands at:   packed\n" in out
    assert "  undo:        send_credit_note, unpack_parcel, refund_payment\n" in out
    steps, log = out.split("\n\n")[1:]
    assert steps.splitlines()[-1].startswith("send_invoice      parked")
    assert log.splitlines()[-1].endswith("nobody knows if it happened")
    shown = json.loads(operate("show", "waiting", "--json")[1])
    assert shown["data"] == '{"card":"4711"}'
    assert shown["allowed"] == ["make_payment", "cancel_order", "abandon"]
    assert [row["event"] for row in shown["log"]] == ["start", "begin", "done"]


def test_a_process_that_has_ended_is_shown_as_far_as_it_is_kept(operate):
    status, out, _ = operate("show", "ended")
    assert status == 0
    assert out.startswith("order ended, version 1 (draft): ended, compensated\n")
    assert "make_payment  taken back" in out
    assert out.splitlines()[-1].endswith("compensated")
    with open_store(operate.url) as store:
        store.database.execute("DELETE FROM saga_tombstone")
    status, out, _ = operate("show", "ended")
    assert "no longer, but archived" in out
    with open_store(operate.url) as store:
        store.database.execute("DELETE FROM saga_archive")
    assert operate("show", "ended") == (1, "", "there is no order ended\n")


@pytest.mark.parametrize("name", ["order.svg", "order.png", "order.mmd", "order.html"])
def test_a_process_is_drawn(operate, name):
    assert operate("show", "parked", "-o", name) == (0, f"wrote {name}\n", "")
    drawn = (operate.folder / name).read_bytes()
    assert b"in doubt" in drawn or name.endswith(".png")
    status, _, err = operate("show", "stranded", "-o", name)
    assert status == 2
    assert "version 9 of order is not known here" in err
    assert operate("show", "parked", "-o", "order.gif")[0] == 2


def test_a_step_in_doubt_is_resolved(operate):
    ask = ("resolve", "parked", "send_invoice", "--by", "ann", "--note", "it is sent")
    assert operate(*ask)[0] == 2, "what was found out has to be said"
    status, out, _ = operate(*ask, "--happened")
    assert (status, out) == (0, "order parked: accepted: it stands at order_received\n")
    status, out, err = operate(*ask, "--not-happened")
    why = "order parked: refused: `send_invoice` does not wait for a person\n"
    assert (status, out, err) == (1, "", why)
    log = json.loads(operate("show", "parked", "--json")[1])["log"]
    (row,) = [row for row in log if row["event"] == "resolve"]
    assert (row["actor"], row["note"]) == ("ann", "it has happened it is sent")


def test_a_step_that_is_stuck_is_tried_again(operate):
    status, out, _ = operate("retry", "stuck", "refund_payment")
    told = "order stuck: accepted: what is done is taken back\n"
    assert (status, out) == (0, told)
    assert operate("retry", "stuck", "make_coffee")[0] == 1
    with (
        open_store(operate.url) as store,
        Driver(order_saga, World(), store) as driver,
    ):
        driver.run()
        assert driver.start("stuck").reason.startswith("order stuck ended")


def test_a_process_is_given_up(operate):
    status, out, _ = operate("abort", "waiting", "--json")
    assert status == 0
    assert json.loads(out)["outcome"] == "accepted"
    status, _, err = operate("abort", "waiting")
    assert status == 1
    assert err.startswith("order waiting: refused: order waiting ended as compensated")
    status, _, err = operate("abort", "stranded")
    assert (status, err) == (
        1,
        "order stranded: refused: version 9 of order is not known here\n",
    )
    assert operate("abort", "nobody") == (1, "", "there is no order nobody\n")
    assert operate("abort", "stuck")[0] == 0, "it is already aborting"


def test_what_is_over_is_purged(operate):
    assert operate("purge") == (0, "order: 0 forgotten\n", "")
    with open_store(operate.url) as store:
        store.database.execute("UPDATE saga_tombstone SET forget = 1")
    assert operate("purge") == (0, "order: 1 forgotten\n", "")
    done = json.loads(operate("purge", "--archive", "--json")[1])
    assert done == {"order": {"tombstones": 0, "archives": 1}}


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("sqlite:///none.db", "none.db: there is no such file"),
        ("sqlite:///order.saga", "order.saga: file is not a database"),
        ("sqlite:///empty.db", "there are no tables of a store in it"),
        ("mysql://me:secret@host/db", "is no store"),
        ("postgresql://me:secret@127.0.0.1:1/x", "Connection refused"),
    ],
)
@pytest.mark.parametrize("command", [("ps",), ("show", "1"), ("purge",)])
def test_what_is_no_store_is_told_and_left_alone(sagac, url, why, command):
    (sagac.folder / "order.saga").write_text(ORDER, encoding="utf-8")
    (sagac.folder / "empty.db").touch()
    status, out, err = sagac(*command, "--store", url)
    assert (status, out) == (2, "")
    assert why in err
    assert "secret" not in err
    assert not (sagac.folder / "none.db").exists()
    assert (sagac.folder / "empty.db").read_bytes() == b""


def test_the_store_has_to_be_said(sagac):
    status, _, err = sagac("ps")
    assert status == 2
    assert "Missing option '--store'" in err


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-5, "0 s"),
        (0.4, "0 s"),
        (9.6, "10 s"),
        (59, "59 s"),
        (59.6, "1 min"),
        (3_600 - 1, "1 h"),
        (86_400 - 1, "1 d"),
        (90 * 60, "2 h"),
        (15 * 60 - 1, "15 min"),
        (30 * 86_400 - 1, "30 d"),
    ],
)
def test_how_long_is_told_in_one_unit(seconds, told):
    assert told == span(int(seconds * 1000))
