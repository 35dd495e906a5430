"""`sagac purge`: forget what need not be remembered any longer."""

from __future__ import annotations

import click

from sagadsl.cli.common import json_option, print_json
from sagadsl.cli.stores import opened, saga_option, store_option, wanted_sagas
from sagadsl.diagnostics.cells import visible


@click.command("purge")
@store_option
@saga_option
@click.option(
    "--archive",
    "archives",
    is_flag=True,
    help="And what is archived of processes that are not remembered any longer.",
)
@json_option
def command(url: str, only: str | None, *, archives: bool, as_json: bool) -> None:
    """Forget the processes that were to be remembered until now.

    Their ids are free for new ones then. Workers that serve do it as well, but never
    touch an archive.
    """
    from sagadsl.runtime.purge import purge

    with opened(url) as store:
        names = wanted_sagas(store, only)
        done = {name: purge(store.database, name, archives=archives) for name in names}
    if as_json:
        print_json({name: each._asdict() for name, each in done.items()})
        return
    for name, each in done.items():
        kept = f" and {each.archives} archived" if archives else ""
        click.echo(f"{visible(name)}: {each.tombstones} forgotten{kept}")
    if not done:
        click.echo("nothing to forget")
