"""`sagac decode`: what a stored integer means."""

from __future__ import annotations

from pathlib import Path

import click

from sagadsl.cli.common import (
    compile_or_exit,
    json_option,
    path_argument,
    print_json,
    version_of,
    version_option,
    wanting,
)
from sagadsl.cli.records import (
    RECORD,
    held,
    in_words,
    names_of,
    no_record,
    process,
    to_undo,
    why_no_record,
    written,
)
from sagadsl.machine import Record


@click.command("decode")
@path_argument
@click.argument("record", type=RECORD, metavar="MASK")
@version_option
@json_option
def command(path: Path, record: Record, number: int | None, as_json: bool) -> None:
    """Say what a mask means, or a record as BEGUN,DONE,CLOSED,CONTROL.

    PATH is a saga, or a folder with no more than one. Numbers are decimal,
    hexadecimal (0x23) or binary (0b100011).
    """
    version = version_of(compile_or_exit(path), number)
    machine = version.machine()
    if why := why_no_record(record, version):
        if as_json:
            print_json({"version": version.number, "invalid": why})
            raise SystemExit(1)
        wanting(no_record(record, version, why))
    word, names = process(machine, record), names_of(machine, record)
    undo = list(to_undo(machine, record))
    if as_json:
        plain = [each._asdict() for each in undo]
        meaning = {"version": version.number, "process": word, **names, "undo": plain}
        print_json(meaning)
        return
    state = "" if version.released else " (draft)"
    click.echo(f"{written(record)}, version {version.number}{state}")
    _tell("process", in_words(word))
    for key, listed in names.items():
        label = held(record) if key == "held" else key.replace("_", " ")
        empty = "nothing" if key in ("done", "held", "allowed") else ""
        _tell(label, ", ".join(listed) or empty)
    _tell("undo", ", ".join(map(str, undo)))


def _tell(label: str, text: str) -> None:
    if text:
        click.echo(f"  {label + ':':<13}{text}")
