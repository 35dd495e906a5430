"""`sagac check`: findings only."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from sagadsl import __version__
from sagadsl.cli.common import compile_file, is_error, paths_argument, tell
from sagadsl.cli.files import find_sagas, read_config
from sagadsl.diagnostics import Finding


@click.command("check")
@paths_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    help="Text goes to standard error, the others to standard output.",
)
def command(paths: tuple[Path, ...], form: str) -> None:
    """Say what is wrong with the sagas, and write nothing.

    PATH is as in `sagac build`.
    """
    sagas = find_sagas(paths, read_config())
    findings = [finding for path in sagas for finding in compile_file(path)[1]]
    if form == "text":
        tell(findings)
        click.echo(_summary(len(sagas), findings), err=bool(findings))
    else:
        click.echo(_rendered(form, findings), nl=False)
    sys.exit(any(map(is_error, findings)))


def _rendered(form: str, findings: Sequence[Finding]) -> str:
    if form == "json":
        from sagadsl.diagnostics.json import render_json  # noqa: PLC0415  one format

        return render_json(findings)
    if form == "sarif":
        from sagadsl.diagnostics.sarif import render_sarif  # noqa: PLC0415  one format

        return render_sarif(findings, __version__)
    from sagadsl.diagnostics.github import render_github  # noqa: PLC0415  one format

    return render_github(findings)


def _summary(sagas: int, findings: Sequence[Finding]) -> str:
    errors = sum(map(is_error, findings))
    warnings = len(findings) - errors
    parts = [
        f"{number} {word}{'' if number == 1 else 's'}"
        for number, word in ((errors, "error"), (warnings, "warning"))
        if number
    ]
    what = f"{sagas} saga{'' if sagas == 1 else 's'}"
    return f"{what} checked: {' and '.join(parts) or 'no findings'}"
