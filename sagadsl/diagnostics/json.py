"""Findings for other tools.

    {"format": 1, "findings": [{
        "code": "SAGA203", "rule": "unreachable", "severity": "error",
        "message": …, "label": …, "why": …, "help": …, "path": "order.saga",
        "start": {"offset": 0, "line": 1, "column": 1}, "end": …,
        "others": [{"label": …, "path": …, "start": …, "end": …}],
        "run": ["check_out", "make_payment fails"]}]}

Offsets count characters from 0; lines and columns count from 1; `end` is just behind
the last character. Keys may be added under the same format number, none removed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sagadsl.diagnostics.region import Region

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sagadsl.diagnostics.finding import Finding
    from sagadsl.source import Span


def render_json(findings: Sequence[Finding]) -> str:
    """The findings as one JSON object, in ASCII."""
    document = {"format": 1, "findings": [_finding(finding) for finding in findings]}
    return json.dumps(document, indent=2) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "rule": finding.rule.name,
        "severity": finding.rule.severity,
        "message": finding.message,
        "label": finding.label,
        "why": finding.why,
        "help": finding.help,
        **_region(finding.span),
        "others": [
            {"label": label.text, **_region(label.span)} for label in finding.others
        ],
        "run": list(finding.run),
    }


def _region(span: Span) -> dict[str, Any]:
    path, start, end = Region.of(span)
    return {"path": path, "start": start._asdict(), "end": end._asdict()}
