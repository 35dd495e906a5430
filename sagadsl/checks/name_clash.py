"""SAGA105: names that are apart in the saga and one in what is emitted."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Label
from sagadsl.model import Action, Always, Saga
from sagadsl.resolve.saga import NAME_CLASH, OUTCOMES
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
    asked: dict[str, Action] = {}
    for action in saga.actions.values():
        probe = action.row.probe
        if not probe:
            continue
        if probe in taken:
            yield NAME_CLASH.finding(
                f"`{probe}` is a probe and an action",
                action.spans["probe"],
                "asks whether the action happened",
                why="both become methods of `Handlers`, which has one of each name",
                help=f"name the probe otherwise, such as `{action.row.name}_status`",
                others=(taken[probe],),
            )
        elif probe in asked:
            first = asked[probe]
            yield NAME_CLASH.finding(
                f"`{first.row.name}` and `{action.row.name}` have the same probe",
                action.spans["probe"],
                f"asks whether `{action.row.name}` happened",
                why="one answer cannot tell of two actions whether they happened",
                help=f"write a probe of its own, such as `{action.row.name}_status`",
                others=(
                    Label(
                        first.spans["probe"],
                        f"asks whether `{first.row.name}` happened",
                    ),
                ),
            )
        asked.setdefault(probe, action)


def _outcome(saga: Saga, name: str, span: Span) -> Finding:
    return NAME_CLASH.finding(
        f"`{name}` is a state and an outcome",
        span,
        "could mean either",
        why=f"a saga can come out as `{name}` without standing in a state of that name",
        help="name the state otherwise",
        others=(Label(saga.states[name].span, "the state"),),
    )
