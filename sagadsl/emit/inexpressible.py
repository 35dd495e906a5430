"""What Step Functions has no words for, and the limits that it sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sagadsl.machine.tables import Action, Rule

LONGEST_NAME = 80
LONGEST_TIME = 365 * 24 * 60 * 60  # seconds that an execution takes at most
MOST_BRANCHES = 10  # functions inside of each other, each of which merges one branch
LARGEST = 1_000_000  # bytes of a definition


class Inexpressible(Exception):
    """What Step Functions has no words for; `name` is a step, a state or the saga."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name = name
        self.why = why


def check_names(names: Iterable[str]) -> None:
    """Raise `Inexpressible` for the name of a state that is too long."""
    for name in names:
        if len(name) > LONGEST_NAME:
            why = f"a name has at most {LONGEST_NAME} characters there"
            raise Inexpressible(name, why)


def check_times(rules: Iterable[Rule], actions: Mapping[str, Action]) -> None:
    """Raise `Inexpressible` for a step that may wait for longer than an execution."""
    for rule in rules:
        action = actions[rule.action]
        times = (rule.delay, action.timeout, action.pause, action.longest)
        if max(times) > LONGEST_TIME:
            raise Inexpressible(rule.name, "an execution ends after a year at most")


def check_size(saga: str, definition: str) -> None:
    """Raise `Inexpressible` if there is more of a definition than is taken."""
    if len(definition.encode()) > LARGEST:
        raise Inexpressible(saga, "a definition has at most a megabyte there")
