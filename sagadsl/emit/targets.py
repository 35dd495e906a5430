"""The targets by name: which file each is, and what fills it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from sagadsl.diagnostics import Finding
from sagadsl.machine import Record
from sagadsl.model import Pinned, Version
from sagadsl.versions import check_width

if TYPE_CHECKING:
    from sagadsl.versions.changes import Changes

Emitter = Callable[[Pinned, bytes | None], bytes]
Check = Callable[[Pinned], Iterator[Finding]]


class Target(NamedTuple):
    """A kind of file; in `name` the name of the saga takes the place of `*`.

    `check` yields why it cannot be made of a saga, or what goes wrong with it.
    """

    name: str
    emit: Emitter
    check: Check | None = None

    def file_name(self, saga: str) -> str:
        """The name of the file, without a folder."""
        return self.name.replace("*", saga)


def _python(pinned: Pinned, old: bytes | None) -> bytes:
    from sagadsl.emit.python import emit_python

    del old
    return emit_python(pinned).encode()


def draw(
    pinned: Pinned,
    form: str,
    record: Record | None = None,
    version: Version | None = None,
    old: bytes | None = None,
) -> bytes:
    """A version, the newest if none is named, as `dot`, `svg`, `png`, `mmd` or `html`.

    With a record it shows where that process stands. An old drawing of the same is
    kept: Graphviz differs from place to place, its DOT does not. Raises `RenderError`
    if Graphviz cannot draw it.
    """
    if form == "mmd":
        from sagadsl.emit.mermaid import emit_mermaid

        return emit_mermaid(pinned, record, version).encode()
    from sagadsl.emit.dot import emit_dot

    dot = emit_dot(pinned, record, version, heading=form != "html")
    if form == "dot":
        return dot.encode()
    if form == "html":
        from sagadsl.emit.html import emit_html

        start, end = (old or b"").find(b"<svg"), (old or b"").rfind(b"</svg>") + 6
        svg = _picture(dot, "svg", old[start:end] if old else None)
        return emit_html(pinned, record, svg.decode(), version).encode()
    return _picture(dot, form, old)


def draw_difference(pinned: Pinned, changes: Changes, form: str) -> bytes:
    """Two versions in one picture, as `dot`, `svg` or `png`, or as a page of `html`."""
    from sagadsl.emit.dot import draw_dot
    from sagadsl.emit.merged import merged_diagram

    dot = draw_dot(merged_diagram(pinned, changes), heading=form != "html")
    if form == "dot":
        return dot.encode()
    if form != "html":
        return _picture(dot, form, None)
    from sagadsl.emit.difference import difference_page
    from sagadsl.emit.html import emit_page

    svg = _picture(dot, "svg", None).decode()
    page = difference_page(pinned, changes)
    return emit_page(pinned.saga.name, page, svg).encode()


def _picture(dot: str, form: str, old: bytes | None) -> bytes:
    """The old picture if it is of this DOT and only a picture, else a new one."""
    from hashlib import sha256

    from sagadsl.emit.graphviz import digest_of, render

    same = old is not None and digest_of(old) == sha256(dot.encode()).hexdigest()
    if old is not None and same and (form == "png" or _is_inert(old)):
        return old
    return render(dot, form)


def _is_inert(svg: bytes) -> bool:
    """Whether a picture that lay in a folder is text and holds nothing that runs."""
    tags = rb"(?i)<\s*(script|foreignobject|iframe|object|embed)"
    runs = tags + rb"|\son\w+\s*=\s*[\"']|script:"
    try:
        svg.decode()
    except UnicodeDecodeError:
        return False
    return re.search(runs, svg) is None


def _drawing(form: str) -> Emitter:
    return lambda pinned, old: draw(pinned, form, old=old)


def _markdown(pinned: Pinned, old: bytes | None) -> bytes:
    from sagadsl.emit.markdown import emit_markdown

    del old
    return emit_markdown(pinned).encode()


def _json(pinned: Pinned, old: bytes | None) -> bytes:
    from sagadsl.emit.json import emit_json

    del old
    return emit_json(pinned).encode()


def _pytest(pinned: Pinned, old: bytes | None) -> bytes:
    from sagadsl.emit.pytest import emit_pytest

    del old
    return emit_pytest(pinned).encode()


def _sql(name: str) -> Emitter:
    def emitted(pinned: Pinned, old: bytes | None) -> bytes:
        from sagadsl.emit.sql import emit_sql
        from sagadsl.sql import DIALECTS

        del old
        return emit_sql(pinned, DIALECTS[name]).encode()

    return emitted


def _audit_sql(pinned: Pinned, old: bytes | None) -> bytes:
    from sagadsl.emit.audit_sql import emit_audit_sql

    del old
    return emit_audit_sql(pinned).encode()


def _amazon_states(pinned: Pinned, old: bytes | None) -> bytes:
    from sagadsl.emit.amazon_states import emit_amazon_states

    del old
    return emit_amazon_states(pinned).encode()


def _check_structure(pinned: Pinned) -> Iterator[Finding]:
    from sagadsl.emit.unstructured import check_structure

    return check_structure(pinned)


def _check_timeouts(pinned: Pinned) -> Iterator[Finding]:
    from sagadsl.emit.endless import check_timeouts

    return check_timeouts(pinned)


def _engine(name: str) -> Emitter:
    def emitted(pinned: Pinned, old: bytes | None) -> bytes:
        from sagadsl.emit.engines import emit_engine

        del old
        return emit_engine(pinned, name).encode()

    return emitted


TARGETS = {
    "py": Target("*_saga.py", _python),
    "dot": Target("*.dot", _drawing("dot")),
    "svg": Target("*.svg", _drawing("svg")),
    "png": Target("*.png", _drawing("png")),
    "md": Target("*.md", _markdown),
    "mmd": Target("*.mmd", _drawing("mmd")),
    "html": Target("*.html", _drawing("html")),
    "json": Target("*.json", _json),
    "sql-sqlite": Target("*.sqlite.sql", _sql("sqlite"), check_width),
    "sql-postgres": Target("*.postgres.sql", _sql("postgres"), check_width),
    "pytest": Target("test_*_saga.py", _pytest),
    "dbos": Target("*_dbos.py", _engine("dbos")),
    "restate": Target("*_restate.py", _engine("restate"), _check_timeouts),
    "temporal": Target("*_temporal.py", _engine("temporal"), _check_timeouts),
    "amazon-states": Target("*.asl.json", _amazon_states, _check_structure),
    "audit-sql": Target("*.audit.sql", _audit_sql, check_width),
}
DEFAULT = ("py", "dot", "svg")
