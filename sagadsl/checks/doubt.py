"""SAGA301: a crash may leave it open whether an action happened."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Rule
from sagadsl.model import Action, Saga
from sagadsl.source import Span

RULE = Rule("SAGA301", "doubt")

_HELP = (
    "add `probe` and the name of a function that tells whether it happened, or\n"
    "`in doubt park` to wait for a person"
)


def check(saga: Saga) -> Iterator[Finding]:
    """That what must not be repeated says what to do when it is in doubt."""
    for name, action in saga.actions.items():
        if action.row.effect == "once" and _silent(action):
            yield _finding(
                f"`{name}` is `once` and does not say what to do in doubt",
                action.spans["once"],
                "neither `probe` nor `in doubt park`",
                f"{_HELP}; `idempotent` instead of `once` if it may be repeated",
            )
    seen: set[str] = set()
    for item in saga.compensations.values():
        name = item.compensation
        rule = saga.actions.get(name)
        if name in saga.transitions or name in seen or (rule and rule.performed):
            continue
        seen.add(name)
        yield _finding(
            f"`{name}` does not say how it is performed",
            rule.span if rule else item.span,
            "neither `once` nor `idempotent`" if rule else "no rule in `actions`",
            f"write `{name} : idempotent` in `actions` if it may be repeated, else\n"
            f"`{name} : once, probe …` or `{name} : once, in doubt park`",
        )


def _silent(action: Action) -> bool:
    return not action.row.probe and not action.parks


def _finding(message: str, span: Span, label: str, advice: str) -> Finding:
    return RULE.finding(
        message,
        span,
        label,
        why="after a crash it may or may not have happened, and to repeat it may do it"
        " twice",
        help=advice,
    )
