"""What the checks say of tricky sagas: `cases/<rule>/<case>.saga` and its `.txt`.

A new case is a new file. An empty text tells that the saga is good.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sagadsl import checks
from sagadsl.checks import check_saga
from sagadsl.diagnostics.text import render_text
from sagadsl.parser import parse_saga
from sagadsl.resolve import resolve_saga
from sagadsl.source import Source

CASES = sorted((Path(__file__).parent / "cases").glob("*/*.saga"))
ROOT = Path(__file__).parents[2]


def findings_of(path: Path):
    syntax, findings = parse_saga(Source(path.name, path.read_text(encoding="utf-8")))
    assert syntax, findings
    saga, findings = resolve_saga(syntax)
    assert saga, findings
    return check_saga(saga)


@pytest.mark.parametrize("path", CASES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_a_tricky_saga_gets_the_finding_it_deserves(path, golden):
    findings = findings_of(path)
    golden(path.with_suffix(".txt"), render_text(findings))
    rules = {finding.rule.name.replace("-", "_") for finding in findings}
    assert not findings or path.parent.name in rules


def test_no_text_is_left_without_its_saga():
    texts = {path.with_suffix("") for path in CASES[0].parents[1].glob("*/*.txt")}
    assert texts == {path.with_suffix("") for path in CASES}


def test_cases_are_sorted_by_rule():
    rules = {path.stem for path in Path(checks.__file__).parent.glob("[a-z]*.py")}
    assert {path.parent.name for path in CASES} <= rules


def test_the_order_of_the_documentation_is_clean():
    assert findings_of(ROOT / "examples" / "order.saga") == ()
