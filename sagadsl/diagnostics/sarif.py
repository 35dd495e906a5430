"""Findings as SARIF 2.1.0, for code scanning and review tools."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sagadsl.diagnostics.region import Region
from sagadsl.resources import folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sagadsl.diagnostics.finding import Finding, Rule
    from sagadsl.source import Span

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
    "sarif-schema-2.1.0.json"
)


def render_sarif(findings: Sequence[Finding], version: str) -> str:
    """The findings as one SARIF log of this version of the compiler, in ASCII."""
    rules = list(dict.fromkeys(finding.rule for finding in findings))
    run = {
        "tool": {
            "driver": {
                "name": "sagac",
                "version": version,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, rules) for finding in findings],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    page = folder("findings") / f"{rule.name}.md"
    described = {
        "id": rule.code,
        "name": rule.name,
        "defaultConfiguration": {"level": rule.severity},
    }
    if page.is_file():
        text = page.read_text(encoding="utf-8")
        described["help"] = {"text": text, "markdown": text}
    return described


def _result(finding: Finding, rules: list[Rule]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rules.index(finding.rule),
        "level": finding.rule.severity,
        "message": {"text": finding.prose},
        "locations": [_location(finding.span)],
    }
    if finding.others:
        result["relatedLocations"] = [
            {"id": number, "message": {"text": label.text}, **_location(label.span)}
            for number, label in enumerate(finding.others, start=1)
        ]
    return result


def _location(span: Span) -> dict[str, Any]:
    path, start, end = Region.of(span)
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(path)},
            "region": {
                "startLine": start.line,
                "startColumn": start.column,
                "endLine": end.line,
                "endColumn": end.column,
            },
        }
    }


def _uri(path: str) -> str:
    """A path as a relative reference, or as a `file` URI if it is absolute."""
    if re.match(r"[A-Za-z]:/", path):
        return "file:///" + path[:2] + quote(path[2:], errors="replace")
    return ("file://" if path.startswith("/") else "") + quote(path, errors="replace")
