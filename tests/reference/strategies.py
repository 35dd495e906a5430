"""Whole random sagas as text: they parse and resolve, and their steps have no cycle.

One writer serves bulk runs, with a seeded `Random`, and Hypothesis, with one of its own
that can be shrunk.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from hypothesis import strategies as st
from nets import Net, Role, doc, duration, likely, role_of

ROW = re.compile(
    r"(?P<head>.* -> )(?P<targets>\w+(?: & \w+)*)"
    r"(?P<rest>(?: else .*)? : (?P<action>\w+).*)"
)
NOISE = ('"', "{", "}", "->", "&", "|", "\x00", "é", ":", "up to", "\\", "\n", "9" * 40)


def write_saga(rng: Random, most_steps: int = 7, older: int = 0) -> str:
    """A saga of about so many steps: the text of `random.saga`.

    With so many older versions it may have upgrades from them, be they right or wrong.
    """
    net = Net(rng, rng.randint(1, most_steps))
    actions = list(net.roles)
    pairs = {a: f"undo_{a}" for a, role in net.roles.items() if role.undone}
    if len(pairs) > 1 and likely(rng, 0.1):
        pairs = dict.fromkeys(pairs, next(iter(pairs.values())))
    how = [_forward(rng, a, role) for a, role in net.roles.items()]
    how += [_backward(rng, undo) for undo in sorted({*pairs.values()})]
    performed = [line for line in how if line]
    rng.shuffle(performed)
    parts = ["aggregate random_id"]
    if likely(rng, 0.3):
        parts.append(f"expires after {duration(rng)}")
    if likely(rng, 0.3):
        parts.append(f"remember for {duration(rng)}")
    if likely(rng, 0.4):
        parts.append("abort give_up" + rng.choice(("", " by user", " by user | ops")))
    sections = {
        "states": _states(rng, net),
        "transitions": net.rows,
        "compensations": [f"{a} : {undo}" for a, undo in pairs.items()],
        "actions": performed,
        "properties": _properties(rng, net.states, actions),
        "scenarios": _scenarios(rng, net.states, actions),
        "upgrades": _upgrades(rng, older, actions) if older else [],
    }
    parts += [_block(word, lines) for word, lines in sections.items() if lines]
    if likely(rng, 0.2):
        rng.shuffle(parts)
    text = f"saga random{doc(rng)} {{\n" + "\n".join(parts) + "\n}\n"
    return text.replace("\n", "\r\n") if likely(rng, 0.05) else text


def _block(word: str, lines: Sequence[str]) -> str:
    return f"{word} {{\n    " + "\n    ".join(lines) + "\n}"


def _states(rng: Random, net: Net) -> list[str]:
    """Most states that lead nowhere are final, a few others too."""
    lines = []
    for i, name in enumerate(net.states):
        final = likely(rng, 0.85 if i in net.free and i else 0.04)
        word = rng.choice(("final ", "final ", "final failure ")) if final else ""
        lines.append(("initial " if i == 0 else word) + name + doc(rng))
    return lines


def _forward(rng: Random, name: str, role: Role) -> str:
    """How the action of a row is performed; empty if nothing is said of it."""
    clauses = _performed(rng, name, can_fail=role.can_fail) if role.performed else []
    if role.pivot:
        clauses.append("pivot")
    elif likely(rng, 0.05 if role.undone else 0.3):
        clauses.append("no undo")
    return f"{name} : {', '.join(clauses)}{doc(rng)}" if clauses else ""


def _backward(rng: Random, name: str) -> str:
    """How a compensation is performed."""
    clauses = _performed(rng, name, can_fail=likely(rng, 0.5))
    if likely(rng, 0.4):
        clauses.append("even if in doubt")
    return f"{name} : {', '.join(clauses)}{doc(rng)}"


def _performed(rng: Random, name: str, *, can_fail: bool) -> list[str]:
    clauses = ["idempotent"]
    if likely(rng, 0.5):
        clauses = ["once", rng.choice((f"probe ask_{name}", "in doubt park"))]
    if not can_fail:
        clauses.append("cannot fail")
    elif likely(rng, 0.3):
        every = f" every {duration(rng)}" if likely(rng, 0.5) else ""
        up_to = f" up to {duration(rng)}" if every and likely(rng, 0.5) else ""
        clauses.append(f"retry {rng.randint(1, 9)} times{every}{up_to}")
    if likely(rng, 0.2):
        clauses.append(f"timeout {duration(rng)}")
    return clauses


def _properties(rng: Random, states: list[str], actions: list[str]) -> list[str]:
    lines = (
        f"{rng.choice(actions)} needs {rng.choice(actions)}",
        f"never {rng.choice(actions)} with {rng.choice(actions)}",
        f"from {rng.choice(states)} always {rng.choice(states)} or compensated",
    )
    return [line for line in lines if likely(rng, 0.1)]


def _scenarios(rng: Random, states: list[str], actions: list[str]) -> list[str]:
    moves = [rng.choice(actions) + rng.choice(("", " fails")) for _ in range(3)]
    result = rng.choice((*states, "refused", "compensated", "expired"))
    line = f'"an example" : {", ".join(moves)} => {result}'
    return [line] if likely(rng, 0.15) else []


def _upgrades(rng: Random, older: int, actions: list[str]) -> list[str]:
    lines = (
        f"from {rng.randint(1, older)} waive {rng.choice(actions)}"
        f" when {rng.choice(actions)}"
        for _ in range(rng.choice((0, 1, 1, 2, 3)))
    )
    return list(dict.fromkeys(lines))


def insert_step(rng: Random, text: str) -> str:
    """The text with a new step after some row, and an upgrade that waives it.

    It is waived where some row of old has begun: one that follows it, if chance will.
    """
    lines = text.splitlines()
    at = rng.choice([n for n, line in enumerate(lines) if " -> " in line])
    row = ROW.fullmatch(lines[at])
    assert row, lines[at]
    targets = row["targets"].split(" & ")
    moved = targets.pop(rng.randrange(len(targets)))
    number = sum(" : new_step" in line for line in lines)
    state, step = f"new_state_{number}", f"new_step_{number}"
    lines[at] = f"{row['head']}{' & '.join([*targets, state])}{row['rest']}"
    lines.insert(at + 1, f"    {state} -> {moved} : {step}")
    lines.insert(lines.index("states {") + 1, f"    {state}")
    how = [line for line in (_forward(rng, step, role_of(rng)),) if line]
    if how:
        lines.insert(-1, _block("actions", how))
    rows = [found for line in lines if (found := ROW.fullmatch(line))]
    after = [r["action"] for r in rows if moved in re.findall(r"\w+", r["head"])]
    every = [r["action"] for r in rows if r["action"] != step]
    when = rng.choice(after if after and likely(rng, 0.8) else every)
    older = 1 + number
    lines.insert(-1, _block("upgrades", [f"from {older} waive {step} when {when}"]))
    return "\n".join(lines) + "\n"


def mutate(rng: Random, text: str) -> str:
    """The text with a few slips of the pen, or of a hostile hand."""
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(text))
        to = min(len(text), at + rng.randint(0, 30))
        match rng.randrange(4):
            case 0:
                text = text[:at] + text[to:]
            case 1:
                text = text[:at] + rng.choice(NOISE) + text[at:]
            case 2:
                text = text[:to] + text[at:to] + text[to:]
            case _:
                words = text.split(" ")
                words[rng.randrange(len(words))] = rng.choice(words)
                text = " ".join(words)
    return text


def sagas(most_steps: int = 7, older: int = 0) -> st.SearchStrategy[str]:
    """Texts that parse and resolve, with upgrades from so many older versions."""
    randoms = st.randoms(use_true_random=False)
    return randoms.map(lambda rng: write_saga(rng, most_steps, older))


def broken_sagas() -> st.SearchStrategy[str]:
    """Texts that are nearly sagas."""
    randoms = st.randoms(use_true_random=False)
    return randoms.map(lambda rng: mutate(rng, write_saga(rng, older=2)))
