"""The canonical text: golden cases, and what holds of every layout of a saga."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sagadsl.format import format_saga
from sagadsl.parser import parse_saga
from sagadsl.parser.build import Builder
from sagadsl.parser.push import Grammar
from sagadsl.parser.tables import read_tables
from sagadsl.parser.tokens import GOES_ON_AFTER, GOES_ON_BEFORE, LINE_END, significant
from sagadsl.source import Source, Span
from sagadsl.syntax import SagaSyntax

CASES = Path(__file__).parent / "cases"
EXAMPLES = sorted((Path(__file__).parents[2] / "examples").rglob("*.saga"))
SAMPLE = (Path(__file__).parents[2] / "examples/order.saga").read_text(encoding="utf-8")
SEPARATOR = "\n---\n"


def parsed(text: str) -> SagaSyntax:
    saga, findings = parse_saga(Source("order.saga", text))
    assert saga, findings
    return saga


def meaning(node: Any) -> Any:
    """A node without its places; the order of clauses and layout mean nothing."""
    if isinstance(node, Source | Span):
        return None
    if not isinstance(node, tuple):
        return node
    if hasattr(node, "clauses"):
        item: Any = node
        node = item._replace(clauses=tuple(sorted(item.clauses, key=str_of_meaning)))
    return (type(node).__name__, *map(meaning, node))


def str_of_meaning(node: Any) -> str:
    return str(meaning(node))


def formatted(text: str) -> str:
    """The canonical text, after everything is held that holds for any."""
    saga = parsed(text)
    result = format_saga(saga)
    assert meaning(parsed(result)) == meaning(saga)
    assert format_saga(parsed(result)) == result
    assert result.endswith("\n")
    assert not result.endswith("\n\n")
    assert "\r" not in result
    assert "\n\n\n" not in result
    assert not any(line.endswith((" ", "\t")) for line in result.split("\n"))
    return result


@pytest.mark.parametrize("path", sorted(CASES.iterdir()), ids=lambda p: p.stem)
def test_case(path, golden):
    """A text, and below it how it is written."""
    assert path.suffix == ".txt", f"{path.name} is no case"
    text, separator, _ = path.read_bytes().decode().partition(SEPARATOR)
    assert separator, f"{path.name} has no line `---` after its text"
    golden(path, text + separator + formatted(text))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_examples_are_canonical(path):
    text = path.read_text(encoding="utf-8")
    assert formatted(text) == text


GAPS = st.text(" \t", max_size=3)
NOTES = st.sampled_from(["", "# note", "#", '# { } -> "x', "#\t# é"])
ENDS = st.sampled_from(["\n", "\r\n", "\n\n", "\n\n\n \n"])
BREAKS = st.tuples(GAPS, NOTES, ENDS).map("".join)
TOKENS = list(significant(Grammar(read_tables(), Builder()).scan(SAMPLE), []))


def rhythm(values: st.SearchStrategy[str]) -> st.SearchStrategy[Iterator[str]]:
    """A few values again and again; to draw one for each word would take too long."""
    return st.lists(values, min_size=1, max_size=13).map(cycle)


@st.composite
def layouts(draw: st.DrawFn) -> str:
    """The sample's words with other spaces, line ends and comments between them."""
    gaps, ends = draw(rhythm(GAPS)), draw(rhythm(BREAKS))
    extra = draw(rhythm(st.just("") | BREAKS))
    text, previous = draw(st.sampled_from(["", "\ufeff"])), ""
    for token in TOKENS:
        if token.type == LINE_END:
            text += next(ends)
        else:
            may_break = previous in GOES_ON_AFTER or token.type in GOES_ON_BEFORE
            text += next(gaps) + " " + (next(extra) if may_break else "") + token.text
        previous = token.type
    return text + draw(st.sampled_from(["", "\n", " # end", "\n\n# a\n\n\n# b"]))


@settings(deadline=None)  # a busy machine is no fault of the formatter
@given(layouts())
def test_any_layout_of_a_saga(text):
    result = formatted(text)
    bare = "".join(formatted(text_without_comments(result)).split())
    assert bare == "".join(formatted(text_without_comments(SAMPLE)).split())


def text_without_comments(text: str) -> str:
    for comment in reversed(parsed(text).comments):
        text = text[: comment.span.start] + text[comment.span.end :]
    return text


def test_many_rows_take_linear_time():
    def seconds(rows: int) -> float:
        text = "".join(f"s{n}->s{n + 1}:a{n} by u #c\n\n#d\n" for n in range(rows))
        saga = parsed(f"saga order {{ transitions {{ {text} }} }}")
        began = time.process_time()
        format_saga(saga)
        return time.process_time() - began

    seconds(100)
    assert seconds(10_000) < 30 * seconds(1_000)
