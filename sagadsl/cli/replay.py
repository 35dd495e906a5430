"""`sagac replay`: judge a list of steps."""

from __future__ import annotations

import json
import sys
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
from sagadsl.cli.files import read_bytes, shown
from sagadsl.cli.records import written
from sagadsl.machine import Event, Kind, Machine, Record, Refused


@click.command("replay")
@path_argument
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@version_option
@json_option
def command(path: Path, file: Path, number: int | None, as_json: bool) -> None:
    """Take the steps of FILE, one a line, and print the mask they lead to.

    `make_payment fails` is a step that failed for good; empty lines and `#` comments
    are passed over. With `-` the steps come from standard input.
    """
    machine = version_of(compile_or_exit(path), number).machine()
    stdin = file == Path("-")
    data = sys.stdin.buffer.read() if stdin else read_bytes(file, pipe=True)
    record = Record()
    name = "<stdin>" if stdin else shown(file)
    for line, text in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        words = text.split("#", 1)[0].split()
        if not words:
            continue
        try:
            record = _take(machine, record, words)
        except Refused as refused:
            if as_json:
                click.echo(json.dumps({"refused": refused.reason, "line": line}))
                sys.exit(1)
            wanting(f"{name}:{line}: refused: {refused.reason}")
    held = machine.standing(record)
    if as_json:
        lanes = {lane: hex(word) for lane, word in record._asdict().items()}
        meaning = {"record": lanes, "mask": hex(record.done), "held": held}
        click.echo(json.dumps(meaning))
    else:
        click.echo(written(record))
        click.echo(f"held: {', '.join(held) or 'nothing'}")


def _take(machine: Machine, record: Record, words: list[str]) -> Record:
    """The record after a step that is done, or fails."""
    step, *rest = words
    if rest not in ([], ["fails"]):
        text = " ".join(words)
        reason = f"{text!r} is no step; write its name, or its name and `fails`"
        raise Refused(machine, record, step, reason)
    due = machine.due(record, Kind.BEGIN, step)
    begun = machine.apply(record, Event(Kind.BEGIN, due))
    return machine.apply(begun, Event(Kind.FAIL if rest else Kind.DONE, due))
