"""`sagac simulate`: step through a process in the terminal."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sagadsl.cli.common import (
    compile_or_exit,
    path_argument,
    version_of,
    version_option,
)


@click.command("simulate")
@path_argument
@version_option
def command(path: Path, number: int | None) -> None:
    """Step through a saga: what may happen next, and what comes of it.

    Type a number or a name; `help` lists the rest. At the end the session is printed
    as a scenario. Lines may also come from a pipe.
    """
    from sagadsl.simulator import Session

    pinned = compile_or_exit(path)
    version = version_of(pinned, number)
    session = Session(pinned, version)
    state = "" if version.released else " (draft)"
    click.echo(f"{pinned.saga.name}, version {version.number}{state}; try `help`")
    click.echo(session.view())
    while not session.over and (line := _typed()) is not None:
        if said := session.enter(line):
            click.echo(said)
    click.echo(session.scenario())


def _typed() -> str | None:
    """The next line, None at the end; one from a pipe is shown as if typed."""
    if sys.stdin is None:
        return None
    if sys.stdin.isatty():
        try:
            line: str = click.prompt(">", "", show_default=False, prompt_suffix=" ")
        except click.Abort:
            click.echo()
            return None
        return line
    data = sys.stdin.buffer.readline()
    if not data:
        return None
    line = data.decode("utf-8", "replace").rstrip("\r\n")
    click.echo(f"> {line if line.isprintable() else ascii(line)}")
    return line
