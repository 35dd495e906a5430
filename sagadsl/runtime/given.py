"""What a service gives of a process, looked at before any of it is stored."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

LONGEST_ID = 255
DEEPEST = 100  # who stores data does so with a call or two of its own for each level


def is_id(aggregate_id: object) -> bool:
    """Whether there can be a process of this id."""
    if not isinstance(aggregate_id, str) or not aggregate_id.isprintable():
        return False
    return 0 < len(aggregate_id) <= LONGEST_ID


def checked_id(aggregate_id: str) -> str:
    """The id of a process that is to be started. Raises `ValueError` if it is none."""
    if is_id(aggregate_id):
        return aggregate_id
    shown = f"{aggregate_id!a}"
    if len(shown) > LONGEST_ID:
        shown = f"{shown[:20]}…"
    raise ValueError(
        f"the id of a process cannot be {shown}: it is a text of 1 to {LONGEST_ID}"
        " characters that can be printed"
    )


def as_text(data: Mapping[str, Any] | None) -> str:
    """The data of a process as JSON, empty if there are none.

    Raises `TypeError` or `ValueError` for what JSON cannot hold, or nests too deep.
    """
    if not data:
        return ""
    values = {**data}
    try:
        text = json.dumps(values, separators=(",", ":"), allow_nan=False)
    except RecursionError:
        text = ""
    if not text or _is_deep(values):
        raise ValueError(f"data may nest {DEEPEST} levels deep, and these do more")
    return text


def _is_deep(values: object) -> bool:
    """Whether there is a level too many: looked at without going down into it."""
    level = [values]
    for _ in range(DEEPEST):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return False
    return any(isinstance(one, dict | list | tuple) for one in level)


def _inside(value: object) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def as_json(data: Mapping[str, Any] | None) -> dict[str, Any]:
    """The data of a process as they are when they were JSON; raises as `as_text`."""
    kept: dict[str, Any] = json.loads(as_text(data) or "{}")
    return kept
