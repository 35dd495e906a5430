"""The digest of a machine: the same for the same meaning, whatever the words."""

from __future__ import annotations

import hashlib
import json

from sagadsl.model import Rows


def digest_of(rows: Rows) -> str:
    """SHA-256 in hexadecimal over the rows; words and order do not alter it."""
    abort = rows.abort
    meaning = {
        **rows._asdict(),
        "abort": [abort.name, sorted(abort.actors)] if abort else None,
        "states": sorted(rows.states.items()),
        "copies": sorted(rows.copies.items()),
        "rules": sorted(_canonical(rule._asdict()) for rule in rows.rules),
        "actions": sorted(rows.actions),
        "compensations": sorted(rows.compensations.items()),
    }
    text = json.dumps(meaning, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(rule: dict[str, object]) -> list[object]:
    """A rule with its alternatives and joined states in an order of their own."""

    def ordered(states: object) -> str:
        groups = (" & ".join(sorted(g.split(" & "))) for g in str(states).split(" | "))
        return " | ".join(sorted(groups))

    for key in ("prev", "next", "otherwise"):
        rule[key] = ordered(rule[key])
    actors = str(rule["trigger"]).removeprefix("by ")
    rule["trigger"] = "" if rule["delay"] else ordered(actors)
    return list(rule.values())
