"""Findings that are hard to render, by name."""

from __future__ import annotations

import re

from sagadsl.diagnostics import Finding, Label, Rule, Severity
from sagadsl.source import Source, Span

RULE = Rule("SAGA999", "tricky")
WARNING = Rule("SAGA998", "wary", Severity.WARNING)

_WHY = "a state that nothing reaches is dead"
_HELP = "write a transition to it, or remove the state"


def source(marked: str, path: str = "order.saga") -> tuple[Source, list[Span]]:
    """A source and the spans that `«` and `»` enclose in it."""
    bare = Source(path, re.sub("[«»]", "", marked))
    starts = [m.start() - 2 * n for n, m in enumerate(re.finditer("«", marked))]
    ends = [m.start() - 2 * n - 1 for n, m in enumerate(re.finditer("»", marked))]
    return bare, [Span(bare, *pair) for pair in zip(starts, ends, strict=True)]


def finding(
    marked: str,
    *labels: str,
    path: str = "order.saga",
    rule: Rule = RULE,
    message: str = "state `packed` can never be reached",
    why: str = _WHY,
    help: str = _HELP,  # noqa: A002  the field's name
) -> Finding:
    """A finding at the first marked span, its other labels at the others."""
    _, (first, *rest) = source(marked, path)
    label, *texts = labels
    others = tuple(Label(*pair) for pair in zip(rest, texts, strict=True))
    return rule.finding(message, first, label, why=why, help=help, others=others)


def _elsewhere() -> Finding:
    base = finding("saga order {\n    «packed»\n}\n", "it was released as step 3")
    _, (there,) = source('{"steps": [\n  «"packing"»\n]}\n', "order.saga.lock")
    return base._replace(others=(Label(there, "the released name"),))


def _beyond() -> Finding:
    text = Source("order.saga", "saga order {")
    return RULE.finding(
        "the text ends early",
        Span(text, 400, 900),
        "`}` is missing",
        why="",
        help="",
        others=(Label(Span(text, -5, 4), "opened here"),),
    )


FINDINGS = {
    "plain": finding("states {\n    «packed»\n}\n", "no transition leads here"),
    "warning": finding("a -> «b»: c", "", rule=WARNING, why="", help=""),
    "others": finding(
        "a -> b : c\n\n\nb -> a : «d»\nc -> d : e\n«d» -> «b» : f\n",
        "back to `a`",
        "from here",
        "to here",
    ),
    "near": finding("«a»\nb\n«c»\nd\ne\n«f»\n", "one", "two", "three"),
    "block": finding(
        "saga x {\n    «states {\n        a\n        b\n    }»\n}\n", "all of this"
    ),
    "two lines": finding("x «a\n  b» y\n", "over a line end"),
    "line end": finding("aggregate order_id«\n»states\n", "a brace is missing"),
    "file end": finding("saga order {\n    states {\n«»", "`}` is missing"),
    "empty file": finding("«»", "nothing here"),
    "beyond": _beyond(),
    "tabs": finding("\tstates {\t«packed»\t# x\n", "after two tabs"),
    "wide": finding('注文 "東京" «配達» あ«a»\n', "four columns", "one column"),
    "combining": finding("e\u0301e\u0301 «n\u0303o» x«\u0308»\n", "two", "on the x"),
    "crlf": finding("saga order\r\n  «oops»«»\r\n", "four", "the end"),
    "long": finding(
        "x" * 500 + "«needle»" + "y" * 500 + "«pin»" + "東" * 300,
        "cut on both sides",
        "cut again",
    ),
    "long start": finding("«" + "x" * 500 + "»", "as far as it goes"),
    "controls": finding(
        'a "\x1b[31m\u202egnp\x07" «\u200b» \x00\x7f\x9b\u2028 \ud800 \xa0 « »\n',
        "\x1b[2J\u2066label",
        "a space",
        message="state `\x1b]0;owned\x07\n` is\u202e odd",
        why="\x1bwhy\nsecond line\r",
        help="\u202ehelp\n\n    indented",
        path="a\x1b\nb.saga",
    ),
    "hostile": finding(
        '"«*/ --> ]]> ${{ x }} %0A :: , <b> `»"',
        "100%, a::b",
        message="::error::50%",
        path="C:/a b/ü,:%.saga",
    ),
    "elsewhere": _elsewhere(),
    "run": finding("«packed»", "stuck here")._replace(run=("check_out", "pay fails")),
    "long run": finding("«packed»", "stuck here")._replace(
        run=tuple(f"take_the_step_number_{n}" for n in range(12))
    ),
}
