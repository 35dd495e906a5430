"""The words and marks of a text, and which of its line ends mean something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

LINE_END: Final = "_NL"
END: Final = "$END"

GOES_ON_AFTER: Final = frozenset(
    ("LBRACE", "COMMA", "ARROW", "AMPERSAND", "VBAR", "COLON", "RESULT", "ELSE")
)
GOES_ON_BEFORE: Final = GOES_ON_AFTER | {"RBRACE"}


class Token(NamedTuple):
    """A word or mark; `type` is its terminal in the grammar."""

    type: str
    text: str
    start: int
    end: int


def significant(tokens: Iterator[Token], comments: list[Token]) -> Iterator[Token]:
    """The tokens that the grammar sees, and the end of the file after them.

    Comments are put aside, and so are line ends that cannot end an item.
    """
    previous = LINE_END
    line_end: Token | None = None
    at = 0
    for token in tokens:
        kind = token.type
        if kind == "COMMENT":
            comments.append(token)
        elif kind == LINE_END:
            line_end = line_end or token
        else:
            if line_end is not None:
                if not (
                    previous == LINE_END
                    or previous in GOES_ON_AFTER
                    or kind in GOES_ON_BEFORE
                ):
                    yield line_end
                line_end = None
            previous = kind
            yield token
        at = token.end
    yield Token(END, "", at, at)
