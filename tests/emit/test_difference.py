"""Two versions in one picture: what differs is marked, what stays looks as always."""

from __future__ import annotations

import re

import pytest

from sagadsl.driver import compile_saga, release_text
from sagadsl.emit.diagram import diagram_of
from sagadsl.emit.difference import difference_page, emit_difference
from sagadsl.emit.dot import draw_dot
from sagadsl.emit.merged import merged_diagram
from sagadsl.emit.standing import Mark
from sagadsl.emit.targets import draw_difference
from sagadsl.model import Pinned
from sagadsl.versions.changes import Changes, changes_of

BEFORE = """\
saga gift {
    aggregate id
    expires after 3 days
    states { initial begun, paid, wrapped, carded, final sent, final lost }
    transitions {
        begun            -> paid : pay by user
        paid             -> wrapped & carded : prepare
        wrapped & carded -> sent : send by system
        begun            -> lost : lose after 2 days
    }
    compensations { pay : refund }
    actions {
        pay    : once, in doubt park
        refund : idempotent
        send   : idempotent, pivot, cannot fail
    }
}
"""
AFTER = (
    BEFORE.replace("after 3 days", "after 5 days")
    .replace("final lost", "checked")
    .replace(
        "begun            -> lost : lose after 2 days", "carded -> checked : check"
    )
    .replace("wrapped & carded -> sent : send", "wrapped & checked -> sent : send")
    .replace("paid : pay by user", "paid : charge by user was pay")
    .replace("pay : refund", "charge : refund")
    .replace("pay    : once, in doubt park", "charge : idempotent")
)


def compared(after: str, before: str = BEFORE) -> tuple[Pinned, Changes]:
    first = compile_saga("gift.saga", before.encode(), None).pinned
    assert first
    lock = release_text(first)
    pinned, findings = compile_saga("gift.saga", after.encode(), lock)
    assert pinned, findings
    return pinned, changes_of(pinned.versions[0], pinned.latest)


def test_what_differs_is_marked() -> None:
    diagram = merged_diagram(*compared(AFTER))
    marks = {step.action: step.standing.mark for step in diagram.steps}
    assert marks == {
        "charge": Mark.CHANGED,
        "prepare": Mark.NONE,
        "send": Mark.CHANGED,
        "check": Mark.ADDED,
        "lose": Mark.REMOVED,
    }
    states = {state.name: state.standing.mark for state in diagram.states}
    assert {name: mark for name, mark in states.items() if mark} == {
        "checked": Mark.ADDED,
        "lost": Mark.REMOVED,
    }
    assert diagram.terms == (
        "version 1 (released) and version 2 (draft)",
        "expires 5 days, was: expires 3 days",
    )


def test_a_picture_tells_which_upgrades_are_declared() -> None:
    """As the table does; both are of one value."""
    waiving = (
        AFTER.rstrip().removesuffix("}")
        + "upgrades { from 1 waive check when send }\n}\n"
    )
    pinned, changes = compared(waiving)
    said = "from 1 waive check when send"
    assert f"added: {said}" in merged_diagram(pinned, changes).terms
    assert said in emit_difference(changes)
    back = changes_of(changes.new, changes.old)
    assert f"removed: {said}" in merged_diagram(pinned, back).terms


def test_of_a_changed_row_each_line_is_told_apart_and_what_it_was_is_kept() -> None:
    steps = {step.action: step for step in merged_diagram(*compared(AFTER)).steps}
    assert steps["send"].standing.lines == {
        ("in", "checked"): Mark.ADDED,
        ("in", "carded"): Mark.REMOVED,
    }
    assert steps["send"].sources == (("wrapped", "checked"), ("carded",))
    assert steps["charge"].standing.was == ("pay", "once, in doubt park")


def test_an_older_version_keeps_its_bounds() -> None:
    """As it is drawn alone, too, where a finding of `breaking` leads."""
    before = BEFORE.replace("begun, paid", "begun, late, paid").replace(
        "begun            -> lost : lose after 2 days",
        "begun -> late : miss\nlate -> begun : wait up to 2 times\nlate -> lost : lose",
    )
    pinned, changes = compared(before.replace("up to 2", "up to 3"), before)
    steps = diagram_of(pinned, None, changes.old).steps
    assert {step.limit for step in steps if step.action == "wait"} == {2}


def test_what_stays_looks_as_always() -> None:
    dot = draw_dot(merged_diagram(*compared(AFTER)))
    own = draw_dot(
        merged_diagram(*compared(AFTER.replace("check\n", "check by user\n")))
    )
    line = next(line for line in dot.splitlines() if '"step prepare" [' in line)
    assert line in own
    assert 'class="step"' in line


@pytest.mark.parametrize("mark", ["added", "removed", "changed"])
def test_each_mark_reads_without_its_colour(mark: str) -> None:
    """By the word, and by a line like no other's."""
    dot = draw_dot(merged_diagram(*compared(AFTER)))
    box = next(line for line in dot.splitlines() if f'class="step {mark}"' in line)
    assert f"\N{NO-BREAK SPACE}{mark}\N{NO-BREAK SPACE}" in box
    border = re.search(r'border="(\d)" color="[^"]*"(?: style="(\w+)")?', box)
    assert border
    expected = {
        "added": ("3", None),
        "removed": ("2", "dotted"),
        "changed": ("2", "dashed"),
    }
    assert border.groups() == expected[mark]


def test_a_row_that_leads_elsewhere_has_no_bar_of_a_fork() -> None:
    moved = (
        BEFORE.replace("-> paid : pay", "-> held : pay")
        .replace("paid             ->", "held ->")
        .replace("begun, paid", "begun, held")
    )
    dot = draw_dot(merged_diagram(*compared(moved)))
    box = next(line for line in dot.splitlines() if '"step pay" [' in line)
    assert 'port="out' not in box
    assert '"step pay" -> "state held"' in dot
    assert '"step pay" -> "state paid"' in dot


def test_versions_that_are_the_same_have_nothing_marked() -> None:
    pinned, _ = compared(AFTER)
    diagram = merged_diagram(pinned, changes_of(pinned.latest, pinned.latest))
    assert not any(step.standing.mark for step in diagram.steps)
    assert not any(state.standing.mark for state in diagram.states)


def test_the_page_says_who_can_move_and_shows_the_rows() -> None:
    pinned, changes = compared(AFTER)
    page = difference_page(pinned, changes)
    assert page.terms[0].startswith("from 1 to 2: ")
    rows = [row[0] for row in page.sections[0].rows]
    assert rows.count("added") == 2
    html = draw_difference(pinned, changes, "html").decode()
    assert html.count("<svg") == 1
    assert "<td>removed</td>" in html
