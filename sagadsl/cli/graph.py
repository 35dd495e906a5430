"""`sagac graph`: draw the process, or where one stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sagadsl.cli.common import (
    compile_or_exit,
    path_argument,
    version_of,
    version_option,
    wanting,
)
from sagadsl.cli.complete import codes
from sagadsl.cli.drawing import check_suffix, write_drawing
from sagadsl.cli.explain import code_of, read_pages
from sagadsl.cli.files import one_saga, read_bytes, shown
from sagadsl.cli.records import RECORD, no_record, why_no_record
from sagadsl.machine import Record

if TYPE_CHECKING:
    from sagadsl.rehearsal import Stopped

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
@click.option(
    "--finding",
    "code",
    metavar="CODE",
    shell_complete=codes,
    help="Mark where the run of a finding leads.",
)
@version_option
def command(
    path: Path,
    out: Path,
    record: Record | None,
    code: str | None,
    number: int | None,
) -> None:
    """Draw a saga as .svg, .png, .dot, .mmd or .html, by the suffix of FILE.

    PATH is a saga, or a folder with no more than one. With --finding it shows where the
    run of a finding leads, also of a saga that does not compile; what `sagac breaking`
    finds is shown in the version that was released.
    """
    check_suffix(out, SUFFIXES)
    from sagadsl.emit.targets import draw

    if code is not None:
        if record is not None or number is not None:
            raise click.UsageError("--finding says itself what to mark")
        code = code_of(code, read_pages(), "--finding")
        pinned, version, record = _stopped(one_saga(path), code)
    else:
        pinned = compile_or_exit(path)
        version = version_of(pinned, number)
    if record is not None and (why := why_no_record(record, version)):
        wanting(no_record(record, version, why))
    write_drawing(out, path, lambda form: draw(pinned, form, record, version))


def _stopped(path: Path, code: str) -> Stopped:
    """A saga, and the record where the run of its first finding of a code ends."""
    from sagadsl.rehearsal import (
        breaks,
        where_it_breaks,
        where_it_stops,
    )

    if breaks(code):
        found = where_it_breaks(compile_or_exit(path), code)
    else:
        found = where_it_stops(shown(path), read_bytes(path), code)
    if found is None:
        wanting(f"{shown(path)}: no finding {code} with a run")
    return found
