"""The grammar is free of doubt, and the parser reads every part of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lark.exceptions import GrammarError

from sagadsl import resources, syntax
from sagadsl.emit.rows import bound
from sagadsl.parser import parse_saga
from sagadsl.parser.build import Builder
from sagadsl.parser.lark import load, make_tables
from sagadsl.parser.push import Grammar
from sagadsl.parser.tables import read_tables, render_tables, texts
from sagadsl.source import Source

EXAMPLES = Path(__file__).parents[2] / "examples"
GRAMMAR, _ = texts()


def parsed(text: str) -> syntax.SagaSyntax:
    saga, findings = parse_saga(Source("order.saga", text))
    assert findings == ()
    assert saga is not None
    return saga


def items(section: str, text: str) -> Any:
    (block,) = parsed(f"saga order {{ {section} {{ {text} }} }}").parts
    assert isinstance(block, syntax.Block)
    return block.items


def test_no_conflict_and_no_terminals_that_collide():
    try:
        load(GRAMMAR, strict=True)
    except GrammarError as error:
        pytest.fail(str(error))


def test_the_tables_that_are_kept_are_those_of_the_grammar(golden):
    tables = make_tables(GRAMMAR)
    golden(
        resources.folder("grammar") / "saga.tables.json", render_tables(GRAMMAR, tables)
    )
    assert read_tables() == tables


def test_a_grammar_that_was_changed_gets_new_tables(monkeypatch, tmp_path):
    monkeypatch.setattr(resources, "folder", lambda _: tmp_path)
    (tmp_path / "saga.lark").write_text(GRAMMAR, encoding="utf-8")
    made = read_tables()
    kept = render_tables(GRAMMAR, made._replace(start=7))
    (tmp_path / "saga.tables.json").write_text(kept, encoding="utf-8")
    assert read_tables().start == 7
    (tmp_path / "saga.lark").write_text(f"// new\n{GRAMMAR}", encoding="utf-8")
    assert read_tables() == made


def test_grammar_fits_a_screen():
    lines = GRAMMAR.splitlines()
    assert len(lines) <= 76
    assert max(map(len, lines)) <= 100


def test_our_scanner_finds_the_tokens_of_larks():
    text = (EXAMPLES / "order.saga").read_text(encoding="utf-8")
    ours = [
        (t.type, t.text, t.start, t.end)
        for t in Grammar(read_tables(), Builder()).scan(text)
    ]
    larks = [(t.type, str(t), t.start_pos, t.end_pos) for t in load(GRAMMAR).lex(text)]
    assert ours == larks


def test_the_sample_parses():
    saga = parsed((EXAMPLES / "order.saga").read_text(encoding="utf-8"))
    assert saga.name.text == "order"
    assert saga.title is not None
    assert saga.title.value == "From the basket to the doorstep"
    assert len(saga.comments) == 6
    sizes = [len(part.items) for part in saga.parts if isinstance(part, syntax.Block)]
    assert sizes == [12, 11, 3, 7, 3, 4]


def test_a_span_covers_what_was_written():
    text = (EXAMPLES / "order.saga").read_text(encoding="utf-8")
    saga: Any = parsed(text)
    assert saga.span.text == text[text.index('saga order "') :].rstrip("\n")
    assert saga.parts[1].span.text == "expires after 30 days"
    row = saga.parts[5].items[2]
    assert row.span.text.startswith("declined            -> checkout")
    assert row.span.text.endswith("up to 2 times")
    assert [clause.span.text for clause in row.clauses] == ["by user", "up to 2 times"]
    scenario = saga.parts[-1].items[0]
    assert scenario.span.text.startswith('"happy path"')
    assert scenario.span.text.endswith("=> delivered")


@pytest.mark.parametrize("limit", [1, 2])
def test_a_bound_is_read_as_it_is_shown(limit):
    (row,) = items("transitions", f"a -> time : time by times {bound(limit)}")
    assert row.action.text == "time"
    assert row.clauses[1].times.value == limit


def test_a_row_has_all_its_parts():
    (row,) = items(
        "transitions",
        'a & b | c -> d & e else f & g : go by u|v after 1 day up to 2 times was h ""',
    )
    assert [[name.text for name in names] for names in row.sources] == [
        ["a", "b"],
        ["c"],
    ]
    assert [name.text for name in row.targets] == ["d", "e"]
    assert [name.text for name in row.otherwise] == ["f", "g"]
    by, after, limit, was = row.clauses
    assert [name.text for name in by.actors] == ["u", "v"]
    assert after.duration[:2] == (1, "day")
    assert limit.times.value == 2
    assert was.name.text == "h"
    assert row.doc.value == ""


@pytest.mark.parametrize(
    "clause",
    [
        "once",
        "idempotent",
        "in doubt park",
        "cannot fail",
        "pivot",
        "no undo",
        "even if in doubt",
    ],
)
def test_an_action_has_flags(clause):
    (action,) = items("actions", f"go : {clause}")
    assert [flag.word for flag in action.clauses] == [clause]


def test_actions_may_stand_on_one_line():
    first, second = items("actions", 'a : once, probe b "x", c : "y"')
    assert (first.name.text, len(first.clauses), first.doc.value) == ("a", 2, "x")
    assert (second.name.text, second.clauses, second.doc.value) == ("c", (), "y")


WORDS = """
    abort actions after aggregate always by cannot compensations doubt even every exec
    expires fail fails failure final idempotent initial match needs never no once order
    park pivot probe properties remember retry saga scenarios select states timeout
    times to transitions undo up
"""


@pytest.mark.parametrize("word", WORDS.split())
def test_a_word_of_the_language_may_be_a_name(word):
    text = (
        f"saga {word} {{\naggregate {word}\nabort {word} by {word}\n"
        f"states {{\n{word}\ninitial {word}\nfinal {word} was {word}\n}}\n"
        f"transitions {{ {word} & {word} | {word} -> {word} else {word} : {word} "
        f"by {word} was {word} }}\n"
        f"compensations {{ {word} : {word} }}\n"
        f"actions {{ {word} : probe {word} }}\n"
        f"properties {{ never {word} with {word} }}\n"
        f'scenarios {{ "x" : {word}, {word} fails => {word} }}\n}}'
    )
    assert parsed(text).name.text == word


def test_line_ends_that_end_nothing_are_passed_over():
    saga: Any = parsed(
        "\n\nsaga order\n{\nstates\n{\n\na\n\n,\nb,\n}\n"
        "transitions {\na\n|\nb\n->\nb\nelse\na\n:\ngo\n}\n}\n\n"
    )
    assert [len(block.items) for block in saga.parts] == [2, 1]


@pytest.mark.parametrize("text", ["\ufeff{}", "{}\r\n", "\t{}", "{}  # end", "{}"])
def test_marks_of_editors_are_accepted(text):
    body = "saga order {\r\n\tstates { a }\r\n}"
    assert parsed(text.replace("{}", body)).name.text == "order"


@pytest.mark.parametrize("empty", ["states", "transitions", "actions", "scenarios"])
def test_a_section_may_be_empty(empty):
    assert items(empty, "") == ()


def test_a_number_may_touch_its_unit():
    (row,) = items("transitions", "a -> b : go after 5minutes up to 2times")
    assert row.clauses[0].duration[:2] == (5, "minute")
    assert row.clauses[1].times.value == 2


def test_the_escapes_of_json_are_resolved():
    (state,) = items("states", r'a "\"\\\/\n\t\u00e9\ud83d\ude00"')
    assert state.doc.value == '"\\/\n\té😀'
