"""Telling of findings where they are the result: as text, or for other tools."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from sagadsl import __version__
from sagadsl.cli.common import tell
from sagadsl.diagnostics import Finding

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    help="Text goes to standard error, the others to standard output.",
)


def report(findings: Sequence[Finding], form: str, done: str) -> None:
    """Show the findings, and exit with 1 if one of them is an error.

    `done` says what was done, as in `2 sagas checked`.
    """
    if form == "text":
        tell(findings)
        click.echo(f"{done}: {_counted(findings)}", err=bool(findings))
    else:
        click.echo(_rendered(form, findings), nl=False)
    sys.exit(any(finding.is_error for finding in findings))


def sagas(number: int) -> str:
    """So many sagas, in words."""
    return f"{number} saga{'' if number == 1 else 's'}"


def _rendered(form: str, findings: Sequence[Finding]) -> str:
    if form == "json":
        from sagadsl.diagnostics.json import render_json

        return render_json(findings)
    if form == "sarif":
        from sagadsl.diagnostics.sarif import render_sarif

        return render_sarif(findings, __version__)
    from sagadsl.diagnostics.github import render_github

    return render_github(findings)


def _counted(findings: Sequence[Finding]) -> str:
    errors = sum(finding.is_error for finding in findings)
    warnings = len(findings) - errors
    parts = [
        f"{number} {word}{'' if number == 1 else 's'}"
        for number, word in ((errors, "error"), (warnings, "warning"))
        if number
    ]
    return " and ".join(parts) or "no findings"
