"""What a page says of a saga, in whatever it is written: its terms and its tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sagadsl.emit.diagram import Diagram, StepNode, diagram_of
from sagadsl.emit.rows import bound, duration, next_cell, performed, positions
from sagadsl.machine import Rule
from sagadsl.model import Pinned, Version


class Column(NamedTuple):
    """A column of a table; `names` tells that its cells are names, shown as code."""

    head: str
    names: bool


class Section(NamedTuple):
    """A table and what stands over it."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


class Page(NamedTuple):
    """All that is said of one version."""

    title: str
    terms: tuple[str, ...]
    sections: tuple[Section, ...]


def page_of(pinned: Pinned, version: Version | None = None) -> Page:
    """The page of a version, the latest if none is named."""
    version = version or pinned.latest
    diagram = diagram_of(pinned, None, version)
    terms = [*diagram.terms, f"one process for each {version.rows.aggregate}"]
    if version.rows.remember:
        terms.append(f"remembered for {duration(version.rows.remember)} after its end")
    return Page(
        diagram.title or diagram.name,
        tuple(terms),
        tuple(
            section for section in _sections(pinned, version, diagram) if section.rows
        ),
    )


def _sections(pinned: Pinned, version: Version, diagram: Diagram) -> Iterable[Section]:
    yield _section(
        "Transitions",
        "`previous` `next` `action` trigger note",
        map(_transition, diagram.steps),
    )
    yield _section(
        "Compensations",
        "`action` `compensation`",
        version.rows.compensations.items(),
    )
    yield _section(
        "How actions are performed",
        "`action` how note",
        performed(pinned.saga, version),
    )
    yield _section(
        "States",
        "`state` kind note",
        ((state.name, state.kind, state.doc) for state in diagram.states),
    )
    yield _section(
        "Positions",
        "bit `step` versions",
        ((str(number), *rest) for number, *rest in positions(pinned)),
    )
    yield _section(
        "Versions",
        "version status `digest`",
        (
            (str(each.number), "released" if each.released else "draft", each.digest)
            for each in pinned.versions
        ),
    )


def _transition(step: StepNode) -> tuple[str, ...]:
    trigger = " ".join(filter(None, (step.trigger, bound(step.limit))))
    prev, leads = Rule.cell(step.sources), next_cell(step.targets, step.otherwise)
    return prev, leads, step.action, trigger, step.doc


def _section(title: str, heads: str, rows: Iterable[tuple[str, ...]]) -> Section:
    """A table without the columns that are empty; names have heads in backticks."""
    columns = [Column(head.strip("`"), head.startswith("`")) for head in heads.split()]
    lines = list(rows)
    filled = [any(map(str.strip, cells)) for cells in zip(*lines, strict=True)]
    return Section(
        title,
        tuple(c for c, full in zip(columns, filled, strict=False) if full),
        tuple(
            tuple(cell for cell, full in zip(line, filled, strict=True) if full)
            for line in lines
        ),
    )
