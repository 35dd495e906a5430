"""One text through the parser's tables, going on after each error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sagadsl.diagnostics import Finding
from sagadsl.parser.forms import SECTIONS
from sagadsl.parser.string import read_string
from sagadsl.parser.tokens import END, LINE_END, Token, significant

if TYPE_CHECKING:
    from sagadsl.parser import syntax
    from sagadsl.parser.push import Grammar
    from sagadsl.source import Source
    from sagadsl.syntax import SagaSyntax

_NOTHING: Final = Token(LINE_END, "", 0, 0)
_WANTS_NAME: Final = ("ARROW", "COLON", "AMPERSAND", "VBAR", "ELSE")
_ITEM_STARTS: Final = (LINE_END, "COMMA", "LBRACE")


class Run:
    """The parse of one text: its errors, and its comments."""

    def __init__(self, grammar: Grammar, source: Source, most: int) -> None:
        self.errors: list[Finding] = []
        self.comments: list[Token] = []
        self._grammar = grammar
        self._source = source
        self._most = most
        self._tokens = significant(grammar.scan(source.text), self.comments)
        self._push = grammar.push()
        self._braces: list[tuple[Token, str]] = []
        self._before, self._last = _NOTHING, _NOTHING
        self._closed = False
        self._over = False

    def parse(self) -> SagaSyntax | None:
        """The syntax of the text; `errors` has what is wrong with it."""
        while not self._over:
            token = next(self._tokens)
            if not self._took(token):
                self._fail(token)
        result: SagaSyntax | None = self._push.result
        return result

    def _took(self, token: Token) -> bool:
        if not self._push.feed(token):
            return False
        if token.type == "LBRACE":
            self._braces.append((token, self._last.text if self._braces else "saga"))
        elif token.type == "RBRACE":
            self._braces.pop()
            self._closed = not self._braces
        elif token.type == END:
            self._over = True
        self._before, self._last = self._last, token
        return True

    def _fail(self, token: Token) -> None:
        """Tells what is wrong with a token and finds a place to go on."""
        if self._begins_section(token):
            self._close_section(token)
            return
        self.errors.append(self._describe(token))
        if self._closed or token.type == END:
            self._over = True
        elif token.type == LINE_END and self._push.expected() == {"LBRACE"}:
            self._took(Token("LBRACE", "{", token.start, token.start))
        elif self._braces:
            self._leave_item(token)
        else:
            self._leave_header(token)
        self._over = self._over or len(self.errors) >= self._most

    def _describe(self, token: Token) -> Finding:
        error = self._unexpected(token)
        if self._closed and token.type == LINE_END:
            error = error._replace(found=next(self._tokens))
        if token.type == "OPEN_STRING":
            value = read_string(token.text, error.span(token))
            assert isinstance(value, Finding)
            return value
        line_end = self._line_end_before(token)
        if line_end:
            error = error._replace(found=line_end[0], expected=line_end[1])
        from sagadsl.parser.syntax import describe  # noqa: PLC0415  only for an error

        return describe(error)

    def _line_end_before(self, token: Token) -> tuple[Token, set[str]] | None:
        """The line end that was the slip, though the parser looked past it."""
        after = None
        if token.type == "RBRACE":
            after, following, expected = self._last, token, self._push.expected()
        elif token.type == "ARROW" and self._before.type in _WANTS_NAME:
            after, following, expected = self._before, self._last, {"NAME"}
        if after is None or "\n" not in self._source.text[after.end : following.start]:
            return None
        return Token(LINE_END, "", after.end, after.end), expected

    def _unexpected(self, token: Token) -> syntax.Unexpected:
        from sagadsl.parser.syntax import (  # noqa: PLC0415  only for an error
            Place,
            Unexpected,
        )

        return Unexpected(
            self._source,
            token,
            Place(self._braces[-1:], self._last, self._closed),
            self._push.expected(),
            self._push.would_take,
        )

    def _begins_section(self, token: Token) -> bool:
        return (
            token.type == "LBRACE"
            and len(self._braces) == 2
            and self._last.type in SECTIONS
            and self._before.type in _ITEM_STARTS
        )

    def _close_section(self, brace: Token) -> None:
        """Goes on as if the brace that was left out had been there."""
        word = self._last
        from sagadsl.parser.syntax import (  # noqa: PLC0415  only for an error
            describe_open_section,
        )

        self.errors.append(describe_open_section(self._unexpected(brace), word))
        self._push.give_up("RBRACE")
        for kind, text in (("RBRACE", "}"), (LINE_END, "\n")):
            self._took(Token(kind, text, word.start, word.start))
        self._took(word)
        self._took(brace)

    def _leave_item(self, token: Token) -> None:
        """Skips to the end of the line or section, past all braces between."""
        depth = 0
        while not _ends(token, depth):
            depth += (token.type == "LBRACE") - (token.type == "RBRACE")
            token = next(self._tokens)
        if token.type == LINE_END:
            self._push.give_up(LINE_END, "RBRACE")
            self._took(token)
        elif token.type == "RBRACE":
            self._push.give_up("RBRACE")
            self._took(token)
        else:
            self._over = True
            if depth == 0:
                self.errors.append(self._describe(token))

    def _leave_header(self, token: Token) -> None:
        """Goes on at the saga's brace, if it is on this line."""
        while token.type not in ("LBRACE", LINE_END, END):
            token = next(self._tokens)
        if token.type != "LBRACE":
            self._over = True
            return
        self._push = self._grammar.push()
        for kind in ("SAGA", "NAME"):
            self._took(Token(kind, "saga", token.start, token.start))
        self._took(token)


def _ends(token: Token, depth: int) -> bool:
    """Whether what was skipped ends with a token."""
    if token.type == END:
        return True
    return depth == 0 and token.type in (LINE_END, "RBRACE")
