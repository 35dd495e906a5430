"""SAGA105: names that are apart in the saga and one in what is emitted."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Label, Rule
from sagadsl.model import Always, Saga, Step
from sagadsl.resolve.claims import OUTCOMES
from sagadsl.source import Span

RULE = Rule("SAGA105", "name-clash")


def check(saga: Saga) -> Iterator[Finding]:
    """That each handler, event and round has a name of its own, each result too."""
    yield from _request(saga)
    yield from _rounds(saga)
    yield from _probes(saga)
    for scenario in saga.scenarios:
        if scenario.result in OUTCOMES and scenario.result in saga.states:
            yield _outcome(saga, scenario.result, scenario.span)
    for item in saga.properties:
        if isinstance(item, Always):
            for name in item.outcomes:
                if name == "compensated" and name in saga.states:
                    yield _outcome(saga, name, item.span)


def _request(saga: Saga) -> Iterator[Finding]:
    if saga.abort and saga.abort_span and saga.abort.name in saga.transitions:
        row = saga.transitions[saga.abort.name]
        yield RULE.finding(
            f"`{saga.abort.name}` is a request to abort and an action",
            saga.abort_span,
            "asks for the process to be given up",
            why="an event of this name would mean two things",
            help="name one of them otherwise",
            others=(Label(row.name_span, "an action of a row"),),
        )


def _rounds(saga: Saga) -> Iterator[Finding]:
    steps: dict[str, Step] = {}
    for step in sorted(saga.steps, key=lambda step: bool(step.round)):
        other = steps.setdefault(step.name, step)
        if other is not step:
            row, declared = step.transition, other.transition
            yield _round("action", step.name, row.action, declared.name_span)
    states: dict[str, str] = {}
    for place, state in saga.places.items():
        if place != state:
            other_state = states.setdefault(place, state)
            if place in saga.states or other_state != state:
                declared_state = saga.states.get(place, saga.states[other_state])
                yield _round("state", place, state, declared_state.span)


def _round(what: str, name: str, of: str, declared: Span) -> Finding:
    return RULE.finding(
        f"the {what} `{name}` is also a later round of `{of}`",
        declared,
        f"a name that a round of `{of}` gets, too",
        why="the rounds of a loop are numbered, and each needs a name of its own",
        help=f"name the {what} otherwise",
    )


def _probes(saga: Saga) -> Iterator[Finding]:
    taken = {
        name: Label(row.name_span, "an action")
        for name, row in saga.transitions.items()
    }
    for item in saga.compensations.values():
        taken.setdefault(item.compensation, Label(item.span, "a compensation"))
    for action in saga.actions.values():
        probe = action.row.probe
        if probe in taken:
            yield RULE.finding(
                f"`{probe}` is a probe and an action",
                action.spans["probe"],
                "asks whether the action happened",
                why="both become methods of `Handlers`, which has one of each name",
                help=f"name the probe otherwise, such as `{action.row.name}_status`",
                others=(taken[probe],),
            )
    for item in saga.compensations.values():
        there, back = saga.action(item.action), saga.action(item.compensation)
        if there.probe and there.probe == back.probe and there.name != back.name:
            yield RULE.finding(
                f"`{there.name}` and its compensation have the same probe",
                saga.actions[back.name].spans["probe"],
                f"asks whether `{back.name}` happened",
                why="one answer cannot tell both whether a step was done and whether it"
                " was undone",
                help=f"write a probe of its own, such as `{back.name}_status`",
                others=(
                    Label(
                        saga.actions[there.name].spans["probe"],
                        f"asks whether `{there.name}` happened",
                    ),
                ),
            )


def _outcome(saga: Saga, name: str, span: Span) -> Finding:
    return RULE.finding(
        f"`{name}` is a state and an outcome",
        span,
        "could mean either",
        why=f"a saga can come out as `{name}` without standing in a state of that name",
        help="name the state otherwise",
        others=(Label(saga.states[name].span, "the state"),),
    )
