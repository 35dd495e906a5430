"""What the checks see without a proof holds in the records of random sagas."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sagadsl.checks import left_standing, overlap
from sagadsl.checks._plain import plain_steps
from sagadsl.checks._reach import reach
from sagadsl.machine import Kind, Record
from sagadsl.parser import parse_saga
from sagadsl.proofs import Proof
from sagadsl.resolve import resolve_saga
from sagadsl.source import Source
from sagadsl.versions import pin

STATES = [f"s{n}" for n in range(6)]
RULES = ["", "idempotent", "idempotent, cannot fail", "idempotent, pivot"]


@st.composite
def sagas(draw):
    """Small sagas without cycles: rows lead from states to later ones."""
    rows, actions = [], []
    for number in range(draw(st.integers(1, 5))):
        cut = draw(st.integers(1, len(STATES) - 1))
        early, late = st.sampled_from(STATES[:cut]), st.sampled_from(STATES[cut:])
        group = st.lists(early, min_size=1, max_size=2, unique=True).map(sorted)
        groups = st.lists(group, min_size=1, max_size=2, unique_by=tuple)
        targets = st.lists(late, min_size=1, max_size=2, unique=True)
        rule = draw(st.sampled_from(RULES))
        fails = rule and "cannot" not in rule and draw(st.booleans())
        sources = " | ".join(" & ".join(group) for group in draw(groups))
        otherwise = f" else {draw(late)}" if fails else ""
        rows.append(f"{sources} -> {' & '.join(draw(targets))}{otherwise} : a{number}")
        actions += [f"a{number} : {rule}"] if rule else []
    return saga_of(
        f"states {{ initial s0, {', '.join(STATES[1:-1])}, final {STATES[-1]} }}",
        f"transitions {{ {', '.join(rows)} }}",
        "actions {\n" + "\n".join(actions) + "\n}",
    )


def saga_of(*parts: str):
    text = "saga random {\naggregate id\n" + "\n".join(parts) + "\n}\n"
    syntax, findings = parse_saga(Source("random.saga", text))
    assert syntax, findings
    saga, findings = resolve_saga(syntax)
    assume(not findings)
    return saga


def records(saga):
    """The machine of a saga and every record that some run leads to."""
    pinned, findings = pin(saga, None)
    assert pinned is not None, findings
    machine = pinned.latest.machine()
    seen = {Record()}
    stack = list(seen)
    while stack:
        record = stack.pop()
        for event in machine.events(record):
            following = machine.apply(record, event)
            if following not in seen:
                seen.add(following)
                stack.append(following)
    bits = {name: 1 << position for name, position in pinned.positions.items()}
    return machine, seen, bits


@settings(max_examples=150, deadline=None)
@given(sagas())
def test_whatever_happens_is_counted_as_reached(saga):
    machine, seen, bits = records(saga)
    places, steps = reach(saga)
    for record in seen:
        assert set(machine.standing(record)) <= set(places)
        assert {name for name, bit in bits.items() if record.begun & bit} <= set(steps)


@settings(max_examples=150, deadline=None)
@given(sagas())
def test_what_is_said_to_stand_stands_whichever_way_was_taken(saga):
    last = saga.states[STATES[-1]]._replace(kind="final failure")
    saga = saga._replace(states=saga.states | {last.name: last})
    machine, seen, bits = records(saga)
    del machine
    for finding in left_standing.check(saga):
        row = bits[finding.span.text]
        effects = [label.span.text.split(" ")[0] for label in finding.others]
        failed = finding.message.startswith("a failure")
        for record in seen:
            lane = record.closed & ~record.done if failed else record.done
            if lane & row and not record.control & 1:
                standing = record.done & ~record.closed
                assert all(standing & bits[name] for name in effects)


@settings(max_examples=150, deadline=None)
@given(sagas())
def test_a_plain_step_happens(saga):
    assume(not list(overlap.check(saga, Proof(saga))))
    _, seen, bits = records(saga)
    for name in plain_steps(saga):
        assert any(record.done & bits[name] for record in seen)


@settings(max_examples=150, deadline=None)
@given(sagas())
def test_a_plain_step_before_the_pivot_can_be_followed_by_an_abort(saga):
    assume(not list(overlap.check(saga, Proof(saga))))
    machine, seen, bits = records(saga)
    early = [
        record
        for record in seen
        if Kind.ABORT in {event.kind for event in machine.events(record)}
    ]
    for name in plain_steps(saga, before_pivot=True):
        assert any(record.done & bits[name] for record in early)
