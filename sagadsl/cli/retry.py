"""`sagac retry`: have a step that waits for a person go on."""

from __future__ import annotations

from typing import Any

import click

from sagadsl.cli.asking import ask_and_tell, asking, id_argument, step_argument


@click.command("retry")
@id_argument
@step_argument
@asking
def command(aggregate_id: str, step: str, **options: Any) -> None:
    """Have STEP of the process ID go on, which is stuck or parked.

    One that has failed for good is tried again, with all its attempts; of one in doubt
    its probe is asked again. STEP is a step or its compensation. PATH is its saga; else
    it is looked for where sagas are.
    """
    from sagadsl.runtime.requests import retry

    ask_and_tell(aggregate_id, retry(step, options["by"], options["note"]), options)
