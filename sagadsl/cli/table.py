"""`sagac table`: the table of a saga."""

from __future__ import annotations

from pathlib import Path

import click

from sagadsl.cli.common import compile_or_exit, json_option, path_argument, print_json


@click.command("table")
@path_argument
@json_option
def command(path: Path, as_json: bool) -> None:
    """Print the table previous | next | action, and the compensations.

    PATH is a saga, or a folder with no more than one.
    """
    pinned = compile_or_exit(path)
    if as_json:
        machine = pinned.latest.machine()
        undoes = pinned.latest.rows.compensations
        rows = [row._asdict() for row in machine.transitions]
        print_json({"transitions": rows, "compensations": undoes})
        return
    from sagadsl.emit.table import emit_table

    click.echo(emit_table(pinned), nl=False)
