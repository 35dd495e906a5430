"""SAGA104: one former name, claimed by two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sagadsl.diagnostics import Finding, Label, Rule
from sagadsl.model import Saga, State, Transition
from sagadsl.source import Span

RULE = Rule("SAGA104", "former-name")

_WHY = "`was` hands on the former name's place in stored records, and there is one"


def check(saga: Saga) -> Iterator[Finding]:
    """That each former name has one heir."""
    yield from _check(saga.transitions)
    yield from _check(saga.states)
    yield from _check_states(saga.states)


def _check(items: Mapping[str, State] | Mapping[str, Transition]) -> Iterator[Finding]:
    heirs: dict[str, str] = {}
    for name, item in items.items():
        was = item.was
        if was == name:
            yield RULE.finding(
                f"`{name}` was always `{name}`",
                _span(item),
                "its present name",
                why="`was` tells the name from before a change",
                help=f"write the former name, or remove `was {was}`",
            )
        elif was in heirs:
            yield RULE.finding(
                f"`{heirs[was]}` and `{name}` were both `{was}`",
                _span(item),
                f"was `{was}` too",
                why=_WHY,
                help="keep `was` where the old meaning lives on",
                others=(Label(_span(items[heirs[was]]), f"was `{was}`"),),
            )
        elif was:
            heirs[was] = name


def _check_states(states: Mapping[str, State]) -> Iterator[Finding]:
    """That a state's former name is no state's any more; pinning asks it of actions."""
    for name, state in states.items():
        if state.was in states and state.was != name:
            yield RULE.finding(
                f"`{state.was}` is the former name of `{name}` and still a state",
                state.span,
                f"was `{state.was}`",
                why=_WHY,
                help=f"remove the state `{state.was}`, or the `was`",
                others=(Label(states[state.was].span, "still declared"),),
            )


def _span(item: State | Transition) -> Span:
    return item.name_span if isinstance(item, Transition) else item.span
