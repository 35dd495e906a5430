"""Masks and records as they are written and told on a command line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import click

from sagadsl.emit.standing import Mark, held_as
from sagadsl.machine import ABORTING, FINISHED, Kind, Machine, Record
from sagadsl.model import Version

# Python refuses to write very long numbers with ten digits, not with sixteen.
_LONGEST_DECIMAL = 1000


class RecordType(click.ParamType[Record]):
    """A mask, or the words of a record: begun, done, closed and control, by commas."""

    name = "mask"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Record:
        """Read decimal, hexadecimal and binary numbers."""
        if isinstance(value, Record):
            return value
        words: list[int] = []
        for word in str(value).split(","):
            try:
                words.append(int(word, 0))
            except ValueError:
                message = (
                    f"{word!r} is not a number; write a mask such as 5 or 0x5, or"
                    " BEGUN,DONE,CLOSED,CONTROL"
                )
                self.fail(message, param, ctx)
        if len(words) == 1:
            return Record(words[0], words[0])
        if len(words) == 4:
            return Record(*words)
        message = f"{len(words)} numbers; a mask is one, a record four"
        return self.fail(message, param, ctx)


RECORD = RecordType()


def written(record: Record) -> str:
    """A record as it is read."""
    if record != Record(record.done, record.done):
        return ",".join(f"{word:#x}" for word in record)
    if record.done.bit_length() > _LONGEST_DECIMAL:
        return f"{record.done:#x}"
    return f"{record.done} ({record.done:#x})"


def why_no_record(record: Record, version: Version) -> str:
    """Why no run of a version leads to a record; empty if one does."""
    if min(record) < 0:
        return "it is negative"
    return version.machine().why_invalid(record)


def no_record(record: Record, version: Version, why: str) -> str:
    """The words in which a record is turned down."""
    return f"{written(record)} is no record of version {version.number}: {why}"


def process(machine: Machine, record: Record) -> str:
    """How the process of a record is going, in a word."""
    _, done, closed, control = record
    if control & FINISHED:
        return "compensated" if control & ABORTING else "finished"
    if control & ABORTING:
        return "aborting"
    if closed & ~done & machine.guards.dead_ends:
        return "failed"
    return "final" if machine.guards.may(record, Kind.FINISH, None) else "running"


def in_words(process: str) -> str:
    """What there is to say of how a process is going; nothing while it is running."""
    if process == "failed":
        return "failed; it has to be aborted, as nothing goes on from there"
    return process if process != "running" else ""


def held(record: Record) -> str:
    """What to call the states that a record holds."""
    return "stopped" if held_as(record) is Mark.STOPPED else "held"


class Undo(NamedTuple):
    """A compensation to run if the process is aborted; in doubt, if its step was."""

    step: str
    action: str
    in_doubt: bool

    def __str__(self) -> str:
        return f"{self.action} (if {self.step} was done)" * self.in_doubt or self.action


def names_of(machine: Machine, record: Record) -> dict[str, list[str]]:
    """The steps of a record, by what became of them, and the states that it holds."""
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


def to_undo(machine: Machine, record: Record) -> Iterator[Undo]:
    """What an abort would run, in its order, were all done that is in doubt."""
    begun, done, closed, _ = record
    running = begun & ~closed
    steps = [p for p in reversed(machine.guards.plans) if p.undo and p.bit & running]
    actions = machine.to_undo(record._replace(done=done | running))
    for plan, action in zip(steps, actions, strict=False):  # none, past the pivot
        in_doubt = not plan.bit & done and not plan.undo_in_doubt
        yield Undo(plan.rule.name, action, in_doubt)
