"""The machine, and what is emitted of it, does what the reference does."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from comparison import Comparison, Tally
from hypothesis import HealthCheck, given, settings
from strategies import broken_sagas, sagas
from subjects import of_machine, of_module, pinned_of, random_sagas

import sagadsl.machine
from sagadsl.driver import compile_saga
from sagadsl.model import Pinned

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").rglob("*.saga"))
UNHURRIED = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def compare(
    subject: Callable[[Pinned], Comparison], seeds: range, most_steps: int, most: int
) -> list[Tally]:
    """Compare random sagas, save those with too many records."""
    tallies = [subject(p).run(most) for p in random_sagas(seeds, most_steps)]
    return [tally for tally in tallies if tally]


@pytest.mark.parametrize("first", range(0, 100, 25))
def test_machine_does_what_the_reference_does(
    first: int, record_property: Callable[[str, object], None]
) -> None:
    """On every record and mask that can be, and on every one that is one bit away."""
    tallies = compare(of_machine, range(first, first + 25), 6, 100)
    evaluations = sum(tally.evaluations for tally in tallies)
    record_property("evaluations", evaluations)
    assert len(tallies) > 20
    assert evaluations > 50_000
    assert sum(tally.exact for tally in tallies) > 0.7 * len(tallies)


def test_emitted_module_does_what_the_reference_does(tmp_path: Path) -> None:
    """The text of the validator is the machine, down to the last refusal."""
    seeds = range(1000, 1050)
    assert len(compare(lambda p: of_module(p, tmp_path), seeds, 5, 60)) > 35


@pytest.mark.slow
@pytest.mark.parametrize("first", range(10_000, 13_000, 100))
def test_many_sagas(
    first: int, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Thousands of sagas of up to eight steps, by machine and by module in turn."""
    middle = first + 50
    tallies = compare(of_machine, range(first, middle), 8, 120)
    in_module = range(middle, first + 100)
    tallies += compare(lambda p: of_module(p, tmp_path), in_module, 8, 120)
    record_property("evaluations", sum(tally.evaluations for tally in tallies))
    assert len(tallies) > 75


@pytest.mark.slow
@pytest.mark.parametrize("first", range(20_000, 20_200, 20))
def test_large_sagas(first: int) -> None:
    """Sagas of up to nine steps and thousands of records, and a sample beside them."""
    subjects = [of_machine(p) for p in random_sagas(range(first, first + 20), 9)]
    tallies = [subject.run(most=3000, every=13) for subject in subjects]
    assert sum(tally is not None for tally in tallies) > 15


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples(path: Path, tmp_path: Path) -> None:
    """The examples that are small enough, and a sample of what is one bit away."""
    pinned = pinned_of(path.read_text(encoding="utf-8"), path.stem)
    if not of_module(pinned, tmp_path).run(most=400, every=7):
        pytest.skip("more than 400 records")


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_whole(path: Path) -> None:
    """The examples, and all that is one bit away."""
    pinned = pinned_of(path.read_text(encoding="utf-8"), path.stem)
    if not of_machine(pinned).run(most=500):
        pytest.skip("more than 500 records")


@settings(UNHURRIED, max_examples=25)
@given(sagas(4))
def test_smallest_difference(text: str) -> None:
    """As above; if this fails, what it shows is the smallest saga that does."""
    of_machine(pinned_of(text)).run(most=60)


def test_a_record_is_judged_without_its_log() -> None:
    """Of all the records there are, those are valid that some run leads to."""
    judged = 0
    for pinned in random_sagas(range(2000, 2120), 3):
        comparison = of_machine(pinned)
        steps = len(comparison.positions)
        reachable = comparison.reference.reachable(most=1000)
        if steps > 3 or not reachable or any(comparison.reference.swallows(reachable)):
            continue
        expected = {comparison.packed(record) for record in reachable}
        lanes = [range(1 << steps)] * 3
        actual = {
            record
            for record in map(sagadsl.machine.Record._make, product(*lanes, range(4)))
            if comparison.machine.is_valid_record(record)
        }
        assert actual == expected, pinned.saga.source.text
        judged += 1
    assert judged > 90


@settings(UNHURRIED, max_examples=200)
@given(broken_sagas())
def test_broken_sagas_are_explained(text: str) -> None:
    """A slip of the pen gives findings, or another saga, and never a traceback."""
    data = text.encode(errors="surrogatepass")
    pinned, findings = compile_saga("random.saga", data, None)
    assert pinned or findings
    for finding in findings:
        source, start, end = finding.span
        assert 0 <= start <= end <= len(source.text)


OVERLAP = """saga random {
    aggregate random_id
    states { initial a, b, c, final d, final e }
    transitions {
        a     -> b & c : fork
        b | c -> d     : either
        b     -> e     : left
    }
}"""


def test_overlap_is_known() -> None:
    """Why validity is not compared where a step swallows a state.

    After `fork`, `left`, `either` the bits do not tell that `either` came from `c`.
    """
    comparison = of_machine(pinned_of(OVERLAP))
    reachable = comparison.reference.reachable(most=100)
    assert reachable
    swallowed = {(n, p) for _, n, p in comparison.reference.swallows(reachable)}
    assert swallowed == {("either", "b"), ("either", "c")}
    mask = comparison.machine.replay(["fork", "left", "either"])
    assert not comparison.machine.is_valid(mask)
