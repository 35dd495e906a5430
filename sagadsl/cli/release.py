"""`sagac release`: release the draft."""

from __future__ import annotations

from pathlib import Path

import click

from sagadsl.cli.common import compile_or_exit, path_argument
from sagadsl.cli.files import lock_path, one_saga, shown, write_bytes


@click.command("release")
@path_argument
def command(path: Path) -> None:
    """Release the draft: from now on its machine never changes.

    The next change of meaning opens the next version. Run `sagac build` afterwards, so
    that what is emitted says so too. PATH is a saga, or a folder with no more than one.
    """
    from sagadsl.driver import release_text

    path = one_saga(path)
    pinned = compile_or_exit(path)
    latest = pinned.latest
    if latest.released:
        click.echo(f"{shown(path)}: version {latest.number} is released already")
        return
    write_bytes(lock_path(path), release_text(pinned).encode())
    click.echo(
        f"{shown(path)}: released version {latest.number}; now run `sagac build`"
    )
