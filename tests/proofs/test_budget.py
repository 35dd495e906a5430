"""A question that is too hard ends in a finding, soon, and not in silence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from time import process_time

import pytest

from sagadsl.checks import check_saga
from sagadsl.model import Saga
from sagadsl.parser import parse_saga
from sagadsl.resolve import resolve_saga
from sagadsl.source import Source


def saga_of(states: list[str], rows: list[str]) -> Saga:
    inside = f"states {{ {', '.join(states)} }}\ntransitions {{ {', '.join(rows)} }}"
    text = f"saga hard {{\naggregate id\n{inside}\n}}\n"
    tree, findings = parse_saga(Source("hard.saga", text))
    assert tree, findings
    saga, findings = resolve_saga(tree)
    assert saga, findings
    return saga


def couriers(count: int) -> Saga:
    """As many couriers as vans, each of whom takes any: the last one finds one too."""
    each = range(count)
    waiting = [f"{kind}{n}" for kind in "cv" for n in each]
    rows = [f"begun -> {' & '.join(waiting)} : open_the_yard"]
    rows += [f"c{n} & v{m} -> t{n} : c{n}_v{m}" for n in each for m in each]
    tours = [f"t{n}" for n in each]
    rows.append(f"{' & '.join(tours)} -> done : close_the_yard")
    return saga_of(["initial begun", *waiting, *tours, "final done"], rows)


def pigeons(holes: int) -> Saga:
    """One pigeon more than holes: each sits down in one or flies away.

    `crow` waits for all to sit, which cannot be.
    """
    birds = range(holes + 1)
    start = [f"p{n}" for n in birds] + [f"h{m}" for m in range(holes)]
    sitting = [f"s{n}" for n in birds]
    gone = [f"g{n}" for n in birds]
    empty = [f"e{m}" for m in range(holes)]
    rows = [f"dawn -> {' & '.join(start)} : wake"]
    for n in birds:
        rows += [f"p{n} & h{m} -> s{n} & e{m} : sit_{n}_{m}" for m in range(holes)]
        rows += [f"p{n} -> g{n} : leave_{n}", f"s{n} -> g{n} : fly_{n}"]
    rows += [f"h{m} -> e{m} : stay_empty_{m}" for m in range(holes)]
    rows.append(f"{' & '.join(sitting)} -> {' & '.join(gone)} : crow")
    rows.append(f"{' & '.join([*gone, *empty])} -> dusk : sleep")
    states = ["initial dawn", *start, *sitting, *gone, *empty, "final dusk"]
    return saga_of(states, rows)


def verdict(saga: Saga) -> list[str]:
    return [finding.message for finding in check_saga(saga)]


def test_a_few_are_proved() -> None:
    assert verdict(couriers(6)) == []
    assert verdict(pigeons(6)) == ["`crow` can never happen"]


@pytest.mark.parametrize(
    ("saga", "rule"), [(couriers(12), "stuck"), (pigeons(14), "never-happens")]
)
def test_many_are_not_proved_and_that_is_said(saga: Saga, rule: str) -> None:
    """Soon, and of each question that was not answered."""
    before = process_time()
    found = check_saga(saga)
    assert process_time() - before < 2
    assert {finding.code for finding in found} == {"SAGA511"}
    first = f"`{rule}` is neither proved nor refuted within the budget"
    assert found[0].message == first


def test_the_solver_is_told_the_same_on_every_machine() -> None:
    """Else the same saga might be proved here and not there."""
    script = """
import sys
from pathlib import Path
from sagadsl.driver import compile_saga
from sagadsl.proofs.solver import Solver

require, told = Solver.require, []
Solver.require = lambda self, *clause: (told.append(clause), require(self, *clause))
compile_saga("sound.saga", Path(sys.argv[1]).read_bytes(), None)
print(told)
"""
    told = {
        subprocess.run(
            [
                sys.executable,
                "-c",
                script,
                Path(__file__).parent / "planted/sound.saga",
            ],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(told) == 1
    assert len(told.pop()) > 1000
