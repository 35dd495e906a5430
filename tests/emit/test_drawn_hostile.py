"""What a user writes stays text, whatever it is written into."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pygraphviz
import pytest
from sagas import compiled

from sagadsl.emit.dot import emit_dot
from sagadsl.emit.graphviz import render
from sagadsl.emit.html import emit_html
from sagadsl.emit.markdown import emit_markdown
from sagadsl.emit.mermaid import emit_mermaid
from sagadsl.emit.table import emit_table
from sagadsl.machine import Rule

SAGA = """saga tiny "a title" {
aggregate id
states {
initial here "a doc"
final there
}
transitions {
here -> there : go by user "a doc"
}
actions {
go : idempotent, no undo "a doc"
}
}
"""
HOSTILE = [
    '"',
    "\\",
    '\\"',
    '"];evil->node;"',
    "\\N\\G\\E\\T\\H\\L\\l\\r\\n",
    "<b>bold</b>",
    "<<b>bold</b>>",
    ">]; evil [label=<",
    "</td></tr></table>",
    "<script>alert(1)</script>",
    "</svg><script>alert(1)</script>",
    "</style></title></head>",
    "<!-- comment --> -->",
    "]]>",
    "*/ /* // #",
    "&lt;b&gt; &amp; &quot; &#60;script&#62;",
    "{{ 7 * 7 }} {% raw %} {# #}",
    "${7*7} $(id) `id` #{7}",
    "```\n```mermaid\nevil",
    "__bold__ **bold** _it_ ~~no~~",
    "![x](javascript:alert(1)) [x]: y",
    "a || b | c",
    "%%{init: {}}%% end subgraph",
    "line\nbreak\r\n\ttab",
    "' onload='alert(1)",
    '" onload="alert(1)',
    "\N{RIGHT-TO-LEFT MARK} \N{GRINNING FACE} \N{COMBINING ACUTE ACCENT}",
    "x" * 300,
    "a_" * 100,
    "",
    "   ",
]
each = pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))


def tiny(text="text", name="name"):
    """A saga with this text wherever texts are, and this name for everything."""
    pinned = compiled("tiny.saga", SAGA)
    saga, rows = pinned.saga, pinned.latest.rows
    row = saga.transitions["go"]
    trigger = row.trigger._replace(text=f"by {name}", actors=(name,))
    here, there = saga.states.values()
    action = saga.actions["go"]
    saga = saga._replace(
        title=text,
        aggregate=name,
        states={name: here._replace(name=name, doc=text), "there": there},
        transitions={
            name: row._replace(
                sources=((name,),), action=name, trigger=trigger, doc=text
            )
        },
        actions={name: action._replace(row=action.row._replace(name=name), doc=text)},
    )
    rows = rows._replace(
        states={name: "initial", "there": "final"},
        rules=(Rule(0, name, name, "there", trigger=f"by {name}"),),
        actions=(action.row._replace(name=name),),
    )
    versions = (pinned.latest._replace(rows=rows),)
    return pinned._replace(saga=saga, versions=versions, positions={name: 0})


def both(text):
    """The text as a text, and as a name as far as the rows can hold it."""
    word = text.replace(" & ", "&").replace(" | ", "|").replace("|", "!").strip()
    return tiny(text, word or "name")


def alike(text):
    """A harmless text, or none: a column without any text is left out."""
    return tiny("text" if text.strip() else "")


def shape_of_svg(svg):
    """The elements with their attributes, save those that depend on lengths."""
    layout = {"text", "polyline"}
    return [
        (element.tag, sorted(element.attrib))
        for element in ET.fromstring(svg).iter()
        if element.tag.partition("}")[2] not in layout
    ]


class Shape(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, page):
        super().__init__()
        self.tags = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, [name for name, _ in attrs]))

    def handle_comment(self, data):
        self.tags.append(("comment", data))


@each
def test_dot_has_the_nodes_and_arrows_of_the_saga(text):
    def counts(pinned):
        graph = pygraphviz.AGraph(string=emit_dot(pinned))
        return graph.number_of_nodes(), graph.number_of_edges()

    assert counts(tiny()) == counts(both(text))


@each
def test_svg_gets_no_element_and_no_attribute(text):
    assert shape_of_svg(render(emit_dot(both(text)), "svg")) == shape_of_svg(
        render(emit_dot(tiny()), "svg")
    )


def test_svg_shows_exactly_what_was_written():
    text = r'\N & &amp; <b> "x" {{ y }}'
    root = ET.fromstring(render(emit_dot(tiny(text)), "svg"))
    shown = ["".join(element.itertext()).strip() for element in root.iter()]
    tips = [value for e in root.iter() for key, value in e.items() if "title" in key]
    assert text in shown
    assert text in tips


@each
def test_html_gets_no_element_and_no_attribute(text):
    plain = Shape(emit_html(alike(text), None, "<svg></svg>")).tags
    assert Shape(emit_html(both(text), None, "<svg></svg>")).tags == plain


@each
def test_markdown_keeps_its_lines_and_cells(text):
    def shape(page):
        return [(line[:2], line.count("|")) for line in page.splitlines()]

    page = emit_markdown(both(text))
    assert shape(page) == shape(emit_markdown(alike(text)))
    _, _, rest = page.partition("-->\n")
    head, _, tail = rest.partition("```mermaid\n")
    _, _, after = tail.partition("```")
    prose = re.sub(r"`\w+`", "", head + after)
    for mark in ("<", "`", "{{", "{%", "${", "](", "**", "__", "~~", "-->"):
        assert mark not in prose


@each
def test_mermaid_keeps_its_lines_and_quotes(text):
    def shape(chart):
        return [
            (line.split("[")[0][:6], line.count('"')) for line in chart.splitlines()
        ]

    chart = emit_mermaid(both(text))
    assert shape(chart) == shape(emit_mermaid(tiny()))
    labels = chart.replace("<br/>", "").replace("-->", "").split('"')[1::2]
    assert not set("<>{}[]`|\\%") & set("".join(labels))


@each
def test_the_table_keeps_its_lines(text):
    assert len(emit_table(tiny(text)).splitlines()) == 3
