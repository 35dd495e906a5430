"""Text as a terminal shows it, made safe: a source never drives a terminal."""

from __future__ import annotations

from unicodedata import category, east_asian_width

_TAB = "    "


def visible(text: str) -> str:
    r"""The text on one line, with what cannot be seen as an escape such as `\x1b`.

    Controls, bidirectional marks, odd spaces and lone surrogates become visible;
    a tab becomes four spaces.
    """
    if text.isprintable():
        return text
    return "".join(map(_visible, text))


def visible_lines(text: str) -> str:
    """The text with what cannot be seen as in `visible`, save for its line ends."""
    return "\n".join(map(visible, text.split("\n")))


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return _TAB if character == "\t" else ascii(character)[1:-1]


def width(text: str) -> int:
    """How many columns of a terminal `visible(text)` fills."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(map(_width, visible(text)))


def _width(character: str) -> int:
    if category(character) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1
