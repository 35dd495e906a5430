"""What a finding is: a value that says what is wrong, where, why and what to do."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sagadsl.source import Span


class Severity(StrEnum):
    """How much a finding weighs: an error stops the build, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Label(NamedTuple):
    """A place and a few words about it."""

    span: Span
    text: str


class Finding(NamedTuple):
    """One thing that is wrong.

    `message` and `label` work alone on one line; `why` says why it matters; only
    `help` says what to do. All are lower-case, names in backticks, no full stop.
    `run` has the moves of a process that goes wrong so, where one was looked for.
    """

    rule: Rule
    message: str
    span: Span
    label: str
    why: str
    help: str
    others: tuple[Label, ...] = ()
    run: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """The code, as in `SAGA203`."""
        return self.rule.code

    @property
    def is_error(self) -> bool:
        """Whether it stops a build."""
        return self.rule.severity is Severity.ERROR

    @property
    def notes(self) -> dict[str, str]:
        """What stands below the marked lines, by its word; some may be empty."""
        return {"run": ", ".join(self.run), "why": self.why, "help": self.help}

    @property
    def prose(self) -> str:
        """All its words, one line each, for formats with room for one text."""
        lines = [self.message, self.label]
        lines += [f"{word}: {text}" for word, text in self.notes.items() if text]
        return "\n".join(line for line in lines if line)


class Rule(NamedTuple):
    """The identity of a kind of finding; a code is never used for another rule.

    `name`, as in `dead-end`, is the stem of the page that explains it and, with
    underscores, of the module that finds it.
    """

    code: str
    name: str
    severity: Severity = Severity.ERROR

    def finding(
        self,
        message: str,
        span: Span,
        label: str,
        *,
        why: str,
        help: str,  # noqa: A002  the field's name
        others: tuple[Label, ...] = (),
        run: tuple[str, ...] = (),
    ) -> Finding:
        """A finding of this rule."""
        return Finding(self, message, span, label, why, help, others, run)
