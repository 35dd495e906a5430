"""From bytes and text to syntax, or to what keeps it from being a saga."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING

from sagadsl.diagnostics import Finding
from sagadsl.parser import character, too_big
from sagadsl.parser.encoding import decode_source
from sagadsl.source import Source, Span
from sagadsl.syntax import Comment, SagaSyntax

if TYPE_CHECKING:
    from sagadsl.parser.build import Builder
    from sagadsl.parser.push import Grammar

__all__ = ["MOST", "decode_source", "parse_saga"]

MOST = 20
"""So many findings are given for one text, one a line."""

_LOCK = Lock()


def parse_saga(source: Source) -> tuple[SagaSyntax | None, tuple[Finding, ...]]:
    """What was written, or else findings: there is a syntax iff there are none."""
    size = too_big.check(source)
    if size is not None:
        return None, (size,)
    characters = tuple(islice(character.check(source), MOST))
    if characters:
        return None, characters
    with _LOCK:
        return _parse(source)


@cache
def _grammar() -> tuple[Grammar, Builder]:
    """The parser, made once, and only when something is parsed."""
    from sagadsl.parser.build import Builder  # noqa: PLC0415  lazy
    from sagadsl.parser.push import Grammar  # noqa: PLC0415  lazy
    from sagadsl.parser.tables import read_tables  # noqa: PLC0415  lazy

    builder = Builder()
    return Grammar(read_tables(), builder), builder


def _parse(source: Source) -> tuple[SagaSyntax | None, tuple[Finding, ...]]:
    from sagadsl.parser.run import Run  # noqa: PLC0415  lazy

    grammar, builder = _grammar()
    builder.start(source)
    run = Run(grammar, source, MOST)
    syntax = run.parse()
    findings = sorted([*run.errors, *builder.findings], key=lambda f: f.span.start)
    if syntax is None or findings:
        return None, _one_a_line(findings)
    comments = tuple(
        Comment(token.text.rstrip(), Span(source, token.start, token.end))
        for token in run.comments
    )
    return syntax._replace(comments=comments), ()


def _one_a_line(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The first finding of each line, and not too many of them."""
    lines: set[int] = set()

    def is_first(finding: Finding) -> bool:
        line, _ = finding.span.source.place(finding.span.start)
        before = len(lines)
        lines.add(line)
        return len(lines) > before

    return tuple(islice(filter(is_first, findings), MOST))
