"""Masks and records as they are written on a command line."""

from __future__ import annotations

import click

from sagadsl.machine import Record


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
    if record == Record(record.done, record.done):
        return f"{record.done} ({record.done:#x})"
    return ",".join(f"{word:#x}" for word in record)
