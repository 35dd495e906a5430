"""SAGA104: one former name, claimed by two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sagadsl.diagnostics import Finding, Label, Rule
from sagadsl.model import Saga, State, Transition
from sagadsl.source import Span

RULE = Rule("SAGA104", "former-name")


def check(saga: Saga) -> Iterator[Finding]:
    """That each former name has one heir, and is not a present name as well."""
    yield from _check("action", saga.transitions)
    yield from _check("state", saga.states)


def _check(what: str, items: Mapping[str, State | Transition]) -> Iterator[Finding]:
    heirs: dict[str, str] = {}
    for name, item in items.items():
        former = item.was
        if not former:
            continue
        if former in heirs:
            yield _finding(
                f"`{heirs[former]}` and `{name}` were both `{former}`",
                _span(item),
                f"was `{former}` too",
                Label(_span(items[heirs[former]]), f"was `{former}`"),
                "keep `was` where the old meaning lives on",
            )
        elif former == name:
            yield _finding(
                f"`{name}` was always `{name}`",
                _span(item),
                "the present name",
                None,
                f"remove `was {former}`",
            )
        elif former in items and not items[former].was:
            yield _finding(
                f"`{name}` was `{former}`, which is still there",
                _span(item),
                f"takes the place of `{former}`",
                Label(_span(items[former]), f"the {what} `{former}`"),
                f"give the new `{former}` another name, or remove `was {former}`",
            )
        heirs.setdefault(former, name)


def _finding(
    message: str, span: Span, label: str, other: Label | None, advice: str
) -> Finding:
    return RULE.finding(
        message,
        span,
        label,
        why="`was` hands on the place in stored records, and there is one of each",
        help=advice,
        others=(other,) if other else (),
    )


def _span(item: State | Transition) -> Span:
    return item.name_span if isinstance(item, Transition) else item.span
