"""Properties, scenarios and upgrades: what a saga says of its own runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sagadsl import model, syntax
from sagadsl.diagnostics import Finding
from sagadsl.machine import Abort
from sagadsl.resolve.names import duplicate, unknown
from sagadsl.source import Span

OUTCOMES = ("refused", "compensated", "expired")

Property = model.Needs | model.Never | model.Always


def resolve_properties(
    items: Iterable[syntax.PropertyItem],
    states: Collection[str],
    actions: Collection[str],
) -> tuple[tuple[Property, ...], list[Finding]]:
    """The properties, and the names in them that are declared nowhere."""
    findings: list[Finding] = []
    outcomes = {*states, "compensated"}

    def known(what: str, name: syntax.Name, names: Collection[str]) -> str:
        return _known(what, name, names, findings)

    def resolve(item: syntax.PropertyItem) -> Property:
        if isinstance(item, syntax.Always):
            state = known("state", item.state, states)
            ends = tuple(known("state", name, outcomes) for name in item.outcomes)
            return model.Always(state, ends, item.span)
        action = known("action", item.action, actions)
        if isinstance(item, syntax.Needs):
            needed = known("action", item.needed, actions)
            return model.Needs(action, needed, item.span)
        other = known("action", item.other, actions)
        return model.Never(action, other, item.span)

    return tuple(map(resolve, items)), findings


def resolve_scenarios(
    items: Iterable[syntax.ScenarioItem],
    states: Collection[str],
    actions: Collection[str],
    abort: Abort | None,
) -> tuple[tuple[model.Scenario, ...], list[Finding]]:
    """The scenarios, and what is wrong with their names and titles.

    A request to abort is a move like an action.
    """
    findings: list[Finding] = []
    actions = {*actions, abort.name} if abort else actions
    titles: dict[str, syntax.Text] = {}
    results = {*states, *OUTCOMES}
    scenarios: list[model.Scenario] = []
    for item in items:
        first = titles.setdefault(item.title.value, item.title)
        if first is not item.title:
            findings.append(
                duplicate(
                    "the title of a scenario",
                    item.title.span,
                    first.span,
                    why="a report must say which of the two failed",
                    help="give it a title of its own",
                )
            )
        moves = tuple(
            model.Move(_known("action", m.action, actions, findings), m.fails, m.span)
            for m in item.moves
        )
        result = _known("state", item.result, results, findings)
        scenarios.append(model.Scenario(item.title.value, moves, result, item.span))
    return tuple(scenarios), findings


def resolve_waives(
    items: Iterable[syntax.WaiveItem], actions: Collection[str]
) -> tuple[tuple[model.Waive, ...], list[Finding]]:
    """What upgrades waive, and the lines that are said twice or name what is not."""
    findings: list[Finding] = []
    waives = []
    lines: dict[tuple[int, str, str], Span] = {}
    for item in items:
        action = _known("action", item.action, actions, findings)
        when = _known("action", item.when, actions, findings)
        first = lines.setdefault((item.version.value, action, when), item.span)
        if first is not item.span:
            findings.append(
                duplicate(
                    f"the upgrade that waives `{action}`",
                    item.span,
                    first,
                    why="one of the two was perhaps meant to say something else",
                    help="remove one of them",
                )
            )
        waives.append(model.Waive(item.version.value, action, when, item.span))
    return tuple(waives), findings


def _known(
    what: str, name: syntax.Name, names: Collection[str], findings: list[Finding]
) -> str:
    if name.text not in names:
        declare = f"write one of the {what}s that are declared"
        findings.append(unknown(what, name, names, declare))
    return name.text
