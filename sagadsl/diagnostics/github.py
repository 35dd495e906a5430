"""Findings as GitHub workflow commands, which annotate the changed lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sagadsl.diagnostics.cells import visible
from sagadsl.diagnostics.region import Region

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sagadsl.diagnostics.finding import Finding


def render_github(findings: Sequence[Finding]) -> str:
    """One command a line, `::error file=…,line=…::message`."""
    return "".join(map(_command, findings))


def _command(finding: Finding) -> str:
    path, start, end = Region.of(finding.span)
    properties: dict[str, str | int] = {
        "file": path,
        "line": start.line,
        "endLine": end.line,
        "col": start.column,
        "endColumn": end.column,
        "title": f"{finding.code} {finding.rule.name}",
    }
    if start.line != end.line:
        # GitHub takes columns only within one line.
        del properties["col"], properties["endColumn"]
    listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    message = "%0A".join(map(_escaped, finding.prose.split("\n")))
    return f"::{finding.rule.severity} {listed}::{message}\n"


def _property(value: str | int) -> str:
    return _escaped(str(value)).replace(":", "%3A").replace(",", "%2C")


def _escaped(text: str) -> str:
    """The text on one line; what GitHub would read as an escape is escaped itself."""
    return visible(text).replace("%", "%25")
