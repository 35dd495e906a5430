"""`sagac abort`: give a process up."""

from __future__ import annotations

from typing import Any

import click

from sagadsl.cli.asking import ask_and_tell, asking, id_argument


@click.command("abort")
@id_argument
@asking
def command(aggregate_id: str, **options: Any) -> None:
    """Give the process ID up; a worker takes back what is done.

    PATH is its saga; else it is looked for where sagas are. Refused once a pivot has
    begun.
    """
    from sagadsl.runtime.requests import abort

    ask_and_tell(aggregate_id, abort(options["by"], options["note"]), options)
