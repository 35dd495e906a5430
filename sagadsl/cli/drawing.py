"""What the commands that draw share: the suffix of a file, and what may go wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from sagadsl.cli.files import Unusable, shown, write_bytes


def check_suffix(out: Path, known: Sequence[str]) -> None:
    """That the file to draw has a suffix that says what to draw."""
    if out.suffix.lower() not in known:
        raise click.BadParameter(
            f"{out.name!r} ends in none of {', '.join(known)}", param_hint="-o"
        )


def write_drawing(out: Path, saga: Path, draw: Callable[[str], bytes]) -> None:
    """Write what is drawn in the form that the suffix says, and say so."""
    from sagadsl.emit.graphviz import RenderError

    try:
        data = draw(out.suffix[1:].lower())
    except RenderError as error:
        raise Unusable(f"cannot draw {shown(saga)}: {error}") from None
    write_bytes(out, data)
    click.echo(f"wrote {shown(out)}")
