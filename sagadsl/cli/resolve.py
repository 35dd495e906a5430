"""`sagac resolve`: say whether a step that is in doubt has happened."""

from __future__ import annotations

from typing import Any

import click

from sagadsl.cli.asking import ask_and_tell, asking, id_argument, step_argument


@click.command("resolve")
@id_argument
@step_argument
@click.option("--happened", "said", flag_value="yes", help="It has.")
@click.option("--not-happened", "said", flag_value="no", help="It has not.")
@asking
def command(aggregate_id: str, step: str, said: str | None, **options: Any) -> None:
    """Say of STEP of the process ID, which is parked, whether it has happened.

    What has happened is done. What has not is tried again, or not at all where the
    process is aborting. STEP is a step or its compensation. PATH is its saga; else it
    is looked for where sagas are.
    """
    from sagadsl.runtime.requests import resolve

    if said is None:
        raise click.UsageError("say --happened or --not-happened")
    request = resolve(step, said == "yes", options["by"], options["note"])
    ask_and_tell(aggregate_id, request, options)
