"""The canonical text of a saga: columns aligned, comments kept, order kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from sagadsl import syntax
from sagadsl.diagnostics import Finding
from sagadsl.diagnostics.cells import width
from sagadsl.format.columns import align, wrap
from sagadsl.format.items import COLUMNS, header, moves, string
from sagadsl.parser import parse_saga
from sagadsl.parser.encoding import decode_source
from sagadsl.syntax import SagaSyntax

_INDENT: Final = "    "
_ROOM: Final = 120 - len(_INDENT) * 2


class _Unit(NamedTuple):
    """What stands on lines of its own, from where it was to where it ended.

    `depth` is its indentation, `inner` that of a comment before it.
    """

    start: int
    end: int
    depth: int
    inner: int
    lines: Sequence[str]


class _Lines(NamedTuple):
    """A unit or a comment on its way out, and the lines on which it was."""

    first: int
    last: int
    text: Sequence[str]
    edge: str = ""
    trailing: str = ""


def format_bytes(path: str, data: bytes) -> str | tuple[Finding, ...]:
    """The canonical text of a saga, or what is wrong with its syntax."""
    source = decode_source(path, data)
    if isinstance(source, Finding):
        return (source,)
    syntax, findings = parse_saga(source)
    return findings if syntax is None else format_saga(syntax)


def format_saga(saga: SagaSyntax) -> str:
    """The saga as `sagac fmt` writes it; clauses are put in their usual order."""
    return "\n".join(_joined(_with_comments(saga))) + "\n"


def _with_comments(saga: SagaSyntax) -> Iterator[_Lines]:
    """The units, each with the comments before it and the one at its end.

    A comment inside a unit goes before it.
    """
    place = saga.source.place
    comments = deque(saga.comments)
    previous: _Lines | None = None
    for unit in _units(saga):
        first = place(unit.start)[0]
        if previous:
            if comments and _is_trailing(comments[0], unit.start):
                previous = previous._replace(trailing=comments.popleft().text)
            yield previous
        while comments and comments[0].span.start < unit.end:
            comment = comments.popleft()
            line = min(first, place(comment.span.start)[0])
            yield _Lines(line, line, [_INDENT * unit.inner + comment.text])
        lines = [_INDENT * unit.depth + line for line in unit.lines]
        edge = lines[0][-1] if lines[0][-1] in "{}" else ""
        previous = _Lines(first, place(unit.end - 1)[0], lines, edge)
    assert previous
    if comments and _is_trailing(comments[0], len(saga.source.text)):
        previous = previous._replace(trailing=comments.popleft().text)
    yield previous
    for comment in comments:
        line = place(comment.span.start)[0]
        yield _Lines(line, line, [comment.text])


def _is_trailing(comment: syntax.Comment, before: int) -> bool:
    """Whether a comment stands before an offset, and something on its line."""
    source, start, _ = comment.span
    line = source.text.rfind("\n", 0, start) + 1
    return start < before and bool(source.text[line:start].strip(" \t\ufeff"))


def _joined(lines: Iterable[_Lines]) -> Iterator[str]:
    """The texts, comments at the ends of neighbouring lines under each other."""
    for run in _runs(lines):
        column = max(width(line.text[-1]) for line in run) + 2
        for line in run:
            *texts, last = line.text
            yield from texts
            gap = " " * (column - width(last))
            yield f"{last}{gap}{line.trailing}" if line.trailing else last


def _runs(lines: Iterable[_Lines]) -> Iterator[list[_Lines]]:
    """Neighbours whose comments are aligned; an empty one for an empty line."""
    run: list[_Lines] = []
    for line in lines:
        if run:
            before = run[-1]
            is_edge = before.edge == "{" or line.edge == "}"
            blank = line.first - before.last > 1 and not is_edge
            plain = before.trailing and line.trailing
            if blank or not plain or before.edge or line.edge:
                yield run
                run = []
            if blank:
                yield [_Lines(0, 0, [""])]
        run.append(line)
    yield run


def _units(saga: SagaSyntax) -> Iterator[_Unit]:
    title = f" {string(saga.title)}" if saga.title else ""
    head = (saga.title or saga.name).span.end
    text = f"saga {saga.name.text}{title} {{"
    yield _Unit(saga.span.start, _brace(saga, head), 0, 0, [text])
    for part in saga.parts:
        if isinstance(part, syntax.Block):
            yield from _block(saga, part)
        else:
            yield _Unit(*part.span[1:], 1, 1, [header(part)])
    yield _Unit(saga.span.end - 1, saga.span.end, 0, 1, ["}"])


def _block(saga: SagaSyntax, block: syntax.Block) -> Iterator[_Unit]:
    span, word = block.span, block.word
    opens = _brace(saga, word.span.end)
    yield _Unit(span.start, opens, 1, 1, [f"{word.text} {{"])
    cells, separators = COLUMNS[word.text]
    rows = [cells(item) for item in block.items]
    texts = align(rows, separators)
    for item, text in zip(block.items, texts, strict=True):
        lines = [text]
        if isinstance(item, syntax.ScenarioItem):
            lines = wrap(text, moves(item), _ROOM)
        yield _Unit(*item.span[1:], 2, 2, lines)
    yield _Unit(span.end - 1, span.end, 1, 2, ["}"])


def _brace(saga: SagaSyntax, at: int) -> int:
    """The end of the first `{` from an offset on that is in no comment."""
    text = saga.source.text
    while text[at] != "{":
        at = text.index("\n", at) if text[at] == "#" else at + 1
    return at + 1
