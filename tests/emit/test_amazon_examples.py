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
# moto takes its time: the courses of the others are slow tests.
ALWAYS = ("create_order", "order", "sign_up")


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


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in ALWAYS else pytest.mark.slow)
        for name in sorted(SAGAS.keys() - REFUSED.keys())
    ],
)
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


class Judge:
    """Takes what happened in its order, as far as the emitted module allows it."""

    def __init__(self, module: ModuleType, pinned: Pinned) -> None:
        saga = pinned.saga
        self.module = module
        self.record = module.Record(0, 0, 0, 0)
        self.rows = {step.name: step.transition for step in saga.steps}
        self.undone = {
            one.compensation: one.action for one in saga.compensations.values()
        }
        self.own = [
            name
            for name, row in saga.transitions.items()
            if by_system(row) and not saga.action(name).effect
        ]
        self.settle()

    def may(self, kind: str, action: str = "") -> Any:
        """The event of a kind and an action that is allowed, if there is one."""
        wanted = self.module.Kind[kind]
        for event in self.module.LATEST.events(self.record):
            row = event.step is not None and self.rows[event.step.name.lower()]
            if event.kind is wanted and (not row or row.action == action):
                return event
        return None

    def take(self, kind: str, action: str = "") -> None:
        event = self.may(kind, action)
        assert event, f"{kind} {action} after {self.record}"
        self.record = self.module.LATEST.apply(self.record, event)

    def settle(self) -> None:
        """Take the facts that come by themselves."""
        while ready := [name for name in self.own if self.may("BEGIN", name)]:
            self.take("BEGIN", ready[0])
            self.take("DONE", ready[0])

    def abort(self) -> None:
        if not self.record.control:
            self.take("ABORT")

    def happened(self, what: str) -> None:
        """A step, or a compensation: for the first the process was given up."""
        action, _, fails = what.partition(" ")
        if action in self.undone:
            self.abort()
            self.take("UNDO", self.undone[action])
        else:
            self.take("BEGIN", action)
            self.take("FAIL" if fails else "DONE", action)
            self.settle()


def judged(module: ModuleType, pinned: Pinned, script: Script, end: End) -> None:
    """Have the module take what happened, and the end."""
    judge = Judge(module, pinned)
    for what in script.trail:
        judge.happened(what)
    if end.error == "Compensated":
        judge.abort()
    assert (end.error == "Compensated") == bool(judge.record.control)
    if end.status != "RUNNING":
        judge.take("FINISH")
