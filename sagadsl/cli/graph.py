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
from sagadsl.cli.files import Unusable, shown, write_bytes
from sagadsl.cli.records import RECORD, no_record, why_no_record
from sagadsl.machine import Record

SUFFIXES = (".svg", ".png", ".dot", ".mmd", ".html")


@click.command("graph")
@path_argument
@click.option(
    "-o",
    "out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    required=True,
    help="The file; its suffix says in which form.",
)
@click.option(
    "--record",
    type=RECORD,
    metavar="MASK",
    help="Mark where a process stands, by its mask or BEGUN,DONE,CLOSED,CONTROL.",
)
@version_option
def command(path: Path, out: Path, record: Record | None, number: int | None) -> None:
    """Draw a saga as .svg, .png, .dot, .mmd or .html, by the suffix of FILE.

    PATH is a saga, or a folder with no more than one.
    """
    suffix = out.suffix.lower()
    if suffix not in SUFFIXES:
        raise click.BadParameter(
            f"{out.name!r} ends in none of {', '.join(SUFFIXES)}", param_hint="-o"
        )
    pinned = compile_or_exit(path)
    version = version_of(pinned, number)
    if record is not None and (why := why_no_record(record, version)):
        wanting(no_record(record, version, why))
    from sagadsl.emit.graphviz import RenderError  # noqa: PLC0415  imports emitters
    from sagadsl.emit.targets import draw  # noqa: PLC0415  as above

    try:
        data = draw(pinned, suffix[1:], record, version)
    except RenderError as error:
        raise Unusable(f"cannot draw {shown(path)}: {error}") from None
    write_bytes(out, data)
    click.echo(f"wrote {shown(out)}")
