"""`sagac check`: findings only."""

from __future__ import annotations

from pathlib import Path

import click

from sagadsl.cli.common import compile_file, paths_argument
from sagadsl.cli.files import find_sagas, read_config
from sagadsl.cli.report import format_option, report, sagas


@click.command("check")
@paths_argument
@format_option
def command(paths: tuple[Path, ...], form: str) -> None:
    """Say what is wrong with the sagas, and write nothing.

    PATH is as in `sagac build`.
    """
    found = find_sagas(paths, read_config())
    findings = [finding for path in found for finding in compile_file(path)[1]]
    report(findings, form, f"{sagas(len(found))} checked")
