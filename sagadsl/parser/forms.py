"""What can be written where, as it is called in messages."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from sagadsl.parser.tokens import END, LINE_END

SECTIONS: Final = frozenset(
    (
        "STATES",
        "TRANSITIONS",
        "COMPENSATIONS",
        "ACTIONS",
        "PROPERTIES",
        "SCENARIOS",
        "UPGRADES",
    )
)


class Form(NamedTuple):
    """What is written in a place: what it is called, what it is, how it looks."""

    noun: str
    nature: str
    example: str


FORMS: Final = {
    "": Form(
        "file",
        "a file holds one saga and nothing else",
        'saga name "title" { … }',
    ),
    "saga": Form(
        "saga",
        "a saga holds its header and its sections, each on a line of its own",
        "states { … }",
    ),
    "states": Form(
        "state",
        "a state is a name, after `initial`, `final` or `final failure` if it is one",
        'final name "text"',
    ),
    "transitions": Form(
        "row",
        "a row tells which states an action leads from, and to which",
        "previous -> next : action by actor",
    ),
    "compensations": Form(
        "compensation",
        "a compensation is an action, and the action that takes it back",
        "action : compensation",
    ),
    "actions": Form(
        "action",
        "an action is followed by how it is performed, with a `,` between clauses",
        "action : once, probe question",
    ),
    "properties": Form(
        "property",
        "a property is a sentence about two actions, or about what follows a state",
        "action needs action",
    ),
    "scenarios": Form(
        "scenario",
        "a scenario is a title, the actions in their order, and what comes of them",
        '"title" : action, action => result',
    ),
    "upgrades": Form(
        "waiver",
        "an upgrade says what records of an older version need not have done",
        "from 1 waive action when action",
    ),
}
MARKS: Final = {
    "NAME": "a name",
    "INT": "a number",
    "STRING": "a string",
    "LBRACE": "`{`",
    "ARROW": "`->`",
    "AMPERSAND": "`&`",
    "VBAR": "`|`",
    "COLON": "`:`",
    "RESULT": "`=>`",
    "COMMA": "`,`",
}
ENDS: Final = {
    "RBRACE": "`}`",
    LINE_END: "the end of the line",
    END: "the end of the file",
}
PHRASES: Final = {
    "UP": "up to",
    "IN": "in doubt park",
    "CANNOT": "cannot fail",
    "NO": "no undo",
    "EVEN": "even if in doubt",
}
CLAUSES: Final = frozenset(
    ("ONCE", "IDEMPOTENT", "PROBE", "RETRY", "TIMEOUT", "PIVOT", *PHRASES)
) - {"UP"}
_GROUPS: Final = (
    (SECTIONS, "a section such as `states`"),
    (frozenset(("AGGREGATE", "EXPIRES", "REMEMBER", "ABORT")), "a header line"),
    (CLAUSES, "a clause such as `once`"),
    (frozenset(("BY", "AFTER", "UP", "WAS")), "a clause such as `by`"),
)
WORDS_OF: Final = {
    "saga": tuple(word.lower() for word in sorted(SECTIONS)),
    "states": ("initial", "final", "failure", "was"),
    "transitions": ("by", "after", "up", "was", "else"),
    "actions": tuple(word.lower() for word in sorted(CLAUSES)),
    "properties": ("needs", "never", "from", "always"),
}


def is_word(kind: str) -> bool:
    """Whether a kind of token is a word of the language."""
    return kind not in MARKS and kind not in ENDS and kind != "STRAY"


def list_kinds(kinds: AbstractSet[str]) -> str:
    """What could stand there, for people: `` `->`, `&` or `|` ``."""
    rest = set(kinds) - {"RBRACE"} if LINE_END in kinds else set(kinds)
    items = [text for kind, text in MARKS.items() if kind in rest]
    for group, text in _GROUPS:
        if len(group & rest) > 2:
            items.append(text)
            rest -= group
    items += sorted(
        f"`{PHRASES.get(kind, kind.lower())}`" for kind in rest if is_word(kind)
    )
    items += [text for kind, text in ENDS.items() if kind in rest]
    return _join(items)


def list_clauses() -> str:
    """Every clause that says how an action is performed."""
    return _join([f"`{PHRASES.get(kind, kind.lower())}`" for kind in sorted(CLAUSES)])


def _join(items: Sequence[str]) -> str:
    *most, last = items
    return f"{', '.join(most)} or {last}" if most else last
