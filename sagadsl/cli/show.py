"""`sagac show`: one process, as a table or as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from sagadsl.cli.asking import id_argument
from sagadsl.cli.common import json_option, paths_argument, print_json, wanting
from sagadsl.cli.drawing import check_suffix, write_drawing
from sagadsl.cli.files import Unusable
from sagadsl.cli.graph import SUFFIXES
from sagadsl.cli.live import watch, watch_option
from sagadsl.cli.portrait import Portrait, lines_of, plain_of, portrait_of
from sagadsl.cli.stores import (
    Known,
    known_sagas,
    opened,
    outliving,
    saga_option,
    store_option,
    whose,
)
from sagadsl.diagnostics.cells import visible
from sagadsl.machine import Record
from sagadsl.runtime import Store


@click.command("show")
@id_argument
@paths_argument
@store_option
@saga_option
@click.option(
    "-o",
    "out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw it: .svg, .png, .dot, .mmd or .html, by the suffix.",
)
@watch_option
@json_option
def command(
    aggregate_id: str,
    paths: tuple[Path, ...],
    url: str,
    only: str | None,
    out: Path | None,
    *,
    watching: bool,
    as_json: bool,
) -> None:
    """Show the process ID: where it stands, its steps, its log, what may be next.

    PATH is its saga; else it is looked for where sagas are. Of one that has ended it
    shows what is kept. The exit status is 1 if there is none, or if it is damaged.
    """
    if out is not None:
        check_suffix(out, SUFFIXES)
    with opened(url) as store:
        known = whose(known_sagas(store, paths, only), aggregate_id)
        if watching:
            watch(outliving(lambda: _seen(store, known, aggregate_id)))
            return
        portrait = portrait_of(store.database, known, aggregate_id)
    if portrait is None:
        wanting(f"there is no {known.name} {aggregate_id}")
    if out is not None:
        _draw(out, known, portrait)
    elif as_json:
        print_json(plain_of(portrait))
    else:
        click.echo("\n".join(lines_of(portrait)), color=True)
    raise SystemExit(1 if portrait.damage else 0)


def _seen(store: Store, known: Known, aggregate_id: str) -> list[str]:
    portrait = portrait_of(store.database, known, aggregate_id)
    if portrait is None:  # it has ended, and is not remembered
        return [visible(f"there is no {known.name} {aggregate_id}")]
    return lines_of(portrait)


def _draw(out: Path, known: Known, portrait: Portrait) -> None:
    from sagadsl.emit.targets import draw

    pinned, version = known.pinned, known.version(portrait.version)
    if pinned is None or known.path is None or version is None:
        which = f"version {portrait.version} of {known.name}"
        raise Unusable(f"cannot draw it: {which} is not known here")
    if portrait.damage:
        wanting(f"cannot draw it: {portrait.damage}")
    record = Record(*portrait.lanes)
    write_drawing(out, known.path, lambda form: draw(pinned, form, record, version))
