"""Each edit of the sound saga: who may move to it does, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from judges import DATABASES, Open
from test_edits import EDITS, pinned_after
from upgrading import compare

# What stands, what is in doubt and what is being aborted keep records from moving.
WAYS = ("once_to_idempotent", "tighten_a_compensation")


def hold(path: Path, open_judge: Open, every: int) -> int:
    """Put one of so many records to the triggers, and how many changes that makes."""
    pinned = pinned_after(path)
    if len(pinned.versions) < 2:
        return 0
    tally = compare(pinned, open_judge, every)
    assert tally["compared"]
    return tally["compared"]


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("name", WAYS)
def test_some_records_of_an_edit(name: str, open_judge: Open) -> None:
    (path,) = (path for path in EDITS if path.stem == name)
    assert hold(path, open_judge, 599) > 300


@pytest.mark.slow
@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("path", EDITS, ids=lambda path: path.stem)
def test_many_records_of_each_edit(
    path: Path, open_judge: Open, record_property: Callable[[str, object], None]
) -> None:
    record_property("compared", hold(path, open_judge, 7))
