"""SAGA310: a call that another worker may ask about while it is under way."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Rule, Severity
from sagadsl.model import Pinned

RULE = Rule("SAGA310", "endless-call", Severity.WARNING)


def check_timeouts(pinned: Pinned) -> Iterator[Finding]:
    """That each `once` call which is asked about is over by then.

    Restate and Temporal may give a process to another worker while the first still
    makes a call; nobody but the call's timeout says when it is over.
    """
    for name, action in pinned.saga.actions.items():
        row = action.row
        if row.effect == "once" and row.probe and not row.timeout:
            yield RULE.finding(
                f"`{name}` may be asked about while it is under way",
                action.spans["probe"],
                "there is no `timeout` after which it is over",
                why="another worker may take the process up, hear from the probe that"
                " nothing has happened yet, and make the call a second time",
                help="add `timeout` and how long one attempt takes at most, as in"
                " `timeout 30 seconds`",
            )
