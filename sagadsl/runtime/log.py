"""What the runtime logs: every record says which process, step and attempt it is of."""

from __future__ import annotations

import logging
from typing import TypedDict

LOGGER = logging.getLogger("sagadsl.runtime")


class About(TypedDict):
    """The attributes of a record; empty, or 0, where it is not of one."""

    saga: str
    aggregate_id: str
    step: str
    attempt: int


def about(saga: str, aggregate_id: str = "", step: str = "", attempt: int = 0) -> About:
    """The attributes of a record, as `extra` of a call of the logger."""
    return About(saga=saga, aggregate_id=aggregate_id, step=step, attempt=attempt)
