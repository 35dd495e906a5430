"""Malformed texts and what is said of them, input and message in one file each."""

from __future__ import annotations

from pathlib import Path

import pytest

from sagadsl.diagnostics.text import render_text
from sagadsl.parser import parse_saga
from sagadsl.source import Source

FOLDER = Path(__file__).parent / "malformed"
SEPARATOR = "\n---\n"


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda p: p.stem)
def test_message(path: Path, golden):
    """The messages are exactly those that stand below the text."""
    assert path.suffix == ".txt", f"{path.name} is no case"
    text, separator, _ = path.read_bytes().decode().partition(SEPARATOR)
    assert separator, f"{path.name} has no line `---` after its text"

    syntax, findings = parse_saga(Source("order.saga", text))

    assert syntax is None
    golden(path, text + separator + render_text(findings))
