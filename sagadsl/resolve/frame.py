"""The saga as a whole: its name and its parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from sagadsl import syntax
from sagadsl.diagnostics import Finding, Rule
from sagadsl.resolve.names import check_form, duplicate
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
                help="join the two"
                if isinstance(part, syntax.Block)
                else "keep one of the two",
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
