"""What the commands share that ask something of one process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sagadsl.cli.common import json_option, paths_argument, print_json
from sagadsl.cli.stores import (
    ask_or_exit,
    by_option,
    note_option,
    saga_option,
    store_option,
)
from sagadsl.diagnostics.cells import visible
from sagadsl.machine import ABORTING, FINISHED

if TYPE_CHECKING:
    from sagadsl.runtime.ask import Request
    from sagadsl.runtime.result import Result

id_argument = click.argument("aggregate_id", metavar="ID")
step_argument = click.argument("step", metavar="STEP")


def asking(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every such command."""
    for option in (
        json_option,
        note_option,
        by_option,
        saga_option,
        store_option,
        paths_argument,
    ):
        command = option(command)
    return command


def ask_and_tell(aggregate_id: str, request: Request, options: dict[str, Any]) -> None:
    """Ask, say what came of it, and exit with 1 if it was refused."""
    paths: tuple[Path, ...] = options["paths"]
    name, result = ask_or_exit(
        options["url"], paths, options["only"], aggregate_id, request
    )
    good = result.outcome in ("accepted", "already done")
    if options["as_json"]:
        record = [f"{word:#x}" for word in result.record or ()]
        told = {"saga": name, "id": aggregate_id, "outcome": result.outcome}
        held = [*result.held]
        print_json({**told, "reason": result.reason, "record": record, "held": held})
    else:
        why = result.reason or _after(result)
        line = f"{name} {aggregate_id}: {result.outcome}{why and f': {why}'}"
        click.echo(visible(line), err=not good)
    sys.exit(0 if good else 1)


def _after(result: Result) -> str:
    """Where a process is after a request."""
    if result.record.control & FINISHED:
        return "it has ended"
    if result.record.control & ABORTING:
        return "what is done is taken back"
    return f"it stands at {' & '.join(result.held)}" if result.held else "it goes on"
