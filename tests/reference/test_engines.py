"""The proofs and a search through all records say the same of random sagas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from agreement import agree
from subjects import random_sagas

VERDICTS = (
    "sound",
    "overlap",
    "nondeterminism",
    "improper-completion",
    "stuck",
    "never-happens",
    "never-final",
    "undo",
    "idle-compensation",
    "waits-for-person",
    "late-deadline",
    "broken-property",
)


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_proofs_agree_with_a_search(
    first: int, record_property: Callable[[str, object], None]
) -> None:
    """On verdicts, on whom they blame, and on the set of reachable records."""
    tally: Counter[str] = Counter()
    for pinned in random_sagas(range(first, first + 100), 6):
        agree(pinned.saga, tally)
    record_property("verdicts", dict(tally))
    assert tally["sagas"] > 60


@pytest.mark.slow
def test_proofs_of_many_sagas(record_property: Callable[[str, object], None]) -> None:
    """Thousands of machines, among them many with each verdict."""
    tally: Counter[str] = Counter()
    for pinned in random_sagas(range(20_000, 26_000), 7):
        agree(pinned.saga, tally)
    record_property("verdicts", dict(tally))
    assert tally["sagas"] > 5_000
    assert min(tally[verdict] for verdict in VERDICTS) >= 20, tally
