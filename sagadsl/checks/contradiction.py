"""SAGA108: clauses that contradict each other, or the part an action has."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Label, Rule
from sagadsl.model import Action, Saga, Transition

RULE = Rule("SAGA108", "contradiction")

_APART = (
    ("once", "idempotent", "an action either may be repeated or may not"),
    ("probe", "in doubt park", "a probe that cannot tell waits for a person anyway"),
    ("cannot fail", "retry", "what cannot fail is attempted until it succeeds"),
    ("pivot", "no undo", "a pivot is never undone, so there is nothing to say"),
)
_PERFORMED = ("probe", "in doubt park", "retry", "timeout", "cannot fail")


def check(saga: Saga) -> Iterator[Finding]:
    """That clauses agree with each other and with what the action is used for."""
    for row in saga.transitions.values():
        yield from _actors(row)
    if saga.abort and saga.abort_span and "system" in saga.abort.actors:
        yield RULE.finding(
            f"`system` may ask for `{saga.abort.name}`",
            saga.abort_span,
            "asked for by the driver",
            why="what `system` may do it does as soon as it can, so that every process"
            " would be aborted at once",
            help="say who may ask, as in `by user`; a failure without `else` and"
            " `expires after` abort by themselves",
        )
    for name, action in saga.actions.items():
        yield from _clauses(action)
        if name in saga.transitions:
            yield from _of_row(saga, action)
        elif action.row.no_undo:
            yield RULE.finding(
                f"`{name}` is a compensation, and says `no undo`",
                action.spans["no undo"],
                "a compensation is never undone",
                why="what takes an effect back is not taken back itself",
                help="remove `no undo`",
            )


def _actors(row: Transition) -> Iterator[Finding]:
    actors = row.trigger.actors
    if "system" in actors and len(actors) > 1:
        yield RULE.finding(
            "`system` shares a transition with other actors",
            row.trigger.span or row.name_span,
            "either the driver takes it as soon as it can, or an actor does",
            why="what `system` may take it takes at once, so nobody else ever could",
            help="keep `by system`, or leave `system` out",
        )


def _clauses(action: Action) -> Iterator[Finding]:
    name, spans = action.row.name, action.spans
    for first, second, why in _APART:
        if first in spans and second in spans:
            yield RULE.finding(
                f"`{name}` is both `{first}` and `{second}`",
                spans[second],
                f"contradicts `{first}`",
                why=why,
                help=f"keep either `{first}` or `{second}`",
                others=(Label(spans[first], "said here"),),
            )
    if not action.performed:
        for word in _PERFORMED:
            if word in spans:
                yield RULE.finding(
                    f"`{name}` is a fact, and says `{word}`",
                    spans[word],
                    "of a fact there is nothing to perform",
                    why="a fact is only recorded, so it is neither tried nor in doubt",
                    help="add `once` or `idempotent` if our code performs the action",
                )
    elif "idempotent" in spans:
        for word in ("probe", "in doubt park"):
            if word in spans:
                yield RULE.finding(
                    f"`{name}` is `idempotent`, and says `{word}`",
                    spans[word],
                    "never needed",
                    why="an idempotent action that is in doubt is simply repeated",
                    help=f"drop `{word}`, or write `once`",
                )
    if action.row.longest and action.row.longest < action.row.pause:
        yield RULE.finding(
            f"the pause between attempts of `{name}` would shrink",
            spans["retry"],
            "`up to` is shorter than `every`",
            why="the pause begins with `every` and doubles until it is `up to`",
            help="exchange the two durations, or drop `up to`",
        )


def _of_row(saga: Saga, action: Action) -> Iterator[Finding]:
    name = action.row.name
    if action.row.no_undo and name in saga.compensations:
        yield RULE.finding(
            f"`{name}` says `no undo` and has a compensation",
            action.spans["no undo"],
            "says that nothing takes it back",
            why="an abort either takes the effect back or leaves it",
            help="remove `no undo`, or the compensation",
            others=(Label(saga.compensations[name].span, "says what takes it back"),),
        )
    elif action.row.no_undo and not action.performed:
        yield RULE.finding(
            f"`{name}` is a fact, and says `no undo`",
            action.spans["no undo"],
            "a fact has no effect of ours",
            why="a fact is only recorded, so there is nothing to take back",
            help="remove `no undo`, or add `once` or `idempotent` if our code performs"
            " it",
        )
    if action.row.even_if_in_doubt:
        yield RULE.finding(
            f"`{name}` is a step, and says `even if in doubt`",
            action.spans["even if in doubt"],
            "said of compensations only",
            why="it says that a compensation is safe to run though the step may never"
            " have happened",
            help=f"say it of the compensation of `{name}`",
        )
