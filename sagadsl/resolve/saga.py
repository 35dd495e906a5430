"""A whole saga: its sections, each in its turn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from sagadsl import model, syntax
from sagadsl.diagnostics import Finding
from sagadsl.machine import Abort
from sagadsl.resolve import loops
from sagadsl.resolve.actions import resolve_actions, resolve_compensations
from sagadsl.resolve.claims import resolve_properties, resolve_scenarios, resolve_waives
from sagadsl.resolve.frame import check_parts, check_saga_name
from sagadsl.resolve.names import check_form, in_order
from sagadsl.resolve.rows import resolve_rows, resolve_states
from sagadsl.source import Source, Span

DEFAULT_REMEMBER = 90 * 86400

Node = TypeVar("Node")
Value = TypeVar("Value")


def resolve_saga(
    tree: syntax.SagaSyntax,
) -> tuple[model.Saga | None, tuple[Finding, ...]]:
    """What a file means, or what is wrong with its names; None if something is."""
    findings = [*check_saga_name(tree), *check_parts(tree)]

    def take(resolved: tuple[Value, list[Finding]]) -> Value:
        findings.extend(resolved[1])
        return resolved[0]

    states = take(resolve_states(_items(tree, syntax.StateItem)))
    rows = take(resolve_rows(_items(tree, syntax.Row), states))
    undoes = take(resolve_compensations(_items(tree, syntax.CompensationItem), rows))
    actions = take(resolve_actions(_items(tree, syntax.ActionItem), rows, undoes))
    abort, asked = take(_abort(next(_parts(tree, syntax.Abort), None)))
    properties = take(resolve_properties(_claims(tree), states, rows))
    examples = _items(tree, syntax.ScenarioItem)
    scenarios = take(resolve_scenarios(examples, states, rows, abort))
    waives = take(resolve_waives(_items(tree, syntax.WaiveItem), rows))
    if not findings and (too_many := loops.check_size(rows)):
        findings.append(too_many)
    if findings:
        return None, in_order(findings, states, rows)
    initial = [state.name for state in states.values() if state.kind == "initial"]
    places, steps = loops.unroll(states, rows, initial)
    saga = model.Saga(
        *_header(tree),
        abort,
        asked,
        states,
        rows,
        undoes,
        actions,
        properties,
        scenarios,
        waives,
        places,
        steps,
    )
    return saga, ()


def _header(
    tree: syntax.SagaSyntax,
) -> tuple[Source, str, Span, str, str, int, int]:
    """What stands above the blocks, in the order of the fields of a saga."""
    expires = next(_parts(tree, syntax.Expires), None)
    remember = next(_parts(tree, syntax.Remember), None)
    return (
        tree.source,
        tree.name.text,
        tree.name.span,
        tree.title.value if tree.title else "",
        next(_parts(tree, syntax.Aggregate)).name.text,
        expires.duration.seconds if expires else 0,
        remember.duration.seconds if remember else DEFAULT_REMEMBER,
    )


def _claims(tree: syntax.SagaSyntax) -> list[syntax.PropertyItem]:
    """The properties in the order in which they were written."""
    claims: list[syntax.PropertyItem] = [
        *_items(tree, syntax.Needs),
        *_items(tree, syntax.Never),
        *_items(tree, syntax.Always),
    ]
    return sorted(claims, key=lambda item: item.span.start)


def _parts(tree: syntax.SagaSyntax, kind: type[Node]) -> Iterator[Node]:
    return (part for part in tree.parts if isinstance(part, kind))


def _items(tree: syntax.SagaSyntax, kind: type[Node]) -> Iterator[Node]:
    for block in _parts(tree, syntax.Block):
        for item in block.items:
            if isinstance(item, kind):
                yield item


def _abort(
    part: syntax.Abort | None,
) -> tuple[tuple[Abort | None, Span | None], list[Finding]]:
    """Who may ask for an abort, and where that is said."""
    if part is None:
        return (None, None), []
    names = (part.name, *part.actors)
    findings = [wrong for name in names if (wrong := check_form(name))]
    actors = tuple(name.text for name in part.actors)
    return (Abort(part.name.text, actors), part.name.span), findings
