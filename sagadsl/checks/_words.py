"""How names and places are listed in a finding, however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sagadsl.diagnostics import Label
from sagadsl.model import Saga

MOST_LABELS = 8


def listed(names: Sequence[str], word: str = "and", most: int = 6) -> str:
    """Names in a sentence: "`a`, `b` and `c`"."""
    quoted = [f"`{name}`" for name in names]
    if len(quoted) > most:
        quoted = [*quoted[: most - 1], f"{len(quoted) - most + 1} more"]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {word} {quoted[-1]}"


def few(labels: Iterable[Label]) -> tuple[Label, ...]:
    """As many labels as a reader looks at."""
    return tuple(labels)[:MOST_LABELS]


def pivot_labels(saga: Saga) -> tuple[Label, ...]:
    """Where the saga says what its pivots are."""
    return few(
        Label(action.spans["pivot"], "the pivot: from here it only goes forward")
        for action in saga.actions.values()
        if action.row.pivot
    )
