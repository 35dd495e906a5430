"""SAGA502: automatic steps of which the driver may take only one, and either."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Label, Rule
from sagadsl.model import Saga, Step, Transition
from sagadsl.proofs import Proof, Run

RULE = Rule("SAGA502", "nondeterminism")


def check(saga: Saga, proof: Proof) -> Iterator[Finding]:
    """That no two rivals are both taken as soon as they can be."""
    consumers: dict[str, list[tuple[Step, int]]] = {}
    for step in saga.steps:
        if step.transition.trigger.actors == ("system",):
            ways: dict[str, list[int]] = {}
            for way in step.sources:
                for place in way:
                    ways.setdefault(place, []).append(proof.held(way))
            for place, held in ways.items():
                literal = proof.solver.any_of(held)
                consumers.setdefault(place, []).append((step, literal))
    both = {
        place: proof.two_of(literal for _, literal in rivals)
        for place, rivals in consumers.items()
        if len(rivals) > 1
    }
    explained: set[str] = set()
    for place, run in proof.each(both):
        state, rivals = saga.places[place], consumers[place]
        if state not in explained:
            explained.add(state)
            allowed = {s.name for s in proof.steps_in(proof.allowed(run))}
            rows = [s.transition for s, _ in rivals if s.name in allowed]
            yield _finding(state, rows[0], rows[1], run)


def _finding(state: str, one: Transition, other: Transition, run: Run) -> Finding:
    return RULE.finding(
        f"`{one.action}` and `{other.action}` are both due in `{state}`",
        other.trigger.span or other.name_span,
        f"rules out `{one.action}`",
        why="each is taken as soon as it can be and rules out the other, so chance"
        " would decide",
        help="let one of them be reported by an actor, or wait for a timer",
        others=(
            Label(one.trigger.span or one.name_span, f"rules out `{other.action}`"),
        ),
        run=run.moves,
    )
