"""What a record says of the rows and states as they were declared."""

from __future__ import annotations

import pytest
from sagas import after, compiled, example

from sagadsl.emit.standing import stand
from sagadsl.machine import Record, Refused

ORDER = example("order")
PAID = ("do check_out", "do make_payment", "do validate_payment")


def marks(*events):
    """The marks of steps and states that have one, and the caption."""
    standing = stand(ORDER.latest, after(ORDER, *events))
    steps = {name: str(s.mark) for name, s in standing.steps.items() if s.mark}
    states = {name: str(s.mark) for name, s in standing.states.items() if s.mark}
    return steps, states, standing.caption


def test_at_the_start_the_first_step_is_next():
    assert marks() == (
        {"check_out": "next"},
        {"initialised": "here"},
        "now in initialised",
    )


def test_a_step_in_doubt_stands_between_states():
    steps, states, caption = marks("do check_out", "begin make_payment")
    assert steps == {"check_out": "done", "make_payment": "in doubt"}
    assert states == {"initialised": "done", "checkout": "done"}
    assert caption == "in doubt: make_payment"


def test_of_many_names_some_are_told():
    """As many as a reader looks at, in a picture and in a refusal."""
    each = range(40)
    rows = [f"begun -> {' & '.join(f's{n}' for n in each)} : split"]
    rows += [f"s{n} -> t{n} : make_{n}" for n in each]
    rows.append(f"{' & '.join(f't{n}' for n in each)} -> ended : join")
    states = ["initial begun", "final ended", *(f"{a}{n}" for a in "st" for n in each)]
    inside = f"states {{ {', '.join(states)} }}\ntransitions {{ {', '.join(rows)} }}"
    wide = compiled("wide.saga", f"saga wide {{\naggregate id\n{inside}\n}}\n")
    standing = stand(wide.latest, after(wide, "do split"))
    assert standing.caption == "now in s0, s1, s2, s3, s4 and 35 more"
    waits = [f"`make_{n}`" for n in range(5)] + ["35 more"]
    with pytest.raises(Refused, match=f"^`join` waits for {' and '.join(waits)}$"):
        after(wide, "do split", "do join")


def test_a_loop_tells_its_rounds():
    first = ("do check_out", "begin make_payment", "fail make_payment")
    standing = stand(ORDER.latest, after(ORDER, *first, "do try_another_card"))
    assert standing.states["checkout"] == ("here", ("round 2",))
    payment = standing.steps["make_payment"]
    assert payment.mark == "next"
    assert payment.rounds == ("round 1 failed", "round 2 next")
    assert payment.exits == {"declined"}
    assert standing.steps["cancel_order"].ways == {"checkout"}


def test_compensations_that_may_run_are_told():
    events = (*PAID, "do pack_parcel", "begin send_invoice", "abort")
    standing = stand(ORDER.latest, after(ORDER, *events, "undo send_invoice"))
    assert standing.steps["send_invoice"].mark == "undone"
    assert standing.steps["pack_parcel"].undo_next
    assert not standing.steps["make_payment"].undo_next
    assert standing.caption == "aborting from packed: what was done is being undone"
    assert standing.states["packed"].mark == "stopped"
    assert standing.states["invoicing"].mark == "done"


def test_a_failure_without_a_way_on_is_told():
    events = (*PAID, "begin pack_parcel", "fail pack_parcel")
    steps, _, caption = marks(*events)
    assert steps["pack_parcel"] == "failed"
    assert caption == "pack_parcel failed: to be aborted"


def test_the_end_is_told():
    events = ("do check_out", "do cancel_order")
    assert marks(*events)[2] == "now in cancelled"
    assert marks(*events, "finish")[2] == "finished in cancelled"
    assert marks("do check_out", "abort", "finish")[2] == "finished: compensated"


def test_unknown_bits_are_refused():
    with pytest.raises(Refused, match="belongs to no step"):
        stand(ORDER.latest, Record(1 << 40, 1 << 40))


def test_what_is_held_is_what_the_machine_holds_while_aborting_too():
    events = (*PAID, "do pack_parcel", "do send_invoice", "abort", "undo send_invoice")
    record = after(ORDER, *events, "undo pack_parcel")
    standing = stand(ORDER.latest, record)
    stopped = [name for name, s in standing.states.items() if s.mark == "stopped"]
    assert stopped == list(ORDER.latest.machine().standing(record))
    assert standing.caption.startswith("aborting from packed and invoiced: ")


def test_a_state_is_undone_with_the_step_that_led_to_it():
    record = after(ORDER, *PAID, "abort", "undo make_payment")
    assert stand(ORDER.latest, record).states["payment_made"].mark == "undone"


def test_what_stands_beside_a_step_in_doubt_is_told_with_it():
    caption = marks(*PAID, "begin pack_parcel", "do send_invoice")[2]
    assert caption == "now in invoiced; in doubt: pack_parcel"


def test_many_rounds_are_told_in_a_few_words():
    loop = compiled(
        "loop.saga",
        "saga loop {\naggregate id\nstates {\ninitial a\nb\nfinal c\n}\n"
        "transitions {\na -> b : go\nb -> a : back up to 8 times\nb -> c : end\n}\n}\n",
    )
    rounds = stand(loop.latest, after(loop, *["do go", "do back"] * 6)).steps["go"]
    assert rounds.rounds == ("6 rounds done", "round 7 next")
