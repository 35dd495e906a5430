"""A saga to start from."""

from __future__ import annotations

from sagadsl.diagnostics import Finding
from sagadsl.emit.jinja import render
from sagadsl.resolve import check_form
from sagadsl.source import Source, Span
from sagadsl.syntax import Name


def starter(name: str) -> str | Finding:
    """A small saga to start from, or what is wrong with its name."""
    source = Source(f"{name}.saga", name)
    wrong = check_form(Name(name, Span(source, 0, len(name))))
    return wrong or render("starter.saga.jinja", name=name)
