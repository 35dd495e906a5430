"""The comparison is no formality: whatever is taken out of the guards, it misses."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import or_

import pytest
from comparison import Difference
from subjects import of_machine, random_sagas

from sagadsl.machine import Machine
from sagadsl.machine.guards import Guards
from sagadsl.machine.plans import Alternative, Place, Plan

REAL_GUARDS = Guards.of


def plans(change: Callable[[Plan], Plan]) -> Callable[[Guards], Guards]:
    return lambda g: g._replace(plans=tuple(change(plan) for plan in g.plans))


def alternatives(
    change: Callable[[Alternative], Alternative],
) -> Callable[[Guards], Guards]:
    return plans(
        lambda plan: plan._replace(alternatives=tuple(map(change, plan.alternatives)))
    )


def places(change: Callable[[Place], Place]) -> Callable[[Guards], Guards]:
    """Another view of the states, for the guards and for where a record stands."""
    inside = alternatives(lambda a: a._replace(places=tuple(map(change, a.places))))
    return lambda g: inside(g)._replace(places=tuple(map(change, g.places)))


def but_last(mask: int) -> int:
    """The mask without its highest bit."""
    return mask & ~(1 << mask.bit_length() >> 1)


def all_rivals(plan: Plan) -> int:
    """The rivals of a step for any of its alternatives, as one mask."""
    return reduce(or_, (each.rivals for each in plan.alternatives))


MUTANTS = {
    "no rivals": alternatives(lambda a: a._replace(rivals=0)),
    "a rival less": alternatives(lambda a: a._replace(rivals=but_last(a.rivals))),
    "rivals of all alternatives": plans(
        lambda plan: plan._replace(
            alternatives=tuple(
                each._replace(rivals=all_rivals(plan)) for each in plan.alternatives
            )
        )
    ),
    "the first alternative only": plans(
        lambda plan: plan._replace(alternatives=plan.alternatives[:1])
    ),
    "a join of one": alternatives(lambda a: a._replace(places=a.places[:1])),
    "nothing after": plans(lambda plan: plan._replace(after=0)),
    "not all after": plans(lambda plan: plan._replace(after=but_last(plan.after))),
    "after itself": plans(lambda plan: plan._replace(after=plan.after | plan.bit)),
    "all can fail": plans(lambda plan: plan._replace(fallible=True)),
    "none can fail": plans(lambda plan: plan._replace(fallible=False)),
    "all undone in doubt": plans(lambda plan: plan._replace(undo_in_doubt=True)),
    "none undone in doubt": plans(lambda plan: plan._replace(undo_in_doubt=False)),
    "no pivots": lambda g: g._replace(pivots=0),
    "a pivot less": lambda g: g._replace(pivots=but_last(g.pivots)),
    "no effects": lambda g: g._replace(effects=0),
    "no dead ends": lambda g: g._replace(dead_ends=0),
    "dead ends everywhere": lambda g: g._replace(dead_ends=g.steps),
    "failures lead nowhere": places(lambda place: place._replace(failers=0)),
    "a producer less": places(lambda p: p._replace(producers=but_last(p.producers))),
    "states never left": places(lambda place: place._replace(consumers=0)),
    "no failure is final": places(
        lambda place: place._replace(kind=place.kind.removeprefix("final failure"))
    ),
    "everything initial": places(lambda place: place._replace(kind="initial")),
}


def missed() -> str:
    """What the comparison says of a few random sagas; empty if it finds nothing."""
    try:
        for pinned in random_sagas(range(60), 5):
            of_machine(pinned).run(most=60)
    except Difference as difference:
        return str(difference)
    return ""


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_of_the_guards_is_found(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One datum of the guards is wrong, and some saga shows it."""
    mutate = MUTANTS[name]
    monkeypatch.setattr(Guards, "of", lambda table: mutate(REAL_GUARDS(table)))
    assert missed()


@pytest.mark.parametrize("answer", ["", "no run leads here"])
def test_blind_judge_is_found(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records are judged, neither waved through nor turned away."""
    monkeypatch.setattr(Guards, "why_unreachable", lambda guards, record: answer)
    assert missed().startswith("is_valid")


@pytest.mark.parametrize("forgotten", ["need", "block"])
def test_careless_short_way_is_found(
    forgotten: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one comparison by which `advance` mostly decides is looked at on its own."""
    real = Machine._quick_guards

    def careless(self: Machine) -> dict[int | str, tuple[int, int, int]]:
        return {
            step: (need, need, bit) if forgotten == "block" else (care & ~need, 0, bit)
            for step, (care, need, bit) in real(self).items()
        }

    monkeypatch.setattr(Machine, "_quick_guards", careless)
    assert missed().startswith("advance")


def test_real_machine_is_not() -> None:
    """What finds the mutants finds nothing in the machine itself."""
    assert not missed()
