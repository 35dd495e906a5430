"""The page of a saga in Markdown: the table, the picture, and all that is said."""

from __future__ import annotations

import re

from sagadsl.emit.jinja import render
from sagadsl.emit.mermaid import emit_mermaid
from sagadsl.emit.rows import duration, performed, positions, rows, undoes
from sagadsl.model import Pinned

_NAME = re.compile(r"\w+")
_MEANING = re.compile(r"[^\w .,;:'()/%-]|(?<![^\W_])_|_(?![^\W_])")


def emit_markdown(pinned: Pinned) -> str:
    """The page, with the picture as Mermaid."""
    saga = pinned.saga
    return render(
        "saga.md.jinja",
        origin=escaped(f"{saga.name}.saga"),
        title=escaped(saga.title or saga.name),
        name=_code(saga.name),
        aggregate=_code(saga.aggregate),
        expires=duration(saga.expires) if saga.expires else "",
        remember=duration(saga.remember) if saga.remember else "",
        abort=_abort(pinned),
        diagram=emit_mermaid(pinned),
        rows=[
            (
                _code(r.prev),
                _code(r.next),
                _code(r.action),
                escaped(r.trigger),
                escaped(r.doc),
            )
            for r in rows(saga)
        ],
        undoes=[(_code(action), _code(undo)) for action, undo in undoes(saga)],
        actions=[
            (_code(name), escaped(how), escaped(doc))
            for name, how, doc in performed(saga)
        ],
        states=[(_code(s.name), s.kind, escaped(s.doc)) for s in saga.states.values()],
        positions=[(p.number, _code(p.step), p.versions) for p in positions(pinned)],
        versions=[
            (v.number, "released" if v.released else "draft", v.digest)
            for v in pinned.versions
        ],
    )


def escaped(text: str) -> str:
    """A text in which no character means anything to Markdown, HTML or a template."""
    return _MEANING.sub(_entity, " ".join(text.split()))


def _entity(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"


def _code(cell: str) -> str:
    """The names of a cell as code, what joins them as text."""
    words = (
        f"`{part}`" if _NAME.fullmatch(part) and part != "else" else escaped(part)
        for part in cell.split()
    )
    return " ".join(words)


def _abort(pinned: Pinned) -> str:
    abort = pinned.saga.abort
    if not abort:
        return "by operators"
    actors = " or ".join(map(_code, abort.actors)) or "anyone"
    return f"{_code(abort.name)} by {actors}"
