"""`sagac decode`, `replay` and `graph --record`: masks and records, told and judged."""

from __future__ import annotations

import json

import pytest
from project import ORDER, write

TRIP = """\
saga trip {
    aggregate trip_id

    states {
        initial chosen
        flight_booked
        room_booked
        final booked
    }

    transitions {
        chosen        -> flight_booked : book_flight  by system
        flight_booked -> room_booked   : book_room    by system
        room_booked   -> booked        : confirm      by user
    }

    compensations {
        book_flight : cancel_flight
        book_room   : cancel_room
    }

    actions {
        book_flight   : idempotent
        book_room     : once, probe room_status
        cancel_flight : idempotent
        cancel_room   : idempotent
    }
}
"""


@pytest.fixture
def trip(sagac):
    """Run `sagac` where there is a saga with effects and compensations."""
    write(sagac, TRIP, "trip.saga")
    return sagac


def test_decode(sagac):
    write(sagac)
    assert sagac("decode", "order.saga", "0x1") == (
        0,
        (
            "1 (0x1), version 1 (draft)\n"
            "  done:        pay\n"
            "  held:        paid\n"
            "  allowed:     ship\n"
        ),
        "",
    )
    status, _, err = sagac("decode", "order.saga", "2")
    assert status == 1
    assert "`ship` waits for `pay`" in err
    meaning = json.loads(sagac("decode", "order.saga", "1,0,0,0", "--json")[1])
    assert meaning["in_doubt"] == ["pay"]
    assert json.loads(sagac("decode", "order.saga", "2", "--json")[1])["invalid"]
    assert sagac("decode", "order.saga", "one")[0] == 2
    assert sagac("decode", "order.saga", "--", "-1")[0] == 1
    assert sagac("decode", "order.saga", "1", "--version", "2")[0] == 2


def test_decode_says_at_which_kind_of_end_a_process_is(trip):
    assert "process:     final\n" in trip("decode", "trip.saga", "7")[1]
    failed = trip("decode", "trip.saga", "3,1,2,0")[1]
    assert "process:     failed; it has to be aborted" in failed
    assert "failed:      book_room" in failed
    compensated = trip("decode", "trip.saga", "1,1,1,3")[1]
    assert "process:     compensated\n" in compensated
    assert "compensated: book_flight\n" in compensated
    assert "process" not in trip("decode", "trip.saga", "1")[1]


def test_decode_lists_what_an_abort_would_undo_and_on_what_that_hangs(trip):
    undo = "undo:        cancel_room (if book_room was done), cancel_flight\n"
    assert undo in trip("decode", "trip.saga", "3,1,0,0")[1]
    assert json.loads(trip("decode", "trip.saga", "3,1,0,0", "--json")[1]) == {
        "version": 1,
        "process": "running",
        "done": ["book_flight"],
        "in_doubt": ["book_room"],
        "failed": [],
        "compensated": [],
        "held": [],
        "allowed": [],
        "undo": [
            {"step": "book_room", "action": "cancel_room", "in_doubt": True},
            {"step": "book_flight", "action": "cancel_flight", "in_doubt": False},
        ],
    }


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_number_that_is_too_long_for_a_decimal_is_judged(sagac, sign):
    write(sagac)
    status, _, err = sagac("decode", "order.saga", "--", f"{sign}0x{'f' * 5000}")
    assert status == 1
    assert "is no record of version 1: " in err


def test_decode_and_graph_refuse_in_the_same_words(sagac):
    write(sagac)
    refused = sagac("decode", "order.saga", "2")
    assert refused[0] == 1
    assert sagac("graph", "order.saga", "-o", "a.svg", "--record", "2") == refused


def test_an_old_mask_is_decoded_by_its_version(sagac):
    path = write(sagac)
    assert sagac("release", "order.saga")[1] == (
        "order.saga: released version 1; now run `sagac build`\n"
    )
    path.write_text(ORDER.replace("ship ", "send "))
    assert (
        "held:        shipped"
        in sagac("decode", "order.saga", "3", "--version", "1")[1]
    )
    status, _, err = sagac("decode", "order.saga", "3")
    assert status == 1
    assert "bit 1 belongs to no step of version 2" in err


def test_replay(sagac):
    write(sagac)
    steps = sagac.folder / "steps.txt"
    steps.write_text("# the happy path\npay\n\nship\n")
    assert sagac("replay", "order.saga", "steps.txt") == (
        0,
        "3 (0x3)\nprocess: final\nheld: shipped\n",
        "",
    )
    assert sagac("replay", "order.saga", "-", stdin=b"pay\npay\n") == (
        1,
        "",
        "<stdin>:2: refused: `pay` is already done\n",
    )
    refused = sagac("replay", "order.saga", "-", "--json", stdin=b"ship\n")
    assert json.loads(refused[1]) == {"refused": "`ship` waits for `pay`", "line": 1}
    assert sagac("replay", "order.saga", "-", stdin=b"pay maybe\n")[0] == 1
    assert sagac("replay", "order.saga", "-", stdin=b"\xff\x00\n")[0] == 1


def replayed(sagac, steps, *options):
    lines = "\n".join(steps.split(", ")).encode()
    return sagac("replay", ".", "-", *options, stdin=lines)


def test_replay_takes_failures_aborts_and_compensations(trip):
    assert replayed(trip, "book_flight, book_room fails") == (
        0,
        (
            "0x3,0x1,0x2,0x0\n"
            "process: failed; it has to be aborted, as nothing goes on from there\n"
            "held: nothing\n"
        ),
        "",
    )
    steps = "book_flight, book_room, abort, undo book_room, undo book_flight"
    assert replayed(trip, steps) == (
        0,
        "0x3,0x3,0x3,0x1\nprocess: aborting\nstopped: room_booked\n",
        "",
    )
    assert json.loads(replayed(trip, "book_flight", "--json")[1]) == {
        "record": {"begun": "0x1", "done": "0x1", "closed": "0x0", "control": "0x0"},
        "mask": "0x1",
        "process": "running",
        "held": ["flight_booked"],
    }


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (
            "book_flght",
            "version 1 has no step `book_flght`; did you mean `book_flight`?",
        ),
        ("cancel_flight", "it compensates `book_flight`: write `undo book_flight`"),
        ("book_flight fails twice", "is no line of a replay; write `NAME`"),
        (
            "book_flight, book_room, confirm fails",
            "`confirm` cannot fail: it is a fact",
        ),
        ("book_flight, undo book_flight", "the process is not aborting"),
        ("book_flight, book_room, abort, undo book_flight", "waits for `book_room`"),
        ("abort, book_flight", "`book_flight` cannot begin: the process is aborting"),
        ("abort, abort", "already aborting"),
    ],
)
def test_replay_says_why_a_line_is_refused(trip, steps, expected):
    status, out, err = replayed(trip, steps)
    assert (status, out) == (1, "")
    assert err.startswith(f"<stdin>:{len(steps.split(', '))}: refused: ")
    assert expected in err


def test_a_step_goes_before_a_word_of_replay(sagac):
    write(sagac, ORDER.replace(" pay ", " abort ").replace(" ship ", " undo "))
    assert replayed(sagac, "abort, undo")[1].startswith("3 (0x3)\n")
