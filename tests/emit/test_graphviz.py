"""Pictures: whoever lays them out, they name their DOT and suit light and dark."""

from __future__ import annotations

import re
import shutil
import subprocess
from hashlib import sha256
from xml.etree import ElementTree as ET

import pytest
from sagas import after, example, walk

from sagadsl.emit.dot import emit_dot
from sagadsl.emit.graphviz import RenderError, digest_of, render
from sagadsl.emit.palette import DARK

DOT = emit_dot(example("order"))


@pytest.fixture(params=["system", "carried"])
def engine(request, monkeypatch):
    """Both ways to Graphviz, of which the first may be absent."""
    if request.param == "carried":
        monkeypatch.setattr(shutil, "which", lambda _: None)
    elif not shutil.which("dot"):
        pytest.skip("this system has no dot")
    return request.param


@pytest.mark.parametrize("form", ["svg", "png"])
def test_a_picture_names_its_dot(engine, form):
    assert digest_of(render(DOT, form)) == sha256(DOT.encode()).hexdigest()


@pytest.mark.parametrize(
    "other", [b"", b"<svg></svg>", b"\x89PNG\r\n\x1a\n", b"\xff\xfe", b"tEXtdot-sha256"]
)
def test_other_files_name_none(other):
    assert digest_of(other) is None


def test_png_is_whole_and_opaque(engine, tmp_path):
    png = render(DOT, "png")
    at, kinds = 8, []
    while at < len(png):
        length = int.from_bytes(png[at : at + 4])
        kinds.append(png[at + 4 : at + 8])
        at += length + 12
    assert at == len(png)
    assert kinds[:2] == [b"IHDR", b"tEXt"]
    assert kinds[-1] == b"IEND"


def test_svg_tells_nothing_of_the_machine(engine):
    svg = render(DOT, "svg").decode()
    assert svg.startswith("<svg ")
    assert svg.endswith("</svg>\n")
    assert "graphviz version" not in svg.lower()
    assert set(re.findall(r'font-family="([^"]*)"', svg)) == {
        "Helvetica,Arial,sans-serif"
    }


def test_every_colour_has_one_for_dark_pages(engine):
    order = example("order")
    record = after(order, "do check_out", "begin make_payment")
    for dot in (DOT, emit_dot(order, record)):
        svg = render(dot, "svg").decode()
        used = set(re.findall(r'(?:fill|stroke)="([^"]*)"', svg)) - {"none"}
        assert used <= DARK.keys() | {"transparent"}
        for colour in used - {"transparent"}:
            assert f'="{colour}"] {{' in svg


def test_what_is_not_dot_is_refused_with_words(engine):
    with pytest.raises(RenderError, match="Graphviz failed: "):
        render("digraph { a -> ", "svg")


def test_a_picture_that_would_take_minutes_is_refused():
    with pytest.raises(RenderError, match="arrows takes Graphviz too long"):
        render(emit_dot(walk(2500)), "svg")


def test_without_any_graphviz_it_is_said(monkeypatch):
    def fail(*args, **values):
        raise subprocess.CalledProcessError(1, "python", stderr=b"there is no `dot`\n")

    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(subprocess, "run", fail)
    with pytest.raises(RenderError, match="there is no `dot`"):
        render(DOT, "svg")


@pytest.mark.parametrize("steps", [2, 6, 16, 60, 200])
def test_a_picture_is_neither_ribbon_nor_banner(steps):
    svg = ET.fromstring(render(emit_dot(walk(steps)), "svg"))
    wide, high = (float(n) for n in svg.attrib["viewBox"].split()[2:])
    assert 1 / 8 < wide / high < 8
    assert wide < 2500
    assert high < 2500


def test_columns_stand_in_order(engine):
    svg = ET.fromstring(render(emit_dot(walk(60)), "svg"))
    across = {
        (node[0].text or "").removeprefix("step "): float(element.attrib["x"])
        for node in svg.iter("{http://www.w3.org/2000/svg}g")
        for element in node.iter("{http://www.w3.org/2000/svg}text")
        if node.attrib.get("class") == "node step"
    }
    places = [across[f"go_{i}"] for i in range(60)]
    assert len({round(place / 40) for place in places}) > 3
    assert places[0] < places[15] < places[30] < places[45] < places[59]
