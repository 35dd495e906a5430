"""`sagac decode`: what a stored integer means."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

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
    no_record,
    process,
    why_no_record,
    written,
)
from sagadsl.machine import Kind, Machine, Record


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
    word, names = process(machine, record), _names(machine, record)
    undo = list(_undo(machine, record))
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


class _Undo(NamedTuple):
    """A compensation to run if the process is aborted; in doubt, if its step was."""

    step: str
    action: str
    in_doubt: bool

    def __str__(self) -> str:
        return f"{self.action} (if {self.step} was done)" * self.in_doubt or self.action


def _names(machine: Machine, record: Record) -> dict[str, list[str]]:
    begun, done, closed, _ = record
    names = {rule.step: rule.name for rule in machine.rules}

    def steps(mask: int) -> list[str]:
        return [name for step, name in sorted(names.items()) if mask >> step & 1]

    begin = [step for kind, step in machine.events(record) if kind is Kind.BEGIN]
    return {
        "done": steps(done & ~closed),
        "in_doubt": steps(begun & ~done & ~closed),
        "failed": steps(closed & ~done),
        "compensated": steps(done & closed),
        "held": list(machine.standing(record)),
        "allowed": [names[step] for step in begin if isinstance(step, int)],
    }


def _undo(machine: Machine, record: Record) -> Iterator[_Undo]:
    """What an abort would run, in its order, were all done that is in doubt."""
    begun, done, closed, _ = record
    running = begun & ~closed
    steps = [p for p in reversed(machine.guards.plans) if p.undo and p.bit & running]
    actions = machine.to_undo(record._replace(done=done | running))
    for plan, action in zip(steps, actions, strict=False):  # none, past the pivot
        in_doubt = not plan.bit & done and not plan.undo_in_doubt
        yield _Undo(plan.rule.name, action, in_doubt)
