"""What is compiled and run: sagas, and the same machines in the words of the peers."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple


class Row(NamedTuple):
    """One transition between two states."""

    source: str
    target: str
    action: str


def line(steps: int) -> list[Row]:
    """One step after the other."""
    return [Row(f"s{i}", f"s{i + 1}", f"go_{i}") for i in range(steps)]


def branching(transitions: int) -> list[Row]:
    """Five steps, of which two can be skipped by a sixth, again and again."""
    rows: list[Row] = []
    at = 0
    while len(rows) < transitions:
        if len(rows) % 6 == 3:
            rows.append(Row(f"s{at - 2}", f"s{at}", f"skip_{len(rows)}"))
        else:
            rows.append(Row(f"s{at}", f"s{at + 1}", f"go_{len(rows)}"))
            at += 1
    return rows


def saga(name: str, rows: list[Row], more: str = "") -> str:
    """The rows as a saga that begins at the first state and ends at the last."""
    states = _states(rows)
    declared = [f"initial {states[0]}", *states[1:-1], f"final {states[-1]}"]
    return _text(
        name, declared, [f"{r.source} -> {r.target} : {r.action}" for r in rows], more
    )


def effects(name: str, rows: list[Row]) -> str:
    """The rows as a saga whose every second action has an effect and an undo."""
    actions = [row.action for row in rows[::2]]
    performed = "\n".join(f"        {action} : idempotent" for action in actions)
    undone = "\n".join(f"        {action} : undo_{action}" for action in actions)
    undos = "\n".join(f"        undo_{action} : idempotent" for action in actions)
    more = f"    compensations {{\n{undone}\n    }}\n"
    more += f"    actions {{\n{performed}\n{undos}\n    }}\n"
    return saga(name, rows, more)


def performed(name: str, steps: int) -> str:
    """Steps one after the other that are performed at once, each asked about."""
    names = [f"s{i}" for i in range(steps + 1)]
    actions = "".join(
        f"        do_{i} : once, probe asked_{i}, no undo\n" for i in range(steps)
    )
    return _text(
        name,
        [f"initial {names[0]}", *names[1:-1], f"final {names[-1]}"],
        [
            f"{source} -> {target} : do_{i} by system"
            for i, (source, target) in enumerate(pairwise(names))
        ],
        f"    actions {{\n{actions}    }}\n",
    )


def parallel(name: str, branches: int, length: int, more: str = "") -> str:
    """A fork into branches of several steps each, their join, and a last step."""
    names = [
        [f"b{branch}_{i}" for i in range(length + 1)] for branch in range(branches)
    ]
    starts = " & ".join(branch[0] for branch in names)
    ends = " & ".join(branch[-1] for branch in names)
    rows = [f"ready -> {starts} : split"]
    for branch in names:
        rows += [
            f"{source} -> {target} : make_{target}"
            for source, target in pairwise(branch)
        ]
    rows += [f"{ends} -> joined : join", "joined -> over : ship"]
    inner = [state for branch in names for state in branch]
    return _text(name, ["initial ready", *inner, "joined", "final over"], rows, more)


def undone_in_parallel(name: str, branches: int, length: int) -> str:
    """The same where all steps in the branches have an effect, and a pivot follows."""
    makes = [f"make_b{b}_{i + 1}" for b in range(branches) for i in range(length)]
    performed = "".join(f"        {make} : idempotent\n" for make in makes)
    undone = "".join(f"        {make} : un{make}\n" for make in makes)
    undos = "".join(f"        un{make} : idempotent\n" for make in makes)
    return parallel(
        name,
        branches,
        length,
        f"    compensations {{\n{undone}    }}\n"
        f"    actions {{\n{performed}{undos}        ship : idempotent, pivot\n    }}\n"
        f"    properties {{\n        ship needs {makes[-1]}\n    }}\n",
    )


def promela(needs: list[list[int]]) -> str:
    """Steps and those that each waits for, in the language of SPIN."""
    options = [
        "    :: atomic { "
        + " && ".join([f"!done[{step}]", *(f"done[{other}]" for other in needed)])
        + f" -> done[{step}] = true }}\n"
        for step, needed in enumerate(needs)
    ]
    last = len(needs) - 1
    return (
        f"bool done[{len(needs)}];\nactive proctype saga() {{\n    do\n"
        f"{''.join(options)}    :: done[{last}] -> break\n    od\n}}\n"
    )


def smcat(rows: list[Row]) -> str:
    """The rows in the language of state-machine-cat."""
    arrows = [f"{row.source} => {row.target} : {row.action};" for row in rows]
    first, last = rows[0].source, rows[-1].target
    return "\n".join([f"initial => {first};", *arrows, f"{last} => final;\n"])


def protobuf(messages: int) -> str:
    """As many messages of one field each."""
    head = 'syntax = "proto3";\n\npackage bench.v1;\n\n'
    return head + "\n".join(
        f"message Go{i} {{\n  string action_{i} = 1;\n}}\n" for i in range(messages)
    )


def _states(rows: list[Row]) -> list[str]:
    names = [name for row in rows for name in (row.source, row.target)]
    return list(dict.fromkeys(names))


def _text(name: str, states: list[str], rows: list[str], more: str) -> str:
    declared = "".join(f"        {state}\n" for state in states)
    table = "".join(f"        {row}\n" for row in rows)
    return (
        f"saga {name} {{\n    aggregate order_id\n    states {{\n{declared}    }}\n"
        f"    transitions {{\n{table}    }}\n{more}}}\n"
    )
