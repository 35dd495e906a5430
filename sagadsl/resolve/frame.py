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
    """That each round of a loop has a name that nothing else has."""
    steps: dict[str, model.Step] = {}
    for step in sorted(saga.steps, key=lambda step: bool(step.round)):
        other = steps.setdefault(step.name, step)
        if other is not step:
            row, declared = step.transition, other.transition
            yield _round_clash("action", step.name, row.action, declared.name_span)
    states: dict[str, str] = {}
    for place, state in saga.places.items():
        if place != state:
            other_state = states.setdefault(place, state)
            if place in saga.states or other_state != state:
                declared_state = saga.states.get(place, saga.states[other_state])
                yield _round_clash("state", place, state, declared_state.span)


def _round_clash(what: str, name: str, of: str, declared: Span) -> Finding:
    return NAME_CLASH.finding(
        f"the {what} `{name}` is also a later round of `{of}`",
        declared,
        f"a name that a round of `{of}` gets, too",
        why="the rounds of a loop are numbered, and each needs a name of its own",
        help=f"name the {what} otherwise",
    )
