"""`sagac decode`: what a stored integer means."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import click

from sagadsl.cli.common import (
    compile_or_exit,
    json_option,
    path_argument,
    version_of,
    version_option,
    wanting,
)
from sagadsl.cli.records import RECORD, written
from sagadsl.emit.standing import Mark, held_as
from sagadsl.machine import ABORTING, FINISHED, Kind, Machine, Record


@click.command("decode")
@path_argument
@click.argument("record", type=RECORD, metavar="MASK")
@version_option
@json_option
def command(path: Path, record: Record, number: int | None, as_json: bool) -> None:
    """Say what a mask means, or a record as BEGUN,DONE,CLOSED,CONTROL."""
    version = version_of(compile_or_exit(path), number)
    machine = version.machine()
    if reason := machine.why_invalid(record):
        if as_json:
            click.echo(json.dumps({"version": version.number, "invalid": reason}))
            raise SystemExit(1)
        wanting(f"{written(record)} is no record of version {version.number}: {reason}")
    meaning = _meaning(machine, record)
    if as_json:
        click.echo(json.dumps({"version": version.number, **meaning}, indent=2))
        return
    state = "" if version.released else " (draft)"
    click.echo(f"{written(record)}, version {version.number}{state}")
    stopped = held_as(record) is Mark.STOPPED
    for key, names in meaning.items():
        if names or key in ("done", "held", "allowed"):
            label = "stopped" if key == "held" and stopped else key
            click.echo(f"  {label + ':':<13}{', '.join(names) or 'nothing'}")


def _meaning(machine: Machine, record: Record) -> dict[str, list[str]]:
    begun, done, closed, control = record
    names = {rule.step: rule.name for rule in machine.rules}

    def steps(mask: int) -> list[str]:
        return [name for step, name in sorted(names.items()) if mask >> step & 1]

    def kinds(wanted: Iterable[Kind]) -> list[str]:
        events = machine.events(record)
        return [
            names[step]
            for kind, step in events
            if kind in wanted and isinstance(step, int)
        ]

    process = {ABORTING: "aborting", FINISHED: "finished"}
    return {
        "process": [word for bit, word in process.items() if control & bit],
        "done": steps(done & ~closed),
        "in doubt": steps(begun & ~done & ~closed),
        "failed": steps(closed & ~done),
        "compensated": steps(done & closed),
        "held": list(machine.standing(record)),
        "allowed": kinds((Kind.BEGIN,)),
        "undo": list(machine.to_undo(record)),
    }
