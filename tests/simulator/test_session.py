"""A session: what may be typed, what it says, and the scenario that it becomes."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from sagadsl.driver import compile_saga, release_text
from sagadsl.model import Pinned
from sagadsl.rehearsal import rehearse_saga
from sagadsl.simulator import Session

EXAMPLES = Path(__file__).parents[2] / "examples"
SAGAS = [p for p in sorted(EXAMPLES.rglob("*.saga")) if "published" not in p.parts[-2]]
ORDER = (EXAMPLES / "order.saga").read_text(encoding="utf-8")
# Words of the session as names, and rounds, of which a name means the one that is due.
WORDS = """saga words {
    aggregate id
    states {
        initial a
        b
        c
        d
        final e
    }
    transitions {
        a -> b else c : back
        c -> a        : quit  up to 1 times
        c -> e        : give_up
        b -> d        : abort
        d -> e        : fails
    }
    compensations {
        back : undo
    }
    actions {
        back : idempotent
        undo : idempotent, even if in doubt
    }
}
"""


def pinned_of(text: str, name: str = "order", lock: str | None = None) -> Pinned:
    pinned, findings = compile_saga(f"{name}.saga", text.encode(), lock)
    assert pinned, findings
    return pinned


def session_of(text: str = ORDER, name: str = "order") -> Session:
    pinned = pinned_of(text, name)
    return Session(pinned, pinned.latest)


def entered(session: Session, *lines: str) -> str:
    """What the last line is answered."""
    return [session.enter(line) for line in lines][-1]


def test_a_number_a_name_and_the_name_of_a_round_are_the_same():
    first, second, third = session_of(), session_of(), session_of()
    entered(first, "1", "fail 1", "1", "make_payment_2")
    entered(second, "check_out", "make_payment fails", "try_another_card")
    entered(second, "make_payment")
    entered(third, " check_out ", "fail make_payment", "1", "3")
    assert first.record == second.record == third.record
    assert first.view().startswith("at payment_made\n")


def test_what_is_refused_says_why_and_changes_nothing():
    session = session_of()
    said = entered(session, "check_out", "hand_to_courier")
    assert said == "refused: `hand_to_courier` waits for `close_parcel`"
    assert entered(session, "fail cancel_order") == (
        "refused: `cancel_order` cannot fail"
    )
    assert entered(session, "undo check_out").startswith("refused: `check_out` has no")
    assert session.view().startswith("at checkout\n")
    assert session.scenario() == '"session" : check_out => checkout'


def test_a_crash_leaves_a_step_in_doubt_until_its_outcome_is_said():
    session = session_of()
    said = entered(session, "check_out", "crash make_payment")
    assert "on its way, `make_payment` in doubt" in said
    assert "1  done make_payment  it has happened" in said
    assert session.scenario().startswith("no scenario: `make_payment` is in doubt")
    assert entered(session, "stay") == "`make_payment` stays in doubt"
    assert "at declined" in entered(session, "fail")
    assert session.scenario() == (
        '"session" : check_out, make_payment fails => declined'
    )
    assert "at payment_made" in entered(session, "back", "make_payment")
    assert entered(session, "stay") == "nothing is in doubt"


def test_an_abort_runs_the_compensations_and_ends():
    session = session_of()
    steps = "check_out make_payment validate_payment pack_parcel"
    said = entered(session, *steps.split(), "abort")
    assert said.splitlines() == [
        "it is given up",
        "aborting",
        "  1  undo pack_parcel  unpack_parcel",
    ]
    assert entered(session, "undo make_payment").startswith("refused: `make_payment`")
    said = entered(session, "unpack_parcel", "1")
    assert said.splitlines() == [
        "`make_payment` is undone by `refund_payment`",
        "finished: compensated",
    ]
    assert session.scenario() == (
        f'"session" : {", ".join(steps.split())}, call_off => compensated'
    )


def test_a_failure_gives_a_cause_to_abort():
    session = session_of()
    steps = ("check_out", "make_payment", "validate_payment", "pack_parcel fails")
    said = entered(session, *steps)
    assert "abort         since pack_parcel failed, then refund_payment" in said
    entered(session, "abort", "1")
    assert session.scenario() == f'"session" : {", ".join(steps)} => compensated'


def test_past_the_pivot_nothing_is_given_up():
    session = session_of()
    steps = "check_out make_payment validate_payment pack_parcel send_invoice"
    entered(session, *steps.split(), "close_parcel", "hand_to_courier")
    assert "abort" not in session.view()
    assert entered(session, "abort").startswith("refused: `hand_to_courier` is past")
    assert entered(session, "sign_receipt").endswith("\nfinished: delivered")
    assert entered(session, "check_out") == "refused: the process is finished"


def test_back_goes_to_the_start_and_no_further():
    session = session_of()
    start = session.view()
    entered(session, "1", "2", "back", "back")
    assert session.view() == start == session.enter("")
    assert entered(session, "back") == "this is the start"


def test_names_come_before_words_of_the_session():
    session = session_of(WORDS, "words")
    entered(session, "back fails", "quit", "back", "abort")
    assert session.view().startswith("at d\n")
    assert not session.over
    assert session.scenario() == '"session" : back fails, quit, back, abort => d'
    assert "aborting" in entered(session, "2")
    assert entered(session, "undo").endswith("finished: compensated")
    assert entered(session, "exit") == ""
    assert session.over


def test_what_no_move_can_say_is_no_scenario():
    session = session_of(WORDS, "words")
    entered(session, "crash back", "1", "2")
    said = session.scenario()
    assert said == "no scenario: the saga declares no `abort` that a move could name"
    session = session_of(WORDS, "words")
    entered(session, "crash back", "3", "undo")
    assert session.view() == "finished: compensated"
    assert session.scenario() == (
        "no scenario: `back` was undone in doubt, which no move can say"
    )


def test_a_title_that_is_taken_gets_a_number():
    text = ORDER.replace('"happy path"', '"session"')
    session = session_of(text)
    session.enter("check_out")
    assert session.scenario() == '"session 2" : check_out => checkout'


def test_an_old_version_goes_as_it_did():
    lock = release_text(pinned_of(ORDER))
    new = ORDER.replace(": abandon", ": forget").replace("15 minutes", "16 minutes")
    pinned = pinned_of(new, lock=lock)
    session = Session(pinned, pinned.versions[0])
    assert "finished: cancelled" in entered(session, "check_out", "abandon")
    assert session.scenario() == "no scenario: the saga has no `abandon` any more"
    assert "did you mean" in Session(pinned, pinned.latest).enter("chekc_out")


@pytest.mark.parametrize("path", SAGAS, ids=lambda path: path.stem)
def test_a_scenario_that_is_printed_holds_when_it_is_pasted(path):
    rng = Random(path.stem)
    text = path.read_text(encoding="utf-8")
    pasted = 0
    for _ in range(30):
        session = session_of(text, path.stem)
        for _ in range(rng.randrange(1, 25)):
            verb = rng.choice(["", "", "", "", "fail ", "crash "])
            answer = session.enter(f"{verb}{rng.randrange(1, 5)}")
            assert answer
        line = session.scenario()
        if line.startswith("no scenario: "):
            continue
        pasted += 1
        block = f"scenarios {{\n{line}"
        whole = text.replace("scenarios {", block)
        if whole == text:
            whole = f"{text.rstrip().removesuffix('}')}\n{block}\n}}\n}}\n"
        played, findings = rehearse_saga(path.name, whole.encode())
        assert played, findings
        assert line.startswith(f'"{played[0][0].title}" : ')
        assert played[0][1].wrong == ""
    assert pasted


@pytest.mark.parametrize("seed", range(5))
def test_no_input_is_an_error(seed):
    rng = Random(seed)
    session = session_of(WORDS, "words")
    words = "back quit abort fails undo crash done fail stay help ? 1 2 99999999 ² -1 e"
    for _ in range(300):
        typed = rng.choices([*words.split(), "\x1b[2J", "\u202e"], k=rng.randrange(4))
        answer = session.enter(" ".join(typed))
        assert "\x1b" not in answer
        assert "\u202e" not in answer
        assert session.scenario()
