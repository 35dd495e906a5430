"""What is said of names: `cases/<case>.txt` holds a saga and the findings below it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sagadsl.diagnostics.text import render_text
from sagadsl.parser import parse_saga
from sagadsl.resolve import resolve_saga
from sagadsl.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(__file__).parent / "cases"
SEPARATOR = "\n---\n"


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.stem)
def test_findings(path: Path, golden: Callable[[Path, str], None]) -> None:
    """The findings are exactly those that stand below the text."""
    text, separator, _ = path.read_text(encoding="utf-8").partition(SEPARATOR)
    assert separator, f"{path.name} has no line `---` after its text"
    syntax, findings = parse_saga(Source("order.saga", text))
    assert syntax is not None, findings

    saga, findings = resolve_saga(syntax)

    assert saga is None
    golden(path, text + separator + render_text(findings))
