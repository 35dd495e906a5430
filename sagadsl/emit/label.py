r"""Labels of DOT: quoted strings, and the tables that Graphviz lays out.

Every text goes through `quoted` or `text`, so that none of a user's can end a string,
form an escape such as `\N`, or become markup.
"""

from __future__ import annotations

from collections.abc import Iterable

WIDEST = 24

# What `html.escape` writes; that module knows all entities, and is slow to import.
_ENTITIES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"}
)


class Markup(str):
    """Finished markup; a plain `str` never counts as such."""

    __slots__ = ()


def quoted(value: str) -> str:
    """A string of DOT that reads as just this text; Graphviz knows entities, too."""
    line = " ".join(value.split()).replace("&", "&amp;")
    return '"' + line.replace("\\", "\\\\").replace('"', '\\"') + '"'


def attributes(**values: str | float) -> str:
    """A list of attributes; empty markup is a string, as older versions want it."""
    pairs = (
        f"{key.rstrip('_')}="
        + (f"<{value}>" if value and isinstance(value, Markup) else quoted(str(value)))
        for key, value in values.items()
    )
    return f"[{', '.join(pairs)}]"


def text(
    value: str, colour: str, size: int, style: str = "", *, widest: int = WIDEST
) -> Markup:
    """Lines of text in one font; `style` has the letters of `b`, `i` and `s`."""
    lines = "<br/>".join(line.translate(_ENTITIES) for line in broken(value, widest))
    for tag in style:
        lines = f"<{tag}>{lines}</{tag}>"
    return Markup(f'<font color="{colour}" point-size="{size}">{lines}</font>')


def spans(values: Iterable[str], colour: str, style: str, widest: int) -> Markup:
    """Texts with commas between, each on one line as long as it fits there."""
    space = "\N{NO-BREAK SPACE}"
    whole = (v.replace(" ", space) if len(v) <= widest else v for v in values)
    return text(", ".join(whole), colour, 9, style, widest=widest)


def roomy(value: str) -> str:
    """A text with room at both ends: where it is shown, letters may be wider."""
    return f"\N{NO-BREAK SPACE}{value}\N{NO-BREAK SPACE}"


def broken(value: str, widest: int = WIDEST) -> list[str]:
    """A text in lines; a long name is broken after an underscore."""
    if len(value) <= widest:
        return [value]
    from textwrap import wrap  # noqa: PLC0415  slow to import, and rarely needed

    lines: list[str] = []
    for line in wrap(value, widest, break_long_words=False, tabsize=1) or [""]:
        rest = line
        while len(rest) > widest:
            at = rest.rfind("_", 0, widest) + 1 or widest
            lines.append(rest[:at])
            rest = rest[at:]
        lines.append(rest)
    return lines


def cell(content: str = "", **values: str | int) -> Markup:
    """A cell of a table."""
    return Markup(f"<td{_tags(values)}>{content}</td>")


def table(rows: Iterable[Iterable[Markup]], **values: str | int) -> Markup:
    """A table of rows, each of cells."""
    base: dict[str, str | int] = {"border": 0, "cellborder": 0, "cellspacing": 0}
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return Markup(f"<table{_tags(base | values)}>{body}</table>")


def _tags(values: dict[str, str | int]) -> str:
    return "".join(
        f' {key}="{str(value).translate(_ENTITIES)}"' for key, value in values.items()
    )
