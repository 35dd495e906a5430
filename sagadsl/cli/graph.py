"""`sagac graph`: draw the process, or where one stands."""

from __future__ import annotations

from pathlib import Path

import click

from sagadsl.cli.common import (
    compile_or_exit,
    path_argument,
    version_of,
    version_option,
    wanting,
)
from sagadsl.cli.drawing import check_suffix, write_drawing
from sagadsl.cli.records import RECORD
from sagadsl.machine import Record

SUFFIXES = (".svg", ".png", ".dot", ".mmd", ".html")


@click.command("graph")
@path_argument
@click.option(
    "-o", "out", type=click.Path(path_type=Path), required=True, help="The file."
)
@click.option("--record", type=RECORD, help="Mark where a process of this mask stands.")
@version_option
def command(path: Path, out: Path, record: Record | None, number: int | None) -> None:
    """Draw a saga as .svg, .png, .dot, .mmd or .html, by the suffix of FILE."""
    check_suffix(out, SUFFIXES)
    pinned = compile_or_exit(path)
    version = version_of(pinned, number)
    if record is not None and (reason := version.machine().why_invalid(record)):
        wanting(f"not a record of version {version.number}: {reason}")
    from sagadsl.emit.targets import draw  # noqa: PLC0415  imports emitters

    write_drawing(out, path, lambda form: draw(pinned, form, record, version))
