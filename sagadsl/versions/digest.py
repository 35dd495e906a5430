"""The digest of a machine: the same for the same meaning, whatever the words."""

from __future__ import annotations

import hashlib
import json

from sagadsl.machine import Rule
from sagadsl.model import Rows


def digest_of(rows: Rows) -> str:
    """SHA-256 in hexadecimal over the rows; words and order do not alter it."""
    abort = rows.abort
    meaning = {
        **rows._asdict(),
        "abort": [abort.name, sorted(abort.actors)] if abort else None,
        "states": sorted(rows.states.items()),
        "copies": sorted(rows.copies.items()),
        "rules": sorted(map(_canonical, rows.rules)),
        "actions": sorted(rows.actions),
        "compensations": sorted(rows.compensations.items()),
    }
    if rows.waives:
        meaning["waives"] = sorted(rows.waives)
    else:
        del meaning["waives"]  # digests of before there were any stay what they were
    text = json.dumps(meaning, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(rule: Rule) -> list[object]:
    """A rule with its alternatives, joined states and actors in an order of their own.

    Of a timer the delay says all.
    """
    actors = rule.trigger.removeprefix("by ").split(" | ")
    row = rule._replace(
        prev=_cell(rule.sources),
        next=_cell([rule.targets]),
        otherwise=_cell([rule.fallbacks]),
        trigger="" if rule.delay else " | ".join(sorted(actors)),
    )
    return list(row)


def _cell(alternatives: list[list[str]]) -> str:
    groups = (Rule.cell([sorted(joined)]) for joined in alternatives)
    return " | ".join(sorted(groups))
