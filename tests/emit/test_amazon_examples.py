"""The examples as moto's interpreter runs them: their scenarios, each failure.

What was called is judged by the emitted module: each call and each compensation had to
be allowed when it came, and so had the end.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from modules import emitted, load
from step_functions import End, Functions, execute, step_functions

from sagadsl.driver import check_targets, compile_saga
from sagadsl.emit.amazon_states import emit_amazon_states
from sagadsl.model import Pinned, Transition

EXAMPLES = Path(__file__).parents[2] / "examples"
# Expiry is refused, and pauses between attempts would be waited for.
LEFT_OUT = re.compile(
    r"^ +expires after .*\n|, retry \d+ times( every \d+ \w+)?( up to \d+ \w+)?",
    re.MULTILINE,
)
SAGAS = {
    path.stem: LEFT_OUT.sub("", path.read_text("utf-8"))
    for path in sorted(EXAMPLES.rglob("*.saga"))
    if "as_published" not in path.parent.name
}
REFUSED = {"sylius_order": "nothing says which of its rows is taken"}


class Course(NamedTuple):
    """What is to happen to a process, and how it ends if a scenario says so."""

    moves: tuple[str, ...]
    result: str = ""


class Script(Functions):
    """Actors who ask for what a course says; `trail` is what comes of it."""

    def __init__(self, saga: Pinned) -> None:
        super().__init__()
        self.rows = saga.saga.transitions
        actions = saga.saga.actions.items()
        self.performed = {name for name, one in actions if one.performed}

    def begin(self, course: Course) -> None:
        """Forget the course before this one."""
        self.trail: list[str] = []
        self.left: list[str] = []
        self.since = time.monotonic()
        self.waiting.clear()
        self.acts.clear()
        for move in course.moves:
            action, _, fails = move.partition(" ")
            if action in self.performed:
                self.acts[action].append("fail" if fails else None)
            if not by_system(self.rows[action]):
                self.left.append(action)

    def invoke(self, name: str, body: str, headers: dict[str, str]) -> bytes:
        calls = len(self.calls)
        said = super().invoke(name, body, headers)
        if len(self.calls) > calls:
            failed = "x-amz-function-error" in headers
            self.trail.append(f"{name} fails" if failed else name)
        self.since = time.monotonic()
        return said

    def answer(self, client: Any) -> None:
        for given in list(self.waiting):
            action = self._asks_for(given)
            if action:
                self.waiting.remove(given)
                self.left.remove(action)
                if action not in self.performed:
                    self.trail.append(action)
                output = f'{{"event": "{action}"}}'
                client.send_task_success(taskToken=given["token"], output=output)

    def silent(self) -> bool:
        asked = any(map(self._asks_for, self.waiting))
        quiet = time.monotonic() - self.since > 1.5
        return bool(self.waiting) and not asked and quiet

    def _asks_for(self, given: dict[str, Any]) -> str | None:
        return next((one for one in self.left if one in given["events"]), None)


def by_system(row: Transition) -> bool:
    return row.trigger.actors == ("system",)


def compiled(name: str) -> Pinned:
    pinned, findings = compile_saga(f"{name}.saga", SAGAS[name].encode(), None)
    assert pinned, findings
    return pinned


def courses(pinned: Pinned) -> Iterator[Course]:
    """The scenarios that end without a timer, and each step failing once."""
    saga = pinned.saga
    timed = {name for name, row in saga.transitions.items() if row.trigger.delay}
    failed = {name for name, one in saga.actions.items() if one.row.cannot_fail}
    for scenario in saga.scenarios:
        moves = tuple(move.text for move in scenario.moves)
        if scenario.result in ("refused", "expired") or timed.intersection(moves):
            continue
        yield Course(moves, scenario.result)
        for n, action in enumerate(moves):
            if saga.action(action).effect and action not in failed:
                failed.add(action)
                yield Course((*moves[:n], f"{action} fails"))


@pytest.mark.parametrize("name", SAGAS)
def test_each_example_is_expressed_or_refused_with_a_reason(name):
    found = check_targets(compiled(name), ["amazon-states"])
    reasons = [REFUSED[name]] if name in REFUSED else []
    assert [one.label for one in found] == reasons


@pytest.mark.parametrize("name", sorted(SAGAS.keys() - REFUSED.keys()))
def test_what_is_called_is_what_the_saga_allows(name, tmp_path):
    pinned = compiled(name)
    path = tmp_path / f"{name}_saga.py"
    path.write_text(emitted(Path(f"{name}.saga"), SAGAS[name].encode()))
    module = load(path)
    script = Script(pinned)
    with step_functions(script, emit_amazon_states(pinned)) as client:
        for number, course in enumerate(courses(pinned)):
            script.begin(course)
            end = execute(script, client, str(number))
            judged(module, pinned, script, end)
            if course.result == "compensated":
                assert end.error == "Compensated", course
            elif course.result and end.status == "FAILED":
                assert end.error == course.result, course


def judged(module: ModuleType, pinned: Pinned, script: Script, end: End) -> None:
    """Have the module take what happened, in its order, and the end."""
    machine, kind = module.LATEST, module.Kind
    rows = {step.name: step.transition for step in pinned.saga.steps}
    undone = {one.compensation: name for name, one in pinned.saga.compensations.items()}
    record = module.Record(0, 0, 0, 0)

    def may(wanted: Any, action: str = "") -> Any:
        """The event of a kind and an action that is allowed, if there is one."""
        for event in machine.events(record):
            row = event.step is not None and rows[event.step.name.lower()]
            if event.kind is wanted and (not row or row.action == action):
                return event
        return None

    def take(wanted: Any, action: str = "") -> None:
        nonlocal record
        event = may(wanted, action)
        assert event, (wanted, action, script.trail)
        record = machine.apply(record, event)

    def settle() -> None:
        """Take the facts that come by themselves."""
        facts = [row for row in script.rows.values() if by_system(row)]
        while ready := [
            row.action
            for row in facts
            if row.action not in script.performed and may(kind.BEGIN, row.action)
        ]:
            take(kind.BEGIN, ready[0])
            take(kind.DONE, ready[0])

    settle()
    for what in script.trail:
        action, _, fails = what.partition(" ")
        if action in undone:
            if not record.control:
                take(kind.ABORT)
            take(kind.UNDO, undone[action])
        else:
            take(kind.BEGIN, action)
            take(kind.FAIL if fails else kind.DONE, action)
            settle()
    if end.error == "Compensated" and not record.control:
        take(kind.ABORT)
    assert (end.error == "Compensated") == bool(record.control)
    if end.status != "RUNNING":
        take(kind.FINISH)
