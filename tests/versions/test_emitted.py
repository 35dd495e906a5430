"""The module of an earlier build: what it holds is never lost in silence."""

from __future__ import annotations

import pytest
from pinning import FIRST, INSERTED, compiled, released

from sagadsl.driver import compile_saga, emit, lock_text
from sagadsl.source import Source


def module(text, lock=None):
    return Source("order_saga.py", emit(compiled(text, lock), "py").decode())


def judged(text, lock, emitted):
    pinned, findings = compile_saga("order.saga", text.encode(), lock, emitted)
    assert (pinned is None) == bool(findings)
    return [(finding.code, finding.span.text) for finding in findings]


def test_a_module_beside_its_lock_file_is_good():
    lock = released(INSERTED, released(FIRST))
    assert judged(INSERTED, lock, module(INSERTED, lock)) == []
    assert judged(FIRST, lock, module(INSERTED, lock)) == []


def test_a_released_version_is_not_made_anew_without_the_lock_file():
    emitted = module(FIRST, released(FIRST))
    assert judged(FIRST, None, emitted) == [("SAGA405", "version=1")]
    assert judged(INSERTED, None, emitted) == [("SAGA405", "version=1")]


def test_an_older_lock_file_is_not_taken_for_the_newest():
    emitted = module(INSERTED, released(INSERTED, released(FIRST)))
    assert judged(INSERTED, released(FIRST), emitted) == [("SAGA405", "version=2")]
    draft = lock_text(compiled(FIRST))
    assert judged(FIRST, draft, emitted) == [("SAGA405", "version=1")]


def test_the_same_number_of_another_branch_is_not_the_same_version():
    ours = released(INSERTED, released(FIRST))
    theirs = released(INSERTED.replace("pack\n", "wrap\n"), released(FIRST))
    assert judged(INSERTED, theirs, module(INSERTED, ours)) == [
        ("SAGA405", "version=2")
    ]


def test_a_draft_may_lose_its_lock_file_while_no_step_moves():
    emitted = module(FIRST)
    assert judged(FIRST, None, emitted) == []
    assert judged(INSERTED, None, emitted) == [("SAGA405", "SHIP = 1")]
    assert judged(FIRST.replace("ship\n", "send\n"), None, emitted) == []


@pytest.mark.parametrize("text", ["", "class Step(IntEnum):\n", "\0" * 99, "{" * 99])
def test_a_module_that_says_nothing_of_versions_is_left_to_be_overwritten(text):
    assert judged(FIRST, None, Source("order_saga.py", text)) == []


def test_a_finding_about_a_former_name_does_not_hide_the_loss():
    renamed = FIRST.replace(": pay", ": charge was pay")
    emitted = module(FIRST, released(FIRST))
    assert judged(renamed, None, emitted) == [("SAGA405", "version=1")]
