"""The page of a saga in Markdown: the picture, the tables, and all that is said."""

from __future__ import annotations

import re

from sagadsl.emit.jinja import render
from sagadsl.emit.mermaid import emit_mermaid
from sagadsl.emit.page import Section, page_of
from sagadsl.model import Pinned

_NAME = re.compile(r"\w+")
_MEANING = re.compile(r"[^\w .,;:'()/%-]|(?<![^\W_])_|_(?![^\W_])")


def emit_markdown(pinned: Pinned) -> str:
    """The page, with the picture as Mermaid."""
    page = page_of(pinned)
    return render(
        "saga.md.jinja",
        origin=escaped(f"{pinned.saga.name}.saga"),
        title=escaped(page.title),
        terms=[escaped(term) for term in page.terms],
        diagram=emit_mermaid(pinned),
        sections=[
            (section.title, [column.head for column in section.columns], _rows(section))
            for section in page.sections
        ],
    )


def escaped(text: str) -> str:
    """A text in which no character means anything to Markdown, HTML or a template."""
    return _MEANING.sub(_entity, " ".join(text.split()))


def _entity(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"


def _rows(section: Section) -> list[list[str]]:
    return [
        [
            _code(cell) if column.names else escaped(cell)
            for column, cell in zip(section.columns, row, strict=True)
        ]
        for row in section.rows
    ]


def _code(cell: str) -> str:
    """The names of a cell as code, what joins them as text."""
    words = (
        f"`{part}`" if _NAME.fullmatch(part) and part != "else" else escaped(part)
        for part in cell.split()
    )
    return " ".join(words)
