"""`sagac new`: a saga to start from."""

from __future__ import annotations

import re
from pathlib import Path

import click

from sagadsl.cli.files import Unusable, exists, shown, write_bytes


@click.command("new")
@click.argument("name")
def command(name: str) -> None:
    """Write NAME.saga, a small saga that compiles."""
    from sagadsl.emit.starter import starter

    text = starter(name)
    if not isinstance(text, str):
        plain = re.sub(r"\W+", "_", name.removesuffix(".saga")).strip("_")
        better = starter(plain)
        advice = f"write `{plain}`" if isinstance(better, str) else better.help
        raise click.BadParameter(f"{text.message}; {advice}", param_hint="NAME")
    path = Path(f"{name}.saga")
    if exists(path):
        raise Unusable(f"{shown(path)} exists already")
    write_bytes(path, text.encode())
    click.echo(f"wrote {shown(path)}; next: sagac build {shown(path)}")
