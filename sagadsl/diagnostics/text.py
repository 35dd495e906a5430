"""Findings for people: the lines they are about, marked, and what to do."""

from __future__ import annotations

from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

from sagadsl.diagnostics.cells import visible, width
from sagadsl.diagnostics.finding import Label, Severity
from sagadsl.diagnostics.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sagadsl.diagnostics.finding import Finding
    from sagadsl.source import Source

_LONGEST = 140
_BEFORE = 40

_BOLD = "1"
_BLUE = "1;34"
_SEVERITY = {Severity.ERROR: "1;31", Severity.WARNING: "1;33"}


def render_text(findings: Sequence[Finding], *, color: bool = False) -> str:
    """The findings as a terminal shows them, with an empty line between two.

    Without `color` the text holds no control character but the line end.
    """
    return "\n".join(_render(finding, _Pen(color)) for finding in findings)


class _Pen(NamedTuple):
    color: bool

    def __call__(self, style: str, text: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self.color and text else text


class _Mark(NamedTuple):
    """A part of one line to underline; the columns count from 0."""

    source: Source
    line: int
    start: int
    end: int
    sign: str
    style: str
    text: str


def _render(finding: Finding, pen: _Pen) -> str:
    style = _SEVERITY[finding.rule.severity]
    primary = Label(finding.span, finding.label)
    marks = list(_marks(primary, "^", style))
    for other in finding.others:
        marks += _marks(other, "-", _BLUE)
    gutter = " " * len(str(max(mark.line for mark in marks)))
    bar = pen(_BLUE, f"{gutter} |")

    head = pen(style, f"{finding.rule.severity}[{finding.code}]")
    lines = [f"{head}{pen(_BOLD, ': ' + visible(finding.message))}"]
    for source, first in _sources(finding):
        path, (_, line, column), _ = Region.of(first.span)
        if first != primary:
            lines.append(bar)
        arrow = pen(_BLUE, f"{gutter}{'-->' if first == primary else ':::'}")
        lines += [f"{arrow} {visible(path)}:{line}:{column}", bar]
        lines += _excerpt((m for m in marks if m.source is source), gutter, pen)
    notes = list(_notes(finding, gutter, pen))
    lines += [bar, *notes] if notes else []
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _sources(finding: Finding) -> list[tuple[Source, Label]]:
    """Each source that is shown, with the label that leads it."""
    firsts: dict[int, Label] = {}
    for label in (Label(finding.span, finding.label), *finding.others):
        firsts.setdefault(id(label.span.source), label)
    return [(label.span.source, label) for label in firsts.values()]


def _marks(label: Label, sign: str, style: str) -> Iterator[_Mark]:
    """The marks of a label: where it begins and, over several lines, where it ends."""
    source = label.span.source
    _, start, end = Region.of(label.span)
    if end.column == 1 and end.offset > start.offset:
        # A span that takes in the line end has nothing to show on the next line.
        line = end.line - 1
        last = (line, len(source.line(line)))
    else:
        last = (end.line, end.column - 1)
    line, column = start.line, start.column - 1
    if last[0] > line:
        yield _Mark(source, line, column, len(source.line(line)), sign, style, "")
        line, text = last[0], source.line(last[0])
        column = min(len(text) - len(text.lstrip()), last[1])
    yield _Mark(source, line, column, last[1], sign, style, label.text)


def _excerpt(marks: Iterable[_Mark], gutter: str, pen: _Pen) -> Iterator[str]:
    """The marked lines in order, each with its marks below it."""
    previous = 0
    ordered = sorted(marks, key=lambda mark: (mark.line, mark.start, mark.end))
    for number, group in groupby(ordered, key=lambda mark: mark.line):
        here = list(group)
        source = here[0].source
        if previous and number == previous + 2:
            between = source.line(previous + 1)
            yield _row(previous + 1, _cut(between, 0)[0], gutter, pen)
        elif previous and number > previous + 2:
            yield pen(_BLUE, "...")
        text = source.line(number)
        if _fits(text):
            yield _row(number, visible(text), gutter, pen)
            for mark in here:
                yield _underline(mark, text, gutter, pen)
        else:
            for mark in here:
                yield from _cut_row(mark, text, gutter, pen)
        previous = number


def _cut_row(mark: _Mark, line: str, gutter: str, pen: _Pen) -> Iterator[str]:
    """A long line, cut around one mark, and the mark."""
    shown, left, right = _cut(line, mark.start)
    dots = 1 if left else 0
    yield _row(mark.line, shown, gutter, pen)
    here = mark._replace(
        start=mark.start - left + dots, end=min(mark.end, right) - left + dots
    )
    yield _underline(here, "…"[:dots] + line[left:right], gutter, pen)


def _row(number: int, shown: str, gutter: str, pen: _Pen) -> str:
    margin = pen(_BLUE, f"{number:>{len(gutter)}} |")
    return f"{margin} {shown}"


def _underline(mark: _Mark, line: str, gutter: str, pen: _Pen) -> str:
    start = mark.start
    # A combining character shares the column of what it combines with.
    while 0 < start < len(line) and width(line[start]) == 0:
        start -= 1
    indent = " " * width(line[:start])
    signs = mark.sign * max(1, width(line[start : mark.end]))
    words = pen(mark.style, f"{signs} {visible(mark.text)}")
    return f"{pen(_BLUE, f'{gutter} |')} {indent}{words}"


def _fits(line: str) -> bool:
    return len(line) <= _LONGEST and width(line) <= _LONGEST


def _cut(line: str, at: int) -> tuple[str, int, int]:
    """What is shown of a line around a column, and from where to where it was cut."""
    if _fits(line):
        return visible(line), 0, len(line)
    left = min(at, len(line))
    room = _BEFORE
    while left > 0 and room > 0:
        left -= 1
        room -= max(1, width(line[left]))
    right = left
    room = _LONGEST
    while right < len(line) and room > 0:
        room -= max(1, width(line[right]))
        right += 1
    before, after = "…" if left else "", "…" if right < len(line) else ""
    return f"{before}{visible(line[left:right])}{after}", left, right


def _notes(finding: Finding, gutter: str, pen: _Pen) -> Iterator[str]:
    for word, text in finding.notes.items():
        if not text:
            continue
        first, *more = wrap(text, _LONGEST) if word == "run" else text.split("\n")
        yield f"{pen(_BLUE, f'{gutter} =')} {pen(_BOLD, f'{word}:')} {visible(first)}"
        indent = " " * (len(gutter) + len(word) + 5)
        yield from (indent + visible(line) for line in more)
