"""The definition for Step Functions, as moto's interpreter runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from step_functions import Functions, run

from sagadsl.driver import check_targets, compile_saga
from sagadsl.emit.amazon_states import emit_amazon_states
from sagadsl.model import Pinned

ROOT = Path(__file__).parents[2]
TRIP = ROOT / "tests" / "conformance" / "trip.saga"
GOLDEN = Path(__file__).parent / "golden"
UNDO = ("cancel_flight", "cancel_hotel", "refund")
FORWARD = ["pay", "book_flight", "book_hotel"]


def compiled(path: Path, *edits: tuple[str, str]) -> Pinned:
    text = path.read_text("utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    pinned, findings = compile_saga(path.name, text.encode(), None)
    assert pinned, findings
    return pinned


@pytest.fixture
def functions() -> Functions:
    made = Functions()
    made.answers["requested"] = [{"event": "confirm", "data": {"by": "anna"}}]
    made.answers["ready"] = [{"event": "depart"}]
    made.answers["travelling"] = [{"event": "arrive"}]
    return made


def test_a_definition_is_always_written_the_same(golden):
    golden(GOLDEN / "trip.asl.json", emit_amazon_states(compiled(TRIP)))


def test_success(functions):
    end = run(functions, emit_amazon_states(compiled(TRIP)))
    assert (end.status, end.error) == ("SUCCEEDED", "")
    assert sorted(functions.calls) == sorted([*FORWARD, "depart"])
    assert functions.calls[0] == "pay"
    assert functions.calls[-1] == "depart"
    assert end.done["confirm"] == {"event": "confirm", "data": {"by": "anna"}}
    (pay, *_) = functions.payloads
    assert pay["aggregate_id"] == "42"
    assert pay["idempotency_key"] == "trip/42/pay/pay"
    assert pay["data"] == {"customer": "anna"}


@pytest.mark.parametrize(
    ("step", "error", "undone"),
    [
        ("pay", "rejected", []),
        ("book_flight", "Compensated", ["cancel_hotel", "refund"]),
        ("book_hotel", "Compensated", ["cancel_flight", "refund"]),
        ("depart", "Compensated", ["cancel_hotel", "cancel_flight", "refund"]),
    ],
)
def test_what_fails_is_not_compensated_and_what_was_done_before_is(
    functions, step, error, undone
):
    functions.acts[step] = ["fail"]
    end = run(functions, emit_amazon_states(compiled(TRIP)))
    assert (end.status, end.error) == ("FAILED", error)
    undoing = [name for name in functions.calls if name in UNDO]
    assert undoing == undone or (
        set(undoing) == set(undone) and undoing[-1] == "refund"
    )


def test_what_happens_once_is_asked_about_and_not_called_again(functions):
    functions.acts["pay"] = ["raise"]
    functions.acts["pay_status"] = [True]
    assert run(functions, emit_amazon_states(compiled(TRIP))).status == "SUCCEEDED"
    assert functions.calls[:2] == ["pay", "pay_status"]
    assert functions.calls.count("pay") == 1


def test_a_probe_that_says_no_makes_it_a_failure(functions):
    functions.acts["pay"] = ["raise"]
    functions.acts["pay_status"] = [False]
    end = run(functions, emit_amazon_states(compiled(TRIP)))
    assert end.error == "rejected"
    assert functions.calls == ["pay", "pay_status"]


def test_a_probe_that_does_not_know_has_a_person_asked(functions):
    functions.acts["pay"] = ["raise"]
    functions.answers["pay"] = [{"answer": None}, {"answer": True}]
    assert run(functions, emit_amazon_states(compiled(TRIP))).status == "SUCCEEDED"
    assert functions.calls.count("pay") == 1


def test_without_a_probe_a_person_is_asked_at_once(functions):
    functions.acts["book_hotel"] = ["raise"]
    functions.answers["book_hotel"] = [{"answer": True}]
    end = run(functions, emit_amazon_states(compiled(TRIP)))
    assert end.status == "SUCCEEDED"
    assert functions.calls.count("book_hotel") == 1


def test_what_is_idempotent_is_called_again_until_it_answers(functions):
    functions.acts["book_flight"] = ["raise"]
    end = run(functions, emit_amazon_states(compiled(TRIP)))
    assert end.status == "SUCCEEDED"
    assert functions.calls.count("book_flight") == 2


def test_a_compensation_that_fails_is_tried_again_and_then_told(functions):
    functions.acts["depart"] = ["fail"]
    functions.acts["refund"] = ["fail", "fail"]
    functions.answers["refund of pay"] = [{"answer": True}]
    end = run(functions, emit_amazon_states(compiled(TRIP)))
    assert end.error == "Compensated"
    assert functions.calls.count("refund") == 3


@pytest.mark.parametrize("asked", ["Ask", "Person"])
def test_who_cannot_be_asked_is_asked_again(functions, asked):
    """The execution would end as it stands, and a fork with it."""
    functions.acts["book_hotel"] = ["raise"]
    functions.answers["book_hotel"] = [{"answer": True}]
    functions.acts[asked] = ["raise"]
    end = run(functions, emit_amazon_states(compiled(TRIP)))
    assert end.status == "SUCCEEDED"
    assert functions.calls.count("book_hotel") == 1
    assert functions.acts[asked] == []


def test_a_timer_ends_a_wait(functions):
    row = "        requested      -> confirmed            : confirm       by user\n"
    timer = "        requested      -> rejected             : give_up after 2 seconds\n"
    functions.answers["requested"] = []
    end = run(functions, emit_amazon_states(compiled(TRIP, (row, row + timer))))
    assert end.error == "rejected"
    assert functions.calls == []


def test_where_only_a_timer_leads_on_nobody_is_asked(functions):
    row = "        requested      -> confirmed            : confirm       by user\n"
    timer = "        requested      -> confirmed            : confirm  after 1 second\n"
    functions.answers["requested"] = []
    end = run(functions, emit_amazon_states(compiled(TRIP, (row, timer))))
    assert end.status == "SUCCEEDED"
    assert end.done["confirm"] == {"event": "confirm"}


def test_an_abort_that_is_asked_for_is_taken_where_the_process_waits(functions):
    head = "    aggregate trip_id\n"
    functions.answers["ready"] = [{"event": "call_off"}]
    edit = (head, f"{head}    abort call_off by user\n")
    end = run(functions, emit_amazon_states(compiled(TRIP, edit)))
    assert end.error == "Compensated"
    assert functions.calls[-1] == "refund"


JOIN = "        flown & slept  -> ready                : join          by system\n"


def test_a_join_waits_until_somebody_asks_for_it(functions):
    edit = (JOIN, JOIN.replace("by system", "by user"))
    functions.answers["flown & slept"] = [{"event": "arrive"}, {"event": "join"}]
    end = run(functions, emit_amazon_states(compiled(TRIP, edit)))
    assert end.status == "SUCCEEDED"
    assert end.done["join"] == {"event": "join"}


def test_a_join_waits_for_its_timer(functions):
    edit = (JOIN, JOIN.replace("by system", "after 1 second"))
    end = run(functions, emit_amazon_states(compiled(TRIP, edit)))
    assert end.status == "SUCCEEDED"
    assert end.done["join"] == {"event": "join"}


def test_an_abort_is_taken_where_a_join_waits(functions):
    head = "    aggregate trip_id\n"
    by_user = (JOIN, JOIN.replace("by system", "by user"))
    functions.answers["flown & slept"] = [{"event": "call_off"}]
    edit = (head, f"{head}    abort call_off by user\n")
    end = run(functions, emit_amazon_states(compiled(TRIP, by_user, edit)))
    assert end.error == "Compensated"
    assert functions.calls[-1] == "refund"


def test_what_nobody_can_ask_for_here_is_not_taken(functions):
    functions.answers["requested"].insert(0, {"event": "arrive"})
    assert run(functions, emit_amazon_states(compiled(TRIP))).status == "SUCCEEDED"


def test_steps_may_be_called_as_what_is_there_anyway(functions):
    text = ("begin", "compensate", "compensated", "failed", "at", "asked")
    rows = [f"s{n} -> s{n + 1} : {name} by system" for n, name in enumerate(text)]
    states = "\n".join(f"s{n}" for n in range(1, len(text)))
    source = (
        "saga names {\naggregate x_id\nstates {\ninitial s0\n"
        f"{states}\nfinal s{len(text)}\n}}\ntransitions {{\n{chr(10).join(rows)}\n}}\n"
        "compensations {\nbegin : end\n}\n"
        "actions {\nbegin : idempotent\ncompensate : once, in doubt park, no undo\n"
        "end : idempotent\n}\n}\n"
    )
    pinned, findings = compile_saga("names.saga", source.encode(), None)
    assert pinned, findings
    assert run(functions, emit_amazon_states(pinned)).status == "SUCCEEDED"
    assert functions.calls == ["begin", "compensate"]


def test_what_forks_into_more_branches_than_are_merged_is_refused(tmp_path):
    begun, done = ([f"{one}{n}" for n in range(11)] for one in "ab")
    pairs = zip(begun, done, strict=True)
    rows = [f"{here} -> {there} : do_{here} by system" for here, there in pairs]
    rows.append(f"open -> {' & '.join(begun)} : go by user")
    rows.append(f"{' & '.join(done)} -> shut : meet by system")
    states = ", ".join(["initial open", *begun, *done, "final shut"])
    inside = f"states {{ {states} }}\ntransitions {{ {', '.join(rows)} }}"
    (tmp_path / "wide.saga").write_text(f"saga wide {{\naggregate id\n{inside}\n}}")
    (found,) = check_targets(compiled(tmp_path / "wide.saga"), ["amazon-states"])
    assert found.label == "a fork has at most 10 branches there"


def test_forks_one_after_another_keep_no_more_than_is_done(functions, tmp_path):
    """Each branch begins with all there is: kept twice, it would soon be too much."""
    forks, states, rows = 4, ["initial s0"], []
    for n in range(forks):
        states += [f"a{n}", f"b{n}", f"s{n + 1}"]
        rows.append(f"s{n} -> a{n} & b{n} : part{n} by system")
        rows.append(f"a{n} & b{n} -> s{n + 1} : meet{n} by system")
    states.append("final shut")
    rows.append(f"s{forks} -> shut : close by user")
    inside = f"states {{ {', '.join(states)} }}\ntransitions {{ {', '.join(rows)} }}"
    (tmp_path / "forks.saga").write_text(f"saga forks {{\naggregate id\n{inside}\n}}")
    functions.answers[f"s{forks}"] = [{"event": "close"}]
    end = run(functions, emit_amazon_states(compiled(tmp_path / "forks.saga")))
    assert end.status == "SUCCEEDED"
    assert len(end.done) == 2 * forks + 1
    assert functions.asked[f"s{forks}"].keys() == {"data", "done", "failed"}


def test_what_takes_longer_than_an_execution_is_refused():
    hold = ROOT / "tests" / "conformance" / "hold.saga"
    edits = (("    expires after 4 seconds\n", ""), ("1 second", "366 days"))
    (found,) = check_targets(compiled(hold, *edits), ["amazon-states"])
    assert (found.code, found.label) == (
        "SAGA212",
        "an execution ends after a year at most",
    )


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "examples").rglob("*.saga")),
    ids=lambda path: path.stem,
)
def test_every_example_is_expressed_or_refused_with_a_reason(path):
    pinned, _ = compile_saga(path.name, path.read_bytes(), None)
    if pinned is None:
        return
    findings = check_targets(pinned, ["amazon-states"])
    if findings:
        assert [one.code for one in findings] == ["SAGA212"]
        return
    definition = json.loads(emit_amazon_states(pinned))
    names = list(state_names(definition))
    assert len(names) == len(set(names))
    assert max(map(len, names)) <= 80
    assert all(where in names for where in followed(definition))


def state_names(machine):
    """The names of all states, of branches too."""
    for name, state in machine["States"].items():
        yield name
        for branch in state.get("Branches", ()):
            yield from state_names(branch)


def followed(machine):
    """The names that any state goes on to."""
    yield machine["StartAt"]
    for state in machine["States"].values():
        ways = [state, *state.get("Choices", ()), *state.get("Catch", ())]
        yield from (way["Next"] for way in ways if "Next" in way)
        if "Default" in state:
            yield state["Default"]
        for branch in state.get("Branches", ()):
            yield from followed(branch)
