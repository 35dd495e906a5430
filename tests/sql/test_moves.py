"""The triggers let a record move to another version where `upgrade` does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from judges import DATABASES, Open
from test_pairs import versions
from upgrading import compare


def compare_all(seeds: range, open_judge: Open, every: int) -> Counter[str]:
    tally: Counter[str] = Counter()
    for seed in seeds:
        pinned = versions(seed)[-1]
        if len(pinned.versions) > 1:
            tally += compare(pinned, open_judge, every)
    return tally


@pytest.mark.parametrize("database", DATABASES)
def test_random_versions(
    open_judge: Open, record_property: Callable[[str, object], None]
) -> None:
    tally = compare_all(range(12), open_judge, 29)
    record_property("verdicts", dict(tally))
    assert tally["compared"] > 3000
    assert tally["allowed"] > 10


@pytest.mark.slow
@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("first", range(100, 400, 30))
def test_many_versions(
    first: int, open_judge: Open, record_property: Callable[[str, object], None]
) -> None:
    tally = compare_all(range(first, first + 30), open_judge, 7)
    record_property("verdicts", dict(tally))
    assert tally["allowed"] > 100
