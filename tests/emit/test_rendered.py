"""Pictures as others draw them: every SVG is one for a renderer that is not Graphviz's.

It lays no text out, but reads the whole, and refuses what is not well-formed SVG.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest
import resvg_py
from sagas import ROOT, after, compiled, example, walk

from sagadsl.emit.dot import emit_dot
from sagadsl.emit.graphviz import render
from sagadsl.emit.targets import draw
from sagadsl.machine import Record
from sagadsl.model import Pinned

SAGAS = sorted((ROOT / "examples").rglob("*.saga"))
WIDE = "\n".join(f"b{i} -> c{i} : work_{i} by system" for i in range(9))
FAN = f"""saga fan "A wide fork" {{
aggregate id
states {{
initial a
{chr(10).join(f"b{i}, c{i}" for i in range(9))}
final d
}}
transitions {{
a -> {" & ".join(f"b{i}" for i in range(9))} : start_all by user
{WIDE}
{" & ".join(f"c{i}" for i in range(9))} -> d : gather by user
}}
}}
"""


def rendered(svg: bytes) -> tuple[int, int]:
    """The size in pixels that an independent renderer makes of a picture."""
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg.decode(), skip_system_fonts=True))
    assert png.startswith(b"\x89PNG")
    wide, high = struct.unpack(">II", png[16:24])
    return wide, high


def told(svg: bytes) -> tuple[int, int]:
    """The size that a picture asks for, in pixels: a length without a unit."""
    found = re.match(rb'<svg width="(\d+)" height="(\d+)"', svg)
    assert found
    return int(found[1]), int(found[2])


def picture(pinned: Pinned, record: Record | None = None) -> bytes:
    return render(emit_dot(pinned, record), "svg")


@pytest.mark.parametrize("path", SAGAS, ids=lambda path: path.stem)
def test_every_example_is_drawn_by_another_renderer_in_its_own_size(path: Path):
    if "as_published" in str(path):
        pytest.skip("it does not compile: it shows a finding")
    svg = picture(compiled(path.name, path.read_text(encoding="utf-8")))
    assert rendered(svg) == told(svg)


@pytest.mark.parametrize("steps", [1, 16, 60])
def test_short_and_long_ways_are(steps):
    svg = picture(walk(steps))
    assert rendered(svg) == told(svg)


@pytest.mark.parametrize(
    "events",
    [
        (),
        ("do check_out", "begin make_payment"),
        ("do check_out", "begin make_payment", "fail make_payment"),
        ("do check_out", "do make_payment", "abort", "undo make_payment"),
    ],
)
def test_every_mark_is(events):
    order = example("order")
    svg = picture(order, after(order, *events))
    assert rendered(svg) == told(svg)


def test_the_picture_in_a_page_is():
    page = draw(example("order"), "html")
    svg = page[page.index(b"<svg") : page.index(b"</svg>") + 6]
    assert rendered(svg) == told(svg)
    title = b"From the basket to the doorstep</"
    assert page.count(title) == 2, "in the head, and as the heading"


def test_lines_end_at_places_of_their_own_on_a_wide_bar():
    dot = emit_dot(compiled("fan.saga", FAN))
    for i in range(9):
        assert f'"step start_all":"out{i}":e -> "state b{i}"' in dot
        assert f'"state c{i}" -> "step gather":"in{i}":w' in dot
