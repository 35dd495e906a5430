"""The saga as a whole: its name, its parts, and the names that its rounds get."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from sagadsl import model, syntax
from sagadsl.diagnostics import Finding, Rule
from sagadsl.resolve.names import NAME_CLASH, check_form, duplicate
from sagadsl.source import Span

FILE_NAME = Rule("SAGA106", "file-name")
MISSING = Rule("SAGA107", "missing")


def check_saga_name(tree: syntax.SagaSyntax) -> Iterator[Finding]:
    """That the saga is named as its file is, and well."""
    if wrong := check_form(tree.name):
        yield wrong
    stem = PurePosixPath(tree.source.path).name.removesuffix(".saga")
    if stem != tree.name.text:
        yield FILE_NAME.finding(
            f"the file `{stem}.saga` holds the saga `{tree.name.text}`",
            tree.name.span,
            f"not `{stem}`",
            why="whoever reads the name looks for the file of that name, and what is"
            " emitted is named after it",
            help=f"rename the file to `{tree.name.text}.saga`, or the saga",
        )


def check_parts(tree: syntax.SagaSyntax) -> Iterator[Finding]:
    """That each part is there that must be, and none twice."""
    first: dict[str, Span] = {}
    for part in tree.parts:
        if isinstance(part, syntax.Block):
            word, span = part.word
        else:
            word, span = type(part).__name__.lower(), part.span
        if word in first:
            yield duplicate(
                f"`{word}`",
                span,
                first[word],
                why="each thing is said in one place",
                help="join the two",
            )
        first.setdefault(word, span)
        if isinstance(part, syntax.Aggregate) and (wrong := check_form(part.name)):
            yield wrong
    for word, example in (
        ("aggregate", "aggregate order_id"),
        ("states", "states { initial begun … final ended }"),
        ("transitions", "transitions { begun -> ended : end }"),
    ):
        if word not in first:
            yield MISSING.finding(
                f"the saga `{tree.name.text}` has no `{word}`",
                tree.name.span,
                f"says no `{word}`",
                why="a process needs an id, states and transitions between them",
                help=f"add `{example}`",
            )


def check_rounds(saga: model.Saga) -> Iterator[Finding]:
    """That the rounds of a loop get names that nothing else has."""
    steps = {step.name for step in saga.steps if not step.round}
    for step in saga.steps:
        if step.round and step.name in steps:
            row = saga.transitions[step.name]
            yield _round_clash("action", step.name, step.transition.action, row)
    for place, state in saga.places.items():
        if place != state and place in saga.states:
            yield _round_clash("state", place, state, saga.states[place])


def _round_clash(
    what: str, name: str, of: str, declared: model.Transition | model.State
) -> Finding:
    span = (
        declared.name_span if isinstance(declared, model.Transition) else declared.span
    )
    return NAME_CLASH.finding(
        f"the {what} `{name}` is also a later round of `{of}`",
        span,
        f"the name that a round of `{of}` gets",
        why="the rounds of a loop are numbered, and each needs a name of its own",
        help=f"name the {what} otherwise",
    )
