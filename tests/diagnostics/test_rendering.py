"""What people and tools read, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tricky import FINDINGS, RULE, WARNING, finding

from sagadsl.diagnostics import Finding, Label
from sagadsl.diagnostics.cells import visible, width
from sagadsl.diagnostics.github import render_github
from sagadsl.diagnostics.json import render_json
from sagadsl.diagnostics.sarif import render_sarif
from sagadsl.diagnostics.text import render_text
from sagadsl.source import Source, Span

GOLDEN = Path(__file__).parent / "golden"
RENDERERS = {
    "json": render_json,
    "sarif": lambda findings: render_sarif(findings, "1.2.3"),
    "github": render_github,
}

texts = st.text(st.characters() | st.sampled_from("\t\r\n \x1b\u202e東\u0301%,:"))
moves = st.sampled_from(["pay", "pay fails", "ship begins"])


def file_of(name: str) -> str:
    return f"{name.replace(' ', '-')}.txt"


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    """Any finding, its spans anywhere, also outside their texts."""
    sources = draw(st.lists(st.builds(Source, texts, texts), min_size=1, max_size=2))
    offsets = st.integers(-5, 300)
    spans = st.builds(Span, st.sampled_from(sources), offsets, offsets)
    return draw(
        st.builds(
            Finding,
            rule=st.sampled_from([RULE, WARNING]),
            message=texts,
            span=spans,
            label=texts,
            why=texts,
            help=texts,
            others=st.lists(st.builds(Label, spans, texts), max_size=3).map(tuple),
            run=st.lists(moves, max_size=3).map(tuple),
        )
    )


@pytest.mark.parametrize("name", FINDINGS)
def test_text_is_as_reviewed(name, golden):
    golden(GOLDEN / file_of(name), render_text([FINDINGS[name]]))


@pytest.mark.parametrize("suffix", RENDERERS)
def test_formats_for_tools_are_as_reviewed(suffix, golden):
    golden(GOLDEN / f"all.{suffix}", RENDERERS[suffix](list(FINDINGS.values())))


def test_no_golden_file_is_an_orphan():
    expected = {file_of(name) for name in FINDINGS} | {f"all.{s}" for s in RENDERERS}
    assert expected == {path.name for path in GOLDEN.iterdir()}


def test_an_empty_line_stands_between_two_findings():
    one, two = FINDINGS["plain"], FINDINGS["warning"]
    assert render_text([one]) + "\n" + render_text([two]) == render_text([one, two])


def test_no_findings_are_no_text():
    assert render_text([]) == ""
    assert render_github([]) == ""
    assert json.loads(render_json([])) == {"format": 1, "findings": []}
    assert json.loads(render_sarif([], "1"))["runs"][0]["results"] == []


def test_colour_adds_nothing_but_colour():
    shown = render_text([FINDINGS["others"]], color=True)
    assert "\x1b[1;31merror[SAGA999]\x1b[0m" in shown
    bare = shown
    for style in ("0", "1", "1;31", "1;33", "1;34"):
        bare = bare.replace(f"\x1b[{style}m", "")
    assert render_text([FINDINGS["others"]]) == "".join(
        f"{line.rstrip()}\n" for line in bare.splitlines()
    )


@pytest.mark.parametrize("text", ["x" * 10_000_000, "\u0301" * 1_000_000, "\n" * 10**6])
def test_a_huge_text_is_shown_in_little_space(text):
    source = Source("order.saga", text)
    for at in (0, len(text) // 2, len(text)):
        found = RULE.finding("huge", Span(source, at, at + 9), "here", why="", help="")
        assert len(render_text([found])) < 1000


@pytest.mark.parametrize(
    ("text", "columns"),
    [("", 0), ("abc", 3), ("\t", 4), ("東京", 4), ("e\u0301", 1), ("\x1b", 4)],
)
def test_width_counts_columns_of_a_terminal(text, columns):
    assert columns == width(text)


@given(findings(), st.booleans())
def test_text_never_fails_and_never_drives_a_terminal(found, color):
    shown = render_text([found], color=color)
    if not color:
        assert shown.replace("\n", "").isprintable()
    assert shown.endswith("\n")
    assert not any(line.endswith(" ") for line in render_text([found]).split("\n"))


@given(texts)
def test_what_is_visible_is_on_one_line_and_stays_as_it_is(text):
    assert visible(text).isprintable()
    assert visible(text) == visible(visible(text))


@given(findings())
def test_a_command_for_github_is_one_printable_line(found):
    shown = render_github([found])
    assert shown.endswith("\n")
    assert shown[:-1].isprintable()
    assert shown.startswith(f"::{found.rule.severity} file=")


@given(findings())
def test_places_in_json_name_the_characters_of_the_span(found):
    shown = json.loads(render_json([found]))["findings"][0]
    text = found.span.source.text
    start, end = shown["start"], shown["end"]
    assert 0 <= start["offset"] <= end["offset"] <= len(text)
    before = text[: start["offset"]]
    assert start["line"] == before.count("\n") + 1
    assert start["column"] == len(before) - before.rfind("\n")


_TEXT = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string"}, "markdown": {"type": "string"}},
    "additionalProperties": False,
}
_POSITIVE = {"type": "integer", "minimum": 1}
_LOCATION = {
    "type": "object",
    "required": ["artifactLocation", "region"],
    "properties": {
        "artifactLocation": {
            "properties": {
                "uri": {"pattern": r"^([\w.~/:@!$&'()*+,;=-]|%[0-9A-F]{2})*$"}
            }
        },
        "region": {
            "required": ["startLine"],
            "properties": dict.fromkeys(
                ["startLine", "startColumn", "endLine", "endColumn"], _POSITIVE
            ),
            "additionalProperties": False,
        },
    },
}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "items": {
                "required": ["tool"],
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "required": ["name"],
                                "properties": {
                                    "rules": {
                                        "uniqueItems": True,
                                        "items": {
                                            "required": ["id"],
                                            "properties": {
                                                "help": _TEXT,
                                                "defaultConfiguration": {
                                                    "properties": {"level": _LEVEL}
                                                },
                                            },
                                        },
                                    }
                                },
                            }
                        },
                    },
                    "results": {
                        "items": {
                            "required": ["message"],
                            "properties": {
                                "message": _TEXT,
                                "level": _LEVEL,
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "locations": {
                                    "items": {
                                        "properties": {"physicalLocation": _LOCATION}
                                    }
                                },
                                "relatedLocations": {
                                    "items": {
                                        "properties": {
                                            "id": {"type": "integer", "minimum": 0},
                                            "message": _TEXT,
                                            "physicalLocation": _LOCATION,
                                        }
                                    }
                                },
                            },
                        }
                    },
                },
            }
        },
    },
}


@given(st.lists(findings(), max_size=3))
def test_sarif_has_the_shape_of_the_standard(found):
    log = json.loads(render_sarif(found, "1.2.3"))
    jsonschema.validate(log, _SARIF)
    run = log["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_sarif_shows_the_page_of_a_rule_as_its_help():
    pages = Path(__file__).parents[2] / "docs" / "findings"
    page = next(pages.glob("*.md"), None)
    if page is None:
        pytest.skip("no page is written yet")
    rule = RULE._replace(name=page.stem)
    log = json.loads(render_sarif([finding("«x»", "here", rule=rule)], "1"))
    shown = log["runs"][0]["tool"]["driver"]["rules"][0]["help"]["markdown"]
    assert page.read_text(encoding="utf-8") == shown
