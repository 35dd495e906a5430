"""`sagac fmt`: canonical text."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sagadsl.cli.common import paths_argument, tell
from sagadsl.cli.files import (
    find_sagas,
    read_bytes,
    read_config,
    read_stdin,
    shown,
    write_bytes,
)
from sagadsl.diagnostics import Finding


@click.command("fmt")
@paths_argument
@click.option("--check", is_flag=True, help="Write nothing; fail if any would change.")
def command(paths: tuple[Path, ...], check: bool) -> None:
    """Rewrite sagas in canonical form; comments are kept.

    PATH is as in `sagac build`. With `-`, standard input is formatted to standard
    output, or judged with --check.
    """
    if paths == (Path("-"),):
        data = read_stdin()
        text = _formatted("<stdin>", data)
        if text is None or (check and text != data):
            sys.exit(1)
        if not check:
            click.echo(text, nl=False)
        return
    wanting = changed = 0
    sagas = find_sagas(paths, read_config())
    for path in sagas:
        data = read_bytes(path)
        text = _formatted(shown(path), data)
        if text is None:
            wanting += 1
        elif text != data:
            changed += 1
            click.echo(f"{'would format' if check else 'formatted'} {shown(path)}")
            if not check:
                write_bytes(path, text)
    left = len(sagas) - wanting - changed
    if left:
        click.echo(f"{left} already formatted")
    sys.exit(bool(wanting or (check and changed)))


def _formatted(name: str, data: bytes) -> bytes | None:
    """The canonical text; None if there is none, which is told."""
    from sagadsl.format import format_bytes

    result = format_bytes(name, data)
    if isinstance(result, tuple):
        findings: tuple[Finding, ...] = result
        tell(findings)
        return None
    return result.encode()
