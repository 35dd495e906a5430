"""Sagas, and the locks they come to."""

from __future__ import annotations

from sagadsl.driver import compile_saga, release_text

FIRST = """\
saga order {
    aggregate order_id
    states { initial begun, paid, final shipped }
    transitions {
        begun -> paid : pay
        paid -> shipped : ship
    }
}
"""
INSERTED = FIRST.replace("paid, final", "paid, packed, final").replace(
    "paid -> shipped : ship", "paid -> packed : pack\n packed -> shipped : ship"
)


def compiled(text, lock=None):
    pinned, findings = compile_saga("order.saga", text.encode(), lock)
    assert {finding.code for finding in findings} <= {"SAGA406"}
    assert pinned
    return pinned


def released(text, lock=None):
    return release_text(compiled(text, lock))


def findings(text, lock):
    return compile_saga("order.saga", text.encode(), lock).findings


def codes(text, lock):
    return [finding.code for finding in findings(text, lock)]


def positions(pinned):
    return {rule.name: rule.step for rule in pinned.latest.rows.rules}
