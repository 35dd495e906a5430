"""`sagac replay`: judge a list of steps."""

from __future__ import annotations

import sys
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
from sagadsl.cli.files import read_bytes, read_stdin, shown
from sagadsl.cli.records import held, in_words, process, written
from sagadsl.machine import Event, Kind, Machine, Record, Refused


@click.command("replay")
@path_argument
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@version_option
@json_option
def command(path: Path, file: Path, number: int | None, as_json: bool) -> None:
    """Take the steps of FILE, one a line, and print the mask they lead to.

    PATH is a saga, or a folder with no more than one. With `-` as FILE the steps come
    from standard input. The lines are:

    \b
      NAME         the step, or the round of it that is due, is done
      NAME fails   it has failed for good
      abort        the process is aborted: from here on steps are undone
      undo NAME    the step was compensated

    Empty lines and what follows a `#` are passed over. A step of the saga that is
    itself called `abort` or `undo` goes first.
    """  # noqa: D301  click takes a real backspace for "keep these lines"
    machine = version_of(compile_or_exit(path), number).machine()
    stdin = file == Path("-")
    data = read_stdin() if stdin else read_bytes(file, pipe=True)
    record = Record()
    name = "<stdin>" if stdin else shown(file)
    for line, text in enumerate(data.decode("utf-8-sig", "replace").splitlines(), 1):
        words = text.split("#", 1)[0].split()
        try:
            record = _take(machine, record, words) if words else record
        except Refused as refused:
            if as_json:
                print_json({"refused": refused.reason, "line": line})
                sys.exit(1)
            wanting(f"{name}:{line}: refused: {refused.reason}")
    word, states = process(machine, record), machine.standing(record)
    if as_json:
        lanes = {lane: hex(word) for lane, word in record._asdict().items()}
        meaning = {"record": lanes, "mask": hex(record.done), "process": word}
        print_json({**meaning, "held": states})
        return
    click.echo(written(record))
    if said := in_words(word):
        click.echo(f"process: {said}")
    click.echo(f"{held(record)}: {', '.join(states) or 'nothing'}")


def _take(machine: Machine, record: Record, words: list[str]) -> Record:
    """The record after what a line says."""
    known = {name for rule in machine.rules for name in (rule.action, rule.name)}
    match words:
        case [name] if name in known:
            return _perform(machine, record, name, Kind.DONE)
        case ["abort"]:
            return machine.apply(record, Event(Kind.ABORT))
        case [name, "fails"] if name in known:
            return _perform(machine, record, name, Kind.FAIL)
        case ["undo", name] if name in known:
            return machine.apply(record, Event(Kind.UNDO, name))
        case [name] | [name, "fails"] | ["undo", name]:
            hint = _hint(machine, name, sorted(known))
            reason = f"version {machine.version} has no step `{name}`{hint}"
        case _:
            reason = (
                f"`{' '.join(words)}` is no line of a replay; write `NAME`,"
                " `NAME fails`, `abort` or `undo NAME`"
            )
    raise Refused(machine, record, words[0], reason)


def _perform(machine: Machine, record: Record, name: str, kind: Kind) -> Record:
    step = machine.due(record, Kind.BEGIN, name)
    begun = machine.apply(record, Event(Kind.BEGIN, step))
    plan = next(plan for plan in machine.guards.plans if plan.rule.step == step)
    if kind is Kind.FAIL and not plan.fallible:
        why = "it is declared so"
        if name not in machine.actions:
            why = "it is a fact, and what is reported has happened"
        reason = f"`{plan.rule.name}` cannot fail: {why}"
        raise Refused(machine, record, step, reason)
    return machine.apply(begun, Event(kind, step))


def _hint(machine: Machine, name: str, known: list[str]) -> str:
    for plan in machine.guards.plans:
        if plan.undo == name:
            step = plan.rule.action
            return f"; it compensates `{step}`: write `undo {step}`"
    from difflib import get_close_matches

    close = get_close_matches(name, known, 1)
    return f"; did you mean `{close[0]}`?" if close else ""
