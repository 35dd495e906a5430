"""SAGA006: bytes that are no text."""

from __future__ import annotations

from sagadsl.diagnostics import Finding, Rule
from sagadsl.source import Source, Span

RULE = Rule("SAGA006", "encoding")


def decode_source(path: str, data: bytes) -> Source | Finding:
    """The text of a file's bytes, nothing stripped, or what keeps it from being text.

    The place of a bad byte is given in a text that shows it as U+FFFD.
    """
    try:
        return Source(path, data.decode("utf-8"))
    except UnicodeDecodeError as error:
        bad, start = data[error.start], error.start
    at = len(data[:start].decode("utf-8"))
    source = Source(path, data.decode("utf-8", "replace"))
    return RULE.finding(
        f"not UTF-8: byte 0x{bad:02X} at offset {start}",
        Span(source, at, at + 1),
        f"byte 0x{bad:02X}",
        why="a saga is read as UTF-8 everywhere, whatever the machine",
        help=_help(data),
    )


def _help(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "save the file as UTF-8 instead of UTF-16"
    return "save the file as UTF-8"
