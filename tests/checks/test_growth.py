"""The work of resolving and checking grows with the saga, not with its square."""

from __future__ import annotations

import sys

import pytest

from sagadsl.checks import check_saga
from sagadsl.parser import parse_saga
from sagadsl.resolve import resolve_saga
from sagadsl.source import Source


def chain(size):
    """One row after the other, each with an effect."""
    rows = [f"s{n} -> s{n + 1} : a{n}" for n in range(size)]
    states = ["initial s0", *(f"s{n}" for n in range(1, size)), f"final s{size}"]
    undoes = [f"a{n} : u{n}" for n in range(size)]
    rules = [f"{kind}{n} : idempotent" for n in range(size) for kind in "au"]
    return states, rows, undoes, rules


def star(size):
    """All rows lead from one state, by choice, to one state."""
    rows = [f"s0 -> done : a{n}" for n in range(size)]
    return ["initial s0", "final done"], rows, [], []


def fork(size):
    """One fork into as many branches as there are, and one join."""
    states = [f"{kind}{n}" for n in range(size) for kind in "st"]
    rows = [f"s{n} -> t{n} : a{n}" for n in range(size)]
    rows.append("begun -> " + " & ".join(f"s{n}" for n in range(size)) + " : split")
    rows.append(" & ".join(f"t{n}" for n in range(size)) + " -> done : join")
    return ["initial begun", *states, "final done"], rows, [], []


def pivots(size):
    """A pivot, and a long way after it."""
    states, rows, _, _ = chain(size)
    rules = [f"a{n} : idempotent, cannot fail" for n in range(1, size)]
    return states, rows, [], ["a0 : idempotent, pivot", *rules]


def loose(size):
    """Nothing leads anywhere: as many findings as there are states."""
    states = [f"s{n}" for n in range(size)]
    return ["initial begun", *states, "final done"], ["begun -> done : end"], [], []


def apart(size):
    """A long chain that nothing leads to: one finding."""
    states, rows, _, _ = chain(size)
    states[0] = "s0"
    return ["initial begun", *states], [*rows, f"begun -> s{size} : end"], [], []


def loops(size):
    """As many loops as there are, one after the other."""
    states, rows, _, _ = chain(size)
    backs = [f"s{n + 1} -> s{n} : b{n} up to 2 times" for n in range(0, size, 2)]
    return states, rows + backs, [], []


def saga_of(states, rows, undoes, rules):
    blocks = {
        "states": states,
        "transitions": rows,
        "compensations": undoes,
        "actions": rules,
    }
    text = "\n".join(
        f"{word} {{\n" + "\n".join(items) + "\n}" for word, items in blocks.items()
    )
    source = Source("big.saga", f"saga big {{\naggregate id\n{text}\n}}\n")
    syntax, findings = parse_saga(source)
    assert not findings
    return syntax


def judge(syntax):
    saga, findings = resolve_saga(syntax)
    assert saga, findings
    check_saga(saga)


def lines_run(syntax) -> int:
    """How many lines of Python resolve and check a saga."""
    count = 0

    def trace(frame, event, _):
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        judge(syntax)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("shape", [chain, star, fork, pivots, loose, apart, loops])
def test_twice_the_saga_is_twice_the_work(shape):
    small, large = (lines_run(saga_of(*shape(size))) for size in (200, 400))
    assert large < 2.1 * small
