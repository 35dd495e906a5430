"""The tables that Lark makes of the grammar, kept in a file beside it.

Making them takes a fifth of a second, more than all the rest of a compile.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple
from zlib import crc32

from sagadsl import resources


class Rule(NamedTuple):
    """A rule of the grammar: its name and how many symbols it is made of.

    Those at the positions `inlined` are lists whose members it takes as its own;
    `passes` says that it hands on its one symbol unchanged.
    """

    name: str
    size: int
    inlined: list[int]
    passes: bool


class Tables(NamedTuple):
    """What the parser goes by.

    `states` has for each state and symbol the state to go to, or `~n` to reduce by
    the rule n.
    """

    pattern: str
    words: dict[str, str]
    ignored: list[str]
    rules: list[Rule]
    states: list[dict[str, int]]
    start: int
    end: int


def read_tables() -> Tables:
    """The tables of the grammar; those that were kept, unless it has changed."""
    grammar, kept = texts()
    found: dict[str, Any] = json.loads(kept) if kept else {}
    if found.pop("grammar", None) != _mark(grammar):
        from sagadsl.parser.lark import make_tables  # noqa: PLC0415  rarely needed

        return make_tables(grammar)
    rules = [Rule(*rule) for rule in found.pop("rules")]
    return Tables(rules=rules, **found)


def texts() -> tuple[str, str]:
    """The grammar, and the file that is kept of its tables, "" if there is none."""
    folder = resources.folder("grammar")
    kept = folder / "saga.tables.json"
    return (
        (folder / "saga.lark").read_text(encoding="utf-8"),
        kept.read_text(encoding="utf-8") if kept.is_file() else "",
    )


def render_tables(grammar: str, tables: Tables) -> str:
    """The file to keep of a grammar's tables, a line for each rule and state."""
    parts = {"grammar": _mark(grammar), **tables._asdict()}
    lines = []
    for key, value in parts.items():
        text = json.dumps(value)
        if key in ("rules", "states"):
            text = "[\n" + ",\n".join(f"  {json.dumps(one)}" for one in value) + "\n ]"
        lines.append(f' "{key}": {text}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _mark(grammar: str) -> int:
    return crc32(grammar.encode())
