"""The agreement is no formality: a slip in the formula or in the search shows in it.

The sagas are those of `test_engines`, which finds nothing in them as they are.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator
from types import FunctionType, ModuleType

import explicit
import pytest
from agreement import agree
from subjects import random_sagas

from sagadsl.checks import _plain
from sagadsl.model import Saga
from sagadsl.proofs import formula, proof, questions, run

SAGAS: list[Saga] = []

# In which module, what is written there, and what stands there instead.
MUTANTS = {
    "rivals are not ruled out": (formula, ", -self._taken[place.name])", ",)"),
    "nothing is to be reached": (
        formula,
        "(self.reached[place.name], -self._taken[place.name])",
        "(-self._taken[place.name],)",
    ),
    "closed without having begun": (formula, "(-closed, begun)", "(-closed, closed)"),
    "no failure leads anywhere": (formula, "any_of((*done, *failed))", "any_of(done)"),
    "ends are reached from the start": (formula, '.kind == "initial"', ".kind"),
    "states are never left": (formula, "(reached, -self._taken[state])", "(reached,)"),
    "a join of one": (
        formula,
        "all_of(self.held[place.name] for",
        "any_of(self.held[place.name] for",
    ),
    "all can fail": (formula, " if plan.fallible else (-lanes.closed,)", ""),
    "none can fail": (
        formula,
        "(-lanes.closed, -lanes.done) if plan.fallible else ",
        "",
    ),
    "a pivot that failed is past": (
        formula,
        "lanes.open for lanes",
        "lanes.begun for lanes",
    ),
    "every failure gives up": (formula, "guards.dead_ends", "guards.steps"),
    "an end in doubt": (formula, "                -self.in_doubt,\n", ""),
    "an end beside other work": (
        formula,
        "                *(-self.held[state] for state in others),\n",
        "",
    ),
    "a failure is no end": (formula, '("final", "final failure")', '("final",)'),
    "one is two": (proof, "self.solver.all_of((one, literal))", "literal"),
    "nothing follows the first": (
        questions,
        "yield key, run\n",
        "yield key, run; return\n",
    ),
    "forks of two are none": (proof, "len(states) > 1", "len(states) > 2"),
    "a record without failures": (formula, "bit if lanes.closed in case else 0", "0"),
    "a run without steps in doubt": (
        run,
        "if not record.begun & plan.bit:",
        "if not (record.done | record.closed) & plan.bit:",
    ),
    "joins are plain": (_plain, "if len(way) == 1:", "if way:"),
    "pivots are plain": (_plain, "before_pivot and pivot", "before_pivot and not step"),
    "the search knows no failure": (explicit, '"done", "fail")', '"done")'),
    "the search sees one rival": (explicit, "(system, 2)", "(system, 3)"),
    "the search ends in doubt": (
        explicit,
        'self.reference.may(record, Event("finish"))',
        "self.reference.is_final(record)",
    ),
    "the search is stuck at each failure": (explicit, "(dead and", "(not dead and"),
}


def functions(module: ModuleType) -> Iterator[tuple[str, FunctionType]]:
    """The functions and methods that are written in a module, by their names."""
    for holder in (module, *vars(module).values()):
        if holder is module or inspect.isclass(holder):
            for value in vars(holder).values():
                function = getattr(value, "fget", getattr(value, "func", value))
                code = getattr(function, "__code__", None)
                if code and code.co_filename == module.__file__:
                    yield function.__qualname__, function


def slip(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, old: str, new: str
) -> None:
    """Let a module do what it would if something else were written in it."""
    assert module.__file__
    text = inspect.getsource(module)
    assert text.count(old), f"{module.__name__} has changed: {old}"
    copy = ModuleType(module.__name__)
    copy.__file__ = module.__file__
    exec(compile(text.replace(old, new), module.__file__, "exec"), vars(copy))
    changed = dict(functions(copy))
    for name, function in functions(module):
        monkeypatch.setattr(function, "__code__", changed[name].__code__)
        monkeypatch.setattr(function, "__defaults__", changed[name].__defaults__)
    for name, value in vars(copy).items():
        if name.isupper():
            monkeypatch.setattr(module, name, value)


def missed() -> bool:
    """Whether the agreement on some hundred random sagas is broken."""
    if not SAGAS:
        SAGAS.extend(pinned.saga for pinned in random_sagas(range(400), 6))
    try:
        for saga in SAGAS:
            agree(saga, Counter())
    except (AssertionError, ValueError, LookupError):
        return True
    return False


@pytest.mark.parametrize("name", MUTANTS)
def test_slip_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    slip(monkeypatch, *MUTANTS[name])
    assert missed()
