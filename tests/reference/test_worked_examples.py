"""The token game says of worked examples what the check of scenarios says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

import pytest
from reference import Event, Record, Reference
from subjects import random_sagas
from test_proof_mutants import slip

from sagadsl.checks import failing_scenario
from sagadsl.machine import Refused
from sagadsl.model import Move, Saga, Scenario
from sagadsl.proofs import Proof, scenario

RESULTS = ("refused", "compensated", "expired")
BACKWARD = ("abort", "undo", "finish")
# What is written there, and what stands there instead.
MUTANTS = {
    "a move too early": ("number == len(scenario.moves)", "True"),
    "what is refused holds": ('scenario.result == "refused"', "True"),
    "nothing is refused": ('return "no move is refused"', 'return ""'),
    "what fails is done": ("Kind.FAIL if move.fails else Kind.DONE", "Kind.DONE"),
    "another is to abort": ("move.action == saga.abort.name", "False"),
    "it stands anywhere": ("if result not in held:", "if not held:"),
    "an abort stands": ('return "it is aborting, and stands in no state"', "pass"),
    "every failure gives up": (" & machine.guards.dead_ends", ""),
    "no abort gives up": ("not failed and not record.control", "not failed"),
    "it expires without a deadline": ("expires and not saga.expires", "False"),
    "it need not end": ("    happen(Event(Kind.FINISH))\n", ""),
    "it undoes nothing": ("happen(undos[0])", "break"),
}


def made(reference: Reference, record: Record, move: Move) -> Record | None:
    """The record after a move; None if it is refused."""
    saga = reference.saga
    if saga.abort and move.action == saga.abort.name:
        events = [Event("abort")]
    else:
        rounds = [
            name
            for name, step in reference.steps.items()
            if step.transition.action == move.action
            and reference.may(record, Event("begin", name))
        ]
        if not rounds:
            return None
        ends = "fail" if move.fails else "done"
        events = [Event("begin", rounds[0]), Event(ends, rounds[0])]
    for event in events:
        if not reference.may(record, event):
            return None
        record = reference.apply(record, event)
    return record


def ends_given_up(reference: Reference, record: Record) -> bool:
    """Whether some run of an abort and compensations alone comes to an end."""
    seen, stack = {record}, [record]
    while stack:
        here = stack.pop()
        if here.aborting and here.finished:
            return True
        for event in reference.events(here):
            after = reference.apply(here, event)
            if event.kind in BACKWARD and after not in seen:
                seen.add(after)
                stack.append(after)
    return False


def holds(reference: Reference, example: Scenario) -> tuple[bool, int]:
    """Whether a scenario goes as it says, and how many of its moves are made."""
    record = Record()
    for number, move in enumerate(example.moves):
        after = made(reference, record, move)
        if after is None:
            last = number == len(example.moves) - 1
            return last and example.result == "refused", number
        record = after
    return _ends_so(reference, record, example.result), len(example.moves)


def _ends_so(reference: Reference, record: Record, result: str) -> bool:
    if result == "refused":
        return False
    if result == "expired":
        return bool(reference.saga.expires) and ends_given_up(reference, record)
    if result == "compensated":
        dead = any(not reference.steps[name].otherwise for name in record.failed)
        return (dead or record.aborting) and ends_given_up(reference, record)
    return not record.aborting and result in reference.held(record)


def example_of(rng: Random, reference: Reference) -> Scenario:
    """Moves that can mostly be made, and a result that may be right."""
    saga = reference.saga
    words = [*saga.transitions, *([saga.abort.name] if saga.abort else [])]
    record, moves = Record(), []
    for _ in range(rng.randint(1, 6)):
        tries = [
            Move(rng.choice(words), rng.random() < 0.3, saga.name_span)
            for _ in range(1 if rng.random() < 0.1 else 8)
        ]
        fits = [move for move in tries if made(reference, record, move)]
        moves.append((fits or tries)[0])
        record = made(reference, record, moves[-1]) or record
    results = [*RESULTS, *reference.held(record), rng.choice(list(saga.states))]
    return Scenario("an example", tuple(moves), rng.choice(results), saga.name_span)


def compare(saga: Saga, rng: Random, tally: Counter[str]) -> None:
    """Some examples of a saga, each judged by itself."""
    reference = Reference(saga)
    for _ in range(10):
        example = example_of(rng, reference)
        alone = saga._replace(scenarios=(example,))
        right, moves = holds(reference, example)
        found = list(failing_scenario.check(alone, Proof(alone)))
        shown = (saga.source.text, [m.text for m in example.moves], example.result)
        assert [len(f.run) for f in found] == ([] if right else [moves]), shown
        result = example.result if example.result in RESULTS else "state"
        tally[f"{result} {'holds' if right else 'fails'}"] += 1


def compare_many(tally: Counter[str]) -> None:
    for pinned in random_sagas(range(300), 6):
        compare(pinned.saga, Random(pinned.saga.source.text), tally)


def test_examples_hold_where_the_game_says_so(
    record_property: Callable[[str, object], None],
) -> None:
    """With many of each result, right and wrong."""
    tally: Counter[str] = Counter()
    compare_many(tally)
    record_property("verdicts", dict(tally))
    assert len(tally) == 2 * (len(RESULTS) + 1)
    assert min(tally.values()) >= 25, tally


@pytest.mark.parametrize("name", MUTANTS)
def test_a_slip_in_the_check_is_found(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slip(monkeypatch, scenario, *MUTANTS[name])
    with pytest.raises((AssertionError, Refused)):
        compare_many(Counter())
