"""Calls into an emitted validator, beside the same calls elsewhere."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from importlib import util
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

import peers
import samples
from timing import Call, Measured, Target, each_call, each_time, interleaved

ROUNDS = 101
CALLS = 6_000
LOG = 6
NEW_MASKS = 60_000

OF_EMPTY = Target(3)
OF_TRANSITIONS = Target(80, faster=True)


def measure(
    build: Callable[[str, str], Path], order: str, folder: Path
) -> Iterator[Measured]:
    """Lines about one transition and about a replay."""
    line6 = validator(build("line6", samples.saga("line6", samples.line(6))))
    validators = {
        "6 steps": line6,
        "order.saga": validator(build("order", order)),
        "60 steps": validator(
            build("line60", samples.saga("line60", samples.line(60)))
        ),
    }
    calls = {name: _calls(_walk(module)) for name, module in validators.items()}
    for name, module in validators.items():
        yield _beside_empty(f"`advance`, {name}", module, calls[name])
    named = [(mask, step.name.lower()) for mask, step in calls["6 steps"]]
    yield _beside_empty("`advance`, 6 steps, by name", line6, named)
    wide = validator(build("wide", samples.parallel("wide", 19, 3)))
    new = list(islice(_random_walks(wide), NEW_MASKS))
    yield _beside_empty("`advance`, 60 steps, masks never seen before", wide, new)
    sys.path.insert(0, str(peers.python_packages(folder)))
    for name, module in validators.items():
        if name != "order.saga":
            yield _beside_trigger(name, module, calls[name])
    yield from _replays(line6)


def _beside_empty(what: str, module: ModuleType, calls: list[Call]) -> Measured:
    def empty(mask: int, step: int) -> None:
        pass

    runs = {
        "ours": each_call(module.advance, calls),
        "peer": each_call(empty, calls),
    }
    taken = interleaved(runs, ROUNDS)
    return Measured(what, taken["ours"], "empty function", taken["peer"], OF_EMPTY)


def _beside_trigger(name: str, module: ModuleType, calls: list[Call]) -> Measured:
    steps = len(module.Step)
    restart, triggers = _transitions_machine(steps)

    def through() -> None:
        restart()
        for trigger in triggers:
            trigger()

    whole = each_time(through, CALLS // 10 // steps + 1)
    runs = {"ours": each_call(module.advance, calls), "peer": lambda: whole() / steps}
    taken = interleaved(runs, ROUNDS)
    what = f"`advance`, {name}"
    ours, theirs = taken["ours"], taken["peer"]
    return Measured(what, ours, "transitions", theirs, OF_TRANSITIONS)


def _replays(module: ModuleType) -> Iterator[Measured]:
    log = [step for _, step in _walk(module)]
    names = [row.action for row in samples.line(LOG)]
    restart, triggers = _transitions_machine(LOG)
    of_name = dict(zip(names, triggers, strict=True))

    def transitions() -> None:
        restart()
        for name in names:
            of_name[name]()

    runs = {
        "ours": each_time(lambda: module.replay(log), CALLS // LOG),
        "by name": each_time(lambda: module.replay(names), CALLS // LOG),
        "transitions": each_time(transitions, 60),
        "transitions, new model": each_time(_with_new_model(names), 30),
        "python-statemachine": each_time(_with_new_machine(names), 6),
    }
    taken = interleaved(runs, ROUNDS)
    for peer, bound in (
        ("transitions", 150),
        ("transitions, new model", 150),
        ("python-statemachine", 1_500),
    ):
        target = Target(bound, faster=True)
        yield Measured(
            f"replay of {LOG} events", taken["ours"], peer, taken[peer], target
        )
    what = f"replay of {LOG} events, by name"
    ours, theirs = taken["by name"], taken["transitions"]
    yield Measured(what, ours, "transitions", theirs, Target(150, faster=True))


def _with_new_model(names: list[str]) -> Callable[[], None]:
    shared, model = _transitions_of_models(LOG)

    def replay() -> None:
        process = model()
        shared.add_model(process)
        for name in names:
            process.trigger(name)
        shared.remove_model(process)

    return replay


def _with_new_machine(names: list[str]) -> Callable[[], None]:
    machine = _statemachine_class(LOG)

    def replay() -> None:
        process = machine()
        for name in names:
            process.send(name)

    return replay


def validator(path: Path) -> ModuleType:
    """The emitted module, imported from where it was built."""
    spec = util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _walk(module: ModuleType) -> list[Call]:
    """From the start to an end, by the first step allowed: masks and steps."""
    calls: list[Call] = []
    mask = 0
    while allowed := module.allowed(mask):
        calls.append((mask, allowed[0]))
        mask = module.advance(mask, allowed[0])
    return calls


def _random_walks(module: ModuleType) -> Iterator[Call]:
    """Masks and steps of random runs, in the order of an unsorted store."""
    choose = random.Random(1).choice
    while True:
        mask = 0
        while allowed := module.allowed(mask):
            step = choose(allowed)
            yield mask, step
            mask |= 1 << step


def _calls(walk: list[Call]) -> list[Call]:
    return walk * (CALLS // len(walk))


def _transitions_machine(
    steps: int,
) -> tuple[Callable[[], None], list[Callable[[], Any]]]:
    """How to put a machine of `transitions` at its start, and its triggers in order."""
    from transitions import Machine

    rows = samples.line(steps)
    machine = Machine(**_transitions_arguments(steps))

    def restart() -> None:
        machine.state = rows[0].source

    return restart, [getattr(machine, row.action) for row in rows]


def _transitions_of_models(steps: int) -> tuple[Any, type[Any]]:
    """One machine of `transitions` for many models, and what such a model is."""
    from transitions import Machine

    class Process:
        pass

    return Machine(model=None, **_transitions_arguments(steps)), Process


def _transitions_arguments(steps: int) -> dict[str, Any]:
    rows = samples.line(steps)
    return {
        "states": [rows[0].source, *(row.target for row in rows)],
        "transitions": [[row.action, row.source, row.target] for row in rows],
        "initial": rows[0].source,
        "auto_transitions": False,
    }


def _statemachine_class(steps: int) -> Any:
    """A machine of `python-statemachine`, one instance for each process."""
    from statemachine import State, StateMachine

    states = [
        State(initial=i == 0, final=i == steps, name=f"s{i}") for i in range(steps + 1)
    ]
    members: dict[str, Any] = {f"s{i}": state for i, state in enumerate(states)}
    for i, row in enumerate(samples.line(steps)):
        members[row.action] = states[i].to(states[i + 1])
    return type("Line", (StateMachine,), members)
