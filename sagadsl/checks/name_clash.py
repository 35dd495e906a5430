"""SAGA105: names that are apart in the saga and one in what is emitted."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Label
from sagadsl.model import Always, Saga
from sagadsl.resolve.claims import OUTCOMES
from sagadsl.resolve.names import NAME_CLASH
from sagadsl.source import Span


def check(saga: Saga) -> Iterator[Finding]:
    """That each handler has a name of its own, and each result one meaning."""
    yield from _probes(saga)
    for scenario in saga.scenarios:
        if scenario.result in OUTCOMES and scenario.result in saga.states:
            yield _outcome(saga, scenario.result, scenario.span)
    for item in saga.properties:
        if isinstance(item, Always):
            for name in item.outcomes:
                if name == "compensated" and name in saga.states:
                    yield _outcome(saga, name, item.span)


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
            yield NAME_CLASH.finding(
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
            yield NAME_CLASH.finding(
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
    return NAME_CLASH.finding(
        f"`{name}` is a state and an outcome",
        span,
        "could mean either",
        why=f"a saga can come out as `{name}` without standing in a state of that name",
        help="name the state otherwise",
        others=(Label(saga.states[name].span, "the state"),),
    )
