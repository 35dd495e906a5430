"""What is asked of two versions can be too hard as well, though each is proved."""

from __future__ import annotations

from itertools import chain
from time import process_time

import pytest

from sagadsl.checks import check_saga
from sagadsl.driver import compile_saga, release_text
from sagadsl.emit.difference import difference_data, emit_difference
from sagadsl.emit.python import emit_python
from sagadsl.model import Pinned, Saga
from sagadsl.parser import parse_saga
from sagadsl.resolve import resolve_saga
from sagadsl.source import Source
from sagadsl.versions import Lock, pin, release
from sagadsl.versions.breaking import Category, find_breaking
from sagadsl.versions.changes import changes_of


def saga_of(text: str) -> Saga:
    tree, findings = parse_saga(Source("loft.saga", text))
    assert tree, findings
    saga, findings = resolve_saga(tree)
    assert saga, findings
    assert not check_saga(saga)
    return saga


OLDER = ["perch", "heard"], "perch -> heard : crow", "once, in doubt park", ""
NEWER = (
    ["bed", "rested", "hopped"],
    "bed -> rested : nap",
    "idempotent",
    "upgrades { from 1 waive nap when crow }",
)


def loft(holes: int, *, newer: bool) -> str:
    """One pigeon more than holes: each sits down in one or flies away.

    `crow` waits for nothing, and in the newer version for all of them to sit, which
    cannot be; or for `hop`, a step of its own, so that both versions are right.
    """
    birds, all_holes = range(holes + 1), range(holes)
    here, free = [f"p{n}" for n in birds], [f"h{m}" for m in all_holes]
    sitting, gone = [f"s{n}" for n in birds], [f"g{n}" for n in birds]
    taken = [f"e{m}" for m in all_holes]
    rows = [
        f"p{n} & h{m} -> s{n} & e{m} : sit_{n}_{m}" for n in birds for m in all_holes
    ]
    rows += [f"p{n} -> g{n} : leave_{n}" for n in birds]
    rows += [f"s{n} -> g{n} : fly_{n}" for n in birds]
    rows += [f"h{m} -> e{m} : stay_empty_{m}" for m in all_holes]
    own, last, how, upgrades = NEWER if newer else OLDER
    start = joined(here, free, own[:1])
    rows += [f"dawn -> {start} : wake", last]
    if newer:
        rows += [f"dawn -> {joined(free, ['bed', 'hopped'])} : hop"]
        rows += [f"hopped | {joined(sitting)} -> {joined(gone)} : crow"]
    rows += [f"{joined(gone, taken, own[1:2])} -> dusk : sleep"]
    states = ", ".join([*here, *free, *sitting, *gone, *taken, *own])
    return (
        f"saga loft {{\naggregate day\n"
        f"states {{ initial dawn, {states}, final dusk }}\n"
        f"transitions {{ {', '.join(rows)} }}\n"
        f"actions {{ crow : {how}, no undo }}\n"
        f"{upgrades}\n}}\n"
    )


def joined(*states: list[str]) -> str:
    return " & ".join(chain(*states))


@pytest.fixture(scope="module")
def hard() -> Pinned:
    first, _ = pin(saga_of(loft(13, newer=False)), None)
    assert first
    second, _ = pin(
        saga_of(loft(13, newer=True)), Lock("loft", release(first).versions)
    )
    assert second
    return second


def test_what_breaks_is_said_and_what_is_not_proved(hard: Pinned) -> None:
    """Soon; a rule that was approved is not asked."""
    before = process_time()
    found = find_breaking(hard, hard.versions, list(Category))
    assert process_time() - before < 4
    said = [finding.message for finding in found]
    assert "version 2 refuses records of version 1 that are in flight" in said
    open_question = "`repeated-effect` is neither proved nor refuted within the budget"
    assert open_question in said
    draft = hard.latest._replace(approved={"repeated-effect": "seen to"})
    approved = hard._replace(versions=(hard.versions[0], draft))
    found = find_breaking(approved, hard.versions, list(Category))
    assert open_question not in [finding.message for finding in found]


def test_who_can_move_is_left_open(hard: Pinned) -> None:
    """In the difference and in the emitted module, which is written all the same."""
    changes = changes_of(*hard.versions)
    said = "rom 1 to 2: which records can move is not proved within the budget"
    assert f"  f{said}\n" in emit_difference(changes)
    assert difference_data(changes)["records"] is None
    assert f"    F{said}.\n" in emit_python(hard)


def test_whether_an_upgrade_is_of_use_is_left_open() -> None:
    """Which stops a build, as each question does that is left open."""
    first = compile_saga("loft.saga", loft(13, newer=False).encode(), None)
    assert first.pinned
    kept = release_text(first.pinned)
    second = compile_saga("loft.saga", loft(13, newer=True).encode(), kept)
    assert [finding.message for finding in second.findings] == [
        "`idle-upgrade` is neither proved nor refuted within the budget"
    ]
    assert second.pinned is None
