"""`sagac diff`: two versions side by side."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sagadsl.cli.common import (
    compile_or_exit,
    json_option,
    path_argument,
    version_of,
)
from sagadsl.cli.drawing import check_suffix, write_drawing

SUFFIXES = (".svg", ".png", ".dot", ".html")


@click.command("diff")
@path_argument
@click.option("--from", "old", type=int, help="The older version; else the one before.")
@click.option("--to", "new", type=int, help="The newer version; else the newest.")
@click.option(
    "-o",
    "out",
    type=click.Path(path_type=Path),
    help="Draw both in one picture: a file of .svg, .png, .dot or .html.",
)
@json_option
def command(
    path: Path, old: int | None, new: int | None, out: Path | None, as_json: bool
) -> None:
    """Show what differs between two versions, and which records can move.

    Rows are paired by position, so a row that was renamed with `was` is one row. A mark
    tells what was added (+), removed (-) or changed (~).
    """
    from sagadsl.emit.difference import (
        difference_data,
        emit_difference,
    )
    from sagadsl.emit.targets import draw_difference
    from sagadsl.versions.changes import changes_of

    if out:
        check_suffix(out, SUFFIXES)
    pinned = compile_or_exit(path)
    newer = version_of(pinned, new, "--to")
    if old is None and newer.number == 1:
        click.echo(
            f"version 1 of {pinned.saga.name} is the first: nothing to compare it with"
        )
        return
    older = version_of(pinned, newer.number - 1 if old is None else old, "--from")
    changes = changes_of(older, newer)
    if out:
        write_drawing(out, path, lambda form: draw_difference(pinned, changes, form))
    elif as_json:
        click.echo(json.dumps(difference_data(changes), indent=2))
    else:
        click.echo(emit_difference(changes), nl=False)
