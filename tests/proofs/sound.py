"""The sound order of the tests, with edits made to it."""

from __future__ import annotations

import re
from pathlib import Path

from sagadsl.diagnostics.text import render_text
from sagadsl.model import Saga
from sagadsl.parser import parse_saga
from sagadsl.resolve import resolve_saga
from sagadsl.source import Source

SOUND = (Path(__file__).parent / "planted" / "sound.saga").read_text(encoding="utf-8")
WITHOUT_SCENARIOS = re.sub(r"    scenarios \{.*?\n    \}\n", "", SOUND, flags=re.DOTALL)


def edited(text: str, edit: str) -> str:
    """The saga with lines replaced, taken out, or put in behind one that was."""
    lines = text.splitlines()
    at = 0
    for change in edit.splitlines():
        sign, _, line = change.partition(" ")
        if sign == "-":
            at = [old.strip() for old in lines].index(line)
            lines.pop(at)
        elif sign == "+":
            lines.insert(at, f"        {line}")
            at += 1
        else:  # what is left stands before the end of the saga
            lines.insert(len(lines) - 1, f"    {line}")
    return "\n".join(lines) + "\n"


def saga_of(text: str) -> Saga:
    """The saga of a text that parses and resolves."""
    tree, findings = parse_saga(Source("sound.saga", text))
    assert tree, render_text(findings)
    saga, findings = resolve_saga(tree)
    assert saga, render_text(findings)
    return saga
